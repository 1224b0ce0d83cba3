//! Shards on this machine, and a catalog of all of them.

use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assort::copies::{CopyOptions, Folder, Source, replicate};
use assort::{Catalog, CombineReport, Error, Observer, Pack, Result};

use tempfile::NamedTempFile;

use super::{PACKS, SHARDS, Shard, Sharded, Version, digest, pack_name};

/// How often a shard is looked at that another process is fetching.
const POLL: Duration = Duration::from_millis(100);

/// Where files are that are locked while a shard is fetched.
const LOCKS: &str = "locks";

/// Ending of what is not whole yet.
const PART: &str = "part";

impl Sharded {
    /// A shard as a copy of a catalog in the folder `cache`, which is fetched unless it is
    /// there. Many processes may ask for the same: one fetches it, and others wait.
    ///
    /// # Errors
    /// [`Error::Copy`] if it is not what the version says, and as [`replicate`].
    pub fn fetch(
        &self,
        shard: &Shard,
        cache: &Path,
        observer: &mut dyn Observer,
    ) -> Result<PathBuf> {
        let to = cache.join(SHARDS).join(&shard.name);
        let is_there = |to: &Path| match Folder::new(to).manifest() {
            Ok(known) => Ok(digest(&known) == shard.digest),
            Err(Error::NotACopy(_)) => Ok(false),
            Err(error) => Err(error),
        };
        let locks = cache.join(LOCKS);
        make_folder(&cache.join(SHARDS))?;
        make_folder(&locks)?;
        let _turn = turn(&locks.join(&shard.name), observer)?;
        if !is_there(&to)? {
            let mut objects = self.shard(&shard.name);
            replicate(&mut objects, &to, CopyOptions::default(), observer)?;
            if !is_there(&to)? {
                return Err(Error::Copy {
                    path: self.place.file_of(SHARDS).join(&shard.name),
                    what: "it is not what its version says".to_owned(),
                });
            }
        }
        Ok(to)
    }

    /// Makes one catalog of a version in `directory`, which must not be there: its shards are
    /// fetched to the folder `cache`, where those that are there are not fetched again, and
    /// combined.
    ///
    /// # Errors
    /// [`Error::AlreadyACatalog`], and as [`Self::fetch`] and [`Catalog::combine`].
    pub fn assemble(
        &self,
        version: &Version,
        cache: &Path,
        directory: &Path,
        observer: &mut dyn Observer,
    ) -> Result<CombineReport> {
        if directory.exists() {
            return Err(Error::AlreadyACatalog(directory.to_owned()));
        }
        let shards = version.shards.iter();
        let shards = shards.map(|shard| self.fetch(shard, cache, observer));
        let shards = shards.collect::<Result<Vec<_>>>()?;
        let parts = shards.iter().map(Catalog::open_read_only);
        let parts = parts.collect::<Result<Vec<_>>>()?;
        let draft = directory.with_added_extension(PART);
        remove(&draft)?;
        let report = Catalog::combine(&draft, &parts, observer)?;
        fs::rename(&draft, directory).map_err(failed(directory, "naming the catalog"))?;
        Ok(report)
    }

    /// The pack of that digest as a file in the folder `cache`.
    ///
    /// # Errors
    /// [`Error::NotACopy`] if it is not there, [`Error::Fetch`], [`Error::Io`].
    pub fn fetch_pack(
        &self,
        pack: u128,
        cache: &Path,
        observer: &mut dyn Observer,
    ) -> Result<PathBuf> {
        let name = pack_name(pack);
        let to = cache.join(&name);
        if !to.exists() {
            let folder = cache.join(PACKS);
            make_folder(&folder)?;
            let draft = NamedTempFile::new_in(&folder).map_err(failed(&folder, "making a file"))?;
            self.place.fetch(&name, draft.path(), &|| observer.stop())?;
            if Pack::open(draft.path())?.digest() != pack {
                let what = "it is another pack than its name says".to_owned();
                let path = self.place.file_of(&name);
                return Err(Error::Pack { path, what });
            }
            let named = draft.persist(&to);
            named.map_err(|error| failed(&to, "naming the pack")(error.error))?;
        }
        Ok(to)
    }

    /// Removes shards from a cache of which none of these versions consists.
    pub fn sweep(&self, versions: &[&Version], cache: &Path) {
        let shards = versions.iter().flat_map(|version| &version.shards);
        let shards: HashSet<&str> = shards.map(|shard| shard.name.as_str()).collect();
        let packs: HashSet<String> = versions
            .iter()
            .filter_map(|version| version.pack().map(pack_name))
            .collect();
        for (name, path) in entries(&cache.join(SHARDS)) {
            if !shards.contains(name.as_str()) {
                // What cannot go stays.
                let _ = fs::remove_dir_all(path);
            }
        }
        for (name, path) in entries(&cache.join(PACKS)) {
            if !packs.contains(&format!("{PACKS}/{name}")) {
                let _ = fs::remove_file(path);
            }
        }
    }
}

/// Waits until no other process fetches the same.
fn turn(path: &Path, observer: &dyn Observer) -> Result<File> {
    let io = |doing| failed(path, doing);
    let lock = File::create(path).map_err(io("making the lock"))?;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::WouldBlock) if observer.stop() => return Err(Error::Interrupted),
            Err(TryLockError::WouldBlock) => std::thread::sleep(POLL),
            Err(TryLockError::Error(error)) => return Err(io("locking the shard")(error)),
        }
    }
}

/// Names and paths of what is in a folder.
fn entries(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let named = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        Some((name, entry.path()))
    };
    entries.filter_map(named).collect()
}

fn make_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(failed(folder, "making the folder"))
}

fn remove(directory: &Path) -> Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(failed(directory, "removing what was not finished")),
    }
}

fn failed(path: &Path, doing: &'static str) -> impl Fn(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io {
        path: path.clone(),
        doing,
        source,
    }
}
