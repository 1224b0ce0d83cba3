//! Whether confidence is true, and what it is worth.

use super::ratio;

/// Bins of equal width that confidence is compared in.
const BINS: usize = 15;

/// Precisions whose coverage is told.
const PRECISIONS: [f64; 4] = [0.9, 0.95, 0.98, 0.99];

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
    /// (area under the risk–coverage curve).
    pub risk_coverage_area: f64,
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
        let (coverage_at_precision, risk_coverage_area) = by_coverage(decisions);
        Self {
            mean: decisions.iter().map(|(c, _)| f64::from(*c)).sum::<f64>() / total,
            ece: bins.iter().map(distance).sum(),
            bins,
            coverage_at_precision,
            risk_coverage_area,
        }
    }
}

fn by_coverage(decisions: &[(f32, bool)]) -> (Vec<CoverageAtPrecision>, f64) {
    let mut sorted = decisions.to_vec();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut coverage = PRECISIONS.map(|precision| CoverageAtPrecision {
        precision,
        coverage: 0.0,
    });
    let (mut right, mut risk) = (0, 0.0);
    for (at, (confidence, is_right)) in sorted.iter().enumerate() {
        right += usize::from(*is_right);
        let precision = ratio(right, at + 1);
        risk += 1.0 - precision;
        // Decisions of equal confidence stand or fall together.
        let ends = sorted.get(at + 1).is_none_or(|next| next.0 < *confidence);
        for one in coverage
            .iter_mut()
            .filter(|one| ends && precision >= one.precision)
        {
            one.coverage = ratio(at + 1, sorted.len());
        }
    }
    (coverage.into(), risk / sorted.len().max(1) as f64)
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
    }
}
