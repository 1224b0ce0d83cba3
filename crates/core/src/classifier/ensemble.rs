//! From evidence to a decision.

use super::calibration::{CalibrationInput, Calibrations, LEAF};
use super::candidates::Candidates;
use super::knn::{Neighbor, votes};
use super::source::{Beliefs, Fused, Source, Weights};
use crate::decision::{Alternative, Decision, Method};
use crate::taxonomy::CategoryIndex;

/// What was found out about one product: what each source says of it, in the
/// order of [`Source::ALL`]. A source that was not asked, or knows nothing, says
/// nothing.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    beliefs: [Option<Beliefs>; Source::COUNT],
    neighbors: Vec<Neighbor>,
}

impl Evidence {
    /// Adds what a source says.
    #[must_use]
    pub fn with(mut self, source: Source, beliefs: Beliefs) -> Self {
        self.beliefs[source as usize] = Some(beliefs);
        self
    }

    /// Adds the votes of labelled products, nearest first.
    #[must_use]
    pub fn with_neighbors(mut self, neighbors: Vec<Neighbor>) -> Self {
        if !neighbors.is_empty() {
            let beliefs = super::knn::beliefs(&neighbors);
            self.beliefs[Source::Neighbors as usize] = Some(beliefs);
        }
        self.neighbors = neighbors;
        self
    }

    /// The labelled products that voted, nearest first.
    pub fn into_neighbors(self) -> Vec<Neighbor> {
        self.neighbors
    }

    /// The labelled products that vote, nearest first.
    pub fn neighbors(&self) -> &[Neighbor] {
        &self.neighbors
    }
}

/// Weights of the sources and calibrations of confidence: how evidence becomes
/// a decision. Both were found by filing labelled products as if they had no
/// label.
#[derive(Clone, Debug, PartialEq)]
pub struct Ensemble {
    /// How much each source counts in [`Method::Auto`].
    pub weights: Weights,
    /// How raw confidence becomes calibrated confidence.
    pub calibrations: Calibrations,
}

impl Default for Ensemble {
    fn default() -> Self {
        Self {
            weights: Weights::new([0.3, 0.7]),
            calibrations: Calibrations::default(),
        }
    }
}

impl Ensemble {
    /// What all sources that a method asks believe together. The weight of a source
    /// that says nothing goes to the others.
    pub fn fuse(&self, method: Method, candidates: &Candidates, evidence: &Evidence) -> Fused {
        let weights = match method {
            Method::ZeroShot => Weights::only(Source::Prototypes),
            Method::Neighbors => Weights::only(Source::Neighbors),
            Method::Auto => self.weights,
        };
        let mut fused = Fused::default();
        for (weight, beliefs) in Self::heard(weights, method, evidence) {
            fused.shares.resize(candidates.len(), 0.0);
            beliefs.add_to(&mut fused, candidates, weight);
        }
        fused
    }

    /// The sources that say something and count, each with its weight; the
    /// weights sum to one.
    fn heard(weights: Weights, method: Method, evidence: &Evidence) -> Vec<(f32, &Beliefs)> {
        let mut heard: Vec<(f32, &Beliefs)> = Source::ALL
            .into_iter()
            .zip(&evidence.beliefs)
            .filter_map(|(source, beliefs)| Some((weights.of(source), beliefs.as_ref()?)))
            .collect();
        if method == Method::Auto && heard.iter().all(|(weight, _)| *weight <= 0.0) {
            // Sources without weight are better than nothing.
            heard.iter_mut().for_each(|(weight, _)| *weight = 1.0);
        }
        heard.retain(|(weight, _)| *weight > 0.0);
        let total: f32 = heard.iter().map(|(weight, _)| weight).sum();
        heard.iter_mut().for_each(|(weight, _)| *weight /= total);
        heard
    }

