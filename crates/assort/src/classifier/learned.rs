//! What is learned from a catalog as a whole, so that a process need not learn
//! it again.

use assort_core::{Ensemble, Prototypes};

use super::heads::KnownHead;
use super::pictures::PictureModel;
use super::source_categories::SourceCategories;
use crate::store::{Counts, Epoch};

/// Part of the products or labels that may change before what was learned is
/// learned anew.
const STALE: f64 = 0.1;

/// What was learned from the whole catalog.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Learned {
    /// The taxonomy and space it was learned in. In another only heads are of use.
    pub(crate) epoch: Epoch,
    pub(crate) counts: FitCounts,
    /// Mean of the catalog's vectors; none if it is too small to have one.
    pub(crate) mean: Option<Vec<f32>>,
    /// Rows and priors of the fitted prototypes; empty if not fitted.
    pub(crate) leaves: Vec<f32>,
    pub(crate) prior: Vec<f32>,
    /// Rows of the prototypes that labels moved; empty without labels.
    pub(crate) by_labels: Vec<f32>,
    /// Learned from the products without their labels; none for a small catalog.
    pub(crate) self_trained: Option<KnownHead>,
    /// Learned from labels; none without enough of them.
    pub(crate) heads: Vec<KnownHead>,
    /// Learned from the pictures of labelled products; none without enough of them.
    pub(crate) pictures: Option<PictureModel>,
    /// What categories of sources mean.
    pub(crate) source_categories: SourceCategories,
    /// Labels that heads which were asked for learned from; 0 if none were.
    pub(crate) trained_on: u64,
    pub(crate) ensemble: Ensemble,
}

/// What a catalog held when it was learned from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FitCounts {
    pub(crate) products: u64,
    pub(crate) labels: u64,
    /// Changes of vectors and of labels there had been.
    pub(crate) changed_vectors: u64,
    pub(crate) changed_labels: u64,
}

impl From<Counts> for FitCounts {
    fn from(counts: Counts) -> Self {
        Self {
            products: counts.products,
            labels: counts.labels,
            changed_vectors: counts.changed.vectors,
            changed_labels: counts.changed.labels,
        }
    }
}

impl FitCounts {
    /// Whether the catalog is still much as it was.
    pub(crate) fn is_current(&self, now: Counts) -> bool {
        let near = |then: u64, now: u64| then.abs_diff(now) as f64 <= STALE * then as f64;
        let few = |then: u64, now: u64, of: u64| now.abs_diff(then) as f64 <= STALE * of as f64;
        near(self.products, now.products)
            && near(self.labels, now.labels)
            && few(self.changed_vectors, now.changed.vectors, self.products)
            && few(self.changed_labels, now.changed.labels, self.labels)
    }
}

impl Learned {
    /// Whether all its numbers are of so many candidates and coordinates.
    pub(crate) fn is_of(&self, candidates: usize, dimensions: usize) -> bool {
        let fits = |numbers: &[f32], count: usize| numbers.is_empty() || numbers.len() == count;
        let rows = candidates * dimensions;
        self.mean
            .as_ref()
            .is_none_or(|mean| mean.len() == dimensions)
            && fits(&self.leaves, rows)
            && fits(&self.prior, candidates)
            && self.leaves.is_empty() == self.prior.is_empty()
            && fits(&self.by_labels, rows)
            && fits(&self.ensemble.priors, candidates)
            && fits(self.source_categories.parts().0, candidates)
    }

    /// What the products alone taught.
    pub(crate) fn without_labels(self) -> Self {
        Self {
            by_labels: Vec::new(),
            heads: Vec::new(),
            pictures: None,
            source_categories: self.source_categories.without_labels(),
            trained_on: 0,
            ensemble: Ensemble::default(),
            ..self
        }
    }

    /// The prototypes of the texts, fitted to the catalog; and those moved by
    /// labels, if there are any. `start` are the prototypes of the texts alone.
    pub(crate) fn prototypes(&self, start: Prototypes) -> (Prototypes, Option<Prototypes>) {
        let fitted = start.with_learned(self.leaves.clone(), self.prior.clone());
        let by_labels = (!self.by_labels.is_empty()).then(|| {
            let rows = self.by_labels.clone();
            fitted.clone().with_learned(rows, self.prior.clone())
        });
        (fitted, by_labels)
    }
}
