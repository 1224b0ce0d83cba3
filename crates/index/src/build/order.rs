//! Which row gets which slot.
//!
//! Rows of upper levels come first, so that a slot is the same on all levels.
//! Below the top, the rows that a level adds stand in the order of their
//! nearest rows on the level above: rows that are walked together lie together.

use rayon::prelude::*;

use super::near::Near;

/// Rows of each level, the lowest first: each level holds an m-th of the one
/// below.
pub(super) fn counts(rows: usize, m: usize) -> Vec<usize> {
    let above = |count: &usize| Some(count / m).filter(|&count| count > 0);
    std::iter::successors(Some(rows), above).collect()
}

/// Position of the row for each slot, by chance: which rows are on upper
/// levels is decided here.
pub(super) fn shuffled(rows: usize, seed: u64) -> Vec<u32> {
    let mut chance = Chance(seed);
    let mut order: Vec<u32> = (0..rows as u32).collect();
    for at in (1..rows).rev() {
        order.swap(at, chance.below(at + 1));
    }
    order
}

/// Puts the rows of a level that are on no upper one, those from slot `first` on, in the order of
/// their nearest rows above.
pub(super) fn arrange(order: &mut [u32], first: usize, near: &mut Near) {
    let mut slots: Vec<u32> = (first as u32..order.len() as u32).collect();
    slots.par_sort_by_key(|&slot| near.of(slot).first().copied());
    near.reorder(first, &slots);
    let moved: Vec<u32> = slots.iter().map(|&slot| order[slot as usize]).collect();
    order[first..].copy_from_slice(&moved);
}

/// Numbers that look like chance (SplitMix; Steele, Lea and Flood, 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }
}
