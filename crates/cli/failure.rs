//! How a command ends: the exit code and the last word.

use std::any::Any;

use assort::ErrorKind;

use crate::hints;

/// How a command that did not fail ended.
pub(crate) enum Done {
    /// Everything was done.
    Whole,
    /// Done, but rows were rejected.
    WithRejects,
}

/// Why a command failed.
pub(crate) enum Failure {
    /// It cannot be done; the sentence says why and what to do.
    Failed(String),
    /// It was called wrongly.
    Usage(String),
    /// It was stopped from outside.
    Stopped(String),
    /// Whoever read the output has gone away.
    NobodyListens,
}

/// How a command ended.
pub(crate) type Outcome = Result<Done, Failure>;

/// Exit codes, as `--help` and the README list them.
pub(crate) mod code {
    /// It failed.
    pub(super) const FAILED: u8 = 1;
    /// It was called wrongly.
    pub(super) const USAGE: u8 = 2;
    /// It is done, but rows were rejected.
    pub(super) const REJECTS: u8 = 3;
    /// Ctrl-C or SIGTERM stopped it.
    pub(crate) const STOPPED: u8 = 130;
}

impl Failure {
    /// A failure of that kind. This is the one table from kinds of errors to
    /// exit codes: what another call would have avoided is wrong usage.
    pub(crate) fn of(kind: ErrorKind, message: String) -> Self {
        match kind {
            ErrorKind::Argument | ErrorKind::Precondition => Self::Usage(message),
            ErrorKind::Interrupted => Self::Stopped(message),
            ErrorKind::Input
            | ErrorKind::Incompatible
            | ErrorKind::NotFound
            | ErrorKind::AlreadyExists
            | ErrorKind::Busy
            | ErrorKind::Storage
            | ErrorKind::Damaged
            | ErrorKind::Embedder
            | ErrorKind::Internal => Self::Failed(message),
            // A kind that is newer than this table.
            _ => Self::Failed(message),
        }
    }

    /// A fault of the program itself.
    pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Self {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
        let said = said.unwrap_or("no message").to_owned();
        assort::Error::Internal(said).into()
    }

    /// Why, in a sentence.
    #[cfg(feature = "serve")]
    pub(crate) fn message(self) -> String {
        match self {
            Self::Failed(message) | Self::Usage(message) | Self::Stopped(message) => message,
            Self::NobodyListens => String::new(),
        }
    }

    /// The exit code, and the last word, if there is anybody to hear it.
    fn last_word(&self) -> (u8, Option<String>) {
        match self {
            Self::Failed(message) => (code::FAILED, Some(format!("error: {message}"))),
            Self::Usage(message) => (code::USAGE, Some(format!("error: {message}"))),
            Self::Stopped(message) => (code::STOPPED, Some(message.clone())),
            Self::NobodyListens => (0, None),
        }
    }
}

impl From<assort::Error> for Failure {
    fn from(error: assort::Error) -> Self {
        Self::of(error.kind(), hints::told(&error))
    }
}

impl From<assort::read::Error> for Failure {
    fn from(error: assort::read::Error) -> Self {
        assort::Error::from(error).into()
    }
}

impl From<assort_embed::Error> for Failure {
    fn from(error: assort_embed::Error) -> Self {
        Self::of(error.kind(), hints::told_of_embedder(&error))
    }
}

#[cfg(feature = "serve")]
impl From<assort_server::Error> for Failure {
    fn from(error: assort_server::Error) -> Self {
        Self::of(error.kind(), hints::told_of_server(&error))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::NobodyListens;
        }
        Self::Failed(format!("writing the output failed: {error}"))
    }
}

impl From<csv::Error> for Failure {
    fn from(error: csv::Error) -> Self {
        match error.into_kind() {
            csv::ErrorKind::Io(error) => error.into(),
            other => Self::Failed(format!("writing the output failed: {other:?}")),
        }
    }
}

/// Prints the last word and gives the code to exit with.
pub(crate) fn exit_code(outcome: Outcome) -> u8 {
    let (code, word) = match outcome {
        Ok(Done::Whole) => (0, None),
        Ok(Done::WithRejects) => (code::REJECTS, None),
        Err(failure) => failure.last_word(),
    };
    if let Some(word) = word {
        tell!("{word}");
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_error_has_its_exit_code() {
        for (kind, code) in [
            (ErrorKind::Argument, 2),
            (ErrorKind::Precondition, 2),
            (ErrorKind::Input, 1),
            (ErrorKind::Incompatible, 1),
            (ErrorKind::NotFound, 1),
            (ErrorKind::AlreadyExists, 1),
            (ErrorKind::Busy, 1),
            (ErrorKind::Storage, 1),
            (ErrorKind::Damaged, 1),
            (ErrorKind::Embedder, 1),
            (ErrorKind::Internal, 1),
            (ErrorKind::Interrupted, 130),
        ] {
            let (given, word) = Failure::of(kind, "why".to_owned()).last_word();
            assert_eq!(given, code, "{kind:?}");
            assert!(word.is_some_and(|word| word.ends_with("why")), "{kind:?}");
        }
        assert_eq!(Failure::NobodyListens.last_word(), (0, None));
    }
}
