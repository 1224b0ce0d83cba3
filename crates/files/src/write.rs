//! Writing a file under another name, and naming it when it is durable.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{Error, Files, NewFile, Result};

/// Ending of the name of a file that is not whole yet.
const DRAFT: &str = "new";

/// Writes a file durably: `fill` writes its bytes under another name, they are
/// synced, and then the file gets its own name, in place of an older one.
/// After an error the older file is there as it was; so it is after a crash,
/// with a draft beside it that [`is_draft`] tells.
///
/// # Errors
/// An [`Error`] that names the file and what was being done. What `fill`
/// returns is its source.
pub fn write(
    files: &dyn Files,
    path: &Path,
    fill: impl FnOnce(&mut dyn NewFile) -> io::Result<()>,
) -> Result<()> {
    let draft = draft(path);
    let written = files
        .create(&draft)
        .map_err(Error::of(path, "making the file"))
        .and_then(|mut file| {
            fill(file.as_mut())
                .and_then(|()| file.sync())
                .map_err(Error::of(path, "writing the file"))
        });
    let named = written.and_then(|()| {
        let renamed = files.rename(&draft, path);
        renamed.map_err(Error::of(path, "naming the file"))
    });
    if named.is_err() {
        // The error of the write is the one to tell.
        let _ = files.remove(&draft);
    }
    named
}

/// Writes bytes durably under a name; see [`write()`].
///
/// # Errors
/// An [`Error`] that names the file and what was being done.
pub fn save(files: &dyn Files, path: &Path, bytes: &[u8]) -> Result<()> {
    write(files, path, |file| file.write_all(bytes))
}

/// Reads a whole file.
///
/// # Errors
/// An [`Error`] that names the file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(Error::of(path, "reading the file"))
}

/// Whether a file is one that [`write()`] had not finished. If no other process
/// writes there, it may be removed.
pub fn is_draft(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == DRAFT)
}

/// A name that no other writer of `path` uses at the same time.
fn draft(path: &Path) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    path.with_added_extension(format!("{}-{count}.{DRAFT}", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Disk, Map};

    #[test]
    fn a_file_is_replaced_as_a_whole_and_no_draft_is_left() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        save(&Disk, &path, b"first").unwrap();
        let mapped = Map::open(&path).unwrap();
        save(&Disk, &path, b"second").unwrap();
        assert_eq!(&*mapped, b"first");
        assert_eq!(read(&path).unwrap(), b"second");
        let failed = write(&Disk, &path, |file| {
            file.write_all(b"thi")?;
            Err(io::Error::other("no more"))
        });
        let error = failed.unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("writing the file failed: no more")
        );
        assert!(error.to_string().starts_with(path.to_str().unwrap()));
        assert_eq!(read(&path).unwrap(), b"second");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_file_is_told_from_others() {
        let directory = tempfile::tempdir().unwrap();
        let missing = Map::open(&directory.path().join("none")).err().unwrap();
        assert_eq!(missing.source.kind(), io::ErrorKind::NotFound);
        let no_folder = directory.path().join("none/file");
        let error = save(&Disk, &no_folder, b"").unwrap_err();
        assert_eq!(error.doing, "making the file");
        assert_eq!(error.path, no_folder);
    }

    #[test]
    fn an_empty_file_is_mapped() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("empty");
        save(&Disk, &path, b"").unwrap();
        assert_eq!(Map::open(&path).unwrap().len(), 0);
    }

    #[test]
    fn a_draft_is_told_by_its_name() {
        assert!(is_draft(&draft(Path::new("segments/1.seg"))));
        assert!(!is_draft(Path::new("segments/1.seg")));
    }
}
