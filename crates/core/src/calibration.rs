//! Making confidence mean what it says.

/// Platt scaling: a logistic curve from a raw confidence to the chance that a
/// decision with it is right (Platt, 1999, "Probabilistic Outputs for Support
/// Vector Machines"; with few hundred examples it beats freer curves, see
/// Niculescu-Mizil and Caruana, 2005). It never changes the order of
/// confidences.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    slope: f32,
    offset: f32,
}

/// Fewer decisions than this say too little about confidence.
const ENOUGH: usize = 100;

/// Newton steps; the fit converges in about ten.
const STEPS: usize = 50;

/// Raw confidences are kept this far from 0 and 1, where the logit is endless.
const EDGE: f32 = 1e-4;

/// The flattest curve: confidence must still order decisions.
const FLATTEST: f64 = 0.05;

impl Calibration {
    /// Learns from decisions whose truth is known: raw confidence and whether
    /// the decision was right; none if there are too few of them.
    pub fn fit(seen: &[(f32, bool)]) -> Option<Self> {
        if seen.len() < ENOUGH {
            return None;
        }
        let right = seen.iter().filter(|(_, right)| *right).count() as f64;
        let wrong = seen.len() as f64 - right;
        // Platt's targets, drawn a little to the middle: nothing is certain.
        let (high, low) = ((right + 1.0) / (right + 2.0), 1.0 / (wrong + 2.0));
        let points: Vec<(f64, f64)> = seen
            .iter()
            .map(|&(raw, right)| (f64::from(logit(raw)), if right { high } else { low }))
            .collect();
        let (mut slope, mut offset) = (1.0, 0.0);
        for _ in 0..STEPS {
            let mut step = newton_step(&points, slope, offset);
            if slope + step.0 < FLATTEST {
                // Confidence tells nothing here: only the offset is left to fit.
                step = (FLATTEST - slope, offset_step(&points, FLATTEST, offset));
            }
            slope += step.0;
            offset += step.1;
            if step.0.abs() + step.1.abs() < 1e-6 {
                break;
            }
        }
        Some(Self::new(slope as f32, offset as f32))
    }

    /// The curve with parameters that [`Self::parameters`] gave.
    pub fn new(slope: f32, offset: f32) -> Self {
        Self { slope, offset }
    }

    /// Slope and offset on the logit scale.
    pub fn parameters(&self) -> (f32, f32) {
        (self.slope, self.offset)
    }

    /// The calibrated confidence for a raw one, between 0 and 1.
    pub fn apply(&self, raw: f32) -> f32 {
        sigmoid(f64::from(self.slope * logit(raw) + self.offset)) as f32
    }
}

/// The step of Newton's method towards the least log loss, held back a little
/// so that perfectly separated points do not send it away.
fn newton_step(points: &[(f64, f64)], slope: f64, offset: f64) -> (f64, f64) {
    const HELD_BACK: f64 = 1e-3;
    let mut gradient = (0.0, 0.0);
    let (mut ss, mut so, mut oo) = (HELD_BACK, 0.0, HELD_BACK);
    for &(x, target) in points {
        let p = sigmoid(slope * x + offset);
        let weight = p * (1.0 - p);
        gradient.0 += (target - p) * x;
        gradient.1 += target - p;
        ss += weight * x * x;
        so += weight * x;
        oo += weight;
    }
    let determinant = ss * oo - so * so;
    if determinant.abs() < f64::MIN_POSITIVE {
        return (0.0, 0.0);
    }
    let step = (
        (oo * gradient.0 - so * gradient.1) / determinant,
        (ss * gradient.1 - so * gradient.0) / determinant,
    );
    (step.0.clamp(-1.0, 1.0), step.1.clamp(-1.0, 1.0))
}

/// The step of Newton's method in the offset alone.
fn offset_step(points: &[(f64, f64)], slope: f64, offset: f64) -> f64 {
    let (mut gradient, mut curvature) = (0.0, 1e-3);
    for &(x, target) in points {
        let p = sigmoid(slope * x + offset);
        gradient += target - p;
        curvature += p * (1.0 - p);
    }
    (gradient / curvature).clamp(-1.0, 1.0)
}

fn logit(raw: f32) -> f32 {
    let raw = raw.clamp(EDGE, 1.0 - EDGE);
    (raw / (1.0 - raw)).ln()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
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
            .map(|i| {
                if i % 2 == 0 {
                    (0.95, i % 4 == 0)
                } else {
                    (0.3, i % 20 == 1)
                }
            })
            .collect();
        let calibration = Calibration::fit(&seen).unwrap();
        assert!((calibration.apply(0.95) - 0.5).abs() < 0.05);
        assert!((calibration.apply(0.3) - 0.1).abs() < 0.05);
    }

    #[test]
    fn honest_confidence_stays_as_it_is() {
        let seen: Vec<(f32, bool)> = (0..5000)
            .map(|i| (chance(i), chance(i + 70_000) < chance(i)))
            .collect();
        let calibration = Calibration::fit(&seen).unwrap();
        for raw in [0.1, 0.3, 0.5, 0.7, 0.9] {
            assert!((calibration.apply(raw) - raw).abs() < 0.05, "{raw}");
        }
    }

    #[test]
    fn calibrated_confidence_rises_with_raw_whatever_was_seen() {
        let cases: [fn(u32) -> bool; 3] = [|_| true, |_| false, |i| i < 50];
        for case in cases {
            let seen: Vec<(f32, bool)> = (0..100).map(|i| (i as f32 / 99.0, case(i))).collect();
            let calibration = Calibration::fit(&seen).unwrap();
            let curve: Vec<f32> = (1..100)
                .map(|i| calibration.apply(i as f32 / 100.0))
                .collect();
            assert!(curve.is_sorted(), "{curve:?}");
            assert!(curve.iter().all(|c| (0.0..=1.0).contains(c)));
        }
    }

    #[test]
    fn confidence_that_misleads_becomes_the_overall_rate() {
        let seen: Vec<(f32, bool)> = (0..300).map(|i| (i as f32 / 300.0, i < 200)).collect();
        let calibration = Calibration::fit(&seen).unwrap();
        for raw in [0.1, 0.5, 0.9] {
            assert!(
                (calibration.apply(raw) - 0.67).abs() < 0.05,
                "{}",
                calibration.apply(raw)
            );
        }
    }

    #[test]
    fn little_evidence_is_no_evidence() {
        assert_eq!(Calibration::fit(&[(0.9, false); 10]), None);
    }
}
