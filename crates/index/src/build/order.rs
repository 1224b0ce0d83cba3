//! Which row gets which slot.
//!
//! Rows of upper levels come first, so that a slot is the same on all levels.
//! Below the top, the rows that a level adds stand in the order of their
//! nearest rows on the level above: rows that are walked together lie together.

use rayon::prelude::*;

use super::BuildOptions;
use super::duplicates::Duplicates;
use super::native::{self, Source};
use super::ordered::Ordered;
use crate::Result;
use crate::codes::Quantizer;
use crate::graph::Graph;
use crate::kernel::Records;
use crate::scratch::Scratch;
use crate::walk::{Way, descend, walk};

/// Rows a walk keeps while it looks for the nearest row of the level above.
const ORDER_EF: usize = 16;

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

/// Puts the rows of each level in order of their nearest rows above.
pub(super) fn arrange(
    ordered: &mut Ordered<'_>,
    quantizer: &Quantizer,
    counts: &[usize],
    options: &BuildOptions,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<()> {
    for level in (0..counts.len().saturating_sub(1)).rev() {
        let above = &counts[level + 1..];
        let codes = ordered.encode(quantizer, above[0])?;
        let duplicates = Duplicates::of(&codes);
        let source = Source {
            ordered,
            quantizer,
            codes: &codes,
            duplicates: &duplicates,
            counts: above,
        };
        let graph = native::build(&source, options, &|_| stop())?;
        let added = counts[level + 1]..counts[level];
        let nearest: Vec<u32> = added
            .clone()
            .into_par_iter()
            .map_init(Scratch::default, |scratch, slot| {
                let mut vector = vec![0.0; quantizer.dimensions()];
                ordered.read(slot as u32, &mut vector)?;
                let query = quantizer.query(&vector);
                Ok(nearest(&graph, codes.records(), &query.coarse, scratch))
            })
            .collect::<Result<_>>()?;
        let rows = &mut ordered.order[added];
        let mut keyed: Vec<(u32, u32)> = nearest.into_iter().zip(rows.iter().copied()).collect();
        keyed.par_sort_by_key(|(nearest, _)| *nearest);
        for (place, (_, row)) in rows.iter_mut().zip(keyed) {
            *place = row;
        }
    }
    Ok(())
}

fn nearest(graph: &Graph, records: Records<'_>, query: &[i8], scratch: &mut Scratch) -> u32 {
    let mut from = 0;
    for level in (1..graph.levels.len()).rev() {
        from = descend(&graph.level(level), records, query, from, scratch);
    }
    let way = Way {
        from,
        rows: graph.level(0).len(),
        ef: ORDER_EF,
        filter: None,
        budget: usize::MAX,
        ending: None,
    };
    walk(&graph.level(0), records, query, way, scratch);
    scratch.pool.ids().next().unwrap_or(from)
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
