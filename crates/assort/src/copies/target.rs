//! The directory that a copy is made in.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use assort_files::sync_directory;

use super::hash;
use super::manifest::{FOLDERS, follows, name_announced, path_of, settle};
use super::{CopiedFile, CopyOptions, CopyReport, HeldFile, Manifest};
use crate::store::FILE;
use crate::{Error, Result};

/// File that whoever makes a copy holds locked.
const LOCK: &str = "copy.lock";

/// Ending of files that are not whole yet.
pub(super) const PART: &str = "part";

/// A directory that nobody else makes a copy in.
pub(crate) struct Target {
    pub(super) directory: PathBuf,
    /// The earlier copy that is there.
    pub(super) known: Option<Manifest>,
    options: CopyOptions,
    pub(super) report: CopyReport,
    _lock: File,
}

impl Target {
    /// Takes a directory, which is made, or empty, or has a copy or the beginning
    /// of one.
    pub(crate) fn open(directory: &Path, options: CopyOptions) -> Result<Self> {
        let io = |doing| failed(directory, doing);
        std::fs::create_dir_all(directory).map_err(io("making the directory"))?;
        let mut names = std::fs::read_dir(directory).map_err(io("listing the directory"))?;
        let lock = directory.join(LOCK);
        if Manifest::of(directory)?.is_none() {
            if directory.join(FILE).exists() {
                return Err(Error::AlreadyACatalog(directory.to_owned()));
            }
            // Looked at in this order: whoever makes a copy makes the lock first.
            if names.next().is_some() && !lock.exists() {
                return Err(Error::OtherCopy {
                    path: directory.to_owned(),
                    what: "it has other files in it".to_owned(),
                });
            }
        }
        let mut open = File::options();
        open.create(true).write(true).truncate(false);
        let held = open.open(&lock).map_err(failed(&lock, "making the lock"))?;
        match held.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Locked(directory.to_owned())),
            Err(TryLockError::Error(source)) => {
                return Err(failed(&lock, "locking the copy")(source));
            }
        }
        settle(directory).map_err(io("naming the manifest"))?;
        Ok(Self {
            directory: directory.to_owned(),
            known: Manifest::of(directory)?,
            options,
            report: CopyReport::default(),
            _lock: held,
        })
    }

    /// Refuses to put a commit in place of one of another catalog, or of a later
    /// one; tells whether the copy is of it already.
    pub(crate) fn check(&self, catalog: Option<u128>, commit: u64) -> Result<bool> {
        let Some(known) = &self.known else {
            return Ok(false);
        };
        let follows = follows(catalog, commit, known);
        follows.map_err(|what| Error::OtherCopy {
            path: self.directory.clone(),
            what,
        })?;
        Ok(known.commit == commit && !self.options.verify)
    }

    /// Makes the folder that a file is in.
    pub(super) fn make_folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.directory.join(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed(folder, "making the folder"))?;
        }
        Ok(path)
    }

    /// What the earlier copy says of a file that is there still with the same size.
    fn believed(&self, path: &Path, name: &str, size: u64) -> Option<u128> {
        let known = self.known.as_ref()?.file(name)?;
        let there = std::fs::metadata(path).ok()?.len();
        (known.size == size && there == size && !self.options.verify).then_some(known.digest)
    }

    /// Whether the file of a manifest is there: it is believed if the earlier copy
    /// has it, and read otherwise.
    pub(super) fn has(&self, file: &CopiedFile) -> Result<bool> {
        let path = self.directory.join(&file.name);
        if self.believed(&path, &file.name, file.size) == Some(file.digest) {
            return Ok(true);
        }
        match hash::matches(&path, file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            other => other.map_err(failed(&path, "reading the file")),
        }
    }

    /// Refuses a file that differs from the earlier copy's of that name: files never
    /// change under their names, so that it is another catalog's.
    pub(super) fn check_same(&self, file: &CopiedFile) -> Result<()> {
        let known = self.known.as_ref().and_then(|known| known.file(&file.name));
        match known {
            Some(known) if !file.is_store() && known.digest != file.digest => {
                Err(Error::OtherCopy {
                    path: self.directory.clone(),
                    what: format!(
                        "its {} differs from the catalog's, so one of them is damaged, or the catalog has gone another way since",
                        file.name
                    ),
                })
            }
            _ => Ok(()),
        }
    }

    /// Puts a file of a catalog here, by a link if that can be and a copy otherwise.
    /// `follow` is told of bytes that are done, and stops it.
    pub(crate) fn place(
        &mut self,
        held: &HeldFile,
        follow: &mut dyn FnMut(u64) -> bool,
    ) -> Result<CopiedFile> {
        let path = self.make_folder(&held.name)?;
        let known = self.believed(&path, &held.name, held.size);
        let digest = match known.filter(|_| is_same(&held.file, &path)) {
            Some(digest) => {
                self.report.kept += 1;
                follow(held.size);
                digest
            }
            None => self.bring(held, &path, follow)?,
        };
        let file = CopiedFile {
            name: held.name.clone(),
            size: held.size,
            digest,
        };
        self.check_same(&file)?;
        Ok(file)
    }

    /// Puts a file here that is not known to be.
    fn bring(
        &mut self,
        held: &HeldFile,
        path: &Path,
        follow: &mut dyn FnMut(u64) -> bool,
    ) -> Result<u128> {
        let read = |file: &mut dyn io::Write, follow: &mut dyn FnMut(u64) -> bool| {
            let copied = hash::copy(&mut Positioned::new(&held.file), file, follow);
            copied.map_err(failed(&held.path, "copying the file"))
        };
        if path.exists() {
            let (digest, size) = read(&mut io::sink(), &mut |_| true)?.unwrap_or_default();
            let file = CopiedFile {
                name: held.name.clone(),
                size,
                digest,
            };
            self.check_same(&file)?;
            if self.has(&file)? {
                self.report.kept += 1;
                follow(size);
                return Ok(digest);
            }
        }
        let part = path.with_added_extension(PART);
        remove(&part)?;
        if self.options.links && link(held, &part) {
            let Some((digest, _)) = read(&mut io::sink(), follow)? else {
                return Err(Error::Interrupted);
            };
            std::fs::rename(&part, path).map_err(failed(path, "naming the file"))?;
            self.report.linked += 1;
            return Ok(digest);
        }
        let mut out = File::create(&part).map_err(failed(&part, "making the file"))?;
        let copied = hash::copy(&mut Positioned::new(&held.file), &mut out, follow);
        let Some((digest, size)) = copied.map_err(failed(&part, "copying the file"))? else {
            return Err(Error::Interrupted);
        };
        self.name_part(out, &part, path)?;
        self.report.copied += 1;
        self.report.bytes += size;
        Ok(digest)
    }

    /// Makes a file durable that is whole, and gives it its name.
    pub(super) fn name_part(&self, part: File, at: &Path, path: &Path) -> Result<()> {
        part.sync_all().map_err(failed(at, "syncing the file"))?;
        std::fs::rename(at, path).map_err(failed(path, "naming the file"))
    }

    /// Makes the copy that of `manifest`: its files are here, and its store is
    /// `store`, under another name.
    pub(crate) fn switch(mut self, manifest: &Manifest, store: &Path) -> Result<CopyReport> {
        self.sync_folders()?;
        manifest.announce(&self.directory)?;
        self.name_store(store)?;
        let directory = &self.directory;
        let named = name_announced(directory).and_then(|()| sync_directory(directory));
        named.map_err(failed(&path_of(directory), "naming the manifest"))?;
        self.sweep(manifest);
        self.report.commit = manifest.commit;
        self.report.size = manifest.size();
        Ok(self.report)
    }

    /// Makes the directory a catalog of its own: its files are here, and its store
    /// is `store`, under another name.
    pub(super) fn release(mut self, manifest: &Manifest, store: &Path) -> Result<CopyReport> {
        self.sync_folders()?;
        self.name_store(store)?;
        self.sweep(manifest);
        // What stays does no harm.
        let _ = std::fs::remove_file(self.directory.join(LOCK));
        self.report.commit = manifest.commit;
        self.report.size = manifest.size();
        Ok(self.report)
    }

    fn sync_folders(&self) -> Result<()> {
        for (folder, _) in FOLDERS {
            let folder = self.directory.join(folder);
            if folder.exists() {
                sync_directory(&folder).map_err(failed(&folder, "syncing the folder"))?;
            }
        }
        Ok(())
    }

    /// The one step by which the directory becomes a catalog, or that of another
    /// commit.
    fn name_store(&self, store: &Path) -> Result<()> {
        let path = self.directory.join(FILE);
        let named = std::fs::rename(store, &path).and_then(|()| sync_directory(&self.directory));
        named.map_err(failed(&path, "naming the catalog's file"))
    }

    /// Removes files that the copy does not name. What stays goes later.
    fn sweep(&self, manifest: &Manifest) {
        for (folder, endings) in FOLDERS {
            let entries = std::fs::read_dir(self.directory.join(folder));
            for entry in entries.into_iter().flatten().flatten() {
                let (path, name) = (entry.path(), entry.file_name());
                let ending = path.extension().and_then(|ending| ending.to_str());
                let ours = ending.is_some_and(|e| e == PART || endings.contains(&e));
                let name = format!("{folder}/{}", name.to_string_lossy());
                if ours && manifest.file(&name).is_none() {
                    let _ = std::fs::remove_file(path);
                }
            }
        }
        let entries = std::fs::read_dir(&self.directory);
        for path in entries.into_iter().flatten().flatten().map(|e| e.path()) {
            if path.extension().is_some_and(|ending| ending == PART) {
                let _ = std::fs::remove_file(path);
            }
        }
    }

    /// The report of a copy that is of its commit already.
    pub(crate) fn unchanged(mut self) -> CopyReport {
        if let Some(known) = &self.known {
            self.report.commit = known.commit;
            self.report.size = known.size();
            self.report.kept = known.files.len() as u64;
        }
        self.report
    }

    /// Where the store is made until it gets its name.
    pub(crate) fn store_part(&self) -> Result<PathBuf> {
        let part = self.directory.join(FILE).with_added_extension(PART);
        remove(&part)?;
        Ok(part)
    }

    /// Notes the store that was copied to `part`; gives it as a file of the copy.
    pub(crate) fn copied_store(&mut self, part: &Path) -> Result<CopiedFile> {
        let (digest, size) = hash::of(part).map_err(failed(part, "reading the file"))?;
        self.report.copied += 1;
        self.report.bytes += size;
        Ok(CopiedFile {
            name: FILE.to_owned(),
            size,
            digest,
        })
    }
}

