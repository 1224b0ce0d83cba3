//! Classification by nearest neighbours.

use super::candidates::Candidates;
use crate::taxonomy::CategoryIndex;

/// How many labelled neighbours vote.
pub const NEIGHBORS: usize = 15;

/// A neighbour's vote weighs `exp(SHARPNESS × (similarity − 1))`.
const SHARPNESS: f32 = 20.0;

/// What all candidates together have for a start, beside the votes: where nobody is
/// near, votes change nothing.
const PRIOR: f32 = 1e-3;

/// A labelled product near the one to be filed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbor {
    /// Row of the product in its catalog.
    pub row: u32,
    /// The category it is labelled with.
    pub category: CategoryIndex,
    /// Cosine similarity.
    pub similarity: f32,
}

/// Logarithms of the candidates' shares of the votes, smoothed by what all have for a
/// start; none without neighbours. A label on an inner category speaks for all
/// candidates below it alike.
pub(crate) fn log_shares(candidates: &Candidates, neighbors: &[Neighbor]) -> Option<Vec<f32>> {
    if neighbors.is_empty() || candidates.is_empty() {
        return None;
    }
    let start = PRIOR / candidates.len() as f32;
    let mut votes = vec![start; candidates.len()];
    for neighbor in neighbors {
        let vote = (SHARPNESS * (neighbor.similarity - 1.0)).exp();
        let at = candidates.position(neighbor.category).map(|at| at as u32);
        let below = match &at {
            Some(at) => std::slice::from_ref(at),
            None => candidates.below_category(neighbor.category),
        };
        for &at in below {
            votes[at as usize] += vote / below.len() as f32;
        }
    }
    let total: f32 = votes.iter().sum();
    votes
        .iter_mut()
        .for_each(|vote| *vote = (*vote / total).ln());
    Some(votes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::taxonomy::Taxonomy;

    fn candidates() -> Candidates {
        Candidates::leaves(&Taxonomy::from_paths(["x > a", "x > b", "y > c"]).unwrap())
    }

    fn neighbor(category: CategoryIndex, similarity: f32) -> Neighbor {
        Neighbor {
            row: 0,
            category,
            similarity,
        }
    }

    fn shares(neighbors: &[Neighbor]) -> Vec<f32> {
        let shares = log_shares(&candidates(), neighbors).unwrap().into_iter();
        shares.map(f32::exp).collect()
    }

    #[test]
    fn near_neighbours_outvote_a_distant_majority() {
        let own = candidates();
        let [a, b] = [0, 1].map(|at| own.categories()[at]);
        let near = [neighbor(a, 0.95), neighbor(b, 0.7), neighbor(b, 0.7)];
        let shares = shares(&near);
        assert!(shares[0] > 0.9 && shares[1] > shares[2]);
        assert!((shares.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }

    #[test]
    fn a_label_far_away_says_nothing() {
        let own = candidates();
        let shares = shares(&[neighbor(own.categories()[0], 0.1)]);
        assert!((shares[0] - shares[1]).abs() < 1e-3);
        assert_eq!(log_shares(&own, &[]), None);
    }

    #[test]
    fn a_label_on_an_inner_category_speaks_for_what_lies_below() {
        let own = candidates();
        let shares = shares(&[neighbor(own.inner()[0], 0.95)]);
        assert!((shares[0] - shares[1]).abs() < 1e-6 && shares[0] > 0.4);
    }
}
