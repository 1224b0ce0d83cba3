//! Delimited records under a header line.
//!
//! The records are cut by `csv-core`, fed line by line: that way every record
//! knows its line, a quote that is never closed costs its own row instead of the
//! rest of the file, and quotes that are part of a quoted text are kept.

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use crate::Result;

use crate::dialect::{Dialect, Names};
use crate::error::Unstated;
use crate::input::Input;
use crate::lines::{Line, Lines, MAX_RECORD};
use crate::mended::Mended;
use crate::mends::{Quoted, ends_in_reference, is_about_columns, unescaped, unguarded, unspaced};
use crate::names::told_apart;
use crate::quotes::Quotes;
use crate::refusal::Refusal;
use crate::splitter::{Splitter, field};

/// What a quote character means in a delimited file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quoting {
    /// As the file looks: a field may be quoted, except that in tab-separated
    /// files, where a raw quote is likelier (`17" monitor`), only a field that
    /// is quoted without any flaw counts, and quoted line breaks and tabs are
    /// understood only if the header is quoted too.
    #[default]
    Auto,
    /// Quotes enclose fields.
    On,
    /// Quotes are ordinary characters.
    Off,
}

impl FromStr for Quoting {
    type Err = String;

    fn from_str(name: &str) -> std::result::Result<Self, String> {
        match name {
            "auto" => Ok(Self::Auto),
            "on" => Ok(Self::On),
            "off" => Ok(Self::Off),
            _ => Err(format!("quoting is auto, on or off, not `{name}`")),
        }
    }
}

/// Why one row cannot be used; the rows after it can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    /// Line where the row starts, counted from 1.
    pub line: u64,
    /// What is wrong with it.
    pub message: String,
    /// What could be stated so that the row is read after all.
    pub unstated: Option<Unstated>,
}

impl RowError {
    pub(crate) fn new(line: u64, refusal: impl Into<Refusal>) -> Self {
        let Refusal { message, unstated } = refusal.into();
        Self {
            line,
            message,
            unstated,
        }
    }

    pub(crate) fn too_long(line: u64) -> Self {
        let mib = MAX_RECORD / (1024 * 1024);
        let message = format!(
            "the line is longer than {mib} MiB; a product is never that large, so shorten it or correct its line break"
        );
        Self::new(line, message)
    }

    pub(crate) fn refusal(self) -> Refusal {
        Refusal {
            message: self.message,
            unstated: self.unstated,
        }
    }
}

/// One row of a [`Table`].
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    line: u64,
    text: &'a str,
    ends: &'a [usize],
}

impl<'a> Record<'a> {
    /// Line where the record starts, counted from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// How many columns the row has: those at its end may be missing.
    pub fn width(&self) -> usize {
        self.ends.len()
    }

    /// The field of a column as it stands in the file, unquoted, and without the formula
    /// that some write around a text (`="007"`). Empty if there is no such column.
    pub fn get(&self, column: usize) -> &'a str {
        field(self.ends, column)
            .and_then(|range| self.text.get(range))
            .map(unguarded)
            .unwrap_or_default()
    }
}

/// Reads a delimited file with a header, row by row.
///
/// The delimiter (tab, comma, semicolon or pipe, else another sign that does) is the one
/// that cuts the lines alike, or what a line `sep=` before the header states. Lines that precede the header, blank
/// lines, rows whose fields are all empty, and a header that is repeated are skipped.
/// Fields may be missing at the end of a row, and further ones be there if they are empty.
pub struct Table {
    lines: Lines,
    columns: Vec<String>,
    /// The columns as the header has them.
    header: Vec<String>,
    delimiter: u8,
    /// Whether single fields may be quoted though the file as a whole is not.
    tolerant: bool,
    splitter: Splitter,
    quotes: Option<Quotes>,
    /// The quote before which blanks stand that do not count, where they do.
    spaced: Option<u8>,
    /// Rows under the header that may still belong to it.
    under_header: usize,
    raw: Vec<u8>,
    finished: bool,
    /// Whether the record was split behind one that is blank.
    is_behind_blank: bool,
    /// Quotes that were never closed.
    unclosed: usize,
    /// Lines before the header.
    skipped: u64,
    /// Rows that were read otherwise than they stand.
    bent: Bent,
}

