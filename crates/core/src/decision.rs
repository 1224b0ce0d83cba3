//! What a classifier says of a product.

use std::fmt;
use std::str::FromStr;

use crate::compose::TextKind;
use crate::source::Source;
use crate::taxonomy::CategoryIndex;

/// By which evidence products are filed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Everything there is, weighed by what proved right on the labels.
    #[default]
    Auto,
    /// The categories' own words.
    ZeroShot,
    /// The votes of similar labelled products.
    Neighbors,
    /// The head that was trained on labels.
    Head,
    /// What pictures of labelled products look like.
    Pictures,
}

impl Method {
    /// All methods.
    pub const ALL: [Self; 5] = [
        Self::Auto,
        Self::ZeroShot,
        Self::Neighbors,
        Self::Head,
        Self::Pictures,
    ];

    /// The method's name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::ZeroShot => "zero-shot",
            Self::Neighbors => "neighbors",
            Self::Head => "head",
            Self::Pictures => "pictures",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Method {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|method| method.as_str() == text)
            .ok_or_else(|| {
                format!(
                    "unknown method `{text}`; choose auto, zero-shot, neighbors, head or pictures"
                )
            })
    }
}

/// A category text that speaks for a decision.
#[derive(Clone, Debug, PartialEq)]
pub struct TextEvidence {
    /// What the text says of the category.
    pub kind: TextKind,
    /// The text.
    pub text: String,
    /// Cosine similarity with the product.
    pub similarity: f32,
}

/// A word of the product that carries a decision.
#[derive(Clone, Debug, PartialEq)]
pub struct WordEvidence {
    /// The word, as it stands in the title.
    pub word: String,
    /// How much less the category is ahead of the mean of all without it, in natural
    /// logarithms of shares.
    pub effect: f32,
}

/// A source of evidence that carries a decision, or speaks against it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SourceEvidence {
    /// The source.
    pub source: Source,
    /// How far the category is ahead of the mean of all by what the source says, as much as
    /// it counts, in natural logarithms of shares; below zero it speaks for others.
    pub effect: f32,
}

/// A labelled product that speaks for a decision. It is near by its words; pictures of
/// labelled products are evidence of their own ([`Source::Pictures`]), without neighbours.
#[derive(Clone, Debug, PartialEq)]
pub struct NeighborEvidence {
    /// The product's id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The category it is labelled with.
    pub category: CategoryIndex,
    /// Cosine similarity with the product, after centering.
    pub similarity: f32,
    /// Path or URL of its picture; none if it has none, or one that is kept as bytes.
    pub image: Option<String>,
}

/// The evidence for a decision, for people to read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reasons {
    /// Texts of the best alternative's category, most similar first.
    pub texts: Vec<TextEvidence>,
    /// Labelled products that voted, nearest first.
    pub neighbors: Vec<NeighborEvidence>,
    /// Words of the title without which the sources that read words would be less sure
    /// of the best alternative, the weightiest first.
    pub words: Vec<WordEvidence>,
    /// What each source of evidence says of the best alternative, the weightiest first.
    pub sources: Vec<SourceEvidence>,
}

/// Why a product was filed without the picture that it has, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PictureProblem {
    /// The picture could not be opened.
    Unopened(String),
    /// It was opened, and the embedder made no vector of it.
    NotEmbedded(String),
}

impl fmt::Display for PictureProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Unopened(why) | Self::NotEmbedded(why)) = self;
        f.write_str(why)
    }
}

/// A category with the confidence that it is right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alternative {
    /// The category.
    pub category: CategoryIndex,
    /// Between 0 and 1; comparable between products.
    pub confidence: f32,
}

/// What a classifier says of one product.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Decision {
    /// Version of the taxonomy whose categories it names, see
    /// [`Taxonomy::version`](crate::Taxonomy::version).
    pub taxonomy: u128,
    /// The category, or none: "I don't know".
    pub category: Option<CategoryIndex>,
    /// Confidence in the category, or in the best alternative where there is none;
    /// between 0 and 1.
    pub confidence: f32,
    /// Whether confidence was calibrated on labels; otherwise it is what the evidence
    /// comes to, and may be far off.
    pub is_calibrated: bool,
    /// How far the best alternative is ahead of the second, in confidence.
    pub margin: f32,
    /// The best alternatives, best first, also where the decision is to abstain.
    pub alternatives: Vec<Alternative>,
    /// Categories that hold the truth as often as was asked, best first; none unless
    /// that was asked for and has been measured.
    pub set: Option<Vec<Alternative>>,
    /// The categories from the root down to the one decided on, or to the best
    /// alternative where there is none, each with the
    /// confidence that the product belongs there or below; never more than
    /// that of the one above.
    pub levels: Vec<Alternative>,
    /// Why; none unless it was asked for.
    pub reasons: Option<Reasons>,
    /// Why the picture of the product could not be used, which was filed without it; none
    /// where it could, and where no picture was needed or named.
    pub picture_problem: Option<PictureProblem>,
}

impl Decision {
    /// The decision on a product nothing is known of, by that version of a taxonomy.
    pub fn unknown(taxonomy: u128) -> Self {
        Self {
            taxonomy,
            category: None,
            confidence: 0.0,
            is_calibrated: false,
            margin: 0.0,
            set: None,
            alternatives: Vec::new(),
            levels: Vec::new(),
            reasons: None,
            picture_problem: None,
        }
    }
}
