//! Heads that were asked for: trained, measured beside what there is, and put in force
//! if they are no worse.

use assort_core::{Lexicon, Method, Prototypes, Source, Weights};
use assort_head::{Loss, Shape, Step, TrainOptions};

use super::labelled::LabelledProducts;
use super::learn::{ByLabels, Catalogued, Taught};
use super::learned::Learned;
use super::recipes::recommended;
use super::train::{HELD_OUT_OF, holds_out, trained};
use super::trials::{self, Trial};
use crate::observer::{Observer, Progress};
use crate::{Error, Result};

/// Fewer labels than this cannot be divided.
const MIN_LABELS: usize = 20;

/// How to train heads. What is not set is chosen by the number of labels and the script
/// of titles.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct TrainHeads {
    /// Heads that are trained from different seeds, and averaged.
    pub count: Option<usize>,
    /// Their shape.
    pub shape: Option<Shape>,
    /// What training makes small.
    pub loss: Option<Loss>,
    /// Times that every label is read.
    pub epochs: Option<usize>,
    /// Step of Adam at its highest.
    pub learning_rate: Option<f32>,
    /// Where chance begins: equal seeds give equal heads.
    pub seed: Option<u64>,
    /// Everything else of each head; see [`TrainOptions`].
    pub change: Option<fn(TrainOptions) -> TrainOptions>,
}

impl TrainHeads {
    /// The same with another value of [`Self::count`].
    #[must_use]
    pub fn with_count(mut self, count: impl Into<Option<usize>>) -> Self {
        self.count = count.into();
        self
    }

    /// The same with another value of [`Self::shape`].
    #[must_use]
    pub fn with_shape(mut self, shape: impl Into<Option<Shape>>) -> Self {
        self.shape = shape.into();
        self
    }

    /// The same with another value of [`Self::loss`].
    #[must_use]
    pub fn with_loss(mut self, loss: impl Into<Option<Loss>>) -> Self {
        self.loss = loss.into();
        self
    }

    /// The same with another value of [`Self::epochs`].
    #[must_use]
    pub fn with_epochs(mut self, epochs: impl Into<Option<usize>>) -> Self {
        self.epochs = epochs.into();
        self
    }

    /// The same with another value of [`Self::learning_rate`].
    #[must_use]
    pub fn with_learning_rate(mut self, learning_rate: impl Into<Option<f32>>) -> Self {
        self.learning_rate = learning_rate.into();
        self
    }

    /// The same with another value of [`Self::seed`].
    #[must_use]
    pub fn with_seed(mut self, seed: impl Into<Option<u64>>) -> Self {
        self.seed = seed.into();
        self
    }

    /// The same with another value of [`Self::change`].
    #[must_use]
    pub fn with_change(mut self, change: fn(TrainOptions) -> TrainOptions) -> Self {
        self.change = Some(change);
        self
    }

    /// The options of each head, on top of those that are best for the labels.
    fn options(&self, (count, best): (usize, TrainOptions)) -> Vec<TrainOptions> {
        let mut options = best;
        options.shape = self.shape.unwrap_or(options.shape);
        options.loss = self.loss.unwrap_or(options.loss);
        options.epochs = self.epochs.unwrap_or(options.epochs);
        options.learning_rate = self.learning_rate.unwrap_or(options.learning_rate);
        options.seed = self.seed.unwrap_or(options.seed);
        if let Some(change) = self.change {
            options = change(options);
        }
        (0..self.count.unwrap_or(count) as u64)
            .map(|at| {
                let seed = options.seed.wrapping_add(at);
                options.clone().with_seed(seed)
            })
            .collect()
    }
}

