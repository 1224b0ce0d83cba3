//! What a filter lets through of a segment.

use std::sync::OnceLock;

use crate::segment::Segment;
use crate::sketch::Sketches;
use crate::slots::Slots;

/// The slots of one segment that a search may find. The first scan of many
/// packs a bit of each of their coordinates, an eighth of a byte, and keeps
/// them here for the next.
#[derive(Debug, Default)]
pub struct Matches {
    slots: Slots,
    sketches: OnceLock<Sketches>,
}

impl Matches {
    /// The slots.
    pub fn slots(&self) -> &Slots {
        &self.slots
    }

    /// The slots, to be changed.
    pub fn slots_mut(&mut self) -> &mut Slots {
        self.sketches.take();
        &mut self.slots
    }

    /// Number of slots.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is no slot.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The sketches of the rows in these slots, of this segment.
    pub(crate) fn sketches(&self, segment: &Segment) -> &Sketches {
        self.sketches
            .get_or_init(|| Sketches::new(segment, &self.slots))
    }
}

impl From<Slots> for Matches {
    fn from(slots: Slots) -> Self {
        Self {
            slots,
            sketches: OnceLock::new(),
        }
    }
}

/// A copy makes sketches of its own: it is there to be changed.
impl Clone for Matches {
    fn clone(&self) -> Self {
        self.slots.clone().into()
    }
}

impl FromIterator<u32> for Matches {
    fn from_iter<I: IntoIterator<Item = u32>>(slots: I) -> Self {
        Slots::from_iter(slots).into()
    }
}
