//! Deciding by a classifier as a caller asks for it.

use assort_core::{DecideOptions, Method, sources};

use super::classify::{Asked, Classifier, Decided, Queries};
use super::reasons::{KnownEvidence, explain};
use crate::knn::effort::Effort;
use crate::snapshot::Snapshot;
use crate::{Error, Result};

/// Products that are classified together at most.
const GROUP: usize = 1024;

/// How to classify.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClassifyOptions {
    /// Which evidence counts.
    pub method: Method,
    /// How many alternatives a decision shows.
    pub top: usize,
    /// Decisions less sure than this go up to a category above that is sure enough, or
    /// abstain; between 0 and 1.
    pub min_confidence: f32,
    /// The precision that decisions shall have, between 0 and 1, in place of
    /// [`Self::min_confidence`]: confidence must reach what trials on labels show to be
    /// enough, by a lower bound.
    pub target_precision: Option<f32>,
    /// How often a set of categories shall hold the truth, between 0 and 1; none for no
    /// sets.
    pub set_coverage: Option<f32>,
    /// Whether decisions name the category texts that speak for them.
    pub explain: bool,
}

impl Default for ClassifyOptions {
    fn default() -> Self {
        Self {
            method: Method::Auto,
            top: 3,
            min_confidence: 0.0,
            target_precision: None,
            set_coverage: None,
            explain: false,
        }
    }
}

impl ClassifyOptions {
    /// The same with another value of [`Self::method`].
    #[must_use]
    pub fn with_method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// The same with another value of [`Self::top`].
    #[must_use]
    pub fn with_top(mut self, top: usize) -> Self {
        self.top = top;
        self
    }

    /// The same with another value of [`Self::min_confidence`].
    #[must_use]
    pub fn with_min_confidence(mut self, min_confidence: f32) -> Self {
        self.min_confidence = min_confidence;
        self
    }

    /// The same with another value of [`Self::target_precision`].
    #[must_use]
    pub fn with_target_precision(mut self, target_precision: impl Into<Option<f32>>) -> Self {
        self.target_precision = target_precision.into();
        self
    }

    /// The same with another value of [`Self::set_coverage`].
    #[must_use]
    pub fn with_set_coverage(mut self, set_coverage: impl Into<Option<f32>>) -> Self {
        self.set_coverage = set_coverage.into();
        self
    }

    /// The same with another value of [`Self::explain`].
    #[must_use]
    pub fn with_explain(mut self, explain: bool) -> Self {
        self.explain = explain;
        self
    }

    /// How many products are best classified together, by what the embedder takes at once.
    pub(crate) fn batch(&self, embedder: impl FnOnce() -> Result<usize>) -> Result<usize> {
        Ok(match self.needs_vectors() {
            true => embedder()?.clamp(1, GROUP),
            false => GROUP,
        })
    }

    /// Whether products must be embedded: a head reads words and attributes alone.
    pub(crate) fn needs_vectors(&self) -> bool {
        self.explain || sources(self.method).iter().any(|one| one.needs_vector())
    }
}

/// Decides by the classifier, and explains where that was asked for.
pub(crate) fn decide(
    classifier: &Classifier,
    snapshot: &Snapshot,
    known: &dyn KnownEvidence,
    queries: Queries<'_>,
    options: &ClassifyOptions,
    effort: Effort,
    shares: bool,
) -> Result<Vec<Decided>> {
    let method = options.method;
    if method == Method::Neighbors && !snapshot.has_labels() {
        return Err(Error::NoLabels);
    }
    if method == Method::Head && !classifier.has_head() {
        return Err(Error::NoHead);
    }
    if method == Method::Pictures && !classifier.knows_pictures() {
        return Err(Error::NoLabelledPictures);
    }
    let asked = Asked {
        method,
        decide: DecideOptions {
            top: options.top,
            min_confidence: least_confidence(classifier, options)?,
            set_coverage: options.set_coverage,
        },
        shares,
        words: options.explain,
    };
    if options.set_coverage.is_some() {
        classifier.outcomes(method)?;
    }
    let decided = classifier.decide(snapshot, queries, asked, effort)?;
    match options.explain {
        true => explain(
            known,
            &classifier.taxonomy,
            queries.vectors,
            snapshot.dimensions(),
            decided,
        ),
        false => Ok(decided),
    }
}

/// The confidence that decisions must have.
fn least_confidence(classifier: &Classifier, options: &ClassifyOptions) -> Result<f32> {
    let Some(precision) = options.target_precision else {
        return Ok(options.min_confidence);
    };
    let outcomes = classifier.outcomes(options.method)?;
    let threshold = outcomes.threshold(f64::from(precision));
    // Where it is never reached on labels, nothing is sure enough.
    Ok(threshold
        .unwrap_or(f32::INFINITY)
        .max(options.min_confidence))
}
