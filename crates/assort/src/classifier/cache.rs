//! Which classifier answers.
//!
//! A classifier stays until the taxonomy or the space changes, or what was
//! learned is replaced. Where the catalog has changed much since it was learned,
//! one thread learns anew in the background while the old one answers: readers
//! wait only where there is none that could.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, RwLock};
use std::time::Duration;

use assort_core::{Candidates, Embedder, Prototypes, Taxonomy};

use super::audit_labels::{LabelAudit, audit};
use super::category_texts::candidate_rows;
use super::classify::Classifier;
use super::learn::{Catalogued, learn};
use super::learned::Learned;
use super::models;
use super::portable::PortableModel;
use super::train_heads::{TrainHeads, TrainReport, train};
use crate::locks::{read, try_lock, write};
use crate::observer::{Observer, Progress};
use crate::snapshot::Snapshot;
use crate::state::State;
use crate::store::Reader;
use crate::task::{Task, TaskState};
use crate::{Error, Result};

/// How often somebody who waits for another thread looks whether to stop.
const POLL: Duration = Duration::from_millis(5);

/// The classifier of an open catalog.
#[derive(Default)]
pub(crate) struct ClassifierCache {
    shared: Arc<Shared>,
    /// Learns anew in the background.
    task: Task,
}

#[derive(Default)]
struct Shared {
    current: RwLock<Option<Arc<Classifier>>>,
    /// Held while a classifier is made: one at a time.
    making: Mutex<()>,
}

/// Which classifier will do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// Any of this taxonomy and space, however much the catalog has changed since.
    Any,
    /// One that was learned from the catalog much as it is now.
    Current,
}

/// Follows nothing, and stops when its task is to stop.
struct Stop<'a>(&'a AtomicBool);

impl Observer for Stop<'_> {
    fn stop(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl ClassifierCache {
    /// The classifier that answers now. Where the catalog has changed much since
    /// it was learned, learning anew begins in the background.
    pub(crate) fn get(
        &self,
        state: &Arc<State>,
        embedder: Option<Arc<dyn Embedder>>,
    ) -> Result<Arc<Classifier>> {
        let (reader, _) = state.view()?;
        let current = match self.shared.answering(&reader)? {
            Some(current) => current,
            None => {
                let embedder = embedder.as_deref();
                self.shared.make(state, embedder, Wanted::Any, &mut ())?
            }
        };
        if !current.counts.is_current(reader.counts()?) {
            self.learn_in_background(state, embedder);
        }
        Ok(current)
    }

    /// Makes sure that the classifier was learned from the catalog much as it is
    /// now, and waits for that.
    pub(crate) fn prepare(
        &self,
        state: &State,
        embedder: Option<&dyn Embedder>,
        observer: &mut dyn Observer,
    ) -> Result<()> {
        let wanted = Wanted::Current;
        self.shared
            .make(state, embedder, wanted, observer)
            .map(drop)
    }

    /// Trains heads on the labels, and puts them in force if they are no worse than
    /// what there was.
    pub(crate) fn train(
        &self,
        state: &State,
        embedder: Option<&dyn Embedder>,
        options: &TrainHeads,
        observer: &mut dyn Observer,
    ) -> Result<TrainReport> {
        let _making = self.shared.begin(observer)?;
        let (reader, snapshot) = state.view()?;
        let ground = Ground::new(state, &reader, &snapshot, embedder, observer)?;
        let (kept, learned) = ground.learned(state, Wanted::Current, observer)?;
        let catalogued = ground.catalogued();
        let start = |mean| ground.start(mean);
        let (report, taught) = train(&catalogued, start, learned, options, observer)?;
        if report.in_force {
            let learned = ground.with_priors(taught)?;
            let now = models::keep(state, &learned, snapshot.epoch())?;
            let made = ground.classifier(now.or(kept), &learned)?;
            *write(&self.shared.current) = Some(Arc::new(made));
        }
        Ok(report)
    }

    /// What was learned from a commit much as it is now, to be used without the catalog.
    pub(crate) fn portable(
        &self,
        state: &State,
        reader: &Reader<'_>,
        snapshot: &Snapshot,
        embedder: Option<&dyn Embedder>,
        observer: &mut dyn Observer,
    ) -> Result<PortableModel> {
        let ground = Ground::new(state, reader, snapshot, embedder, observer)?;
        let _making = self.shared.begin(observer)?;
        let (_, learned) = ground.learned(state, Wanted::Current, observer)?;
        Ok(PortableModel::new(learned, ground.rows))
    }

    /// Judges all labels.
    pub(crate) fn audit_labels(
        &self,
        state: &State,
        embedder: Option<&dyn Embedder>,
        observer: &mut dyn Observer,
    ) -> Result<LabelAudit> {
        let (reader, snapshot) = state.view()?;
        let ground = Ground::new(state, &reader, &snapshot, embedder, observer)?;
        let (_, learned) = {
            let _making = self.shared.begin(observer)?;
            ground.learned(state, Wanted::Current, observer)?
        };
        let start = |mean| ground.start(mean);
        audit(&ground.catalogued(), start, &learned, observer)
    }

    /// What learning in the background does.
    pub(crate) fn health(&self) -> TaskState {
        self.task.state()
    }

    fn learn_in_background(&self, state: &Arc<State>, embedder: Option<Arc<dyn Embedder>>) {
        let (shared, state) = (Arc::clone(&self.shared), Arc::clone(state));
        self.task.start("assort classifier", move |stop| {
            let embedder = embedder.as_deref();
            shared.make(&state, embedder, Wanted::Current, &mut Stop(stop))?;
            Ok(false)
        });
    }
}

impl Shared {
    /// The classifier at hand, if it is of the catalog's taxonomy and space and of
    /// what was learned last.
    fn answering(&self, reader: &Reader<'_>) -> Result<Option<Arc<Classifier>>> {
        let Some(current) = read(&self.current).clone() else {
            return Ok(None);
        };
        let (epoch, kept) = (reader.epoch()?, reader.model()?);
        let same = current.epoch == epoch && current.kept == kept.map(|model| model.digest);
        Ok(same.then_some(current))
    }

    /// The classifier that is wanted, made now if there is none.
    fn make(
        &self,
        state: &State,
        embedder: Option<&dyn Embedder>,
        wanted: Wanted,
        observer: &mut dyn Observer,
    ) -> Result<Arc<Classifier>> {
        let _making = self.begin(observer)?;
        let (reader, snapshot) = state.view()?;
        if let Some(known) = self.answering(&reader)?
            && (wanted == Wanted::Any || known.counts.is_current(reader.counts()?))
        {
            return Ok(known);
        }
        let made = make(state, &reader, &snapshot, embedder, wanted, observer)?;
        let made = Arc::new(made);
        *write(&self.current) = Some(Arc::clone(&made));
        Ok(made)
    }

    fn begin(&self, observer: &mut dyn Observer) -> Result<MutexGuard<'_, ()>> {
        loop {
            if let Some(guard) = try_lock(&self.making) {
                return Ok(guard);
            }
            if observer.stop() {
                return Err(Error::Interrupted);
            }
            std::thread::sleep(POLL);
        }
    }
}

