//! An embedder of pictures that is opened once there is a picture.

use std::sync::{Arc, OnceLock};

use assort_core::{EmbedError, Embedder, Input, Modality, Role, Space};

use super::StoredSpec;
use crate::{Error, Options};

/// A model that is opened when it is first asked to embed, and is to be of `space`.
pub(super) struct Later {
    stored: StoredSpec,
    options: Options,
    space: Space,
    opened: OnceLock<Result<Arc<dyn Embedder>, String>>,
}

impl Later {
    pub(super) fn new(stored: StoredSpec, space: Space, options: Options) -> Self {
        Self {
            stored,
            options,
            space,
            opened: OnceLock::new(),
        }
    }

    fn open(&self) -> Result<Arc<dyn Embedder>, String> {
        let told = |error: Error| format!("the model of pictures cannot be opened: {error}");
        let embedder = self.stored.open_model(&self.options).map_err(told)?;
        match embedder.space() == &self.space {
            true => Ok(embedder),
            false => Err(format!(
                "{} has changed since the pictures were embedded: it is {}, and was {}",
                self.stored.spec,
                embedder.space(),
                self.space
            )),
        }
    }
}

impl Embedder for Later {
    fn space(&self) -> &Space {
        &self.space
    }

    fn embed(&self, inputs: &[Input<'_>], role: Role) -> Result<Vec<f32>, EmbedError> {
        match self.opened.get_or_init(|| self.open()) {
            Ok(embedder) => embedder.embed(inputs, role),
            Err(told) => Err(EmbedError::new(told)),
        }
    }

    fn reads(&self, modality: Modality) -> bool {
        modality == Modality::Image
    }

    fn batch(&self) -> usize {
        match self.opened.get() {
            Some(Ok(embedder)) => embedder.batch(),
            _ => 1,
        }
    }
}
