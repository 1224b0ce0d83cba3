//! Delimited files as rows, with or without a header.

use std::collections::HashSet;

use crate::Result;
use crate::input::Input;
use crate::lines::{Line, Lines};
use crate::names::has_all;
use crate::splitter::{NEVER_TEXT, Splitter, sniff_delimiter};
use crate::table::{Quoting, RowError, Table};

use super::indents::drawn;
use super::levels;
use super::sheet::{Cell, Sheet, SheetRow};
use super::words::{Word, is_header};

/// How many lines decide what a file is.
const SAMPLE: usize = 200;

/// How far down a header is looked for, below titles and comments.
const PREAMBLE: usize = 8;

/// How the lines of a file are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A table with names of columns.
    Named,
    /// A table without, cut at that byte.
    Unnamed(u8),
    /// No table: a line is a path, or a name.
    Lines,
}

/// Tells a table from a list by the beginning of a file, of which somebody has named the
/// columns `stated`.
pub(super) fn shape(head: &[u8], stated: &[&str]) -> Shape {
    let lines = head.split(|&byte| matches!(byte, b'\n' | b'\r'));
    let lines: Vec<&[u8]> = lines
        .filter(|line| !line.trim_ascii().is_empty())
        .take(SAMPLE + 1)
        .collect();
    // The last line may be cut off.
    let lines = if lines.len() > 2 {
        &lines[..lines.len() - 1]
    } else {
        &lines[..]
    };
    if has_header(lines, stated) {
        return Shape::Named;
    }
    let lines: Vec<&[u8]> = lines
        .iter()
        .copied()
        .filter(|line| !line.starts_with(b"#"))
        .collect();
    let is_drawn =
        |line: &&&[u8]| std::str::from_utf8(line).is_ok_and(|line| drawn(line).is_some());
    if lines.iter().filter(is_drawn).count() * 2 >= lines.len() {
        return Shape::Lines;
    }
    let tables = [b'\t', b';', b'|', b','].into_iter();
    let mut tables = tables.filter_map(|delimiter| table(&lines, delimiter));
    tables.next().unwrap_or(Shape::Lines)
}

/// Whether one of the first lines names columns.
fn has_header(lines: &[&[u8]], stated: &[&str]) -> bool {
    let Some(first) = lines.first() else {
        return false;
    };
    if first.trim_ascii().len() <= 6 && first.to_ascii_lowercase().starts_with(b"sep=") {
        return true;
    }
    let words = [
        Word::Id,
        Word::Parent,
        Word::Path,
        Word::Name,
        Word::Product,
        Word::Descriptions,
    ];
    let near = lines.iter().take(PREAMBLE).enumerate();
    for (at, line, delimiter) in near.flat_map(|(at, line)| {
        let usual = sniff_delimiter(line);
        let is_cut = line.contains(&usual);
        let rare = NEVER_TEXT
            .iter()
            .filter(move |&sign| !is_cut && line.contains(sign));
        let delimiters = std::iter::once(usual).chain(rare.copied());
        delimiters.map(move |delimiter| (at, line, delimiter))
    }) {
        let is_rare = NEVER_TEXT.contains(&delimiter);
        let cells = cells(line, delimiter);
        let known = cells
            .iter()
            .filter(|cell| words.iter().any(|word| word.means(cell)))
            .count();
        let levels = levels::by_names(&cells).map_or(0, |levels| levels.len());
        let comment = line.starts_with(b"#") && delimiter != b'\t';
        let cut = cells.len() > 1 && !comment && !cells.iter().any(|cell| cell.contains(" > "));
        let alone = at == 0 && !is_rare && is_header(&cells);
        if cut && (alone || known.max(levels) > 1 || has_all(&cells, stated)) {
            let below = lines[at + 1..].iter().any(|line| line.contains(&delimiter));
            return below || at + 1 == lines.len();
        }
    }
    false
}

/// The table that lines make without a known header, if cutting them at `delimiter`
/// gives as many cells on each.
fn table(lines: &[&[u8]], delimiter: u8) -> Option<Shape> {
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|line| cells(&without_references(line), delimiter))
        .collect();
    let width = rows.iter().map(Vec::len).max().filter(|width| *width > 1)?;
    let same = rows.iter().filter(|row| row.len() == width).count();
    let whole = match delimiter {
        // A tab at the beginning of lines sets them in.
        b'\t' => {
            let cut = rows.iter().filter(|row| row.len() > 1).count();
            cut * 2 >= rows.len() && !lines.iter().any(|line| line.starts_with(b"\t"))
        }
        _ => same == rows.len() && rows.len() > 1,
    };
    let spaced = lines
        .iter()
        .filter(|line| line.windows(2).any(|pair| pair == [delimiter, b' ']))
        .count();
    // What only ends in empty cells is a list that a spreadsheet wrote.
    let wide = rows
        .iter()
        .any(|row| row[1..].iter().any(|cell| !cell.trim().is_empty()));
    if !whole || !wide || (delimiter == b',' && spaced * 2 > rows.len()) {
        return None;
    }
    let first: Vec<&str> = rows.iter().map(|row| row[0].trim()).collect();
    let distinct: HashSet<&str> = first.iter().copied().collect();
    let code = |cell: &&str| !cell.contains(' ') && cell.bytes().any(|byte| byte.is_ascii_digit());
    let ids = distinct.len() == first.len() && first.iter().all(code);
    let recurs = first[1..].contains(&first[0]);
    // No column is called by a number.
    let number = |at: usize| {
        let mut cells = rows.iter().filter_map(|row| row.get(at));
        cells.all(|cell| !cell.is_empty() && cell.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let numbered = rows.len() > 1 && (0..width).any(number);
    Some(if ids || recurs || numbered {
        Shape::Unnamed(delimiter)
    } else {
        Shape::Named
    })
}

/// The line without the semicolons that end character references.
fn without_references(line: &[u8]) -> Vec<u8> {
    let mut plain: Vec<u8> = Vec::with_capacity(line.len());
    for &byte in line {
        let name = plain
            .iter()
            .rev()
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'#')
            .count();
        let begun = name > 0 && plain.len() > name && plain[plain.len() - name - 1] == b'&';
        if byte != b';' || !begun {
            plain.push(byte);
        }
    }
    plain
}

