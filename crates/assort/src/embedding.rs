//! Asking the embedder, and checking what it answers.

use std::collections::HashMap;

use assort_core::{EmbedError, Embedder, text_hash};

use crate::{Error, Result};

/// How far from 1 the length of a vector may be.
const TOLERANCE: f32 = 1e-2;

/// What texts are: an embedder may have two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Texts of products.
    Document,
    /// Texts that are compared with products: queries, and texts of categories.
    Query,
}

/// Embeds texts and checks that what comes back is finite unit vectors of the
/// embedder's space, row by row.
pub(crate) fn embed(embedder: &dyn Embedder, role: Role, texts: &[&str]) -> Result<Vec<f32>> {
    let vectors = match role {
        Role::Document => embedder.embed(texts)?,
        Role::Query => embedder.embed_queries(texts)?,
    };
    check(&vectors, texts.len(), embedder.space().dimensions).map_err(|what| {
        Error::Embed(EmbedError::new(format!(
            "the embedder {} {what}",
            embedder.space()
        )))
    })?;
    Ok(vectors)
}

/// Whether a vector of this squared length counts as a unit vector; one that is
/// not finite does not.
pub(crate) fn is_unit(square: f32) -> bool {
    (square - 1.0).abs() <= TOLERANCE
}

/// Checks `count` rows of `dimensions` coordinates.
pub(crate) fn check(
    vectors: &[f32],
    count: usize,
    dimensions: usize,
) -> std::result::Result<(), String> {
    if vectors.len() != count * dimensions {
        return Err(format!(
            "gave {} coordinates where {count} vectors of {dimensions} are needed",
            vectors.len()
        ));
    }
    for (at, row) in vectors.chunks_exact(dimensions.max(1)).enumerate() {
        let square: f32 = row.iter().map(|value| value * value).sum();
        if !square.is_finite() {
            return Err(format!(
                "gave a vector (number {}) that is not finite",
                at + 1
            ));
        }
        if !is_unit(square) {
            return Err(format!(
                "gave a vector (number {}) of length {} instead of 1",
                at + 1,
                square.sqrt()
            ));
        }
    }
    Ok(())
}

/// Embeds texts in calls of the embedder's batch size, equal texts once and
/// longest first, so that batches are of like length and the memory needed is
/// seen at once. After each call `go_on` is told how many texts are done and
/// may stop. Returns the vectors that were made, by digests of their texts.
pub(crate) fn embed_all<'t>(
    embedder: &dyn Embedder,
    role: Role,
    texts: impl IntoIterator<Item = &'t str>,
    mut go_on: impl FnMut(usize) -> bool,
) -> Result<HashMap<u128, Vec<f32>>> {
    let mut distinct: HashMap<u128, &str> = HashMap::new();
    for text in texts {
        distinct.insert(text_hash(text), text);
    }
    let mut order: Vec<(u128, &str)> = distinct.into_iter().collect();
    order.sort_unstable_by_key(|(hash, text)| (std::cmp::Reverse(text.len()), *hash));
    let dimensions = embedder.space().dimensions;
    let mut made = HashMap::with_capacity(order.len());
    for batch in order.chunks(embedder.batch().max(1)) {
        let texts: Vec<&str> = batch.iter().map(|(_, text)| *text).collect();
        let vectors = embed(embedder, role, &texts)?;
        let rows = vectors.chunks_exact(dimensions).map(<[f32]>::to_vec);
        made.extend(batch.iter().map(|(hash, _)| *hash).zip(rows));
        if !go_on(made.len()) {
            break;
        }
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_that_cannot_be_compared_are_refused() {
        assert!(check(&[1.0, 0.0], 1, 2).is_ok());
        assert!(
            check(&[f32::NAN, 0.0], 1, 2)
                .unwrap_err()
                .contains("not finite")
        );
        assert!(
            check(&[1.0, 0.0, 0.0], 1, 2)
                .unwrap_err()
                .contains("3 coordinates")
        );
        assert!(check(&[2.0, 0.0], 1, 2).unwrap_err().contains("length 2"));
    }
}
