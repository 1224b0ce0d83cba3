//! The truth of a catalog, in one transactional file.
//!
//! One process writes and any number read at the same time; a reader sees the
//! state of one commit. Every record starts with the version of its type. The
//! file is written anew when little of it is used: see `docs/store-format.md`.

mod absorb;
mod builder;
mod codec;
mod columns;
mod copy;
mod failure;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod handle;
mod ids;
mod pictures;
mod read;
pub(crate) mod records;
mod recovered;
mod rewrite;
mod sealed;
mod segment_files;
mod tables;
#[cfg(test)]
mod tests;
mod verify;
mod write;

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use redb::WriteTransaction;

pub(crate) use absorb::Taken;
pub(crate) use columns::Filed;
pub(crate) use ids::Ids;
pub(crate) use pictures::picture_hash;
pub(crate) use read::{Commit, Counts, Epoch, Reader, check_tree};
pub(crate) use records::{
    ArchivedProductRecord, ColumnsRecord, DecisionRecord, FamiliarityRecord, ModelRecord,
    ProductRecord, SpaceRecord, TuningRecord, category_bytes, category_of,
};
pub(crate) use sealed::NewSegment;
pub(crate) use segment_files::SegmentFiles;
pub(crate) use tables::FORMAT;
pub(crate) use write::{Put, Writer};

use builder::builder;
use codec::Unreadable;
use failure::{database_error, guarded, store_error, unreadable};
use handle::{Access, Handle};

use crate::locks::{read, write};
use crate::{Error, Result};

/// Name of the file in a catalog's directory.
pub(crate) const FILE: &str = "catalog.redb";

/// Name of a file that is not whole yet: of a new catalog, or of one whose file
/// is written anew.
const DRAFT: &str = "catalog.redb.new";

