//! Why a static embedding could not be read, written or made.

use std::path::PathBuf;

use assort_core::ErrorKind;

/// Why a static embedding could not be read, written or made: one sentence.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // The caller must act.
    /// What was given to make one of cannot be used.
    #[error("{0}")]
    Argument(String),
    /// The file is no static embedding, or not the whole of one.
    #[error("{} cannot be used as a static embedding: {what}", path.display())]
    NotStatic {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The file was written by a newer version of Assort.
    #[error("{} is a static embedding of format {found}, this program reads up to {supported}; use a newer Assort", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Format of the file.
        found: u32,
        /// Newest format this program reads.
        supported: u32,
    },

    // The operator must act.
    /// The file system refused.
    #[error("{}: {doing} failed: {source}; check the path, its permissions and the space left", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },

    // We must act.
    /// The program is at fault.
    #[error("a fault of static embeddings, please report it: {0}")]
    Fault(String),
}

impl From<assort_files::Error> for Error {
    fn from(error: assort_files::Error) -> Self {
        Self::Io {
            path: error.path,
            doing: error.doing,
            source: error.source,
        }
    }
}

impl Error {
    /// Who must act.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Argument(_) => ErrorKind::Argument,
            Self::NotStatic { .. } => ErrorKind::Damaged,
            Self::NewerFormat { .. } => ErrorKind::Incompatible,
            Self::Io { .. } => ErrorKind::Storage,
            Self::Fault(_) => ErrorKind::Internal,
        }
    }
}

/// Result of the operations of this crate.
pub type Result<T> = std::result::Result<T, Error>;
