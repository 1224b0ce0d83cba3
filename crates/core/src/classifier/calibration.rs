//! Making confidence mean what it says.

use std::collections::BTreeMap;

use super::outcomes::Outcomes;
use crate::decision::Method;
use crate::vector::solve;

/// A curve from a share to the chance of being right: beta calibration (Kull, Silva
/// Filho and Flach, 2017), a logistic regression on the logarithms of the share and of
/// what is left. It holds the identity, and bends either end on its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BetaCalibration {
    /// Weights of `ln share` and of `−ln(1 − share)`, and an offset.
    weights: [f32; WEIGHTS],
}

const WEIGHTS: usize = 3;

/// Fewer decisions than this say too little about confidence.
const ENOUGH: usize = 100;

/// Newton steps at most; the fit converges in about ten.
const STEPS: usize = 50;

/// How often a step is halved that leads up.
const HALVINGS: i32 = 20;

/// Shares are kept this far from 0 and 1, where logarithms are endless.
const EDGE: f32 = 1e-6;

/// Strength of the pull of the curve towards the identity, which keeps it finite where
/// right and wrong are told apart perfectly.
const RIDGE: f64 = 1.0;

impl BetaCalibration {
    /// Learns from decisions whose truth is known: their shares and whether they were
    /// right. None if there are too few of them, or all of them are right or wrong:
    /// nobody is right always, and trials that say so have seen the truth.
    pub fn fit(seen: &[(f32, bool)]) -> Option<Self> {
        let right = seen.iter().filter(|(_, right)| *right).count();
        if seen.len() < ENOUGH || right == 0 || right == seen.len() {
            return None;
        }
        // Platt's targets, drawn a little to the middle: a hundred trials cannot tell of
        // one in a thousand.
        let (hits, misses) = (right as f64, (seen.len() - right) as f64);
        let (high, low) = ((hits + 1.0) / (hits + 2.0), 1.0 / (misses + 2.0));
        let points: Vec<([f64; WEIGHTS], f64)> = seen
            .iter()
            .map(|&(share, right)| (features(share), if right { high } else { low }))
            .collect();
        let mut used = [true; WEIGHTS];
        let mut weights = newton(&points, used);
        // A curve that falls anywhere would turn the order of decisions round.
        while let Some(falling) = (0..WEIGHTS - 1).find(|&at| used[at] && weights[at] < 0.0) {
            used[falling] = false;
            weights = newton(&points, used);
        }
        Some(Self::new(weights.map(|weight| weight as f32)))
    }

    /// The curve with weights that [`Self::weights`] gave.
    pub fn new(weights: [f32; 3]) -> Self {
        Self { weights }
    }

    /// Weights of `ln share` and of `−ln(1 − share)`, and the offset.
    pub fn weights(&self) -> [f32; 3] {
        self.weights
    }

    /// The chance that a decision with this share is right, between 0 and 1.
    pub fn apply(&self, share: f32) -> f32 {
        let weights = self.weights.map(f64::from);
        sigmoid(product(&features(share), &weights)) as f32
    }
}

