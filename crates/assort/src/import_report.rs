//! What an import did, told on the way and at the end.

use assort_core::UnknownTexts;

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Rows read, good and bad.
    pub rows: u64,
    /// Products that are new in the catalog.
    pub added: u64,
    /// Products that were there and have changed.
    pub updated: u64,
    /// Products that were there and are the same.
    pub unchanged: u64,
    /// Rows that were not taken.
    pub rejected: u64,
    /// Products with the same content as another one of the input.
    pub duplicates: u64,
    /// Texts that were embedded.
    pub embedded: u64,
    /// Products to be embedded of which the embedder knows nothing.
    pub unknown: UnknownTexts,
    /// Labels that were set or changed.
    pub labelled: u64,
    /// Products removed because the input does not have them.
    pub pruned: u64,
    /// Whether it was stopped before the end.
    pub stopped: bool,
}