/// Makes a classifier: by what was learned before, if that will do, or by
/// learning now.
fn make(
    state: &State,
    reader: &Reader<'_>,
    snapshot: &Snapshot,
    embedder: Option<&dyn Embedder>,
    wanted: Wanted,
    observer: &mut dyn Observer,
) -> Result<Classifier> {
    let ground = Ground::new(state, reader, snapshot, embedder, observer)?;
    let (kept, learned) = ground.learned(state, wanted, observer)?;
    ground.classifier(kept, &learned)
}

/// What a classifier stands on: a commit, its categories, and what their texts say.
#[derive(Clone)]
pub(super) struct Ground<'a> {
    reader: &'a Reader<'a>,
    pub(super) snapshot: &'a Snapshot,
    embedder: Option<&'a dyn Embedder>,
    /// Vectors of pictures.
    pictures: Option<Arc<Snapshot>>,
    taxonomy: Arc<Taxonomy>,
    candidates: Arc<Candidates>,
    /// One row for each candidate.
    rows: Vec<f32>,
}

impl<'a> Ground<'a> {
    pub(super) fn new(
        state: &State,
        reader: &'a Reader<'a>,
        snapshot: &'a Snapshot,
        embedder: Option<&'a dyn Embedder>,
        observer: &mut dyn Observer,
    ) -> Result<Self> {
        let taxonomy = state.taxonomy_in(reader)?;
        let candidates = Arc::new(Candidates::leaves(&taxonomy));
        let rows = candidate_rows(state, reader, &taxonomy, &candidates, embedder, observer)?;
        Ok(Self {
            reader,
            snapshot,
            embedder,
            pictures: state.pictures(reader)?,
            taxonomy,
            candidates,
            rows,
        })
    }

    pub(super) fn candidates(&self) -> &Candidates {
        &self.candidates
    }

    /// The same on another state of the same commit.
    pub(super) fn on<'b>(&'b self, snapshot: &'b Snapshot) -> Ground<'b> {
        Ground {
            snapshot,
            ..self.clone()
        }
    }

    pub(super) fn catalogued(&self) -> Catalogued<'_> {
        Catalogued {
            reader: self.reader,
            snapshot: self.snapshot,
            taxonomy: &self.taxonomy,
            embedder: self.embedder,
            pictures: self.pictures(),
        }
    }

    /// Vectors of pictures, if there are any.
    pub(super) fn pictures(&self) -> Option<&Snapshot> {
        self.pictures.as_deref()
    }

    /// Prototypes of the texts alone.
    pub(super) fn start(&self, mean: Option<Vec<f32>>) -> Prototypes {
        let candidates = Arc::clone(&self.candidates);
        Prototypes::new(candidates, &self.rows, self.snapshot.dimensions(), mean)
    }

    /// What was learned before, if that will do, else what is learned now; with the
    /// digest of its file.
    fn learned(
        &self,
        state: &State,
        wanted: Wanted,
        observer: &mut dyn Observer,
    ) -> Result<(Option<u128>, Learned)> {
        let counts = self.reader.counts()?;
        let (kept, known) = models::load(&state.store, self.reader)?;
        let current = |known: &Learned| {
            known.epoch == *self.snapshot.epoch()
                && (wanted == Wanted::Any || known.counts.is_current(counts))
        };
        match known {
            Some(known) if current(&known) => Ok((kept, known)),
            previous => {
                observer.progress(Progress::Learning);
                let start = |mean| self.start(mean);
                let taught = learn(&self.catalogued(), start, previous, observer)?;
                let learned = self.with_priors(taught)?;
                let now = models::keep(state, &learned, self.snapshot.epoch())?;
                Ok((now.or(kept), learned))
            }
        }
    }

    pub(super) fn classifier(&self, kept: Option<u128>, learned: &Learned) -> Result<Classifier> {
        let epoch = self.snapshot.epoch().clone();
        let start = self.start(learned.mean.clone());
        Classifier::new(epoch, kept, Arc::clone(&self.taxonomy), start, learned)
    }
}
