//! What trials with known truth tell of a method: from which confidence on it is as
//! precise as was asked, and which set of categories holds the truth as often as was
//! asked.

/// How sure one must be that the precision asked for is reached: the lower bound of a
/// one-sided interval of 80% (Wilson, 1927).
const BOUND: f64 = 0.8416;

/// How a decision of known truth came out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// Its confidence.
    pub confidence: f32,
    /// Share of the truth; 0 if it was not among the candidates.
    pub truth_share: f32,
    /// Whether it was right.
    pub right: bool,
}

/// The outcomes of a method's trials.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcomes {
    /// By falling confidence.
    all: Vec<Outcome>,
}

impl Outcomes {
    /// Those of trials in any order.
    pub fn new(mut all: Vec<Outcome>) -> Self {
        all.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        Self { all }
    }

    /// All of them, the surest first.
    pub fn as_slice(&self) -> &[Outcome] {
        &self.all
    }

    /// The least confidence from which on decisions are right in `precision` of the
    /// cases, by a lower bound of what the trials show; none if that is never so.
    pub fn threshold(&self, precision: f64) -> Option<f32> {
        let (mut right, mut threshold) = (0usize, None);
        for (at, outcome) in self.all.iter().enumerate() {
            right += usize::from(outcome.right);
            let next = self.all.get(at + 1);
            let ends = next.is_none_or(|next| next.confidence < outcome.confidence);
            if ends && lower_bound(right, at + 1) >= precision {
                threshold = Some(outcome.confidence);
            }
        }
        threshold
    }

    /// The least share that a category needs for a set of all such categories to hold
    /// the truth in `coverage` of the cases (least ambiguous sets: Sadinle, Lei and
    /// Wasserman, 2019); none without enough trials.
    pub fn set_share(&self, coverage: f64) -> Option<f32> {
        let mut shares: Vec<f32> = self.all.iter().map(|one| one.truth_share).collect();
        shares.sort_by(f32::total_cmp);
        // As split conformal prediction wants it, with the product to come as one more.
        let missed = ((1.0 - coverage) * (shares.len() + 1) as f64).floor() as usize;
        let at = missed.checked_sub(1)?;
        shares.get(at).copied()
    }
}

/// The lower end of Wilson's interval for `right` of `all`.
fn lower_bound(right: usize, all: usize) -> f64 {
    let (count, share) = (all as f64, right as f64 / all as f64);
    let square = BOUND * BOUND;
    let middle = share + square / (2.0 * count);
    let spread = (share * (1.0 - share) / count + square / (4.0 * count * count)).sqrt();
    (middle - BOUND * spread) / (1.0 + square / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(confidence: f32, right: bool) -> Outcome {
        Outcome {
            confidence,
            truth_share: if right { confidence } else { 0.1 },
            right,
        }
    }

    #[test]
    fn a_threshold_holds_what_was_asked_and_more_trials_allow_more() {
        let trials = |count: usize| {
            let all = (0..count).map(|at| {
                let confidence = 1.0 - at as f32 / count as f32;
                outcome(confidence, confidence > 0.5 || at % 2 == 0)
            });
            Outcomes::new(all.collect())
        };
        let (few, many) = (trials(100).threshold(0.9), trials(10_000).threshold(0.9));
        assert!(few.unwrap() > many.unwrap() && many.unwrap() < 0.5);
        assert_eq!(trials(100).threshold(0.9999), None);
        assert_eq!(Outcomes::default().threshold(0.5), None);
    }

    #[test]
    fn sets_hold_the_truth_as_often_as_asked() {
        let all = (0..1000).map(|at| Outcome {
            confidence: 0.9,
            truth_share: at as f32 / 1000.0,
            right: true,
        });
        let share = Outcomes::new(all.collect()).set_share(0.9).unwrap();
        assert!((share - 0.1).abs() < 0.005);
        assert_eq!(Outcomes::default().set_share(0.9), None);
    }
}
