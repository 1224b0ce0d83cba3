//! From evidence to a decision.

use crate::classifier::calibration::{CalibrationInput, PlattScaling};
use crate::classifier::knn::{Neighbor, rank, votes};
use crate::classifier::prototypes::{Prototypes, SCALE, softmax};
use crate::decision::{Alternative, Decision, Method};
use crate::taxonomy::CategoryIndex;

/// What was found out about one product.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Scores of all candidates against the texts (and, for
    /// [`Method::Auto`], the labelled products); empty if not asked for.
    pub scores: Vec<f32>,
    /// Labelled products near it, nearest first; empty if not asked for.
    pub neighbors: Vec<Neighbor>,
}

/// How [`Method::Auto`] weighs votes against prototypes, and how raw
/// confidence becomes calibrated confidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Ensemble {
    /// Weight of the votes in [`Method::Auto`], between 0 and 1.
    pub votes: f32,
    /// PlattScaling of each method, in the order of [`Method::ALL`]; none where
    /// there were too few labels to learn one.
    pub calibrations: [Option<PlattScaling>; 3],
}

impl Default for Ensemble {
    fn default() -> Self {
        Self {
            votes: 0.7,
            calibrations: [None; 3],
        }
    }
}

impl Ensemble {
    /// Raw scores of categories, best first: shares of belief that sum to at
    /// most one.
    pub fn raw(
        &self,
        method: Method,
        prototypes: &Prototypes,
        evidence: &Evidence,
    ) -> Vec<(CategoryIndex, f32)> {
        let weight = match method {
            Method::ZeroShot => 0.0,
            Method::Neighbors => 1.0,
            Method::Auto if evidence.neighbors.is_empty() => 0.0,
            Method::Auto => self.votes,
        };
        let mut beliefs = Vec::new();
        if weight < 1.0 && !evidence.scores.is_empty() {
            let mut shares = evidence.scores.clone();
            softmax(&mut shares, SCALE);
            let shares = shares.into_iter().map(|share| (1.0 - weight) * share);
            beliefs = prototypes
                .candidates()
                .iter()
                .copied()
                .zip(shares)
                .collect();
        }
        if weight > 0.0 {
            add_votes(&mut beliefs, &evidence.neighbors, weight);
        }
        rank(&mut beliefs);
        beliefs
    }

    /// What tells how far the best of the beliefs that [`Self::raw`] gave can
    /// be trusted.
    pub fn signs(beliefs: &[(CategoryIndex, f32)], evidence: &Evidence) -> CalibrationInput {
        let Some(&(best, belief)) = beliefs.first() else {
            return CalibrationInput::default();
        };
        let shares = votes(&evidence.neighbors);
        let support = shares.iter().find(|(category, _)| *category == best);
        CalibrationInput {
            belief,
            support: support.map_or(0.0, |(_, share)| *share),
        }
    }

    /// Judges the evidence: the `top` best alternatives, and the best of them as
    /// the decision if it is at least as sure as `min_confidence`.
    pub fn decide(
        &self,
        method: Method,
        prototypes: &Prototypes,
        evidence: Evidence,
        top: usize,
        min_confidence: f32,
    ) -> Decision {
        let beliefs = self.raw(method, prototypes, &evidence);
        let Some(&(best, _)) = beliefs.first() else {
            return Decision::unknown();
        };
        let signs = Self::signs(&beliefs, &evidence);
        let alternatives = self.alternatives(method, &beliefs, signs, top.max(2));
        let confidence = alternatives[0].confidence;
        let second = alternatives
            .get(1)
            .map_or(0.0, |alternative| alternative.confidence);
        Decision {
            category: (confidence >= min_confidence).then_some(best),
            confidence,
            margin: confidence - second,
            alternatives: alternatives.into_iter().take(top.max(1)).collect(),
            neighbors: evidence.neighbors,
            texts: Vec::new(),
        }
    }