    /// Decides by the evidence: the `top` best alternatives, and the best of
    /// them as the decision if it is at least as sure as `min_confidence`.
    pub fn decide(
        &self,
        method: Method,
        candidates: &Candidates,
        evidence: &Evidence,
        top: usize,
        min_confidence: f32,
    ) -> Decision {
        let fused = self.fuse(method, candidates, evidence);
        let best = fused.best(candidates, top.max(2));
        let Some(first) = best.first() else {
            return Decision::unknown(candidates.taxonomy());
        };
        let inputs = level_inputs(candidates, &fused, *first, evidence);
        let alternatives = self.alternatives(method, &best, fused.total(), &inputs);
        let confidence = alternatives.first().map_or(0.0, |first| first.confidence);
        let second = alternatives.get(1).map_or(0.0, |second| second.confidence);
        Decision {
            category: (confidence >= min_confidence).then_some(first.0),
            confidence,
            margin: confidence - second,
            levels: self.levels(method, confidence, &inputs),
            alternatives: alternatives.into_iter().take(top.max(1)).collect(),
            ..Decision::unknown(candidates.taxonomy())
        }
    }
}

/// What can be seen of the best category on one level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LevelInput {
    /// The level, as [`Calibrations`] counts them.
    pub level: u32,
    /// The best category, or its ancestor on that level.
    pub category: CategoryIndex,
    /// Belief in it, and how far the neighbours share it.
    pub input: CalibrationInput,
}

/// What can be seen of the best of the beliefs that [`Ensemble::fuse`] gave, from
/// the root down; empty without beliefs.
pub fn calibration_inputs(
    candidates: &Candidates,
    fused: &Fused,
    evidence: &Evidence,
) -> Vec<LevelInput> {
    let best = fused.best(candidates, 1);
    let best = best.first();
    best.map_or_else(Vec::new, |best| {
        level_inputs(candidates, fused, *best, evidence)
    })
}

fn level_inputs(
    candidates: &Candidates,
    fused: &Fused,
    (best, belief): (CategoryIndex, f32),
    evidence: &Evidence,
) -> Vec<LevelInput> {
    let lineage = candidates.lineage(best);
    let votes = votes(evidence.neighbors());
    let above = |category| {
        let at = candidates.position(category);
        at.map_or(&[][..], |at| candidates.above(at))
    };
    let own = above(best);
    let belief_by_level: Vec<f32> = own
        .iter()
        .rev()
        .map(|&place| {
            let below = candidates.below(place).iter();
            below.map(|&at| fused.shares[at as usize]).sum()
        })
        .collect();
    let mut support_by_level = vec![0.0; own.len()];
    for (category, share) in &votes {
        let common = above(*category).iter().rev().zip(own.iter().rev());
        let sums = support_by_level.iter_mut();
        for (sum, _) in sums.zip(common.take_while(|(a, b)| a == b)) {
            *sum += share;
        }
    }
    let voted = votes.iter().find(|(category, _)| *category == best);
    let last = lineage.len() - 1;
    let levels = lineage.into_iter().enumerate();
    levels
        .map(|(at, category)| {
            let (level, belief, support) = if at == last {
                (LEAF, belief, voted.map_or(0.0, |(_, share)| *share))
            } else {
                (at as u32 + 1, belief_by_level[at], support_by_level[at])
            };
            LevelInput {
                level,
                category,
                input: CalibrationInput {
                    belief: belief.min(1.0),
                    support: support.min(1.0),
                },
            }
        })
        .collect()
}

impl Ensemble {
    /// The alternatives for the best beliefs. The best one's confidence is
    /// calibrated; the others share what is left by their beliefs, of which all sum
    /// to `total`, none of them above the best.
    fn alternatives(
        &self,
        method: Method,
        beliefs: &[(CategoryIndex, f32)],
        total: f32,
        inputs: &[LevelInput],
    ) -> Vec<Alternative> {
        let (Some((&(best, belief), others)), Some(own)) = (beliefs.split_first(), inputs.last())
        else {
            return Vec::new();
        };
        let calibration = self.calibrations.get(method, LEAF);
        let confidence = calibration.map_or(belief, |curve| curve.apply(own.input));
        let left = match calibration {
            Some(_) => (1.0 - confidence) / (total - belief).max(f32::MIN_POSITIVE),
            None => 1.0,
        };
        let others = others.iter().map(|&(category, belief)| Alternative {
            category,
            confidence: (left * belief).min(confidence),
        });
        let best = Alternative {
            category: best,
            confidence,
        };
        std::iter::once(best).chain(others).collect()
    }

