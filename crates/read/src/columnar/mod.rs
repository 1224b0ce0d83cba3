//! Tables whose columns are stored one by one: Parquet and Arrow files.

mod arrow;
mod digits;
mod nodes;
mod parquet;
mod plan;
mod texts;

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_array::RecordBatch;
use arrow_schema::Fields;
use serde_json::{Map, Value};

use crate::Result;
use crate::json::{Object, Positions, flatten};
use crate::names::told_apart;
use crate::refusal::{Refusal, wrong};

use arrow::ArrowBatches;
use nodes::{Nodes, Plain};
use parquet::{BATCH, ParquetBatches};
use plan::{Place, Plan};

#[cfg(test)]
mod tests;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Parquet,
    ArrowFile,
    ArrowStream,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::Parquet => "Parquet",
            Self::ArrowFile => "Arrow",
            Self::ArrowStream => "Arrow stream",
        }
    }
}

/// The bytes of such a file: those of Parquet are read from any place.
pub(crate) enum Bytes {
    /// What counts the bytes that are read of it.
    File(File, Arc<AtomicU64>),
    Stream(Box<dyn Read + Send>),
}

/// Reads the rows of a file.
pub(crate) struct Columnar {
    file: String,
    format: Format,
    batches: Batches,
    fields: Fields,
    /// Where the values of the columns are in a batch.
    plan: Plan,
    names: Vec<String>,
    /// The column of a leaf, and those of the keys of nested values.
    of_leaf: HashMap<usize, usize>,
    of_key: Positions,
    /// What was read of a batch, and not yet taken.
    rest: Option<RecordBatch>,
    batch: Option<Arc<Batch>>,
    /// The next row of the batch.
    at: usize,
    /// Rows before the batch and in it.
    rows: u64,
}

enum Batches {
    Parquet(Box<ParquetBatches>, Progress),
    Arrow(Box<ArrowBatches>),
}

/// How far a file has been read.
struct Progress {
    position: Arc<AtomicU64>,
    size: u64,
}

/// Rows that are in memory.
pub(crate) struct Batch {
    /// Number of the first row, counted from 1.
    first: u64,
    len: usize,
    columns: Vec<Option<Plain>>,
    nested: Vec<(String, Nodes)>,
    /// Columns whose numbers may be written the same though they differ.
    floats: Vec<usize>,
}

impl Batch {
    /// Number of a row in the file, counted from 1.
    pub(crate) fn number(&self, row: usize) -> u64 {
        self.first + row as u64
    }

    /// The text of a column in a row; none if there is none, or the column is nested.
    pub(crate) fn text(&self, row: usize, column: usize) -> Option<&str> {
        self.columns.get(column)?.as_ref()?.get(row)
    }

    /// Whether the column is of numbers of which two could have been written the same.
    pub(crate) fn is_float(&self, column: usize) -> bool {
        self.floats.contains(&column)
    }

