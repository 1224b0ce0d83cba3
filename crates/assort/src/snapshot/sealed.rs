//! A segment, and which of its slots are the catalog's.

use std::sync::{Arc, OnceLock};

use assort_index::{Bitmap, Segment, SlotFilter};

use super::places::Places;

/// A segment, and which of it is the catalog's.
#[derive(Clone)]
pub(crate) struct Sealed {
    pub(crate) number: u32,
    pub(crate) segment: Arc<Segment>,
    /// Bitmap that are alive; all if none.
    alive: Option<Arc<SlotFilter>>,
    /// Where rows are, once many were asked for.
    places: OnceLock<Arc<Option<Places>>>,
    /// Bitmap of labelled rows, once they were asked for.
    pub(super) labelled: OnceLock<Arc<SlotFilter>>,
}

impl Sealed {
    pub(super) fn new(number: u32, segment: Arc<Segment>, dead: &Bitmap) -> Self {
        let mut sealed = Self {
            number,
            segment,
            alive: None,
            places: OnceLock::new(),
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
    pub(super) fn slots_of(&self, rows: &Bitmap) -> Bitmap {
        let places = self.places.get_or_init(|| Places::of(&self.segment).into());
        let mut slots = match &**places {
            Some(places) => places.slots(rows),
            None => {
                let all = 0..self.segment.len() as u32;
                let has = |row| rows.contains(row);
                all.filter(|&slot| self.segment.row(slot).is_some_and(has))
                    .collect()
            }
        };
        if let Some(alive) = self.alive() {
            slots.intersect(alive.slots());
        }
        slots
    }
}
