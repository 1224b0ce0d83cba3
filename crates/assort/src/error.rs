//! Everything that can go wrong, sorted by who must act.

use std::fmt;
use std::path::PathBuf;

use assort_core::{EmbedError, ErrorKind, Space};

/// Result of the operations of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why an operation on a catalog failed. Every message is one sentence that
/// names the file, row or value; [`Error::kind`] says who must act.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // The caller must act: what was given cannot be used.
    /// A file or stream given as input cannot be read as what it should be.
    #[error(transparent)]
    Input(#[from] assort_read::Error),
    /// An argument has a value that cannot be used.
    #[error("{0}")]
    Argument(String),
    /// Decisions name categories of another taxonomy than the catalog has now.
    #[error(
        "the taxonomy was replaced since the products were filed; file them again by the new one"
    )]
    OtherTaxonomy,
    /// The catalog has no product of that id.
    #[error("the catalog has no product with the id `{0}`")]
    NoProduct(String),
    /// The directory holds no catalog.
    #[error("{} is not a catalog", .0.display())]
    NotACatalog(PathBuf),
    /// The directory holds no copy of a catalog.
    #[error("{} is neither a backup nor a replica: it has no manifest", .0.display())]
    NotACopy(PathBuf),
    /// The directory holds something else than an earlier copy of the catalog.
    #[error("{} cannot take a copy of this catalog: {what}; choose another directory or delete it first", path.display())]
    OtherCopy {
        /// The directory.
        path: PathBuf,
        /// What it holds.
        what: String,
    },
    /// A backup or replica was to be written to.
    #[error("{} is a backup or a replica of a catalog, and is only read", .0.display())]
    ReadOnlyCopy(PathBuf),
    /// The directory already holds a catalog.
    #[error("{} already holds a catalog; choose another directory or delete it first", .0.display())]
    AlreadyACatalog(PathBuf),
    /// The embedder is not the one the catalog's vectors were made with.
    #[error(
        "the catalog's vectors are of the space {catalog}, the embedder makes {given}; open it with the first"
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
    /// A picture was to be searched by, and the catalog was opened without what embeds it.
    #[error(
        "this needs an embedder of pictures, and the catalog was opened without one; give it with `Catalog::with_picture_embedder`"
    )]
    NoPictureEmbedder,
    /// A picture was to be opened, and the catalog was opened without what opens them.
    #[error(
        "this needs what opens pictures, and the catalog was opened without it; give it with `Catalog::with_picture_source`"
    )]
    NoPictureSource,
    /// Vectors of pictures were needed, and the catalog has none.
    #[error("the catalog has no vectors of pictures yet")]
    NoPictures,
    /// The catalog was opened for reading only.
    #[error("the catalog was opened for reading only; open it for writing")]
    ReadOnly,
    /// Neighbours were to decide, and no product has a label.
    #[error("no product has a label yet, so there are no neighbours to ask")]
    NoLabels,
    /// A head was to decide, and none was trained.
    #[error("no head has been trained on the labels of this catalog yet")]
    NoHead,
    /// Pictures were to decide, and nothing was learned from any.
    #[error(
        "no pictures were learned from: at least 20 products must have both a label and a vector of their picture"
    )]
    NoLabelledPictures,
    /// The catalog is not in the state that the operation needs.
    #[error("{0}")]
    Precondition(String),

    /// The work was stopped from outside; what was committed stays.
    #[error("stopped; what was committed is safe, run it again to go on")]
    Interrupted,

    /// The deadline of a search passed before it was done.
    #[error("the search was not done by its deadline")]
    Late,

    /// Long work is under way in this process, and only one runs at a time.
    #[error("the catalog is being {under_way} in another thread; wait until that is done")]
    Busy {
        /// That work.
        under_way: Maintenance,
    },

    // The operator must act: the machine or another process is in the way.
    /// Another process has the catalog, or the file, open for writing.
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
    /// A copy cannot be fetched from where it is.
    #[error("{from}: {what}; what has come is kept, so that another run goes on from there")]
    Fetch {
        /// Where it is.
        from: String,
        /// What is in the way.
        what: String,
    },
    /// A copy cannot be sent to where it is to be.
    #[error(
        "{to}: {what}; files that are there whole are kept, so that another run goes on from there"
    )]
    Send {
        /// Where it is to be.
        to: String,
        /// What is in the way.
        what: String,
    },
    /// A store gives and takes no copy: it has no such place, or does not let the
    /// caller in.
    #[error("{at}: {what}")]
    Refused {
        /// The place in the store.
        at: String,
        /// Why.
        what: String,
    },
    /// The catalog has no room for further products.
    #[error("the catalog is full: it has used 4,294,967,295 rows; import into a new one")]
    Full,
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
    /// A stored value has a version that this program does not read.
    #[error("{}, {place}: a {record} record of version {found}, where this program reads {oldest} to {newest}; use the Assort that wrote it, or a newer one", path.display())]
    RecordVersion {
        /// The catalog's directory.
        path: PathBuf,
        /// Which value it is.
        place: String,
        /// Type of the record.
        record: &'static str,
        /// Version of the value.
        found: u8,
        /// Oldest version of that type that this program reads.
        oldest: u8,
        /// Newest version of that type that this program reads.
        newest: u8,
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
    #[error("the segment {} cannot be used: {what}", path.display())]
    Segment {
        /// The segment's file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// A segment of vectors of pictures is missing or damaged: embedding the pictures again
    /// makes them anew.
    #[error("the segment {} of pictures cannot be used: {what}", path.display())]
    PictureSegment {
        /// The segment's file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// A file of a copy is not what its manifest says, or the manifest is none.
    #[error("{}: {what}; use another backup, or make this one anew", path.display())]
    Copy {
        /// The file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// The file of a student is missing its end, damaged, or something else.
    #[error("{} cannot be used as a student: {what}", path.display())]
    Student {
        /// The student's file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// A file is no pack, or has changed or been cut short.
    #[error("{} cannot be used as a pack: {what}", path.display())]
    Pack {
        /// The file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// The embedder failed.
    #[error(transparent)]
    Embed(#[from] EmbedError),

    // We must act.
    /// The program is at fault.
    #[error("a fault of the program itself, please report it: {0}")]
    Internal(String),
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
    /// [`Catalog::train`](crate::Catalog::train).
    Train,
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
            Self::Train => "learned from",
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
    /// Who must act: what a server or a command line decides by.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Argument(_) => ErrorKind::Argument,
            Self::Input(_) => ErrorKind::Input,
            Self::NoEmbedder
            | Self::NoPictureEmbedder
            | Self::NoPictureSource
            | Self::NoPictures
            | Self::ReadOnly
            | Self::ReadOnlyCopy(_)
            | Self::NoLabels
            | Self::NoHead
            | Self::NoLabelledPictures
            | Self::OtherTaxonomy
            | Self::Precondition(_) => ErrorKind::Precondition,
            Self::SpaceMismatch { .. } | Self::NewerFormat { .. } | Self::RecordVersion { .. } => {
                ErrorKind::Incompatible
            }
            Self::NoProduct(_) | Self::NotACatalog(_) | Self::NotACopy(_) => ErrorKind::NotFound,
            Self::AlreadyACatalog(_) | Self::OtherCopy { .. } => ErrorKind::AlreadyExists,
            Self::Interrupted | Self::Late => ErrorKind::Interrupted,
            Self::Locked(_) | Self::Busy { .. } => ErrorKind::Busy,
            Self::Io { .. }
            | Self::Fetch { .. }
            | Self::Send { .. }
            | Self::Refused { .. }
            | Self::Full => ErrorKind::Storage,
            Self::Damaged { .. }
            | Self::Segment { .. }
            | Self::PictureSegment { .. }
            | Self::Copy { .. }
            | Self::Student { .. }
            | Self::Pack { .. } => ErrorKind::Damaged,
            Self::Embed(_) => ErrorKind::Embedder,
            Self::Internal(_) => ErrorKind::Internal,
        }
    }

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
            Distill::Argument(message) => Self::Argument(message),
            Distill::NotAStudent { path, what } => Self::Student { path, what },
            Distill::Fault(message) => Self::Internal(message),
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<assort_head::Error> for Error {
    fn from(error: assort_head::Error) -> Self {
        use assort_head::Error as Head;
        match error {
            Head::Interrupted => Self::Interrupted,
            Head::File(error) => error.into(),
            Head::Argument(message) => Self::Precondition(message),
            error @ Head::Diverged { .. } => Self::Argument(error.to_string()),
            other => Self::Internal(other.to_string()),
        }
    }
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

impl From<assort_columns::Error> for Error {
    fn from(error: assort_columns::Error) -> Self {
        use assort_columns::Error as Columns;
        match error {
            Columns::File(error) => error.into(),
            // A file that cannot be used is made anew, and never comes to a caller.
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<assort_index::Error> for Error {
    fn from(error: assort_index::Error) -> Self {
        use assort_index::Error as Index;
        match error {
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
            // What callers give is checked before it comes to a segment.
            Index::Argument(message) | Index::Fault(message) => Self::Internal(message),
            other => Self::Internal(other.to_string()),
        }
    }
}
