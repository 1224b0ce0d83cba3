//! Where the rows of a segment are.

use assort_index::{Bitmap, Segment};

/// Rows from the first to the last for each slot: where there are more, a table of them all
/// takes more memory than it saves time.
const SPREAD: usize = 4;

/// No slot has this number.
const NOWHERE: u32 = u32::MAX;

/// The slots of a segment by row.
pub(super) struct Places {
    /// The lowest row.
    first: u32,
    /// The slot of each row from the first to the last.
    slots: Vec<u32>,
    /// Words of 64 slots, with a bit for each that has a row.
    all: Vec<u64>,
}

impl Places {
    /// None where the rows are few among those between them.
    pub(super) fn of(segment: &Segment) -> Option<Self> {
        // A slot without a row is none that a filter has.
        let row = |slot| Some((slot, segment.row(slot)?));
        let rows: Vec<(u32, u32)> = (0..segment.len() as u32).filter_map(row).collect();
        let first = rows.iter().map(|(_, row)| *row).min().unwrap_or(0);
        let last = rows.iter().map(|(_, row)| *row).max().unwrap_or(0);
        let range = (last - first) as usize + 1;
        if range > SPREAD * segment.len() {
            return None;
        }
        let mut places = Self {
            first,
            slots: vec![NOWHERE; range],
            all: vec![0; segment.len().div_ceil(64)],
        };
        for (slot, row) in rows {
            places.slots[(row - first) as usize] = slot;
            places.all[slot as usize / 64] |= 1 << (slot % 64);
        }
        Some(places)
    }

    /// The slots of some rows.
    pub(super) fn slots(&self, rows: &Bitmap) -> Bitmap {
        // Where most rows are meant, the slots of the others are taken out.
        let is_most = rows.len() > self.slots.len() / 2;
        let mut words = match is_most {
            true => self.all.clone(),
            false => vec![0; self.all.len()],
        };
        let end = self.first as usize + self.slots.len();
        for at in self.first as usize / 64..end.div_ceil(64) {
            let meant = rows.words().get(at).copied().unwrap_or(0);
            let mut left = if is_most { !meant } else { meant };
            while left != 0 {
                let row = at * 64 + left.trailing_zeros() as usize;
                left &= left - 1;
                if let Some(slot) = self.slot(row) {
                    words[slot / 64] ^= 1 << (slot % 64);
                }
            }
        }
        Bitmap::from_words(words)
    }

    fn slot(&self, row: usize) -> Option<usize> {
        let slot = self.slots.get(row.checked_sub(self.first as usize)?)?;
        (*slot != NOWHERE).then_some(*slot as usize)
    }
}
