//! Labelled products filed as if nothing of their content had a label: how much each
//! source of evidence counts, and how far confidence can be trusted.

use std::collections::{BTreeMap, HashMap};

use assort_core::features::Features;
use assort_core::{
    BelievedLabel, BetaCalibration, Candidates, CategoryIndex, ClassMeans, Embedder, Ensemble,
    Evidence, LEAF, Lexicon, Method, Neighbor, Outcome, Outcomes, Prototypes, Source, Weights,
    knows, log_shares, vector, weigh,
};
use rayon::prelude::*;

use super::fit::spread;
use super::heads::HeadScorer;
use super::labelled::LabelledProducts;
use super::pictures::LearnedPictures;
use super::source_categories::SourceCategories;
use crate::Result;
use crate::knn::effort::Effort;
use crate::knn::labelled::{SAME_CONTENT, voters};
use crate::snapshot::Snapshot;

/// At most so many labelled products are filed.
const TRIALS: usize = 3_000;

/// At most so many labelled products are looked through for them.
const TRIALS_LOOKED_AT: usize = 60_000;

/// Numbers of evidence that are held at a time.
const MOST_EVIDENCE: usize = 20_000_000;

/// Fewer trials than this are not chosen by how common their categories are.
const FEWEST_COMMON: f64 = 150.0;

/// Fewer trials than this say too little to weigh sources by.
const MIN_TRIALS: usize = 30;

/// Logarithms of candidates' shares by the number of a labelled product: what heads say
/// that did not learn from its content.
pub(super) type HeadEvidence = HashMap<usize, Option<Vec<f32>>>;

/// What labelled products are filed by, beside heads.
pub(super) struct Sources<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) labelled: &'a LabelledProducts,
    pub(super) plain: &'a Prototypes,
    pub(super) by_labels: &'a Prototypes,
    pub(super) class_means: &'a ClassMeans,
    pub(super) lexicon: &'a Lexicon,
    pub(super) effort: Effort,
    /// What tells whether a product's vector means anything.
    pub(super) embedder: Option<&'a dyn Embedder>,
    /// What pictures say, if anything.
    pub(super) pictures: Option<&'a LearnedPictures>,
    /// What categories of sources mean.
    pub(super) source_categories: &'a SourceCategories,
}

/// A labelled product with what is known of it.
pub(super) struct Trial {
    truth: CategoryIndex,
    evidence: Evidence,
    /// By the categories' own words alone.
    zero_shot: Evidence,
}

impl Trial {
    /// The same as if there were no head.
    pub(super) fn without_head(&self) -> Self {
        Self {
            truth: self.truth,
            evidence: self.evidence.clone().with(Source::Head, None),
            zero_shot: self.zero_shot.clone(),
        }
    }

    /// The same as if nothing were known of the product's vector.
    pub(super) fn by_words_alone(&self) -> Self {
        Self {
            truth: self.truth,
            evidence: self.evidence.clone().by_words_alone(),
            zero_shot: self.zero_shot.clone().by_words_alone(),
        }
    }

    /// What is believed of the label; nothing if nothing is known of the product.
    pub(super) fn believed(
        &self,
        ensemble: &Ensemble,
        candidates: &Candidates,
    ) -> Option<BelievedLabel> {
        let shares = ensemble.fuse(Method::Auto, candidates, &self.evidence);
        BelievedLabel::of(candidates, &shares, self.truth)
    }

    fn evidence(&self, method: Method) -> &Evidence {
        match method {
            Method::ZeroShot => &self.zero_shot,
            _ => &self.evidence,
        }
    }
}

/// Labelled products to try methods on, spread over all, one of each content: those of
/// which the embedder does not know the label already, and of which heads do not.
pub(super) fn chosen(
    labelled: &LabelledProducts,
    candidates: &Candidates,
    heads: Option<&HeadEvidence>,
    was_taught: &dyn Fn(u32) -> Result<bool>,
) -> Result<Vec<usize>> {
    let fit: Vec<usize> = (0..labelled.len())
        .filter(|at| match heads {
            Some(heads) => heads.contains_key(at),
            None => labelled.groups.is_first(*at),
        })
        .collect();
    let most = TRIALS.min(MOST_EVIDENCE / (candidates.len() * Source::COUNT).max(1));
    let mut apart = Vec::new();
    for looked_at in [most, TRIALS_LOOKED_AT] {
        apart.clear();
        for at in spread(fit.len(), looked_at) {
            if !was_taught(labelled.rows[fit[at]])? {
                apart.push(fit[at]);
            }
        }
        if apart.len() >= most / 2 {
            break;
        }
    }
    Ok(spread(apart.len(), most).map(|at| apart[at]).collect())
}

