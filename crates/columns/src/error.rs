//! What can go wrong with columns.

use std::path::PathBuf;

use assort_core::ErrorKind;

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;

/// Why columns cannot be made or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file has no columns, or has changed.
    #[error("{} has no usable columns: {what}", path.display())]
    NotColumns {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },

    /// A file of a newer program.
    #[error("{} has columns of format {found}, this program reads up to {supported}", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest that can be read.
        supported: u32,
    },

    /// More values than this machine's memory holds.
    #[error("the columns of {rows} rows are too large for this machine")]
    TooLarge {
        /// Rows that they have.
        rows: u32,
    },

    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] assort_files::Error),
}

impl Error {
    /// Who must act.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotColumns { .. } => ErrorKind::Damaged,
            Self::NewerFormat { .. } => ErrorKind::Incompatible,
            Self::TooLarge { .. } | Self::File(_) => ErrorKind::Storage,
        }
    }
}
