//! JSON Lines: one object on each line, so that a damaged one costs its line.

use serde_json::Value;

use crate::Result;
use crate::input::Input;
use crate::lines::{Line, Lines};
use crate::mended::Mended;
use crate::refusal::Refusal;
use crate::table::RowError;

use super::found::{Found, Parsed, apart, parsed};

/// Reads an object from each line that is not blank.
#[derive(Debug)]
pub(crate) struct JsonLines {
    lines: Lines,
    count: u64,
}

impl JsonLines {
    /// Whether the first line is an object of its own, or a damaged one.
    pub(crate) fn recognise(head: &[u8]) -> bool {
        let mut lines = head.split(|byte| b"\r\n".contains(byte));
        let first = lines.find(|line| !line.trim_ascii().is_empty());
        let first = without_comma(first.unwrap_or_default());
        let whole = serde_json::from_slice::<Value>(first);
        let mut objects = serde_json::Deserializer::from_slice(first).into_iter::<Value>();
        let mut is_next = || matches!(objects.next(), Some(Ok(Value::Object(_))));
        if is_next() && is_next() {
            // Objects one after the other on one line.
            return false;
        }
        // One line that fills all that is looked at is one object, or a cut file.
        first.starts_with(b"{")
            && !whole.is_err_and(|error| error.is_eof() && lines.next().is_some())
    }

    pub(crate) fn new(input: Input) -> Self {
        Self {
            lines: Lines::new(input),
            count: 0,
        }
    }

    /// An [`Error::Input`](crate::Error::Input) about this file.
    pub(crate) fn error(&self, line: Option<u64>, refusal: impl Into<Refusal>) -> crate::Error {
        self.lines.error(line, refusal)
    }

    /// Lines so far that were read otherwise than they stand.
    pub(crate) fn mended(&self) -> Option<&Mended> {
        self.lines.mended()
    }

    /// The object of the next line, or why it is none.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) if the file cannot be read on.
    pub(crate) fn read(&mut self) -> Result<Option<Found>> {
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            let (line, row) = match self.lines.read(&mut buffer)? {
                Line::Text(_) if buffer.trim_ascii().is_empty() => continue,
                Line::Text(line) => (line, self.object(line, &buffer)),
                Line::TooLong(line) => {
                    self.lines.skip_rest()?;
                    (line, Err(RowError::too_long(line)))
                }
                Line::End => return Ok(None),
            };
            self.count += 1;
            let (row, repeated) = apart(row);
            return Ok(Some(Found {
                line,
                number: self.count,
                size: buffer.len(),
                row,
                repeated,
            }));
        }
    }

    fn object(&self, line: u64, bytes: &[u8]) -> std::result::Result<Parsed, RowError> {
        let text = self.lines.text(without_comma(bytes));
        let text = text.map_err(|bad| RowError::new(line, bad.refusal.within("the line")))?;
        parsed(line, text, "the line")
    }
}

/// The line without the comma that separates it from the next where an array was cut
/// into lines.
fn without_comma(line: &[u8]) -> &[u8] {
    let line = line.trim_ascii();
    line.strip_suffix(b",").unwrap_or(line)
}
