//! What the teacher says of a sample: from the catalog's own vectors, from what
//! it said before, or asked now and kept.

use std::cmp::Reverse;
use std::collections::HashMap;

use assort_core::{Embedder, Role};

use super::{Text, Vectors};
use crate::catalog::Catalog;
use crate::embedding::{Item, embed_all};
use crate::observer::{Observer, Progress};
use crate::snapshot::Changes;
use crate::store::SpaceRecord;
use crate::{Error, Result};

/// Texts that the teacher embeds between two commits.
const GROUP: usize = 2048;

impl Catalog {
    /// The teacher's vectors of all texts, and how many of them it was asked
    /// for now.
    pub(super) fn taught(
        &self,
        products: &[Text],
        categories: &[String],
        teacher: &dyn Embedder,
        observer: &mut dyn Observer,
    ) -> Result<(Vectors, u64)> {
        let mut vectors = self.own_vectors(products, teacher)?;
        let space = SpaceRecord::new(0, teacher.space(), "");
        let products = products.iter().map(|text| (text.item(), Role::Document));
        let categories = categories.iter();
        let categories = categories.map(|text| (Item::of_text(text), Role::Query));
        let mut missing: HashMap<u128, (Item<'_>, Role)> = products
            .chain(categories)
            .filter(|(item, _)| !vectors.contains_key(&item.hash))
            .map(|(item, role)| (item.hash, (item, role)))
            .collect();
        let hashes: Vec<u128> = missing.keys().copied().collect();
        let kept = self.state.store.read()?.taught_vectors(&space, &hashes)?;
        for (hash, vector) in hashes.into_iter().zip(kept) {
            if let Some(vector) = vector {
                missing.remove(&hash);
                vectors.insert(hash, vector);
            }
        }
        let total = missing.len() as u64;
        let mut done = 0;
        // The longest first, so that batches are of like length.
        let mut order: Vec<(Item<'_>, Role)> = missing.into_values().collect();
        order.sort_unstable_by_key(|(item, _)| (Reverse(item.length), item.hash));
        for group in order.chunks(GROUP) {
            for role in [Role::Document, Role::Query] {
                let own = group.iter().filter(|(_, of)| *of == role);
                let made = embed_all(teacher, role, own.map(|(item, _)| *item), |count| {
                    let done = done + count as u64;
                    observer.progress(Progress::Teaching { done, total });
                    !observer.stop()
                })?;
                done += made.len() as u64;
                let made: Vec<(u128, Vec<f32>)> = made.into_iter().collect();
                self.commit(|writer| {
                    writer.put_taught(&space, &made)?;
                    Ok(Changes::default())
                })?;
                vectors.extend(made);
            }
            if observer.stop() {
                return Err(Error::Interrupted);
            }
        }
        Ok((vectors, total))
    }

    /// The vectors that the catalog has of these texts, if it is in the
    /// teacher's space.
    fn own_vectors(&self, products: &[Text], teacher: &dyn Embedder) -> Result<Vectors> {
        let (reader, snapshot) = self.state.view()?;
        let space = reader.space()?;
        let mut vectors = HashMap::new();
        if space.space() != *teacher.space() {
            return Ok(vectors);
        }
        for text in products {
            let Some(row) = text.row else { continue };
            if reader.text_hash(&space, row)? == Some(text.hash)
                && let Some(vector) = snapshot.vector(row)?
            {
                vectors.insert(text.hash, vector);
            }
        }
        Ok(vectors)
    }
}
