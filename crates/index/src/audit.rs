//! Whether a segment's graph leads to every row.

use std::collections::{BTreeSet, VecDeque};

use rayon::prelude::*;

use crate::graph::NONE;
use crate::plan::SearchParams;
use crate::scratch::Visited;
use crate::searcher::Searcher;
use crate::segment::{MappedLevel, Segment};
use crate::slot_filter::SlotFilter;
use crate::{Error, Result};

/// Rows that a row's own vector is to be among.
const AUDIT_K: usize = 200;

/// Rows a walk keeps while it looks for a row by its own vector.
const AUDIT_EF: usize = 1024;

/// Similarities that differ by no more are equal: the codes by which a
/// walk keeps rows are no more precise.
const EQUAL_WITHIN: f32 = 1e-3;

/// What an audit found.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Audit {
    /// Rows, dead ones included.
    pub rows: usize,
    /// Rows that are not alive.
    pub dead: usize,
    /// Levels of the graph.
    pub levels: usize,
    /// Links of the rows on the lowest level.
    pub links: Degrees,
    /// Links on all levels that point nowhere, to their own row, or where
    /// another link of the row points.
    pub broken_links: usize,
    /// Rows that no way over the lowest level leads to from slot 0.
    pub unreached: usize,
    /// Rows that were looked for by their own vectors.
    pub sought: usize,
    /// Rows that were looked for in vain: among the best 200 of a walk that
    /// keeps 1,024 is neither the row nor are all of them as similar.
    pub unfound: usize,
}

/// How many links rows have.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Degrees {
    /// Links of the row with the fewest.
    pub min: usize,
    /// Links of a row on average.
    pub mean: f64,
    /// Links of the row with the most.
    pub max: usize,
}

impl Audit {
    /// Whether every row that was looked for was found and no link is broken.
    pub fn is_clean(&self) -> bool {
        self.broken_links == 0 && self.unreached == 0 && self.unfound == 0
    }
}

/// Checks the links of a segment, and looks for its rows in the slots `alive`
/// (all if none) by their own vectors: for as many as `sample` says, spread
/// evenly, or for all.
///
/// # Errors
/// [`Error::Damaged`] if bytes of the segment have changed.
pub fn audit(
    segment: &Segment,
    alive: Option<&SlotFilter>,
    sample: Option<usize>,
) -> Result<Audit> {
    let alive_slots: Vec<u32> = match alive {
        Some(alive) => alive
            .slots()
            .iter()
            .take_while(|&slot| (slot as usize) < segment.len())
            .collect(),
        None => (0..segment.len() as u32).collect(),
    };
    let step = sample.map_or(1, |sample| alive_slots.len().div_ceil(sample.max(1)).max(1));
    let sought: Vec<u32> = alive_slots.iter().copied().step_by(step).collect();
    let lowest = segment.level(0);
    let broken = (0..segment.levels()).map(|level| broken_links(&segment.level(level)));
    let audit = Audit {
        rows: segment.len(),
        dead: segment.len() - alive_slots.len(),
        levels: segment.levels(),
        links: degrees(&lowest),
        broken_links: broken.sum(),
        unreached: segment.len() - reached(&lowest),
        sought: sought.len(),
        unfound: unfound(segment, alive, &sought)?,
    };
    segment.intact()?;
    Ok(audit)
}

/// The links of a row that a walk follows.
fn followed<'a>(level: &'a MappedLevel<'_>, id: u32) -> &'a [u32] {
    let places = level.places(id);
    let end = places.iter().position(|&link| link == NONE);
    &places[..end.unwrap_or(places.len())]
}

fn degrees(level: &MappedLevel<'_>) -> Degrees {
    let rows = level.len() as u32;
    let counts = || (0..rows).map(|id| followed(level, id).len());
    Degrees {
        min: counts().min().unwrap_or(0),
        mean: counts().sum::<usize>() as f64 / f64::from(rows.max(1)),
        max: counts().max().unwrap_or(0),
    }
}

fn broken_links(level: &MappedLevel<'_>) -> usize {
    let rows = level.len() as u32;
    let broken = |id: u32| {
        let links = followed(level, id);
        let good: BTreeSet<u32> = links
            .iter()
            .copied()
            .filter(|&link| link < rows && link != id)
            .collect();
        // A link behind an empty place is never followed.
        let behind = level.places(id)[links.len()..]
            .iter()
            .filter(|&&link| link != NONE);
        links.len() - good.len() + behind.count()
    };
    (0..rows).map(broken).sum()
}

/// Number of rows that links lead to from slot 0.
fn reached(level: &MappedLevel<'_>) -> usize {
    let mut seen = Visited::default();
    seen.reset(level.len());
    let mut queue = VecDeque::new();
    if level.len() > 0 {
        seen.insert(0);
        queue.push_back(0);
    }
    let mut count = 0;
    while let Some(id) = queue.pop_front() {
        count += 1;
        for &link in followed(level, id) {
            if (link as usize) < level.len() && seen.insert(link) {
                queue.push_back(link);
            }
        }
    }
    count
}

fn unfound(segment: &Segment, alive: Option<&SlotFilter>, sought: &[u32]) -> Result<usize> {
    let state = || (Searcher::default(), vec![0.0; segment.dimensions()]);
    sought
        .par_iter()
        .map_init(state, |(searcher, vector), &slot| {
            Ok(usize::from(!finds(segment, alive, searcher, vector, slot)?))
        })
        .sum()
}

/// Whether a row is found by its own vector.
fn finds(
    segment: &Segment,
    alive: Option<&SlotFilter>,
    searcher: &mut Searcher,
    vector: &mut [f32],
    slot: u32,
) -> Result<bool> {
    segment.vector(slot, vector)?;
    let search = SearchParams {
        ef: AUDIT_EF,
        slack: f32::INFINITY,
        filter: alive,
        ..SearchParams::new(AUDIT_K)
    };
    let hits = searcher.search_graph(segment, vector, &search)?;
    let row = segment.row(slot);
    if hits.iter().any(|hit| Some(hit.row) == row) {
        return Ok(true);
    }
    let own = similarity(segment, vector, slot)?;
    for hit in hits {
        let Some(other) = segment.slot(hit.row) else {
            segment.intact()?;
            return Err(Error::Fault(format!("row {} has no slot", hit.row)));
        };
        if similarity(segment, vector, other)? < own - EQUAL_WITHIN {
            return Ok(false);
        }
    }
    Ok(hits.len() == AUDIT_K)
}

fn similarity(segment: &Segment, vector: &[f32], slot: u32) -> Result<f32> {
    let Some(other) = segment.half(slot) else {
        segment.intact()?;
        return Err(Error::argument(format!("there is no slot {slot}")));
    };
    Ok(crate::kernel::dot16(vector, other))
}
