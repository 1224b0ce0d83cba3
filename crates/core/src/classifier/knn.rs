//! Classification by nearest neighbours.

use super::source::Beliefs;
use crate::taxonomy::CategoryIndex;

/// How many labelled neighbours vote.
pub const NEIGHBORS: usize = 15;

/// A neighbour's vote weighs `exp(SHARPNESS × (similarity − best similarity))`.
const SHARPNESS: f32 = 20.0;

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

/// Shares of the weighted votes of `neighbors`, which sum to one, greatest
/// first; empty if there are no neighbours.
pub(crate) fn votes(neighbors: &[Neighbor]) -> Vec<(CategoryIndex, f32)> {
    let best = neighbors
        .iter()
        .map(|n| n.similarity)
        .fold(f32::NEG_INFINITY, f32::max);
    let mut shares: Vec<(CategoryIndex, f32)> = Vec::new();
    let mut total = 0.0;
    for neighbor in neighbors {
        let weight = (SHARPNESS * (neighbor.similarity - best)).exp();
        total += weight;
        match shares
            .iter_mut()
            .find(|(category, _)| *category == neighbor.category)
        {
            Some((_, share)) => *share += weight,
            None => shares.push((neighbor.category, weight)),
        }
    }
    for (_, share) in &mut shares {
        *share /= total;
    }
    rank(&mut shares);
    shares
}

/// What the votes of `neighbors` come to, worth less the farther the nearest is.
pub(crate) fn beliefs(neighbors: &[Neighbor]) -> Beliefs {
    let nearest = neighbors
        .first()
        .map_or(0.0, |neighbor| neighbor.similarity.clamp(0.0, 1.0));
    let shares = votes(neighbors).into_iter();
    Beliefs::Sparse(
        shares
            .map(|(category, share)| (category, nearest * share))
            .collect(),
    )
}

/// Sorts by falling score, ties by category, so that results do not depend on
/// the order of evidence.
pub(crate) fn rank(scores: &mut [(CategoryIndex, f32)]) {
    scores.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn neighbor(category: CategoryIndex, similarity: f32) -> Neighbor {
        Neighbor {
            row: 0,
            category,
            similarity,
        }
    }

    #[test]
    fn near_neighbours_outvote_a_distant_majority() {
        let neighbors = [
            neighbor(1, 0.95),
            neighbor(2, 0.7),
            neighbor(2, 0.7),
            neighbor(2, 0.7),
        ];
        let shares = votes(&neighbors);
        assert_eq!(shares[0].0, 1);
        assert!((shares.iter().map(|s| s.1).sum::<f32>() - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_majority_of_equals_wins_and_nobody_votes_nothing() {
        let neighbors = [neighbor(1, 0.9), neighbor(2, 0.9), neighbor(2, 0.9)];
        assert_eq!(votes(&neighbors)[0].0, 2);
        assert!(votes(&[]).is_empty());
    }
}