    /// The best alternatives. The best one's confidence is calibrated; the others
    /// share what is left by their beliefs, none of them above the best.
    fn alternatives(
        &self,
        method: Method,
        beliefs: &[(CategoryIndex, f32)],
        signs: CalibrationInput,
        count: usize,
    ) -> Vec<Alternative> {
        let Some((&(best, belief), others)) = beliefs.split_first() else {
            return Vec::new();
        };
        let calibration = self.calibrations[method as usize];
        let confidence = calibration.map_or(belief, |curve| curve.apply(signs));
        let total: f32 = others.iter().map(|(_, belief)| belief).sum();
        let left = match calibration {
            Some(_) => (1.0 - confidence) / total.max(f32::MIN_POSITIVE),
            None => 1.0,
        };
        let others = others
            .iter()
            .take(count.saturating_sub(1))
            .map(|&(category, belief)| Alternative {
                category,
                confidence: (left * belief).min(confidence),
            });
        let best = Alternative {
            category: best,
            confidence,
        };
        std::iter::once(best).chain(others).collect()
    }
}

/// Adds the votes of the neighbours, worth less the farther the nearest is.
fn add_votes(beliefs: &mut Vec<(CategoryIndex, f32)>, neighbors: &[Neighbor], weight: f32) {
    let nearest = neighbors
        .first()
        .map_or(0.0, |neighbor| neighbor.similarity.clamp(0.0, 1.0));
    let known = beliefs.len();
    for (category, share) in votes(neighbors) {
        let belief = weight * nearest * share;
        // Candidates are in rising order, so a voted one is found by halving.
        match beliefs[..known].binary_search_by_key(&category, |&(candidate, _)| candidate) {
            Ok(at) => beliefs[at].1 += belief,
            Err(_) => beliefs.push((category, belief)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::taxonomy::{CategoryRow, Place, Taxonomy};

    fn prototypes() -> Prototypes {
        let row = |name: &str| CategoryRow {
            place: Place::Path(vec![name.to_owned()]),
            ..CategoryRow::default()
        };
        let taxonomy = Taxonomy::from_rows(vec![row("a"), row("b")]).unwrap();
        Prototypes::new(
            &taxonomy,
            taxonomy.leaves().collect(),
            &[1.0, 0.0, 0.0, 1.0],
            2,
            None,
        )
    }

    fn evidence() -> Evidence {
        Evidence {
            scores: vec![0.9, 0.1],
            neighbors: vec![Neighbor {
                row: 7,
                category: 1,
                similarity: 0.8,
            }],
        }
    }

    #[test]
    fn each_method_hears_its_own_evidence() {
        let (prototypes, judge) = (prototypes(), Ensemble::default());
        let decide = |method| judge.decide(method, &prototypes, evidence(), 5, 0.0);
        assert_eq!(decide(Method::ZeroShot).category, Some(0));
        assert_eq!(decide(Method::Neighbors).category, Some(1));
        assert_eq!(decide(Method::Auto).category, Some(1));
    }

    #[test]
    fn too_little_confidence_abstains_but_still_shows_the_choices() {
        let judge = Ensemble::default();
        let decision = judge.decide(Method::Neighbors, &prototypes(), evidence(), 5, 0.9);
        assert_eq!(decision.category, None);
        assert_eq!(decision.alternatives[0].category, 1);
        assert!((decision.confidence - 0.8).abs() < 1e-6);
    }

    #[test]
    fn choices_never_claim_more_than_everything() {
        let judge = Ensemble {
            calibrations: [Some(PlattScaling::new([0.05, 0.0, 3.0])); 3],
            ..Ensemble::default()
        };
        for method in Method::ALL {
            let decision = judge.decide(method, &prototypes(), evidence(), 5, 0.0);
            let total: f32 = decision
                .alternatives
                .iter()
                .map(|alternative| alternative.confidence)
                .sum();
            assert!(total <= 1.0 + 1e-6, "{method}: {total}");
            assert!(
                decision
                    .alternatives
                    .is_sorted_by(|a, b| a.confidence >= b.confidence)
            );
        }
    }

    #[test]
    fn no_evidence_is_no_decision() {
        let decision = Ensemble::default().decide(
            Method::Neighbors,
            &prototypes(),
            Evidence::default(),
            5,
            0.0,
        );
        assert_eq!(decision.category, None);
        assert!(decision.alternatives.is_empty());
    }

    #[test]
    fn auto_without_labels_is_zero_shot() {
        let (prototypes, judge) = (prototypes(), Ensemble::default());
        let only_texts = Evidence {
            neighbors: Vec::new(),
            ..evidence()
        };
        let auto = judge.decide(Method::Auto, &prototypes, only_texts.clone(), 5, 0.0);
        let zero_shot = judge.decide(Method::ZeroShot, &prototypes, only_texts, 5, 0.0);
        assert_eq!(auto.alternatives, zero_shot.alternatives);
    }
}
