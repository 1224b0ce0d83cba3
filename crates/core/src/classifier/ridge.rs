//! A ridge classifier: a linear map from vectors to categories, of least squared error
//! with a penalty (Hoerl and Kennard, 1970; the `RidgeClassifier` of scikit-learn), which
//! learns in one step; and classifiers that have not seen a part of the examples each.

use crate::vector::{Matrix, dot, solve_definite};

/// Penalty on squared weights, for rows of unit length.
const PENALTY: f64 = 0.3;

/// Factors from scores to logarithms of shares that are tried.
const SCALES: [f32; 6] = [3.0, 6.0, 12.0, 24.0, 48.0, 96.0];

/// Parts of the examples that are left out in turn.
const PARTS: usize = 5;

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

/// Classifiers that have each seen all examples but one part.
#[derive(Clone, Debug)]
pub struct CrossFitted {
    classifiers: Vec<RidgeClassifier>,
    /// The part of each example.
    parts: Vec<u8>,
}

impl CrossFitted {
    /// Logarithms of the shares of all candidates for the example of that number, by the
    /// classifier that has not seen it.
    pub fn log_shares(
        &self,
        example: usize,
        vector: &[f32],
        candidates: usize,
    ) -> Option<Vec<f32>> {
        let part = usize::from(*self.parts.get(example)?);
        Some(self.classifiers.get(part)?.log_shares(vector, candidates))
    }
}

impl RidgeClassifier {
    /// Learns from rows of `dimensions` coordinates and the places of their categories
    /// among the candidates. Examples of equal `groups` say the same, and are left out
    /// together. None with fewer than two categories.
    pub fn fit(
        rows: &[f32],
        dimensions: usize,
        places: &[u32],
        groups: &[u128],
    ) -> Option<(Self, CrossFitted)> {
        let parts: Vec<u8> = groups
            .iter()
            .map(|group| (group % PARTS as u128) as u8)
            .collect();
        if parts.len() != places.len() {
            return None;
        }
        let mut classifier = Self::fit_all(rows, dimensions, places)?;
        let others = (0..PARTS as u8).map(|part| {
            let (mut own_rows, mut own_places) = (Vec::new(), Vec::new());
            for (at, row) in rows.chunks_exact(dimensions).enumerate() {
                if parts[at] != part {
                    own_rows.extend_from_slice(row);
                    own_places.push(places[at]);
                }
            }
            Self::fit_all(&own_rows, dimensions, &own_places)
        });
        let mut apart = CrossFitted {
            classifiers: others.collect::<Option<_>>()?,
            parts,
        };
        let scale = apart.best_scale(rows, places);
        classifier.scale = scale;
        apart
            .classifiers
            .iter_mut()
            .for_each(|one| one.scale = scale);
        Some((classifier, apart))
    }

    fn fit_all(rows: &[f32], dimensions: usize, places: &[u32]) -> Option<Self> {
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
        let solve = match own.len() < dimensions {
            true => by_examples,
            false => by_coordinates,
        };
        Some(Self {
            mean,
            weights: solve(&rows, dimensions, &own, known.len()),
            places: known,
            prior,
            scale: 1.0,
        })
    }

    /// Coordinates of a vector.
    pub fn dimensions(&self) -> usize {
        self.mean.len()
    }

