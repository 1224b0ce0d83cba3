//! Which features a student has learned, and their places in its table.

use rayon::prelude::*;

/// Bits for each feature that is learned, at least: with sixteen one in
/// seventeen of the others is taken for one of it.
const BITS_PER_FEATURE: usize = 16;

/// The features that a student has learned, as bits by their hash (a Bloom filter of one
/// hash), and the number of places they share.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Vocabulary {
    /// A power of two of bits.
    pub(crate) bits: Vec<u64>,
    pub(crate) buckets: usize,
}

impl Vocabulary {
    /// The features that at least `min_df` of the texts have.
    pub(crate) fn of(texts: &[Vec<u64>], min_df: u32, buckets: usize) -> Self {
        let mut all: Vec<u64> = texts
            .par_iter()
            .flat_map_iter(|found| {
                let mut own = found.clone();
                own.sort_unstable();
                own.dedup();
                own
            })
            .collect();
        all.par_sort_unstable();
        let learned: Vec<u64> = all
            .chunk_by(|a, b| a == b)
            .filter(|same| same.len() >= min_df as usize)
            .map(|same| same[0])
            .collect();
        let size = (learned.len().max(64) * BITS_PER_FEATURE).next_power_of_two();
        let mut bits = vec![0u64; size / 64];
        for feature in learned {
            let bit = feature as usize & (size - 1);
            bits[bit / 64] |= 1 << (bit % 64);
        }
        Self { bits, buckets }
    }

    fn has(&self, feature: u64) -> bool {
        let bit = feature as usize & (self.bits.len() * 64 - 1);
        self.bits[bit / 64] >> (bit % 64) & 1 == 1
    }

    /// Appends the places of those of `features` that are in the vocabulary.
    pub(crate) fn places(&self, features: &[u64], places: &mut Vec<u32>) {
        let learned = features.iter().filter(|&&feature| self.has(feature));
        places.extend(learned.map(|&feature| place(feature, self.buckets)));
    }
}

/// The place of a feature among `buckets`, by other bits than those that say
/// whether it is in the vocabulary.
fn place(feature: u64, buckets: usize) -> u32 {
    (((feature >> 32) * buckets as u64) >> 32) as u32
}