/// An open store file.
pub(crate) struct Store {
    directory: PathBuf,
    /// The file that has the name: another one after it was written anew.
    handle: RwLock<Arc<Handle>>,
    writes: bool,
    /// Held while the file is written anew.
    rewriting: Mutex<()>,
    /// Whether much may have become free since it was last looked at.
    released: AtomicBool,
    /// Whether the name of the file may not be on disk yet.
    unsynced: AtomicBool,
    /// Whether commits note which rows they touch, though there are no columns yet.
    noting: AtomicBool,
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
        let draft = directory.join(DRAFT);
        if draft.exists() {
            std::fs::remove_file(&draft).map_err(io("removing an unfinished catalog"))?;
        }
        let database = builder()
            .create(&draft)
            .map_err(|e| database_error(directory, e))?;
        let handle = Handle::named(database, &draft).map_err(io("making the catalog"))?;
        let store = Self::on(directory, handle);
        store.write_to(&draft, fill)?;
        drop(store);
        std::fs::rename(&draft, &file).map_err(io("naming the catalog"))?;
        let store = Self::open(directory)?;
        store.sync_name()?;
        Ok(store)
    }

    /// Opens a store for writing, and removes what a kill has left beside it.
    pub(crate) fn open(directory: &Path) -> Result<Self> {
        let file = existing_file(directory)?;
        let handle = guarded(directory, || {
            Handle::open(&file).map_err(|e| database_error(directory, e))
        })?;
        let store = Self::on(directory, handle);
        store.check_format()?;
        // This process is the one that writes: nobody is at work on a draft.
        let _ = std::fs::remove_file(directory.join(DRAFT));
        // A writer that was killed may have given the file its name just before.
        store.unsynced.store(true, Ordering::Relaxed);
        Ok(store)
    }

    /// Opens a store for reading, while at most one other process writes.
    pub(crate) fn open_read_only(directory: &Path) -> Result<Self> {
        let store = Self::on(directory, Self::open_reader(directory, true)?);
        store.check_format()?;
        Ok(store)
    }

    /// Opens the file that has the name now for reading.
    fn open_reader(directory: &Path, repairs: bool) -> Result<Handle> {
        let file = existing_file(directory)?;
        guarded(directory, || {
            Handle::open_read_only(&file, repairs).map_err(|e| database_error(directory, e))
        })
    }

    fn on(directory: &Path, handle: Handle) -> Self {
        Self {
            directory: directory.to_owned(),
            writes: handle.is_writer(),
            handle: RwLock::new(Arc::new(handle)),
            rewriting: Mutex::new(()),
            // An older program may have left much.
            released: AtomicBool::new(true),
            unsynced: AtomicBool::new(false),
            noting: AtomicBool::new(false),
        }
    }

    fn check_format(&self) -> Result<()> {
        let found = self.read()?.format()?;
        if found > FORMAT {
            return Err(Error::NewerFormat {
                path: self.directory.clone(),
                found,
                supported: FORMAT,
            });
        }
        Ok(())
    }

    /// Whether this process may write.
    pub(crate) fn is_writer(&self) -> bool {
        self.writes
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    fn file(&self) -> PathBuf {
        self.directory.join(FILE)
    }

    /// Bytes of the file on disk.
    pub(crate) fn size(&self) -> u64 {
        std::fs::metadata(self.file()).map_or(0, |metadata| metadata.len())
    }

    fn handle(&self) -> Arc<Handle> {
        Arc::clone(&read(&self.handle))
    }

    /// The file that has the name now; another process may have written it anew.
    fn current(&self) -> Result<Arc<Handle>> {
        let handle = self.handle();
        if self.writes || handle.is_current(&self.file()) {
            return Ok(handle);
        }
        let fresh = Arc::new(Self::open_reader(&self.directory, true)?);
        *write(&self.handle) = Arc::clone(&fresh);
        Ok(fresh)
    }

    /// The state of the last commit.
    pub(crate) fn read(&self) -> Result<Reader<'_>> {
        let handle = self.current()?;
        let transaction = self.guarded(|| handle.begin_read().map_err(|e| self.failed(e)))?;
        Ok(Reader::new(self, handle, transaction))
    }

    /// Runs `change` in one transaction: all of it is durable when this
    /// returns, or none of it happened. Gives the number of the commit too.
    pub(crate) fn write<T>(
        &self,
        change: impl FnOnce(&mut Writer<'_>) -> Result<T>,
    ) -> Result<(T, u64)> {
        self.write_to(&self.file(), change)
    }

    /// [`Self::write`], where the store's file has that name.
    fn write_to<T>(
        &self,
        file: &Path,
        change: impl FnOnce(&mut Writer<'_>) -> Result<T>,
    ) -> Result<(T, u64)> {
        self.guarded(|| {
            let (handle, transaction) = self.begin_write()?;
            self.sync_name()?;
            let mut writer = Writer::new(self, &transaction);
            let result = change(&mut writer)?;
            let version = writer.finish()?;
            // What goes to a file that was deleted is lost with it.
            handle.check_name(file).map_err(|source| Error::Io {
                path: file.to_owned(),
                doing: "looking for the file that is written to",
                source,
            })?;
            transaction.commit().map_err(|e| self.failed(e))?;
            Ok((result, version))
        })
    }

    /// Begins a transaction on the file that has the name; no other begins, and
    /// the name goes to no other file, until it ends.
    fn begin_write(&self) -> Result<(Arc<Handle>, WriteTransaction)> {
        loop {
            let handle = self.handle();
            let Access::Write(database) = &handle.access else {
                return Err(Error::ReadOnly);
            };
            let transaction = database.begin_write().map_err(|e| self.failed(e))?;
            // It may have waited for one in which the name went to another file.
            if Arc::ptr_eq(&handle, &self.handle()) {
                return Ok((handle, transaction));
            }
            transaction.abort().map_err(|e| self.failed(e))?;
        }
    }

    /// Makes the file's name durable before anything is acknowledged that is in
    /// the file of that name only.
    fn sync_name(&self) -> Result<()> {
        if !self.unsynced.load(Ordering::Acquire) {
            return Ok(());
        }
        sync_directory(&self.directory).map_err(|source| Error::Io {
            path: self.directory.clone(),
            doing: "syncing the directory",
            source,
        })?;
        self.unsynced.store(false, Ordering::Release);
        Ok(())
    }

    /// Has commits that begin from here on note which rows they touch.
    pub(crate) fn note_touched(&self) {
        self.noting.store(true, Ordering::Release);
    }

    fn notes_touched(&self) -> bool {
        self.noting.load(Ordering::Acquire)
    }

    /// Notes that much of the file may be free once a transaction is committed.
    pub(crate) fn note_released(&self) {
        self.released.store(true, Ordering::Relaxed);
    }

    fn guarded<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        guarded(&self.directory, work)
    }

    /// The error of this crate for one of the store's.
    fn failed(&self, error: impl Into<redb::Error>) -> Error {
        store_error(&self.directory, error.into())
    }

    /// The error for something that does not fit together.
    fn damaged(&self, what: impl Into<String>) -> Error {
        Error::Damaged {
            path: self.directory.clone(),
            what: what.into(),
        }
    }

    /// The error for a value that cannot be read.
    fn unreadable(&self, place: impl Display, why: impl Into<Unreadable>) -> Error {
        unreadable(&self.directory, place, why.into())
    }
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
