//! The store's file while it is open, and which file that is.
//!
//! The file of that name may be replaced by a rewritten one (see `rewrite`). A
//! handle knows which file it has open, so that nobody goes on with one that
//! has lost its name.

use std::fs::{File, Metadata};
use std::path::Path;
use std::time::Duration;

use redb::{Database, DatabaseError, ReadOnlyDatabase, ReadTransaction, ReadableDatabase};

use super::builder::builder;
use super::recovered::Recovered;

/// How long a reader waits for another process's short exclusive moments, such
/// as a repair.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a writer waits for another one that may be about to end.
const WRITER_PATIENCE: Duration = Duration::from_millis(500);

type Outcome<T> = std::result::Result<T, DatabaseError>;

/// Which file is meant, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileId(#[cfg(unix)] (u64, u64));

impl FileId {
    /// The file of that name, if it can be looked at.
    pub(super) fn at(path: &Path) -> std::io::Result<Self> {
        Ok(Self::of(&std::fs::metadata(path)?))
    }

    #[cfg(unix)]
    fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self((metadata.dev(), metadata.ino()))
    }

    /// Elsewhere a file that is open is never replaced.
    #[cfg(not(unix))]
    fn of(_: &Metadata) -> Self {
        Self()
    }
}

/// An open file of the store.
pub(super) struct Handle {
    pub(super) access: Access,
    id: FileId,
}

/// What may be done with it.
pub(super) enum Access {
    /// This process is the one that writes.
    Write(Box<Database>),
    /// This process reads and follows the commits of one that writes.
    Read(ReadOnlyDatabase),
    /// This process reads what a killed writer has left and may not repair it.
    Recovered(Recovered),
}

impl Handle {
    /// A file that was opened for writing before it got its name.
    pub(super) fn named(database: Database, path: &Path) -> std::io::Result<Self> {
        Ok(Self {
            access: Access::Write(Box::new(database)),
            id: FileId::at(path)?,
        })
    }

    /// Opens the file of that name for writing.
    pub(super) fn open(path: &Path) -> Outcome<Self> {
        let open = || builder().open(path).map(Box::new).map(Access::Write);
        Self::open_by(path, WRITER_PATIENCE, open)
    }

    /// Opens the file of that name for reading. What a killed writer has left is
    /// repaired, on disk if that can be and `repairs`, in memory otherwise.
    pub(super) fn open_read_only(path: &Path, repairs: bool) -> Outcome<Self> {
        let open = || match builder().open_read_only(path) {
            // If another process is repairing it, both are tried again.
            Err(DatabaseError::RepairAborted) => {
                let repaired = if repairs {
                    builder().open(path).map(drop)
                } else {
                    Err(std::io::Error::from(std::io::ErrorKind::PermissionDenied).into())
                };
                match repaired {
                    Ok(()) => builder().open_read_only(path).map(Access::Read),
                    Err(DatabaseError::Storage(redb::StorageError::Io(_))) => {
                        Recovered::open(path).map(Access::Recovered)
                    }
                    Err(other) => Err(other),
                }
            }
            other => other.map(Access::Read),
        };
        Self::open_by(path, PATIENCE, open)
    }

    /// Opens by `open`, again while another process is in the way, for as long as
    /// `left`, and again if the name went to another file meanwhile: a writer
    /// must not get hold of one that nobody will read.
    fn open_by(
        path: &Path,
        mut left: Duration,
        open: impl Fn() -> Outcome<Access>,
    ) -> Outcome<Self> {
        let step = Duration::from_millis(50);
        loop {
            // While it is held, no other file can get its identity.
            let held = File::open(path)?;
            let id = FileId::of(&held.metadata()?);
            match open() {
                Err(DatabaseError::DatabaseAlreadyOpen) if left > Duration::ZERO => {
                    std::thread::sleep(step);
                    left = left.saturating_sub(step);
                }
                Err(error) => return Err(error),
                Ok(access) if FileId::at(path)? == id => return Ok(Self { access, id }),
                Ok(_) => {}
            }
        }
    }

    pub(super) fn is_writer(&self) -> bool {
        matches!(self.access, Access::Write(_))
    }

    /// Whether a reader may go on with it: the file has its name still, and is
    /// as it was if it was repaired in memory.
    pub(super) fn is_current(&self, path: &Path) -> bool {
        // One that cannot be looked at is read as long as it is open.
        let named = FileId::at(path).map_or(true, |id| id == self.id);
        match &self.access {
            Access::Recovered(recovered) => named && recovered.is_current(),
            _ => named,
        }
    }

    /// Fails unless the file has its name: it may have been deleted, or another one put in
    /// its place.
    pub(super) fn check_name(&self, path: &Path) -> std::io::Result<()> {
        if FileId::at(path)? == self.id {
            return Ok(());
        }
        Err(std::io::Error::new(
            std::io::ErrorKind::NotFound,
            "another file has its name now",
        ))
    }

    /// The state of the last commit.
    pub(super) fn begin_read(
        &self,
    ) -> std::result::Result<ReadTransaction, redb::TransactionError> {
        match &self.access {
            Access::Write(database) => database.begin_read(),
            Access::Read(database) => database.begin_read(),
            Access::Recovered(recovered) => recovered.database.begin_read(),
        }
    }
}