/// What came of training.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TrainReport {
    /// Labelled products that were learned from.
    pub labels: u64,
    /// How many of them say something of their own: variants count as one.
    pub contents: u64,
    /// Categories that have labels.
    pub categories: u64,
    /// Attributes that the heads read.
    pub attributes: u64,
    /// Features that the heads know.
    pub features: u64,
    /// Bytes of their files.
    pub bytes: u64,
    /// Products that were filed by heads which did not learn from their content.
    pub held_out: u64,
    /// Part of those that the heads alone file rightly.
    pub head_accuracy: f64,
    /// The same of all sources of evidence with the heads.
    pub accuracy: f64,
    /// The same without.
    pub accuracy_without: f64,
    /// How much each source of evidence counts.
    pub weights: Weights,
    /// Whether the heads are in force.
    pub in_force: bool,
}

/// Trains heads; gives what is learned with them.
pub(super) fn train(
    catalogued: &Catalogued<'_>,
    start: impl Fn(Option<Vec<f32>>) -> Prototypes,
    mut learned: Learned,
    options: &TrainHeads,
    observer: &mut dyn Observer,
) -> Result<(TrainReport, Taught)> {
    let (plain, _) = learned.prototypes(start(learned.mean.clone()));
    let candidates = plain.candidates();
    let labelled = LabelledProducts::read(catalogued.reader, catalogued.snapshot, candidates)?;
    if labelled.len() < MIN_LABELS {
        return Err(Error::Precondition(format!(
            "a head needs at least {MIN_LABELS} labelled products, and there are {}",
            labelled.len()
        )));
    }
    let all = options.options(recommended(&labelled));
    let mut tell = |head: usize, of: usize, step: Step| {
        observer.progress(Progress::training(head, of, step));
        !observer.stop()
    };
    let apart = holds_out(labelled.len() as u64).then_some(HELD_OUT_OF);
    let taxonomy = catalogued.taxonomy;
    let made = trained(&labelled, taxonomy, candidates, &all, apart, &mut tell)?;
    observer.progress(Progress::Learning);
    let lexicon = Lexicon::new(catalogued.taxonomy, candidates);
    let by_labels = ByLabels::new(catalogued, &labelled, &plain, &learned)?;
    let (own, heads) = (learned.self_trained.as_ref(), Some(&made.evidence));
    let trials = by_labels.trials(catalogued, &labelled, &plain, &lexicon, own, heads)?;
    let all: Vec<&Trial> = trials.iter().collect();
    let ensemble = trials::ensemble(candidates, &all, Vec::new());
    let bare: Vec<Trial> = trials.iter().map(Trial::without_head).collect();
    let bare: Vec<&Trial> = bare.iter().collect();
    let without = trials::ensemble(candidates, &bare, Vec::new());
    let of = |ensemble, method, trials: &[&Trial]| {
        trials::accuracy(ensemble, method, candidates, trials)
    };
    let first = made.heads.first();
    let attributes = first.iter().flat_map(|head| head.0.attributes());
    let report = TrainReport {
        labels: labelled.len() as u64,
        contents: labelled.contents() as u64,
        categories: labelled
            .categories
            .iter()
            .collect::<std::collections::BTreeSet<_>>()
            .len() as u64,
        attributes: attributes.count() as u64,
        features: made.heads.iter().map(|head| head.0.features() as u64).sum(),
        bytes: made
            .heads
            .iter()
            .map(|head| head.0.bytes().len() as u64)
            .sum(),
        held_out: trials.len() as u64,
        head_accuracy: of(&ensemble, Method::Head, &all),
        accuracy: of(&ensemble, Method::Auto, &all),
        accuracy_without: of(&without, Method::Auto, &bare),
        weights: ensemble.weights,
        in_force: false,
    };
    let in_force =
        report.accuracy >= report.accuracy_without && ensemble.weights.of(Source::Head) > 0.0;
    by_labels.keep_in(&mut learned);
    learned.heads = made.heads;
    learned.trained_on = report.labels;
    learned.ensemble = ensemble;
    Ok((
        TrainReport { in_force, ..report },
        Taught { learned, trials },
    ))
}
