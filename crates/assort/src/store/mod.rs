//! The truth of a catalog, in one transactional file.
//!
//! One process writes and any number read at the same time; a reader sees the
//! state of one commit. Every value starts with a version byte.

mod codec;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod read;
pub(crate) mod records;
mod sealed;
mod segment_files;
mod tables;
mod write;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use redb::{ConcurrencyMode, Database, DatabaseError, ReadOnlyDatabase, ReadableDatabase};

pub(crate) use read::{Counts, Epoch, Reader};
pub(crate) use records::{
    ArchivedProductRecord, DecisionRecord, FamiliarityRecord, FitRecord, ProductRecord,
    SpaceRecord, TuningRecord,
};
pub(crate) use sealed::NewSegment;
pub(crate) use segment_files::SegmentFiles;
pub(crate) use tables::FORMAT;
pub(crate) use write::{Put, Writer};

use crate::{Error, Result};

/// Name of the file in a catalog's directory.
pub(crate) const FILE: &str = "catalog.redb";

/// Memory for cached pages. Small, because bulk work reads every page once.
const CACHE: usize = 96 << 20;

/// How long a reader waits for another process's short exclusive moments, such
/// as a repair.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a writer waits for another one that may be about to end.
const WRITER_PATIENCE: Duration = Duration::from_millis(500);

/// An open store file.
pub(crate) struct Store {
    directory: PathBuf,
    database: Handle,
}

enum Handle {
    Writer(Box<Database>),
    Reader(ReadOnlyDatabase),
}

fn builder() -> redb::Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE);
    builder.set_concurrency_mode(ConcurrencyMode::SingleWriter);
    builder
}

impl Store {
    /// Makes the directory and a store in it with what `fill` writes. The
    /// store appears under its name only when it is whole.
    pub(crate) fn create(
        directory: &Path,
        fill: impl FnOnce(&mut Writer<'_>) -> Result<()>,
    ) -> Result<Self> {
        let file = directory.join(FILE);
        if file.exists() {
            return Err(Error::AlreadyACatalog(directory.to_owned()));
        }
        let io = |doing| {
            move |source| Error::Io {
                path: directory.to_owned(),
                doing,
                source,
            }
        };
        std::fs::create_dir_all(directory).map_err(io("making the directory"))?;
        let draft = directory.join(format!("{FILE}.new"));
        if draft.exists() {
            std::fs::remove_file(&draft).map_err(io("removing an unfinished catalog"))?;
        }
        let database = builder()
            .create(&draft)
            .map_err(|e| database_error(directory, e))?;
        let store = Self {
            directory: directory.to_owned(),
            database: Handle::Writer(Box::new(database)),
        };
        store.write(fill)?;
        drop(store);
        std::fs::rename(&draft, &file).map_err(io("naming the catalog"))?;
        sync_directory(directory).map_err(io("syncing the directory"))?;
        Self::open(directory)
    }

    /// Opens a store for writing.
    pub(crate) fn open(directory: &Path) -> Result<Self> {
        let file = existing_file(directory)?;
        let database = guarded(directory, || {
            with_patience(WRITER_PATIENCE, || builder().open(&file))
                .map_err(|e| database_error(directory, e))
        })?;
        Self::checked(directory, Handle::Writer(Box::new(database)))
    }

    /// Opens a store for reading, while at most one other process writes.
    pub(crate) fn open_read_only(directory: &Path) -> Result<Self> {
        let file = existing_file(directory)?;
        let open = || match builder().open_read_only(&file) {
            Err(DatabaseError::RepairAborted) => {
                // The last writer was killed: opening for writing repairs. If
                // another process is at it, both are tried again.
                drop(builder().open(&file)?);
                builder().open_read_only(&file)
            }
            other => other,
        };
        let database = guarded(directory, || {
            with_patience(PATIENCE, open).map_err(|e| database_error(directory, e))
        })?;
        Self::checked(directory, Handle::Reader(database))
    }

    fn checked(directory: &Path, database: Handle) -> Result<Self> {
        let store = Self {
            directory: directory.to_owned(),
            database,
        };
        let found = store.read()?.format()?;
        if found > FORMAT {
            return Err(Error::NewerFormat {
                path: directory.to_owned(),
                found,
                supported: FORMAT,
            });
        }
        Ok(store)
    }

    /// Whether this process may write.
    pub(crate) fn is_writer(&self) -> bool {
        matches!(self.database, Handle::Writer(_))
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Bytes of the file on disk.
    pub(crate) fn size(&self) -> u64 {
        let file = self.directory.join(FILE);
        std::fs::metadata(file).map_or(0, |metadata| metadata.len())
    }

    /// The state of the last commit.
    pub(crate) fn read(&self) -> Result<Reader<'_>> {
        let transaction = self.guarded(|| {
            let begun = match &self.database {
                Handle::Writer(database) => database.begin_read(),
                Handle::Reader(database) => database.begin_read(),
            };
            begun.map_err(|e| self.failed(e))
        })?;
        Ok(Reader::new(self, transaction))
    }

    /// Runs `change` in one transaction: all of it is durable when this
    /// returns, or none of it happened. Gives the number of the commit too.
    pub(crate) fn write<T>(
        &self,
        change: impl FnOnce(&mut Writer<'_>) -> Result<T>,
    ) -> Result<(T, u64)> {
        let Handle::Writer(database) = &self.database else {
            return Err(Error::ReadOnly);
        };
        self.guarded(|| {
            let transaction = database.begin_write().map_err(|e| self.failed(e))?;
            let mut writer = Writer::new(self, &transaction);
            let result = change(&mut writer)?;
            let version = writer.finish()?;
            transaction.commit().map_err(|e| self.failed(e))?;
            Ok((result, version))
        })
    }

    /// Gives unused space back to the file system.
    pub(crate) fn compact(&mut self) -> Result<()> {
        let Handle::Writer(database) = &mut self.database else {
            return Err(Error::ReadOnly);
        };
        guarded(&self.directory, || {
            let compacted = database.compact();
            compacted
                .map(|_| ())
                .map_err(|e| store_error(&self.directory, e.into()))
        })
    }

    /// Verifies the checksums of the whole file.
    pub(crate) fn verify_file(&mut self) -> Result<bool> {
        let Handle::Writer(database) = &mut self.database else {
            return Err(Error::ReadOnly);
        };
        guarded(&self.directory, || {
            let verified = database.check_integrity();
            verified.map_err(|e| database_error(&self.directory, e))
        })
    }

    fn guarded<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        guarded(&self.directory, work)
    }

    /// The error of this crate for one of the store's.
    fn failed(&self, error: impl Into<redb::Error>) -> Error {
        store_error(&self.directory, error.into())
    }

    /// The error for a value that cannot be read.
    fn damaged(&self, what: impl Into<String>) -> Error {
        Error::Damaged {
            path: self.directory.clone(),
            what: what.into(),
        }
    }
}

/// The database trusts its pages and panics on some damaged ones: what it
/// stumbles over is an error here.
fn guarded<T>(directory: &Path, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(Error::Damaged {
            path: directory.to_owned(),
            what: format!(
                "a page of {FILE} cannot be read ({})",
                text.unwrap_or("no reason given")
            ),
        })
    })
}

