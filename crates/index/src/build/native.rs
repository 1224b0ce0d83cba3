//! Building a graph by inserting rows, several at a time.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::BuildOptions;
use super::duplicates::Duplicates;
use super::growing::{GrowingLevel, Work};
use super::ordered::{Codes, Ordered};
use super::select::{Candidate, diverse, sort};
use crate::codes::Quantizer;
use crate::graph::{Graph, stride};
use crate::scratch::Scratch;
use crate::walk::{Ending, Way, descend, walk};
use crate::{Error, Result};

/// Rows that are inserted one by one before threads share the rest.
const FIRST_ROWS: usize = 256;

/// A walk for links ends where all that is left is so many times as far as the last of the
/// rows that could all be linked: links are rarely found beyond.
const SLACK: f32 = 1.2;

/// Rows a thread takes at a time.
const INSERT_BATCH: usize = 32;

/// What a graph is built from; rows stand in the order of their ids.
pub(super) struct Source<'a> {
    pub(super) ordered: &'a Ordered<'a>,
    pub(super) quantizer: &'a Quantizer,
    pub(super) codes: &'a Codes,
    pub(super) duplicates: &'a Duplicates,
    /// Rows of each level.
    pub(super) counts: &'a [usize],
}

/// Inserts all rows; `observe` is told the part of them that is inserted, and
/// may stop it.
pub(super) fn build(
    source: &Source<'_>,
    options: &BuildOptions,
    observe: &(dyn Fn(f64) -> bool + Sync),
) -> Result<Graph> {
    let levels: Vec<GrowingLevel> = (0..)
        .zip(source.counts)
        .map(|(level, &rows)| GrowingLevel::new(rows, stride(options.m, level)))
        .collect();
    let rows = source.counts.first().copied().unwrap_or(0);
    let mut worker = Worker::new(source, options, &levels);
    let alone = rows.min(FIRST_ROWS);
    for id in 0..alone {
        worker.insert(id as u32)?;
    }
    let next = AtomicUsize::new(0);
    let shares = (rows - alone).div_ceil(INSERT_BATCH);
    let lanes = options.threads.max(1);
    let lane = shares.div_ceil(lanes).max(1);
    let work = || {
        let mut worker = Worker::new(source, options, &levels);
        loop {
            // Threads work far apart: rows that lie together should meet.
            let turn = next.fetch_add(1, Ordering::Relaxed);
            if turn >= lane * lanes {
                return Ok(());
            }
            let from = alone + (turn % lanes * lane + turn / lanes) * INSERT_BATCH;
            if observe(turn as f64 / (lane * lanes) as f64) {
                return Err(Error::Interrupted);
            }
            for id in from..rows.min(from + INSERT_BATCH) {
                worker.insert(id as u32)?;
            }
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (1..options.threads.max(1))
            .map(|_| scope.spawn(work))
            .collect();
        let own = work();
        threads.into_iter().fold(own, |result, thread| {
            let other = thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            result.and(other)
        })
    })?;
    let finished = levels
        .into_iter()
        .map(|level| level.finish(&source.codes.bytes));
    Ok(Graph {
        m: options.m,
        levels: finished.collect(),
    })
}

struct Worker<'a, 's> {
    source: &'a Source<'s>,
    options: &'a BuildOptions,
    levels: &'a [GrowingLevel],
    scratch: Scratch,
    work: Work,
    candidates: Vec<Candidate>,
    links: Vec<u32>,
    vector: Vec<f32>,
}

impl<'a, 's> Worker<'a, 's> {
    fn new(source: &'a Source<'s>, options: &'a BuildOptions, levels: &'a [GrowingLevel]) -> Self {
        Self {
            source,
            options,
            levels,
            scratch: Scratch::default(),
            work: Work::default(),
            candidates: Vec::new(),
            links: Vec::new(),
            vector: vec![0.0; source.quantizer.dimensions()],
        }
    }

    fn insert(&mut self, id: u32) -> Result<()> {
        if id == 0 || self.source.duplicates.first(id).is_some() {
            return Ok(());
        }
        let Source {
            ordered,
            quantizer,
            codes,
            counts,
            ..
        } = self.source;
        ordered.read(id, &mut self.vector)?;
        let records = codes.records();
        let codes = quantizer.query(&self.vector);
        let query = &codes.coarse;
        let mut from = 0;
        for level in (0..counts.len()).rev() {
            if id as usize >= counts[level] {
                from = descend(&self.levels[level], records, query, from, &mut self.scratch);
                continue;
            }
            let way = Way {
                from,
                rows: counts[level],
                ef: self.options.ef_construction,
                filter: None,
                budget: usize::MAX,
                ending: Some(Ending {
                    codes: &codes,
                    k: 2 * self.options.m,
                    slack: SLACK,
                }),
            };
            walk(&self.levels[level], records, query, way, &mut self.scratch);
            from = self.connect(id, level).unwrap_or(from);
        }
        Ok(())
    }

    /// Links a row with the rows that the walk found; gives the nearest.
    fn connect(&mut self, id: u32, level: usize) -> Option<u32> {
        let bytes = &self.source.codes.bytes;
        let own = bytes.row(id);
        self.candidates.clear();
        let found = self.scratch.pool.ids().filter(|&found| found != id);
        self.candidates.extend(found.map(|id| Candidate {
            distance: own.distance(bytes.row(id)),
            id,
        }));
        sort(&mut self.candidates);
        let most = stride(self.options.m, level);
        diverse(bytes, &self.candidates, most, &mut self.links);
        let grown = &self.levels[level];
        grown.link(id, &self.links);
        for &to in &self.links {
            grown.link_back(to, id, bytes, &mut self.work);
        }
        self.candidates.first().map(|candidate| candidate.id)
    }
}