    /// Values with values inside; none if no column has any.
    pub(crate) fn nested(&self, row: usize) -> Option<Object> {
        let values = self.nested.iter();
        let values = values.map(|(name, nodes)| (name.clone(), nodes.value(row)));
        (!self.nested.is_empty()).then(|| values.collect())
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("first", &self.first)
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Columnar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Columnar")
            .field("file", &self.file)
            .field("format", &self.format)
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

impl Columnar {
    /// Reads what the file says of its columns; gives also what of it is left out.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) if the file is damaged or encrypted, or has
    /// no column that can be read.
    pub(crate) fn open(file: &str, format: Format, bytes: Bytes) -> Result<(Self, Vec<String>)> {
        let batches = guarded(|| match bytes {
            Bytes::File(file, position) => {
                let size = file.metadata().map_or(0, |about| about.len());
                let batches = Box::new(ParquetBatches::open(file)?);
                Ok(Batches::Parquet(batches, Progress { position, size }))
            }
            Bytes::Stream(source) => {
                let is_file = format == Format::ArrowFile;
                Ok(Batches::Arrow(Box::new(ArrowBatches::open(
                    source, is_file,
                )?)))
            }
        });
        let wrong = |what: String| wrong(file, None, format!("this {} file {what}", format.name()));
        let mut batches = batches.map_err(wrong)?;
        let fields = batches.fields();
        let plan = Plan::of(&fields);
        let told = left_out(&plan);
        if plan.columns.is_empty() {
            return Err(wrong("has no column that can be read".to_owned()));
        }
        batches.keep(plan.kept.clone());
        let mut columnar = Self {
            file: file.to_owned(),
            format,
            plan: batches.plan(&fields, &plan.kept),
            batches,
            fields,
            names: Vec::new(),
            of_leaf: HashMap::new(),
            of_key: Positions::new(),
            rest: None,
            batch: None,
            at: 0,
            rows: 0,
        };
        columnar.name()?;
        Ok((columnar, told))
    }

    /// Finds the names of the columns, for which the first batch may be read.
    fn name(&mut self) -> Result<()> {
        let mut names: Vec<String> = Vec::new();
        let mut open = false;
        for column in &self.plan.columns {
            match &column.place {
                Place::Plain { .. } => {
                    self.of_leaf.insert(column.leaves.start, names.len());
                    names.push(column.name.clone());
                }
                Place::Nested(_, shape) => {
                    open |= shape.is_open();
                    let object = Map::from_iter([(column.name.clone(), shape.prototype())]);
                    add_keys(&object, &mut self.of_key, &mut names);
                }
            }
        }
        if open && self.fill()? {
            let batch = self.batch.as_deref();
            let rows = batch.map_or(0, |batch| batch.len);
            let objects = (0..rows).filter_map(|row| batch?.nested(row));
            objects.for_each(|object| add_keys(&object, &mut self.of_key, &mut names));
        }
        self.names = told_apart(&names);
        Ok(())
    }

    /// Names of the columns; nested values have the names of their keys.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The columns of the keys of nested values.
    pub(crate) fn keys(&self) -> &Positions {
        &self.of_key
    }

    /// The file, for messages.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// What the file is, for messages.
    pub(crate) fn format(&self) -> &'static str {
        self.format.name()
    }

    /// Reads the columns on that are needed alone.
    pub(crate) fn use_only(&mut self, needs: impl Fn(usize) -> bool) {
        let mut kept = vec![false; self.plan.kept.len()];
        for column in &self.plan.columns {
            let used = match &column.place {
                Place::Plain { .. } => {
                    let at = self.of_leaf.get(&column.leaves.start);
                    at.is_some_and(|&at| needs(at))
                }
                Place::Nested(_, shape) => {
                    let own = |key: &str| {
                        let below = key.strip_prefix(column.name.as_str());
                        below.is_some_and(|below| below.is_empty() || below.starts_with('.'))
                    };
                    let mut keys = self.of_key.iter();
                    shape.is_open() || keys.any(|(key, &at)| own(key) && needs(at))
                }
            };
            if used {
                let leaves = column.leaves.clone();
                kept[leaves.clone()].copy_from_slice(&self.plan.kept[leaves]);
            }
        }
        // A file of which nothing is needed has rows all the same.
        if kept.contains(&true) {
            self.batches.keep(kept.clone());
            self.plan = self.batches.plan(&self.fields, &kept);
        }
    }

    /// The next row; none at the end.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) if the file is damaged from there on.
    pub(crate) fn read(&mut self) -> Result<Option<(Arc<Batch>, usize)>> {
        if !self.fill()? {
            return Ok(None);
        }
        let row = self.at;
        self.at += 1;
        Ok(self.batch.clone().map(|batch| (batch, row)))
    }

    /// Whether the next row is in memory, or in a file.
    pub(crate) fn is_at_hand(&self) -> bool {
        let left = self.batch.as_ref().is_some_and(|batch| self.at < batch.len);
        left || self.rest.is_some() || self.format != Format::ArrowStream
    }

    /// The next row with its number as an object of texts; none at the end.
    pub(crate) fn object(&mut self) -> Result<Option<(u64, Object)>> {
        let Some((batch, row)) = self.read()? else {
            return Ok(None);
        };
        let mut object = Object::new();
        for (at, name) in self.names.iter().enumerate() {
            if let Some(text) = batch.text(row, at) {
                object.insert(name.clone(), Value::String(text.to_owned()));
            }
        }
        object.extend(batch.nested(row).unwrap_or_default());
        Ok(Some((batch.number(row), object)))
    }

    pub(crate) fn error(&self, refusal: impl Into<Refusal>) -> crate::Error {
        wrong(&self.file, None, refusal)
    }

    /// Makes sure that there is a next row; there is none at the end.
    fn fill(&mut self) -> Result<bool> {
        loop {
            if self.batch.as_ref().is_some_and(|batch| self.at < batch.len) {
                return Ok(true);
            }
            if self.rest.is_none() {
                let (batches, rows) = (&mut self.batches, self.rows);
                let next = guarded(|| batches.next(rows));
                self.rest = next.map_err(|what| {
                    let what = format!("this {} file {what}", self.format.name());
                    self.error(what)
                })?;
            }
            let Some(rest) = self.rest.take() else {
                return Ok(false);
            };
            let len = rest.num_rows().min(BATCH);
            let left = rest.num_rows() - len;
            let made = guarded(|| Ok(self.batch_of(&rest.slice(0, len))));
            let batch = made
                .map_err(|what| self.error(format!("this {} file {what}", self.format.name())))?;
            self.batch = Some(Arc::new(batch));
            self.rest = (left > 0).then(|| rest.slice(len, left));
            self.at = 0;
            self.rows += len as u64;
        }
    }

    fn batch_of(&self, rows: &RecordBatch) -> Batch {
        let columns = self.names.len().max(self.of_leaf.len() + self.of_key.len());
        let mut batch = Batch {
            first: self.rows + 1,
            len: rows.num_rows(),
            columns: (0..columns).map(|_| None).collect(),
            nested: Vec::new(),
            floats: Vec::new(),
        };
        for column in &self.plan.columns {
            match &column.place {
                Place::Plain { way, float } => {
                    if let Some(&at) = self.of_leaf.get(&column.leaves.start) {
                        batch.columns[at] = Plain::of(rows.columns(), way);
                        batch.floats.extend(float.then_some(at));
                    }
                }
                Place::Nested(at, shape) => {
                    let array = rows.columns().get(*at);
                    let nodes = array.and_then(|array| Nodes::of(array, shape));
                    batch
                        .nested
                        .extend(nodes.map(|nodes| (column.name.clone(), nodes)));
                }
            }
        }
        batch
    }
}

impl Batches {
    fn fields(&self) -> Fields {
        match self {
            Self::Parquet(batches, _) => batches.fields().clone(),
            Self::Arrow(batches) => batches.schema().fields().clone(),
        }
    }

