//! Physical lines of an input, of bounded length.

use crate::{Error, Result};

use super::input::{Input, NotText};

/// The longest line or record that is read, in bytes. More is a damaged file.
pub(super) const MAX_RECORD: usize = 16 * 1024 * 1024;

/// What [`Lines::read`] found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line, now at the end of the buffer; its number, counted from 1.
    Text(u64),
    /// The line of that number is longer than there was room for.
    TooLong(u64),
    /// There are no more lines.
    End,
}

/// Splits an input into lines that end in LF, CR LF, or CR alone.
#[derive(Debug)]
pub(super) struct Lines {
    input: Input,
    number: u64,
    end: u8,
}

impl Lines {
    pub(super) fn new(input: Input) -> Self {
        // Spreadsheets of old Macs end lines in CR and have no LF anywhere.
        let head = input.head();
        let cr_only = !head.contains(&b'\n') && head.contains(&b'\r');
        let end = if cr_only { b'\r' } else { b'\n' };
        Self {
            input,
            number: 0,
            end,
        }
    }

    /// Appends the next line, without its end, to `buffer`, which may grow to
    /// [`MAX_RECORD`] bytes.
    ///
    /// # Errors
    /// [`Error::Input`] if the input cannot be read.
    pub(super) fn read(&mut self, buffer: &mut Vec<u8>) -> Result<Line> {
        // One byte more than fits tells a full line from one too long.
        let room = MAX_RECORD.saturating_sub(buffer.len()) + 1;
        let count = self.input.read_until(self.end, room as u64, buffer)?;
        if count == 0 {
            return Ok(Line::End);
        }
        self.number += 1;
        if buffer.last() == Some(&self.end) {
            buffer.pop();
            if count > 1 && buffer.last() == Some(&b'\r') {
                buffer.pop();
            }
        } else if count == room {
            return Ok(Line::TooLong(self.number));
        }
        Ok(Line::Text(self.number))
    }

    /// The bytes as text, or where and how they are not.
    pub(super) fn text<'a>(&self, bytes: &'a [u8]) -> std::result::Result<&'a str, NotText> {
        self.input.text(bytes)
    }

    /// An [`Error::Input`] about this file.
    pub(super) fn error(&self, line: Option<u64>, message: impl Into<String>) -> Error {
        self.input.error(line, message)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn lines(bytes: &[u8]) -> Vec<String> {
        let input = Input::from_reader("list", Cursor::new(bytes.to_vec()), None).unwrap();
        let mut lines = Lines::new(input);
        let mut found = Vec::new();
        loop {
            let mut buffer = Vec::new();
            match lines.read(&mut buffer).unwrap() {
                Line::Text(number) => {
                    found.push(format!("{number} {}", lines.text(&buffer).unwrap()));
                }
                Line::TooLong(number) => found.push(format!("{number} too long")),
                Line::End => return found,
            }
        }
    }

    #[test]
    fn every_kind_of_line_end_is_understood() {
        for end in ["\n", "\r\n", "\r"] {
            let file = ["a", "", "b"].join(end);
            assert_eq!(lines(file.as_bytes()), ["1 a", "2 ", "3 b"], "{end:?}");
        }
    }

    #[test]
    fn a_line_that_fills_the_limit_passes_and_a_longer_one_does_not() {
        let mut file = vec![b'x'; MAX_RECORD];
        file.push(b'\n');
        assert_eq!(lines(&file)[0].len(), MAX_RECORD + 2);
        file.insert(0, b'x');
        assert_eq!(lines(&file)[0], "1 too long");
    }
}
