//! How the store's files are opened.

use redb::{ConcurrencyMode, Database};

/// Memory for cached pages. Small, because bulk work reads every page once.
const CACHE: usize = 96 << 20;

/// How the store's files are opened.
pub(super) fn builder() -> redb::Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE);
    builder.set_concurrency_mode(ConcurrencyMode::SingleWriter);
    builder
}
