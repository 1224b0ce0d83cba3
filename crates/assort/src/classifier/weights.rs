//! Learning from labels: class means, the weights of the sources of evidence,
//! and how far confidence can be trusted.

use std::collections::BTreeSet;

use assort_core::{
    CategoryIndex, ClassMeans, Ensemble, Evidence, LEAF, LevelInput, Method, Neighbor,
    PlattScaling, Prototypes, Source, Weights, beliefs, calibration_inputs, vector,
};
use rayon::prelude::*;

use super::fit::spread;
use crate::knn::graph::Effort;
use crate::knn::labelled::voters;
use crate::snapshot::Snapshot;
use crate::{Error, Result};

/// At most so many labelled products are filed to compare methods.
const TRIALS: usize = 1_000;

/// At most so many labelled products are looked through for them.
const TRIALS_LOOKED_AT: usize = 20 * TRIALS;

/// Fewer trials than this say too little to weigh sources by.
const MIN_TRIALS: usize = 30;

/// What labels teach.
pub(super) struct ByLabels {
    pub(super) prototypes: Prototypes,
    pub(super) ensemble: Ensemble,
}

/// Moves prototypes by all labels and weighs the sources of evidence by leaving
/// labelled products out; none without labels. `was_taught` tells of which rows
/// the embedder knows the label.
pub(super) fn learn(
    snapshot: &Snapshot,
    plain: &Prototypes,
    was_taught: &dyn Fn(u32) -> Result<bool>,
    effort: Effort,
) -> Result<Option<ByLabels>> {
    let mut labelled: Vec<(u32, CategoryIndex)> = Vec::new();
    for chunk in snapshot.chunks() {
        let rows = chunk.rows()?;
        labelled.extend(
            rows.iter()
                .filter_map(|(_, row)| Some((*row, chunk.label(*row)?))),
        );
    }
    labelled.sort_unstable();
    if labelled.is_empty() {
        return Ok(None);
    }
    let class_means = class_means(snapshot, plain)?;
    let prototypes = class_means.taught(plain);
    let trials = Trials {
        snapshot,
        plain,
        by_labels: &prototypes,
        class_means: &class_means,
    };
    let ensemble = trials.ensemble(&chosen(&labelled, was_taught)?, effort)?;
    Ok(Some(ByLabels {
        prototypes,
        ensemble,
    }))
}

/// Labelled rows to try methods on, spread over all: those of which the embedder
/// does not know the label already.
fn chosen(
    labelled: &[(u32, CategoryIndex)],
    was_taught: &dyn Fn(u32) -> Result<bool>,
) -> Result<Vec<(u32, CategoryIndex)>> {
    let mut fit = Vec::new();
    for looked_at in [TRIALS, TRIALS_LOOKED_AT] {
        fit.clear();
        for at in spread(labelled.len(), looked_at) {
            if !was_taught(labelled[at].0)? {
                fit.push(labelled[at]);
            }
        }
        if fit.len() >= TRIALS / 2 {
            break;
        }
    }
    Ok(spread(fit.len(), TRIALS).map(|at| fit[at]).collect())
}

/// The means of the labelled products of each candidate.
fn class_means(snapshot: &Snapshot, plain: &Prototypes) -> Result<ClassMeans> {
    let chunks = snapshot.chunks();
    let share = chunks.len().div_ceil(rayon::current_num_threads()).max(1);
    let sums: Vec<ClassMeans> = chunks
        .par_chunks(share)
        .map(|chunks| {
            let mut sums = ClassMeans::empty(plain);
            for chunk in chunks {
                chunk.each(|row, vector| {
                    let label = chunk.label(row);
                    let candidate = label.and_then(|label| plain.candidates().position(label));
                    if let Some(candidate) = candidate {
                        sums.add(candidate, &plain.center(vector));
                    }
                })?;
            }
            Ok::<_, Error>(sums)
        })
        .collect::<Result<_>>()?;
    Ok(sums
        .iter()
        .fold(ClassMeans::empty(plain), ClassMeans::merged))
}

/// A labelled product filed as if it had no label.
struct Trial {
    truth: CategoryIndex,
    zero_shot: Evidence,
    auto: Evidence,
}

impl Trial {
    fn evidence(&self, method: Method) -> &Evidence {
        match method {
            Method::ZeroShot => &self.zero_shot,
            Method::Auto | Method::Neighbors => &self.auto,
        }
    }
}

/// What labelled products are filed by, leaving each out.
struct Trials<'a> {
    snapshot: &'a Snapshot,
    plain: &'a Prototypes,
    by_labels: &'a Prototypes,
    class_means: &'a ClassMeans,
}

