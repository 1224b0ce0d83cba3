//! Looking after a catalog: statistics, verification, compaction.

use std::collections::{HashMap, HashSet};

use assort_core::{Method, Product, Space, vector};

use crate::catalog::Catalog;
use crate::classifier::calibrated;
use crate::copies::faults;
use crate::embedding::Item;
use crate::error::Maintenance;
use crate::observer::Observer;
use crate::segments::{broken, repair};
use crate::state::State;
use crate::store::{Reader, SpaceRecord};
use crate::{Error, Result};

/// What a catalog holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Stats {
    /// Number of products.
    pub products: u64,
    /// Number of products with a label.
    pub labelled: u64,
    /// Number of products with an applied decision.
    pub decided: u64,
    /// Number of categories.
    pub categories: usize,
    /// Number of categories without children.
    pub leaves: usize,
    /// Levels of the taxonomy.
    pub levels: usize,
    /// The space of the vectors.
    pub space: Space,
    /// How the embedder is opened.
    pub embedder: String,
    /// A move to another space that was begun: the space, and how many
    /// products have been moved.
    pub moving_to: Option<(Space, u64)>,
    /// Methods whose confidence has been calibrated on labels.
    pub calibrated: Vec<Method>,
    /// Vectors that are in no segment yet.
    pub live: u64,
    /// The segments of the index.
    pub segments: Vec<SegmentStats>,
    /// Rows that walks keep, if tuned, and the recall that was measured.
    pub tuned: Option<(u32, f32)>,
    /// How well the student knows products imported lately, 1 as it knows
    /// those it was judged by; none if the embedder is no student, or none came.
    pub familiarity: Option<f32>,
    /// Bytes on disk.
    pub bytes: u64,
}

/// A segment of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentStats {
    /// Its number, as in the name of its file.
    pub number: u32,
    /// Products it was written with.
    pub products: u64,
    /// Those of them that have changed or gone since.
    pub dead: u64,
}

/// Something wrong with a catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What kind of problem it is, which decides what to do about it.
    pub kind: ProblemKind,
    /// What is wrong, in a sentence.
    pub what: String,
}

/// What a problem concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The file's checksums did not match, and it has been repaired to the last
    /// whole commit: another check tells whether all is well.
    Checksums,
    /// What nothing else tells is lost: only a backup, or a new catalog, helps.
    Store,
    /// The product of this id, or its vector: remove it and import it again.
    Product(String),
    /// A segment is missing or damaged: [`Catalog::repair`] gets over it.
    Segment,
    /// A segment of vectors of pictures is missing or damaged: [`Catalog::embed_pictures`]
    /// makes them anew.
    Pictures,
    /// A segment has other products than the store says: [`Catalog::compact`]
    /// writes it anew.
    Index,
    /// Labels name categories that the taxonomy does not have.
    Labels,
}

impl Problem {
    fn new(kind: ProblemKind, what: String) -> Self {
        Self { kind, what }
    }

    /// A problem with what belongs to `row`: with its product, if it has one.
    fn of_row(reader: &Reader<'_>, row: u32, what: String) -> Result<Self> {
        let product = reader.product(row)?;
        let kind = product.map_or(ProblemKind::Store, |record| ProblemKind::Product(record.id));
        Ok(Self { kind, what })
    }
}

/// Problems listed at most; more say nothing new.
const MOST: usize = 100;

impl Catalog {
    /// Counts what the catalog holds.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`].
    pub fn stats(&self) -> Result<Stats> {
        let reader = self.state.store.read()?;
        let counts = reader.counts()?;
        let taxonomy = self.state.taxonomy_in(&reader)?;
        let space = reader.space()?;
        let moving_to = match reader.next_space()? {
            Some(next) => Some((next.space(), reader.vectors(&next)?)),
            None => None,
        };
        Ok(Stats {
            products: counts.products,
            labelled: counts.labels,
            decided: counts.decisions,
            categories: taxonomy.len(),
            leaves: taxonomy.leaves().count(),
            levels: taxonomy.depth(),
            moving_to,
            calibrated: calibrated(&self.state.store, &reader)?,
            live: reader.live_vectors(&space)?,
            segments: segments(&reader, &space)?,
            familiarity: Some(reader.familiarity(&space)?)
                .filter(|known| known.products > 0.0)
                .map(|known| (known.known / known.products) as f32),
            tuned: reader.tuning()?.map(|tuning| (tuning.ef, tuning.recall)),
            bytes: self.state.store.size() + self.state.segment_files.size(),
            space: space.space(),
            embedder: space.embedder,
        })
    }

