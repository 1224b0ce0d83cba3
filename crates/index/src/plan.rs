//! How a segment is searched: what a caller may set, and the plan that follows
//! from it.

use crate::segment::Segment;
use crate::slot_filter::SlotFilter;

/// What to look for in a segment, and how thoroughly.
#[derive(Clone, Copy, Debug)]
pub struct SearchParams<'a> {
    /// Rows to find.
    pub k: usize,
    /// Rows a walk of the graph keeps: more find more, and take longer.
    pub ef: usize,
    /// A walk ends where all that is left is more than so many times as far
    /// as the last of the `k` best, by squared distance: less is quicker and
    /// finds less. Infinity goes on until `ef` rows are exhausted.
    pub slack: f32,
    /// Rows ranked by twelve bits a coordinate for each one to find.
    pub oversample: usize,
    /// Slots of the segment that may be found; all if none.
    pub filter: Option<&'a SlotFilter>,
    /// Compare every vector in half precision, without codes or graph.
    pub exact: bool,
    /// Compare the codes of all that may be found, where the graph would be walked: nearly
    /// exact, and many times as quick as that if a filter is used again.
    pub scan: bool,
}

/// How a segment is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Plan {
    /// Every vector that may be found is compared.
    Exact,
    /// The codes of all rows that may be found are compared (of many rows only
    /// those with the best sketches), and the best are ranked.
    Scan,
    /// The graph is walked.
    Graph,
    /// The graph is walked until enough rows are met that may be found.
    FilteredGraph,
}

/// So few vectors are compared exactly.
const EXACT_ROWS: usize = 256;

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
const SKETCH_KEPT: usize = 4;

/// and one of so many that were scanned.
const SKETCH_KEPT_OF: usize = 32;

/// Rows that a walk compares for each one it keeps.
const WALK_COMPARED: usize = 16;

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
            scan: false,
        }
    }

    /// The same search, not for more rows than there are.
    pub(crate) fn within(self, rows: usize) -> Self {
        Self {
            k: self.k.min(rows),
            ef: self.ef.min(rows),
            ..self
        }
    }

    /// How a segment is searched.
    ///
    /// A scan costs what there is to compare; a walk costs what it keeps, and
    /// if rows of a share `s` may be found, up to `1/s` as much.
    pub fn plan(&self, segment: &Segment) -> Plan {
        let rows = segment.len();
        let found = self.filter.map_or(rows, SlotFilter::len);
        let walked = self
            .ef
            .max(self.k)
            .saturating_mul(WALK_COMPARED * self.scan_gain(segment));
        if self.exact || found <= EXACT_ROWS {
            Plan::Exact
        } else if self.scan || found.saturating_mul(found) <= walked.saturating_mul(rows) {
            Plan::Scan
        } else if self.filter.is_some() {
            Plan::FilteredGraph
        } else {
            Plan::Graph
        }
    }

    /// How many rows a scan compares in the time a walk compares one.
    pub(crate) fn scan_gain(&self, segment: &Segment) -> usize {
        let sketched = self
            .filter
            .and_then(|filter| self.sketch_kept(segment, filter));
        sketched.map_or(SCAN_GAIN, |_| SKETCH_GAIN)
    }

    /// Rows that a scan compares by their codes, after it compared the sketches
    /// of all that may be found; none if sketches do not pay. To make them takes longer
    /// than to compare the codes once.
    pub(crate) fn sketch_kept(&self, segment: &Segment, filter: &SlotFilter) -> Option<usize> {
        let least = self.ranked().max(self.ef).saturating_mul(SKETCH_KEPT);
        let kept = least.saturating_add(filter.len() / SKETCH_KEPT_OF);
        let pays = !filter.is_for_one()
            && segment.dimensions() >= SKETCH_DIMENSIONS
            && filter.len() >= SKETCH_ROWS
            && kept <= filter.len() / 4;
        pays.then_some(kept)
    }

    /// Rows that are ranked by twelve bits a coordinate.
    pub(crate) fn ranked(&self) -> usize {
        self.k.saturating_mul(self.oversample.max(1))
    }

    /// Rows a walk keeps: four bits leave the order of the last ones uncertain,
    /// so it keeps some more than asked.
    pub(crate) fn walk_kept(&self) -> usize {
        self.ef.saturating_add(self.k)
    }
}
