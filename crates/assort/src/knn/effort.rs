//! How thoroughly a search looks, and so how each segment is searched.

use std::time::Instant;

use assort_index::{Plan, SearchParams, SlotFilter};

use crate::snapshot::{RowFilter, Sealed, Snapshot};
use crate::store::TuningRecord;
use crate::{Error, Result};

/// Rows that one thread compares while others would wake up.
const ALONE: usize = 1 << 16;

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
    /// Compare the codes of all rows instead.
    pub(crate) scan: bool,
    /// When the search fails if it is not done.
    pub(crate) deadline: Option<Instant>,
}

impl Default for Effort {
    fn default() -> Self {
        let usual = SearchParams::new(1);
        Self {
            ef: usual.ef,
            slack: usual.slack,
            oversample: usual.oversample,
            exact: false,
            scan: false,
            deadline: None,
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

    /// Fails where the deadline has passed.
    pub(crate) fn check(&self) -> Result<()> {
        match self.deadline {
            Some(deadline) if deadline <= Instant::now() => Err(Error::Late),
            _ => Ok(()),
        }
    }

    pub(super) fn search<'a>(
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
            scan: self.scan,
            filter: match filter {
                RowFilter::All => sealed.alive(),
                RowFilter::Labelled => Some(snapshot.labelled(sealed)),
                RowFilter::Rows(matching) => matching.slots(sealed.number),
            },
            ..SearchParams::new(k)
        }
    }

    /// Whether segments are better shared out among threads: waking one takes as long as
    /// walking a graph, and longer on a busy machine.
    pub(super) fn is_heavy(&self, snapshot: &Snapshot, k: usize, filter: RowFilter<'_>) -> bool {
        let compared = || -> usize {
            let plans = self.plans(snapshot, k, filter).into_iter();
            let compared = plans.map(|(_, _, matches, plan)| match plan {
                Plan::Exact | Plan::Scan => matches,
                _ => 0,
            });
            compared.sum()
        };
        snapshot.sealed().len() > 1 && compared() > ALONE
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
