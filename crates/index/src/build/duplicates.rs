//! Rows that no query can tell apart.
//!
//! Thousands of equal rows would be each other's nearest, fill each other's
//! lists, and stand alone together. So a builder inserts the first of them
//! only, and [`super::repair`] hangs the others under it.

use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::ordered::Codes;

/// For each row the first one of the same codes.
pub(super) struct Duplicates {
    firsts: Vec<u32>,
}

impl Duplicates {
    pub(super) fn of(codes: &Codes) -> Self {
        let rows = codes.rows();
        let mut keyed: Vec<(u64, u32)> = (0..rows as u32)
            .into_par_iter()
            .map(|id| {
                let (record, refinement) = codes.all_bits(id);
                (xxh3_64_with_seed(record, refinement as u64), id)
            })
            .collect();
        keyed.par_sort_unstable();
        let mut firsts: Vec<u32> = (0..rows as u32).collect();
        for alike in keyed.chunk_by(|a, b| a.0 == b.0) {
            let (_, first) = alike[0];
            for &(_, id) in &alike[1..] {
                // Others of the same hash by chance are left alone.
                if codes.all_bits(id) == codes.all_bits(first) {
                    firsts[id as usize] = first;
                }
            }
        }
        Self { firsts }
    }

    /// The first row of the same codes, if the row is not that itself.
    pub(super) fn first(&self, id: u32) -> Option<u32> {
        let first = self.firsts[id as usize];
        (first != id).then_some(first)
    }
}