fn features(share: f32) -> [f64; WEIGHTS] {
    let share = f64::from(share.clamp(EDGE, 1.0 - EDGE));
    [share.ln(), -(1.0 - share).ln(), 1.0]
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn product(a: &[f64; WEIGHTS], b: &[f64; WEIGHTS]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Log loss plus ridge.
fn loss_of(
    points: &[([f64; WEIGHTS], f64)],
    weights: &[f64; WEIGHTS],
    start: &[f64; WEIGHTS],
) -> f64 {
    let losses = points.iter().map(|(x, target)| {
        let z = product(x, weights);
        // ln(1 + e^z) − target × z, where e^z may be endless.
        z.max(0.0) + (-z.abs()).exp().ln_1p() - target * z
    });
    let away = weights.iter().zip(start).take(WEIGHTS - 1);
    losses.sum::<f64>() + 0.5 * RIDGE * away.map(|(a, b)| (a - b).powi(2)).sum::<f64>()
}

/// The weights of the least log loss plus ridge, by Newton's method; those that are not
/// used stay zero.
fn newton(points: &[([f64; WEIGHTS], f64)], used: [bool; WEIGHTS]) -> [f64; WEIGHTS] {
    let start = [1.0, 1.0, 0.0];
    let mut weights = start;
    for (weight, used) in weights.iter_mut().zip(used) {
        *weight *= f64::from(u8::from(used));
    }
    for _ in 0..STEPS {
        let mut gradient = [0.0; WEIGHTS];
        let mut curvature = [[0.0; WEIGHTS]; WEIGHTS];
        for at in 0..WEIGHTS {
            let ridge = if at + 1 < WEIGHTS { RIDGE } else { 1e-6 };
            gradient[at] = ridge * (start[at] - weights[at]);
            curvature[at][at] = ridge;
        }
        for (x, target) in points {
            let p = sigmoid(product(x, &weights));
            for row in 0..WEIGHTS {
                gradient[row] += (target - p) * x[row];
                for column in 0..WEIGHTS {
                    curvature[row][column] += p * (1.0 - p) * x[row] * x[column];
                }
            }
        }
        for at in (0..WEIGHTS).filter(|&at| !used[at]) {
            gradient[at] = 0.0;
            curvature[at] = [0.0; WEIGHTS];
            curvature.iter_mut().for_each(|row| row[at] = 0.0);
            curvature[at][at] = 1.0;
        }
        let Some(step) = solve(curvature, gradient) else {
            break;
        };
        // A whole step may go too far; some part of it always leads down.
        let loss = loss_of(points, &weights, &start);
        let stepped = (0..HALVINGS).map(|halvings| {
            let part = 0.5f64.powi(halvings);
            [0, 1, 2].map(|at| weights[at] + part * step[at])
        });
        let better = stepped
            .into_iter()
            .find(|weights| loss_of(points, weights, &start) < loss);
        match better {
            Some(better) => weights = better,
            None => break,
        }
    }
    weights
}

/// The calibrations of a classifier, by method and level. Levels are counted
/// from 1 at the roots; [`LEAF`] is the category itself, however deep it lies.
/// There is none where too few labels are known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibrations {
    curves: BTreeMap<(Method, u32), BetaCalibration>,
    outcomes: BTreeMap<Method, Outcomes>,
}

/// The level of the chosen category itself.
pub const LEAF: u32 = 0;

impl Calibrations {
    /// Sets the calibration of a method on a level, if there is one.
    pub fn set(&mut self, method: Method, level: u32, calibration: Option<BetaCalibration>) {
        if let Some(calibration) = calibration {
            self.curves.insert((method, level), calibration);
        }
    }

    /// The calibration of a method on a level.
    pub fn get(&self, method: Method, level: u32) -> Option<&BetaCalibration> {
        self.curves.get(&(method, level))
    }

    /// Sets how a method's decisions of known truth came out.
    pub fn set_outcomes(&mut self, method: Method, outcomes: Outcomes) {
        self.outcomes.insert(method, outcomes);
    }

    /// How a method's decisions of known truth came out.
    pub fn outcomes(&self, method: Method) -> Option<&Outcomes> {
        self.outcomes.get(&method)
    }

    /// All curves.
    pub fn iter(&self) -> impl Iterator<Item = (Method, u32, &BetaCalibration)> {
        self.curves
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

    #[test]
    fn overconfidence_is_corrected() {
        // Claims 0.95 and is right half the time; claims 0.3 and hardly is.
        let seen: Vec<(f32, bool)> = (0..400)
            .map(|i| match i % 2 {
                0 => (0.95, i % 4 == 0),
                _ => (0.3, i % 20 == 1),
            })
            .collect();
        let calibration = BetaCalibration::fit(&seen).unwrap();
        assert!((calibration.apply(0.95) - 0.5).abs() < 0.05);
        assert!((calibration.apply(0.3) - 0.1).abs() < 0.05);
    }

    #[test]
    fn honest_confidence_stays_as_it_is() {
        let seen: Vec<(f32, bool)> = (0..5000)
            .map(|i| (chance(i), chance(i + 70_000) < chance(i)))
            .collect();
        let calibration = BetaCalibration::fit(&seen).unwrap();
        for raw in [0.1, 0.3, 0.5, 0.7, 0.9] {
            let seen = calibration.apply(raw);
            assert!((seen - raw).abs() < 0.05, "{raw} became {seen}");
        }
    }

    #[test]
    fn a_curve_never_falls() {
        // The less it claims the more often it is right.
        let seen: Vec<(f32, bool)> = (0..1000)
            .map(|i| (chance(i), chance(i + 70_000) > chance(i)))
            .collect();
        let calibration = BetaCalibration::fit(&seen).unwrap();
        let curve = (0..=100).map(|at| calibration.apply(at as f32 / 100.0));
        assert!(curve.is_sorted());
    }

    #[test]
    fn trials_that_are_always_right_have_seen_the_truth() {
        let seen: Vec<(f32, bool)> = (0..1000).map(|i| (chance(i), true)).collect();
        assert_eq!(BetaCalibration::fit(&seen), None);
    }

    #[test]
    fn few_trials_leave_a_doubt() {
        let sure = |count: u32| {
            let seen = (0..count).map(|i| match i % 10 {
                0 => (0.3, false),
                _ => (0.9999, true),
            });
            BetaCalibration::fit(&seen.collect::<Vec<_>>())
                .unwrap()
                .apply(0.9999)
        };
        assert!(
            sure(100) < 0.995 && sure(100) < sure(10_000),
            "{}",
            sure(100)
        );
    }

    #[test]
    fn little_evidence_is_no_evidence() {
        let seen: Vec<(f32, bool)> = (0..10).map(|i| (0.9, i % 2 == 0)).collect();
        assert_eq!(BetaCalibration::fit(&seen), None);
    }
}
