//! A ridge classifier: a linear map from vectors to categories, of least squared error
//! with a penalty (Hoerl and Kennard, 1970; the `RidgeClassifier` of scikit-learn). It
//! learns in one step, and knows what it would say of each example had it not seen it.

use crate::chance::shuffle;
use crate::vector::{Matrix, dot, solve_definite};

/// Penalty on squared weights, for rows of unit length.
const PENALTY: f64 = 0.3;

/// Factors from scores to logarithms of shares that are tried.
const SCALES: [f32; 6] = [3.0, 6.0, 12.0, 24.0, 48.0, 96.0];

/// Examples by which the scale is chosen.
const CHOSEN_BY: usize = 2000;

/// What tells categories from vectors.
#[derive(Clone, Debug, PartialEq)]
pub struct RidgeClassifier {
    mean: Vec<f32>,
    /// Places of the categories that examples had, among the candidates.
    places: Vec<u32>,
    /// A row for each of those.
    weights: Vec<f32>,
    /// The share of examples of each of those.
    prior: Vec<f32>,
    scale: f32,
}

/// How much each example has to say about itself, to be left out again.
#[derive(Clone, Debug)]
pub struct Leverages(Vec<f32>);

impl RidgeClassifier {
    /// Learns from rows of `dimensions` coordinates and the places of their categories
    /// among the candidates. None with fewer than two categories.
    pub fn fit(rows: &[f32], dimensions: usize, places: &[u32]) -> Option<(Self, Leverages)> {
        let mut known: Vec<u32> = places.to_vec();
        known.sort_unstable();
        known.dedup();
        if known.len() < 2 || dimensions == 0 || rows.len() != places.len() * dimensions {
            return None;
        }
        let mean = super::prototypes::mean_of(rows, dimensions);
        let rows: Vec<f32> = rows
            .chunks_exact(dimensions)
            .flat_map(|row| centered(row, &mean))
            .collect();
        let own: Vec<usize> = places
            .iter()
            .filter_map(|place| known.binary_search(place).ok())
            .collect();
        let mut prior = vec![0.0; known.len()];
        own.iter()
            .for_each(|at| prior[*at] += 1.0 / own.len() as f32);
        let examples = Examples {
            rows: &rows,
            dimensions,
            own: &own,
            prior: &prior,
        };
        let (weights, leverages) = examples.solved(PENALTY);
        let mut classifier = Self {
            mean,
            places: known,
            weights,
            prior: prior.clone(),
            scale: 1.0,
        };
        classifier.scale = examples.best_scale(&classifier, &leverages);
        Some((classifier, Leverages(leverages)))
    }

    /// Coordinates of a vector.
    pub fn dimensions(&self) -> usize {
        self.mean.len()
    }

    /// Logarithms of the shares of all candidates. Those that no example had have the
    /// share of one of which nothing is known.
    pub fn log_shares(&self, vector: &[f32], candidates: usize) -> Vec<f32> {
        self.shares_of(&self.scores(&centered(vector, &self.mean)), candidates)
    }

    /// The same for an example, had it not been seen: `at` is its number, `place` that of
    /// its category.
    pub fn log_shares_without(
        &self,
        vector: &[f32],
        candidates: usize,
        (leverages, at, place): (&Leverages, usize, u32),
    ) -> Vec<f32> {
        let mut scores = self.scores(&centered(vector, &self.mean));
        let own = self.places.binary_search(&place).ok();
        let leverage = leverages.0.get(at).copied().unwrap_or(0.0);
        self.leave_out(&mut scores, own, leverage);
        self.shares_of(&scores, candidates)
    }

    fn scores(&self, centered: &[f32]) -> Vec<f32> {
        let rows = self.weights.chunks_exact(self.dimensions());
        let scores = rows
            .zip(&self.prior)
            .map(|(row, prior)| dot(row, centered) + prior);
        scores.collect()
    }

