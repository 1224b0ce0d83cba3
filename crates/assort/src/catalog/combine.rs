//! One catalog of several, without making vectors or graphs anew.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use assort_core::AttributeSchema;
use assort_files::Disk;
use assort_index::Segment;

use crate::catalog::Catalog;
use crate::columns::{build_columns, columns_are_due};
use crate::copies::student_file;
use crate::observer::{Observer, Progress};
use crate::segments::LIVE;
use crate::store::{Reader, SegmentFiles, SpaceRecord, Store, Taken, Writer};
use crate::{Error, Result};

/// What combining catalogs did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CombineReport {
    /// Products of the new catalog.
    pub products: u64,
    /// Products that gave way to one of the same id in a later catalog.
    pub replaced: u64,
    /// Segments of the new catalog.
    pub segments: usize,
}

impl Catalog {
    /// Makes a catalog in `directory` of all products of others, which have one taxonomy and
    /// one space: with their vectors, labels and decisions, and their segments as they are,
    /// so that no graph is built anew. Of products of one id that of the last catalog stays.
    /// What was learned, and vectors of pictures, are not taken.
    ///
    /// It becomes a catalog in the last step: what is there of one that was stopped is
    /// removed by the next.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is none or they do not fit together,
    /// [`Error::AlreadyACatalog`], [`Error::Full`], [`Error::Interrupted`], [`Error::Segment`]
    /// and [`Error::Damaged`] where one of them cannot be read, [`Error::Io`].
    ///
    /// # Examples
    /// ```no_run
    /// # fn main() -> assort::Result<()> {
    /// use assort::Catalog;
    ///
    /// let parts = ["part-1", "part-2"].map(Catalog::open_read_only);
    /// let parts: Vec<Catalog> = parts.into_iter().collect::<assort::Result<_>>()?;
    /// let report = Catalog::combine("shop", &parts, &mut ())?;
    /// println!("{} products", report.products);
    /// # Ok(())
    /// # }
    /// ```
    pub fn combine(
        directory: impl AsRef<Path>,
        parts: &[Self],
        observer: &mut dyn Observer,
    ) -> Result<CombineReport> {
        let directory = directory.as_ref();
        let parts = parts.iter().map(Part::of).collect::<Result<Vec<_>>>()?;
        let Some(first) = parts.first() else {
            return Err(Error::argument("there is no catalog to combine"));
        };
        let schema = check_alike(first, &parts)?;
        let space = SpaceRecord {
            generation: 1,
            ..first.space.clone()
        };
        let mut combining = Combining {
            space: &space,
            files: SegmentFiles::new(directory, Arc::new(Disk)),
            observer,
            done: 0,
            total: parts.iter().map(Part::size).sum(),
            report: CombineReport::default(),
        };
        let store = Store::create(directory, |writer| {
            take_student(first, directory)?;
            writer.initialize(&space, &first.reader.taxonomy()?)?;
            writer.set_schema(&schema)?;
            writer.absorb_texts(&first.reader, (&first.space, &space))?;
            parts
                .iter()
                .try_for_each(|part| combining.take(writer, part))
        })?;
        let mut report = combining.report;
        let catalog = Self::new(store, None);
        let reader = catalog.state.store.read()?;
        report.products = reader.vectors(&space)?;
        if columns_are_due(&catalog.state, &reader, LIVE)? {
            drop(reader);
            build_columns(&catalog.state, &|| false)?;
        }
        Ok(report)
    }
}

/// One commit of a catalog that is taken over.
struct Part<'a> {
    catalog: &'a Catalog,
    reader: Reader<'a>,
    space: SpaceRecord,
    /// Open, so that merging does not take them away.
    segments: Vec<(u32, Arc<Segment>)>,
}

