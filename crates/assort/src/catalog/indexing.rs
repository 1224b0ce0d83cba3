//! Looking after the index: finishing what is due, merging, measuring, tuning.

use std::sync::Arc;
use std::time::{Duration, Instant};

use assort_index::{Audit, BuildOptions, Hit, audit};

use crate::catalog::Catalog;
use crate::catalog::following::{Meter, POLL, observed};
use crate::error::Maintenance;
use crate::knn::effort::Effort;
use crate::knn::graph::nearest;
use crate::observer::{Observer, Progress};
use crate::segments::{
    LIVE, give_back, merge_all, planned_rows, planned_rows_of_merging_all, seal_over, step,
};
use crate::snapshot::{Changes, FilteredRows, RowFilter, Snapshot};
use crate::state::State;
use crate::store::TuningRecord;
use crate::{Error, Result};

/// Widths of walks that tuning tries, in ascending order.
const WIDTHS: [usize; 14] = [
    10, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024,
];

/// Slacks that tuning tries, each with the narrowest walk that does.
const SLACKS: [f32; 7] = [1.1, 1.15, 1.175, 1.2, 1.25, 1.5, f32::INFINITY];

/// Results whose recall is measured.
const K: usize = 10;

/// Rows whose vectors are searched for in an audit of a segment.
const SAMPLE: usize = 2_000;

/// Products whose nearest ones are looked for between two looks whether to stop.
const TOGETHER: usize = 64;

/// How the truth is looked for: all rows are compared, by sketches, then the likely ones by
/// codes, then the best of these by their vectors. To compare all vectors takes ten times as
/// long.
const THOROUGH: Effort = Effort {
    ef: 512,
    slack: f32::INFINITY,
    oversample: 32,
    exact: false,
    scan: true,
    deadline: None,
};

/// How well the graph is searched, as measured by [`Catalog::tune`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tuning {
    /// Rows a walk keeps.
    pub ef: usize,
    /// A walk ends where all that is left is more than so many times as far
    /// as the last of the best.
    pub slack: f32,
    /// Part of the ten best products that was found.
    pub recall: f64,
    /// Queries it was measured with.
    pub queries: usize,
}

/// What [`Catalog::audit_index`] found.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexAudit {
    /// Vectors in no segment, compared with each query.
    pub live: usize,
    /// Each segment by its number.
    pub segments: Vec<(u32, Audit)>,
    /// Part of the ten best that a search finds as things are set; none
    /// without segments.
    pub recall: Option<f64>,
}

impl Catalog {
    /// Does all sealing and merging that is due, with all threads. A step that is done in
    /// the background is waited for, unless it has hardly begun: then it is done anew.
    ///
    /// # Errors
    /// [`Error::Interrupted`] if `observer` stopped it, [`Error::Io`] if a
    /// segment could not be written: the products stay searchable.
    pub fn wait_until_indexed(&self, observer: &mut dyn Observer) -> Result<()> {
        if !self.state.store.is_writer() {
            return Ok(());
        }
        self.background.hand_over(true);
        let settled = self.take_over(observer);
        self.background.hand_over(false);
        settled
    }

    fn take_over(&self, observer: &mut dyn Observer) -> Result<()> {
        let planned = || {
            let reader = self.state.store.read()?;
            planned_rows(&reader, &reader.space()?, self.background.limit())
        };
        let mut meter = Meter::new(&self.state, &planned);
        self.wait_for_background(&mut meter, observer)?;
        self.background.rest();
        observed(&mut meter, observer, |stop| {
            let options = BuildOptions::default();
            while step(&self.state, self.background.limit(), &options, stop)? {}
            give_back(&self.state, stop)
        })
    }