    /// What the scores would be without the example itself.
    fn leave_out(&self, scores: &mut [f32], own: Option<usize>, leverage: f32) {
        let left = (1.0 - leverage).max(1e-3);
        for (at, (score, prior)) in scores.iter_mut().zip(&self.prior).enumerate() {
            let target = if own == Some(at) { 1.0 } else { 0.0 };
            *score = prior + ((*score - prior) - leverage * (target - prior)) / left;
        }
    }

    fn shares_of(&self, scores: &[f32], candidates: usize) -> Vec<f32> {
        let mut all = vec![0.0; candidates];
        for (place, score) in self.places.iter().zip(scores) {
            if let Some(to) = all.get_mut(*place as usize) {
                *to = self.scale * score;
            }
        }
        log_softmax(&mut all);
        all
    }

    /// The numbers it is made of: mean, weights, prior and scale, and the places of its
    /// categories.
    pub fn parts(&self) -> (Vec<f32>, &[u32]) {
        let numbers = [&self.mean, &self.weights, &self.prior]
            .into_iter()
            .flatten();
        (numbers.copied().chain([self.scale]).collect(), &self.places)
    }

    /// A classifier of such numbers; none if they do not fit together.
    pub fn from_parts(numbers: &[f32], places: Vec<u32>, dimensions: usize) -> Option<Self> {
        let (mean, rest) = numbers.split_at_checked(dimensions)?;
        let (weights, rest) = rest.split_at_checked(dimensions.checked_mul(places.len())?)?;
        let (prior, scale) = rest.split_at_checked(places.len())?;
        let [scale] = scale else { return None };
        Some(Self {
            mean: mean.to_vec(),
            weights: weights.to_vec(),
            prior: prior.to_vec(),
            scale: *scale,
            places,
        })
    }
}

/// What is learned from, centered.
struct Examples<'a> {
    rows: &'a [f32],
    dimensions: usize,
    /// The category of each, as a number.
    own: &'a [usize],
    prior: &'a [f32],
}

impl Examples<'_> {
    /// Weights of the categories, and how much each example has to say about itself.
    fn solved(&self, penalty: f64) -> (Vec<f32>, Vec<f32>) {
        match self.own.len() < self.dimensions {
            true => self.solved_by_examples(penalty),
            false => self.solved_by_coordinates(penalty),
        }
    }

    /// With few examples: weights are sums of them.
    fn solved_by_examples(&self, penalty: f64) -> (Vec<f32>, Vec<f32>) {
        let (size, classes) = (self.own.len(), self.prior.len());
        let rows = Matrix::new(self.rows, self.dimensions);
        let targets = self.own.iter().enumerate().map(|(at, own)| (at, *own, 1.0));
        let (by_class, inverse) =
            inverted(rows.product(rows.transposed()), penalty, classes, targets);
        let by_class: Vec<f32> = by_class.iter().map(|value| *value as f32).collect();
        let weights = Matrix::new(&by_class, classes).transposed().product(rows);
        let leverages = (0..size).map(|at| 1.0 - penalty * inverse[at * size + at]);
        (weights, leverages.map(|value| value as f32).collect())
    }

    /// With many: weights are solved for.
    fn solved_by_coordinates(&self, penalty: f64) -> (Vec<f32>, Vec<f32>) {
        let (size, classes) = (self.dimensions, self.prior.len());
        let rows = Matrix::new(self.rows, size);
        let values = self.rows.chunks_exact(size).zip(self.own);
        // Rows are centered, so that shares of all examples take nothing away.
        let targets = values.flat_map(|(row, own)| {
            let row = row.iter().enumerate();
            row.map(|(at, value)| (at, *own, f64::from(*value)))
        });
        let (by_class, inverse) =
            inverted(rows.transposed().product(rows), penalty, classes, targets);
        let by_class = by_class.chunks_exact(classes);
        let mut weights = vec![0.0; classes * size];
        for (at, row) in by_class.enumerate() {
            for (class, value) in row.iter().enumerate() {
                weights[class * size + at] = *value as f32;
            }
        }
        let inverse: Vec<f32> = inverse.iter().map(|value| *value as f32).collect();
        let spread = rows.product(Matrix::new(&inverse, size));
        let pairs = spread.chunks_exact(size).zip(self.rows.chunks_exact(size));
        let leverages = pairs.map(|(one, other)| dot(one, other));
        (weights, leverages.collect())
    }

    /// The scale that makes the categories of examples most likely that it has not seen.
    fn best_scale(&self, classifier: &RidgeClassifier, leverages: &[f32]) -> f32 {
        let few = self.few();
        let scores: Vec<(Vec<f32>, usize)> = few
            .into_iter()
            .map(|at| (self.left_out(classifier, leverages, at), self.own[at]))
            .collect();
        let likelihood = |scale: f32| -> f64 {
            let of = |(scores, own): &(Vec<f32>, usize)| {
                let mut scaled: Vec<f32> = scores.iter().map(|score| scale * score).collect();
                log_softmax(&mut scaled);
                f64::from(scaled[*own])
            };
            scores.iter().map(of).sum()
        };
        let best = SCALES
            .into_iter()
            .max_by(|one, other| likelihood(*one).total_cmp(&likelihood(*other)));
        best.unwrap_or(1.0)
    }

    fn left_out(&self, classifier: &RidgeClassifier, leverages: &[f32], at: usize) -> Vec<f32> {
        let mut scores = classifier.scores(self.row(at));
        classifier.leave_out(&mut scores, Some(self.own[at]), leverages[at]);
        scores
    }

    fn row(&self, at: usize) -> &[f32] {
        &self.rows[at * self.dimensions..][..self.dimensions]
    }

    /// Numbers of some examples by chance, the same each time.
    fn few(&self) -> Vec<usize> {
        let mut all: Vec<usize> = (0..self.own.len()).collect();
        shuffle(&mut all, &mut 1);
        all.truncate(CHOSEN_BY);
        all
    }
}

