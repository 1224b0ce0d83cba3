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

    fn scores(&self, query: &[f32]) -> Result<Vec<f32>> {
        match &self.index {
            Some(index) => index.scores(&self.prototypes, query),
            None => Ok(self.prototypes.scores(query)),
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
        let neighbors: Vec<Vec<Neighbor>> = if asks_neighbors {
            voters(snapshot, &self.plain.prototypes, queries, without, effort)?
        } else {
            vec![Vec::new(); without.len()]
        };
        queries
            .par_chunks_exact(snapshot.dimensions())
            .zip(neighbors)
            .map(|(query, neighbors)| {
                let evidence = self.evidence(asked.method, query, neighbors)?;
                let decision = self.ensemble.decide(
                    asked.method,
                    &self.candidates,
                    &evidence,
                    asked.top,
                    asked.min_confidence,
                );
                Ok((decision, evidence.into_neighbors()))
            })
            .collect()
    }

    /// What the sources that a method asks say of a product.
    fn evidence(
        &self,
        method: Method,
        query: &[f32],
        neighbors: Vec<Neighbor>,
    ) -> Result<Evidence> {
        let evidence = Evidence::default().with_neighbors(neighbors);
        let prototypes = match (method, &self.by_labels) {
            (Method::Neighbors, _) => return Ok(evidence),
            (Method::Auto, Some(by_labels)) => by_labels,
            _ => &self.plain,
        };
        let scores = prototypes.scores(query)?;
        Ok(evidence.with(Source::Prototypes, beliefs(scores)))
    }
}
