//! The vectors and labels of a catalog, as of one commit.
//!
//! Live vectors and labels stand in blocks that are shared between snapshots:
//! a writer copies the blocks it changes, and a reader keeps the snapshot it
//! has. Sealed vectors stay in their files; a snapshot knows which are alive.

use std::sync::{Arc, OnceLock};

use assort_core::{CategoryIndex, Taxonomy};
use assort_index::{Matches, Segment, Slots};

use crate::Result;
use crate::blocks::{BLOCK, Labels, Live};
use crate::part::Part;
use crate::scan::Among;
use crate::segments::Shelf;
use crate::store::{Ground, Reader};

/// All vectors and labels of one commit.
#[derive(Clone)]
pub(crate) struct Snapshot {
    version: u64,
    ground: Ground,
    dimensions: usize,
    live: Live,
    sealed: Vec<Sealed>,
    labels: Labels,
}

/// A segment, and which of it is the catalog's.
#[derive(Clone)]
pub(crate) struct Sealed {
    pub(crate) number: u32,
    pub(crate) segment: Arc<Segment>,
    /// Slots that are alive; all if none.
    alive: Option<Arc<Matches>>,
    /// Slots of labelled rows, once they were asked for.
    labelled: OnceLock<Arc<Matches>>,
}

/// What a commit changed.
#[derive(Default)]
pub(crate) struct Changes {
    pub(crate) vectors: Vec<(u32, Vec<f32>)>,
    pub(crate) labels: Vec<(u32, Option<CategoryIndex>)>,
    pub(crate) removed: Vec<u32>,
    /// A new segment in place of live vectors or of other segments.
    pub(crate) resealed: Option<Resealed>,
    /// Segments in which nothing was alive.
    pub(crate) dropped: Vec<u32>,
}

/// A segment that was added.
pub(crate) struct Resealed {
    pub(crate) number: u32,
    pub(crate) segment: Arc<Segment>,
    /// Slots whose rows had changed before it was added.
    pub(crate) dead: Vec<u32>,
    /// Segments it takes the place of; live vectors if there are none.
    pub(crate) merged: Vec<u32>,
}

impl Sealed {
    fn new(number: u32, segment: Arc<Segment>, dead: &Slots) -> Self {
        let mut sealed = Self {
            number,
            segment,
            alive: None,
            labelled: OnceLock::new(),
        };
        sealed.bury(dead.iter());
        sealed
    }

    fn bury(&mut self, slots: impl IntoIterator<Item = u32>) {
        let mut slots = slots.into_iter().peekable();
        if slots.peek().is_none() {
            return;
        }
        let rows = self.segment.len();
        let alive = self
            .alive
            .get_or_insert_with(|| Arc::new(Slots::below(rows).into()));
        let alive = Arc::make_mut(alive).slots_mut();
        let labelled = self.labelled.get_mut().map(Arc::make_mut);
        let mut labelled = labelled.map(Matches::slots_mut);
        slots.for_each(|slot| {
            alive.remove(slot);
            if let Some(labelled) = &mut labelled {
                labelled.remove(slot);
            }
        });
    }

    /// Notes that a row got or lost its label.
    fn relabel(&mut self, row: u32, has_label: bool) {
        if self.labelled.get().is_none() {
            return;
        }
        let Some(slot) = self.slot(row) else { return };
        if let Some(labelled) = self.labelled.get_mut().map(Arc::make_mut) {
            let labelled = labelled.slots_mut();
            if has_label {
                labelled.insert(slot);
            } else {
                labelled.remove(slot);
            }
        }
    }

    /// The slots that are alive; all if none.
    pub(crate) fn alive(&self) -> Option<&Matches> {
        self.alive.as_deref()
    }

    pub(crate) fn is_alive(&self, slot: u32) -> bool {
        self.alive()
            .is_none_or(|alive| alive.slots().contains(slot))
    }

    /// Number of rows that are alive.
    pub(crate) fn len(&self) -> usize {
        self.alive().map_or(self.segment.len(), Matches::len)
    }

    /// The slot of a row that is alive here.
    fn slot(&self, row: u32) -> Option<u32> {
        self.segment.slot(row).filter(|&slot| self.is_alive(slot))
    }

    /// The live slots of some rows.
    pub(crate) fn slots_of(&self, rows: &Slots) -> Matches {
        if rows.len() < self.segment.len() / 16 {
            return rows.iter().filter_map(|row| self.slot(row)).collect();
        }
        let slots = 0..self.segment.len() as u32;
        let wanted = slots.filter(|&slot| {
            self.is_alive(slot) && self.segment.row(slot).is_some_and(|row| rows.contains(row))
        });
        wanted.collect()
    }
}