impl Sources<'_> {
    /// Files the labelled products of these numbers.
    pub(super) fn trials(
        &self,
        chosen: &[usize],
        self_trained: Option<&HeadScorer>,
        heads: Option<&HeadEvidence>,
    ) -> Result<Vec<Trial>> {
        let (snapshot, labelled) = (self.snapshot, self.labelled);
        let mut queries = Vec::with_capacity(chosen.len() * snapshot.dimensions());
        for &at in chosen {
            queries.extend(snapshot.vector(labelled.rows[at])?.into_iter().flatten());
        }
        let without: Vec<Option<u32>> = chosen.iter().map(|&at| Some(labelled.rows[at])).collect();
        let is_out = |query: usize, row: u32| {
            let own = labelled.groups.key(chosen[query]);
            labelled
                .at(row)
                .is_some_and(|at| labelled.groups.key(at) == own)
        };
        let near = voters(
            snapshot,
            self.plain,
            &queries,
            &without,
            &is_out,
            self.effort,
        )?;
        let inputs: Vec<_> = chosen
            .iter()
            .map(|&at| labelled.words[at].input())
            .collect();
        let self_trained = match self_trained {
            Some(scorer) => scorer.log_shares(&inputs),
            None => vec![None; inputs.len()],
        };
        queries
            .par_chunks_exact(snapshot.dimensions())
            .zip(chosen)
            .zip(near)
            .zip(self_trained)
            .map_init(
                Features::default,
                |features, (((query, &at), near), own)| {
                    let head = heads.and_then(|heads| heads.get(&at).cloned().flatten());
                    self.trial(features, query, at, near, [own, head])
                },
            )
            .collect()
    }

    fn trial(
        &self,
        features: &mut Features,
        query: &[f32],
        at: usize,
        mut near: Vec<Neighbor>,
        [self_trained, head]: [Option<Vec<f32>>; 2],
    ) -> Result<Trial> {
        near.retain(|voter| voter.similarity <= SAME_CONTENT);
        let title = &self.labelled.words[at].title;
        let zero_shot = Evidence::default()
            .with(
                Source::Prototypes,
                Some(log_shares(&self.plain.scores(query))),
            )
            .with(Source::Lexical, self.lexicon.log_shares(features, title))
            .with(Source::SelfTrained, self_trained)
            .with(Source::SourceCategory, self.by_source_categories(at, false));
        let scores = self.scores_without(query, at)?;
        let evidence = zero_shot
            .clone()
            .with(Source::Prototypes, Some(log_shares(&scores)))
            .with(Source::Head, head)
            .with(Source::Pictures, self.by_picture(at))
            .with(Source::SourceCategory, self.by_source_categories(at, true))
            .with_neighbors(self.plain.candidates(), near);
        let trial = Trial {
            truth: self.labelled.categories[at],
            evidence,
            zero_shot,
        };
        let input = self.labelled.words[at].text();
        Ok(match self.embedder {
            Some(embedder) if knows(embedder, input) == Some(false) => trial.by_words_alone(),
            _ => trial,
        })
    }

    /// What a product's picture says, as if it had no label.
    fn by_picture(&self, at: usize) -> Option<Vec<f32>> {
        let candidates = self.plain.candidates();
        self.pictures?.log_shares_without(candidates, at)
    }

    /// What a product's categories of sources say, as if it had no label.
    fn by_source_categories(&self, at: usize, hears_labels: bool) -> Option<Vec<f32>> {
        let (labelled, candidates) = (self.labelled, self.plain.candidates());
        self.source_categories
            .log_shares_without(labelled, at, candidates, hears_labels)
    }

    /// Scores by the prototypes that labels moved, as if the labels of a product's
    /// content had not.
    fn scores_without(&self, query: &[f32], at: usize) -> Result<Vec<f32>> {
        let (labelled, plain) = (self.labelled, self.plain);
        let mut scores = self.by_labels.scores(query);
        let mut own: BTreeMap<usize, Vec<f32>> = BTreeMap::new();
        for &member in labelled.groups.members(at) {
            let place = plain.candidates().position(labelled.categories[member]);
            let vector = self.snapshot.vector(labelled.rows[member])?;
            if let Some((place, vector)) = place.zip(vector) {
                let empty = || vec![0.0; vector.len()];
                let sum = own.entry(place).or_insert_with(empty);
                vector::add_scaled(sum, &plain.center(&vector), labelled.weight(member));
            }
        }
        let centered = plain.center(query);
        for (place, sum) in own {
            let row = self.class_means.row(plain, place, Some(&sum));
            let with = vector::dot(self.by_labels.leaf(place), &centered);
            scores[place] += vector::dot(&row, &centered) - with;
        }
        Ok(scores)
    }
}

/// The weights of the sources, and calibrations by method and level, where categories are
/// as much more common than among labels as `priors` say.
pub(super) fn ensemble(candidates: &Candidates, trials: &[&Trial], priors: Vec<f32>) -> Ensemble {
    let mut ensemble = Ensemble {
        priors,
        ..Ensemble::default()
    };
    if trials.len() < MIN_TRIALS {
        return ensemble;
    }
    let known: Vec<(&Evidence, usize)> = trials
        .iter()
        .filter_map(|trial| Some((&trial.evidence, candidates.position(trial.truth)?)))
        .collect();
    ensemble.weights = weigh(&known, Weights::default());
    ensemble.roots = best_roots(&ensemble, candidates, trials);
    for method in Method::ALL {
        calibrate(&mut ensemble, method, candidates, trials);
    }
    ensemble
}

