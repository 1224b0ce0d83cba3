//! Results in an order that does not depend on the page they are asked for.
//!
//! What a walk of a graph finds depends on how many rows it looks for, so that
//! two searches of different depth may differ in the rows that both give. So
//! rows are always looked for at the same few depths: a page has what the
//! shallowest depth found, then what the next one found beyond that, and so on.
//! A longer search only adds to the end of a shorter one.

use std::collections::HashSet;
use std::ops::ControlFlow;

use assort_index::{Hit, Plan};

use crate::Result;
use crate::knn::effort::Effort;
use crate::knn::graph::nearest;
use crate::knn::live::by_sketches;
use crate::snapshot::{RowFilter, Snapshot};

/// Results deeper than this are not worth sorting.
pub(crate) const DEEPEST: usize = 100_000;

/// The first depth at which rows are looked for, that of a usual search, which costs no
/// more than one of its own depth.
const FIRST_DEPTH: usize = 10;

/// Each next one is so many times as deep, so that all before it cost a third of it.
const DEEPER: usize = 4;

/// The depths at which rows are looked for. Where every vector is compared, what is
/// found does not depend on the depth, and `likely` is the first.
fn depths(
    snapshot: &Snapshot,
    likely: usize,
    filter: RowFilter<'_>,
    effort: Effort,
) -> impl Iterator<Item = usize> {
    // Whether all vectors of a segment are compared does not depend on `k`.
    let plans = effort.plans(snapshot, 1, filter);
    let sealed = plans.iter().all(|(.., plan)| *plan == Plan::Exact);
    let is_exact = sealed && !by_sketches(snapshot, effort);
    let first = if is_exact { likely } else { FIRST_DEPTH };
    std::iter::successors(Some(first), |depth| depth.checked_mul(DEEPER))
}

/// What was found at one depth.
pub(crate) struct Found<'h> {
    /// The rows that were not found before, the best first.
    pub(crate) fresh: &'h [Hit],
    /// Similarity of the last row found, old or fresh.
    pub(crate) last: f32,
}

/// Finds rows deeper and deeper, as described above, until `visit` has enough of them
/// or there are no more. `likely` is how many will be needed, if they are no more than
/// that; `without` names a row that is not to be found. Gives the last depth.
pub(crate) fn deepen(
    snapshot: &Snapshot,
    query: &[f32],
    likely: usize,
    filter: RowFilter<'_>,
    without: Option<u32>,
    effort: Effort,
    mut visit: impl FnMut(Found<'_>) -> Result<ControlFlow<()>>,
) -> Result<usize> {
    let mut rows = HashSet::new();
    let mut last_depth = 0;
    for depth in depths(snapshot, likely.max(1), filter, effort) {
        last_depth = depth;
        let found = nearest(snapshot, query, depth, filter, &[without], effort)?;
        let mut found: Vec<Hit> = found.into_iter().flatten().collect();
        let is_all = found.len() < depth;
        let Some(last) = found.last().map(|hit| hit.similarity) else {
            break;
        };
        found.retain(|hit| rows.insert(hit.row));
        let flow = visit(Found {
            fresh: &found,
            last,
        })?;
        if is_all || flow.is_break() {
            break;
        }
    }
    Ok(last_depth)
}
