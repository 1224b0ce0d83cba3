//! A file system that fails.

use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use assort_files::{Disk, Files, NewFile};

/// How the file system fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// One operation fails.
    Once,
    /// One operation fails, but has an effect: a write of a part, a rename.
    Late,
    /// Nothing works from then on.
    Dead,
    /// Nothing works from then on; a first part of the failing write still
    /// reaches the disk.
    Torn,
    /// No byte can be written from then on; a first part of the failing write
    /// still reaches the disk. Files can be removed.
    Full,
}

/// Bytes that a write takes at most, so that everything takes several.
const SHORT_WRITE: usize = 3000;

/// The disk, until its `n`th operation fails. Clones share the count.
#[derive(Clone)]
pub struct Failing(Arc<State>);

struct State {
    fault: Fault,
    at: usize,
    done: AtomicUsize,
    log: Mutex<Vec<&'static str>>,
}

impl Failing {
    /// Fails at an operation, counted from 0.
    pub fn new(fault: Fault, at: usize) -> Self {
        Self(Arc::new(State {
            fault,
            at,
            done: AtomicUsize::new(0),
            log: Mutex::default(),
        }))
    }

    /// Never fails, and remembers what was done.
    pub fn never() -> Self {
        Self::new(Fault::Once, usize::MAX)
    }

    /// The operations so far, those that failed included: `create`, `write`,
    /// `head`, `sync`, `rename` and `remove`.
    pub fn log(&self) -> Vec<&'static str> {
        let log = self.0.log.lock();
        log.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts an operation; true if it is to fail.
    fn fails(&self, operation: &'static str) -> bool {
        let log = self.0.log.lock();
        log.unwrap_or_else(PoisonError::into_inner).push(operation);
        let turn = self.0.done.fetch_add(1, Ordering::SeqCst);
        match self.0.fault {
            Fault::Once | Fault::Late => turn == self.0.at,
            Fault::Dead | Fault::Torn => turn >= self.0.at,
            Fault::Full => turn >= self.0.at && operation != "remove",
        }
    }

    fn error(&self) -> io::Error {
        match self.0.fault {
            Fault::Full => ErrorKind::StorageFull.into(),
            _ => io::Error::other("the test lets this fail"),
        }
    }

    fn try_to(&self, operation: &'static str) -> io::Result<()> {
        if self.fails(operation) {
            return Err(self.error());
        }
        Ok(())
    }
}

impl Files for Failing {
    fn create(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        self.try_to("create")?;
        Ok(Box::new(FailingFile {
            files: self.clone(),
            file: Disk.create(path)?,
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let tried = self.try_to("rename");
        if tried.is_ok() || self.0.fault == Fault::Late {
            Disk.rename(from, to)?;
        }
        tried
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.try_to("remove")?;
        Disk.remove(path)
    }
}

struct FailingFile {
    files: Failing,
    file: Box<dyn NewFile>,
}

impl Write for FailingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let bytes = &bytes[..bytes.len().min(SHORT_WRITE)];
        let tried = self.files.try_to("write");
        if tried.is_err() && !matches!(self.files.0.fault, Fault::Once | Fault::Dead) {
            // What reaches the disk before the failure is the test's, whether
            // that works or not.
            let _ = self.file.write_all(&bytes[..bytes.len() / 2]);
        }
        tried?;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl NewFile for FailingFile {
    fn write_head(&mut self, bytes: &[u8]) -> io::Result<()> {
        let tried = self.files.try_to("head");
        if tried.is_err() {
            let _ = self.file.write_head(&bytes[..bytes.len() / 2]);
        }
        tried?;
        self.file.write_head(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.files.try_to("sync")?;
        self.file.sync()
    }
}
