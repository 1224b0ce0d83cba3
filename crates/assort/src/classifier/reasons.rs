//! Why a decision was made: the evidence it was made by, for people to read.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use assort_core::compose::category_texts;
use assort_core::{
    CategoryIndex, Neighbor, NeighborEvidence, Reasons, Taxonomy, TextEvidence, text_hash, vector,
};

use super::classify::Decided;
use crate::Result;
use crate::store::{ArchivedProductRecord, Reader, SpaceRecord};

/// Texts of a decision's reasons, most similar first.
const TEXTS_SHOWN: usize = 3;

/// What reasons name that a classifier does not hold.
pub(crate) trait KnownEvidence {
    /// The product in a row; none of one that is gone.
    fn product(&self, row: u32) -> Result<Option<KnownProduct>>;

    /// The vectors of texts of categories; none of one that has no vector yet.
    fn text_vectors(&self, texts: &[&str]) -> Result<Vec<Option<Vec<f32>>>>;
}

/// What reasons tell of a labelled product.
pub(crate) struct KnownProduct {
    pub(crate) id: String,
    pub(crate) title: String,
    /// Path or URL of its picture.
    pub(crate) image: Option<String>,
}

/// What a catalog's store knows.
pub(crate) struct StoredEvidence<'a> {
    reader: &'a Reader<'a>,
    space: SpaceRecord,
}

impl<'a> StoredEvidence<'a> {
    pub(crate) fn of(reader: &'a Reader<'a>) -> Result<Self> {
        let space = reader.space()?;
        Ok(Self { reader, space })
    }
}

impl KnownEvidence for StoredEvidence<'_> {
    fn product(&self, row: u32) -> Result<Option<KnownProduct>> {
        let named = |product: &ArchivedProductRecord| {
            let image = product.image.as_deref();
            KnownProduct {
                id: product.id.as_str().to_owned(),
                title: product.title.as_str().to_owned(),
                // Bytes of a picture are nothing to read.
                image: image
                    .filter(|image| !image.starts_with("data:"))
                    .map(str::to_owned),
            }
        };
        self.reader.with_product(row, named)
    }

    fn text_vectors(&self, texts: &[&str]) -> Result<Vec<Option<Vec<f32>>>> {
        let hashes: Vec<u128> = texts.iter().map(|text| text_hash(text)).collect();
        self.reader.text_vectors(&self.space, &hashes)
    }
}

/// Gives each decision its reasons: the texts of its best category, and the
/// labelled products that voted.
pub(super) fn explain(
    evidence: &dyn KnownEvidence,
    taxonomy: &Taxonomy,
    queries: &[f32],
    dimensions: usize,
    decided: Vec<Decided>,
) -> Result<Vec<Decided>> {
    let mut known: HashMap<CategoryIndex, Vec<(TextEvidence, Vec<f32>)>> = HashMap::new();
    let rows = queries.chunks_exact(dimensions);
    decided
        .into_iter()
        .zip(rows)
        .map(|(decided, query)| {
            let mut decided = decided;
            let decision = &mut decided.decision;
            let mut reasons = Reasons {
                neighbors: resolved(evidence, &decided.neighbors)?,
                words: std::mem::take(&mut decided.words),
                sources: std::mem::take(&mut decided.sources),
                ..Reasons::default()
            };
            if let Some(best) = decision.alternatives.first() {
                let texts = match known.entry(best.category) {
                    Entry::Occupied(entry) => entry.into_mut(),
                    Entry::Vacant(entry) => {
                        entry.insert(texts_of(evidence, taxonomy, best.category)?)
                    }
                };
                reasons.texts = nearest_texts(query, texts);
            }
            decision.reasons = Some(reasons);
            Ok(decided)
        })
        .collect()
}

fn nearest_texts(query: &[f32], texts: &[(TextEvidence, Vec<f32>)]) -> Vec<TextEvidence> {
    let mut nearest: Vec<TextEvidence> = texts
        .iter()
        .map(|(evidence, own)| TextEvidence {
            similarity: vector::dot(query, own),
            ..evidence.clone()
        })
        .collect();
    nearest.sort_by(|a, b| b.similarity.total_cmp(&a.similarity));
    nearest.truncate(TEXTS_SHOWN);
    nearest
}

/// The neighbours by the products they are.
fn resolved(evidence: &dyn KnownEvidence, neighbors: &[Neighbor]) -> Result<Vec<NeighborEvidence>> {
    let mut resolved = Vec::with_capacity(neighbors.len());
    for neighbor in neighbors {
        if let Some(product) = evidence.product(neighbor.row)? {
            resolved.push(NeighborEvidence {
                id: product.id,
                title: product.title,
                category: neighbor.category,
                similarity: neighbor.similarity,
                image: product.image,
            });
        }
    }
    Ok(resolved)
}

/// The texts of a category with their vectors.
fn texts_of(
    evidence: &dyn KnownEvidence,
    taxonomy: &Taxonomy,
    category: CategoryIndex,
) -> Result<Vec<(TextEvidence, Vec<f32>)>> {
    let texts = category_texts(taxonomy, category);
    let own: Vec<&str> = texts.iter().map(|(_, text)| text.as_str()).collect();
    let vectors = evidence.text_vectors(&own)?;
    let known = texts
        .into_iter()
        .zip(vectors)
        .filter_map(|((kind, text), vector)| {
            let evidence = TextEvidence {
                kind,
                text,
                similarity: 0.0,
            };
            Some((evidence, vector?))
        });
    Ok(known.collect())
}
