//! What a static embedding is made of.

use serde::{Deserialize, Serialize};

/// What a static embedding says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Its name, for people.
    pub name: String,
    /// What it was made of, how, and under which licences.
    pub provenance: String,
}

/// A piece of texts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Piece<'a> {
    /// How it is written, `▁` for a space; empty for one that is no part of a text.
    pub text: &'a str,
    /// Logarithm of how likely it is.
    pub score: f32,
    /// Whether its row was learned.
    pub is_known: bool,
}
