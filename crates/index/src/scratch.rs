//! Working memory of a search, used again from query to query.

use crate::kernel::Table;

/// Marks a row of the pool whose links have been followed.
const EXPANDED: u64 = 1 << 31;

/// Rows are told apart by the lower 31 bits.
pub(crate) const MOST_ROWS: usize = 1 << 31;

/// The best rows so far, best first, ties by row.
#[derive(Default)]
pub(crate) struct Pool {
    /// Inverted score, then the mark, then the row: in ascending order.
    entries: Vec<u64>,
    capacity: usize,
    /// Rows of the same score that get in one after the other.
    alike: usize,
    /// Everything before it has been expanded.
    cursor: usize,
    /// Key that an entry must be below to get in.
    bound: u64,
    /// Entries of a batch that may get in.
    likely: Vec<u64>,
}

#[inline]
fn key(score: i32, id: u32) -> u64 {
    // Scores descend while keys ascend.
    let inverted = !(score as u32 ^ 1 << 31);
    u64::from(inverted) << 32 | u64::from(id)
}

fn score(entry: u64) -> i32 {
    (!((entry >> 32) as u32) ^ 1 << 31) as i32
}

fn id(entry: u64) -> u32 {
    entry as u32 & !(EXPANDED as u32)
}

impl Pool {
    /// Empties the pool, to keep so many rows from now on.
    pub(crate) fn reset(&mut self, capacity: usize) {
        self.alike = capacity;
        self.entries.clear();
        self.entries.reserve(capacity + 1);
        self.capacity = capacity;
        self.cursor = 0;
        self.bound = if capacity == 0 { 0 } else { u64::MAX };
    }

    /// Empties the pool for a walk: equal rows get half of it at most. They
    /// come by the thousand, and would close it to better ones behind them.
    pub(crate) fn reset_for_walk(&mut self, capacity: usize) {
        self.reset(capacity);
        self.alike = (capacity / 2).max(1);
    }

    /// Takes in those of some rows that are among the best.
    #[inline]
    pub(crate) fn offer_all(&mut self, scores: &[i32], ids: &[u32]) {
        // Most are turned away: those are sorted out without a branch each.
        self.likely.resize(scores.len().max(self.likely.len()), 0);
        let mut count = 0;
        for (&score, &id) in scores.iter().zip(ids) {
            let key = key(score, id);
            self.likely[count] = key;
            count += usize::from(key < self.bound);
        }
        for at in 0..count {
            self.insert(self.likely[at]);
        }
    }

    #[inline]
    pub(crate) fn offer(&mut self, score: i32, id: u32) {
        self.insert(key(score, id));
    }

    #[inline]
    fn insert(&mut self, key: u64) {
        if key >= self.bound {
            return;
        }
        let at = self
            .entries
            .partition_point(|&entry| entry & !EXPANDED < key);
        if self.is_crowded(at, key) {
            return;
        }
        if self.entries.len() == self.capacity {
            self.entries.pop();
        }
        self.entries.insert(at, key);
        self.cursor = self.cursor.min(at);
        if self.entries.len() == self.capacity
            && let Some(last) = self.entries.last()
        {
            self.bound = self.bound.min(last & !EXPANDED);
        }
    }

    /// Whether there are enough rows of the same score.
    #[inline]
    fn is_crowded(&self, at: usize, key: u64) -> bool {
        let first = at.checked_sub(self.alike);
        first.is_some_and(|first| self.entries[first] >> 32 == key >> 32)
    }

