//! Product files on their way in.

use std::cell::Cell;
use std::fs::File;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use assort::core::AttributeKind;
use assort::read::{Input, Mapping, ProductReader, Tally};
use assort::{Error, InputRow};

use crate::args::Columns;
use crate::notes;
use crate::text::counted;

impl Columns {
    /// The mapping for products, with the columns of further text, which
    /// commands name in their own ways.
    pub(crate) fn mapping(&self, text: &Option<Vec<String>>) -> Mapping {
        Mapping::default()
            .with_id(self.id.clone())
            .with_title(self.title.clone())
            .with_text(text.clone())
            .with_attributes(self.attribute_columns())
            .with_decimal_commas(self.decimal_commas.clone())
            .with_category(self.category.clone())
            .with_image(self.image.clone())
            .with_quoting(self.quoting)
            .with_require_title(true)
    }

    /// The columns that attributes are taken from; none for all others.
    fn attribute_columns(&self) -> Option<Vec<String>> {
        let given = self.attributes.as_ref()?.iter();
        let given: Vec<(&str, Option<AttributeKind>)> =
            given.map(|given| with_kind(given)).collect();
        let are_columns = given.iter().any(|(_, kind)| kind.is_none());
        are_columns.then(|| given.iter().map(|(name, _)| (*name).to_owned()).collect())
    }

    /// The kinds that are given for attributes.
    pub(crate) fn attribute_kinds(&self) -> Vec<(&str, AttributeKind)> {
        let given = self.attributes.iter().flatten();
        let kinds = given.filter_map(|given| {
            let (name, kind) = with_kind(given);
            Some((name, kind?))
        });
        kinds.collect()
    }
}

/// The name of a column, and the kind behind it if there is one: names have colons, too.
fn with_kind(given: &str) -> (&str, Option<AttributeKind>) {
    let parts = given.rsplit_once(':');
    let parts = parts.and_then(|(name, kind)| Some((name, kind.parse().ok()?)));
    parts.map_or((given, None), |(name, kind)| (name, Some(kind)))
}

/// Product files, read one after the other.
pub(crate) struct Files {
    readers: std::vec::IntoIter<(String, ProductReader)>,
    current: Option<ProductReader>,
    name: CurrentName,
    positions: Vec<Arc<AtomicU64>>,
    size: Option<u64>,
    /// What was guessed of each file, for printing.
    pub(crate) guesses: Vec<String>,
    /// Names of the columns of categories.
    pub(crate) categories: Vec<String>,
    tallies: Vec<(String, Arc<Tally>)>,
}

/// Name of the file that is read at the moment.
pub(crate) type CurrentName = Rc<Cell<Option<Rc<str>>>>;

impl Files {
    /// Opens all files, so that a missing one is known before anything is
    /// done.
    pub(crate) fn open(
        paths: &[String],
        encoding: Option<&str>,
        mapping: &Mapping,
    ) -> Result<Self, Error> {
        Self::open_kept(paths, None, encoding, mapping)
    }

    /// As [`Self::open`]; `kept` is a file with what standard input held.
    pub(crate) fn open_kept(
        paths: &[String],
        kept: Option<&Path>,
        encoding: Option<&str>,
        mapping: &Mapping,
    ) -> Result<Self, Error> {
        let mut readers = Vec::new();
        let mut positions = Vec::new();
        let mut guesses = Vec::new();
        let mut categories: Vec<String> = Vec::new();
        let mut tallies = Vec::new();
        let mut size = Some(0);
        for path in paths {
            let input = match kept.filter(|_| path == "-") {
                Some(kept) => reopen(kept, encoding)?,
                None => Input::open(path, encoding)?,
            };
            positions.push(input.position());
            size = size.zip(input.size()).map(|(sum, size)| sum + size);
            let name = input.name().to_owned();
            let reader = ProductReader::new(input, mapping)?;
            guesses.push(guess(&name, &reader));
            guesses.extend(notes::of_numbers(&name, reader.columns()));
            let category = reader.columns().category().map(str::to_owned);
            categories.extend(category.filter(|category| !categories.contains(category)));
            tallies.push((name.clone(), reader.tally()));
            readers.push((name, reader));
        }
        Ok(Self {
            readers: readers.into_iter(),
            current: None,
            name: Rc::default(),
            positions,
            size,
            guesses,
            categories,
            tallies,
        })
    }

    pub(crate) fn name(&self) -> CurrentName {
        Rc::clone(&self.name)
    }

    /// What is to be told of the rows after they were read.
    pub(crate) fn notes(&self) -> impl Fn() -> Vec<String> + use<> {
        let tallies = self.tallies.clone();
        move || {
            let notes = tallies.iter();
            notes
                .filter_map(|(name, tally)| notes::of_rows(name, tally))
                .collect()
        }
    }

    /// Tells which part of the files has been read.
    pub(crate) fn done(&self) -> impl Fn() -> Option<f64> + use<> {
        let (positions, size) = (self.positions.clone(), self.size);
        move || {
            let read: u64 = positions
                .iter()
                .map(|position| position.load(Ordering::Relaxed))
                .sum();
            size.map(|size| (read as f64 / size.max(1) as f64).min(1.0))
        }
    }
}

/// What a file was taken for.
fn guess(name: &str, reader: &ProductReader) -> String {
    let skipped = match reader.skipped() {
        0 => String::new(),
        lines => format!(" after {}", counted(lines, "line", "lines")),
    };
    format!("{name}: {}{skipped}, {}", reader.format(), reader.columns())
}

fn reopen(kept: &Path, encoding: Option<&str>) -> Result<Input, Error> {
    let file = File::open(kept).map_err(|source| Error::Io {
        path: kept.to_owned(),
        doing: "reading standard input again",
        source,
    })?;
    Ok(Input::from_reader("standard input", file, encoding)?)
}

impl Iterator for Files {
    type Item = InputRow;

    fn next(&mut self) -> Option<InputRow> {
        loop {
            if let Some(row) = self.current.as_mut().and_then(Iterator::next) {
                return Some(row.into());
            }
            let (name, reader) = self.readers.next()?;
            self.name.set(Some(name.into()));
            self.current = Some(reader);
        }
    }
}
