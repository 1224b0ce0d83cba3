//! Making confidence mean what it says.

/// A rising step curve from a raw confidence to the share of right decisions
/// seen at it: isotonic regression by pooling adjacent violators (Ayer et al.,
/// 1955; for classifiers Zadrozny and Elkan, 2002).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibration {
    /// Raw confidence and calibrated confidence, both rising.
    points: Vec<(f32, f32)>,
}

/// Fewer decisions than this say too little about confidence.
const ENOUGH: usize = 100;

/// Decisions pooled into one point at least, so that no point is chance.
const POOL: f32 = 20.0;

impl Calibration {
    /// Learns from decisions whose truth is known: raw confidence and whether
    /// the decision was right. With too few of them the curve is the identity.
    pub fn fit(mut seen: Vec<(f32, bool)>) -> Self {
        if seen.len() < ENOUGH {
            return Self::default();
        }
        seen.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut pools: Vec<Pool> = Vec::new();
        for chunk in seen.chunks(POOL as usize) {
            pools.push(Pool::of(chunk));
            while let [.., before, last] = pools.as_slice()
                && before.rate() >= last.rate()
            {
                let merged = before.merged(last);
                pools.truncate(pools.len() - 2);
                pools.push(merged);
            }
        }
        Self {
            points: pools
                .iter()
                .map(|pool| (pool.confidence / pool.count, pool.rate()))
                .collect(),
        }
    }

    /// A curve from points that [`Self::points`] gave.
    pub fn from_points(points: Vec<(f32, f32)>) -> Self {
        Self { points }
    }

    /// The curve's corners: raw and calibrated confidence.
    pub fn points(&self) -> &[(f32, f32)] {
        &self.points
    }

    /// Whether the curve was learned rather than assumed.
    pub fn is_fitted(&self) -> bool {
        !self.points.is_empty()
    }

    /// The calibrated confidence for a raw one, between the corners by
    /// straight lines.
    pub fn apply(&self, raw: f32) -> f32 {
        let Some(&(first_raw, first)) = self.points.first() else {
            return raw;
        };
        let Some(&(last_raw, last)) = self.points.last() else {
            return raw;
        };
        if raw <= first_raw {
            return first * (raw / first_raw.max(f32::MIN_POSITIVE)).clamp(0.0, 1.0);
        }
        if raw >= last_raw {
            return last;
        }
        let upper = self.points.partition_point(|point| point.0 < raw);
        let (low, high) = (self.points[upper - 1], self.points[upper]);
        let part = (raw - low.0) / (high.0 - low.0).max(f32::MIN_POSITIVE);
        low.1 + part * (high.1 - low.1)
    }
}

struct Pool {
    confidence: f32,
    right: f32,
    count: f32,
}

impl Pool {
    fn of(chunk: &[(f32, bool)]) -> Self {
        Self {
            confidence: chunk.iter().map(|(confidence, _)| confidence).sum(),
            right: chunk.iter().filter(|(_, right)| *right).count() as f32,
            count: chunk.len() as f32,
        }
    }

    fn merged(&self, other: &Self) -> Self {
        Self {
            confidence: self.confidence + other.confidence,
            right: self.right + other.right,
            count: self.count + other.count,
        }
    }

    /// Share of right decisions, drawn a little to one half (Laplace), so that
    /// nothing is ever certain.
    fn rate(&self) -> f32 {
        (self.right + 1.0) / (self.count + 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overconfidence_is_corrected() {
        // Claims 0.9 and is right half the time; claims 0.3 and never is.
        let seen = (0..400)
            .map(|i| {
                if i % 2 == 0 {
                    (0.9, i % 4 == 0)
                } else {
                    (0.3, false)
                }
            })
            .collect();
        let calibration = Calibration::fit(seen);
        assert!((calibration.apply(0.9) - 0.5).abs() < 0.05);
        assert!(calibration.apply(0.3) < 0.05);
    }

    #[test]
    fn calibrated_confidence_never_falls_as_raw_rises() {
        let seen = (0..1000u32)
            .map(|i| (i as f32 / 1000.0, i.wrapping_mul(2_654_435_761) % 1000 < i))
            .collect();
        let calibration = Calibration::fit(seen);
        let curve: Vec<f32> = (0..=100)
            .map(|i| calibration.apply(i as f32 / 100.0))
            .collect();
        assert!(curve.is_sorted(), "{curve:?}");
        assert!(curve.iter().all(|c| (0.0..=1.0).contains(c)));
    }

    #[test]
    fn little_evidence_changes_nothing() {
        let calibration = Calibration::fit(vec![(0.9, false); 10]);
        assert_eq!(calibration.apply(0.42), 0.42);
        assert!(!calibration.is_fitted());
    }
}
