//! What is wrong with a filter, and where.

/// Why an expression is no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {message}")]
pub struct FilterError {
    expression: String,
    column: usize,
    message: String,
}

impl FilterError {
    pub(super) fn new(expression: &str, column: usize, message: impl Into<String>) -> Self {
        Self {
            expression: expression.to_owned(),
            column,
            message: message.into(),
        }
    }

    /// Where the error is, in characters counted from 1; one behind the last
    /// character if something is missing at the end.
    pub fn column(&self) -> usize {
        self.column
    }

    /// What was expected there, without the column.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The expression as it was given.
    pub fn expression(&self) -> &str {
        &self.expression
    }
}
