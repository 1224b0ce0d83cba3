//! A copy that is kept for as long as somebody reads it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::target::failed;
use super::{CopyReport, Manifest};
use crate::{Error, Result};

/// Folder of snapshots in a catalog's directory, where they can share its files.
const FOLDER: &str = "snapshots";

/// Ending of the files that say whether a snapshot is held.
const LOCK: &str = "lock";

/// A copy of one commit in the catalog's own directory, which shares its files. It is
/// removed when it is dropped. [`Catalog::snapshot`](crate::Catalog::snapshot) makes it.
#[derive(Debug)]
pub struct Snapshot {
    directory: PathBuf,
    manifest: Manifest,
    _lock: Lock,
}

/// A file that is locked for as long as its snapshot is held, so that what a killed
/// process left can be told.
#[derive(Debug)]
struct Lock {
    path: PathBuf,
    _file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.path.with_extension(""));
        let _ = std::fs::remove_file(&self.path);
        if let Some(folder) = self.path.parent() {
            // Where others are held, it stays.
            let _ = std::fs::remove_dir(folder);
        }
    }
}

impl Lock {
    /// Makes the file; none if it was taken for what a killed process left.
    fn new(path: &Path) -> io::Result<Option<Self>> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = match File::create_new(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        file.lock()?;
        Ok(path.exists().then(|| Self {
            path: path.to_owned(),
            _file: file,
        }))
    }
}

impl Snapshot {
    /// Removes what killed processes left of snapshots of the catalog in a directory;
    /// those that are held stay.
    pub fn sweep(directory: &Path) {
        let folder = directory.join(FOLDER);
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            if path.extension().is_none_or(|ending| ending != LOCK) {
                continue;
            }
            if let Ok(file) = File::open(&path)
                && file.try_lock().is_ok()
            {
                drop(Lock { path, _file: file });
            }
        }
    }

    /// Makes room in a catalog's directory, which `fill` puts a copy in.
    pub(crate) fn make(
        directory: &Path,
        commit: u64,
        fill: impl FnOnce(&Path) -> Result<CopyReport>,
    ) -> Result<Self> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let since = since.map_or(0, |since| since.as_nanos());
        let id = format!("{commit}-{since:x}");
        let directory = directory.join(FOLDER).join(id);
        let path = directory.with_extension(LOCK);
        let lock = loop {
            let made = Lock::new(&path);
            if let Some(lock) = made.map_err(failed(&path, "making a snapshot"))? {
                break lock;
            }
        };
        fill(&directory)?;
        let manifest = Manifest::of(&directory)?;
        Ok(Self {
            manifest: manifest.ok_or_else(|| Error::NotACopy(directory.clone()))?,
            directory,
            _lock: lock,
        })
    }

    /// What tells it from other snapshots of the catalog: letters, digits and a hyphen.
    pub fn id(&self) -> &str {
        let name = self.directory.file_name();
        name.and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// The files it has.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Where they are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}
