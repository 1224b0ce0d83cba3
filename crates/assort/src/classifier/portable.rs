//! What was learned, apart from the store that it was learned from.

use std::sync::Arc;

use assort_core::{Candidates, Prototypes, Taxonomy};
use assort_head::Head;

use super::classify::Classifier;
use super::heads::KnownHead;
use super::learned::Learned;
use super::model_file::{self, DIGEST};
use crate::store::Epoch;
use crate::{Error, Result};

/// What a classifier is made of, but for its taxonomy.
pub(crate) struct PortableModel {
    learned: Learned,
    /// Unit rows of the texts of all candidates.
    rows: Vec<f32>,
}

impl PortableModel {
    /// Of what was learned: without pictures, which nobody can have who files by it.
    pub(super) fn new(learned: Learned, rows: Vec<f32>) -> Self {
        let learned = Learned {
            pictures: None,
            ..learned
        };
        Self { learned, rows }
    }

    /// Of bytes that [`Self::bytes`] gave. `head` opens the head of a digest.
    pub(crate) fn read(
        bytes: &[u8],
        rows: Vec<f32>,
        head: &dyn Fn(u128) -> Option<Head>,
    ) -> Option<Self> {
        let digest = u128::from_le_bytes(*bytes.last_chunk::<DIGEST>()?);
        let open = |digest| Some(KnownHead(Arc::new(head(digest)?)));
        let learned = model_file::decode(bytes, digest, &open)?;
        Some(Self::new(learned, rows))
    }

    /// What was learned, as bytes that name its heads.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        model_file::encode(&self.learned).0
    }

    /// The heads, each once.
    pub(crate) fn heads(&self) -> Vec<Arc<Head>> {
        let all = self.learned.self_trained.iter().chain(&self.learned.heads);
        let mut heads: Vec<Arc<Head>> = all.map(|head| Arc::clone(&head.0)).collect();
        heads.sort_unstable_by_key(|head| head.digest());
        heads.dedup_by_key(|head| head.digest());
        heads
    }

    /// Unit rows of the texts of all candidates.
    pub(crate) fn rows(&self) -> &[f32] {
        &self.rows
    }

    /// What its positions of categories and its vectors depend on.
    pub(crate) fn epoch(&self) -> &Epoch {
        &self.learned.epoch
    }

    /// The classifier over a taxonomy and vectors of so many coordinates.
    ///
    /// # Errors
    /// [`Error::Argument`] if what was learned is not of them.
    pub(crate) fn classifier(
        self,
        taxonomy: Arc<Taxonomy>,
        dimensions: usize,
    ) -> Result<Classifier> {
        let candidates = Arc::new(Candidates::leaves(&taxonomy));
        let of_them = self.rows.len() == candidates.len() * dimensions
            && dimensions > 0
            && self.rows.iter().all(|value| value.is_finite())
            && self.learned.is_of(candidates.len(), dimensions);
        if !of_them {
            let what = "what was learned is of other categories or vectors";
            return Err(Error::argument(what));
        }
        let mean = self.learned.mean.clone();
        let start = Prototypes::new(candidates, &self.rows, dimensions, mean);
        let epoch = self.learned.epoch.clone();
        let classifier = Classifier::new(epoch, None, taxonomy, start, &self.learned)?;
        Ok(classifier.repeatable())
    }
}
