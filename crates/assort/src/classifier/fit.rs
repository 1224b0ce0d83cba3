//! What is learned from the catalog as a whole: its mean, prototypes moved
//! towards its products, and how far confidence can be trusted.

use std::collections::HashMap;

use assort_core::{
    CalibrationInput, CategoryIndex, ClassMeans, Ensemble, Evidence, Method, Neighbor,
    PlattScaling, Prototypes, ROUNDS, SoftAssignments, vector,
};
use rayon::prelude::*;

use crate::knn::graph::Effort;
use crate::knn::labelled::voters;
use crate::snapshot::Snapshot;
use crate::{Error, Result};

/// Fewer products than this have no meaningful mean.
const ENOUGH_FOR_MEAN: usize = 100;

/// Products that prototypes are fitted to, at most.
const SAMPLE: usize = 20_000;

/// Multiplications that one round of fitting may take; with very many
/// categories the sample shrinks accordingly.
const BUDGET: usize = 30_000_000_000;

/// Labelled products on which methods are compared, at most.
const TRIALS: usize = 1_000;

/// Labelled products among which they are looked for, at most.
const LOOKED_AT: usize = 20 * TRIALS;

/// Fewer trials than this say too little to weigh methods by.
const ENOUGH_TRIALS: usize = 30;

/// Mean of all vectors; none if there are too few.
pub(crate) fn mean(snapshot: &Snapshot) -> Result<Option<Vec<f32>>> {
    let dimensions = snapshot.dimensions();
    let (sum, count) = snapshot
        .chunks()
        .par_iter()
        .map(|chunk| {
            let mut sum = vec![0.0f32; dimensions];
            let mut count = 0usize;
            chunk.each(|_, vector| {
                vector::add_scaled(&mut sum, vector, 1.0);
                count += 1;
            })?;
            Ok::<_, Error>((sum, count))
        })
        .try_reduce(
            || (vec![0.0; dimensions], 0),
            |mut a, b| {
                vector::add_scaled(&mut a.0, &b.0, 1.0);
                Ok((a.0, a.1 + b.1))
            },
        )?;
    let mean = || sum.iter().map(|total| total / count as f32).collect();
    Ok((count >= ENOUGH_FOR_MEAN).then(mean))
}

/// Moves prototypes towards the products they attract.
pub(crate) fn adapted(snapshot: &Snapshot, start: &Prototypes) -> Result<Prototypes> {
    let rows = sample(snapshot, start)?;
    if rows.len() < ENOUGH_FOR_MEAN {
        return Ok(start.clone());
    }
    let share = rows.len().div_ceil(rayon::current_num_threads());
    Ok((0..ROUNDS).fold(start.clone(), |prototypes, _| {
        let gathered: Vec<SoftAssignments> = rows
            .par_chunks(share)
            .map(|rows| {
                let mut assignments = SoftAssignments::empty(&prototypes);
                rows.iter()
                    .for_each(|row| assignments.gather(&prototypes, row));
                assignments
            })
            .collect();
        let empty = SoftAssignments::empty(&prototypes);
        let assignments = gathered.iter().fold(empty, SoftAssignments::merged);
        assignments.maximised(start)
    }))
}

/// Vectors evenly spread over the catalog, as many as the budget allows.
fn sample(snapshot: &Snapshot, prototypes: &Prototypes) -> Result<Vec<Vec<f32>>> {
    let row_cost = prototypes.candidates().len() * prototypes.dimensions();
    let limit = SAMPLE.min(BUDGET / row_cost.max(1));
    let chunks = snapshot.chunks();
    // In order of rows, so that it does not matter which are sealed.
    let mut all: Vec<(u32, u32, u32)> = Vec::new();
    for (number, chunk) in (0..).zip(&chunks) {
        let rows = chunk.rows()?;
        all.extend(rows.into_iter().map(|(at, row)| (row, number, at)));
    }
    all.sort_unstable();
    let chosen: Vec<_> = spread(all.len(), limit).map(|at| all[at]).collect();
    let read = |(_, chunk, at): &(u32, u32, u32)| {
        let mut vector = vec![0.0; snapshot.dimensions()];
        chunks[*chunk as usize].read(*at, &mut vector)?;
        Ok(vector)
    };
    chosen.par_iter().map(read).collect()
}

/// At most `limit` of `count` positions, evenly spread.
fn spread(count: usize, limit: usize) -> impl Iterator<Item = usize> {
    let taken = count.min(limit);
    (0..taken).map(move |at| at * count / taken.max(1))
}

/// What labels teach.
pub(crate) struct Taught {
    pub(crate) prototypes: Prototypes,
    pub(crate) judge: Ensemble,
}