    /// Verifies everything that is stored: the file's checksums, every value,
    /// and that all of them fit together. Returns what is wrong, at most
    /// a hundred findings. Others wait while checksums are verified; who only
    /// reads does not verify them. Files of a backup or replica are held against
    /// their checksums in its manifest.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read.
    pub fn check(&self) -> Result<Vec<Problem>> {
        let mut problems = Vec::new();
        let writes = self.state.store.is_writer();
        // The background reads too, and the file is best verified alone.
        self.background.rest();
        if writes && !self.state.verify()? {
            self.forget();
            problems.push(Problem {
                kind: ProblemKind::Checksums,
                what: "the file's checksums did not match; it has been repaired to the last whole commit".to_owned(),
            });
        }
        let reader = self.state.store.read()?;
        let checked = check_values(&self.state, &reader, &mut problems);
        self.background.wake(&self.state);
        match checked {
            Err(Error::Damaged { what, .. }) => {
                problems.push(Problem::new(ProblemKind::Store, what));
            }
            other => other?,
        }
        for what in faults(self.directory())? {
            problems.push(Problem::new(ProblemKind::Store, what));
        }
        problems.truncate(MOST);
        Ok(problems)
    }

    /// Repairs what [`Self::check`] finds wrong with segments: the products of
    /// those that are missing or damaged are embedded again. Returns how many
    /// there were.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::Busy`], [`Error::NoEmbedder`], [`Error::Embed`],
    /// [`Error::Interrupted`] if `observer` stopped it; run it again to go on.
    pub fn repair(&self, observer: &mut dyn Observer) -> Result<u64> {
        if !self.state.store.is_writer() {
            return Err(Error::ReadOnly);
        }
        let _under_way = self.begin(Maintenance::Repair)?;
        self.background.rest();
        let reader = self.state.store.read()?;
        let space = reader.space()?;
        let broken = broken(&self.state, &space)?;
        if broken.is_empty() {
            return Ok(0);
        }
        let embedder = self.embedder_for(&reader)?;
        let numbers: Vec<u32> = broken.into_iter().map(|(number, _)| number).collect();
        let repaired = repair(&self.state, &space, embedder.as_ref(), &numbers, observer)?;
        self.background.wake(&self.state);
        Ok(repaired)
    }
}

fn segments(reader: &Reader<'_>, space: &SpaceRecord) -> Result<Vec<SegmentStats>> {
    let mut segments = Vec::new();
    for (number, record) in reader.segments()? {
        if record.generation == space.generation {
            segments.push(SegmentStats {
                number,
                products: record.rows.into(),
                dead: reader.dead(number)?.len() as u64,
            });
        }
    }
    Ok(segments)
}

/// Holds the segments against what the store says is in them; one that cannot be used is
/// a problem of the kind `unusable`.
fn check_segments(
    state: &State,
    reader: &Reader<'_>,
    space: &SpaceRecord,
    unusable: ProblemKind,
    problems: &mut Vec<Problem>,
) -> Result<()> {
    let bad = broken(state, space)?;
    for (_, what) in &bad {
        problems.push(Problem::new(unusable.clone(), what.clone()));
    }
    let mut expected: HashMap<u32, usize> = HashMap::new();
    for (number, record) in reader.segments()? {
        let known = bad.iter().any(|(bad, _)| *bad == number);
        if record.generation == space.generation && !known {
            expected.insert(number, 0);
        }
    }
    let mut open = HashMap::new();
    for &number in expected.keys() {
        let segment = state.segment_files.segment(number, space.tag())?;
        open.insert(number, (segment, reader.dead(number)?));
    }
    let mut known: HashSet<u32> = bad.iter().map(|(number, _)| *number).collect();
    known.extend(expected.keys());
    reader.each_sealed(space, |row, sealed| {
        let number = sealed.segment;
        let here = open
            .get(&number)
            .and_then(|(segment, dead)| segment.slot(row).filter(|&slot| !dead.contains(slot)));
        if let Some(count) = expected.get_mut(&number) {
            *count += 1;
        }
        if !known.contains(&number) || (open.contains_key(&number) && here.is_none()) {
            let what = format!("the vector in row {row} is not in segment {number}");
            problems.push(Problem::of_row(reader, row, what)?);
        }
        Ok(())
    })?;
    for (number, count) in expected {
        let alive = open
            .get(&number)
            .map_or(0, |(segment, dead)| segment.len() - dead.len());
        if alive != count {
            let what = format!("segment {number} has {alive} products instead of {count}");
            problems.push(Problem::new(ProblemKind::Index, what));
        }
    }
    Ok(())
}

