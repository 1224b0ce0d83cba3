//! Whether confidence is true, and what it is worth.

use super::ratio;

/// Bins of equal width that confidence is compared in.
const BINS: usize = 15;

/// Precisions whose coverage is told.
const PRECISIONS: [f64; 4] = [0.9, 0.95, 0.98, 0.99];

/// Points of the risk–coverage curve at most.
const POINTS: usize = 200;

/// How confidence compares with the truth.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConfidenceReport {
    /// Mean confidence.
    pub mean: f64,
    /// Expected calibration error: the mean distance of confidence and accuracy over
    /// bins of equal width (Guo et al., 2017).
    pub ece: f64,
    /// The bins that have decisions, the least sure first.
    pub bins: Vec<ConfidenceBin>,
    /// What part of the products can be decided with a precision.
    pub coverage_at_precision: Vec<CoverageAtPrecision>,
    /// Mean error of the surest decisions over all coverages; the less the better
    /// (area under the risk–coverage curve, AURC: Geifman and El-Yaniv, 2017).
    pub risk_coverage_area: f64,
    /// The curve itself: what the surest decisions cover, and how many of them are
    /// wrong. The surest first; the last point is all decisions.
    pub risk_coverage: Vec<RiskAtCoverage>,
}

/// Decisions of like confidence.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ConfidenceBin {
    /// Number of decisions.
    pub count: usize,
    /// Their mean confidence.
    pub confidence: f64,
    /// The part that is right.
    pub accuracy: f64,
}

/// Part of the products that the surest decisions cover which are as precise.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CoverageAtPrecision {
    /// The precision.
    pub precision: f64,
    /// The part of all products, the largest there is.
    pub coverage: f64,
}

/// A point of the risk–coverage curve: all decisions as sure as this.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RiskAtCoverage {
    /// The least confidence of them.
    pub confidence: f64,
    /// Their part of all products.
    pub coverage: f64,
    /// The part of them that is wrong.
    pub risk: f64,
}

impl ConfidenceReport {
    /// Compares decisions, each with its confidence and whether it is right.
    pub fn new(decisions: &[(f32, bool)]) -> Self {
        let mut sums = [(0usize, 0.0f64, 0usize); BINS];
        for &(confidence, right) in decisions {
            let at = (f64::from(confidence) * BINS as f64) as usize;
            let bin = &mut sums[at.min(BINS - 1)];
            bin.0 += 1;
            bin.1 += f64::from(confidence);
            bin.2 += usize::from(right);
        }
        let bins: Vec<ConfidenceBin> = sums
            .into_iter()
            .filter(|(count, _, _)| *count > 0)
            .map(|(count, sum, right)| ConfidenceBin {
                count,
                confidence: sum / count as f64,
                accuracy: ratio(right, count),
            })
            .collect();
        let total = decisions.len().max(1) as f64;
        let distance =
            |bin: &ConfidenceBin| bin.count as f64 / total * (bin.confidence - bin.accuracy).abs();
        let (curve, risk_coverage_area) = curve(decisions);
        Self {
            mean: decisions.iter().map(|(c, _)| f64::from(*c)).sum::<f64>() / total,
            ece: bins.iter().map(distance).sum(),
            bins,
            coverage_at_precision: coverage_at_precision(&curve),
            risk_coverage_area,
            risk_coverage: thinned(curve),
        }
    }
}

/// The risk–coverage curve with a point for each confidence, and its area.
fn curve(decisions: &[(f32, bool)]) -> (Vec<RiskAtCoverage>, f64) {
    let mut sorted = decisions.to_vec();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut points = Vec::new();
    let (mut right, mut area) = (0, 0.0);
    for (at, (confidence, is_right)) in sorted.iter().enumerate() {
        right += usize::from(*is_right);
        let risk = ratio(at + 1 - right, at + 1);
        area += risk;
        // Decisions of equal confidence stand or fall together.
        if sorted.get(at + 1).is_none_or(|next| next.0 < *confidence) {
            points.push(RiskAtCoverage {
                confidence: f64::from(*confidence),
                coverage: ratio(at + 1, sorted.len()),
                risk,
            });
        }
    }
    (points, area / sorted.len().max(1) as f64)
}

fn coverage_at_precision(curve: &[RiskAtCoverage]) -> Vec<CoverageAtPrecision> {
    let at = |precision: f64| {
        let precise = |point: &&RiskAtCoverage| 1.0 - point.risk >= precision;
        let most = curve.iter().rev().find(precise);
        CoverageAtPrecision {
            precision,
            coverage: most.map_or(0.0, |point| point.coverage),
        }
    };
    PRECISIONS.map(at).into()
}

/// Points spread evenly over the coverages, the last one among them.
fn thinned(curve: Vec<RiskAtCoverage>) -> Vec<RiskAtCoverage> {
    let mut kept: Vec<RiskAtCoverage> = Vec::new();
    let count = curve.len();
    for (at, point) in curve.into_iter().enumerate() {
        let before = kept.last().map_or(0.0, |last| last.coverage);
        let is_far = point.coverage - before >= 1.0 / POINTS as f64;
        if is_far || at + 1 == count {
            kept.push(point);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn true_confidence_has_no_error_and_false_confidence_has() {
        let honest: Vec<(f32, bool)> = (0..1000).map(|at| (0.75, at % 4 != 0)).collect();
        let report = ConfidenceReport::new(&honest);
        assert!(report.ece < 1e-9 && (report.mean - 0.75).abs() < 1e-6);
        let boasting: Vec<(f32, bool)> = (0..1000).map(|at| (0.95, at % 2 == 0)).collect();
        assert!((ConfidenceReport::new(&boasting).ece - 0.45).abs() < 1e-6);
        assert_eq!(ConfidenceReport::new(&[]).ece, 0.0);
    }

    #[test]
    fn coverage_is_that_of_the_surest_decisions() {
        // The surer half is right, of the other every second.
        let decisions: Vec<(f32, bool)> = (0..1000)
            .map(|at| (1.0 - at as f32 / 1000.0, at < 500 || at % 2 == 0))
            .collect();
        let report = ConfidenceReport::new(&decisions);
        let at = |precision: f64| {
            let all = report.coverage_at_precision.iter();
            all.clone()
                .find(|one| one.precision == precision)
                .unwrap()
                .coverage
        };
        assert!((at(0.9) - 0.625).abs() < 0.01 && at(0.99) < 0.52);
        assert!(report.risk_coverage_area > 0.0 && report.risk_coverage_area < 0.25);
        let curve = &report.risk_coverage;
        assert!(curve.len() <= POINTS + 1 && curve.len() > POINTS / 2);
        let half = curve.iter().find(|point| point.coverage >= 0.5).unwrap();
        assert!(half.coverage < 0.51 && half.risk < 0.01);
        assert!((half.confidence - 0.5).abs() < 0.01);
        let last = curve.last().unwrap();
        assert!(last.coverage == 1.0 && (last.risk - 0.25).abs() < 1e-9);
    }

    #[test]
    fn decisions_of_equal_confidence_are_one_point() {
        let decisions = [(0.9, true), (0.5, true), (0.5, false), (0.5, false)];
        let curve = ConfidenceReport::new(&decisions).risk_coverage;
        let points: Vec<(f64, f64)> = curve.iter().map(|at| (at.coverage, at.risk)).collect();
        assert_eq!(points, [(0.25, 0.0), (1.0, 0.5)]);
    }
}
