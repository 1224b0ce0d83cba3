//! Classifiers that learn from a part of the labels, to be measured on the others.
//!
//! They learn as the catalog's own classifier does. Nothing of them is kept, and what is
//! in force stays as it is.

use assort_core::{CategoryIndex, Embedder};

use super::cache::Ground;
use super::classify::Classifier;
use super::content::Words;
use super::labelled::LabelledProducts;
use super::learn::{Taught, with_labels, without_labels};
use super::learned::Learned;
use super::models;
use super::train_heads::{TrainHeads, train};
use crate::observer::{Observer, Progress};
use crate::snapshot::Snapshot;
use crate::state::State;
use crate::store::Reader;
use crate::{Error, Result};

/// The labelled products of a commit, and what their labels have no part in.
pub(crate) struct Apart<'a> {
    ground: Ground<'a>,
    /// What the products alone teach.
    base: Learned,
    /// How heads are trained that somebody asked for; none where nobody did.
    heads: Option<TrainHeads>,
    labelled: LabelledProducts,
}

/// A classifier, and the catalog as it saw it.
pub(crate) struct LearnedApart {
    pub(crate) classifier: Classifier,
    pub(crate) snapshot: Snapshot,
}

impl<'a> Apart<'a> {
    pub(crate) fn new(
        state: &State,
        reader: &'a Reader<'a>,
        snapshot: &'a Snapshot,
        embedder: Option<&'a dyn Embedder>,
        observer: &mut dyn Observer,
    ) -> Result<Self> {
        let ground = Ground::new(state, reader, snapshot, embedder, observer)?;
        let labelled = LabelledProducts::read(reader, snapshot, ground.candidates())?;
        let (_, known) = models::load(&state.store, reader)?;
        let heads = known.as_ref().and_then(recipe);
        let base = match known.filter(|known| known.epoch == *snapshot.epoch()) {
            Some(known) => known.without_labels(),
            None => {
                observer.progress(Progress::Learning);
                let start = |mean| ground.start(mean);
                without_labels(&ground.catalogued(), start, observer)?
            }
        };
        Ok(Self {
            ground,
            base,
            heads,
            labelled,
        })
    }

    /// Rows of the labelled products. The other lists are in their order.
    pub(crate) fn rows(&self) -> &[u32] {
        &self.labelled.rows
    }

    pub(crate) fn categories(&self) -> &[CategoryIndex] {
        &self.labelled.categories
    }

    pub(crate) fn words(&self) -> &[Words] {
        &self.labelled.words
    }

    /// The catalog's embedder, if it was given.
    pub(crate) fn embedder(&self) -> Option<&dyn Embedder> {
        self.ground.catalogued().embedder
    }

    /// Vectors of pictures, if there are any.
    pub(crate) fn pictures(&self) -> Option<&Snapshot> {
        self.ground.pictures()
    }

    /// Digests of what they say.
    pub(crate) fn contents(&self) -> Vec<u128> {
        let all = 0..self.labelled.len();
        all.map(|at| self.labelled.groups.key(at)).collect()
    }

    /// Whether the embedder learned each label, so that it cannot be taken away.
    pub(crate) fn taught(&self) -> Result<Vec<bool>> {
        let catalogued = self.ground.catalogued();
        let rows = self.rows().iter();
        rows.map(|&row| catalogued.was_taught(row)).collect()
    }

    /// A classifier that never saw the labels of the products of these numbers. It has
    /// heads where the catalog's own would have some, and if `needs_head`.
    pub(crate) fn learn(
        &self,
        without: &[usize],
        needs_head: bool,
        observer: &mut dyn Observer,
    ) -> Result<LearnedApart> {
        let rows = without.iter().map(|&at| self.labelled.rows[at]);
        let snapshot = self.ground.snapshot.without_labels(rows)?;
        let ground = self.ground.on(&snapshot);
        let learned = ground.with_priors(self.learned_apart(&ground, needs_head, observer)?)?;
        let classifier = ground.classifier(None, &learned)?;
        Ok(LearnedApart {
            classifier,
            snapshot,
        })
    }

    fn learned_apart(
        &self,
        ground: &Ground<'_>,
        needs_head: bool,
        observer: &mut dyn Observer,
    ) -> Result<Taught> {
        let start = |mean| ground.start(mean);
        let catalogued = ground.catalogued();
        let own = |observer: &dyn Observer| {
            with_labels(&catalogued, start, self.base.clone(), None, observer)
        };
        let options = match &self.heads {
            Some(options) => options.clone(),
            None => {
                let taught = own(observer)?;
                if !needs_head || !taught.learned.heads.is_empty() {
                    return Ok(taught);
                }
                TrainHeads::default()
            }
        };
        let base = self.base.clone();
        let (report, trained) = train(&catalogued, start, base, &options, observer)?;
        match report.in_force || needs_head {
            true => Ok(trained),
            false => own(observer),
        }
    }

    /// Stored vectors of labelled products, one after another.
    pub(crate) fn vectors(&self, which: &[usize]) -> Result<Vec<f32>> {
        let snapshot = self.ground.snapshot;
        let mut vectors = Vec::with_capacity(which.len() * snapshot.dimensions());
        for &at in which {
            let row = self.labelled.rows[at];
            let vector = snapshot.vector(row)?;
            let gone = || Error::Internal(format!("the labelled row {row} has no vector"));
            vectors.extend(vector.ok_or_else(gone)?);
        }
        Ok(vectors)
    }
}

/// How the heads were trained that somebody asked for, as far as they tell.
fn recipe(known: &Learned) -> Option<TrainHeads> {
    let head = known.heads.first().filter(|_| known.trained_on > 0)?;
    let options = TrainHeads::default().with_count(known.heads.len());
    Some(options.with_shape(head.0.shape()))
}
