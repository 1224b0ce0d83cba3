//! What a classifier says of a product.

use std::fmt;
use std::str::FromStr;

use crate::classifier::knn::Neighbor;
use crate::compose::TextKind;
use crate::taxonomy::CategoryIndex;

/// By which evidence products are filed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Method {
    /// Everything there is, weighed by what proved right on the labels.
    #[default]
    Auto,
    /// The categories' own words.
    ZeroShot,
    /// The votes of similar labelled products.
    Neighbors,
}

impl Method {
    /// All methods.
    pub const ALL: [Self; 3] = [Self::Auto, Self::ZeroShot, Self::Neighbors];

    /// The method's name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::ZeroShot => "zero-shot",
            Self::Neighbors => "neighbors",
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
            .ok_or_else(|| format!("unknown method `{text}`; choose auto, zero-shot or neighbors"))
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

/// A category with the confidence that it is right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alternative {
    /// The category.
    pub category: CategoryIndex,
    /// Between 0 and 1; comparable between products.
    pub confidence: f32,
}

/// What a classifier says of one product.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The category, or none: "I don't know".
    pub category: Option<CategoryIndex>,
    /// Confidence in the best alternative, between 0 and 1.
    pub confidence: f32,
    /// How far the best alternative is ahead of the second, in confidence.
    pub margin: f32,
    /// The best alternatives, best first, also where the decision is to abstain.
    pub alternatives: Vec<Alternative>,
    /// Labelled products that voted, nearest first.
    pub neighbors: Vec<Neighbor>,
    /// Texts of the best alternative's category, most similar first; filled only
    /// where an explanation was asked for.
    pub texts: Vec<TextEvidence>,
}

impl Decision {
    /// The decision on a product nothing is known of.
    pub(crate) fn unknown() -> Self {
        Self {
            category: None,
            confidence: 0.0,
            margin: 0.0,
            alternatives: Vec::new(),
            neighbors: Vec::new(),
            texts: Vec::new(),
        }
    }
}