    /// Confidence in the best category and those above it, from the root down.
    fn levels(&self, method: Method, confidence: f32, inputs: &[LevelInput]) -> Vec<Alternative> {
        let mut below = 0.0f32;
        let mut levels: Vec<Alternative> = inputs
            .iter()
            .rev()
            .map(
                |LevelInput {
                     level,
                     category,
                     input,
                 }| {
                    let raw = || match self.calibrations.get(method, *level) {
                        Some(curve) => curve.apply(*input),
                        None => input.belief,
                    };
                    let own = if *level == LEAF { confidence } else { raw() };
                    // What lies below a category belongs to it.
                    below = below.max(own);
                    Alternative {
                        category: *category,
                        confidence: below,
                    }
                },
            )
            .collect();
        levels.reverse();
        levels
    }
}

#[cfg(test)]
mod tests {
    use super::super::calibration::PlattScaling;
    use super::super::prototypes::beliefs;
    use super::*;
    use crate::taxonomy::Taxonomy;

    fn candidates() -> Candidates {
        Candidates::leaves(&Taxonomy::from_paths(["a", "b"]).unwrap())
    }

    fn evidence() -> Evidence {
        texts_only().with_neighbors(vec![Neighbor {
            row: 7,
            category: 1,
            similarity: 0.8,
        }])
    }

    fn texts_only() -> Evidence {
        Evidence::default().with(Source::Prototypes, beliefs(vec![0.9, 0.1]))
    }

    #[test]
    fn each_method_hears_its_own_evidence() {
        let (candidates, ensemble) = (candidates(), Ensemble::default());
        let decide = |method| ensemble.decide(method, &candidates, &evidence(), 5, 0.0);
        assert_eq!(decide(Method::ZeroShot).category, Some(0));
        assert_eq!(decide(Method::Neighbors).category, Some(1));
        assert_eq!(decide(Method::Auto).category, Some(1));
    }

    #[test]
    fn too_little_confidence_abstains_but_still_shows_the_alternatives() {
        let ensemble = Ensemble::default();
        let decision = ensemble.decide(Method::Neighbors, &candidates(), &evidence(), 5, 0.9);
        assert_eq!(decision.category, None);
        assert_eq!(decision.alternatives[0].category, 1);
        assert!((decision.confidence - 0.8).abs() < 1e-6);
    }

    #[test]
    fn alternatives_never_claim_more_than_everything() {
        let mut ensemble = Ensemble::default();
        for method in Method::ALL {
            let curve = PlattScaling::new([0.05, 0.0, 3.0]);
            ensemble.calibrations.set(method, LEAF, Some(curve));
        }
        for method in Method::ALL {
            let decision = ensemble.decide(method, &candidates(), &evidence(), 5, 0.0);
            let confidences = decision.alternatives.iter().map(|one| one.confidence);
            let total: f32 = confidences.clone().sum();
            assert!(total <= 1.0 + 1e-6, "{method}: {total}");
            assert!(confidences.is_sorted_by(|a, b| a >= b));
        }
    }

    #[test]
    fn no_evidence_is_no_decision() {
        let nothing = Evidence::default();
        let decision =
            Ensemble::default().decide(Method::Neighbors, &candidates(), &nothing, 5, 0.0);
        assert_eq!(decision.category, None);
        assert!(decision.alternatives.is_empty());
    }

    #[test]
    fn auto_without_labels_is_zero_shot() {
        let (candidates, ensemble) = (candidates(), Ensemble::default());
        let decide = |method| ensemble.decide(method, &candidates, &texts_only(), 5, 0.0);
        let (auto, zero_shot) = (decide(Method::Auto), decide(Method::ZeroShot));
        assert_eq!(auto.alternatives, zero_shot.alternatives);
    }

    #[test]
    fn a_level_is_believed_for_all_that_lies_below_it() {
        let taxonomy = Taxonomy::from_paths(["x > a", "x > b", "y > c"]).unwrap();
        let candidates = Candidates::leaves(&taxonomy);
        let scores = beliefs(vec![0.52, 0.5, 0.4]);
        let evidence = Evidence::default().with(Source::Prototypes, scores);
        let decision = Ensemble::default().decide(Method::ZeroShot, &candidates, &evidence, 3, 0.0);
        let [root, leaf] = decision.levels.as_slice() else {
            panic!("two levels were expected: {:?}", decision.levels);
        };
        assert_eq!(taxonomy.path(root.category), "x");
        assert_eq!(Some(leaf.category), decision.category);
        let both = decision.alternatives[0].confidence + decision.alternatives[1].confidence;
        assert!((root.confidence - both).abs() < 1e-6);
        assert!(leaf.confidence < root.confidence);
    }
}
