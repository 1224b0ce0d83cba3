//! Rows as they stand in a file: cells under a header, or objects.

use std::collections::VecDeque;
#[cfg(feature = "parquet")]
use std::sync::Arc;

use crate::Result;
#[cfg(feature = "parquet")]
use crate::columnar::{Batch, Columnar};
use crate::input::Input;
use crate::json::{Object, Positions, flatten};
use crate::maker::{Further, Given, Maker, Unmade};
use crate::mapping::Mapping;
use crate::mended::Mended;
use crate::names::{has_all, names_products};
use crate::objects::{KEY, Objects, Wanted};
use crate::readings::{listed, readings};
use crate::row::Rejected;
use crate::sample::{ROWS, Sample};
use crate::table::{Bent, Record, RowError, Table};
use crate::values::Values;

/// The rows of a file, of which the first were read ahead.
#[derive(Debug)]
pub(crate) struct Rows {
    source: Source,
    format: String,
    /// Of keys; empty for a table.
    positions: Positions,
    ahead: VecDeque<Raw>,
}

/// What a row says, or why it says nothing.
type Made = std::result::Result<Given, Unmade>;

#[derive(Debug)]
enum Source {
    Table(Box<Table>),
    Objects(Box<Objects>),
    #[cfg(feature = "parquet")]
    Columnar(Box<Columnar>),
}

/// A row that was read ahead.
#[derive(Debug)]
enum Raw {
    Cells(u64, Vec<String>),
    /// With where it is, if its line does not tell.
    Object(u64, Object, Option<String>),
    #[cfg(feature = "parquet")]
    Stored(Arc<Batch>, usize),
    Bad(RowError),
}

/// Cells that were read ahead.
struct Cells<'a>(&'a [String]);

impl Values for Cells<'_> {
    fn text(&self, column: usize) -> Option<&str> {
        Some(self.0.get(column).map_or("", String::as_str))
    }
}

impl Values for Record<'_> {
    fn text(&self, column: usize) -> Option<&str> {
        Some(self.get(column))
    }
}

impl Rows {
    /// Recognises the format.
    pub(crate) fn open(input: Input, mapping: &Mapping) -> Result<(Self, Vec<String>)> {
        #[cfg(feature = "parquet")]
        let mut input = input;
        #[cfg(feature = "parquet")]
        if let Some(columnar) = input.take_columnar() {
            let names = columnar.names().to_vec();
            let rows = Self {
                format: input.format(columnar.format()),
                positions: columnar.keys().clone(),
                source: Source::Columnar(columnar),
                ahead: VecDeque::new(),
            };
            return Ok((rows, names));
        }
        let start = input.beginning("products as CSV, TSV or JSON Lines")?;
        let found_out = input.format("");
        let (source, names, positions, format) = if Objects::recognise(start) {
            let mut objects = Objects::open(input, Wanted::Products)?;
            let keys = objects.keys()?;
            let positions: Positions = keys.iter().cloned().zip(0..).collect();
            let format = objects.format().to_owned();
            (Source::Objects(Box::new(objects)), keys, positions, format)
        } else {
            let stated = mapping.stated_columns();
            let is_header = |cells: &[String]| names_products(cells) || has_all(cells, &stated);
            let table = Table::open_for(input, mapping.quoting, &is_header)?;
            let columns = table.columns().to_vec();
            let format = table.format();
            (
                Source::Table(Box::new(table)),
                columns,
                Positions::new(),
                format,
            )
        };
        let rows = Self {
            format: format!("{format}{found_out}"),
            source,
            positions,
            ahead: VecDeque::new(),
        };
        Ok((rows, names))
    }

    /// Reads the first rows, of so many columns, ahead, without waiting for more than the head of a stream.
    pub(crate) fn sample(&mut self, width: usize) -> Result<Sample> {
        let mut sample = Sample::default();
        if let Source::Objects(objects) = &self.source {
            sample.keys = self
                .positions
                .get(KEY)
                .copied()
                .filter(|_| objects.is_by_key());
            sample.own_categories = objects.has_own_categories();
        }
        while self.ahead.len() < ROWS && (self.ahead.is_empty() || self.is_at_hand()) {
            let raw = match &mut self.source {
                Source::Table(table) => table.read()?.map(|row| match row {
                    Ok(record) => Raw::of_record(&record, width),
                    Err(error) => Raw::Bad(error),
                }),
                Source::Objects(objects) => objects.read()?.map(|row| match row {
                    Ok((line, object)) => Raw::Object(line, object, objects.place()),
                    Err(error) => Raw::Bad(error),
                }),
                #[cfg(feature = "parquet")]
                Source::Columnar(columnar) => {
                    columnar.read()?.map(|(batch, row)| Raw::Stored(batch, row))
                }
            };
            let Some(raw) = raw else { break };
            match &raw {
                Raw::Cells(_, cells) => {
                    let readings = cells.iter().map(|cell| readings_of_cell(cell));
                    sample.add(readings.collect());
                }
                Raw::Object(_, object, _) => sample.add(cells_of(object, &self.positions, width)),
                #[cfg(feature = "parquet")]
                Raw::Stored(batch, row) => {
                    let mut cells = batch.nested(*row).map_or_else(
                        || vec![Vec::new(); width],
                        |object| cells_of(&object, &self.positions, width),
                    );
                    for (at, cell) in cells.iter_mut().enumerate() {
                        let text = batch.text(*row, at);
                        cell.extend(text.into_iter().flat_map(readings_of_cell));
                    }
                    sample.add(cells);
                }
                Raw::Bad(_) => {}
            }
            self.ahead.push_back(raw);
        }
        Ok(sample)
    }

