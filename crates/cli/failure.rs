//! How a command ends: the exit code and the last word.

use std::any::Any;
use std::io::ErrorKind;
use std::process::ExitCode;

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

impl Failure {
    /// A fault of the program itself.
    pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Self {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
        Self::Failed(format!(
            "a fault of the program itself, please report it: {}",
            said.unwrap_or("no message")
        ))
    }
}

/// How a command ended.
pub(crate) type Outcome = Result<Done, Failure>;

impl From<assort::Error> for Failure {
    fn from(error: assort::Error) -> Self {
        match error {
            assort::Error::Interrupted => Self::Stopped(error.to_string()),
            assort::Error::Argument(message) => Self::Usage(message),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == ErrorKind::BrokenPipe {
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

/// Prints the last word and gives the code to exit with: 0 done, 1 failed,
/// 2 wrong usage, 3 done but rows were rejected, 130 stopped.
pub(crate) fn exit_code(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(Done::Whole) | Err(Failure::NobodyListens) => ExitCode::SUCCESS,
        Ok(Done::WithRejects) => ExitCode::from(3),
        Err(Failure::Failed(message)) => {
            tell!("error: {message}");
            ExitCode::from(1)
        }
        Err(Failure::Usage(message)) => {
            tell!("error: {message}");
            ExitCode::from(2)
        }
        Err(Failure::Stopped(message)) => {
            tell!("{message}");
            ExitCode::from(130)
        }
    }
}
