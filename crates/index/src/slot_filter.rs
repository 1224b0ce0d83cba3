//! What a filter lets through of a segment.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::bitmap::Bitmap;
use crate::segment::Segment;
use crate::sketch::Sketches;

/// The slots of one segment that a search may find. The first scan of many
/// packs a bit of each of their coordinates, an eighth of a byte, and keeps
/// them here for the next; unless the filter is for one search, which that
/// would make slower.
#[derive(Debug, Default)]
pub struct SlotFilter {
    slots: Bitmap,
    sketches: OnceLock<Sketches>,
    /// Whether it is for one search, as far as is known.
    once: AtomicBool,
}

impl SlotFilter {
    /// A filter for one search.
    pub fn once(slots: Bitmap) -> Self {
        Self {
            once: AtomicBool::new(true),
            ..Self::from(slots)
        }
    }

    /// Notes that there are further searches with a filter that was for one.
    pub fn keep(&self) {
        self.once.store(false, Ordering::Relaxed);
    }

    /// Whether it is for one search.
    pub(crate) fn is_for_one(&self) -> bool {
        self.once.load(Ordering::Relaxed)
    }

    /// The slots.
    pub fn slots(&self) -> &Bitmap {
        &self.slots
    }

    /// The slots, to be changed.
    pub fn slots_mut(&mut self) -> &mut Bitmap {
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

impl From<Bitmap> for SlotFilter {
    fn from(slots: Bitmap) -> Self {
        Self {
            slots,
            sketches: OnceLock::new(),
            once: AtomicBool::new(false),
        }
    }
}

/// A copy makes sketches of its own: it is there to be changed.
impl Clone for SlotFilter {
    fn clone(&self) -> Self {
        self.slots.clone().into()
    }
}

impl FromIterator<u32> for SlotFilter {
    fn from_iter<I: IntoIterator<Item = u32>>(slots: I) -> Self {
        Bitmap::from_iter(slots).into()
    }
}