    /// Whether the next row is at hand.
    fn is_at_hand(&self) -> bool {
        match &self.source {
            Source::Table(table) => table.is_in_head(),
            Source::Objects(objects) => objects.is_ahead(),
            #[cfg(feature = "parquet")]
            Source::Columnar(columnar) => columnar.is_at_hand(),
        }
    }

    /// Leaves out the columns that nobody needs, where they need not be read.
    #[cfg(feature = "parquet")]
    pub(crate) fn use_only(&mut self, needs: impl Fn(usize) -> bool) {
        if let Source::Columnar(columnar) = &mut self.source {
            columnar.use_only(needs);
        }
    }

    /// Whether reading is decoding, which goes well beside the work on what was read.
    #[cfg(feature = "parquet")]
    pub(crate) fn is_columnar(&self) -> bool {
        matches!(self.source, Source::Columnar(_))
    }

    /// What the next row says, or why it says nothing; none at the end.
    pub(crate) fn read(&mut self, maker: Maker<'_>) -> Result<Option<Made>> {
        if let Some(raw) = self.ahead.pop_front() {
            return Ok(Some(self.make(maker, raw)));
        }
        Ok(match &mut self.source {
            Source::Table(table) => table.read()?.map(|row| match row {
                Ok(record) => maker.make(record.line(), &record, Further::default()),
                Err(error) => Err(unread(error).into()),
            }),
            Source::Objects(objects) => objects.read()?.map(|row| match row {
                Ok((line, object)) => {
                    let made = maker.make_of_object(line, &object, &self.positions);
                    placed(made, objects.place())
                }
                Err(error) => Err(unread(error).into()),
            }),
            #[cfg(feature = "parquet")]
            Source::Columnar(columnar) => columnar
                .read()?
                .map(|(batch, row)| maker.make_of_batch(&batch, row, &self.positions)),
        })
    }

    fn make(&self, maker: Maker<'_>, raw: Raw) -> Made {
        match raw {
            Raw::Cells(line, cells) => maker.make(line, &Cells(&cells), Further::default()),
            Raw::Object(line, object, place) => {
                let made = maker.make_of_object(line, &object, &self.positions);
                placed(made, place)
            }
            #[cfg(feature = "parquet")]
            Raw::Stored(batch, row) => maker.make_of_batch(&batch, row, &self.positions),
            Raw::Bad(error) => Err(unread(error).into()),
        }
    }

    /// The recognised format, for messages, with what else was found out about the file.
    pub(crate) fn format(&self) -> &str {
        &self.format
    }

    /// Lines before the header that were skipped.
    pub(crate) fn skipped(&self) -> u64 {
        match &self.source {
            Source::Table(table) => table.skipped(),
            Source::Objects(_) => 0,
            #[cfg(feature = "parquet")]
            Source::Columnar(_) => 0,
        }
    }

    /// Rows so far that do not keep to the rules.
    pub(crate) fn bent(&self) -> Bent {
        match &self.source {
            Source::Table(table) => table.bent(),
            Source::Objects(_) => Bent::default(),
            #[cfg(feature = "parquet")]
            Source::Columnar(_) => Bent::default(),
        }
    }

    /// What was read so far otherwise than it stands, beside rows that keep to no rules.
    pub(crate) fn mended(&self) -> impl Iterator<Item = &Mended> {
        let (objects, table) = match &self.source {
            Source::Objects(objects) => (Some(objects.mended()), None),
            Source::Table(table) => (None, table.mended()),
            #[cfg(feature = "parquet")]
            Source::Columnar(_) => (None, None),
        };
        objects.into_iter().flatten().chain(table)
    }

    /// An [`Error::Input`](crate::Error::Input) about this file.
    pub(crate) fn error(&self, refusal: impl Into<crate::refusal::Refusal>) -> crate::Error {
        match &self.source {
            Source::Table(table) => table.error(None, refusal),
            Source::Objects(objects) => objects.error(None, refusal),
            #[cfg(feature = "parquet")]
            Source::Columnar(columnar) => columnar.error(refusal),
        }
    }
}

impl Raw {
    fn of_record(record: &Record<'_>, columns: usize) -> Self {
        let width = record.width().min(columns);
        let cells = (0..width).map(|column| record.get(column).to_owned());
        Self::Cells(record.line(), cells.collect())
    }
}

/// A cell in all ways to read it.
fn readings_of_cell(cell: &str) -> Vec<String> {
    let listed = listed(cell).into_iter();
    std::iter::once(cell.to_owned()).chain(listed).collect()
}

/// The values of an object for each column, each in all ways to read it.
fn cells_of(object: &Object, positions: &Positions, width: usize) -> Vec<Vec<String>> {
    let mut cells = vec![Vec::new(); width];
    flatten(object, &mut |key, value| {
        if let Some(&at) = positions.get(key) {
            cells[at] = readings(value);
        }
    });
    cells
}

/// What a row says, or why nothing, with where on its line it is.
fn placed(made: Made, place: Option<String>) -> Made {
    match made {
        Ok(given) => Ok(Given { place, ..given }),
        Err(Unmade::Rejected(rejected)) => Err(rejected.within(place).into()),
        Err(other) => Err(other),
    }
}

/// A row that could not be read.
fn unread(error: RowError) -> Rejected {
    Rejected {
        line: error.line,
        id: None,
        reason: error.message,
        unstated: error.unstated,
    }
}