    /// The best row that was not given yet.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<u32> {
        let rest = self.entries.get(self.cursor..)?;
        let step = rest.iter().position(|entry| entry & EXPANDED == 0);
        let Some(step) = step else {
            self.cursor = self.entries.len();
            return None;
        };
        let entry = &mut self.entries[self.cursor + step];
        *entry |= EXPANDED;
        self.cursor += step + 1;
        Some(id(*entry))
    }

    /// The score of the `k`th best row.
    pub(crate) fn kth(&self, k: usize) -> Option<i32> {
        let entry = self.entries.get(k.checked_sub(1)?)?;
        Some(score(*entry))
    }

    /// Turns away rows of lower scores, those it has included.
    pub(crate) fn close_below(&mut self, score: i32) {
        let Some(lower) = score.checked_sub(1) else {
            return;
        };
        let bound = key(lower, 0);
        if bound < self.bound {
            self.bound = bound;
            let kept = self
                .entries
                .partition_point(|&entry| entry & !EXPANDED < bound);
            self.entries.truncate(kept);
            self.cursor = self.cursor.min(kept);
        }
    }

    /// Whether the pool is full and `other`'s next row would not get in.
    pub(crate) fn is_closed_to(&self, other: &Self) -> bool {
        let rest = other.entries.get(other.cursor..).unwrap_or_default();
        let next = rest.iter().find(|entry| **entry & EXPANDED == 0);
        self.bound != u64::MAX && next.is_none_or(|next| *next >= self.bound)
    }

    /// Whether a row of that score would not be too far to get in.
    pub(crate) fn reaches(&self, score: i32) -> bool {
        key(score, 0) < self.bound
    }

    /// Scores and rows, best first.
    pub(crate) fn scored(&self) -> impl ExactSizeIterator<Item = (i32, u32)> + Clone + '_ {
        let entries = self.entries.iter().copied();
        entries.map(|entry| (score(entry), id(entry)))
    }

    /// Rows, best first.
    pub(crate) fn ids(&self) -> impl ExactSizeIterator<Item = u32> + Clone + '_ {
        self.entries.iter().copied().map(id)
    }
}

/// A set of rows that is quick to empty.
#[derive(Default)]
pub(crate) struct Visited {
    words: Vec<u64>,
}

impl Visited {
    pub(crate) fn reset(&mut self, rows: usize) {
        self.words.clear();
        self.words.resize(rows.div_ceil(64), 0);
    }

    /// Whether the row was not there before.
    #[inline]
    pub(crate) fn insert(&mut self, id: u32) -> bool {
        let word = &mut self.words[id as usize / 64];
        let before = *word;
        *word |= 1u64 << (id % 64);
        before >> (id % 64) & 1 == 0
    }

    #[inline]
    pub(crate) fn remove(&mut self, id: u32) {
        self.words[id as usize / 64] &= !(1u64 << (id % 64));
    }
}

/// Sums of what sketches are worth.
#[derive(Default)]
pub(crate) struct Sums {
    pub(crate) tables: Vec<Table>,
    pub(crate) all: Vec<u16>,
    pub(crate) sample: Vec<u16>,
}

/// All working memory of a search.
#[derive(Default)]
pub(crate) struct Scratch {
    /// Rows the walk goes by.
    pub(crate) pool: Pool,
    /// Rows that may be found, where not all may.
    pub(crate) found: Pool,
    pub(crate) visited: Visited,
    /// Rows met last.
    pub(crate) fresh: Vec<u32>,
    /// Rows met before, about to be compared.
    pub(crate) pending: Vec<u32>,
    pub(crate) scores: Vec<i32>,
    pub(crate) sums: Sums,
    /// Rows whose sketches are most like the query.
    pub(crate) sketched: Vec<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_keeps_the_best() {
        let mut pool = Pool::default();
        pool.reset(3);
        pool.offer_all(&[5, -7, 9, 5, 6], &[0, 1, 2, 3, 4]);
        assert!(pool.ids().eq([2, 4, 0]));
        assert_eq!((pool.next(), pool.next()), (Some(2), Some(4)));
        pool.offer(7, 9);
        assert_eq!((pool.next(), pool.next()), (Some(9), None));
    }

    #[test]
    fn equal_rows_leave_room_in_a_walk() {
        let mut pool = Pool::default();
        pool.reset_for_walk(8);
        pool.offer_all(&[5; 100], &Vec::from_iter(0..100));
        pool.offer_all(&[1, 2, 3, 4, 9], &[200, 201, 202, 203, 204]);
        assert!(pool.ids().eq([204, 0, 1, 2, 3, 203, 202, 201]));
        // A scan keeps as many as there are.
        pool.reset(8);
        pool.offer_all(&[5; 100], &Vec::from_iter(0..100));
        assert_eq!(pool.ids().len(), 8);
    }
}
