//! The classifier: prototypes and weights, ready to file products.

use std::sync::Arc;

use assort_core::{
    Candidates, Decision, Ensemble, Evidence, Method, Neighbor, Prototypes, Source, Taxonomy,
    beliefs,
};
use rayon::prelude::*;

use super::learned::{FitCounts, Learned};
use super::prototype_index::PrototypeIndex;
use crate::Result;
use crate::knn::graph::Effort;
use crate::knn::labelled::voters;
use crate::snapshot::Snapshot;
use crate::store::Epoch;

/// Products that one thread files at a time.
const BLOCK: usize = 64;

/// Everything needed to file products, as it was learned from the catalog.
pub(crate) struct Classifier {
    /// The taxonomy and space it is of.
    pub(crate) epoch: Epoch,
    /// Digest of the file of what was learned that the store named when this was
    /// made; none if it named none.
    pub(crate) kept: Option<u128>,
    /// What the catalog held when it was learned from.
    pub(crate) counts: FitCounts,
    pub(crate) taxonomy: Arc<Taxonomy>,
    candidates: Arc<Candidates>,
    ensemble: Ensemble,
    /// Prototypes of the texts, fitted to the catalog without labels.
    plain: Indexed,
    /// The same moved by labels; none without labels.
    by_labels: Option<Indexed>,
}

/// Prototypes with their index, where they are so many that it is worth it.
struct Indexed {
    prototypes: Prototypes,
    index: Option<PrototypeIndex>,
}

impl Indexed {
    fn new(prototypes: Prototypes) -> Result<Self> {
        let index = PrototypeIndex::of(&prototypes)?;
        Ok(Self { prototypes, index })
    }

    /// Scores of each of `queries`.
    fn scores(&self, queries: &[f32]) -> Result<Vec<Vec<f32>>> {
        let dimensions = self.prototypes.dimensions();
        match &self.index {
            Some(index) => queries
                .chunks_exact(dimensions)
                .map(|query| index.scores(&self.prototypes, query))
                .collect(),
            None if queries.len() == dimensions => Ok(vec![self.prototypes.scores(queries)]),
            None => Ok(self.prototypes.scores_of_all(queries)),
        }
    }
}

/// What is asked of a classifier.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// Alternatives of a decision.
    pub(crate) top: usize,
    /// Decisions less sure than this abstain.
    pub(crate) min_confidence: f32,
}

impl Classifier {
    /// A classifier by what was learned. `start` are the prototypes of the texts
    /// alone, centered on the mean that was learned.
    pub(super) fn new(
        epoch: Epoch,
        kept: Option<u128>,
        taxonomy: Arc<Taxonomy>,
        start: Prototypes,
        learned: &Learned,
    ) -> Result<Self> {
        let candidates = Arc::clone(start.candidates());
        let (plain, by_labels) = learned.prototypes(start);
        Ok(Self {
            epoch,
            kept,
            counts: learned.counts,
            taxonomy,
            candidates,
            ensemble: learned.ensemble.clone(),
            plain: Indexed::new(plain)?,
            by_labels: by_labels.map(Indexed::new).transpose()?,
        })
    }

    /// Decides where the products of `queries` (unit vectors, row by row) belong,
    /// each with the labelled products that voted. `without` names a row each
    /// query must not be helped by: a product has no vote on itself.
    pub(crate) fn decide(
        &self,
        snapshot: &Snapshot,
        queries: &[f32],
        without: &[Option<u32>],
        asked: Asked,
        effort: Effort,
    ) -> Result<Vec<(Decision, Vec<Neighbor>)>> {
        let asks_neighbors = asked.method != Method::ZeroShot && snapshot.has_labels();
        let mut neighbors: Vec<Vec<Neighbor>> = if asks_neighbors {
            voters(snapshot, &self.plain.prototypes, queries, without, effort)?
        } else {
            vec![Vec::new(); without.len()]
        };
        let decided: Vec<Vec<_>> = queries
            .par_chunks(BLOCK * snapshot.dimensions())
            .zip(neighbors.par_chunks_mut(BLOCK))
            .map(|(queries, neighbors)| self.decide_block(queries, neighbors, asked))
            .collect::<Result<_>>()?;
        Ok(decided.into_iter().flatten().collect())
    }

    fn decide_block(
        &self,
        queries: &[f32],
        neighbors: &mut [Vec<Neighbor>],
        asked: Asked,
    ) -> Result<Vec<(Decision, Vec<Neighbor>)>> {
        let neighbors = neighbors.iter_mut().map(std::mem::take);
        let mut evidence: Vec<Evidence> = neighbors
            .map(|neighbors| Evidence::default().with_neighbors(neighbors))
            .collect();
        let prototypes = match (asked.method, &self.by_labels) {
            (Method::Neighbors, _) => None,
            (Method::Auto, Some(by_labels)) => Some(by_labels),
            _ => Some(&self.plain),
        };
        if let Some(prototypes) = prototypes {
            let scores = prototypes.scores(queries)?;
            let both = evidence.into_iter().zip(scores);
            evidence = both
                .map(|(evidence, scores)| evidence.with(Source::Prototypes, beliefs(scores)))
                .collect();
        }
        let decide = |evidence: Evidence| {
            let Asked {
                method,
                top,
                min_confidence,
            } = asked;
            let candidates = &self.candidates;
            let decision = self
                .ensemble
                .decide(method, candidates, &evidence, top, min_confidence);
            (decision, evidence.into_neighbors())
        };
        Ok(evidence.into_iter().map(decide).collect())
    }
}
