//! Everything that can go wrong, sorted by who must act.

use std::fmt;
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
    /// An argument has a value that cannot be used.
    #[error("{0}")]
    Argument(String),
    /// The catalog has no product of that id.
    #[error("the catalog has no product with the id `{0}`")]
    NoProduct(String),
    /// The directory holds no catalog.
    #[error("{} is not a catalog; make one with `assort init {} --taxonomy FILE`", .0.display(), .0.display())]
    NotACatalog(PathBuf),
    /// The directory already holds a catalog.
    #[error("{} already holds a catalog; choose another directory or delete it first", .0.display())]
    AlreadyACatalog(PathBuf),
    /// The embedder is not the one the catalog's vectors were made with.
    #[error(
        "the catalog's vectors are of the space {catalog}, the embedder makes {given}; open it with the first, or move it with `assort reembed`"
    )]
    SpaceMismatch {
        /// The catalog's space.
        catalog: Space,
        /// The embedder's space.
        given: Space,
    },
    /// The operation needs an embedder and the catalog was opened without one.
    #[error(
        "this needs an embedder, and the catalog was opened without one; give it with `Catalog::with_embedder`"
    )]
    NoEmbedder,
    /// The catalog was opened for reading only.
    #[error("the catalog was opened for reading only; open it for writing")]
    ReadOnly,

    /// The work was stopped from outside; what was committed stays.
    #[error("stopped; what was committed is safe, run it again to go on")]
    Interrupted,

    /// Long work is under way in this process, and only one runs at a time.
    #[error("the catalog is being {under_way} in another thread; wait until that is done")]
    Busy {
        /// That work.
        under_way: Maintenance,
    },

    // The operator must act: the machine or another process is in the way.
    /// Another process has the catalog open for writing.
    #[error("{} is open for writing in another process; wait until it ends or stop it", .0.display())]
    Locked(PathBuf),
    /// The file system refused.
    #[error("{}: {doing} failed: {source}; {}", path.display(), advice(source))]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The catalog was written by a newer version of Assort.
    #[error("{} has format {found}, this program reads up to {supported}; use a newer Assort", path.display())]
    NewerFormat {
        /// The catalog's directory.
        path: PathBuf,
        /// Format of the catalog.
        found: u32,
        /// Newest format this program reads.
        supported: u32,
    },
    /// The catalog's files are damaged.
    #[error("{} is damaged: {what}; restore it from a backup, or make a new catalog and import again", path.display())]
    Damaged {
        /// The catalog's directory.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// A segment of the catalog is missing or damaged; the products are not.
    #[error(
        "the segment {} cannot be used: {what}; `assort check --repair` embeds its products again", path.display()
    )]
    Segment {
        /// The segment's file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// The embedder failed.
    #[error(transparent)]
    Embed(#[from] EmbedError),
}

/// Long work on a whole catalog. Two of them do not run at the same time; reads,
/// imports and everything else go on beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Maintenance {
    /// [`Catalog::reembed`](crate::Catalog::reembed), or a move to a student.
    Reembed,
    /// [`Catalog::distill`](crate::Catalog::distill) and its like.
    Distill,
    /// [`Catalog::compact`](crate::Catalog::compact).
    Compact,
    /// [`Catalog::repair`](crate::Catalog::repair).
    Repair,
}

impl fmt::Display for Maintenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reembed => "moved to another embedder",
            Self::Distill => "distilled",
            Self::Compact => "compacted",
            Self::Repair => "repaired",
        })
    }
}

fn advice(source: &std::io::Error) -> &'static str {
    use std::io::ErrorKind;
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "free some space and run it again: what was committed before is safe"
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "make it writable for this user, or choose another directory"
        }
        ErrorKind::NotFound => "check the path",
        _ => "check the disk and the path",
    }
}

impl Error {
    /// An error of an argument.
    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self::Argument(message.into())
    }
}

impl From<assort_distill::Error> for Error {
    fn from(error: assort_distill::Error) -> Self {
        use assort_distill::Error as Distill;
        match error {
            Distill::Interrupted => Self::Interrupted,
            Distill::Io {
                path,
                doing,
                source,
            } => Self::Io {
                path,
                doing,
                source,
            },
            Distill::NewerFormat {
                path,
                found,
                supported,
            } => Self::NewerFormat {
                path,
                found,
                supported,
            },
            other => Self::Argument(other.to_string()),
        }
    }
}

impl From<assort_index::Error> for Error {
    fn from(error: assort_index::Error) -> Self {
        use assort_index::Error as Index;
        match error {
            Index::Argument(message) => Self::Argument(message),
            Index::Interrupted => Self::Interrupted,
            Index::Io {
                path,
                doing,
                source,
            } => Self::Io {
                path,
                doing,
                source,
            },
            Index::NewerFormat {
                path,
                found,
                supported,
            } => Self::NewerFormat {
                path,
                found,
                supported,
            },
            Index::Damaged { path, what } => Self::Segment { path, what },
            other => Self::Argument(other.to_string()),
        }
    }
}
