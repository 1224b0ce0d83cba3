//! Results in an order that does not depend on the page they are asked for.
//!
//! What a walk of a graph finds depends on how many rows it looks for, so that
//! two searches of different depth may differ in the rows that both give. So
//! rows are always looked for at the same few depths: a page has what the
//! shallowest depth found, then what the next one found beyond that, and so on.
//! A longer search only adds to the end of a shorter one.

use std::collections::HashSet;

use assort_index::{Hit, Plan};

use crate::Result;
use crate::knn::graph::{Effort, nearest};
use crate::snapshot::{RowFilter, Snapshot};

/// Results deeper than this are not worth sorting.
pub(crate) const DEEPEST: usize = 100_000;

/// Depths at which rows are looked for. The first is that of a usual search,
/// which costs no more than one of its own depth; each next one is so much
/// deeper that all before it cost a third of it.
const DEPTHS: [usize; 8] = [10, 40, 160, 640, 2_560, 10_240, 40_960, DEEPEST];

/// The depths at which rows are looked for to find the best `wanted` of them.
/// Where every vector is compared, what is found does not depend on the depth.
pub(crate) fn depths(
    snapshot: &Snapshot,
    wanted: usize,
    filter: RowFilter<'_>,
    effort: Effort,
) -> Vec<usize> {
    // Whether all vectors of a segment are compared does not depend on `k`.
    let plans = effort.plans(snapshot, 1, filter);
    if wanted == 0 || plans.iter().all(|(.., plan)| *plan == Plan::Exact) {
        return vec![wanted];
    }
    let shallower = DEPTHS.iter().filter(|&&depth| depth < wanted).count();
    DEPTHS.into_iter().take(shallower + 1).collect()
}

/// The best `wanted` rows for a query, at most [`DEEPEST`], as described above;
/// fewer if there are no more. `without` names a row that is not to be found.
pub(crate) fn first(
    snapshot: &Snapshot,
    query: &[f32],
    wanted: usize,
    filter: RowFilter<'_>,
    without: Option<u32>,
    effort: Effort,
) -> Result<Vec<Hit>> {
    let mut hits: Vec<Hit> = Vec::new();
    let mut rows = HashSet::new();
    for depth in depths(snapshot, wanted, filter, effort) {
        let found = nearest(snapshot, query, depth, filter, &[without], effort)?;
        let found: Vec<Hit> = found.into_iter().flatten().collect();
        let is_all = found.len() < depth;
        hits.extend(found.into_iter().filter(|hit| rows.insert(hit.row)));
        if is_all {
            break;
        }
    }
    hits.truncate(wanted);
    Ok(hits)
}