/// Trials as often as their categories are common: `priors` say how much more common each
/// is than among labels. As many as say as much as all do that are given; none where those
/// would be too few.
pub(super) fn as_common<'t>(
    candidates: &Candidates,
    trials: &'t [Trial],
    priors: &[f32],
) -> Option<Vec<&'t Trial>> {
    let worth = trials.iter().map(|trial| {
        let place = candidates.position(trial.truth);
        place
            .and_then(|at| priors.get(at))
            .map_or(1.0, |shift| f64::from(*shift).exp())
    });
    let worth: Vec<f64> = worth.collect();
    let (sum, squares) = (
        worth.iter().sum::<f64>(),
        worth.iter().map(|w| w * w).sum::<f64>(),
    );
    // As many as equal ones would say as much as these (Kish, 1965).
    let count = sum * sum / squares.max(f64::MIN_POSITIVE);
    if count < FEWEST_COMMON {
        return None;
    }
    let step = sum / count;
    let (mut chosen, mut passed, mut next) = (Vec::new(), 0.0, step / 2.0);
    for (trial, worth) in trials.iter().zip(worth) {
        passed += worth;
        while next < passed {
            chosen.push(trial);
            next += step;
        }
    }
    Some(chosen)
}

/// How much roots should count: what files most trials rightly, the least of equals.
fn best_roots(ensemble: &Ensemble, candidates: &Candidates, trials: &[&Trial]) -> f32 {
    let mut best = (f64::NEG_INFINITY, 0.0);
    for roots in [0.0, 0.25, 0.5, 1.0] {
        let ensemble = Ensemble {
            roots,
            ..ensemble.clone()
        };
        let right = accuracy(&ensemble, Method::Auto, candidates, trials);
        if right > best.0 {
            best = (right, roots);
        }
    }
    best.1
}

/// The share of trials that a method files rightly.
pub(super) fn accuracy(
    ensemble: &Ensemble,
    method: Method,
    candidates: &Candidates,
    trials: &[&Trial],
) -> f64 {
    let right = trials.par_iter().filter(|trial| {
        let shares = ensemble.fuse(method, candidates, trial.evidence(method));
        let best = shares.best(candidates, 1);
        best.first()
            .is_some_and(|(best, _)| candidates.lineage(*best).contains(&trial.truth))
    });
    right.count() as f64 / trials.len().max(1) as f64
}

/// How a trial came out on each level: the share of the best category, and whether it
/// is right.
struct Seen {
    by_level: Vec<(u32, f32, bool)>,
    truth_share: f32,
}

/// Learns how far a method's confidence can be trusted on each level.
fn calibrate(ensemble: &mut Ensemble, method: Method, candidates: &Candidates, trials: &[&Trial]) {
    let seen: Vec<Seen> = trials
        .par_iter()
        .filter_map(|trial| seen(ensemble, method, candidates, trial))
        .collect();
    let mut by_level: BTreeMap<u32, Vec<(f32, bool)>> = BTreeMap::new();
    for (level, share, right) in seen.iter().flat_map(|seen| &seen.by_level) {
        by_level.entry(*level).or_default().push((*share, *right));
    }
    for (level, outcomes) in by_level {
        let curve = BetaCalibration::fit(&outcomes);
        ensemble.calibrations.set(method, level, curve);
    }
    if ensemble.calibrations.get(method, LEAF).is_none() {
        return;
    }
    let outcomes = seen.iter().filter_map(|seen| {
        let (_, share, right) = seen.by_level.iter().find(|(level, _, _)| *level == LEAF)?;
        Some(Outcome {
            confidence: ensemble.confidence(method, LEAF, *share),
            truth_share: seen.truth_share,
            right: *right,
        })
    });
    let outcomes = Outcomes::new(outcomes.collect());
    ensemble.calibrations.set_outcomes(method, outcomes);
}

fn seen(
    ensemble: &Ensemble,
    method: Method,
    candidates: &Candidates,
    trial: &Trial,
) -> Option<Seen> {
    let shares = ensemble.fuse(method, candidates, trial.evidence(method));
    let best = shares.best(candidates, 1);
    let (best, share) = *best.first()?;
    let truth = candidates.lineage(trial.truth);
    let right = candidates.lineage(best).contains(&trial.truth);
    let mut by_level = vec![(LEAF, share, right)];
    for (level, (category, share)) in (1u32..).zip(shares.best_by_level(candidates)) {
        // A truth that ends above says nothing of this level.
        if let Some(own) = truth.get(level as usize - 1) {
            by_level.push((level, share, *own == category));
        }
    }
    Some(Seen {
        by_level,
        truth_share: shares.of_category(candidates, trial.truth),
    })
}
