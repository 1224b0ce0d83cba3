//! Finding the rows nearest to vectors: live ones by comparing them, sealed ones as
//! the plan of each segment says.

use std::cell::RefCell;

use assort_index::{Hit, Searcher};
use rayon::prelude::*;

use crate::Result;
use crate::knn::effort::Effort;
use crate::knn::flat::scan;
use crate::knn::live::nearest_live;
use crate::snapshot::{RowFilter, Sealed, Snapshot};

thread_local! {
    /// Working memory of this thread's searches.
    static SEARCHER: RefCell<Searcher> = RefCell::default();
}

/// The best `k` rows for each of `queries` (unit vectors, row by row) by the
/// similarity of whole vectors, best first, ties by row. `without` names a row
/// each query must not find.
pub(crate) fn nearest(
    snapshot: &Snapshot,
    queries: &[f32],
    k: usize,
    filter: RowFilter<'_>,
    without: &[Option<u32>],
    effort: Effort,
) -> Result<Vec<Vec<Hit>>> {
    let dimensions = snapshot.dimensions();
    if effort.exact {
        return scan(
            &snapshot.chunks(),
            dimensions,
            queries,
            k,
            filter,
            without,
            effort,
        );
    }
    let found = nearest_live(snapshot, queries, k, filter, without, effort)?;
    if snapshot.sealed().is_empty() {
        return Ok(found);
    }
    let skip = |query: usize| without.get(query).copied().flatten();
    let one = |at: usize, sealed: &Sealed| -> Result<Vec<Hit>> {
        effort.check()?;
        // One more is asked for, in place of the row that must not be found.
        let search = effort.search(
            snapshot,
            sealed,
            k + usize::from(skip(at).is_some()),
            filter,
        );
        let query = &queries[at * dimensions..][..dimensions];
        SEARCHER.with_borrow_mut(|searcher| {
            let hits = searcher.search(&sealed.segment, query, &search)?;
            let wanted = hits.iter().filter(|hit| Some(hit.row) != skip(at));
            Ok(wanted.copied().collect())
        })
    };
    let all = |(at, live): (usize, Vec<Hit>)| -> Result<Vec<Hit>> {
        let mut hits = live;
        let sealed = snapshot.sealed();
        if queries.len() == dimensions && effort.is_heavy(snapshot, k, filter) {
            let found: Vec<Vec<Hit>> = sealed
                .par_iter()
                .map(|sealed| one(at, sealed))
                .collect::<Result<_>>()?;
            hits.extend(found.into_iter().flatten());
        } else {
            for sealed in sealed {
                hits.extend(one(at, sealed)?);
            }
        }
        hits.sort_unstable_by(Hit::best_first);
        hits.truncate(k);
        Ok(hits)
    };
    if found.len() == 1 {
        return found.into_iter().enumerate().map(all).collect();
    }
    found.into_par_iter().enumerate().map(all).collect()
}