/// For a matrix with `penalty` on its diagonal: its inverse times the sums of `targets`
/// (row, class, value), and its inverse.
fn inverted(
    matrix: Vec<f32>,
    penalty: f64,
    classes: usize,
    targets: impl Iterator<Item = (usize, usize, f64)>,
) -> (Vec<f64>, Vec<f64>) {
    let size = matrix.len().isqrt();
    let mut matrix: Vec<f64> = matrix.into_iter().map(f64::from).collect();
    let columns = classes + size;
    let mut right = vec![0.0; size * columns];
    for at in 0..size {
        matrix[at * size + at] += penalty;
        right[at * columns + classes + at] = 1.0;
    }
    targets.for_each(|(at, class, value)| right[at * columns + class] += value);
    solve_definite(&mut matrix, &mut right, columns);
    let (mut by_class, mut inverse) = (Vec::new(), Vec::new());
    for row in right.chunks_exact(columns) {
        by_class.extend_from_slice(&row[..classes]);
        inverse.extend_from_slice(&row[classes..]);
    }
    (by_class, inverse)
}

fn centered(row: &[f32], mean: &[f32]) -> Vec<f32> {
    row.iter()
        .zip(mean)
        .map(|(value, mean)| value - mean)
        .collect()
}

fn log_softmax(values: &mut [f32]) {
    let most = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = values.iter().map(|value| (value - most).exp()).sum();
    let log = most + sum.ln();
    values.iter_mut().for_each(|value| *value -= log);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::below;

    fn best_of(scores: &[f32]) -> Option<usize> {
        let best = scores
            .iter()
            .enumerate()
            .max_by(|one, other| one.1.total_cmp(other.1));
        best.map(|(at, _)| at)
    }

    impl Examples<'_> {
        fn classifier(&self, weights: Vec<f32>) -> RidgeClassifier {
            RidgeClassifier {
                mean: vec![0.0; self.dimensions],
                places: (0..self.prior.len() as u32).collect(),
                weights,
                prior: self.prior.to_vec(),
                scale: 1.0,
            }
        }
    }

    /// Three categories around three directions.
    fn examples(count: usize) -> (Vec<f32>, Vec<u32>) {
        let mut chance = 5;
        let mut noise = || below(1000, &mut chance) as f32 / 1000.0 - 0.5;
        let mut rows = Vec::new();
        let places: Vec<u32> = (0..count as u32)
            .map(|at| [1, 4, 6][at as usize % 3])
            .collect();
        for place in &places {
            let mut row: Vec<f32> = (0..8).map(|_| noise()).collect();
            row[*place as usize] += 1.0;
            rows.extend(row);
        }
        (rows, places)
    }

    #[test]
    fn categories_are_told_from_vectors_and_those_without_examples_are_not_hurt() {
        let (rows, places) = examples(90);
        let (classifier, _) = RidgeClassifier::fit(&rows, 8, &places).unwrap();
        let right = rows.chunks(8).zip(&places).filter(|(row, place)| {
            let shares = classifier.log_shares(row, 9);
            assert!((shares.iter().map(|share| share.exp()).sum::<f32>() - 1.0).abs() < 1e-4);
            best_of(&shares) == Some(**place as usize)
        });
        assert!(right.count() > 80);
        let (numbers, places) = classifier.parts();
        let again = RidgeClassifier::from_parts(&numbers, places.to_vec(), 8);
        assert_eq!(again.as_ref(), Some(&classifier));
        assert_eq!(
            RidgeClassifier::from_parts(&numbers[1..], places.to_vec(), 8),
            None
        );
    }

    #[test]
    fn leaving_one_out_is_learning_without_it() {
        let (rows, places) = examples(40);
        let of = |rows: &[f32], places: &[u32]| {
            let mean = vec![0.0; 8];
            let rows: Vec<f32> = rows.to_vec();
            let own: Vec<usize> = places
                .iter()
                .map(|place| [1, 4, 6].iter().position(|one| one == place).unwrap())
                .collect();
            // Without centering the identity is exact.
            let prior = vec![0.0; 3];
            let examples = Examples {
                rows: &rows,
                dimensions: 8,
                own: &own,
                prior: &prior,
            };
            let (weights, leverages) = examples.solved(0.5);
            let classifier = RidgeClassifier {
                mean,
                ..examples.classifier(weights)
            };
            (classifier, leverages)
        };
        let (all, leverages) = of(&rows, &places);
        // Fewer examples than coordinates are solved for another way.
        let few = (&rows[..6 * 8], &places[..6]);
        let (by_examples, _) = of(few.0, few.1);
        let own: Vec<usize> = vec![0, 1, 2, 0, 1, 2];
        let prior = vec![0.0; 3];
        let examples = Examples {
            rows: few.0,
            dimensions: 8,
            own: &own,
            prior: &prior,
        };
        let (weights, leverages_of_few) = examples.solved_by_coordinates(0.5);
        let near = |(one, other): (&f32, &f32)| (one - other).abs() < 1e-4;
        assert!(by_examples.weights.iter().zip(&weights).all(near));
        assert!(
            examples
                .solved_by_examples(0.5)
                .1
                .iter()
                .zip(&leverages_of_few)
                .all(near)
        );
        for at in [0, 7, 39] {
            let mut others = (rows.clone(), places.clone());
            others.0.drain(at * 8..(at + 1) * 8);
            others.1.remove(at);
            let (without, _) = of(&others.0, &others.1);
            let row = &rows[at * 8..][..8];
            let mut scores = all.scores(row);
            let own = [1, 4, 6].iter().position(|one| *one == places[at]);
            all.leave_out(&mut scores, own, leverages[at]);
            for (one, other) in scores.iter().zip(without.scores(row)) {
                assert!((one - other).abs() < 1e-3, "{one} {other}");
            }
        }
    }

    #[test]
    fn one_category_teaches_nothing() {
        assert!(RidgeClassifier::fit(&[1.0, 0.0, 0.0, 1.0], 2, &[3, 3]).is_none());
        assert!(RidgeClassifier::fit(&[], 2, &[]).is_none());
    }
}
