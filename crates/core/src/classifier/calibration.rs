//! Making confidence mean what it says.

use std::collections::BTreeMap;

use crate::decision::Method;

/// What can be seen of a decision that tells how far to trust it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CalibrationInput {
    /// Belief in the best category, from 0 to 1.
    pub belief: f32,
    /// Share of the neighbours' votes that the best category has, from 0 to 1.
    /// Where texts and neighbours disagree, trust neither.
    pub support: f32,
}

/// A logistic curve from the signs of a decision to the chance that it is
/// right: Platt scaling (Platt, 1999, "Probabilistic Outputs for Support Vector
/// Machines") with two signs instead of one. With a few hundred examples it
/// beats freer curves (Niculescu-Mizil and Caruana, 2005).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlattScaling {
    /// Weights of the logits of the belief and the support, and an offset.
    weights: [f32; WEIGHTS],
}

const WEIGHTS: usize = 3;

/// Fewer decisions than this say too little about confidence.
const ENOUGH: usize = 100;

/// Newton steps at most; the fit converges in about ten.
const STEPS: usize = 50;

/// Shares are kept this far from 0 and 1, where the logit is endless.
const EDGE: f32 = 1e-3;

/// Strength of the pull of the weights towards zero, which keeps them finite
/// where the signs separate right from wrong perfectly.
const RIDGE: f64 = 1.0;

impl PlattScaling {
    /// Learns from decisions whose truth is known: their signs and whether
    /// they were right; none if there are too few of them.
    pub fn fit(seen: &[(CalibrationInput, bool)]) -> Option<Self> {
        if seen.len() < ENOUGH {
            return None;
        }
        let right = seen.iter().filter(|(_, right)| *right).count() as f64;
        let wrong = seen.len() as f64 - right;
        // Platt's targets, drawn a little to the middle: nothing is certain.
        let (high, low) = ((right + 1.0) / (right + 2.0), 1.0 / (wrong + 2.0));
        let points: Vec<([f64; WEIGHTS], f64)> = seen
            .iter()
            .map(|(signs, right)| (features(*signs), if *right { high } else { low }))
            .collect();
        let mut weights = [0.0; WEIGHTS];
        for _ in 0..STEPS {
            let step = newton_step(&points, &weights);
            for (weight, change) in weights.iter_mut().zip(step) {
                *weight += change.clamp(-2.0, 2.0);
            }
            if step.iter().all(|change| change.abs() < 1e-6) {
                break;
            }
        }
        Some(Self::new(weights.map(|weight| weight as f32)))
    }

    /// The curve with weights that [`Self::weights`] gave.
    pub fn new(weights: [f32; 3]) -> Self {
        Self { weights }
    }

    /// Weights of the logits of belief and support, and the offset.
    pub fn weights(&self) -> [f32; 3] {
        self.weights
    }

    /// The chance that a decision with these signs is right, between 0 and 1.
    pub fn apply(&self, signs: CalibrationInput) -> f32 {
        let weights = self.weights.map(f64::from);
        sigmoid(product(&features(signs), &weights)) as f32
    }
}

fn features(signs: CalibrationInput) -> [f64; WEIGHTS] {
    [logit(signs.belief), logit(signs.support), 1.0]
}

