//! Searching a segment: the plan, and its steps.

use crate::codes::CodeQuery;
use crate::hit::Hit;
use crate::kernel::{dot4, dot16, prefetch};
use crate::scratch::Scratch;
use crate::segment::{MappedLevel, Segment};
use crate::slots::Slots;
use crate::walk::{Ending, Links, Way, descend, walk};
use crate::{Error, Result};

/// What to look for in a segment.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
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
    /// Slots that may be found; all if none.
    pub among: Option<&'a Slots>,
    /// Compare every vector in half precision, without codes or graph.
    pub exact: bool,
}

impl Search<'_> {
    /// The best `k` rows of all, found well.
    pub fn new(k: usize) -> Self {
        Self {
            k,
            ef: 128,
            slack: 1.25,
            oversample: 8,
            among: None,
            exact: false,
        }
    }
}

impl Search<'_> {
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
    /// The codes of all rows that may be found are compared, and the best ranked.
    Scan,
    /// The graph is walked.
    Walk,
    /// The graph is walked until enough rows are met that may be found.
    FilteredWalk,
}

/// So few vectors are compared exactly.
const FEW: usize = 256;

/// Comparing a row that a walk meets takes as long as comparing this many rows
/// in a scan, which come in order and without looking for links.
const SCAN_GAIN: usize = 5;

/// Rows that a walk compares for each one it keeps.
const COMPARED: usize = 16;

impl Search<'_> {
    /// How a segment of `rows` rows is searched.
    ///
    /// A scan costs what there is to compare; a walk costs what it keeps, and
    /// if rows of a share `s` may be found, up to `1/s` as much.
    pub fn plan(&self, rows: usize) -> Plan {
        let matches = self.among.map_or(rows, Slots::len);
        let walked = self.ef.max(self.k).saturating_mul(COMPARED * SCAN_GAIN);
        if self.exact || matches <= FEW {
            Plan::Exact
        } else if matches.saturating_mul(matches) <= walked.saturating_mul(rows) {
            Plan::Scan
        } else if self.among.is_some() {
            Plan::FilteredWalk
        } else {
            Plan::Walk
        }
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
        search: &Search<'_>,
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
        let plan = search.plan(segment.len());
        if plan == Plan::Exact {
            self.exact(segment, query, search);
        } else {
            let codes = segment.query(query);
            let walked = match plan {
                Plan::Walk => self.walk(segment, &codes, search),
                Plan::FilteredWalk => self.filtered_walk(segment, &codes, search),
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
        search: &Search<'_>,
    ) -> Result<&[Hit]> {
        self.hits.clear();
        let codes = segment.query(query);
        match search.among {
            Some(slots) => self.walk_among(segment, &codes, search, slots, usize::MAX),
            None => self.walk_all(segment, &codes, search),
        };
        self.rank(segment, query, &codes, search);
        self.best(segment, search)
    }

    fn best(&mut self, segment: &Segment, search: &Search<'_>) -> Result<&[Hit]> {
        segment.intact()?;
        self.hits.sort_unstable_by(Hit::best_first);
        self.hits.truncate(search.k);
        Ok(&self.hits)
    }

    fn exact(&mut self, segment: &Segment, query: &[f32], search: &Search<'_>) {
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
        match search.among {
            Some(slots) => slots.iter().for_each(&mut take),
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
    fn walk(&mut self, segment: &Segment, codes: &CodeQuery, search: &Search<'_>) -> bool {
        self.walk_all(segment, codes, search) && self.scratch.pool.ids().len() >= search.k
    }

    fn walk_all(&mut self, segment: &Segment, codes: &CodeQuery, search: &Search<'_>) -> bool {
        let way = Way {
            from: self.entry(segment, codes),
            rows: segment.len(),
            ef: kept(search),
            among: None,
            budget: usize::MAX,
            ending: ending(codes, search),
        };
        self.go(segment, codes, way)
    }

    /// Walks until `ef` rows are met that may be found, or until a scan of
    /// them would have cost as much. What it found is in `found`, unless there
    /// is too little.
    fn filtered_walk(&mut self, segment: &Segment, codes: &CodeQuery, search: &Search<'_>) -> bool {
        let Some(slots) = search.among else {
            return false;
        };
        let budget = slots.len() / SCAN_GAIN;
        self.walk_among(segment, codes, search, slots, budget)
            && self.scratch.found.ids().len() >= search.k.min(slots.len())
    }

    fn walk_among(
        &mut self,
        segment: &Segment,
        codes: &CodeQuery,
        search: &Search<'_>,
        slots: &Slots,
        budget: usize,
    ) -> bool {
        let wanted = kept(search);
        // The walk itself keeps what it may have to pass through.
        let share = segment.len().div_ceil(slots.len().max(1));
        let way = Way {
            from: self.entry(segment, codes),
            rows: segment.len(),
            ef: wanted
                .saturating_mul(share)
                .saturating_mul(2)
                .min(segment.len()),
            among: Some((slots, wanted)),
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

    /// Compares the codes of all rows that may be found.
    fn scan(&mut self, segment: &Segment, codes: &CodeQuery, search: &Search<'_>) {
        let Scratch {
            pool,
            found,
            fresh,
            scores,
            ..
        } = &mut self.scratch;
        let records = segment.records();
        let rows = segment.len();
        // What a walk left there, or an earlier search, does not count.
        pool.reset(0);
        found.reset(ranked(search).min(rows).max(search.ef));
        let mut share = |slots: &mut dyn Iterator<Item = u32>| {
            fresh.clear();
            fresh.extend(slots.take(SHARE));
            let more = !fresh.is_empty();
            fresh.retain(|&slot| (slot as usize) < rows && records.trusts(slot));
            fresh
                .iter()
                .for_each(|&slot| prefetch(records.records, slot));
            dot4(&codes.coarse, records.records, fresh, scores);
            found.offer_all(scores, fresh);
            more
        };
        match search.among {
            Some(slots) => {
                let mut slots = slots.iter();
                while share(&mut slots) {}
            }
            None => {
                let mut slots = 0..segment.len() as u32;
                while share(&mut slots) {}
            }
        }
    }

    /// Ranks the best of what was found by all their bits.
    fn rank(&mut self, segment: &Segment, query: &[f32], codes: &CodeQuery, search: &Search<'_>) {
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

/// Slots whose codes are compared together in a scan.
const SHARE: usize = 128;

/// Rows a walk keeps: four bits leave the order of the last ones uncertain, so
/// it keeps some more than asked.
fn kept(search: &Search<'_>) -> usize {
    search.ef.saturating_add(search.k)
}

/// When a walk may end early.
fn ending<'a>(codes: &'a CodeQuery, search: &Search<'_>) -> Option<Ending<'a>> {
    let ending = Ending {
        codes,
        k: search.k,
        slack: search.slack.max(1.0),
    };
    ending.slack.is_finite().then_some(ending)
}

/// Rows that are ranked by all their bits.
fn ranked(search: &Search<'_>) -> usize {
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
