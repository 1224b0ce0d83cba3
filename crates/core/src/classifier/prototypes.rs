//! Zero-shot classification: products against what the taxonomy says of its
//! categories.
//!
//! A category's prototype is the mean of the vectors of its texts. Products
//! and prototypes are centered on their own means, which takes out what all
//! products (or all category names) share. Levels are scored together: a leaf
//! also earns what its ancestors' prototypes, the means of their leaves, earn.

use std::sync::Arc;

use super::candidates::Candidates;
use crate::vector::{add_scaled, centered, dot, inner_products, normalize};

/// How much the ancestors' mean similarity counts beside the leaf's own.
const ANCESTORS: f32 = 0.5;

/// Similarity differences are multiplied by this before they become
/// probabilities.
pub(crate) const SCALE: f32 = 20.0;

/// The same where they become evidence beside other sources.
const EVIDENCE_SCALE: f32 = 15.0;

/// Prototypes of the categories that products may be filed under.
#[derive(Clone, Debug, PartialEq)]
pub struct Prototypes {
    dimensions: usize,
    candidates: Arc<Candidates>,
    /// Mean of the catalog's product vectors; zero if not centered.
    mean: Vec<f32>,
    /// One centered unit row for each candidate.
    leaves: Vec<f32>,
    /// One unit row for each inner category above a candidate.
    inner: Vec<f32>,
    /// Added to a candidate's similarity: how common it is in the catalog.
    prior: Vec<f32>,
}

impl Prototypes {
    /// Builds the prototypes of `candidates` from their `rows` (unit vectors,
    /// `candidates.len() × dimensions`) and the mean of the catalog's vectors,
    /// which is none for a catalog too small to have a meaningful one.
    pub fn new(
        candidates: Arc<Candidates>,
        rows: &[f32],
        dimensions: usize,
        mean: Option<Vec<f32>>,
    ) -> Self {
        let leaves = match &mean {
            Some(_) => {
                let own = mean_of(rows, dimensions);
                rows.chunks_exact(dimensions)
                    .flat_map(|row| centered(row, &own))
                    .collect()
            }
            None => rows.to_vec(),
        };
        Self {
            dimensions,
            mean: mean.unwrap_or_else(|| vec![0.0; dimensions]),
            prior: vec![0.0; candidates.len()],
            inner: inner_rows(&candidates, rows, dimensions),
            candidates,
            leaves,
        }
    }

    /// The categories that can be chosen, in the order of all scores.
    pub fn candidates(&self) -> &Arc<Candidates> {
        &self.candidates
    }

    /// Number of coordinates of a vector.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Mean of the catalog's vectors that products are centered on.
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// The centered unit vector of a candidate.
    pub fn leaf(&self, at: usize) -> &[f32] {
        &self.leaves[at * self.dimensions..][..self.dimensions]
    }

    /// What a learned fit replaces: centered rows and priors of all candidates.
    pub fn learned(&self) -> (&[f32], &[f32]) {
        (&self.leaves, &self.prior)
    }

    /// Puts rows and priors that [`Self::learned`] gave in place of the
    /// untaught ones; ignored if they are of another shape.
    #[must_use]
    pub fn with_learned(mut self, leaves: Vec<f32>, prior: Vec<f32>) -> Self {
        if leaves.len() == self.leaves.len() && prior.len() == self.prior.len() {
            self.leaves = leaves;
            self.prior = prior;
        }
        self
    }

    /// The product vector as it is compared: centered and of unit length.
    pub fn center(&self, product: &[f32]) -> Vec<f32> {
        centered(product, &self.mean)
    }

    /// What each candidate's ancestors and prior add to its similarity.
    pub fn context(&self, product: &[f32]) -> Vec<f32> {
        let inner = self.inner.chunks_exact(self.dimensions);
        let inner: Vec<f32> = inner.map(|row| dot(row, product)).collect();
        let mut context = vec![0.0; self.prior.len()];
        self.add_context(&mut context, &inner);
        context
    }