fn existing_file(directory: &Path) -> Result<PathBuf> {
    let file = directory.join(FILE);
    match std::fs::metadata(&file) {
        Ok(metadata) if metadata.is_file() => Ok(file),
        Err(source) if source.kind() == std::io::ErrorKind::PermissionDenied => Err(Error::Io {
            path: file,
            doing: "opening the catalog",
            source,
        }),
        _ => Err(Error::NotACatalog(directory.to_owned())),
    }
}

/// Makes a new name in a directory durable.
fn sync_directory(directory: &Path) -> std::io::Result<()> {
    // Elsewhere directories cannot be opened, and names are durable anyway.
    if cfg!(unix) {
        std::fs::File::open(directory)?.sync_all()?;
    }
    Ok(())
}

/// Repeats `open` while another process is in the way, for as long as `left`.
fn with_patience<T>(
    mut left: Duration,
    open: impl Fn() -> std::result::Result<T, DatabaseError>,
) -> std::result::Result<T, DatabaseError> {
    let step = Duration::from_millis(50);
    loop {
        match open() {
            Err(DatabaseError::DatabaseAlreadyOpen) if left > Duration::ZERO => {
                std::thread::sleep(step);
                left = left.saturating_sub(step);
            }
            other => return other,
        }
    }
}

fn database_error(directory: &Path, error: DatabaseError) -> Error {
    match error {
        DatabaseError::DatabaseAlreadyOpen => Error::Locked(directory.to_owned()),
        DatabaseError::RepairAborted => Error::Damaged {
            path: directory.to_owned(),
            what: "it needs a repair that could not be made".to_owned(),
        },
        other => store_error(directory, other.into()),
    }
}

fn store_error(directory: &Path, error: redb::Error) -> Error {
    let path = directory.to_owned();
    match error {
        redb::Error::Io(source) if damaged_kind(source.kind()) => Error::Damaged {
            path,
            what: source.to_string(),
        },
        redb::Error::Io(source) => Error::Io {
            path: path.join(FILE),
            doing: "reading or writing the catalog",
            source,
        },
        redb::Error::PreviousIo => Error::Io {
            path: path.join(FILE),
            doing: "writing the catalog",
            source: std::io::Error::other(
                "writing failed before; the catalog must be opened again",
            ),
        },
        redb::Error::DatabaseAlreadyOpen => Error::Locked(path),
        other => Error::Damaged {
            path,
            what: other.to_string(),
        },
    }
}

/// Whether an I/O error speaks of the file's contents rather than the disk.
fn damaged_kind(kind: std::io::ErrorKind) -> bool {
    use std::io::ErrorKind;
    matches!(kind, ErrorKind::InvalidData | ErrorKind::UnexpectedEof)
}