fn check_values(state: &State, reader: &Reader<'_>, problems: &mut Vec<Problem>) -> Result<()> {
    let space = reader.space()?;
    let taxonomy = reader.taxonomy()?;
    if taxonomy.is_empty() {
        let what = "the taxonomy is empty".to_owned();
        problems.push(Problem::new(ProblemKind::Store, what));
    }
    let rows = check_products(reader, &space, problems)?;
    check_ids(reader, &rows, problems)?;
    check_vectors(reader, &space, &rows, problems)?;
    if let Some(next) = reader.next_space()? {
        check_vectors(reader, &next, &rows, problems)?;
    }
    check_segments(state, reader, &space, ProblemKind::Segment, problems)?;
    if let Some(pictures) = reader.picture_space()? {
        check_vectors(reader, &pictures, &rows, problems)?;
        check_segments(state, reader, &pictures, ProblemKind::Pictures, problems)?;
    }
    let mut orphans = 0u64;
    reader.each_label(|row, label| {
        if !rows.contains(&row) {
            problems.push(stray("a label", row));
        }
        orphans += u64::from(taxonomy.by_id(label).is_none());
        Ok(())
    })?;
    if orphans > 0 {
        let what = format!("{orphans} labels name categories that the taxonomy does not have");
        problems.push(Problem::new(ProblemKind::Labels, what));
    }
    reader.each_decision(|row, _| {
        if !rows.contains(&row) {
            problems.push(stray("a decision", row));
        }
        Ok(())
    })?;
    reader.model().map(drop)
}

fn stray(what: &str, row: u32) -> Problem {
    let what = format!("{what} belongs to row {row}, which has no product");
    Problem::new(ProblemKind::Store, what)
}

/// The rows of all products.
fn check_products(
    reader: &Reader<'_>,
    space: &SpaceRecord,
    problems: &mut Vec<Problem>,
) -> Result<HashSet<u32>> {
    let mut rows = HashSet::new();
    let mut from = 0;
    loop {
        let group = reader.products_from(from, 1024)?;
        let Some((last, _)) = group.last() else { break };
        from = last + 1;
        for (row, record) in group {
            rows.insert(row);
            if reader.row(&record.id)? != Some(row) {
                let id = &record.id;
                let what = format!("the product `{id}` in row {row} is not found by its id");
                problems.push(Problem::new(ProblemKind::Store, what));
            }
            let (id, stored) = (record.id.clone(), record.content_hash);
            let product = Product::from(record);
            if product.content_hash() != stored {
                let what = format!("the product `{id}` does not match its digest");
                problems.push(Problem::new(ProblemKind::Product(id.clone()), what));
            }
            if reader.text_hash(space, row)? != Some(Item::of_product(&product).hash) {
                let what =
                    format!("the vector of the product `{id}` is missing or of another text");
                problems.push(Problem::new(ProblemKind::Product(id), what));
            }
        }
        if problems.len() > MOST {
            break;
        }
    }
    Ok(rows)
}

fn check_ids(reader: &Reader<'_>, rows: &HashSet<u32>, problems: &mut Vec<Problem>) -> Result<()> {
    reader.each_id(|id, row| {
        if !rows.contains(&row) {
            let what = format!("the id `{id}` leads to row {row}, which has no product");
            problems.push(Problem::new(ProblemKind::Product(id.to_owned()), what));
        }
        Ok(())
    })
}

fn check_vectors(
    reader: &Reader<'_>,
    space: &SpaceRecord,
    rows: &HashSet<u32>,
    problems: &mut Vec<Problem>,
) -> Result<()> {
    reader.each_live_vector(space, |row, view| {
        if !rows.contains(&row) {
            problems.push(stray("a vector", row));
        }
        if !vector::is_unit(&view.to_vec()) {
            let what = format!("the vector in row {row} is not of unit length");
            problems.push(Problem::of_row(reader, row, what)?);
        }
        Ok(())
    })
}