/// Gives a held file a second name, where the file system can; whether it could.
fn link(held: &HeldFile, part: &Path) -> bool {
    if std::fs::hard_link(&held.path, part).is_err() {
        return false;
    }
    // The name may have gone to another file meanwhile.
    let same = is_same(&held.file, part);
    if !same {
        let _ = std::fs::remove_file(part);
    }
    same
}

/// Whether an open file is the one of that name.
#[cfg(unix)]
fn is_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (ours, theirs) = (file.metadata(), std::fs::metadata(path));
    matches!((ours, theirs), (Ok(a), Ok(b)) if (a.dev(), a.ino()) == (b.dev(), b.ino()))
}

#[cfg(not(unix))]
fn is_same(_: &File, _: &Path) -> bool {
    // Nobody knows, so it is copied.
    false
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(failed(path, "removing an unfinished file")),
    }
}

/// Turns what the system said about `path` into an error.
pub(super) fn failed(path: &Path, doing: &'static str) -> impl Fn(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io {
        path: path.clone(),
        doing,
        source,
    }
}

/// Reads an open file from its beginning, whoever else reads it.
struct Positioned<'f>(&'f File, bool);

impl<'f> Positioned<'f> {
    fn new(file: &'f File) -> Self {
        Self(file, false)
    }
}

impl io::Read for Positioned<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut file = self.0;
        if !self.1 {
            io::Seek::seek(&mut file, io::SeekFrom::Start(0))?;
            self.1 = true;
        }
        file.read(buffer)
    }
}
