//! Why a file or a row is refused, and what the caller could state about it.

use std::io::{self, ErrorKind};

use crate::Error;
use crate::error::Unstated;

/// A message about a file or a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// What is wrong.
    pub(crate) message: String,
    /// What the caller could state.
    pub(crate) unstated: Option<Unstated>,
}

impl Refusal {
    /// A refusal that stating `unstated` would lift.
    pub(crate) fn until(unstated: Unstated, message: String) -> Self {
        Self {
            message,
            unstated: Some(unstated),
        }
    }

    /// The same, of a part of what `what` names.
    pub(crate) fn within(self, what: &str) -> Self {
        Self {
            message: format!("{what} {}", self.message),
            ..self
        }
    }
}

impl From<String> for Refusal {
    fn from(message: String) -> Self {
        Self {
            message,
            unstated: None,
        }
    }
}

impl From<&str> for Refusal {
    fn from(message: &str) -> Self {
        message.to_owned().into()
    }
}

/// Why reading ends where the encoding was judged.
#[derive(Debug)]
pub(crate) struct Refused {
    /// The line of the first byte that is not ASCII.
    pub(crate) line: u64,
    pub(crate) refusal: Refusal,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.refusal.message)
    }
}

impl std::error::Error for Refused {}

/// An [`Error::Input`] about the file of that name.
pub(crate) fn wrong(name: &str, line: Option<u64>, refusal: impl Into<Refusal>) -> Error {
    let Refusal { message, unstated } = refusal.into();
    Error::Input {
        file: name.to_owned(),
        line,
        message,
        unstated,
    }
}

/// An [`Error::Input`] about a file that the machine does not read.
pub(crate) fn cannot_read(name: &str, error: &io::Error) -> Error {
    let refused = error.get_ref().and_then(|inner| inner.downcast_ref());
    if let Some(Refused { line, refusal }) = refused {
        return wrong(name, Some(*line), refusal.clone());
    }
    let message = match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "no permission to read this file".to_owned(),
        ErrorKind::UnexpectedEof => {
            "the compressed data ends too early; the file was cut off".to_owned()
        }
        _ => format!("cannot be read: {error}"),
    };
    wrong(name, None, message)
}
