//! Everything that can go wrong, sorted by who must act.

use std::path::PathBuf;

use assort_core::{EmbedError, Space};

/// Result of the operations of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why an operation on a catalog failed. Every message is one sentence that
/// names the file, row or value, and the mend.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // The caller must act: what was given cannot be used.
    /// A file or stream given as input cannot be read as what it should be.
    #[error("{file}{}: {message}", line.map(|n| format!(", line {n}")).unwrap_or_default())]
    Input {
        /// The file as the user named it, `standard input` for `-`.
        file: String,
        /// Line of the file, counted from 1, where one is to blame.
        line: Option<u64>,
        /// What is wrong and how to mend it.
        message: String,
    },
}