    /// Adds what ancestors and priors count, by the similarities of all inner
    /// categories.
    fn add_context(&self, scores: &mut [f32], inner: &[f32]) {
        for (at, (score, prior)) in scores.iter_mut().zip(&self.prior).enumerate() {
            let above = self.candidates.above(at);
            let sum: f32 = above.iter().map(|&at| inner[at as usize]).sum();
            *score += ANCESTORS * sum / (above.len().max(1) as f32) + prior;
        }
    }

    /// Scores of all candidates for a product vector of unit length, higher
    /// for better ones; compare them within one product only.
    pub fn scores(&self, product: &[f32]) -> Vec<f32> {
        let centered = self.center(product);
        let mut scores = self.context(product);
        for (score, row) in scores
            .iter_mut()
            .zip(self.leaves.chunks_exact(self.dimensions))
        {
            *score += dot(row, &centered);
        }
        scores
    }

    /// [`Self::scores`] of many products (unit vectors, row by row), by products of
    /// matrices; but for rounding what each alone would get.
    pub fn scores_of_all(&self, products: &[f32]) -> Vec<Vec<f32>> {
        let rows = products.chunks_exact(self.dimensions);
        let centered: Vec<f32> = rows.flat_map(|row| self.center(row)).collect();
        let own = inner_products(&centered, &self.leaves, self.dimensions);
        let inner = inner_products(products, &self.inner, self.dimensions);
        let own = own.chunks_exact(self.candidates.len().max(1));
        own.enumerate()
            .map(|(at, own)| {
                let mut scores = own.to_vec();
                let count = self.candidates.inner().len();
                self.add_context(&mut scores, &inner[at * count..][..count]);
                scores
            })
            .collect()
    }

    /// As [`Self::scores`], when only the nearest candidates are known: their
    /// positions and the products of their rows with the centered vector, best
    /// first. All others count as near as the last of them.
    pub fn scores_among(&self, product: &[f32], nearest: &[(u32, f32)]) -> Vec<f32> {
        let mut scores = self.context(product);
        let least = nearest.last().map_or(0.0, |(_, similarity)| *similarity);
        scores.iter_mut().for_each(|score| *score += least);
        for &(at, similarity) in nearest {
            if let Some(score) = scores.get_mut(at as usize) {
                *score += similarity - least;
            }
        }
        scores
    }
}

/// Mean of rows of `dimensions` coordinates; zero if there are none.
pub fn mean_of(rows: &[f32], dimensions: usize) -> Vec<f32> {
    let mut mean = vec![0.0; dimensions];
    let count = rows.len() / dimensions.max(1);
    for row in rows.chunks_exact(dimensions) {
        add_scaled(&mut mean, row, 1.0 / count as f32);
    }
    mean
}

/// Unit rows of the inner categories: the means of the candidates below them.
fn inner_rows(candidates: &Candidates, rows: &[f32], dimensions: usize) -> Vec<f32> {
    let mut inner = vec![0.0; candidates.inner().len() * dimensions];
    for (at, row) in rows.chunks_exact(dimensions).enumerate() {
        for &place in candidates.above(at) {
            let sum = &mut inner[place as usize * dimensions..][..dimensions];
            add_scaled(sum, row, 1.0);
        }
    }
    inner.chunks_exact_mut(dimensions).for_each(normalize);
    inner
}

/// Logarithms of the shares that the scores of all candidates come to.
pub fn log_shares(scores: &[f32]) -> Vec<f32> {
    log_softmax(scores, EVIDENCE_SCALE)
}

/// Logarithms of a softmax of `scale × score`.
pub(crate) fn log_softmax(scores: &[f32], scale: f32) -> Vec<f32> {
    let best = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = scores
        .iter()
        .map(|score| (scale * (score - best)).exp())
        .sum();
    let log_sum = sum.ln();
    let logarithm = |score: &f32| scale * (score - best) - log_sum;
    scores.iter().map(logarithm).collect()
}

