//! What is wrong with a filter, and where.

use std::fmt;

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

    /// Three lines for a terminal: the expression, a caret under the error,
    /// the message.
    pub fn pointed(&self) -> impl fmt::Display {
        Pointed(self)
    }
}

struct Pointed<'a>(&'a FilterError);

impl fmt::Display for Pointed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = String::new();
        let mut indent = 0;
        for (at, c) in self.0.expression.chars().enumerate() {
            // Line breaks would part the caret from its place.
            let c = if c.is_control() { ' ' } else { c };
            line.push(c);
            if at + 1 < self.0.column {
                indent += width(c);
            }
        }
        write!(f, "{line}\n{:indent$}^\n{}", "", self.0.message)
    }
}

/// Columns of a terminal that a character takes, by its Unicode block: East
/// Asian and pictographic ones take two.
fn width(c: char) -> usize {
    match u32::from(c) {
        0x1100..=0x115F
        | 0x2E80..=0xA4CF
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F
        | 0xFF00..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1F300..=0x1FAFF
        | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}
