//! Delimited records under a header line.
//!
//! The records are cut by `csv-core`, fed line by line: that way every record
//! knows its line, and a quote that is never closed costs its own row instead
//! of the rest of the file.

use std::fmt;
use std::str::FromStr;

use crate::Result;

use crate::error::Unstated;
use crate::input::Input;
use crate::lines::{Line, Lines, MAX_RECORD};
use crate::refusal::Refusal;
use crate::splitter::{Splitter, all_quoted, field, header_line, sniff_delimiter};

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

/// One row of a [`Table`], with as many fields as there are columns.
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

    /// The field of a column as it stands in the file, unquoted. Empty if there
    /// is no such column.
    pub fn get(&self, column: usize) -> &'a str {
        field(self.ends, column)
            .and_then(|range| self.text.get(range))
            .unwrap_or_default()
    }
}

/// Reads a delimited file with a header, row by row.
///
/// The delimiter (tab, comma, semicolon or pipe) is taken from the header.
/// Blank lines and rows whose fields are all empty are skipped.
pub struct Table {
    lines: Lines,
    columns: Vec<String>,
    delimiter: u8,
    /// Whether single fields may be quoted though the file as a whole is not.
    tolerant: bool,
    splitter: Splitter,
    raw: Vec<u8>,
    finished: bool,
    /// Quotes that were never closed.
    unclosed: usize,
}

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
        input.beginning("a header line that names the columns")?;
        let header = header_line(input.head());
        let delimiter = sniff_delimiter(header);
        let tab = delimiter == b'\t';
        let quoted = match quoting {
            Quoting::On => true,
            Quoting::Off => false,
            Quoting::Auto => !tab || all_quoted(header),
        };
        let mut table = Self {
            lines: Lines::new(input),
            columns: Vec::new(),
            delimiter,
            tolerant: quoting == Quoting::Auto && !quoted,
            splitter: Splitter::new(delimiter, quoted),
            raw: Vec::new(),
            finished: false,
            unclosed: 0,
        };
        table.read_header()?;
        Ok(table)
    }

    /// Names of the columns, as in the header but trimmed.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// How the fields are separated, for messages.
    pub fn format(&self) -> &'static str {
        match self.delimiter {
            b'\t' => "tab-separated",
            b';' => "semicolon-separated",
            b'|' => "pipe-separated",
            _ => "comma-separated",
        }
    }

    /// The next row, or why that row cannot be used; `None` at the end.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) if the file cannot be read on.
    pub fn read(&mut self) -> Result<Option<std::result::Result<Record<'_>, RowError>>> {
        let line = match self.split_next()? {
            None => return Ok(None),
            Some(Err(error)) => return Ok(Some(Err(error))),
            Some(Ok(line)) => line,
        };
        Ok(Some(self.check(line)))
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
        if self.splitter.fields().contains(&0) {
            return Err(self.error(
                Some(line),
                "the header has NUL bytes, so the file is no text",
            ));
        }
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
        for (at, name) in columns.iter().enumerate() {
            if !name.is_empty() && columns[..at].contains(name) {
                let message = format!("the header names two columns `{name}`; rename one");
                return Err(self.error(Some(line), message));
            }
        }
        self.columns = columns;
        Ok(())
    }

    /// Splits the next record that is not blank and returns its line.
    fn split_next(&mut self) -> Result<Option<std::result::Result<u64, RowError>>> {
        loop {
            if self.finished {
                return Ok(None);
            }
            match self.split_one()? {
                Some(Ok(_)) if self.splitter.fields().trim_ascii().is_empty() => {}
                found => return Ok(found),
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
            self.raw.push(b'\n');
            if self.splitter.feed(&self.raw[start..]) {
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
        let ends = self.splitter.ends();
        if ends.len() != self.columns.len() {
            return Err(self.wrong_count(line, ends.len()));
        }
        let bytes = self.splitter.fields();
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

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn open(bytes: &[u8], quoting: Quoting) -> Result<Table> {
        let input = Input::from_reader("shop.csv", Cursor::new(bytes.to_vec()), None)?;
        Table::open(input, quoting)
    }

    /// Rows as `line: a|b|c`, failures as `line! message`.
    fn rows_with(bytes: &[u8], quoting: Quoting) -> Vec<String> {
        let mut table = open(bytes, quoting).unwrap();
        let width = table.columns().len();
        let mut rows = Vec::new();
        while let Some(row) = table.read().unwrap() {
            rows.push(match row {
                Ok(record) => {
                    let fields: Vec<_> = (0..width).map(|column| record.get(column)).collect();
                    format!("{}: {}", record.line(), fields.join("|"))
                }
                Err(error) => format!("{}! {}", error.line, error.message),
            });
        }
        rows
    }

    fn rows(text: &str) -> Vec<String> {
        rows_with(text.as_bytes(), Quoting::Auto)
    }

    #[test]
    fn the_delimiter_comes_from_the_header() {
        for delimiter in ["\t", ",", ";", "|"] {
            let file = ["id", "title"].join(delimiter) + "\n1" + delimiter + "Kettle\n";
            assert_eq!(rows(&file), ["2: 1|Kettle"], "{delimiter:?}");
        }
        assert_eq!(rows("\n\ttitle\n1\tKettle\n"), ["3: 1|Kettle"]);
    }

    #[test]
    fn rows_know_their_lines_past_blank_lines_and_quoted_breaks() {
        let unix = "id,title\n\n1,\"two\nlines\"\n\n,\n2,b\n";
        let found = ["3: 1|two\nlines", "7: 2|b"];
        assert_eq!(rows(unix), found);
        assert_eq!(rows(&unix.replace('\n', "\r\n")), found);
    }

    #[test]
    fn quotes_are_ordinary_in_tab_separated_files_unless_flawless() {
        let file = "id\ttitle\n1\t17\" monitor\n2\t\"6\"\" pan\"\n3\t\"Best\" pan\n4\t\"open\n";
        assert_eq!(
            rows(file),
            [
                "2: 1|17\" monitor",
                "3: 2|6\" pan",
                "4: 3|\"Best\" pan",
                "5: 4|\"open"
            ]
        );
        let off = rows_with(file.as_bytes(), Quoting::Off);
        assert_eq!(off[1], "3: 2|\"6\"\" pan\"");
    }

    #[test]
    fn a_quoted_tsv_header_turns_quoting_on() {
        let file = "\"id\"\t\"title\"\n\"1\"\t\"a\tb\nc\"\n";
        assert_eq!(rows(file), ["2: 1|a\tb\nc"]);
    }

    #[test]
    fn a_wrong_number_of_columns_fails_one_row_only() {
        let file = "id,title,text,price\n1,a,b\n2,a,b,c\n";
        assert_eq!(
            rows(file),
            ["2! has 3 columns, the header has 4", "3: 2|a|b|c"]
        );
        let quoted = rows("id\ttitle\n1\t\"two\nlines\"\n");
        assert!(quoted[1].contains("has 1 column, the header has 2"));
        let tabbed = rows("id\ttitle\n1\t\"a\tb\"\n");
        assert!(tabbed[0].contains("perhaps quotes enclose"), "{tabbed:?}");
    }

    #[test]
    fn wrong_bytes_fail_one_row_and_name_the_column() {
        let mixed = ["id,title\n0,Thé\n3,Été\n".as_bytes(), b"1,caf\xe9\n2,ok\n"].concat();
        let found = rows_with(&mixed, Quoting::Auto);
        assert_eq!(
            found[2..],
            ["4! column `title` is not UTF-8 (byte 0xE9)", "5: 2|ok"]
        );
        let mixed = ["a,b\né,è\nê,ë\n".as_bytes(), b"x\xc3,\xa9y\n"].concat();
        let across = rows_with(&mixed, Quoting::Auto);
        assert_eq!(across[2..], ["4! column `a` is not UTF-8 (byte 0xC3)"]);
    }

    #[test]
    fn bytes_a_stated_encoding_does_not_have_fail_the_row() {
        let bytes = b"id,title\n1,\xd6\xd0\n2,\xff\xff\n".to_vec();
        let input = Input::from_reader("shop.csv", Cursor::new(bytes), Some("gbk")).unwrap();
        let mut table = Table::open(input, Quoting::Auto).unwrap();
        assert_eq!(table.read().unwrap().unwrap().unwrap().get(1), "中");
        let error = table.read().unwrap().unwrap().unwrap_err();
        assert!(error.message.contains("not gbk"), "{}", error.message);
    }

    #[test]
    fn an_unclosed_quote_costs_its_own_row_only() {
        let file = "id,title\n1,a\n2,\"x\n3,c\n4,d\n";
        assert_eq!(
            rows(file),
            [
                "2: 1|a",
                "3! quote opened on line 3 is never closed; close it, or double it if it is part of the text",
                "4: 3|c",
                "5: 4|d"
            ]
        );
    }

    #[test]
    fn an_endless_field_costs_its_own_row_only() {
        let mut file = b"id,title\n1,a\n2,\"x\n".to_vec();
        let rest = MAX_RECORD / 8 + 10;
        file.extend((0..rest).flat_map(|row| format!("{:07},b\n", row % 1000).into_bytes()));
        let found = rows_with(&file, Quoting::Auto);
        assert_eq!(found.len(), 2 + rest);
        assert!(
            found[1].starts_with("3! quote opened on line 3"),
            "{}",
            found[1]
        );
        let good = |row: &String| !row.contains('!');
        assert!(found[2..].iter().all(good));
        assert!(
            found
                .last()
                .unwrap()
                .starts_with(&format!("{}: ", 3 + rest))
        );
    }

    #[test]
    fn a_line_that_is_too_long_costs_itself_only() {
        let mut file = b"id,title\n1,".to_vec();
        file.extend(vec![b'x'; MAX_RECORD + 100]);
        file.extend(b"\n2,b\n");
        let found = rows_with(&file, Quoting::Auto);
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("2! "));
        assert_eq!(found[1], "3: 2|b");
    }

    #[test]
    fn headers_are_checked() {
        let message = |bytes: &[u8]| open(bytes, Quoting::Auto).unwrap_err().to_string();
        assert!(message(b" \n").contains("file is empty"));
        assert!(message(b"id,name,name\n").contains("two columns `name`"));
        assert!(message(b"id,caf\xe9\n").contains("not UTF-8; it reads as windows-1252: 「café」"));
        let wide = open(b"i\0d\0,\0", Quoting::Auto).unwrap_err();
        let crate::Error::Input { unstated, .. } = wide;
        assert_eq!(unstated, Some(Unstated::Encoding(Some("UTF-16LE"))));
        assert!(rows("id,title").is_empty());
    }

    #[test]
    fn wide_and_long_records_fit() {
        let header: Vec<_> = (0..500).map(|column| format!("c{column}")).collect();
        let row = vec!["x".repeat(100); 500];
        let file = header.join(",") + "\n" + &row.join(",") + "\n";
        assert_eq!(rows(&file)[0].len(), 3 + 500 * 100 + 499);
    }
}
