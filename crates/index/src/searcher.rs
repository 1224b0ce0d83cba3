//! Searching a segment by its plan.

use crate::codes::CodeQuery;
use crate::hit::Hit;
use crate::kernel::{dot4, dot16, prefetch};
use crate::plan::{Plan, SearchParams};
use crate::rank::Ranking;
use crate::scratch::Scratch;
use crate::segment::{MappedLevel, Segment};
use crate::slot_filter::SlotFilter;
use crate::walk::{Ending, Links, Way, descend, walk};
use crate::{Error, Result};

/// Slots whose codes are compared together in a scan.
const SCAN_BATCH: usize = 128;

/// Searches segments, with working memory that is used again.
#[derive(Default)]
pub struct Searcher {
    scratch: Scratch,
    ranking: Ranking,
    hits: Vec<Hit>,
}

impl Searcher {
    /// The best rows for a query by the similarity of whole vectors, best
    /// first, ties by row; always as many as there are, up to `k`. `query` has
    /// the segment's dimensions.
    ///
    /// # Errors
    /// [`Error::Damaged`] if bytes of the segment have changed,
    /// [`Error::Argument`] for a query of other dimensions or one that is not
    /// finite.
    pub fn search(
        &mut self,
        segment: &Segment,
        query: &[f32],
        search: &SearchParams<'_>,
    ) -> Result<&[Hit]> {
        let search = &search.within(segment.len());
        if query.len() != segment.dimensions() {
            return Err(Error::argument(format!(
                "the query has {} coordinates, the segment's vectors have {}",
                query.len(),
                segment.dimensions()
            )));
        }
        if !query.iter().all(|value| value.is_finite()) {
            return Err(Error::argument("the query is not finite"));
        }
        self.hits.clear();
        let plan = search.plan(segment);
        if plan == Plan::Exact {
            self.exact(segment, query, search);
        } else {
            let codes = segment.query(query);
            let walked = match plan {
                Plan::Graph => self.walk(segment, &codes, search),
                Plan::FilteredGraph => self.filtered_walk(segment, &codes, search),
                _ => false,
            };
            if !walked {
                self.scan(segment, &codes, search);
            }
            self.rank(segment, query, &codes, search);
        }
        self.best(segment, search)
    }

    /// What a walk of the graph finds, however long it takes and however
    /// little that is; `query` has the segment's dimensions.
    pub(crate) fn search_graph(
        &mut self,
        segment: &Segment,
        query: &[f32],
        search: &SearchParams<'_>,
    ) -> Result<&[Hit]> {
        self.hits.clear();
        let codes = segment.query(query);
        match search.filter {
            Some(filter) => self.walk_filtered(segment, &codes, search, filter, usize::MAX),
            None => self.walk_all(segment, &codes, search),
        };
        self.rank(segment, query, &codes, search);
        self.best(segment, search)
    }

    fn best(&mut self, segment: &Segment, search: &SearchParams<'_>) -> Result<&[Hit]> {
        segment.intact()?;
        self.hits.sort_unstable_by(Hit::best_first);
        self.hits.truncate(search.k);
        Ok(&self.hits)
    }

    fn exact(&mut self, segment: &Segment, query: &[f32], search: &SearchParams<'_>) {
        let mut take = |slot: u32| {
            let (Some(vector), Some(row)) = (segment.half(slot), segment.row(slot)) else {
                return;
            };
            let similarity = dot16(query, vector);
            self.hits.push(Hit { row, similarity });
            // Twice as many as wanted are gathered before the worse half goes.
            if self.hits.len() >= 2 * search.k.max(64) {
                self.hits.select_nth_unstable_by(search.k, Hit::best_first);
                self.hits.truncate(search.k);
            }
        };
        match search.filter {
            Some(filter) => filter.slots().iter().for_each(&mut take),
            None => (0..segment.len() as u32).for_each(take),
        }
    }

    /// The slot where a walk of the lowest level begins.
    fn entry(&mut self, segment: &Segment, codes: &CodeQuery) -> u32 {
        let records = segment.records().records;
        (1..segment.levels()).rev().fold(0, |from, level| {
            let level = Trusted::new(segment, level);
            descend(&level, records, &codes.coarse, from, &mut self.scratch)
        })
    }

    /// Walks the graph; what it found is in `pool`, unless there is too little.
    fn walk(&mut self, segment: &Segment, codes: &CodeQuery, search: &SearchParams<'_>) -> bool {
        self.walk_all(segment, codes, search) && self.scratch.pool.ids().len() >= search.k
    }

    fn walk_all(
        &mut self,
        segment: &Segment,
        codes: &CodeQuery,
        search: &SearchParams<'_>,
    ) -> bool {
        let way = Way {
            from: self.entry(segment, codes),
            rows: segment.len(),
            ef: search.walk_kept(),
            filter: None,
            budget: usize::MAX,
            ending: ending(codes, search),
        };
        self.walk_graph(segment, codes, way)
    }

