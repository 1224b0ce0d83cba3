//! What can go wrong with a segment.

use std::path::PathBuf;

/// Result of the operations of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a segment could not be written, opened or searched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // The caller must act: what was given cannot be used.
    /// The vectors or settings given cannot be indexed.
    #[error("{0}")]
    Argument(String),
    /// The work was stopped from outside; nothing was left behind.
    #[error("stopped before the segment was whole; nothing was changed")]
    Interrupted,

    // The operator must act: the machine is in the way.
    /// The file system refused.
    #[error("{}: {doing} failed: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The segment was written by a newer version of Assort.
    #[error("{} has segment format {found}, this program reads up to {supported}; use a newer Assort", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// Newest format this program reads.
        supported: u32,
    },
    /// The file is missing, cut short, of another space, or has changed bytes.
    #[error("the segment {} cannot be used: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        what: String,
    },

    // We must act.
    /// The program is at fault.
    #[error("a fault of the index, please report it: {0}")]
    Fault(String),
}

impl From<assort_files::Error> for Error {
    fn from(error: assort_files::Error) -> Self {
        let assort_files::Error {
            path,
            doing,
            source,
        } = error;
        match source.downcast::<Self>() {
            // What was to be written could not be read.
            Ok(error) => error,
            Err(source) => Self::Io {
                path,
                doing,
                source,
            },
        }
    }
}

impl Error {
    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self::Argument(message.into())
    }
}
