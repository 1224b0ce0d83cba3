//! Sketches of rows that a filter lets through: one bit of each coordinate,
//! packed so that one instruction looks up four bits of 32 rows.
//!
//! A sketch has the upper bit of each code: whether the coordinate lies above
//! its centre. A scan sums up what a query's tables say about all sketches
//! (fast scan; André, Kermarrec and Le Scouarnec, 2015), and compares the
//! codes of the likely rows only.

use rayon::prelude::*;

use crate::bitmap::Bitmap;
use crate::codes::CodeQuery;
use crate::kernel::{SKETCHED, at_least, look_up, prefetch, upper_bits};
use crate::scratch::Sums;
use crate::segment::Segment;

/// The sketches of some slots of a segment.
#[derive(Debug)]
pub(crate) struct Sketches {
    slots: Vec<u32>,
    /// Bytes of a sketch.
    bytes: usize,
    /// Of 32 rows the first byte each, then the second, and so on.
    blocks: Vec<u8>,
}

/// Blocks of rows that a thread sketches together, at least.
const TOGETHER: usize = 256;

/// Sums that are looked at for the bound of the likely ones.
const BOUND_SAMPLE: usize = 2048;

impl Sketches {
    /// Sketches the rows in some slots, but for those the segment does not
    /// have.
    pub(crate) fn new(segment: &Segment, slots: &Bitmap) -> Self {
        let coded = segment.records();
        let bytes = segment.dimensions().div_ceil(8);
        let there = |slot: &u32| (*slot as usize) < segment.len();
        let slots: Vec<u32> = slots.iter().filter(there).collect();
        let mut blocks = vec![0; slots.len().div_ceil(SKETCHED) * SKETCHED * bytes];
        let many = SKETCHED * TOGETHER;
        let parts = slots
            .par_chunks(many)
            .zip(blocks.par_chunks_mut(many * bytes));
        parts.for_each(|(slots, blocks)| {
            let mut sketch = vec![0; coded.records.stride / 4];
            let each = slots.chunks(SKETCHED);
            for (slots, block) in each.zip(blocks.chunks_exact_mut(SKETCHED * bytes)) {
                slots.iter().for_each(|&slot| prefetch(coded.records, slot));
                let trusted = slots
                    .iter()
                    .enumerate()
                    .filter(|(_, slot)| coded.trusts(**slot));
                for (at, &slot) in trusted {
                    put(coded.records.get(slot), at, &mut sketch, block);
                }
            }
        });
        Self {
            slots,
            bytes,
            blocks,
        }
    }

    /// Writes about `wanted` slots to `out`, those whose sketches are most
    /// like a query; at least half as many, in ascending order.
    pub(crate) fn best(
        &self,
        query: &CodeQuery,
        wanted: usize,
        sums: &mut Sums,
        out: &mut Vec<u32>,
    ) {
        query.tables(self.bytes, &mut sums.tables);
        sums.all.clear();
        look_up(&sums.tables, &self.blocks, &mut sums.all);
        sums.all.truncate(self.slots.len());
        highest(&sums.all, wanted, &mut sums.sample, out);
        for place in out {
            *place = self.slots[*place as usize];
        }
    }
}

/// Puts the sketch of a record in its place among those of a block; `sketch` is working memory.
#[inline]
pub(crate) fn put(record: &[u8], at: usize, sketch: &mut [u8], block: &mut [u8]) {
    upper_bits(record, sketch);
    let places = block[at..].iter_mut().step_by(SKETCHED);
    places.zip(sketch).for_each(|(place, byte)| *place = *byte);
}

/// Writes the places of about the `wanted` highest sums to `out`, at least half as
/// many, in ascending order. `sample` is working memory.
pub(crate) fn highest(sums: &[u16], wanted: usize, sample: &mut Vec<u16>, out: &mut Vec<u32>) {
    sample.clear();
    let step = sums.len().div_ceil(BOUND_SAMPLE).max(1);
    // One of each group, at a place that looks random: rows may repeat in a pattern.
    let groups = (0u32..).zip(sums.chunks(step));
    let place = |number: u32| (number.wrapping_mul(0x9e37_79b9) >> 16) as usize;
    sample.extend(groups.filter_map(|(number, group)| group.get(place(number) % group.len())));
    // A small sample may be far from the truth: then more are asked for.
    let mut asked = wanted;
    loop {
        let bound = bound(sample, asked, sums.len());
        at_least(sums, bound, out);
        if bound == 0 || out.len() >= wanted / 2 {
            return;
        }
        asked = asked.saturating_mul(2);
    }
}

/// The sum that about `wanted` of `all` reach, by a sample of them, which it sorts in part.
fn bound(sample: &mut [u16], wanted: usize, all: usize) -> u16 {
    let place = wanted.saturating_mul(sample.len()) / all.max(1);
    if place >= sample.len() {
        return 0;
    }
    *sample.select_nth_unstable_by(place, |a, b| b.cmp(a)).1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codes::{Moments, Quantizer};

    proptest! {
        #[test]
        fn tables_tell_what_the_bits_are_worth(
            query in prop::collection::vec(-1f32..1.0, 1..200),
            bits in prop::collection::vec(any::<u8>(), 25),
        ) {
            let dimensions = query.len();
            let mut moments = Moments::new(dimensions);
            moments.add(&vec![1.0; dimensions]);
            moments.add(&vec![-1.0; dimensions]);
            let quantizer = Quantizer::fit(&moments);
            let codes = quantizer.query(&query);
            let bytes = dimensions.div_ceil(8);
            let mut tables = Vec::new();
            codes.tables(bytes, &mut tables);
            let sum = |bits: &[u8]| -> f32 {
                let halves = bits.iter().zip(&tables).map(|(&byte, table)| {
                    u32::from(table[usize::from(byte & 15)])
                        + u32::from(table[16 + usize::from(byte >> 4)])
                });
                halves.sum::<u32>() as f32
            };
            let truth = |bits: &[u8]| -> f32 {
                let places = query.iter().enumerate();
                places.filter(|(at, _)| bits[at / 8] >> (at % 8) & 1 == 1).map(|(_, q)| q).sum()
            };
            let (none, some) = (vec![0; bytes], &bits[..bytes]);
            let groups = query.chunks(4).map(|group| group.iter().map(|q| q.abs()).sum::<f32>());
            let most = groups.fold(0f32, f32::max);
            prop_assert_eq!(truth(&none), 0.0);
            let difference = (sum(some) - sum(&none)) / 127.0 * most;
            // Each entry is rounded to a 127th of the largest.
            prop_assert!((difference - truth(some)).abs() <= most / 127.0 * 2.0 * bytes as f32 + 1e-4);
        }

        #[test]
        fn at_least_half_of_the_wanted_come_through(
            sums in prop::collection::vec(any::<u16>(), 1..5000),
            share in 2usize..20,
        ) {
            let wanted = sums.len() / share;
            let mut through = Vec::new();
            highest(&sums, wanted, &mut Vec::new(), &mut through);
            prop_assert!(through.len() >= wanted / 2);
        }
    }
}
