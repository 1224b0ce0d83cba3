//! Which rows are compared when links are looked for.
//!
//! Each row of the level above has a list of the rows that it is among the nearest of, as
//! the centroids of an inverted file have. A row looks through the lists that it is in, by sketches:
//! one bit a coordinate, packed so that one instruction looks at 32 rows. Walks of a
//! growing graph find the same rows in twice the time: they wait for memory at every step (compare
//! PiPNN; Rubel et al., 2026).

use std::ops::Range;

use rayon::prelude::*;

use super::duplicates::Duplicates;
use super::near::{NEAREST, Near};
use crate::codes::CodeQuery;
use crate::graph::NONE;
use crate::kernel::{Records, SKETCHED, look_up, prefetch};
use crate::scratch::{Sums, Visited};
use crate::sketch::{highest, put};

/// For each row above, the rows that it is among the nearest of.
pub(super) struct Lists {
    rows: Vec<u32>,
    /// Where each list begins, and where the last one ends.
    starts: Vec<usize>,
}

impl Lists {
    /// A list has no more than `m` rows for each of the nearest that were looked for, which is
    /// as many as there would be if all were of one length; those in it are the ones that
    /// it is nearest to, then second nearest, and so on. Duplicates are in none.
    pub(super) fn new(near: &Near, rows: usize, duplicates: &Duplicates, m: usize) -> Self {
        let all: Vec<u32> = (0..rows as u32)
            .filter(|&id| duplicates.first(id).is_none())
            .collect();
        let mut starts = vec![0; near.above + 1];
        for &above in all.iter().flat_map(|&id| near.of(id)) {
            starts[above as usize + 1] += 1;
        }
        for at in 0..near.above {
            starts[at + 1] = starts[at] + starts[at + 1].min(NEAREST * m);
        }
        let mut ends = starts.clone();
        let mut lists = vec![0; starts[near.above]];
        for nearest in 0..NEAREST {
            for &id in &all {
                let Some(above) = near.nth(id, nearest) else {
                    continue;
                };
                let end = &mut ends[above as usize];
                if *end < starts[above as usize + 1] {
                    lists[*end] = id;
                    *end += 1;
                }
            }
        }
        Self {
            rows: lists,
            starts,
        }
    }

    fn list(&self, at: u32) -> &[u32] {
        &self.rows[self.starts[at as usize]..self.starts[at as usize + 1]]
    }
}

/// Bytes of sketches that are packed at a time.
const PACKED: usize = 192 << 20;

/// The lists that some rows are in, packed.
pub(super) struct Packed<'a> {
    lists: &'a Lists,
    /// The rows.
    pub(super) ids: Range<u32>,
    /// Bytes of a sketch.
    bytes: usize,
    /// The first block of each list, [`NONE`] of those that are not packed.
    firsts: Vec<u32>,
    blocks: Vec<u8>,
}

impl<'a> Packed<'a> {
    /// Packs the lists of the first of the rows `ids`, of as many as there is room for.
    pub(super) fn new(
        lists: &'a Lists,
        near: &Near,
        ids: Range<u32>,
        records: Records<'_>,
        dimensions: usize,
    ) -> Self {
        let bytes = dimensions.div_ceil(8);
        let mut firsts = vec![NONE; lists.starts.len() - 1];
        let mut packed = Vec::new();
        let mut end = ids.start;
        while end < ids.end && packed.len() * SKETCHED * bytes < PACKED {
            for &list in near.of(end) {
                if firsts[list as usize] == NONE {
                    firsts[list as usize] = packed.len() as u32;
                    packed.extend(lists.list(list).chunks(SKETCHED));
                }
            }
            end += 1;
        }
        let blocks = packed.len();
        let mut sketches = vec![0; blocks * SKETCHED * bytes];
        packed
            .par_iter()
            .zip(sketches.par_chunks_exact_mut(SKETCHED * bytes))
            .for_each_init(
                || vec![0; records.stride / 4],
                |sketch, (rows, block)| {
                    rows.iter().for_each(|&row| prefetch(records, row));
                    for (at, &row) in rows.iter().enumerate() {
                        put(records.get(row), at, sketch, block);
                    }
                },
            );
        Self {
            lists,
            ids: ids.start..end,
            bytes,
            firsts,
            blocks: sketches,
        }
    }

    fn blocks(&self, list: u32) -> &[u8] {
        let block = SKETCHED * self.bytes;
        let from = self.firsts[list as usize] as usize * block;
        let blocks = self.lists.list(list).len().div_ceil(SKETCHED);
        &self.blocks[from..][..blocks * block]
    }
}

/// Looks through packed lists.
#[derive(Default)]
pub(super) struct ListScan {
    sums: Sums,
    places: Vec<u32>,
    seen: Visited,
}

impl ListScan {
    pub(super) fn new(rows: usize) -> Self {
        let mut scan = Self::default();
        scan.seen.reset(rows);
        scan
    }

    /// Writes rows of some packed lists to `out`: those with the `wanted` best sketches or so,
    /// where a row counts as often as it is met.
    pub(super) fn best(
        &mut self,
        packed: &Packed<'_>,
        query: &CodeQuery,
        lists: &[u32],
        wanted: usize,
        out: &mut Vec<u32>,
    ) {
        let Sums {
            tables,
            all,
            sample,
        } = &mut self.sums;
        query.tables(packed.bytes, tables);
        all.clear();
        for &list in lists {
            look_up(tables, packed.blocks(list), all);
        }
        highest(all, wanted, sample, &mut self.places);
        out.clear();
        let mut places = self.places.iter().copied().peekable();
        let mut from = 0;
        for &list in lists {
            let rows = packed.lists.list(list);
            let to = from + rows.len().next_multiple_of(SKETCHED);
            while let Some(place) = places.next_if(|&place| (place as usize) < to) {
                // There is no row where the last block of a list is not full.
                let row = rows.get(place as usize - from);
                out.extend(row.filter(|&&row| self.seen.insert(row)));
            }
            from = to;
        }
        for &row in out.iter() {
            self.seen.remove(row);
        }
    }
}
