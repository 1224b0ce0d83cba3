//! Rows of a taxonomy file with their cells, before it is known what the columns mean.

use crate::input::wrong;
use crate::refusal::Refusal;

/// A value as the file gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// A text, for a path yet to be split.
    Text(String),
    /// A list, for a path split already.
    List(Vec<String>),
}

impl Cell {
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.trim().is_empty(),
            Self::List(parts) => parts.is_empty(),
        }
    }

    /// The text, trimmed; a list has none.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.trim()),
            Self::List(_) => None,
        }
    }
}

/// One row.
#[derive(Debug)]
pub(super) struct SheetRow {
    pub(super) line: u64,
    /// At most as many as there are columns.
    pub(super) cells: Vec<Cell>,
    /// The row in which this one is nested.
    pub(super) outer: Option<usize>,
}

/// A file as rows.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) file: String,
    /// Names of the columns; `column 1` and so on where the file has none.
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<SheetRow>,
    /// What the file is, for messages.
    pub(super) format: String,
    /// Whether the file names its columns.
    pub(super) named: bool,
}

static EMPTY: Cell = Cell::Text(String::new());

impl Sheet {
    pub(super) fn cell(&self, row: usize, column: usize) -> &Cell {
        let cells = self.rows.get(row).map(|row| &row.cells);
        cells.and_then(|cells| cells.get(column)).unwrap_or(&EMPTY)
    }

    /// The text of a cell, trimmed; none of a list.
    pub(super) fn text(&self, row: usize, column: usize) -> &str {
        self.cell(row, column).text().unwrap_or_default()
    }

    /// The texts of a column, one a row, trimmed.
    pub(super) fn texts(&self, column: usize) -> impl Iterator<Item = &str> + Clone {
        (0..self.rows.len()).map(move |row| self.text(row, column))
    }

    /// Whether no row has anything in the column.
    pub(super) fn is_blank(&self, column: usize) -> bool {
        (0..self.rows.len()).all(|row| self.cell(row, column).is_empty())
    }

    /// An error about a row of this file.
    pub(super) fn wrong(&self, row: usize, message: impl Into<Refusal>) -> crate::Error {
        wrong(&self.file, self.rows.get(row).map(|row| row.line), message)
    }

    /// An error about the whole file.
    pub(super) fn refused(&self, message: impl Into<Refusal>) -> crate::Error {
        wrong(&self.file, None, message)
    }
}