impl Snapshot {
    /// Reads a commit. Labels of categories the taxonomy no longer has are
    /// left out.
    pub(crate) fn load(reader: &Reader<'_>, shelf: &Shelf, taxonomy: &Taxonomy) -> Result<Self> {
        let space = reader.space()?;
        let dimensions = space.dimensions as usize;
        let mut snapshot = Self {
            version: reader.version()?,
            ground: reader.ground()?,
            dimensions,
            live: Live::new(dimensions),
            sealed: Vec::new(),
            labels: Labels::default(),
        };
        let segments = reader.segments()?;
        let numbers: Vec<u32> = segments.iter().map(|(number, _)| *number).collect();
        shelf.keep(&numbers);
        for (number, record) in segments {
            if record.generation == space.generation {
                let segment = shelf.segment(number, space.tag())?;
                let sealed = Sealed::new(number, segment, &reader.dead(number)?);
                snapshot.sealed.push(sealed);
            }
        }
        reader.each_live_vector(&space, |row, view| {
            view.copy_to(snapshot.live.place(row));
            Ok(())
        })?;
        reader.each_label(|row, label| {
            if let Some(category) = taxonomy.by_id(label) {
                snapshot.labels.set(row, Some(category));
            }
            Ok(())
        })?;
        Ok(snapshot)
    }

    /// The commit this is a state of.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// What its labels and vectors depend on.
    pub(crate) fn ground(&self) -> &Ground {
        &self.ground
    }

    pub(crate) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Vectors that are in no segment.
    pub(crate) fn live(&self) -> &Live {
        &self.live
    }

    pub(crate) fn sealed(&self) -> &[Sealed] {
        &self.sealed
    }

    /// Vectors that are in no segment, in parts.
    pub(crate) fn live_parts(&self) -> Vec<Part<'_>> {
        let blocks = self.live.blocks();
        blocks.map(|block| Part::live(self, block)).collect()
    }

    /// All vectors, in parts of about [`BLOCK`] rows.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let sealed = self.sealed.iter().flat_map(|sealed| {
            let rows = sealed.segment.len() as u32;
            let from = (0..rows).step_by(BLOCK);
            from.map(move |from| Part::sealed(self, sealed, from..rows.min(from + BLOCK as u32)))
        });
        self.live_parts().into_iter().chain(sealed).collect()
    }

    /// Number of live vectors that may be found.
    pub(crate) fn live_matches(&self, among: Among<'_>) -> usize {
        let parts = self.live_parts();
        let rows = parts.iter().flat_map(|part| {
            let rows = part.rows().unwrap_or_default().into_iter();
            rows.filter(|(_, row)| among.has(part, *row))
        });
        rows.count()
    }

    /// The vector of a row.
    pub(crate) fn vector(&self, row: u32) -> Result<Option<Vec<f32>>> {
        if let Some(vector) = self.live.vector(row) {
            return Ok(Some(vector.to_vec()));
        }
        for sealed in &self.sealed {
            if let Some(slot) = sealed.slot(row) {
                let mut vector = vec![0.0; self.dimensions];
                sealed.segment.vector(slot, &mut vector)?;
                return Ok(Some(vector));
            }
        }
        Ok(None)
    }

    /// The label of a row.
    pub(crate) fn label(&self, row: u32) -> Option<CategoryIndex> {
        self.labels.get(row)
    }

    /// The live slots of labelled rows.
    pub(crate) fn labelled<'s>(&self, sealed: &'s Sealed) -> &'s Matches {
        sealed.labelled.get_or_init(|| {
            let slots = 0..sealed.segment.len() as u32;
            let labelled = slots.filter(|&slot| {
                let row = sealed.segment.row(slot);
                sealed.is_alive(slot) && row.is_some_and(|row| self.label(row).is_some())
            });
            Arc::new(labelled.collect())
        })
    }

    /// The state after a commit that made `changes` and got `version`.
    pub(crate) fn after(&self, changes: Changes, version: u64) -> Result<Self> {
        let mut next = self.clone();
        next.version = version;
        if let Some(resealed) = changes.resealed {
            next.reseal(resealed);
        }
        next.sealed
            .retain(|sealed| !changes.dropped.contains(&sealed.number));
        let rows = changes.vectors.iter().map(|(row, _)| row);
        for &row in rows.chain(&changes.removed) {
            next.unseal(row);
        }
        for (row, vector) in &changes.vectors {
            next.live.place(*row).copy_from_slice(vector);
        }
        for &row in &changes.removed {
            next.live.remove(row);
        }
        let gone = changes.removed.iter().map(|row| (*row, None));
        let labels: Vec<_> = changes.labels.iter().copied().chain(gone).collect();
        for (row, label) in &labels {
            next.labels.set(*row, *label);
            for sealed in &mut next.sealed {
                sealed.relabel(*row, label.is_some());
            }
        }
        for sealed in &next.sealed {
            sealed.segment.intact()?;
        }
        Ok(next)
    }

    /// Takes a row out of the segment it is in.
    fn unseal(&mut self, row: u32) {
        for sealed in &mut self.sealed {
            if let Some(slot) = sealed.slot(row) {
                sealed.bury([slot]);
            }
        }
    }

    fn reseal(&mut self, resealed: Resealed) {
        let dead: Slots = resealed.dead.iter().copied().collect();
        let sealed = Sealed::new(resealed.number, resealed.segment, &dead);
        if resealed.merged.is_empty() {
            let slots = 0..sealed.segment.len() as u32;
            for slot in slots.filter(|slot| !dead.contains(*slot)) {
                if let Some(row) = sealed.segment.row(slot) {
                    self.live.remove(row);
                }
            }
        }
        self.sealed
            .retain(|old| !resealed.merged.contains(&old.number));
        self.sealed.push(sealed);
    }
}
