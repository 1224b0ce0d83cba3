//! Exact search: every vector is compared.
//!
//! One query is limited by the speed of memory, so its blocks are shared out
//! among threads. Many queries are compared tile by tile, so that a vector is
//! fetched once for all of them.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use assort_core::vector::dot;
use assort_index::Hit;
use rayon::prelude::*;

use crate::Result;
use crate::knn::effort::Effort;
use crate::snapshot::RowFilter;
use crate::snapshot::chunk::Chunk;

/// Rows compared with all queries before the next ones are fetched: they stay
/// in the first-level cache meanwhile.
const SCAN_TILE: usize = 16;

/// Chunks that one thread compares with few queries.
const ALONE: usize = 4;

/// Queries that share a tile; more would push it out of the cache.
const SCAN_QUERIES: usize = 32;

/// The best `k` rows of `chunks` for each of `queries` (unit vectors, row by
/// row), best first, ties by row. `without` names a row each query must not
/// find.
pub(crate) fn scan(
    chunks: &[Chunk<'_>],
    dimensions: usize,
    queries: &[f32],
    k: usize,
    filter: RowFilter<'_>,
    without: &[Option<u32>],
    effort: Effort,
) -> Result<Vec<Vec<Hit>>> {
    let count = queries.len() / dimensions.max(1);
    let skip = |query: usize| without.get(query).copied().flatten();
    let query = |at: usize| Query::new(&queries[at * dimensions..][..dimensions], skip(at), k);
    if count < 2 * rayon::current_num_threads() {
        let queries = (0..count).map(query).collect();
        return scan_shared(chunks, queries, filter, effort);
    }
    let numbers: Vec<usize> = (0..count).collect();
    let groups: Vec<Vec<Vec<Hit>>> = numbers
        .par_chunks(SCAN_QUERIES)
        .map(|chunk| {
            let mut group: Vec<Query<'_>> = chunk.iter().map(|&at| query(at)).collect();
            for chunk in chunks {
                effort.check()?;
                scan_chunk(chunk, &mut group, filter)?;
            }
            Ok(group.into_iter().map(Query::into_hits).collect())
        })
        .collect::<Result<_>>()?;
    Ok(groups.into_iter().flatten().collect())
}

/// Few queries: the chunks are shared out.
fn scan_shared(
    chunks: &[Chunk<'_>],
    queries: Vec<Query<'_>>,
    filter: RowFilter<'_>,
    effort: Effort,
) -> Result<Vec<Vec<Hit>>> {
    // Few are compared before another thread would be awake.
    let share = chunks.len().div_ceil(rayon::current_num_threads());
    let share = share.max(ALONE);
    let shares: Vec<Vec<Query<'_>>> = chunks
        .par_chunks(share)
        .map(|chunks| {
            let mut own: Vec<Query<'_>> = queries.iter().map(Query::fresh).collect();
            for chunk in chunks {
                effort.check()?;
                scan_chunk(chunk, &mut own, filter)?;
            }
            Ok(own)
        })
        .collect::<Result<_>>()?;
    let mut merged = queries;
    for own in shares {
        for (query, own) in merged.iter_mut().zip(own) {
            own.best.into_iter().for_each(|worst| query.offer(worst.0));
        }
    }
    Ok(merged.into_iter().map(Query::into_hits).collect())
}

fn scan_chunk(chunk: &Chunk<'_>, queries: &mut [Query<'_>], filter: RowFilter<'_>) -> Result<()> {
    let Some(dimensions) = queries.first().map(|query| query.vector.len()) else {
        return Ok(());
    };
    let rows = chunk.rows()?;
    let wanted: Vec<(u32, u32)> = rows
        .into_iter()
        .filter(|(_, row)| filter.has(chunk.snapshot(), *row))
        .collect();
    let mut tile = vec![0f32; SCAN_TILE * dimensions];
    for places in wanted.chunks(SCAN_TILE) {
        for ((at, _), vector) in places.iter().zip(tile.chunks_exact_mut(dimensions)) {
            chunk.read(*at, vector)?;
        }
        for query in queries.iter_mut() {
            for ((_, row), vector) in places.iter().zip(tile.chunks_exact(dimensions)) {
                query.compare(*row, vector);
            }
        }
    }
    Ok(())
}

/// A query with the best rows seen so far.
pub(super) struct Query<'q> {
    vector: &'q [f32],
    without: Option<u32>,
    k: usize,
    best: BinaryHeap<Worst>,
    /// Similarity a row must exceed to be among the best.
    bound: f32,
}

impl<'q> Query<'q> {
    pub(super) fn new(vector: &'q [f32], without: Option<u32>, k: usize) -> Self {
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

    pub(super) fn vector(&self) -> &'q [f32] {
        self.vector
    }

    #[inline]
    pub(super) fn compare(&mut self, row: u32, vector: &[f32]) {
        let similarity = dot(self.vector, vector);
        if similarity >= self.bound {
            self.offer(Hit { row, similarity });
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

    pub(super) fn into_hits(self) -> Vec<Hit> {
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
        self.0.best_first(&other.0)
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
