//! The small English model that may be compiled in.

use assort_core::{EmbedError, Embedder, Input, Role, Space, TextInput, composed_texts};
use pocket_encoder::Encoder;
use rayon::prelude::*;

use crate::text::{normalize, readable};
use crate::{Error, Listed, Options, Spec, space};

/// A small English sentence model whose weights are compiled in.
pub(crate) struct BundledEnglish {
    encoder: Encoder,
    workers: rayon::ThreadPool,
    space: Space,
}

impl BundledEnglish {
    pub(crate) fn open(options: &Options) -> Result<Self, Error> {
        if options.pooling.is_some() || options.max_length.is_some() {
            return Err(Error::Fixed {
                how: "the embedder bundled-english always reads 128 tokens and pools by their mean",
            });
        }
        let encoder = Encoder::new().map_err(|e| Error::BundledEnglish {
            cause: e.to_string(),
        })?;
        Ok(Self {
            encoder,
            workers: options.workers()?,
            space: english_space(),
        })
    }

    fn one(&self, text: &str, row: &mut [f32]) -> Result<(), EmbedError> {
        // One text a call: the model has no batches inside, and its limits on
        // the size of a call are then never met.
        let vectors = self.encoder.embed(&[readable(text)]).map_err(|e| {
            EmbedError::new(format!("the model bundled-english failed on a text: {e}"))
        })?;
        match vectors.first() {
            Some(vector) if vector.len() == row.len() => row.copy_from_slice(vector),
            _ => {
                return Err(EmbedError::new(
                    "the model bundled-english gave a vector of another length; please report this",
                ));
            }
        }
        normalize(row)
    }
}

impl Embedder for BundledEnglish {
    fn space(&self) -> &Space {
        &self.space
    }

    fn embed(&self, inputs: &[Input<'_>], _: Role) -> Result<Vec<f32>, EmbedError> {
        let texts = composed_texts(inputs, &self.space)?;
        let dimensions = self.space.dimensions;
        let mut rows = vec![0.0; texts.len() * dimensions];
        self.workers.install(|| {
            rows.par_chunks_exact_mut(dimensions)
                .zip(&texts)
                .try_for_each(|(row, text)| self.one(text, row))
        })?;
        Ok(rows)
    }

    /// The share of letters that are Latin ones.
    fn known_share(&self, text: TextInput<'_>) -> Option<f32> {
        let composed = text.composed();
        let letters = || composed.chars().filter(|c| c.is_alphabetic());
        let known = letters().filter(|c| matches!(c, '\0'..='\u{24f}'));
        Some(known.count() as f32 / letters().count().max(1) as f32)
    }
}

/// How it is listed.
pub(crate) fn listed() -> Listed {
    Listed {
        spec: Spec::BundledEnglish.to_string(),
        dimensions: pocket_encoder::model_info().dimensions,
        description: "Small English model inside the program, paraphrase-MiniLM-L3-v2".to_owned(),
        cached: true,
    }
}

/// The space of the model, which had the name `bundled`.
fn english_space() -> Space {
    let info = pocket_encoder::model_info();
    space::space(
        "bundled",
        info.dimensions,
        &[
            info.id.as_bytes(),
            info.revision.as_bytes(),
            info.tokenizer_sha256.as_bytes(),
            info.pooling.as_bytes(),
            &(info.max_tokens as u64).to_le_bytes(),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn catalogs_of_the_model_are_recognised_without_it() {
        assert!(space::is_bundled_english(&english_space()));
    }
}
