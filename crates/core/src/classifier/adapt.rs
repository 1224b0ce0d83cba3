//! Fitting prototypes to a catalog without labels.
//!
//! The words of a taxonomy and the words of a catalog differ in register, so a
//! category's texts point beside its products. Expectation–maximisation moves
//! each prototype part of the way to the products it attracts: a soft
//! spherical k-means (Banerjee et al., 2005, "Clustering on the Unit
//! Hypersphere using von Mises–Fisher Distributions") that starts from, and
//! stays tied to, the texts.

use std::collections::HashMap;

use crate::classifier::prototypes::{Prototypes, SCALE, softmax};
use crate::vector::{add_scaled, normalize};

/// How far a prototype may move towards its products.
const PULL: f32 = 0.5;

/// Products a category must attract to move half as far as [`PULL`] allows.
const INERTIA: f32 = 5.0;

/// How much a root's share of the catalog counts, of its full logarithm.
const PRIOR: f32 = 0.75;

/// Rounds of expectation and maximisation.
pub const ROUNDS: usize = 6;

/// Shares smaller than this are not worth adding up.
const NEGLIGIBLE: f32 = 0.01;

/// What a part of the catalog says about the candidates: sums that can be
/// gathered in parallel and merged.
#[derive(Clone, Debug)]
pub struct SoftAssignments {
    counts: Vec<f32>,
    sums: Vec<f32>,
}

impl SoftAssignments {
    /// Nothing gathered yet.
    pub fn empty(prototypes: &Prototypes) -> Self {
        Self {
            counts: vec![0.0; prototypes.candidates().len()],
            sums: vec![0.0; prototypes.candidates().len() * prototypes.dimensions()],
        }
    }

    /// Adds products, unit vectors row by row, to the candidates they are likely of.
    pub fn gather(&mut self, prototypes: &Prototypes, products: &[f32]) {
        let rows = products.chunks_exact(prototypes.dimensions());
        for (product, mut shares) in rows.zip(prototypes.scores_of_all(products)) {
            softmax(&mut shares, SCALE);
            let centered = prototypes.center(product);
            let sums = self.sums.chunks_exact_mut(prototypes.dimensions());
            for ((share, count), row) in shares.into_iter().zip(&mut self.counts).zip(sums) {
                if share > NEGLIGIBLE {
                    *count += share;
                    add_scaled(row, &centered, share);
                }
            }
        }
    }

    /// Adds what another part of the catalog said.
    #[must_use]
    pub fn merged(mut self, other: &Self) -> Self {
        add_scaled(&mut self.counts, &other.counts, 1.0);
        add_scaled(&mut self.sums, &other.sums, 1.0);
        self
    }

    /// The prototypes after one round, moved from the untaught `start`.
    pub fn maximised(self, start: &Prototypes) -> Prototypes {
        let dimensions = start.dimensions();
        let mut leaves = start.learned().0.to_vec();
        let rows = leaves.chunks_exact_mut(dimensions);
        for ((row, sum), count) in rows
            .zip(self.sums.chunks_exact(dimensions))
            .zip(&self.counts)
        {
            let mut mean = sum.to_vec();
            normalize(&mut mean);
            let pull = PULL * count / (count + INERTIA);
            for (value, target) in row.iter_mut().zip(&mean) {
                *value = (1.0 - pull) * *value + pull * target;
            }
            normalize(row);
        }
        start.clone().with_learned(leaves, self.priors(start))
    }

    /// What each candidate gains from the share its root has in the catalog.
    /// Shares of single leaves are too uncertain to be used.
    fn priors(&self, start: &Prototypes) -> Vec<f32> {
        let roots: Option<Vec<u32>> = start.candidates().roots().iter().copied().collect();
        let Some(roots) = roots else {
            return vec![0.0; self.counts.len()];
        };
        let mut by_root: HashMap<u32, Share> = HashMap::new();
        for (root, count) in roots.iter().zip(&self.counts) {
            let share = by_root.entry(*root).or_default();
            share.products += count;
            share.leaves += 1.0;
        }
        let products: f32 = self.counts.iter().sum::<f32>() + by_root.len() as f32;
        let leaves = roots.len() as f32;
        roots
            .iter()
            .map(|root| {
                let share = &by_root[root];
                let odds = (share.products + 1.0) / products * leaves / share.leaves;
                PRIOR / SCALE * odds.ln()
            })
            .collect()
    }
}

/// What a root holds.
#[derive(Default)]
struct Share {
    products: f32,
    leaves: f32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::classifier::candidates::Candidates;
    use crate::taxonomy::Taxonomy;
    use crate::vector::dot;

    fn prototypes(paths: &[&str], rows: &[f32]) -> Prototypes {
        let taxonomy = Taxonomy::from_paths(paths).unwrap();
        Prototypes::new(Arc::new(Candidates::leaves(&taxonomy)), rows, 2, None)
    }

    fn fitted(start: &Prototypes, products: &[[f32; 2]]) -> Prototypes {
        (0..ROUNDS).fold(start.clone(), |at, _| {
            let mut assignments = SoftAssignments::empty(&at);
            assignments.gather(&at, products.as_flattened());
            assignments.maximised(start)
        })
    }

    #[test]
    fn a_prototype_moves_towards_its_products_and_no_further_than_half() {
        let start = prototypes(&["a", "b"], &[1.0, 0.0, 0.0, 1.0]);
        let after = fitted(&start, &[[0.8, 0.6]; 50]);
        let moved = dot(after.leaf(0), &[0.8, 0.6]);
        assert!(moved > dot(start.leaf(0), &[0.8, 0.6]) && moved < 0.99);
        assert!(dot(after.leaf(1), start.leaf(1)) > 0.999);
    }

    #[test]
    fn a_root_that_holds_most_products_is_preferred_in_doubt() {
        let start = prototypes(&["x > a", "y > b"], &[1.0, 0.0, 0.0, 1.0]);
        let after = fitted(&start, &[[1.0, 0.0]; 50]);
        let doubt = [std::f32::consts::FRAC_1_SQRT_2; 2];
        let scores = after.scores(&doubt);
        assert!(scores[0] > scores[1]);
    }
}