/// Labelled rows to judge by, spread over all: those of which the embedder does
/// not know the label already.
fn chosen(
    labelled: &[(u32, CategoryIndex)],
    was_taught: &dyn Fn(u32) -> Result<bool>,
) -> Result<Vec<(u32, CategoryIndex)>> {
    let mut fit = Vec::new();
    for looked_at in [TRIALS, LOOKED_AT] {
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

/// Teaches prototypes with all labels and weighs the methods by leaving
/// labelled products out; none without labels. `was_taught` tells of which rows
/// the embedder knows the label.
pub(crate) fn taught(
    snapshot: &Snapshot,
    plain: &Prototypes,
    was_taught: &dyn Fn(u32) -> Result<bool>,
    effort: Effort,
) -> Result<Option<Taught>> {
    let position: HashMap<CategoryIndex, usize> = plain
        .candidates()
        .iter()
        .enumerate()
        .map(|(at, &category)| (category, at))
        .collect();
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
    let class_means = class_means(snapshot, plain, &position)?;
    let prototypes = class_means.taught(plain);
    let trials = chosen(&labelled, was_taught)?;
    let judge = Trials {
        snapshot,
        plain,
        taught: &prototypes,
        class_means: &class_means,
        position: &position,
    }
    .judge(&trials, effort)?;
    Ok(Some(Taught { prototypes, judge }))
}

fn class_means(
    snapshot: &Snapshot,
    plain: &Prototypes,
    position: &HashMap<CategoryIndex, usize>,
) -> Result<ClassMeans> {
    let chunks = snapshot.chunks();
    let share = chunks.len().div_ceil(rayon::current_num_threads()).max(1);
    let learned: Vec<ClassMeans> = chunks
        .par_chunks(share)
        .map(|chunks| {
            let mut class_means = ClassMeans::empty(plain);
            for chunk in chunks {
                chunk.each(|row, vector| {
                    let candidate = chunk.label(row).and_then(|label| position.get(&label));
                    if let Some(&candidate) = candidate {
                        class_means.add(candidate, &plain.center(vector));
                    }
                })?;
            }
            Ok(class_means)
        })
        .collect::<Result<_>>()?;
    Ok(learned
        .iter()
        .fold(ClassMeans::empty(plain), ClassMeans::merged))
}

/// A labelled product judged as if it had no label.
struct Trial {
    truth: CategoryIndex,
    zero_shot: Evidence,
    auto: Evidence,
}

/// What labelled products are judged by, leaving each out.
struct Trials<'a> {
    snapshot: &'a Snapshot,
    plain: &'a Prototypes,
    taught: &'a Prototypes,
    class_means: &'a ClassMeans,
    position: &'a HashMap<CategoryIndex, usize>,
}

impl Trials<'_> {
    fn judge(&self, labelled: &[(u32, CategoryIndex)], effort: Effort) -> Result<Ensemble> {
        if labelled.len() < ENOUGH_TRIALS {
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
        Ok(weigh(plain, &trials))
    }

    fn trial(&self, query: &[f32], truth: CategoryIndex, neighbors: Vec<Neighbor>) -> Trial {
        let Self {
            plain,
            taught,
            class_means,
            ..
        } = *self;
        let mut scores = taught.scores(query);
        if let Some(&at) = self.position.get(&truth) {
            let centered = plain.center(query);
            let row = class_means.row(plain, at, Some(&centered));
            scores[at] += vector::dot(&row, &centered) - vector::dot(taught.leaf(at), &centered);
        }
        Trial {
            truth,
            zero_shot: Evidence {
                scores: plain.scores(query),
                neighbors: Vec::new(),
            },
            auto: Evidence { scores, neighbors },
        }
    }
}

/// The weight of votes that files most trials rightly, and calibrations.
fn weigh(prototypes: &Prototypes, trials: &[Trial]) -> Ensemble {
    let assumed = Ensemble::default();
    let right = |judge: &Ensemble| {
        let hits = trials
            .par_iter()
            .filter(|trial| outcome(judge, Method::Auto, prototypes, trial).1);
        hits.count()
    };
    let mut best = (right(&assumed), assumed.clone());
    for tenth in 0..=10 {
        let judge = Ensemble {
            votes: tenth as f32 / 10.0,
            ..assumed.clone()
        };
        let hits = right(&judge);
        if hits > best.0 {
            best = (hits, judge);
        }
    }
    let mut judge = best.1;
    judge.calibrations = Method::ALL.map(|method| {
        let seen: Vec<(CalibrationInput, bool)> = trials
            .par_iter()
            .map(|trial| outcome(&judge, method, prototypes, trial))
            .collect();
        PlattScaling::fit(&seen)
    });
    judge
}

/// The signs of the best alternative, and whether it is right.
fn outcome(
    judge: &Ensemble,
    method: Method,
    prototypes: &Prototypes,
    trial: &Trial,
) -> (CalibrationInput, bool) {
    let evidence = match method {
        Method::ZeroShot => &trial.zero_shot,
        Method::Auto | Method::Neighbors => &trial.auto,
    };
    let beliefs = judge.raw(method, prototypes, evidence);
    let right = beliefs
        .first()
        .is_some_and(|(category, _)| *category == trial.truth);
    (Ensemble::signs(&beliefs, evidence), right)
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

    #[test]
    fn a_spread_is_even_and_within_its_limit() {
        assert_eq!(spread(10, 5).collect::<Vec<_>>(), [0, 2, 4, 6, 8]);
        assert_eq!(spread(3, 5).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(spread(0, 5).count(), 0);
    }
}
