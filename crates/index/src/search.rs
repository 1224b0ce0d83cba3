//! Searching a segment: the plan, and its steps.

use crate::codes::CodeQuery;
use crate::hit::Hit;
use crate::kernel::{dot4, dot16, prefetch};
use crate::scratch::Scratch;
use crate::segment::{MappedLevel, Segment};
use crate::slot_filter::SlotFilter;
use crate::walk::{Ending, Links, Way, descend, walk};
use crate::{Error, Result};

/// What to look for in a segment.
#[derive(Clone, Copy, Debug)]
pub struct SearchParams<'a> {
    /// Rows to find.
    pub k: usize,
    /// Rows the walk keeps: more find more, and take longer.
    pub ef: usize,
    /// The walk ends where all that is left is more than so many times as far
    /// as the last of the `k` best, by squared distance: less is quicker and
    /// finds less. Infinity goes on until `ef` rows are exhausted.
    pub slack: f32,
    /// Rows ranked by all their bits for each one to find.
    pub oversample: usize,
    /// Bitmap of the segment that may be found; all if none.
    pub filter: Option<&'a SlotFilter>,
    /// Compare every vector in half precision, without codes or graph.
    pub exact: bool,
}

impl SearchParams<'_> {
    /// The best `k` rows of all, found well.
    pub fn new(k: usize) -> Self {
        Self {
            k,
            ef: 128,
            slack: 1.25,
            oversample: 8,
            filter: None,
            exact: false,
        }
    }
}

impl SearchParams<'_> {
    /// The same search, not for more than there are.
    fn within(self, rows: usize) -> Self {
        Self {
            k: self.k.min(rows),
            ef: self.ef.min(rows),
            ..self
        }
    }
}

/// How a segment is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Plan {
    /// Every vector that may be found is compared.
    Exact,
    /// All rows that may be found are compared, many of them by a bit of each
    /// coordinate first, then by their codes, and the best ranked.
    Scan,
    /// The graph is walked.
    Graph,
    /// The graph is walked until enough rows are met that may be found.
    FilteredGraph,
}

/// So few vectors are compared exactly.
const FEW: usize = 256;

/// Comparing a row that a walk meets takes as long as comparing this many rows
/// in a scan by their codes, which come in order and without looking for links.
const SCAN_GAIN: usize = 5;

/// The same for a scan by sketches.
const SKETCH_GAIN: usize = 14;

/// Sketches of fewer coordinates tell too little.
const SKETCH_DIMENSIONS: usize = 64;

/// Fewer rows are compared by their codes at once.
const SKETCH_ROWS: usize = 1024;

/// After a scan by sketches, so many rows are compared by their codes for each
/// that a walk would keep,
const LIKELY: usize = 4;

/// and one of so many that were scanned.
const LIKELY_OF: usize = 32;

/// Rows that a walk compares for each one it keeps.
const COMPARED: usize = 16;

impl SearchParams<'_> {
    /// How a segment is searched.
    ///
    /// A scan costs what there is to compare; a walk costs what it keeps, and
    /// if rows of a share `s` may be found, up to `1/s` as much.
    pub fn plan(&self, segment: &Segment) -> Plan {
        let rows = segment.len();
        let matches = self.filter.map_or(rows, SlotFilter::len);
        let walked = self
            .ef
            .max(self.k)
            .saturating_mul(COMPARED * self.scan_gain(segment));
        if self.exact || matches <= FEW {
            Plan::Exact
        } else if matches.saturating_mul(matches) <= walked.saturating_mul(rows) {
            Plan::Scan
        } else if self.filter.is_some() {
            Plan::FilteredGraph
        } else {
            Plan::Graph
        }
    }
}

impl SearchParams<'_> {
    fn scan_gain(&self, segment: &Segment) -> usize {
        let likely = self
            .filter
            .and_then(|matches| self.likely(segment, matches));
        likely.map_or(SCAN_GAIN, |_| SKETCH_GAIN)
    }

    /// Rows that a scan of many compares by their codes, if not all.
    fn likely(&self, segment: &Segment, matches: &SlotFilter) -> Option<usize> {
        let least = ranked(self).max(self.ef).saturating_mul(LIKELY);
        let likely = least.saturating_add(matches.len() / LIKELY_OF);
        let pays = segment.dimensions() >= SKETCH_DIMENSIONS
            && matches.len() >= SKETCH_ROWS
            && likely <= matches.len() / 4;
        pays.then_some(likely)
    }
}