fn logit(share: f32) -> f64 {
    let share = f64::from(share.clamp(EDGE, 1.0 - EDGE));
    (share / (1.0 - share)).ln()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn product(a: &[f64; WEIGHTS], b: &[f64; WEIGHTS]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// The step of Newton's method towards the least log loss plus ridge; the
/// offset is free.
fn newton_step(points: &[([f64; WEIGHTS], f64)], weights: &[f64; WEIGHTS]) -> [f64; WEIGHTS] {
    let mut gradient = [0.0; WEIGHTS];
    let mut curvature = [[0.0; WEIGHTS]; WEIGHTS];
    for at in 0..WEIGHTS {
        let ridge = if at + 1 < WEIGHTS { RIDGE } else { 1e-6 };
        gradient[at] = -ridge * weights[at];
        curvature[at][at] = ridge;
    }
    for (x, target) in points {
        let p = sigmoid(product(x, weights));
        for row in 0..WEIGHTS {
            gradient[row] += (target - p) * x[row];
            for column in 0..WEIGHTS {
                curvature[row][column] += p * (1.0 - p) * x[row] * x[column];
            }
        }
    }
    solve(curvature, gradient)
}

/// Solves `matrix × x = right` for a positive definite matrix, by elimination.
fn solve(mut matrix: [[f64; WEIGHTS]; WEIGHTS], mut right: [f64; WEIGHTS]) -> [f64; WEIGHTS] {
    for pivot in 0..WEIGHTS {
        let above = matrix[pivot];
        for row in pivot + 1..WEIGHTS {
            let factor = matrix[row][pivot] / above[pivot];
            for (value, known) in matrix[row].iter_mut().zip(above) {
                *value -= factor * known;
            }
            right[row] -= factor * right[pivot];
        }
    }
    for row in (0..WEIGHTS).rev() {
        let known: f64 = (row + 1..WEIGHTS)
            .map(|column| matrix[row][column] * right[column])
            .sum();
        right[row] = (right[row] - known) / matrix[row][row];
    }
    right
}

/// The calibrations of a classifier, by method and level. Levels are counted
/// from 1 at the roots; [`LEAF`] is the category itself, however deep it lies.
/// There is none where too few labels are known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibrations(BTreeMap<(Method, u32), PlattScaling>);

/// The level of the chosen category itself.
pub const LEAF: u32 = 0;

impl Calibrations {
    /// Sets the calibration of a method on a level, if there is one.
    pub fn set(&mut self, method: Method, level: u32, calibration: Option<PlattScaling>) {
        if let Some(calibration) = calibration {
            self.0.insert((method, level), calibration);
        }
    }

    /// The calibration of a method on a level.
    pub fn get(&self, method: Method, level: u32) -> Option<&PlattScaling> {
        self.0.get(&(method, level))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (Method, u32, &PlattScaling)> {
        self.0
            .iter()
            .map(|((method, level), curve)| (*method, *level, curve))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers from 0 to 1 that look like chance (SplitMix64).
    fn chance(i: u32) -> f32 {
        let mut x = u64::from(i)
            .wrapping_add(1)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15);
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((x ^ (x >> 31)) >> 40) as f32 / (1u64 << 24) as f32
    }

    fn belief(belief: f32) -> CalibrationInput {
        CalibrationInput {
            belief,
            support: 0.5,
        }
    }

    #[test]
    fn overconfidence_is_corrected() {
        // Claims 0.95 and is right half the time; claims 0.3 and hardly is.
        let seen: Vec<(CalibrationInput, bool)> = (0..400)
            .map(|i| {
                if i % 2 == 0 {
                    (belief(0.95), i % 4 == 0)
                } else {
                    (belief(0.3), i % 20 == 1)
                }
            })
            .collect();
        let calibration = PlattScaling::fit(&seen).unwrap();
        assert!((calibration.apply(belief(0.95)) - 0.5).abs() < 0.05);
        assert!((calibration.apply(belief(0.3)) - 0.1).abs() < 0.05);
    }

    #[test]
    fn honest_confidence_stays_as_it_is() {
        let seen: Vec<(CalibrationInput, bool)> = (0..5000)
            .map(|i| (belief(chance(i)), chance(i + 70_000) < chance(i)))
            .collect();
        let calibration = PlattScaling::fit(&seen).unwrap();
        for raw in [0.1, 0.3, 0.5, 0.7, 0.9] {
            let seen = calibration.apply(belief(raw));
            assert!((seen - raw).abs() < 0.05, "{raw} became {seen}");
        }
    }

    #[test]
    fn belief_that_the_neighbours_do_not_share_is_not_trusted() {
        let signs = |support| CalibrationInput {
            belief: 0.99,
            support,
        };
        let seen: Vec<(CalibrationInput, bool)> = (0..200)
            .map(|i| {
                if i % 2 == 0 {
                    (signs(0.9), i % 10 != 0)
                } else {
                    (signs(0.1), i % 10 == 1)
                }
            })
            .collect();
        let calibration = PlattScaling::fit(&seen).unwrap();
        assert!(calibration.apply(signs(0.9)) > 0.7);
        assert!(calibration.apply(signs(0.1)) < 0.3);
    }

    #[test]
    fn even_perfect_evidence_leaves_a_doubt() {
        for right in [true, false] {
            let seen: Vec<(CalibrationInput, bool)> =
                (0..200).map(|i| (belief(chance(i)), right)).collect();
            let confidence = PlattScaling::fit(&seen).unwrap().apply(belief(0.9));
            assert!(confidence > 0.0 && confidence < 1.0, "{confidence}");
        }
    }

    #[test]
    fn little_evidence_is_no_evidence() {
        assert_eq!(PlattScaling::fit(&[(belief(0.9), false); 10]), None);
    }
}