/// Turns scores into probabilities: a softmax of `scale × score`.
pub(crate) fn softmax(scores: &mut [f32], scale: f32) {
    let best = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (scale * (*score - best)).exp();
        sum += *score;
    }
    for score in scores {
        *score /= sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::taxonomy::Taxonomy;

    fn leaves(paths: &[&str]) -> Arc<Candidates> {
        let taxonomy = Taxonomy::from_paths(paths).unwrap();
        Arc::new(Candidates::leaves(&taxonomy))
    }

    fn best(scores: &[f32]) -> usize {
        (0..scores.len())
            .max_by(|&a, &b| scores[a].total_cmp(&scores[b]))
            .unwrap()
    }

    #[test]
    fn the_nearest_prototype_wins() {
        let leaves = leaves(&["a", "b"]);
        let rows = [1.0, 0.0, 0.0, 1.0];
        let prototypes = Prototypes::new(leaves, &rows, 2, None);
        assert_eq!(best(&prototypes.scores(&[0.8, 0.6])), 0);
        assert_eq!(best(&prototypes.scores(&[0.6, 0.8])), 1);
    }

    #[test]
    fn centering_takes_out_what_all_products_share() {
        let leaves = leaves(&["a", "b"]);
        // Both categories and all products share the first coordinate; the
        // second tells them apart, but raw similarity favours `a`.
        let mut rows = vec![1.0, 0.1, 0.8, -0.3];
        rows.chunks_exact_mut(2).for_each(normalize);
        let mut product = [1.0, -0.05];
        normalize(&mut product);
        let raw = Prototypes::new(Arc::clone(&leaves), &rows, 2, None);
        assert_eq!(best(&raw.scores(&product)), 0);
        let centered = Prototypes::new(leaves, &rows, 2, Some(vec![0.99, 0.0]));
        assert_eq!(best(&centered.scores(&product)), 1);
    }

    #[test]
    fn scores_among_all_are_all_scores() {
        let leaves = leaves(&["x > a", "x > b", "y > c"]);
        let rows = [1.0, 0.0, 0.0, 0.8, 0.6, 0.0, 0.0, 0.6, 0.8];
        let prototypes = Prototypes::new(leaves, &rows, 3, None);
        let product = [0.6, 0.8, 0.0];
        let centered = prototypes.center(&product);
        let mut nearest: Vec<(u32, f32)> = (0..3)
            .map(|at| (at, dot(prototypes.leaf(at as usize), &centered)))
            .collect();
        nearest.sort_by(|a, b| b.1.total_cmp(&a.1));
        let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6);
        let all = prototypes.scores(&product);
        assert!(close(&prototypes.scores_among(&product, &nearest), &all));
        // The best stays the best when the others are not known.
        let few = prototypes.scores_among(&product, &nearest[..1]);
        assert_eq!(best(&few), best(&all));
    }

    #[test]
    fn many_products_get_what_each_alone_would_get() {
        let leaves = leaves(&["x > a", "x > b", "y > c"]);
        let rows = [1.0, 0.0, 0.0, 0.8, 0.6, 0.0, 0.0, 0.6, 0.8];
        let mean = vec![0.1, 0.2, 0.3];
        let prototypes = Prototypes::new(leaves, &rows, 3, Some(mean));
        let products = [0.6, 0.8, 0.0, 0.0, 1.0, 0.0];
        let together = prototypes.scores_of_all(&products);
        assert_eq!(together.len(), 2);
        for (product, scores) in products.chunks_exact(3).zip(together) {
            let alone = prototypes.scores(product);
            let near = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-6;
            assert!(scores.iter().zip(&alone).all(near));
        }
    }

    #[test]
    fn ancestors_help_their_leaves() {
        let leaves = leaves(&["x > a", "x > b", "y > c"]);
        let rows = [1.0, 0.0, 0.0, 0.8, 0.6, 0.0, 0.0, 0.6, 0.8];
        let prototypes = Prototypes::new(leaves, &rows, 3, None);
        let context = prototypes.context(&[1.0, 0.0, 0.0]);
        assert!((context[0] - context[1]).abs() < 1e-6 && context[0] > context[2]);
    }

    #[test]
    fn softmax_sums_to_one_and_keeps_the_order() {
        let mut scores = [0.1, 0.9, 0.5];
        softmax(&mut scores, SCALE);
        assert!((scores.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!(scores[1] > scores[2] && scores[2] > scores[0]);
    }
}