/// Rows that do not keep to the rules, and are read all the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bent {
    /// Rows without the columns at the end.
    pub short: u64,
    /// Rows with quotes inside a quoted field that are not doubled.
    pub quotes: u64,
    /// Rows that are the header again, or say more of its columns, and were skipped.
    pub headers: u64,
}

/// Rows under a header that may say more of its columns.
const UNDER_HEADER: usize = 3;

/// Each quote that is never closed costs reading up to 16 MiB twice, so a file
/// with more of them than this is not read to its end.
const MOST_UNCLOSED: usize = 64;

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("lines", &self.lines)
            .field("columns", &self.columns)
            .field("delimiter", &char::from(self.delimiter))
            .finish_non_exhaustive()
    }
}

impl Table {
    /// Reads the header of `input`.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) if the file is empty or its header
    /// names no columns, names one twice, or is not text.
    pub fn open(input: Input, quoting: Quoting) -> Result<Self> {
        Self::open_for(input, quoting, &|_| false)
    }

    /// The same, of a file whose header is among the first lines and has such `names`.
    pub(crate) fn open_for(input: Input, quoting: Quoting, names: Names<'_>) -> Result<Self> {
        input.beginning("a header line that names the columns")?;
        let dialect = Dialect::sniff(input.head(), names);
        let delimiter = dialect.delimiter;
        let tab = delimiter == b'\t';
        let quoted = match quoting {
            Quoting::On => true,
            Quoting::Off => false,
            Quoting::Auto => !tab || dialect.all_quoted,
        };
        let stands = match quoting {
            Quoting::Auto => dialect.quoted,
            Quoting::On | Quoting::Off => Quoted::USUAL,
        };
        let is_double = stands.quote == Quoted::USUAL.quote;
        let quoted = quoted || !is_double;
        let mut table = Self {
            lines: Lines::new(input),
            columns: Vec::new(),
            header: Vec::new(),
            delimiter,
            tolerant: quoting == Quoting::Auto && !quoted,
            splitter: Splitter::with_quote(delimiter, quoted.then_some(stands.quote)),
            quotes: (quoted && is_double).then(|| Quotes::new(delimiter)),
            spaced: (quoted && stands.spaced).then_some(stands.quote),
            under_header: UNDER_HEADER,
            raw: Vec::new(),
            finished: false,
            is_behind_blank: false,
            unclosed: 0,
            skipped: dialect.skipped,
            bent: Bent::default(),
        };
        table.skip_to(dialect.header)?;
        table.read_header()?;
        Ok(table)
    }

    /// Lines before the header that were skipped, without blank ones.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Whether what was read so far is of the head of the input.
    pub(crate) fn is_in_head(&self) -> bool {
        self.lines.is_in_head()
    }

    /// What was read so far that does not keep to the rules.
    pub fn bent(&self) -> Bent {
        self.bent
    }

    /// Lines so far that were read otherwise than they stand.
    pub(crate) fn mended(&self) -> Option<&Mended> {
        self.lines.mended()
    }

    /// Names of the columns, as in the header but trimmed.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// How the fields are separated, for messages.
    pub fn format(&self) -> String {
        let sign = match self.delimiter {
            b'\t' => "tab",
            b';' => "semicolon",
            b'|' => "pipe",
            b',' => "comma",
            b'^' => "caret",
            b'~' => "tilde",
            sign if sign.is_ascii_graphic() => {
                return format!("separated by `{}`", char::from(sign));
            }
            sign => return format!("separated by the byte 0x{sign:02X}"),
        };
        format!("{sign}-separated")
    }