impl Trials<'_> {
    fn ensemble(&self, labelled: &[(u32, CategoryIndex)], effort: Effort) -> Result<Ensemble> {
        if labelled.len() < MIN_TRIALS {
            return Ok(Ensemble::default());
        }
        let (snapshot, plain) = (self.snapshot, self.plain);
        let mut queries = Vec::with_capacity(labelled.len() * snapshot.dimensions());
        for (row, _) in labelled {
            queries.extend(snapshot.vector(*row)?.into_iter().flatten());
        }
        let without: Vec<Option<u32>> = labelled.iter().map(|(row, _)| Some(*row)).collect();
        let neighbors = voters(snapshot, plain, &queries, &without, effort)?;
        let trials: Vec<Trial> = queries
            .par_chunks_exact(snapshot.dimensions())
            .zip(labelled)
            .zip(neighbors)
            .map(|((query, &(_, truth)), neighbors)| self.trial(query, truth, neighbors))
            .collect();
        Ok(fitted(plain, &trials))
    }

    fn trial(&self, query: &[f32], truth: CategoryIndex, neighbors: Vec<Neighbor>) -> Trial {
        let Self {
            plain,
            by_labels,
            class_means,
            ..
        } = *self;
        let mut scores = by_labels.scores(query);
        if let Some(at) = plain.candidates().position(truth) {
            let centered = plain.center(query);
            let row = class_means.row(plain, at, Some(&centered));
            let own = by_labels.leaf(at);
            scores[at] += vector::dot(&row, &centered) - vector::dot(own, &centered);
        }
        let of = |scores| Evidence::default().with(Source::Prototypes, beliefs(scores));
        Trial {
            truth,
            zero_shot: of(plain.scores(query)),
            auto: of(scores).with_neighbors(neighbors),
        }
    }
}

/// The weights that file most trials rightly, and calibrations by method and
/// level.
fn fitted(prototypes: &Prototypes, trials: &[Trial]) -> Ensemble {
    let assumed = Ensemble::default();
    let right = |ensemble: &Ensemble| {
        let hits = trials
            .par_iter()
            .filter(|trial| is_right(ensemble, prototypes, trial));
        hits.count()
    };
    let mut best = (right(&assumed), assumed.clone());
    for tenth in 0..=10 {
        let neighbors = tenth as f32 / 10.0;
        let ensemble = Ensemble {
            weights: Weights::new([1.0 - neighbors, neighbors]),
            ..assumed.clone()
        };
        let hits = right(&ensemble);
        if hits > best.0 {
            best = (hits, ensemble);
        }
    }
    let mut ensemble = best.1;
    for method in Method::ALL {
        calibrate(&mut ensemble, method, prototypes, trials);
    }
    ensemble
}

fn is_right(ensemble: &Ensemble, prototypes: &Prototypes, trial: &Trial) -> bool {
    let candidates = prototypes.candidates();
    let fused = ensemble.fuse(Method::Auto, candidates, &trial.auto);
    let best = fused.best(candidates, 1);
    best.first()
        .is_some_and(|(category, _)| *category == trial.truth)
}

/// Learns how far a method's confidence can be trusted on each level.
fn calibrate(ensemble: &mut Ensemble, method: Method, prototypes: &Prototypes, trials: &[Trial]) {
    let candidates = prototypes.candidates();
    let seen: Vec<(&Trial, Vec<LevelInput>)> = trials
        .par_iter()
        .map(|trial| {
            let evidence = trial.evidence(method);
            let fused = ensemble.fuse(method, candidates, evidence);
            (trial, calibration_inputs(candidates, &fused, evidence))
        })
        .collect();
    let levels: BTreeSet<u32> = seen
        .iter()
        .flat_map(|(_, inputs)| inputs.iter().map(|input| input.level))
        .chain([LEAF])
        .collect();
    for level in levels {
        let outcomes: Vec<_> = seen
            .iter()
            .filter_map(|(trial, inputs)| {
                let own = inputs.iter().find(|input| input.level == level);
                match own {
                    Some(own) => {
                        let truth = candidates.lineage(trial.truth);
                        Some((own.input, truth.contains(&own.category)))
                    }
                    // A trial without any belief is one that was not right.
                    None if inputs.is_empty() && level == LEAF => Some(Default::default()),
                    None => None,
                }
            })
            .collect();
        let curve = PlattScaling::fit(&outcomes);
        ensemble.calibrations.set(method, level, curve);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_judged_by_labels_that_the_embedder_knows() {
        let labelled: Vec<_> = (0..50_000).map(|row| (row, 1)).collect();
        let all = chosen(&labelled, &|_| Ok(false)).unwrap();
        assert_eq!(all.len(), TRIALS);
        let apart = chosen(&labelled, &|row| Ok(row % 8 != 0)).unwrap();
        assert_eq!(apart.len(), TRIALS);
        assert!(apart.iter().all(|(row, _)| row % 8 == 0));
        assert!(apart.last().unwrap().0 > 45_000);
        let few = chosen(&labelled[..400], &|row| Ok(row % 8 != 0)).unwrap();
        assert_eq!(few.len(), 50);
    }
}