impl<'a> Part<'a> {
    fn of(catalog: &'a Catalog) -> Result<Self> {
        loop {
            let reader = catalog.state.store.read()?;
            let space = reader.space()?;
            match segments(catalog, &reader, &space) {
                Ok(segments) => {
                    return Ok(Self {
                        catalog,
                        reader,
                        space,
                        segments,
                    });
                }
                // One was merged away meanwhile.
                Err(_) if !reader.is_last()? => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Bytes that are read of it.
    fn size(&self) -> u64 {
        self.catalog.state.store.size() + self.catalog.state.segment_files.size()
    }

    fn refused(&self, what: &str) -> Error {
        let path = self.catalog.directory().display();
        Error::Argument(format!("{path} cannot be combined with the others: {what}"))
    }
}

/// The segments of a space.
fn segments(
    catalog: &Catalog,
    reader: &Reader<'_>,
    space: &SpaceRecord,
) -> Result<Vec<(u32, Arc<Segment>)>> {
    let all = reader.segments()?.into_iter();
    let own = all.filter(|(_, record)| record.generation == space.generation);
    let files = &catalog.state.segment_files;
    own.map(|(number, _)| Ok((number, files.segment(number, space.tag())?)))
        .collect()
}

/// Refuses catalogs of other spaces and other taxonomies than the first has; gives the kinds
/// of attributes of all.
fn check_alike(first: &Part<'_>, parts: &[Part<'_>]) -> Result<AttributeSchema> {
    let taxonomy = first.reader.taxonomy()?;
    let mut kinds: BTreeMap<String, _> = BTreeMap::new();
    for part in parts {
        if part.space.tag() != first.space.tag() {
            let (own, others) = (part.space.space(), first.space.space());
            let what = format!("its vectors are of the space {own}, theirs of {others}");
            return Err(part.refused(&what));
        }
        if part.reader.next_space()?.is_some() {
            return Err(part.refused("it is being moved to another embedder"));
        }
        if part.reader.taxonomy()?.categories() != taxonomy.categories() {
            return Err(part.refused("it has another taxonomy"));
        }
        for (name, kind) in part.reader.schema()?.iter() {
            match kinds.insert(name.to_owned(), kind) {
                Some(other) if other != kind => {
                    let what = format!("its attribute `{name}` is a {kind}, there a {other}");
                    return Err(part.refused(&what));
                }
                _ => {}
            }
        }
    }
    Ok(kinds.into_iter().collect())
}

/// Copies the student that the catalogs are on, if they are on one.
fn take_student(first: &Part<'_>, directory: &Path) -> Result<()> {
    let own = first.catalog.directory();
    let Some(name) = student_file(own, &first.space.embedder)? else {
        return Ok(());
    };
    let (from, to) = (own.join(&name), directory.join(&name));
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder).map_err(|source| Error::Io {
            path: folder.to_owned(),
            doing: "making the folder of students",
            source,
        })?;
    }
    Ok(assort_files::save(&Disk, &to, &assort_files::read(&from)?)?)
}

struct Combining<'a> {
    space: &'a SpaceRecord,
    files: SegmentFiles,
    observer: &'a mut dyn Observer,
    done: u64,
    total: u64,
    report: CombineReport,
}

impl Combining<'_> {
    fn take(&mut self, writer: &mut Writer<'_>, part: &Part<'_>) -> Result<()> {
        let by = writer.next_row()?;
        let mut segments = BTreeMap::new();
        for (there, segment) in &part.segments {
            self.report.segments += 1;
            let here = self.report.segments as u32;
            self.take_segment(segment, here, by)?;
            segments.insert(*there, here);
        }
        let taken = Taken {
            reader: &part.reader,
            space: (&part.space, self.space),
            by,
            segments: &segments,
        };
        let observer = &self.observer;
        self.report.replaced += writer.absorb(&taken, &|| observer.stop())?;
        self.files.bury(writer)?;
        self.tell(part.catalog.state.store.size())
    }

    fn take_segment(&mut self, segment: &Segment, here: u32, by: u32) -> Result<()> {
        self.files.make_folder()?;
        segment.write_shifted(self.files.files(), &self.files.path(here), by)?;
        // It was read once.
        segment.release();
        self.tell(segment.bytes() as u64)
    }

    fn tell(&mut self, bytes: u64) -> Result<()> {
        self.done += bytes;
        self.observer.progress(Progress::Copying {
            done: self.done.min(self.total),
            total: self.total,
        });
        match self.observer.stop() {
            true => Err(Error::Interrupted),
            false => Ok(()),
        }
    }
}