    /// The next row, or why that row cannot be used; `None` at the end.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) if the file cannot be read on.
    pub fn read(&mut self) -> Result<Option<std::result::Result<Record<'_>, RowError>>> {
        let line = loop {
            match self.split_next()? {
                None => return Ok(None),
                Some(Err(error)) => return Ok(Some(Err(error))),
                Some(Ok(_)) if self.is_header() || self.is_under_header() => {
                    self.bent.headers += 1;
                }
                Some(Ok(line)) if self.is_behind_blank && self.begins_table() => {
                    let names = self.splitter.cells().join(", ");
                    let message = format!(
                        "another table begins here, with the columns {names}; put it into a file of its own"
                    );
                    return Err(self.error(Some(line), message));
                }
                Some(Ok(line)) => break line,
            }
        };
        Ok(Some(self.check(line)))
    }

    /// Whether the record that was split is the header again.
    fn is_header(&self) -> bool {
        let (bytes, ends) = (self.splitter.fields(), self.splitter.ends());
        let is = |at: usize, name: &[u8]| {
            let cell = field(ends, at).and_then(|range| bytes.get(range));
            // A file that was put behind another may begin with a mark of its encoding.
            let cell = cell.map(|cell| cell.strip_prefix(b"\xef\xbb\xbf").unwrap_or(cell));
            cell.is_some_and(|cell| cell.trim_ascii().eq_ignore_ascii_case(name))
        };
        let mut names = self.header.iter().enumerate();
        ends.len() == self.header.len() && names.all(|(at, name)| is(at, name.as_bytes()))
    }

    /// Whether the record that was split is the header of another table: it begins as the
    /// header does, and has names of columns alone.
    fn begins_table(&self) -> bool {
        let cells = self.splitter.cells();
        let name = |cell: &String| {
            cell.contains(char::is_alphabetic) && !cell.contains(|sign: char| sign.is_ascii_digit())
        };
        let filled = cells.iter().filter(|cell| !cell.is_empty());
        let first = cells.first().filter(|cell| name(cell));
        let is_same = first.is_some_and(|cell| Some(cell) == self.columns.first());
        is_same && filled.clone().count() > 1 && filled.into_iter().all(name)
    }

    /// Whether the record that was split belongs to the header above it.
    fn is_under_header(&mut self) -> bool {
        let near = self.under_header > 0;
        self.under_header = self.under_header.saturating_sub(1);
        near && is_about_columns(self.splitter.each())
    }

    /// Passes over the lines before the header.
    fn skip_to(&mut self, header: u64) -> Result<()> {
        for _ in 1..header {
            self.raw.clear();
            if let Line::TooLong(_) = self.lines.read(&mut self.raw)? {
                self.lines.skip_rest()?;
            }
        }
        Ok(())
    }

    /// An [`Error::Input`](crate::Error::Input) about this file.
    pub(crate) fn error(&self, line: Option<u64>, refusal: impl Into<Refusal>) -> crate::Error {
        self.lines.error(line, refusal)
    }

    fn read_header(&mut self) -> Result<()> {
        let line = match self.split_next()? {
            Some(Ok(line)) => line,
            Some(Err(error)) => return Err(self.error(Some(error.line), error.refusal())),
            None => return Err(self.error(None, "the header names no columns")),
        };
        let text = match self.lines.text(self.splitter.fields()) {
            Ok(text) => text,
            Err(bad) => {
                return Err(self.error(Some(line), bad.refusal.within("the header")));
            }
        };
        let ends = self.splitter.ends();
        let columns: Vec<String> = (0..ends.len())
            .filter_map(|column| text.get(field(ends, column)?))
            .map(|name| name.trim().to_owned())
            .collect();
        self.columns = told_apart(&columns);
        self.header = columns;
        Ok(())
    }

    /// Splits the next record that is not blank and returns its line.
    fn split_next(&mut self) -> Result<Option<std::result::Result<u64, RowError>>> {
        let mut is_blank = false;
        loop {
            if self.finished {
                return Ok(None);
            }
            match self.split_one()? {
                Some(Ok(_)) if self.splitter.fields().trim_ascii().is_empty() => is_blank = true,
                found => {
                    self.is_behind_blank = is_blank;
                    return Ok(found);
                }
            }
        }
    }

    fn split_one(&mut self) -> Result<Option<std::result::Result<u64, RowError>>> {
        self.raw.clear();
        self.splitter.clear();
        let mut first = 0;
        // Line on which the quote that is still open was opened.
        let mut opened = 0;
        loop {
            let start = self.raw.len();
            let fields_before = self.splitter.ends().len();
            let last = match self.lines.read(&mut self.raw)? {
                Line::Text(line) => line,
                Line::TooLong(line) if first == 0 => {
                    self.lines.skip_rest()?;
                    return Ok(Some(Err(RowError::too_long(line))));
                }
                Line::TooLong(_) => return Ok(Some(Err(self.unclosed(first, opened)))),
                Line::End if first == 0 => {
                    self.finished = true;
                    return Ok(None);
                }
                Line::End => return Ok(Some(Err(self.unclosed(first, opened)))),
            };
            if first == 0 {
                first = last;
                opened = last;
                if self.raw.trim_ascii().is_empty() {
                    return Ok(Some(Ok(first)));
                }
            }
            let line = &self.raw[start..];
            let escapes = self.delimiter == b'|' && start == 0 && self.quotes.is_some();
            let unescaped = escapes.then(|| unescaped(line, self.delimiter)).flatten();
            let unspaced = unescaped.or_else(|| {
                let quote = self.spaced?;
                unspaced(line, self.delimiter, quote, start > 0)
            });
            let line = unspaced.as_deref().unwrap_or(line);
            let quotes = self.quotes.as_ref().filter(|_| start > 0);
            let opens_anew = quotes.is_some_and(|quotes| quotes.opens_anew(line));
            let mended = self.quotes.as_mut();
            let mended = mended.and_then(|quotes| quotes.mend(line));
            self.raw.push(b'\n');
            if opens_anew {
                return Ok(Some(Err(self.unclosed(first, opened))));
            }
            let is_whole = match (mended, unspaced) {
                (None, None) => self.splitter.feed(&self.raw[start..]),
                (None, Some(mut line)) => {
                    line.push(b'\n');
                    self.splitter.feed(&line)
                }
                (Some(mut line), _) => {
                    self.bent.quotes += 1;
                    line.push(b'\n');
                    self.splitter.feed(&line)
                }
            };
            if is_whole {
                return Ok(Some(Ok(first)));
            }
            if self.splitter.ends().len() > fields_before {
                opened = last;
            }
        }
    }

    /// Rejects the line on which a record with an open quote began; the lines
    /// after it are read again, as rows of their own.
    fn unclosed(&mut self, first: u64, opened: u64) -> RowError {
        let mut message = format!(
            "quote opened on line {opened} is never closed; close it, or double it if it is part of the text"
        );
        self.unclosed += 1;
        self.splitter.give_up();
        if let Some(quotes) = &mut self.quotes {
            quotes.reset();
        }
        if self.unclosed < MOST_UNCLOSED {
            let end = self.raw.iter().position(|&byte| byte == b'\n');
            let rest = end.map_or(self.raw.len(), |end| end + 1);
            self.lines.give_back(&self.raw[rest..], first);
        } else {
            message.push_str("; there are too many of them, so reading stops here");
            self.finished = true;
        }
        RowError::new(first, message)
    }

    fn check(&mut self, line: u64) -> std::result::Result<Record<'_>, RowError> {
        if self.tolerant {
            self.splitter.unquote();
        }
        let width = self.columns.len();
        if self.delimiter == b';' && self.splitter.ends().len() > width {
            self.splitter.join(width, b';', ends_in_reference);
        }
        let ends = self.splitter.ends();
        let bytes = self.splitter.fields();
        if ends.len() > width {
            let surplus = ends
                .get(width.wrapping_sub(1))
                .and_then(|&end| bytes.get(end..));
            if !surplus.is_none_or(|surplus| surplus.trim_ascii().is_empty()) {
                return Err(self.wrong_count(line, ends.len()));
            }
        }
        self.bent.short += u64::from(ends.len() < width);
        let text = match self.lines.text(bytes) {
            Ok(text) => text,
            Err(bad) => return Err(self.not_text(line, bad.at, bad.refusal)),
        };
        // Half a character at the end of one field can complete another's.
        if let Some(&cut) = ends.iter().find(|&&end| !text.is_char_boundary(end)) {
            let message = format!("is not UTF-8 (byte 0x{:02X})", bytes[cut - 1]);
            return Err(self.not_text(line, cut - 1, message.into()));
        }
        Ok(Record { line, text, ends })
    }

    fn wrong_count(&self, line: u64, found: usize) -> RowError {
        let wanted = self.columns.len();
        let plural = if found == 1 { "column" } else { "columns" };
        let message = format!("has {found} {plural}, the header has {wanted}");
        if self.tolerant && self.splitter.opens_quote() {
            let message = format!("{message}; perhaps quotes enclose tabs or line breaks");
            return RowError::new(line, Refusal::until(Unstated::Quoting, message));
        }
        RowError::new(line, message)
    }

    fn not_text(&self, line: u64, at: usize, refusal: Refusal) -> RowError {
        let column = self.splitter.ends().partition_point(|&end| end <= at);
        let name = self.columns.get(column).map_or("", String::as_str);
        RowError::new(line, refusal.within(&format!("column `{name}`")))
    }
}
