//! What can go wrong with a head.

use std::path::PathBuf;

use assort_core::ErrorKind;

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a head cannot be trained or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The examples or options cannot be trained on.
    #[error("{0}")]
    Argument(String),

    /// A file is not a head's, or has changed.
    #[error("{} is no usable head: {what}", path.display())]
    NotAHead {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },

    /// A file of a newer program.
    #[error("{} is a head of format {found}, this program reads up to {supported}", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest that can be read.
        supported: u32,
    },

    /// The loss became infinite or no number.
    #[error(
        "training diverged in epoch {epoch}: the loss is no number; a smaller learning rate may help"
    )]
    Diverged {
        /// The epoch, counted from 1.
        epoch: usize,
    },

    /// Training was stopped.
    #[error("stopped")]
    Interrupted,

    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] assort_files::Error),
}

impl Error {
    /// Who must act.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Argument(_) | Self::Diverged { .. } => ErrorKind::Argument,
            Self::NotAHead { .. } => ErrorKind::Damaged,
            Self::NewerFormat { .. } => ErrorKind::Incompatible,
            Self::Interrupted => ErrorKind::Interrupted,
            Self::File(_) => ErrorKind::Storage,
        }
    }
}
