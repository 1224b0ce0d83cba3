//! Sharded catalogs that `assort serve` serves: each version as one catalog of this machine.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use assort::core::text_hash;
use assort::{Catalog, Error, Observer, Pack};
use assort_replica::sharded::{Sharded, Version};
use assort_server::{Followed, Opened};

use super::sharded::open;
use crate::args::{EmbedderArgs, Global};
use crate::embedder;
use crate::failure::Failure;
use crate::hints::sharded as hints;
use crate::progress::Console;

/// What the names of directories of versions begin with.
const VERSION: &str = "version-";

/// A sharded catalog, and what is served of it.
struct Serving {
    name: String,
    sharded: Sharded,
    folder: PathBuf,
    global: Global,
    served: Option<Version>,
    /// Held for as long as its folder is used.
    _lock: File,
}

/// The last version of a sharded catalog, and what follows it.
pub(super) fn serve(
    name: &str,
    url: &str,
    poll: Duration,
    global: &Global,
) -> Result<(Opened, Followed), Failure> {
    let mut serving = Serving::new(name, url, global)?;
    // What has come is kept; once it serves, signals are the server's.
    let mut console = Console::heedless(global.quiet);
    let opened = serving.next(&mut console)?;
    console.finish();
    let opened = opened.ok_or_else(|| Failure::Failed(hints::no_version(url)))?;
    let followed = Followed {
        name: name.to_owned(),
        every: poll,
        next: Box::new(move || serving.next(&mut ()).map_err(Failure::message)),
    };
    Ok((opened, followed))
}

/// Fails unless there is something to serve.
pub(super) fn check(url: &str, global: &Global) -> Result<(), Failure> {
    folder(url, global)?;
    match open(url)?.last()? {
        Some(_) => Ok(()),
        None => Err(Failure::Failed(hints::no_version(url))),
    }
}

/// Where a sharded catalog is kept.
fn folder(url: &str, global: &Global) -> Result<PathBuf, Failure> {
    let cache = global.cache.as_ref();
    let cache = cache.ok_or_else(|| Failure::Usage(hints::needs_a_cache(url)))?;
    Ok(cache
        .join("sharded")
        .join(format!("{:032x}", text_hash(url))))
}

impl Serving {
    fn new(name: &str, url: &str, global: &Global) -> Result<Self, Failure> {
        let folder = folder(url, global)?;
        let sharded = open(url)?;
        let lock = lock(&folder)?;
        Ok(Self {
            name: name.to_owned(),
            sharded,
            folder,
            global: global.clone(),
            served: None,
            _lock: lock,
        })
    }

    /// The last version, unless it is served already.
    fn next(&mut self, observer: &mut dyn Observer) -> Result<Option<Opened>, Failure> {
        let number = self.sharded.versions()?.pop();
        let served = self.served.as_ref();
        let Some(number) = number.filter(|number| served.is_none_or(|one| one.number != *number))
        else {
            return Ok(None);
        };
        let version = self.sharded.version(number)?;
        let kept: Vec<&Version> = served.into_iter().chain([&version]).collect();
        // What was served before the last time is open nowhere any more.
        self.sweep(&kept);
        let directory = self.directory(&version);
        if !directory.exists() {
            self.sharded
                .assemble(&version, &self.folder, &directory, observer)?;
        }
        let opened = self.open(&version, &directory, observer)?;
        self.served = Some(version);
        Ok(Some(opened))
    }

    fn open(
        &self,
        version: &Version,
        directory: &Path,
        observer: &mut dyn Observer,
    ) -> Result<Opened, Failure> {
        // Written to by nobody but the catalog itself, which merges its segments meanwhile:
        // each costs a search as much as all of them in one.
        let catalog = Catalog::open(directory)?;
        let pack = version.pack();
        let pack = pack.map(|pack| self.sharded.fetch_pack(pack, &self.folder, observer));
        let pack = pack.transpose()?.map(|path| {
            let pack = Pack::open(path)?;
            embedder::of_pack(pack, &EmbedderArgs::default(), &self.global)
        });
        Ok(Opened {
            name: self.name.clone(),
            catalog: embedder::of_catalog(catalog, &EmbedderArgs::default(), &self.global)?,
            read_only: true,
            teacher: embedder::open_teacher(&self.global),
            start: None,
            pack: pack.transpose()?,
            fetches_pictures: false,
        })
    }

    fn directory(&self, version: &Version) -> PathBuf {
        self.folder.join(format!("{VERSION}{}", version.number))
    }

    /// Removes what no version of these needs.
    fn sweep(&self, kept: &[&Version]) {
        self.sharded.sweep(kept, &self.folder);
        let own: Vec<PathBuf> = kept.iter().map(|version| self.directory(version)).collect();
        let entries = std::fs::read_dir(&self.folder)
            .into_iter()
            .flatten()
            .flatten();
        for entry in entries.filter(|entry| !own.contains(&entry.path())) {
            if entry.file_name().to_string_lossy().starts_with(VERSION) {
                // What cannot go stays.
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// Takes a folder for this process alone.
fn lock(folder: &Path) -> Result<File, Failure> {
    let failed = |source| Error::Io {
        path: folder.to_owned(),
        doing: "taking the folder for shards",
        source,
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let file = File::create(folder.join(".lock")).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failure::Failed(hints::cache_in_use(folder))),
        Err(TryLockError::Error(error)) => Err(failed(error).into()),
    }
}
