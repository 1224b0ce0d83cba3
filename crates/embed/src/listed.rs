//! What is told of an embedder.

use crate::known::{Languages, Rate};
use crate::prompts::Prompts;

/// What is known of an embedder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The spec that opens it, as text.
    pub spec: String,
    /// Languages it reads, if that is known.
    pub languages: Option<Languages>,
    /// Coordinates of its vectors, if that is known before it is opened.
    pub dimensions: Option<usize>,
    /// How many titles a second it reads, if that is known.
    pub rate: Option<Rate>,
    /// Bytes of its files, about, if that is known; 0 for one inside the program.
    pub bytes: Option<u64>,
    /// What stands before texts.
    pub prompts: Prompts,
    /// What it is, or is for, in a few words.
    pub description: String,
    /// Whether it can be opened without the network.
    pub cached: bool,
}
