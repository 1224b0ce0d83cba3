//! Prototypes that labelled products pull towards themselves.
//!
//! A few labels per category are too few to vote, but they move a prototype a
//! long way: the mean of the category's texts and its labelled products is the
//! nearest-class-mean classifier (Mensink et al., 2013) with the texts as its
//! prior.

use crate::classifier::prototypes::Prototypes;
use crate::vector::{add_scaled, normalize};

/// The category's texts weigh as much as this many labelled products.
const TEXTS: f32 = 3.0;

/// Sums of the labelled products of each candidate.
#[derive(Clone, Debug)]
pub struct ClassMeans {
    dimensions: usize,
    counts: Vec<f32>,
    sums: Vec<f32>,
}

impl ClassMeans {
    /// No lessons yet.
    pub fn empty(prototypes: &Prototypes) -> Self {
        let candidates = prototypes.candidates().len();
        Self {
            dimensions: prototypes.dimensions(),
            counts: vec![0.0; candidates],
            sums: vec![0.0; candidates * prototypes.dimensions()],
        }
    }

    /// Adds a labelled product's centered vector to the candidate at `at`, as
    /// `weight` products: one of several of the same content counts a part.
    pub fn add(&mut self, at: usize, centered: &[f32], weight: f32) {
        self.counts[at] += weight;
        add_scaled(
            &mut self.sums[at * self.dimensions..][..self.dimensions],
            centered,
            weight,
        );
    }

    /// Adds other lessons to these.
    #[must_use]
    pub fn merged(mut self, other: &Self) -> Self {
        add_scaled(&mut self.counts, &other.counts, 1.0);
        add_scaled(&mut self.sums, &other.sums, 1.0);
        self
    }

    /// The row of the candidate at `at` after the lessons, leaving out products whose
    /// weighted sum is given.
    pub fn row(&self, prototypes: &Prototypes, at: usize, without: Option<&[f32]>) -> Vec<f32> {
        let mut row: Vec<f32> = prototypes
            .leaf(at)
            .iter()
            .map(|value| TEXTS * value)
            .collect();
        add_scaled(
            &mut row,
            &self.sums[at * self.dimensions..][..self.dimensions],
            1.0,
        );
        if let Some(product) = without {
            add_scaled(&mut row, product, -1.0);
        }
        normalize(&mut row);
        row
    }

    /// The prototypes after the lessons.
    pub fn taught(&self, prototypes: &Prototypes) -> Prototypes {
        let rows = (0..self.counts.len())
            .flat_map(|at| self.row(prototypes, at, None))
            .collect();
        prototypes
            .clone()
            .with_learned(rows, prototypes.learned().1.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::classifier::candidates::Candidates;
    use crate::taxonomy::Taxonomy;
    use crate::vector::dot;

    #[test]
    fn a_label_turns_its_category_towards_the_product_and_leaving_it_out_turns_back() {
        let taxonomy = Taxonomy::from_paths(["a", "b"]).unwrap();
        let leaves = Arc::new(Candidates::leaves(&taxonomy));
        let prototypes = Prototypes::new(leaves, &[1.0, 0.0, 0.0, 1.0], 2, None);
        let product = [0.6, 0.8];
        let mut class_means = ClassMeans::empty(&prototypes);
        class_means.add(0, &product, 1.0);
        let taught = class_means.taught(&prototypes);
        assert!(dot(taught.leaf(0), &product) > dot(prototypes.leaf(0), &product));
        assert_eq!(taught.leaf(1), prototypes.leaf(1));
        let back = class_means.row(&prototypes, 0, Some(&product));
        assert!(dot(&back, prototypes.leaf(0)) > 0.9999);
    }
}
