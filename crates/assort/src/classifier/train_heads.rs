//! Heads that were asked for: trained, measured beside what there is, and put in force
//! if they are no worse.

use assort_core::{Lexicon, Method, Prototypes, Source, Weights};
use assort_head::{Step, TrainOptions};

use super::labelled::LabelledProducts;
use super::learn::{ByLabels, Catalogued};
use super::learned::Learned;
use super::train::{recommended, trained};
use super::trials;
use crate::observer::{Observer, Progress};
use crate::{Error, Result};

/// Fewer labels than this cannot be divided.
const MIN_LABELS: usize = 20;

/// How to train heads.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct TrainHeads {
    /// Heads that are trained, each with these options, and averaged; none trains one as
    /// is best for so many labels.
    pub heads: Vec<TrainOptions>,
}

impl TrainHeads {
    /// The same with another value of [`Self::heads`].
    #[must_use]
    pub fn with_heads(mut self, heads: Vec<TrainOptions>) -> Self {
        self.heads = heads;
        self
    }
}

/// What came of training.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TrainReport {
    /// Labelled products that were learned from.
    pub labels: u64,
    /// How many of them say something of their own: variants count as one.
    pub contents: u64,
    /// Categories that have labels.
    pub categories: u64,
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
) -> Result<(TrainReport, Learned)> {
    let (plain, _) = learned.prototypes(start(learned.mean.clone()));
    let candidates = plain.candidates();
    let labelled = LabelledProducts::read(catalogued.reader, catalogued.snapshot, candidates)?;
    if labelled.len() < MIN_LABELS {
        return Err(Error::Precondition(format!(
            "a head needs at least {MIN_LABELS} labelled products, and there are {}",
            labelled.len()
        )));
    }
    let all = match options.heads.is_empty() {
        true => vec![recommended(&labelled)],
        false => options.heads.clone(),
    };
    let mut tell = |head: usize, of: usize, step: Step| {
        let (fraction, epoch) = match step {
            Step::Part(part) => (part, None),
            Step::Epoch(epoch) => (epoch.number as f64 / epoch.of as f64, Some(epoch)),
        };
        observer.progress(Progress::Training {
            head,
            of,
            fraction,
            epoch,
        });
        !observer.stop()
    };
    let made = trained(&labelled, catalogued.taxonomy, candidates, &all, &mut tell)?;
    observer.progress(Progress::Learning);
    let lexicon = Lexicon::new(catalogued.taxonomy, candidates);
    let by_labels = ByLabels::new(catalogued, &labelled, &plain)?;
    let (own, heads) = (learned.self_trained.as_ref(), Some(&made.evidence));
    let trials = by_labels.trials(catalogued, &labelled, &plain, &lexicon, own, heads)?;
    let ensemble = trials::ensemble(candidates, &trials);
    let bare: Vec<trials::Trial> = trials.iter().map(trials::Trial::without_head).collect();
    let without = trials::ensemble(candidates, &bare);
    let of = |ensemble, method, trials: &[trials::Trial]| {
        trials::accuracy(ensemble, method, candidates, trials)
    };
    let report = TrainReport {
        labels: labelled.len() as u64,
        contents: (0..labelled.len())
            .filter(|&at| labelled.groups.is_first(at))
            .count() as u64,
        categories: labelled
            .categories
            .iter()
            .collect::<std::collections::BTreeSet<_>>()
            .len() as u64,
        features: made.heads.iter().map(|head| head.0.features() as u64).sum(),
        bytes: made
            .heads
            .iter()
            .map(|head| head.0.bytes().len() as u64)
            .sum(),
        held_out: trials.len() as u64,
        head_accuracy: of(&ensemble, Method::Head, &trials),
        accuracy: of(&ensemble, Method::Auto, &trials),
        accuracy_without: of(&without, Method::Auto, &bare),
        weights: ensemble.weights,
        in_force: false,
    };
    let in_force =
        report.accuracy >= report.accuracy_without && ensemble.weights.of(Source::Head) > 0.0;
    learned.by_labels = by_labels.prototypes.learned().0.to_vec();
    learned.heads = made.heads;
    learned.trained_on = report.labels;
    learned.ensemble = ensemble;
    Ok((TrainReport { in_force, ..report }, learned))
}
