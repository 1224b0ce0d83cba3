//! The nearest of the rows that are in no segment: all are compared, or where they are
//! many, those whose sketches are most like the query.

use std::cell::RefCell;

use assort_index::{Hit, SketchScratch, Sketcher};
use rayon::prelude::*;

use super::effort::Effort;
use super::flat::{Query, scan};
use crate::Result;
use crate::snapshot::{BLOCK, Block, RowFilter, Snapshot};

/// Rows that are compared after their sketches, at least, for each that a walk of a graph
/// would keep: more where vectors are short, since their sketches tell less and
/// comparing them costs less,
const KEPT: usize = 4;
const KEPT_COORDINATES: usize = 2_048;

/// and one of so many that are there.
const KEPT_OF: usize = 512;

thread_local! {
    /// Working memory of this thread's searches.
    static SCRATCH: RefCell<SketchScratch> = RefCell::default();
}

/// Whether a search compares the sketches of live rows first.
pub(crate) fn by_sketches(snapshot: &Snapshot, effort: Effort) -> bool {
    sketcher(snapshot, effort).is_some()
}

fn sketcher(snapshot: &Snapshot, effort: Effort) -> Option<&Sketcher> {
    snapshot.live().sketcher().filter(|_| !effort.exact)
}

/// The best `k` live rows for each of `queries`, as `graph::nearest` says.
pub(super) fn nearest_live(
    snapshot: &Snapshot,
    queries: &[f32],
    k: usize,
    filter: RowFilter<'_>,
    without: &[Option<u32>],
    effort: Effort,
) -> Result<Vec<Vec<Hit>>> {
    let dimensions = snapshot.dimensions();
    let Some(sketcher) = sketcher(snapshot, effort) else {
        let live = snapshot.live_chunks();
        return scan(&live, dimensions, queries, k, filter, without, effort);
    };
    let blocks: Vec<&Block> = snapshot.live().blocks().collect();
    let kept = kept(k, effort, snapshot);
    let one = |(at, vector): (usize, &[f32])| {
        let without = without.get(at).copied().flatten();
        let query = Query::new(vector, without, k);
        likely(snapshot, &blocks, sketcher, query, kept, filter)
    };
    if queries.len() == dimensions {
        return Ok(vec![one((0, queries))]);
    }
    Ok(queries
        .par_chunks_exact(dimensions)
        .enumerate()
        .map(one)
        .collect())
}

/// How many rows are compared after their sketches.
fn kept(k: usize, effort: Effort, snapshot: &Snapshot) -> usize {
    let ranked = k.saturating_mul(effort.oversample.max(1));
    let each = KEPT.max(KEPT_COORDINATES / snapshot.dimensions().max(1));
    let least = ranked.max(effort.ef).saturating_mul(each);
    least.saturating_add(snapshot.live().len() / KEPT_OF)
}

/// The best of the `kept` rows whose sketches are most like a query.
fn likely(
    snapshot: &Snapshot,
    blocks: &[&Block],
    sketcher: &Sketcher,
    mut query: Query<'_>,
    kept: usize,
    filter: RowFilter<'_>,
) -> Vec<Hit> {
    let is_wanted = |block: &Block, at: usize| block.has(at) && filter.has(snapshot, block.row(at));
    let clear = |number: usize, sums: &mut [u16]| {
        let block = blocks[number];
        match filter {
            RowFilter::All => block.clear_absent(sums),
            _ => {
                let sums = sums.iter_mut().enumerate();
                sums.for_each(|(at, sum)| *sum *= u16::from(is_wanted(block, at)));
            }
        }
    };
    let sketches = blocks.iter().filter_map(|block| block.sketches());
    SCRATCH.with_borrow_mut(|scratch| {
        let places = sketcher.best(query.vector(), sketches, BLOCK, clear, kept, scratch);
        for place in places.iter().map(|place| *place as usize) {
            let (block, at) = (blocks[place / BLOCK], place % BLOCK);
            if is_wanted(block, at) {
                query.compare(block.row(at), block.vector(at));
            }
        }
    });
    query.into_hits()
}
