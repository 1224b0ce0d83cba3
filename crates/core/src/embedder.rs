//! What turns text into vectors, and the identity of those vectors.

use std::fmt;

/// The version of the rules by which a product or category becomes the text
/// that is embedded (see [`crate::compose`]). Part of every [`Space`], because
/// vectors of differently composed texts must not be compared.
pub const COMPOSITION: u32 = 1;

/// Identity of a set of vectors: two vectors may be compared only if their
/// spaces are equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Space {
    /// Human-readable name of the model, for example `bundled` or `use-multilingual`.
    pub model: String,
    /// Hexadecimal digest of everything that decides a vector: weights,
    /// tokenizer, pooling, length limit and [`COMPOSITION`].
    pub fingerprint: String,
    /// Number of `f32` coordinates in a vector.
    pub dimensions: usize,
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = self.fingerprint.get(..12).unwrap_or(&self.fingerprint);
        write!(f, "{} ({} d, {short})", self.model, self.dimensions)
    }
}

/// Why an [`Embedder`] could not embed: one sentence, with the mend.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct EmbedError {
    message: String,
}

impl EmbedError {
    /// An error whose `message` is one sentence for the user.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}

/// Turns texts into unit vectors of one [`Space`].
///
/// The vector of a text does not depend on the texts beside it: a batch gives
/// what each text gives alone, up to the rounding of `f32` sums.
pub trait Embedder: Send + Sync {
    /// The space of every vector this embedder returns.
    fn space(&self) -> &Space;

    /// Embeds `texts` in their order.
    ///
    /// Returns `texts.len() × dimensions` coordinates, row by row, every row of
    /// unit length. An empty text has a vector too.
    ///
    /// # Errors
    /// [`EmbedError`] if the model could not be run.
    fn embed(&self, texts: &[&str]) -> Result<Vec<f32>, EmbedError>;

    /// Embeds texts that are compared with products, rather than products:
    /// queries of a search and texts of categories. The same as
    /// [`Self::embed`] unless the embedder has a better way for them.
    ///
    /// # Errors
    /// As [`Self::embed`].
    fn embed_queries(&self, texts: &[&str]) -> Result<Vec<f32>, EmbedError> {
        self.embed(texts)
    }

    /// How well the embedder knows a text, 1 for a usual one and 0 for one of
    /// which it knows nothing; none for an embedder that knows all alike. What
    /// it hardly knows is embedded badly.
    fn familiarity(&self, text: &str) -> Option<f32> {
        let _ = text;
        None
    }

    /// Whether the embedder may have been taught how the text with this digest
    /// (see [`crate::text_hash`]) is filed. How well such a text is filed says
    /// nothing of others.
    fn was_taught(&self, text: u128) -> bool {
        let _ = text;
        false
    }

    /// How many texts a caller should pass at once for full speed, and at most
    /// for a quick answer to an interruption.
    fn batch(&self) -> usize {
        256
    }
}
