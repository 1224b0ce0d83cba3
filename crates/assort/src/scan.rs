//! Exact search: every vector is compared.
//!
//! One query is limited by the speed of memory, so its blocks are shared out
//! among threads. Many queries are compared tile by tile, so that a vector is
//! fetched once for all of them.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use assort_core::vector::dot;
use rayon::prelude::*;

use crate::snapshot::{BLOCK, Block, Snapshot};

/// Rows compared with all queries before the next ones are fetched: they stay
/// in the first-level cache meanwhile.
const TILE: usize = 16;

/// Queries that share a tile; more would push it out of the cache.
const QUERIES: usize = 32;

/// A row found by a search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Hit {
    pub(crate) row: u32,
    pub(crate) similarity: f32,
}

/// Which rows may be found.
#[derive(Clone, Copy)]
pub(crate) enum Among<'a> {
    All,
    Labelled,
    /// Rows marked in a set.
    Rows(&'a RowSet),
}

impl Among<'_> {
    fn has(&self, block: &Block, at: usize) -> bool {
        match self {
            Self::All => true,
            Self::Labelled => block.label(at).is_some(),
            Self::Rows(rows) => rows.has(block.row(at)),
        }
    }
}

/// A set of rows as a bitmap.
#[derive(Default)]
pub(crate) struct RowSet {
    words: Vec<u64>,
    len: u64,
}

impl RowSet {
    pub(crate) fn insert(&mut self, row: u32) {
        let word = row as usize / 64;
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        let bit = 1 << (row % 64);
        self.len += u64::from(self.words[word] & bit == 0);
        self.words[word] |= bit;
    }

    fn has(&self, row: u32) -> bool {
        self.words
            .get(row as usize / 64)
            .is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }
}

/// The best `k` rows for each of `queries` (unit vectors, row by row), best
/// first, ties by row. `without` names a row each query must not find.
pub(crate) fn nearest(
    snapshot: &Snapshot,
    queries: &[f32],
    k: usize,
    among: Among<'_>,
    without: &[Option<u32>],
) -> Vec<Vec<Hit>> {
    let dimensions = snapshot.dimensions();
    let count = queries.len() / dimensions.max(1);
    let skip = |query: usize| without.get(query).copied().flatten();
    let blocks = snapshot.block_list();
    if count < 2 * rayon::current_num_threads() {
        let all: Vec<Query<'_>> = (0..count)
            .map(|at| Query::new(&queries[at * dimensions..][..dimensions], skip(at), k))
            .collect();
        return scan_shared(&blocks, all, among);
    }
    let numbers: Vec<usize> = (0..count).collect();
    numbers
        .par_chunks(QUERIES)
        .flat_map_iter(|chunk| {
            let mut group: Vec<Query<'_>> = chunk
                .iter()
                .map(|&at| Query::new(&queries[at * dimensions..][..dimensions], skip(at), k))
                .collect();
            blocks
                .iter()
                .for_each(|block| scan_block(block, &mut group, among));
            group.into_iter().map(Query::into_hits)
        })
        .collect()
}

/// Few queries: the blocks are shared out.
fn scan_shared(blocks: &[&Block], queries: Vec<Query<'_>>, among: Among<'_>) -> Vec<Vec<Hit>> {
    let share = blocks.len().div_ceil(rayon::current_num_threads()).max(1);
    let parts: Vec<Vec<Query<'_>>> = blocks
        .par_chunks(share)
        .map(|blocks| {
            let mut own: Vec<Query<'_>> = queries.iter().map(Query::fresh).collect();
            blocks
                .iter()
                .for_each(|block| scan_block(block, &mut own, among));
            own
        })
        .collect();
    let mut merged = queries;
    for part in parts {
        for (query, own) in merged.iter_mut().zip(part) {
            own.best.into_iter().for_each(|worst| query.offer(worst.0));
        }
    }
    merged.into_iter().map(Query::into_hits).collect()
}

fn scan_block(block: &Block, queries: &mut [Query<'_>], among: Among<'_>) {
    let mut tile = [0usize; TILE];
    let mut filled = 0;
    for at in 0..BLOCK {
        if block.is_present(at) && among.has(block, at) {
            tile[filled] = at;
            filled += 1;
        }
        if filled == TILE || (at + 1 == BLOCK && filled > 0) {
            for query in queries.iter_mut() {
                for &at in &tile[..filled] {
                    query.compare(block, at);
                }
            }
            filled = 0;
        }
    }
}

/// A query with the best rows seen so far.
struct Query<'q> {
    vector: &'q [f32],
    without: Option<u32>,
    k: usize,
    best: BinaryHeap<Worst>,
    /// Similarity a row must exceed to be among the best.
    bound: f32,
}

impl<'q> Query<'q> {
    fn new(vector: &'q [f32], without: Option<u32>, k: usize) -> Self {
        Self {
            vector,
            without,
            k,
            best: BinaryHeap::new(),
            bound: if k == 0 {
                f32::INFINITY
            } else {
                f32::NEG_INFINITY
            },
        }
    }

    fn fresh(&self) -> Self {
        Self::new(self.vector, self.without, self.k)
    }

    #[inline]
    fn compare(&mut self, block: &Block, at: usize) {
        let similarity = dot(self.vector, block.vector(at));
        if similarity >= self.bound {
            self.offer(Hit {
                row: block.row(at),
                similarity,
            });
        }
    }

    #[cold]
    fn offer(&mut self, hit: Hit) {
        if Some(hit.row) == self.without || self.k == 0 {
            return;
        }
        self.best.push(Worst(hit));
        if self.best.len() > self.k {
            self.best.pop();
        }
        if self.best.len() == self.k {
            self.bound = self
                .best
                .peek()
                .map_or(f32::NEG_INFINITY, |worst| worst.0.similarity);
        }
    }

    fn into_hits(self) -> Vec<Hit> {
        self.best
            .into_sorted_vec()
            .into_iter()
            .map(|worst| worst.0)
            .collect()
    }
}

/// Orders hits so that the worst is the greatest.
struct Worst(Hit);

impl Ord for Worst {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_similarity = other.0.similarity.total_cmp(&self.0.similarity);
        by_similarity.then(self.0.row.cmp(&other.0.row))
    }
}

impl PartialOrd for Worst {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Worst {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Worst {}
