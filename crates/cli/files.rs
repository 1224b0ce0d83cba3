//! Product files on their way in, and the rows that were rejected.

use std::cell::Cell;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use assort::read::{Input, Mapping, ProductReader, Rejected};
use assort::{Error, InputRow};

use crate::args::Columns;
use crate::failure::Failure;

/// Rejected rows that are shown while they come.
const SHOWN: u64 = 5;

impl Columns {
    /// The mapping for products, with the columns of further text, which
    /// commands name in their own ways.
    pub(crate) fn mapping(&self, text: &Option<Vec<String>>) -> Mapping {
        Mapping {
            id: self.id.clone(),
            title: self.title.clone(),
            text: text.clone(),
            attributes: self.attributes.clone(),
            category: self.category.clone(),
            image: self.image.clone(),
            quoting: self.quoting,
            require_title: true,
        }
    }
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
            guesses.push(format!("{name}: {}, {}", reader.format(), reader.columns()));
            readers.push((name, reader));
        }
        Ok(Self {
            readers: readers.into_iter(),
            current: None,
            name: Rc::default(),
            positions,
            size,
            guesses,
        })
    }

    pub(crate) fn name(&self) -> CurrentName {
        Rc::clone(&self.name)
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

fn reopen(kept: &Path, encoding: Option<&str>) -> Result<Input, Error> {
    let file = File::open(kept).map_err(|source| Error::Io {
        path: kept.to_owned(),
        doing: "reading standard input again",
        source,
    })?;
    Input::from_reader("standard input", file, encoding)
}

impl Iterator for Files {
    type Item = InputRow;

    fn next(&mut self) -> Option<InputRow> {
        loop {
            if let Some(row) = self.current.as_mut().and_then(Iterator::next) {
                return Some(row);
            }
            let (name, reader) = self.readers.next()?;
            self.name.set(Some(name.into()));
            self.current = Some(reader);
        }
    }
}

/// The list of rejected rows, made when the first one comes.
pub(crate) struct Rejects {
    path: Option<PathBuf>,
    writer: Option<csv::Writer<File>>,
    name: CurrentName,
    count: u64,
    failed: Option<String>,
}

impl Rejects {
    /// Rejects of the files whose current name is `name`, listed in `path` or
    /// only shown.
    pub(crate) fn new(path: Option<&Path>, name: CurrentName) -> Self {
        Self {
            path: path.map(Path::to_owned),
            writer: None,
            name,
            count: 0,
            failed: None,
        }
    }

    /// Lists a row; gives what to print of it, which is nothing after the
    /// first few.
    pub(crate) fn add(&mut self, rejected: &Rejected) -> Option<String> {
        self.count += 1;
        let current = self.name.take();
        self.name.set(current.clone());
        let file = current.as_deref().unwrap_or_default();
        if let Err(error) = self.list(file, rejected) {
            self.failed = Some(error.to_string());
        }
        match self.count {
            1..=SHOWN => Some(format!(
                "rejected {file}, line {}: {}",
                rejected.line, rejected.reason
            )),
            n if n == SHOWN + 1 => Some("rejected further rows".to_owned()),
            _ => None,
        }
    }

    fn list(&mut self, file: &str, rejected: &Rejected) -> Result<(), csv::Error> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        if self.failed.is_some() {
            return Ok(());
        }
        if self.writer.is_none() {
            let mut writer = csv::Writer::from_path(path)?;
            writer.write_record(["file", "line", "id", "reason"])?;
            self.writer = Some(writer);
        }
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        let line = rejected.line.to_string();
        writer.write_record([
            file,
            &line,
            rejected.id.as_deref().unwrap_or_default(),
            &rejected.reason,
        ])
    }

    /// Ends the list; gives where it is, if there is one.
    pub(crate) fn finish(mut self) -> Result<Option<PathBuf>, Failure> {
        let path = self.path.take();
        let failed = |what: String| {
            let path = path
                .as_deref()
                .map(|path| path.display().to_string())
                .unwrap_or_default();
            Failure::Failed(format!(
                "the rejected rows could not be listed in {path}: {what}; name another file with --rejects"
            ))
        };
        if let Some(error) = self.failed {
            return Err(failed(error));
        }
        match self.writer {
            Some(mut writer) => {
                writer.flush().map_err(|error| failed(error.to_string()))?;
                Ok(path)
            }
            None => Ok(None),
        }
    }
}
