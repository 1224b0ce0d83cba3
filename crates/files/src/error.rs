//! What the file system refused.

use std::io;
use std::path::{Path, PathBuf};

/// Result of the operations of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// The file system refused: which file, what was being done, and what the
/// system said.
#[derive(Debug, thiserror::Error)]
#[error("{}: {doing} failed: {source}", path.display())]
pub struct Error {
    /// The file.
    pub path: PathBuf,
    /// What was being done, such as "writing the file".
    pub doing: &'static str,
    /// What the system said.
    pub source: io::Error,
}

impl Error {
    /// Turns what the system said about `path` into an error.
    pub(crate) fn of<'p>(path: &'p Path, doing: &'static str) -> impl Fn(io::Error) -> Self + 'p {
        move |source| Self {
            path: path.to_owned(),
            doing,
            source,
        }
    }
}