/// The cells of one line, trimmed and unquoted.
pub(super) fn cells(line: &[u8], delimiter: u8) -> Vec<String> {
    let mut splitter = Splitter::new(delimiter, true);
    if !splitter.feed(&[line, b"\n"].concat()) {
        splitter = Splitter::new(delimiter, false);
        splitter.feed(&[line, b"\n"].concat());
    }
    splitter.cells()
}

/// The next line as text, with its number; none at the end. `buffer` is used for it.
pub(super) fn next_line<'b>(
    lines: &mut Lines,
    buffer: &'b mut Vec<u8>,
) -> Result<Option<(u64, &'b str)>> {
    buffer.clear();
    let line = match lines.read(buffer)? {
        Line::Text(line) => line,
        Line::TooLong(line) => {
            return Err(lines.error(Some(line), RowError::too_long(line).message));
        }
        Line::End => return Ok(None),
    };
    let text = lines.text(buffer);
    let text = text.map_err(|bad| lines.error(Some(line), bad.refusal.within("the line")))?;
    Ok(Some((line, text)))
}

/// Reads a table with names of columns.
pub(super) fn read_named(input: Input, stated: &[&str]) -> Result<Sheet> {
    let file = input.name().to_owned();
    let is_header = |cells: &[String]| has_all(cells, stated);
    let mut table = Table::open_for(input, Quoting::Auto, &is_header)?;
    let columns = table.columns().to_vec();
    let mut rows = Vec::new();
    loop {
        let error = match table.read()? {
            None => break,
            Some(Ok(record)) => {
                let cells = (0..columns.len()).map(|column| cell(record.get(column)));
                rows.push(SheetRow {
                    line: record.line(),
                    cells: cells.collect(),
                    outer: None,
                });
                continue;
            }
            Some(Err(error)) => error,
        };
        return Err(table.error(Some(error.line), error.message));
    }
    let mut format = table.format();
    match table.skipped() {
        0 => {}
        1 => format += " (1 line before the header skipped)",
        many => format += &format!(" ({many} lines before the header skipped)"),
    }
    if let Some(mended) = table.mended() {
        format += &format!(" ({mended})");
    }
    Ok(Sheet {
        file,
        columns,
        rows,
        format,
        named: true,
    })
}

/// A cell, which may hold a list in the notation of JSON.
fn cell(text: &str) -> Cell {
    let list = text
        .trim()
        .starts_with("[\"")
        .then(|| serde_json::from_str(text).ok());
    list.flatten()
        .map_or_else(|| Cell::Text(text.to_owned()), Cell::List)
}

/// Reads a table without names of columns.
pub(super) fn read_unnamed(input: Input, delimiter: u8) -> Result<Sheet> {
    let file = input.name().to_owned();
    let mut lines = Lines::new(input);
    let (mut buffer, mut rows, mut width) = (Vec::new(), Vec::new(), 0);
    while let Some((line, text)) = next_line(&mut lines, &mut buffer)? {
        if text.trim_ascii().is_empty() || text.starts_with('#') {
            continue;
        }
        let mut cells = cells(text.as_bytes(), delimiter);
        while cells.last().is_some_and(String::is_empty) {
            cells.pop();
        }
        width = width.max(cells.len());
        let cells = cells.into_iter().map(Cell::Text).collect();
        rows.push(SheetRow {
            line,
            cells,
            outer: None,
        });
    }
    let columns = (1..=width)
        .map(|number| format!("column {number}"))
        .collect();
    let sign = match delimiter {
        b'\t' => "tab",
        b';' => "semicolon",
        b'|' => "pipe",
        _ => "comma",
    };
    let mut format = format!("{sign}-separated without a header,");
    if let Some(mended) = lines.mended() {
        format += &format!(" ({mended})");
    }
    Ok(Sheet {
        file,
        columns,
        rows,
        format,
        named: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_told_from_lists() {
        for (file, expected) in [
            ("id,path\n1,A\n", Shape::Named),
            ("sep=;\nid;path\n1;A\n", Shape::Named),
            ("# made today\nterm_id;name;parent\n1;A;0\n", Shape::Named),
            ("Abteilung;Reihe\nTee;Grün\nTee;Schwarz\n", Shape::Named),
            ("5,Tea,Green\n6,Tea,Black\n", Shape::Unnamed(b',')),
            ("5\tTea > Green\n6\tTea\n", Shape::Unnamed(b'\t')),
            ("Tea,Green\nTea,Black\nCups,Big\n", Shape::Unnamed(b',')),
            ("Tea\nTea > Green, loose\n", Shape::Lines),
            ("Tea, Coffee\nCups, Mugs\n", Shape::Lines),
            ("Tea,,\nCups,,\n", Shape::Lines),
            ("Tea\n\tGreen\n\t\tSencha\n", Shape::Lines),
            ("path\nTea\n", Shape::Lines),
            ("|-- Tea\n|-- Cups\n", Shape::Lines),
            ("Tea,1\nTea > Green,2\nCups,3\n", Shape::Unnamed(b',')),
        ] {
            assert_eq!(shape(file.as_bytes(), &[]), expected, "{file}");
        }
    }
}
