//! What a graph is built from.

use super::duplicates::Duplicates;
use super::ordered::{Codes, Ordered};
use crate::codes::Quantizer;

/// Rows that a thread works on before it tells how far it has come.
pub(super) const BATCH: usize = 128;

/// What a graph is built from; rows stand in the order of their ids.
pub(super) struct Source<'a> {
    pub(super) ordered: &'a Ordered<'a>,
    pub(super) quantizer: &'a Quantizer,
    pub(super) codes: &'a Codes,
    pub(super) duplicates: &'a Duplicates,
    /// Rows of each level.
    pub(super) counts: &'a [usize],
}