    /// Logarithms of the shares of all candidates. Those that no example had have the
    /// share of one of which nothing is known.
    pub fn log_shares(&self, vector: &[f32], candidates: usize) -> Vec<f32> {
        let centered = centered(vector, &self.mean);
        let mut all = vec![0.0; candidates];
        let rows = self
            .weights
            .chunks_exact(self.dimensions())
            .zip(&self.prior);
        for (place, (row, prior)) in self.places.iter().zip(rows) {
            if let Some(to) = all.get_mut(*place as usize) {
                *to = self.scale * (dot(row, &centered) + prior);
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

impl CrossFitted {
    /// The scale that makes the categories of examples most likely that were not seen.
    fn best_scale(&self, rows: &[f32], places: &[u32]) -> f32 {
        let candidates = places.iter().max().map_or(0, |most| *most as usize + 1);
        let dimensions = self
            .classifiers
            .first()
            .map_or(1, RidgeClassifier::dimensions);
        let step = places.len().div_ceil(CHOSEN_BY).max(1);
        // Before they are scaled, differences of logarithms are those of scores.
        let scores: Vec<(Vec<f32>, usize)> = rows
            .chunks_exact(dimensions)
            .zip(places)
            .enumerate()
            .step_by(step)
            .filter_map(|(at, (row, place))| {
                Some((self.log_shares(at, row, candidates)?, *place as usize))
            })
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
}

/// With few examples, whose classes are `own`: weights are sums of them.
fn by_examples(rows: &[f32], dimensions: usize, own: &[usize], classes: usize) -> Vec<f32> {
    let rows = Matrix::new(rows, dimensions);
    let mut right = vec![0.0; own.len() * classes];
    own.iter()
        .enumerate()
        .for_each(|(at, class)| right[at * classes + class] = 1.0);
    let sums = solved(rows.product(rows.transposed()), right, classes);
    Matrix::new(&sums, classes).transposed().product(rows)
}

/// With many: weights are solved for. Rows are centered, so that shares of all examples
/// take nothing away.
fn by_coordinates(rows: &[f32], dimensions: usize, own: &[usize], classes: usize) -> Vec<f32> {
    let mut right = vec![0.0; dimensions * classes];
    for (row, class) in rows.chunks_exact(dimensions).zip(own) {
        for (at, value) in row.iter().enumerate() {
            right[at * classes + class] += f64::from(*value);
        }
    }
    let rows = Matrix::new(rows, dimensions);
    let by_coordinate = solved(rows.transposed().product(rows), right, classes);
    let mut weights = vec![0.0; classes * dimensions];
    for (at, row) in by_coordinate.chunks_exact(classes).enumerate() {
        for (class, value) in row.iter().enumerate() {
            weights[class * dimensions + at] = *value;
        }
    }
    weights
}

/// Solves for `right` with the penalty on the diagonal of a matrix.
fn solved(matrix: Vec<f32>, mut right: Vec<f64>, columns: usize) -> Vec<f32> {
    let size = matrix.len().isqrt();
    let mut matrix: Vec<f64> = matrix.into_iter().map(f64::from).collect();
    (0..size).for_each(|at| matrix[at * size + at] += PENALTY);
    solve_definite(&mut matrix, &mut right, columns);
    right.into_iter().map(|value| value as f32).collect()
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

    fn best_of(shares: &[f32]) -> Option<usize> {
        let best = shares
            .iter()
            .enumerate()
            .max_by(|one, other| one.1.total_cmp(other.1));
        best.map(|(at, _)| at)
    }

    /// Three categories around three directions.
    fn examples(count: usize) -> (Vec<f32>, Vec<u32>, Vec<u128>) {
        let mut chance = 5;
        let mut noise = || below(1000, &mut chance) as f32 / 1000.0 - 0.5;
        let mut rows = Vec::new();
        let places: Vec<u32> = (0..count).map(|at| [1, 4, 6][at % 3]).collect();
        for place in &places {
            let mut row: Vec<f32> = (0..8).map(|_| noise()).collect();
            row[*place as usize] += 1.0;
            rows.extend(row);
        }
        (rows, places, (0..count as u128).collect())
    }

    #[test]
    fn categories_are_told_from_vectors_also_unseen_ones() {
        let (rows, places, groups) = examples(90);
        let (classifier, apart) = RidgeClassifier::fit(&rows, 8, &places, &groups).unwrap();
        let right = |shares: &dyn Fn(usize, &[f32]) -> Vec<f32>| {
            let each = rows.chunks(8).zip(&places).enumerate();
            let right = each.filter(|(at, (row, place))| {
                let shares = shares(*at, row);
                assert!((shares.iter().map(|share| share.exp()).sum::<f32>() - 1.0).abs() < 1e-4);
                best_of(&shares) == Some(**place as usize)
            });
            right.count()
        };
        assert!(right(&|_, row| classifier.log_shares(row, 9)) > 80);
        assert!(right(&|at, row| apart.log_shares(at, row, 9).unwrap()) > 70);
        let (numbers, places) = classifier.parts();
        let again = RidgeClassifier::from_parts(&numbers, places.to_vec(), 8);
        assert_eq!(again.as_ref(), Some(&classifier));
        assert_eq!(
            RidgeClassifier::from_parts(&numbers[1..], places.to_vec(), 8),
            None
        );
    }

    #[test]
    fn both_ways_to_solve_give_the_same_weights() {
        let (rows, places, _) = examples(12);
        let own: Vec<usize> = places.iter().map(|place| *place as usize / 3).collect();
        let mean = crate::classifier::prototypes::mean_of(&rows, 8);
        let rows: Vec<f32> = rows
            .chunks(8)
            .flat_map(|row| centered(row, &mean))
            .collect();
        let (one, other) = (
            by_examples(&rows, 8, &own, 3),
            by_coordinates(&rows, 8, &own, 3),
        );
        assert!(
            one.iter()
                .zip(&other)
                .all(|(one, other)| (one - other).abs() < 1e-3),
            "{one:?} {other:?}"
        );
    }

    #[test]
    fn what_says_the_same_is_left_out_together() {
        let (rows, places, _) = examples(30);
        // Labels by chance are not known of examples that others repeat.
        let twice: Vec<f32> = rows.iter().chain(&rows).copied().collect();
        let mut chance = 9;
        let random: Vec<u32> = places
            .iter()
            .map(|_| below(3, &mut chance) as u32)
            .collect();
        let labels: Vec<u32> = random.iter().chain(&random).copied().collect();
        let groups: Vec<u128> = (0..30).chain(0..30).collect();
        let (_, apart) = RidgeClassifier::fit(&twice, 8, &labels, &groups).unwrap();
        let right = (0..60).filter(|at| {
            let row = &twice[at * 8..][..8];
            best_of(&apart.log_shares(*at, row, 3).unwrap()) == Some(labels[*at] as usize)
        });
        assert!(right.count() < 40);
    }

    #[test]
    fn one_category_teaches_nothing() {
        assert!(RidgeClassifier::fit(&[1.0, 0.0, 0.0, 1.0], 2, &[3, 3], &[0, 1]).is_none());
        assert!(RidgeClassifier::fit(&[], 2, &[], &[]).is_none());
    }
}
