//! Static embeddings in files.

use std::path::Path;

use assort_core::{EmbedError, Embedder, Input, Role, Space, composed_texts};
use assort_static::StaticEmbedding;

use crate::text::readable;
use crate::{Error, Options, space};

/// Inputs a caller should pass at once.
const BATCH: usize = 4096;

/// A static embedding as an [`Embedder`], on threads of its own.
pub(crate) struct Static {
    embedding: StaticEmbedding,
    workers: rayon::ThreadPool,
    space: Space,
}

impl Static {
    pub(crate) fn open(file: &Path, options: &Options) -> Result<Self, Error> {
        if options.pooling.is_some() || options.max_length.is_some() {
            return Err(Error::Fixed {
                how: "a static embedding sums all pieces of a text",
            });
        }
        let embedding = StaticEmbedding::open(file)?;
        let name = match embedding.card().name.as_str() {
            "" => "static",
            name => name,
        };
        let digest = embedding.digest().to_le_bytes();
        Ok(Self {
            space: space::space(name, embedding.dimensions(), &[b"static", &digest]),
            workers: options.workers()?,
            embedding,
        })
    }
}

impl Embedder for Static {
    fn space(&self) -> &Space {
        &self.space
    }

    fn embed(&self, inputs: &[Input<'_>], _: Role) -> Result<Vec<f32>, EmbedError> {
        let composed = composed_texts(inputs, &self.space)?;
        let texts: Vec<&str> = composed.iter().map(|text| readable(text)).collect();
        Ok(self.workers.install(|| self.embedding.embed(&texts)))
    }

    fn batch(&self) -> usize {
        BATCH
    }
}