    fn wait_for_background(
        &self,
        meter: &mut Meter<'_>,
        observer: &mut dyn Observer,
    ) -> Result<()> {
        while self.background.is_busy() {
            if self.background.is_slower_than_anew(&self.state) {
                self.background.rest();
                break;
            }
            meter.tell(observer);
            if observer.stop() {
                return Err(Error::Interrupted);
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }

    /// Where `backlog` vectors or more are live, seals with all threads until
    /// they are fewer than half of that.
    pub(crate) fn seal_backlog(&self, backlog: u64, observer: &mut dyn Observer) -> Result<()> {
        let reader = self.state.store.read()?;
        if reader.live_vectors(&reader.space()?)? < backlog {
            return Ok(());
        }
        let waiting = || {
            let reader = self.state.store.read()?;
            let live = reader.live_vectors(&reader.space()?)?;
            Ok(live.saturating_sub(backlog / 2))
        };
        let mut meter = Meter::new(&self.state, &waiting);
        drop(reader);
        self.background.hand_over(true);
        let waited = self.wait_for_background(&mut meter, observer);
        let sealed = waited.and_then(|()| {
            observed(&mut meter, observer, |stop| {
                let options = BuildOptions::default();
                while seal_over(&self.state, backlog / 2, &options, stop)? {}
                Ok(())
            })
        });
        self.background.hand_over(false);
        sealed
    }

    /// Merges all segments into one and gives unused space back to the file
    /// system; returns the bytes saved.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::Busy`], [`Error::Io`], [`Error::Interrupted`] if
    /// `observer` stopped it.
    pub fn compact(&self, observer: &mut dyn Observer) -> Result<u64> {
        if !self.state.store.is_writer() {
            return Err(Error::ReadOnly);
        }
        let _under_way = self.begin(Maintenance::Compact)?;
        let size = |state: &State| state.store.size() + state.segment_files.size();
        let before = size(&self.state);
        self.background.rest();
        let planned = || planned_rows_of_merging_all(&self.state);
        let rewritten = observed(&mut Meter::new(&self.state, &planned), observer, |stop| {
            merge_all(&self.state, &BuildOptions::default(), stop)?;
            self.state.rewrite(stop)
        })?;
        if !rewritten {
            return Err(Error::argument(
                "the catalog is being read, and its file cannot be replaced here; compact it when nobody reads",
            ));
        }
        Ok(before.saturating_sub(size(&self.state)))
    }

    /// Measures the recall of searches on the catalog's own products and keeps
    /// the quickest walk whose recall of the ten best is at least `recall`, for
    /// all searches to come. If none reaches it the widest is kept.
    ///
    /// # Errors
    /// [`Error::Argument`] if `recall` does not lie between 0 and 1,
    /// [`Error::Precondition`] if there are no segments yet; [`Error::ReadOnly`], [`Error::Interrupted`].
    pub fn tune(&self, recall: f64, queries: usize, observer: &mut dyn Observer) -> Result<Tuning> {
        if !(0.0..=1.0).contains(&recall) {
            return Err(Error::argument(format!(
                "a recall lies between 0 and 1, not at {recall}"
            )));
        }
        if !self.state.store.is_writer() {
            return Err(Error::ReadOnly);
        }
        let (_, snapshot) = self.state.view()?;
        if snapshot.sealed().is_empty() {
            return Err(Error::Precondition(format!(
                "there is nothing to tune: up to {LIVE} products are searched without an index"
            )));
        }
        let trial = Trial::new(&snapshot, queries, observer)?;
        let tuning = trial.quickest(&snapshot, recall, observer)?;
        let record = TuningRecord {
            ef: tuning.ef as u32,
            slack: tuning.slack,
            asked: recall as f32,
            recall: tuning.recall as f32,
        };
        self.commit(|writer| {
            writer.set_tuning(Some(&record))?;
            Ok(Changes::default())
        })?;
        Ok(tuning)
    }

    /// Measures the index: recall against exact search, whether every product
    /// can be reached, links, and dead rows.
    ///
    /// # Errors
    /// [`Error::Segment`] if a segment is damaged, [`Error::Interrupted`].
    pub fn audit_index(&self, queries: usize, observer: &mut dyn Observer) -> Result<IndexAudit> {
        let (reader, snapshot) = self.state.view()?;
        let mut segments = Vec::new();
        for (at, sealed) in (0..).zip(snapshot.sealed()) {
            let total = snapshot.sealed().len() as u64;
            measuring(observer, at, total)?;
            let found = audit(&sealed.segment, sealed.alive(), Some(SAMPLE))?;
            segments.push((sealed.number, found));
        }
        let recall = if segments.is_empty() {
            None
        } else {
            let effort = Effort::tuned(reader.tuning()?);
            Some(Trial::new(&snapshot, queries, observer)?.recall(&snapshot, effort)?)
        };
        Ok(IndexAudit {
            live: snapshot.live().len(),
            segments,
            recall,
        })
    }
}

/// Tells how far a measurement is; stops it if `observer` says so.
fn measuring(observer: &mut dyn Observer, done: u64, total: u64) -> Result<()> {
    observer.progress(Progress::Measuring { done, total });
    if observer.stop() {
        return Err(Error::Interrupted);
    }
    Ok(())
}

/// Products whose nearest ones are known.
struct Trial {
    rows: Vec<Option<u32>>,
    queries: Vec<f32>,
    truth: Vec<Vec<Hit>>,
}

impl Trial {
    /// At most `count` products, evenly spread, each to be found without itself.
    fn new(snapshot: &Arc<Snapshot>, count: usize, observer: &mut dyn Observer) -> Result<Self> {
        let mut all: Vec<u32> = Vec::new();
        for chunk in snapshot.chunks() {
            all.extend(chunk.rows()?.into_iter().map(|(_, row)| row));
        }
        all.sort_unstable();
        let taken = all.len().min(count.max(1));
        let rows: Vec<u32> = (0..taken).map(|at| all[at * all.len() / taken]).collect();
        let mut queries = Vec::with_capacity(rows.len() * snapshot.dimensions());
        for &row in &rows {
            queries.extend(snapshot.vector(row)?.into_iter().flatten());
        }
        let rows: Vec<Option<u32>> = rows.into_iter().map(Some).collect();
        let all = FilteredRows::new(snapshot, all.into_iter().collect());
        // What packs their sketches for each search with them.
        all.keep();
        let mut truth = Vec::with_capacity(rows.len());
        let groups = queries.chunks(TOGETHER * snapshot.dimensions());
        for (queries, rows) in groups.zip(rows.chunks(TOGETHER)) {
            measuring(observer, truth.len() as u64, taken as u64)?;
            let filter = RowFilter::Rows(&all);
            truth.extend(nearest(snapshot, queries, K, filter, rows, THOROUGH)?);
        }
        Ok(Self {
            rows,
            queries,
            truth,
        })
    }

    /// The quickest way to reach a recall, or the widest of all walks.
    fn quickest(
        &self,
        snapshot: &Snapshot,
        recall: f64,
        observer: &mut dyn Observer,
    ) -> Result<Tuning> {
        let mut best: Option<(Duration, Tuning)> = None;
        let mut widest = None;
        for (at, slack) in (0..).zip(SLACKS) {
            for ef in WIDTHS {
                let effort = Effort {
                    ef,
                    slack,
                    ..Effort::default()
                };
                let begun = Instant::now();
                let found = self.recall(snapshot, effort)?;
                let time = begun.elapsed();
                let tuning = Tuning {
                    ef,
                    slack,
                    recall: found,
                    queries: self.rows.len(),
                };
                widest = Some(tuning);
                measuring(observer, at, SLACKS.len() as u64)?;
                let slower = best.is_some_and(|(quickest, _)| time >= quickest);
                if found >= recall && !slower {
                    best = Some((time, tuning));
                }
                // Wider walks are slower still.
                if found >= recall || slower {
                    break;
                }
            }
        }
        let tuning = best.map(|(_, tuning)| tuning).or(widest);
        tuning.ok_or_else(|| Error::Internal("there is no walk to choose from".to_owned()))
    }

    /// Part of the best that is found. One that is as near as the last of the
    /// best counts too: it is as good.
    fn recall(&self, snapshot: &Snapshot, effort: Effort) -> Result<f64> {
        let found = nearest(
            snapshot,
            &self.queries,
            K,
            RowFilter::All,
            &self.rows,
            effort,
        )?;
        let (mut right, mut all) = (0, 0);
        for (truth, found) in self.truth.iter().zip(&found) {
            let least = truth.last().map_or(f32::INFINITY, |hit| hit.similarity) - 1e-4;
            all += truth.len();
            let good = found.iter().filter(|hit| hit.similarity >= least).count();
            right += good.min(truth.len());
        }
        Ok(f64::from(right as u32) / f64::from(all.max(1) as u32))
    }
}
