//! Vectors of what the taxonomy says of its categories.

use assort_core::compose::category_texts;
use assort_core::{Candidates, Embedder, Role, Taxonomy, TextKind, mean_of, text_hash, vector};

use crate::embedding::{Item, embed_all};
use crate::observer::{Observer, Progress};
use crate::snapshot::Changes;
use crate::state::State;
use crate::store::{Reader, SpaceRecord};
use crate::{Error, Result};

/// Category texts that are stored in one transaction.
const TEXTS_PER_COMMIT: usize = 2048;

/// Unit rows of all candidates: means of the vectors of their texts. Texts that
/// have no vector yet are embedded, and kept where that may be.
pub(super) fn candidate_rows(
    state: &State,
    reader: &Reader<'_>,
    taxonomy: &Taxonomy,
    candidates: &Candidates,
    embedder: Option<&dyn Embedder>,
    observer: &mut dyn Observer,
) -> Result<Vec<f32>> {
    let space = reader.space()?;
    let dimensions = space.dimensions as usize;
    let texts: Vec<Vec<(TextKind, String)>> = candidates
        .categories()
        .iter()
        .map(|&category| category_texts(taxonomy, category))
        .collect();
    let all: Vec<&str> = texts
        .iter()
        .flatten()
        .map(|(_, text)| text.as_str())
        .collect();
    let vectors = text_vectors(state, reader, &space, &all, embedder, observer)?;
    let mut rows = Vec::with_capacity(texts.len() * dimensions);
    let mut vectors = vectors.into_iter();
    for texts in &texts {
        let own: Vec<f32> = vectors.by_ref().take(texts.len()).flatten().collect();
        let mut row = mean_of(&own, dimensions);
        vector::normalize(&mut row);
        rows.extend(row);
    }
    Ok(rows)
}

/// The vectors of category texts, in their order.
fn text_vectors(
    state: &State,
    reader: &Reader<'_>,
    space: &SpaceRecord,
    texts: &[&str],
    embedder: Option<&dyn Embedder>,
    observer: &mut dyn Observer,
) -> Result<Vec<Vec<f32>>> {
    let hashes: Vec<u128> = texts.iter().map(|text| text_hash(text)).collect();
    let mut vectors = reader.text_vectors(space, &hashes)?;
    let missing: Vec<usize> = (0..vectors.len())
        .filter(|&at| vectors[at].is_none())
        .collect();
    let total = missing.len() as u64;
    if total > 0 {
        observer.progress(Progress::CategoryTexts { done: 0, total });
    }
    let mut done = 0;
    for chunk in missing.chunks(TEXTS_PER_COMMIT) {
        let embedder = embedder.ok_or(Error::NoEmbedder)?;
        let (catalog, given) = (space.space(), embedder.space());
        if catalog != *given {
            let given = given.clone();
            return Err(Error::SpaceMismatch { catalog, given });
        }
        let own = chunk.iter().map(|&at| Item::of_text(texts[at]));
        let made = embed_all(embedder, Role::Query, own, |count| {
            let done = done + count as u64;
            observer.progress(Progress::CategoryTexts { done, total });
            !observer.stop()
        })?;
        for &at in chunk {
            vectors[at] = made.get(&hashes[at]).cloned();
        }
        if state.store.is_writer() {
            let made: Vec<(u128, Vec<f32>)> = made.into_iter().collect();
            state.commit(|writer| {
                writer.put_texts(space, &made)?;
                Ok(Changes::default())
            })?;
        }
        done += chunk.len() as u64;
        if observer.stop() {
            return Err(Error::Interrupted);
        }
    }
    // One is missing where it was stopped within a batch, even if `observer` has
    // forgotten that.
    let all: Option<Vec<Vec<f32>>> = vectors.into_iter().collect();
    all.ok_or(Error::Interrupted)
}
