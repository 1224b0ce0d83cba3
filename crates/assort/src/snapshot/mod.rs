//! The vectors and labels of a catalog, as of one commit.
//!
//! Live vectors and labels stand in blocks that are shared between snapshots:
//! a writer copies the blocks it changes, and a reader keeps the snapshot it
//! has. Sealed vectors stay in their files; a snapshot knows which are alive.

pub(crate) mod chunk;
mod live;
mod places;
mod row_filter;
mod sealed;

use std::sync::Arc;

use assort_core::{CategoryIndex, Taxonomy};
use assort_index::{Bitmap, Segment, SlotFilter};

use self::chunk::Chunk;
use self::live::{Labels, Live};
use crate::Result;
use crate::store::SegmentFiles;
use crate::store::{Epoch, Reader, SpaceRecord};

pub(crate) use self::live::{BLOCK, Block};
pub(crate) use self::row_filter::{FilteredRows, RowFilter};
pub(crate) use self::sealed::Sealed;

/// All vectors and labels of one commit.
#[derive(Clone)]
pub(crate) struct Snapshot {
    version: u64,
    epoch: Epoch,
    generation: u32,
    dimensions: usize,
    live: Live,
    sealed: Vec<Sealed>,
    labels: Labels,
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
    /// Bitmap whose rows had changed before it was added.
    pub(crate) dead: Vec<u32>,
    /// Segments it takes the place of; live vectors if there are none.
    pub(crate) merged: Vec<u32>,
}

impl Snapshot {
    /// Reads a commit. Labels of categories the taxonomy no longer has are
    /// left out.
    pub(crate) fn load(
        reader: &Reader<'_>,
        segment_files: &SegmentFiles,
        taxonomy: &Taxonomy,
    ) -> Result<Self> {
        Self::load_space(reader, segment_files, taxonomy, &reader.space()?)
    }

    /// The same with the vectors of another space of the catalog.
    pub(crate) fn load_space(
        reader: &Reader<'_>,
        segment_files: &SegmentFiles,
        taxonomy: &Taxonomy,
        space: &SpaceRecord,
    ) -> Result<Self> {
        let dimensions = space.dimensions as usize;
        let mut snapshot = Self {
            version: reader.version()?,
            epoch: reader.epoch()?,
            generation: space.generation,
            dimensions,
            live: Live::new(dimensions),
            sealed: Vec::new(),
            labels: Labels::default(),
        };
        let segments = reader.segments()?;
        let numbers: Vec<u32> = segments.iter().map(|(number, _)| *number).collect();
        segment_files.keep(&numbers);
        for (number, record) in segments {
            if record.generation == space.generation {
                let segment = segment_files.segment(number, space.tag())?;
                let sealed = Sealed::new(number, segment, &reader.dead(number)?);
                snapshot.sealed.push(sealed);
            }
        }
        reader.each_live_vector(space, |row, view| {
            snapshot.live.set(row, |place| view.copy_to(place));
            Ok(())
        })?;
        snapshot.live.sketch();
        reader.each_label(|row, label| {
            if let Some(category) = taxonomy.by_id(label) {
                snapshot.labels.set(row, Some(category));
            }
            Ok(())
        })?;
        Ok(snapshot)
    }

    /// A state that no commit is behind: the rows of a segment, all of them alive, and their
    /// labels from row 0 on.
    pub(crate) fn of_segment(
        epoch: Epoch,
        dimensions: usize,
        segment: Option<Arc<Segment>>,
        labels: impl IntoIterator<Item = CategoryIndex>,
    ) -> Self {
        let mut snapshot = Self {
            version: 0,
            generation: epoch.generation,
            epoch,
            dimensions,
            live: Live::new(dimensions),
            sealed: Vec::new(),
            labels: Labels::default(),
        };
        let sealed = segment.map(|segment| Sealed::new(0, segment, &Bitmap::default()));
        snapshot.sealed.extend(sealed);
        for (row, label) in (0u32..).zip(labels) {
            snapshot.labels.set(row, Some(label));
        }
        snapshot
    }

    /// The commit this is a state of.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// What its labels and vectors depend on.
    pub(crate) fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// Number of the space of its vectors.
    pub(crate) fn generation(&self) -> u32 {
        self.generation
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
    pub(crate) fn live_chunks(&self) -> Vec<Chunk<'_>> {
        let blocks = self.live.blocks();
        blocks.map(|block| Chunk::live(self, block)).collect()
    }

    /// All vectors, in parts of about [`BLOCK`] rows.
    pub(crate) fn chunks(&self) -> Vec<Chunk<'_>> {
        let sealed = self.sealed.iter().flat_map(|sealed| {
            let rows = sealed.segment.len() as u32;
            let from = (0..rows).step_by(BLOCK);
            from.map(move |from| Chunk::sealed(self, sealed, from..rows.min(from + BLOCK as u32)))
        });
        self.live_chunks().into_iter().chain(sealed).collect()
    }

    /// Number of live vectors that may be found.
    pub(crate) fn live_matches(&self, filter: RowFilter<'_>) -> usize {
        let chunks = self.live_chunks();
        let rows = chunks.iter().flat_map(|chunk| {
            let rows = chunk.rows().unwrap_or_default().into_iter();
            rows.filter(|(_, row)| filter.has(self, *row))
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

    /// Whether any row has a label.
    pub(crate) fn has_labels(&self) -> bool {
        self.labels.len() > 0
    }

    /// The label of a row.
    pub(crate) fn label(&self, row: u32) -> Option<CategoryIndex> {
        self.labels.get(row)
    }

    /// The same as if some rows had no label.
    pub(crate) fn without_labels(&self, rows: impl IntoIterator<Item = u32>) -> Result<Self> {
        let labels = rows.into_iter().map(|row| (row, None)).collect();
        let changes = Changes {
            labels,
            ..Changes::default()
        };
        self.after(changes, self.version)
    }

    /// The live slots of labelled rows.
    pub(crate) fn labelled<'s>(&self, sealed: &'s Sealed) -> &'s SlotFilter {
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
            next.live.set(*row, |place| place.copy_from_slice(vector));
        }
        next.live.sketch();
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
        let dead: Bitmap = resealed.dead.iter().copied().collect();
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
