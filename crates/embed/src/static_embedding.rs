//! Static embeddings as embedders.

use std::path::Path;
use std::sync::OnceLock;

use assort_core::{EmbedError, Embedder, Input, Role, Space, TextInput};
use assort_static::StaticEmbedding;
use rayon::ThreadPool;

use crate::text::beginning;
use crate::{Error, Options, space};

/// Inputs a caller should pass at once: they take some 20 ms.
const BATCH: usize = 16_384;

/// So few texts are embedded before another thread is awake.
const FEW: usize = 64;

/// A static embedding as an [`Embedder`], on threads of its own where their number was asked
/// for and texts are many.
pub(crate) struct Static {
    embedding: StaticEmbedding,
    options: Options,
    workers: OnceLock<Result<ThreadPool, String>>,
    space: Space,
}

impl Static {
    /// Opens a file.
    pub(crate) fn open(file: &Path, options: &Options) -> Result<Self, Error> {
        Self::new(StaticEmbedding::open(file)?, options)
    }

    pub(crate) fn new(embedding: StaticEmbedding, options: &Options) -> Result<Self, Error> {
        if options.pooling.is_some() || options.max_length.is_some() {
            return Err(Error::Fixed {
                how: "a static embedding sums all pieces of a text",
            });
        }
        let name = match embedding.card().name.as_str() {
            "" => "static",
            name => name,
        };
        let digest = embedding.digest().to_le_bytes();
        Ok(Self {
            space: space::space(
                name,
                embedding.dimensions(),
                &[b"static, title and further", &digest],
            ),
            options: options.clone(),
            workers: OnceLock::new(),
            embedding,
        })
    }

    /// The threads, which are started when they are first needed.
    fn workers(&self) -> Result<&ThreadPool, EmbedError> {
        let start = || self.options.workers().map_err(|error| error.to_string());
        let workers = self.workers.get_or_init(start);
        workers.as_ref().map_err(EmbedError::new)
    }
}

impl Embedder for Static {
    fn space(&self) -> &Space {
        &self.space
    }

    fn embed(&self, inputs: &[Input<'_>], _: Role) -> Result<Vec<f32>, EmbedError> {
        let fields = inputs.iter().map(|input| {
            let text = input.text();
            let text =
                text.ok_or_else(|| EmbedError::cannot_read(&self.space, input.modality()))?;
            Ok([beginning(text.title()), beginning(text.further())])
        });
        let texts = fields.collect::<Result<Vec<_>, EmbedError>>()?;
        if texts.len() <= FEW {
            return Ok(self.embedding.embed_here(&texts));
        }
        match self.options.threads {
            // The caller's threads: those that were asked for nowhere need not be others.
            None => Ok(self.embedding.embed_fields(&texts)),
            Some(_) => {
                let workers = self.workers()?;
                Ok(workers.install(|| self.embedding.embed_fields(&texts)))
            }
        }
    }

    fn known_share(&self, text: TextInput<'_>) -> Option<f32> {
        Some(self.embedding.known_share(beginning(&text.composed())))
    }

    fn known_shares(&self, texts: &[TextInput<'_>]) -> Vec<Option<f32>> {
        let composed: Vec<_> = texts.iter().map(TextInput::composed).collect();
        let beginnings = composed.iter().map(|text| beginning(text));
        let shares = self.embedding.known_shares(beginnings);
        shares.into_iter().map(Some).collect()
    }

    fn batch(&self) -> usize {
        BATCH
    }
}
