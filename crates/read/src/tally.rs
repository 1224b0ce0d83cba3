//! Counts of rows that are read otherwise than they stand.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::table::Bent;

/// Counts of rows of a file that are read otherwise than they stand, current while
/// somebody else reads the file.
#[derive(Debug, Default)]
pub struct Tally {
    short: AtomicU64,
    quotes: AtomicU64,
    headers: AtomicU64,
    joined: AtomicU64,
    vectors: AtomicU64,
}

impl Tally {
    /// Rows of a table that do not keep to the rules.
    pub fn bent(&self) -> Bent {
        Bent {
            short: self.short.load(Ordering::Relaxed),
            quotes: self.quotes.load(Ordering::Relaxed),
            headers: self.headers.load(Ordering::Relaxed),
        }
    }

    /// Rows that were joined to another one, whose product they are about.
    pub fn joined(&self) -> u64 {
        self.joined.load(Ordering::Relaxed)
    }

    /// Values that are vectors, and were left out.
    pub fn vectors(&self) -> u64 {
        self.vectors.load(Ordering::Relaxed)
    }

    pub(crate) fn count_vectors(&self, vectors: u64) {
        self.vectors.fetch_add(vectors, Ordering::Relaxed);
    }

    pub(crate) fn set_bent(&self, bent: Bent) {
        self.short.store(bent.short, Ordering::Relaxed);
        self.quotes.store(bent.quotes, Ordering::Relaxed);
        self.headers.store(bent.headers, Ordering::Relaxed);
    }

    pub(crate) fn count_joined(&self) {
        self.joined.fetch_add(1, Ordering::Relaxed);
    }
}