    /// Where the columns of the kept leaves are in a batch.
    fn plan(&self, fields: &Fields, kept: &[bool]) -> Plan {
        Plan::kept(fields, kept, matches!(self, Self::Arrow(_)))
    }

    fn keep(&mut self, kept: Vec<bool>) {
        if let Self::Parquet(batches, _) = self {
            batches.keep(kept);
        }
    }

    /// The next rows after so many.
    fn next(&mut self, rows: u64) -> std::result::Result<Option<RecordBatch>, String> {
        match self {
            Self::Parquet(batches, progress) => {
                let all = batches.all_rows().max(1);
                let part = rows.min(all) as f64 / all as f64;
                let place = (progress.size as f64 * part) as u64;
                progress.position.store(place, Ordering::Relaxed);
                let batch = batches.next()?;
                if batch.is_none() {
                    progress.position.store(progress.size, Ordering::Relaxed);
                }
                Ok(batch)
            }
            Self::Arrow(batches) => batches.next(),
        }
    }
}

/// Adds the keys of an object that are new.
fn add_keys(object: &Object, known: &mut Positions, names: &mut Vec<String>) {
    flatten(object, &mut |key, _| {
        if !known.contains_key(key) {
            known.insert(key.to_owned(), names.len());
            names.push(key.to_owned());
        }
    });
}

/// What of a file is left out, for messages.
fn left_out(plan: &Plan) -> Vec<String> {
    let list = |names: &[String]| {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        names.join(", ")
    };
    let mut told = Vec::new();
    if !plan.pictures.is_empty() {
        told.push(format!(
            "without the files' bytes in {}",
            list(&plan.pictures)
        ));
    }
    if !plan.unread.is_empty() {
        told.push(format!("without {}, no text", list(&plan.unread)));
    }
    told
}

/// What `read` gives. The libraries are not written for files that were made to harm.
fn guarded<T>(
    read: impl FnOnce() -> std::result::Result<T, String>,
) -> std::result::Result<T, String> {
    let read = catch_unwind(AssertUnwindSafe(read));
    read.unwrap_or_else(|_| Err("is damaged".to_owned()))
}
