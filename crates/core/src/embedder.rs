//! What turns products and queries into vectors, and the identity of those
//! vectors.

use std::borrow::Cow;
use std::fmt;

use crate::compose::TextInput;
use crate::pixels::Pixels;
use crate::product::Product;

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

    /// The error of an embedder of `space` that is handed what it cannot read.
    pub fn cannot_read(space: &Space, modality: Modality) -> Self {
        Self::new(format!(
            "the embedder {space} cannot read an input of kind {modality}; use one that can"
        ))
    }
}

/// What is embedded: a product, a query or a text of a category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input<'a> {
    /// A text.
    Text(TextInput<'a>),
    /// A picture.
    Image(&'a Pixels),
}

impl<'a> Input<'a> {
    /// A text of one field, such as a query.
    pub const fn plain(text: &'a str) -> Self {
        Self::Text(TextInput::plain(text))
    }

    /// What a product is embedded by.
    pub fn of_product(product: &'a Product) -> Self {
        Self::Text(TextInput::of_product(&product.title, &product.text))
    }

    /// What an embedder must read to embed this.
    pub const fn modality(&self) -> Modality {
        match self {
            Self::Text(_) => Modality::Text,
            Self::Image(_) => Modality::Image,
        }
    }

    /// The text, if it is one.
    pub const fn text(&self) -> Option<TextInput<'a>> {
        match self {
            Self::Text(text) => Some(*text),
            Self::Image(_) => None,
        }
    }

    /// The picture, if it is one.
    pub const fn image(&self) -> Option<&'a Pixels> {
        match self {
            Self::Image(pixels) => Some(pixels),
            Self::Text(_) => None,
        }
    }
}

/// A kind of [`Input`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Modality {
    /// [`Input::Text`].
    Text,
    /// [`Input::Image`].
    Image,
}

impl fmt::Display for Modality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Image => "image",
        })
    }
}

/// What inputs are embedded for: an embedder may have two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Products.
    Document,
    /// What is compared with products: queries of a search, and texts of
    /// categories.
    Query,
}

/// The composed texts of inputs, for an embedder of `space` that reads texts
/// and nothing else.
///
/// # Errors
/// [`EmbedError`] that names what it cannot read.
pub fn composed_texts<'a>(
    inputs: &[Input<'a>],
    space: &Space,
) -> Result<Vec<Cow<'a, str>>, EmbedError> {
    let texts = inputs.iter().map(|input| {
        let text = input.text().map(|text| text.composed());
        text.ok_or_else(|| EmbedError::cannot_read(space, input.modality()))
    });
    texts.collect()
}

/// Turns inputs into unit vectors of one [`Space`].
///
/// The vector of an input does not depend on the inputs beside it: a batch
/// gives what each input gives alone, up to the rounding of `f32` sums. Inputs
/// whose [`TextInput::composed`] texts are equal may be taken for one another.
///
/// An embedder is asked from many threads at once, and may take its time: it
/// runs a model, or calls a service and waits.
///
/// # Examples
/// ```
/// use assort_core::{
///     COMPOSITION, EmbedError, Embedder, Input, Role, Space, composed_texts, vector,
/// };
///
/// /// Counts letters.
/// struct Letters(Space);
///
/// impl Letters {
///     fn new() -> Self {
///         Self(Space {
///             model: "letters".into(),
///             // Whatever decides the vectors belongs in here.
///             fingerprint: format!("letters-1-{COMPOSITION}"),
///             dimensions: 26,
///         })
///     }
/// }
///
/// impl Embedder for Letters {
///     fn space(&self) -> &Space {
///         &self.0
///     }
///
///     // Queries are embedded as products are: the role makes no difference.
///     fn embed(&self, inputs: &[Input<'_>], _: Role) -> Result<Vec<f32>, EmbedError> {
///         let mut rows = Vec::with_capacity(inputs.len() * self.0.dimensions);
///         for text in composed_texts(inputs, &self.0)? {
///             // An empty text needs a direction too.
///             let mut row = vec![0.01; self.0.dimensions];
///             for letter in text.bytes().filter(u8::is_ascii_alphabetic) {
///                 row[usize::from(letter.to_ascii_lowercase() - b'a')] += 1.0;
///             }
///             vector::normalize(&mut row);
///             rows.extend(row);
///         }
///         Ok(rows)
///     }
/// }
///
/// let rows = Letters::new().embed(&[Input::plain("tea pot")], Role::Query)?;
/// assert_eq!(rows.len(), 26);
/// # Ok::<(), EmbedError>(())
/// ```
pub trait Embedder: Send + Sync {
    /// The space of every vector this embedder returns.
    fn space(&self) -> &Space;

    /// Embeds `inputs` in their order, for one role.
    ///
    /// Returns `inputs.len() × dimensions` coordinates, row by row, every row
    /// of unit length. An empty text has a vector too.
    ///
    /// # Errors
    /// [`EmbedError`] if the model could not be run, or an input is of a
    /// modality that it does not read.
    fn embed(&self, inputs: &[Input<'_>], role: Role) -> Result<Vec<f32>, EmbedError>;

    /// Whether the embedder can embed inputs of this modality: texts, unless it
    /// says otherwise.
    fn reads(&self, modality: Modality) -> bool {
        modality == Modality::Text
    }

    /// The share of a text that the embedder has learned anything of, between 0 and 1;
    /// none if it cannot tell. The vector of a text of which it knows nothing means
    /// nothing.
    fn known_share(&self, text: TextInput<'_>) -> Option<f32> {
        let _ = text;
        None
    }

    /// [`Self::known_share`] of each of many texts, which may be found quicker together.
    fn known_shares(&self, texts: &[TextInput<'_>]) -> Vec<Option<f32>> {
        texts.iter().map(|text| self.known_share(*text)).collect()
    }

    /// What the embedder knows of itself as a student; none if it is none.
    fn as_student(&self) -> Option<&dyn StudentHooks> {
        None
    }

    /// How many inputs a caller should pass at once for full speed, and at most
    /// for a quick answer to an interruption.
    fn batch(&self) -> usize {
        256
    }
}

/// What an embedder that was taught on a catalog's own texts says of them.
pub trait StudentHooks {
    /// How well it knows a text: 1 for a usual one, 0 for one of which it knows
    /// nothing. What it hardly knows is embedded badly.
    fn familiarity(&self, text: TextInput<'_>) -> f32;

    /// Whether it may have been taught how the text with this digest (see
    /// [`crate::text_hash`]) is filed. How well such a text is filed says
    /// nothing of others.
    fn was_taught(&self, text: u128) -> bool;
}
