//! A segment, and which of its slots are the catalog's.

use std::sync::{Arc, OnceLock};

use assort_index::{Bitmap, Segment, SlotFilter};
use rayon::prelude::*;

/// Blocks of slots that a thread looks at together, at least.
const BLOCKS: usize = 512;

/// A segment, and which of it is the catalog's.
#[derive(Clone)]
pub(crate) struct Sealed {
    pub(crate) number: u32,
    pub(crate) segment: Arc<Segment>,
    /// Bitmap that are alive; all if none.
    alive: Option<Arc<SlotFilter>>,
    /// The row of each slot, once many were asked for.
    rows: OnceLock<Arc<[u32]>>,
    /// Bitmap of labelled rows, once they were asked for.
    pub(super) labelled: OnceLock<Arc<SlotFilter>>,
}

impl Sealed {
    pub(super) fn new(number: u32, segment: Arc<Segment>, dead: &Bitmap) -> Self {
        let mut sealed = Self {
            number,
            segment,
            alive: None,
            rows: OnceLock::new(),
            labelled: OnceLock::new(),
        };
        sealed.bury(dead.iter());
        sealed
    }

    pub(super) fn bury(&mut self, slots: impl IntoIterator<Item = u32>) {
        let mut slots = slots.into_iter().peekable();
        if slots.peek().is_none() {
            return;
        }
        let rows = self.segment.len();
        let alive = self
            .alive
            .get_or_insert_with(|| Arc::new(Bitmap::below(rows).into()));
        let alive = Arc::make_mut(alive).slots_mut();
        let labelled = self.labelled.get_mut().map(Arc::make_mut);
        let mut labelled = labelled.map(SlotFilter::slots_mut);
        slots.for_each(|slot| {
            alive.remove(slot);
            if let Some(labelled) = &mut labelled {
                labelled.remove(slot);
            }
        });
    }

    /// Notes that a row got or lost its label.
    pub(super) fn relabel(&mut self, row: u32, has_label: bool) {
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
    pub(crate) fn alive(&self) -> Option<&SlotFilter> {
        self.alive.as_deref()
    }

    pub(crate) fn is_alive(&self, slot: u32) -> bool {
        self.alive()
            .is_none_or(|alive| alive.slots().contains(slot))
    }

    /// Number of rows that are alive.
    pub(crate) fn len(&self) -> usize {
        self.alive().map_or(self.segment.len(), SlotFilter::len)
    }

    /// The slot of a row that is alive here.
    pub(super) fn slot(&self, row: u32) -> Option<u32> {
        self.segment.slot(row).filter(|&slot| self.is_alive(slot))
    }

    /// The live slots of some rows.
    pub(crate) fn slots_of(&self, rows: &Bitmap) -> SlotFilter {
        if rows.len() < self.segment.len() / 16 {
            return rows.iter().filter_map(|row| self.slot(row)).collect();
        }
        let blocks = self.rows().par_chunks(64);
        let words = blocks.map(|block| Bitmap::word(block.iter().map(|row| rows.contains(*row))));
        let mut wanted = Bitmap::from_words(words.with_min_len(BLOCKS).collect());
        if let Some(alive) = self.alive() {
            wanted.intersect(alive.slots());
        }
        wanted.into()
    }

    /// The row of each slot.
    fn rows(&self) -> &[u32] {
        self.rows.get_or_init(|| {
            let slots = 0..self.segment.len() as u32;
            // A slot without a row is none that a filter has.
            slots
                .map(|slot| self.segment.row(slot).unwrap_or(u32::MAX))
                .collect()
        })
    }
}