/// Searches segments, with working memory that is used again.
#[derive(Default)]
pub struct Searcher {
    scratch: Scratch,
    hits: Vec<Hit>,
}

impl Searcher {
    /// The best rows for a query, best first, ties by row; always as many as
    /// there are, up to `k`. `query` has the segment's dimensions.
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
            Some(matches) => self.walk_among(segment, &codes, search, matches, usize::MAX),
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
            Some(matches) => matches.slots().iter().for_each(&mut take),
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
            ef: kept(search),
            filter: None,
            budget: usize::MAX,
            ending: ending(codes, search),
        };
        self.go(segment, codes, way)
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
        let Some(matches) = search.filter else {
            return false;
        };
        let budget = matches.len() / search.scan_gain(segment);
        let k = search.k.min(matches.len());
        self.walk_among(segment, codes, search, matches, budget)
            && self
                .scratch
                .found
                .kth(k)
                .is_some_and(|kth| self.scratch.pool.reaches(kth))
    }

    fn walk_among(
        &mut self,
        segment: &Segment,
        codes: &CodeQuery,
        search: &SearchParams<'_>,
        matches: &SlotFilter,
        budget: usize,
    ) -> bool {
        let wanted = kept(search);
        // The walk itself keeps what it may have to pass through.
        let share = segment.len().div_ceil(matches.len().max(1));
        let way = Way {
            from: self.entry(segment, codes),
            rows: segment.len(),
            ef: wanted
                .saturating_mul(share)
                .saturating_mul(2)
                .min(segment.len()),
            filter: Some((matches.slots(), wanted)),
            budget,
            ending: ending(codes, search),
        };
        self.go(segment, codes, way)
    }

    fn go(&mut self, segment: &Segment, codes: &CodeQuery, way: Way<'_>) -> bool {
        let records = segment.records().records;
        let links = Trusted::new(segment, 0);
        walk(&links, records, &codes.coarse, way, &mut self.scratch)
    }

    /// Compares the codes of all rows that may be found, or of the likely ones
    /// where they are many.
    fn scan(&mut self, segment: &Segment, codes: &CodeQuery, search: &SearchParams<'_>) {
        // What a walk left there, or an earlier search, does not count.
        self.scratch.pool.reset(0);
        let kept = ranked(search).min(segment.len()).max(search.ef);
        self.scratch.found.reset(kept);
        let Some(matches) = search.filter else {
            self.compare(segment, codes, 0..segment.len() as u32);
            return;
        };
        let Some(wanted) = search.likely(segment, matches) else {
            self.compare(segment, codes, matches.slots().iter());
            return;
        };
        let mut likely = std::mem::take(&mut self.scratch.likely);
        let sketches = matches.sketches(segment);
        sketches.likely(codes, wanted, &mut self.scratch.sums, &mut likely);
        self.compare(segment, codes, likely.iter().copied());
        self.scratch.likely = likely;
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
            fresh.extend(slots.by_ref().take(SHARE));
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

    /// Ranks the best of what was found by all their bits.
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
        let (records, refinements) = (segment.records().records, segment.refinements());
        let slots = || found.ids().take(ranked(search));
        slots().for_each(|slot| prefetch(refinements.records, slot));
        for slot in slots().filter(|&slot| refinements.trusts(slot)) {
            let close = codes.similarity(records, refinements.records, slot);
            let exact = || Some(dot16(query, segment.half(slot)?));
            let Some(similarity) = close.or_else(exact) else {
                continue;
            };
            self.hits.push(Hit {
                row: slot,
                similarity,
            });
        }
        // Rows are looked up for the best only; beyond them ties do not matter.
        self.hits.sort_unstable_by(Hit::best_first);
        self.hits.truncate(search.k);
        self.hits.retain_mut(|hit| match segment.row(hit.row) {
            Some(row) => {
                hit.row = row;
                true
            }
            None => false,
        });
    }
}

/// Bitmap whose codes are compared together in a scan.
const SHARE: usize = 128;

/// Rows a walk keeps: four bits leave the order of the last ones uncertain, so
/// it keeps some more than asked.
fn kept(search: &SearchParams<'_>) -> usize {
    search.ef.saturating_add(search.k)
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

/// Rows that are ranked by all their bits.
fn ranked(search: &SearchParams<'_>) -> usize {
    search.k.saturating_mul(search.oversample.max(1))
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