    /// Walks until `ef` rows are met that may be found, or until a scan of
    /// them would have cost as much. What it found is in `found`, unless there
    /// is too little, or all that the walk kept is nearer than what it found:
    /// there may be more beyond.
    fn filtered_walk(
        &mut self,
        segment: &Segment,
        codes: &CodeQuery,
        search: &SearchParams<'_>,
    ) -> bool {
        let Some(filter) = search.filter else {
            return false;
        };
        let budget = filter.len() / search.scan_gain(segment);
        let k = search.k.min(filter.len());
        self.walk_filtered(segment, codes, search, filter, budget)
            && self
                .scratch
                .found
                .kth(k)
                .is_some_and(|kth| self.scratch.pool.reaches(kth))
    }

    fn walk_filtered(
        &mut self,
        segment: &Segment,
        codes: &CodeQuery,
        search: &SearchParams<'_>,
        filter: &SlotFilter,
        budget: usize,
    ) -> bool {
        let wanted = search.walk_kept();
        // The walk itself keeps what it may have to pass through.
        let share = segment.len().div_ceil(filter.len().max(1));
        let way = Way {
            from: self.entry(segment, codes),
            rows: segment.len(),
            ef: wanted
                .saturating_mul(share)
                .saturating_mul(2)
                .min(segment.len()),
            filter: Some((filter.slots(), wanted)),
            budget,
            ending: ending(codes, search),
        };
        self.walk_graph(segment, codes, way)
    }

    fn walk_graph(&mut self, segment: &Segment, codes: &CodeQuery, way: Way<'_>) -> bool {
        let records = segment.records().records;
        let links = Trusted::new(segment, 0);
        walk(&links, records, &codes.coarse, way, &mut self.scratch)
    }

    /// Compares the codes of all rows that may be found, or of those with the best sketches
    /// where they are many.
    fn scan(&mut self, segment: &Segment, codes: &CodeQuery, search: &SearchParams<'_>) {
        // What a walk left there, or an earlier search, does not count.
        self.scratch.pool.reset(0);
        let kept = search.ranked().min(segment.len()).max(search.ef);
        self.scratch.found.reset(kept);
        let Some(filter) = search.filter else {
            self.compare(segment, codes, 0..segment.len() as u32);
            return;
        };
        let Some(wanted) = search.sketch_kept(segment, filter) else {
            self.compare(segment, codes, filter.slots().iter());
            return;
        };
        let mut sketched = std::mem::take(&mut self.scratch.sketched);
        let sketches = filter.sketches(segment);
        sketches.best(codes, wanted, &mut self.scratch.sums, &mut sketched);
        self.compare(segment, codes, sketched.iter().copied());
        self.scratch.sketched = sketched;
    }

    /// Keeps those slots in `found` whose codes are most like the query.
    fn compare(
        &mut self,
        segment: &Segment,
        codes: &CodeQuery,
        mut slots: impl Iterator<Item = u32>,
    ) {
        let (fresh, scores) = (&mut self.scratch.fresh, &mut self.scratch.scores);
        let records = segment.records();
        let rows = segment.len();
        loop {
            fresh.clear();
            fresh.extend(slots.by_ref().take(SCAN_BATCH));
            if fresh.is_empty() {
                return;
            }
            fresh.retain(|&slot| (slot as usize) < rows && records.trusts(slot));
            fresh
                .iter()
                .for_each(|&slot| prefetch(records.records, slot));
            dot4(&codes.coarse, records.records, fresh, scores);
            self.scratch.found.offer_all(scores, fresh);
        }
    }

    /// Ranks the best of what was found.
    fn rank(
        &mut self,
        segment: &Segment,
        query: &[f32],
        codes: &CodeQuery,
        search: &SearchParams<'_>,
    ) {
        let found = if self.scratch.found.ids().len() > 0 {
            &self.scratch.found
        } else {
            &self.scratch.pool
        };
        let found = found.scored().take(search.ranked());
        self.ranking
            .rank(segment, query, codes, found, search.k, &mut self.hits);
    }
}

/// When a walk may end early.
fn ending<'a>(codes: &'a CodeQuery, search: &SearchParams<'_>) -> Option<Ending<'a>> {
    let ending = Ending {
        codes,
        k: search.k,
        slack: search.slack.max(1.0),
    };
    ending.slack.is_finite().then_some(ending)
}

/// Links to rows whose codes are as they were written.
struct Trusted<'a> {
    links: MappedLevel<'a>,
    codes: crate::segment::Coded<'a>,
}

impl<'a> Trusted<'a> {
    fn new(segment: &'a Segment, level: usize) -> Self {
        Self {
            links: segment.level(level),
            codes: segment.records(),
        }
    }
}

impl Links for Trusted<'_> {
    #[inline]
    fn links(&self, id: u32) -> impl Iterator<Item = u32> {
        self.links.links(id).filter(|&id| self.codes.trusts(id))
    }

    #[inline]
    fn prefetch(&self, id: u32) {
        self.links.prefetch(id);
    }
}
