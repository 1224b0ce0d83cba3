//! Why a decision was made: the evidence it was made by, for people to read.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use assort_core::compose::category_texts;
use assort_core::{
    CategoryIndex, Neighbor, NeighborEvidence, Reasons, Taxonomy, TextEvidence, text_hash, vector,
};

use super::classify::Decided;
use crate::Result;
use crate::store::{Reader, SpaceRecord};

/// Texts of a decision's reasons, most similar first.
const TEXTS_SHOWN: usize = 3;

/// Gives each decision its reasons: the texts of its best category, and the
/// labelled products that voted.
pub(crate) fn explain(
    reader: &Reader<'_>,
    taxonomy: &Taxonomy,
    queries: &[f32],
    decided: Vec<Decided>,
) -> Result<Vec<Decided>> {
    let space = reader.space()?;
    let mut known: HashMap<CategoryIndex, Vec<(TextEvidence, Vec<f32>)>> = HashMap::new();
    let rows = queries.chunks_exact(space.dimensions as usize);
    decided
        .into_iter()
        .zip(rows)
        .map(|(decided, query)| {
            let mut decided = decided;
            let decision = &mut decided.decision;
            let mut reasons = Reasons {
                neighbors: resolved(reader, &decided.neighbors)?,
                words: std::mem::take(&mut decided.words),
                sources: std::mem::take(&mut decided.sources),
                ..Reasons::default()
            };
            if let Some(best) = decision.alternatives.first() {
                let texts = match known.entry(best.category) {
                    Entry::Occupied(entry) => entry.into_mut(),
                    Entry::Vacant(entry) => {
                        entry.insert(texts_of(reader, &space, taxonomy, best.category)?)
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
fn resolved(reader: &Reader<'_>, neighbors: &[Neighbor]) -> Result<Vec<NeighborEvidence>> {
    let mut resolved = Vec::with_capacity(neighbors.len());
    for neighbor in neighbors {
        let named = reader.with_product(neighbor.row, |product| {
            (
                product.id.as_str().to_owned(),
                product.title.as_str().to_owned(),
            )
        })?;
        if let Some((id, title)) = named {
            resolved.push(NeighborEvidence {
                id,
                title,
                category: neighbor.category,
                similarity: neighbor.similarity,
            });
        }
    }
    Ok(resolved)
}

/// The texts of a category with their vectors.
fn texts_of(
    reader: &Reader<'_>,
    space: &SpaceRecord,
    taxonomy: &Taxonomy,
    category: CategoryIndex,
) -> Result<Vec<(TextEvidence, Vec<f32>)>> {
    let texts = category_texts(taxonomy, category);
    let hashes: Vec<u128> = texts.iter().map(|(_, text)| text_hash(text)).collect();
    let vectors = reader.text_vectors(space, &hashes)?;
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
