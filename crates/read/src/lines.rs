//! Physical lines of an input, of bounded length.

use std::borrow::Cow;

use crate::encoding::{without_nul, without_strays};
use crate::input::{Input, NotText};
use crate::mended::{Mend, Mended};
use crate::refusal::Refusal;
use crate::{Error, Result};

/// The longest line or record that is read, in bytes. More is a damaged file.
pub(crate) const MAX_RECORD: usize = 16 * 1024 * 1024;

/// How much of a line is shown that is read otherwise than it stands.
const SHOWN: usize = 40;

/// What [`Lines::read`] found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A line, now at the end of the buffer; its number, counted from 1.
    Text(u64),
    /// The line of that number is longer than there was room for.
    TooLong(u64),
    /// There are no more lines.
    End,
}

/// Splits an input into lines that end in LF, CR LF, or CR alone.
#[derive(Debug)]
pub(crate) struct Lines {
    input: Input,
    number: u64,
    end: u8,
    /// Lines that were given back, each ended by LF, and perhaps the beginning
    /// of the line that the input goes on with.
    again: Vec<u8>,
    /// How much of `again` has been read.
    at: usize,
    /// Lines that had bytes that are zero, which came off, or letters of another encoding.
    mended: Option<Mended>,
}

impl Lines {
    pub(crate) fn new(input: Input) -> Self {
        // Spreadsheets of old Macs end lines in CR and have no LF anywhere.
        let head = input.head();
        let cr_only = !head.contains(&b'\n') && head.contains(&b'\r');
        let end = if cr_only { b'\r' } else { b'\n' };
        Self {
            input,
            number: 0,
            end,
            again: Vec::new(),
            at: 0,
            mended: None,
        }
    }

    /// Takes lines back, each ended by LF, that were read after line `number`;
    /// they are read once more. The last one may be the beginning of a line
    /// that was too long.
    pub(crate) fn give_back(&mut self, lines: &[u8], number: u64) {
        let rest = self.again.split_off(self.at);
        self.again = [lines, &rest].concat();
        self.at = 0;
        self.number = number;
    }

    /// Passes over the rest of a line that was too long.
    ///
    /// # Errors
    /// [`Error::Input`] if the input cannot be read.
    pub(crate) fn skip_rest(&mut self) -> Result<()> {
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            let count = self.input.read_until(self.end, 1 << 16, &mut buffer)?;
            if count == 0 || buffer.last() == Some(&self.end) {
                return Ok(());
            }
        }
    }

    /// Appends the next line, without its end, to `buffer`, which may grow to
    /// [`MAX_RECORD`] bytes.
    ///
    /// # Errors
    /// [`Error::Input`] if the input cannot be read.
    pub(crate) fn read(&mut self, buffer: &mut Vec<u8>) -> Result<Line> {
        let again = &self.again[self.at..];
        if let Some(length) = again.iter().position(|&byte| byte == b'\n') {
            // What was given back has fitted before.
            buffer.extend_from_slice(&again[..length]);
            self.at += length + 1;
            self.number += 1;
            return Ok(Line::Text(self.number));
        }
        let begun = again.len();
        let start = buffer.len();
        buffer.extend_from_slice(again);
        self.again.clear();
        self.at = 0;
        // One byte more than fits tells a full line from one too long.
        let room = MAX_RECORD.saturating_sub(buffer.len()) + 1;
        let count = self.input.read_until(self.end, room as u64, buffer)?;
        if begun + count == 0 {
            return Ok(Line::End);
        }
        self.number += 1;
        if buffer.last() == Some(&self.end) {
            buffer.pop();
            if begun + count > 1 && buffer.last() == Some(&b'\r') {
                buffer.pop();
            }
        } else if count == room {
            return Ok(Line::TooLong(self.number));
        }
        if let Cow::Owned(line) = without_nul(&buffer[start..]) {
            let beginning: String = String::from_utf8_lossy(&line).chars().take(SHOWN).collect();
            Mended::count(&mut self.mended, Mend::Nul, self.number, beginning.trim());
            buffer.truncate(start);
            buffer.extend(line);
        }
        if self.input.is_wide() {
            let strayed = std::str::from_utf8(&buffer[start..])
                .ok()
                .and_then(without_strays);
            if let Some(line) = strayed {
                Mended::count(&mut self.mended, Mend::Strayed, self.number, line.trim());
                buffer.truncate(start);
                buffer.extend(line.into_bytes());
            }
        }
        Ok(Line::Text(self.number))
    }

    /// Lines so far that had bytes that are zero, or letters of another encoding.
    pub(crate) fn mended(&self) -> Option<&Mended> {
        self.mended.as_ref()
    }

    /// Whether what was read so far is of the head of the input.
    pub(crate) fn is_in_head(&self) -> bool {
        self.input.is_in_head()
    }

    /// The bytes as text, or where and how they are not.
    pub(crate) fn text<'a>(&self, bytes: &'a [u8]) -> std::result::Result<&'a str, NotText> {
        self.input.text(bytes)
    }

    /// An [`Error::Input`] about this file.
    pub(crate) fn error(&self, line: Option<u64>, refusal: impl Into<Refusal>) -> Error {
        self.input.error(line, refusal)
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
    fn lines_given_back_are_read_again_before_the_rest() {
        let input = Input::from_reader("list", Cursor::new(b"a\nb\nc\nd".to_vec()), None).unwrap();
        let mut lines = Lines::new(input);
        let mut buffer = Vec::new();
        for _ in 0..3 {
            lines.read(&mut buffer).unwrap();
        }
        lines.give_back(b"b\nc\n", 1);
        for (number, line) in [(2, "b"), (3, "c"), (4, "d")] {
            buffer.clear();
            assert_eq!(lines.read(&mut buffer).unwrap(), Line::Text(number));
            assert_eq!(buffer, line.as_bytes());
        }
        assert_eq!(lines.read(&mut buffer).unwrap(), Line::End);
    }

    #[test]
    fn a_line_that_was_begun_goes_on_with_the_input() {
        let input = Input::from_reader("list", Cursor::new(b"cd\ne".to_vec()), None).unwrap();
        let mut lines = Lines::new(input);
        lines.give_back(b"a\nb", 7);
        for (number, line) in [(8, "a"), (9, "bcd"), (10, "e")] {
            let mut buffer = Vec::new();
            assert_eq!(lines.read(&mut buffer).unwrap(), Line::Text(number));
            assert_eq!(buffer, line.as_bytes());
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
