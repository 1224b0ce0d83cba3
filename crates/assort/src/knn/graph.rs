//! Finding the rows nearest to vectors: live ones exactly, sealed ones as the
//! plan of each segment says.

use std::cell::RefCell;

use assort_index::{Hit, Plan, SearchParams, Searcher, SlotFilter};
use rayon::prelude::*;

use crate::Result;
use crate::knn::flat::scan;
use crate::snapshot::RowFilter;
use crate::snapshot::{Sealed, Snapshot};
use crate::store::TuningRecord;

/// How thoroughly segments are searched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Effort {
    /// Rows a walk keeps.
    pub(crate) ef: usize,
    /// How much farther than what it has found a walk goes.
    pub(crate) slack: f32,
    /// Rows ranked by twelve bits a coordinate for each one to find.
    pub(crate) oversample: usize,
    /// Compare every vector instead.
    pub(crate) exact: bool,
}

impl Default for Effort {
    fn default() -> Self {
        let usual = SearchParams::new(1);
        Self {
            ef: usual.ef,
            slack: usual.slack,
            oversample: usual.oversample,
            exact: false,
        }
    }
}

impl Effort {
    /// What was found by measuring, if it was.
    pub(crate) fn tuned(tuning: Option<TuningRecord>) -> Self {
        tuning.map_or_else(Self::default, |tuning| Self {
            ef: tuning.ef as usize,
            slack: tuning.slack,
            ..Self::default()
        })
    }

    fn search<'a>(
        &self,
        snapshot: &'a Snapshot,
        sealed: &'a Sealed,
        k: usize,
        filter: RowFilter<'a>,
    ) -> SearchParams<'a> {
        SearchParams {
            ef: self.ef,
            slack: self.slack,
            oversample: self.oversample,
            exact: self.exact,
            filter: match filter {
                RowFilter::All => sealed.alive(),
                RowFilter::Labelled => Some(snapshot.labelled(sealed)),
                RowFilter::Rows(matching) => matching.slots(sealed.number),
            },
            ..SearchParams::new(k)
        }
    }

    /// How each segment is searched: its number, its rows, how many of them
    /// may be found, and the plan.
    pub(crate) fn plans(
        &self,
        snapshot: &Snapshot,
        k: usize,
        filter: RowFilter<'_>,
    ) -> Vec<(u32, usize, usize, Plan)> {
        let sealed = snapshot.sealed().iter();
        sealed
            .map(|sealed| {
                let search = self.search(snapshot, sealed, k, filter);
                let rows = sealed.segment.len();
                let matches = search.filter.map_or(rows, SlotFilter::len);
                (
                    sealed.number,
                    sealed.len(),
                    matches,
                    search.plan(&sealed.segment),
                )
            })
            .collect()
    }
}

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
    if effort.exact || snapshot.sealed().is_empty() {
        return scan(&snapshot.chunks(), dimensions, queries, k, filter, without);
    }
    let live: Vec<_> = snapshot.live_chunks();
    let found = scan(&live, dimensions, queries, k, filter, without)?;
    let skip = |query: usize| without.get(query).copied().flatten();
    let one = |at: usize, sealed: &Sealed| -> Result<Vec<Hit>> {
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
        if queries.len() == dimensions && sealed.len() > 1 {
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
