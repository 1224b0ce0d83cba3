//! Why a file or a row is refused, and what the caller could state about it.

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
