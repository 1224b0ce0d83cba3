//! Catalogs in an object store that are made of many, each by one task of a job.
//!
//! | object | what it is |
//! |---|---|
//! | `versions/NUMBER.json` | the shards of a version; the highest number is the last one |
//! | `shards/NAME/…` | a shard: a copy of a small catalog, see [`crate::Objects`] |
//! | `packs/DIGEST.pack` | the pack that its products were filed by |
//!
//! A task makes a catalog, and sends it under a name of its own ([`Sharded::put`]): nobody
//! sees it. Once all tasks are done, one process names their shards in a new version
//! ([`Sharded::commit`]), which is put only if nobody has put one of that number. So tasks
//! may be killed, tried again or run twice, and products are neither lost nor there twice.
//! What no version names is removed by [`Sharded::gc`].

mod fetch;
mod gc;
mod version;

use std::collections::HashSet;
use std::fmt;
use std::path::Path as FilePath;
use std::sync::Arc;

use assort::copies::{CopyOptions, Manifest, Source};
use assort::{Catalog, Error, Observer, Pack, Result};
use object_store::path::Path;
use object_store::{ObjectStore, PutMode};

use crate::objects::Objects;
use crate::place::{Place, environment};

pub use gc::GcReport;
pub use version::{Shard, ShardSpace, Version};

/// Where versions, shards and packs are.
const VERSIONS: &str = "versions";
const SHARDS: &str = "shards";
const PACKS: &str = "packs";

/// Shards that are looked at at once.
const CHECKS: usize = 16;

/// How often a version is put again where others put theirs at the same time.
const ATTEMPTS: usize = 20;

/// A sharded catalog in an object store, or the place for one.
///
/// ```no_run
/// # fn main() -> assort::Result<()> {
/// use assort::Catalog;
/// use assort_replica::sharded::{Commit, Sharded};
///
/// let sharded = Sharded::open("s3://shops/all")?;
/// // Each task:
/// let catalog = Catalog::open("/tmp/part-7")?;
/// let shard = sharded.put(&catalog, 7, "4f1c", None, &mut ())?;
/// // At the end, one process:
/// let version = sharded.commit(vec![shard], "job-1", Commit::Replace)?;
/// println!("version {} of {} products", version.number, version.products());
/// # Ok(())
/// # }
/// ```
pub struct Sharded {
    place: Place,
}

impl fmt::Debug for Sharded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sharded").field(&self.place).finish()
    }
}

/// What becomes of the shards of the version before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// They stay, before the new ones: products of the same id give way to those of later
    /// shards.
    Append,
    /// They are not named any more.
    Replace,
}

impl Sharded {
    /// The catalog at `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX`, `az://CONTAINER/PREFIX` or
    /// `file:///FOLDER`, with settings from the environment; see [`Objects::open`].
    ///
    /// # Errors
    /// As [`Objects::open`].
    pub fn open(url: &str) -> Result<Self> {
        Self::with_settings(url, environment())
    }

    /// As [`Self::open`], with settings as of [`Objects::with_settings`].
    ///
    /// # Errors
    /// As [`Objects::open`].
    pub fn with_settings(
        url: &str,
        settings: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self> {
        let place = Place::open(url, settings)?;
        Ok(Self { place })
    }

    /// The catalog below a prefix of a store, which messages call `name`.
    ///
    /// # Errors
    /// [`Error::Io`] if no thread can be started.
    pub fn on(name: &str, store: Arc<dyn ObjectStore>, prefix: Path) -> Result<Self> {
        let place = Place::on(name, store, prefix)?;
        Ok(Self { place })
    }

    /// Sends a catalog as a shard, with all that is live sealed into one segment. `part` is
    /// the part of the data that it has, `attempt` tells it from what other tasks send of
    /// that part: letters, digits and hyphens. No version names it yet.
    ///
    /// # Errors
    /// [`Error::Argument`] for such an attempt, [`Error::Send`], [`Error::Refused`] and as
    /// [`Catalog::compact`] and [`Catalog::snapshot`].
    pub fn put(
        &self,
        catalog: &Catalog,
        part: u64,
        attempt: &str,
        pack: Option<u128>,
        observer: &mut dyn Observer,
    ) -> Result<Shard> {
        if !version::is_name(attempt) {
            return Err(Error::Argument(format!(
                "an attempt is named by letters, digits and hyphens, not by `{attempt}`"
            )));
        }
        catalog.wait_until_indexed(observer)?;
        catalog.compact(observer)?;
        let name = format!("{part:06}-{attempt}");
        let mut objects = self.shard(&name);
        let report = objects.backup(catalog, CopyOptions::default(), observer)?;
        Ok(Shard {
            products: catalog.stats()?.products,
            rejected: 0,
            size: report.size,
            digest: digest(&objects.manifest()?),
            space: ShardSpace::of(&catalog.space()?),
            taxonomy: catalog.taxonomy()?.content_hash(),
            pack,
            part,
            name,
        })
    }

    /// Sends the pack that products of shards are filed by, unless it is there.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, [`Error::Send`], [`Error::Refused`].
    pub fn put_pack(&self, pack: &Pack, observer: &mut dyn Observer) -> Result<()> {
        let name = pack_name(pack.digest());
        if self.place.list_in(PACKS)?.contains(&self.place.path(&name)) {
            return Ok(());
        }
        self.place
            .send(pack.path(), &name, &mut |_| !observer.stop())
    }

    /// Names shards in a new version, which is there as a whole or not at all. The same
    /// `job` commits once: another call gives the version that it made.
    ///
    /// # Errors
    /// [`Error::Argument`] if a part is there twice, or shards are not of one taxonomy, one
    /// space and one pack, [`Error::Copy`] if a shard is not there as it was sent,
    /// [`Error::Send`], [`Error::Fetch`], [`Error::Refused`].
    pub fn commit(&self, shards: Vec<Shard>, job: &str, how: Commit) -> Result<Version> {
        check_parts(&shards)?;
        self.check_there(&shards)?;
        for _ in 0..ATTEMPTS {
            let last = self.last()?;
            if let Some(own) = self.of_job(last.as_ref(), job)? {
                return Ok(own);
            }
            let version = next(last, &shards, job, how);
            version::check_alike(&version.shards).map_err(Error::Argument)?;
            let name = version_name(version.number);
            match self.place.put(&name, version.encode(), PutMode::Create) {
                Ok(_) => return Ok(version),
                // Another job has made one, or the answer to this one was lost.
                Err(
                    object_store::Error::AlreadyExists { .. }
                    | object_store::Error::Precondition { .. },
                ) => {}
                Err(error) => return Err(self.place.unsent(&error)),
            }
        }
        Err(Error::Send {
            to: self.place.url().to_owned(),
            what: "other jobs commit to it again and again".to_owned(),
        })
    }

    /// The numbers of all versions, in ascending order.
    ///
    /// # Errors
    /// [`Error::Fetch`], [`Error::Refused`].
    pub fn versions(&self) -> Result<Vec<u64>> {
        let named = self.place.list_in(VERSIONS)?;
        let number = |path: &Path| path.filename()?.strip_suffix(".json")?.parse().ok();
        let mut numbers: Vec<u64> = named.iter().filter_map(number).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The last version; none before the first commit.
    ///
    /// # Errors
    /// As [`Self::version`].
    pub fn last(&self) -> Result<Option<Version>> {
        let number = self.versions()?.pop();
        number.map(|number| self.version(number)).transpose()
    }

    /// The version of that number.
    ///
    /// # Errors
    /// [`Error::NotACopy`] if there is none, [`Error::Copy`] if it cannot be read,
    /// [`Error::Fetch`], [`Error::Refused`].
    pub fn version(&self, number: u64) -> Result<Version> {
        let name = version_name(number);
        let path = || self.place.file_of(&name);
        let got = self.place.get(&name)?;
        let (bytes, _) = got.ok_or_else(|| Error::NotACopy(path()))?;
        let version = Version::decode(&bytes).and_then(|version| match version.number {
            own if own == number => Ok(version),
            other => Err(format!("it says that it is version {other}")),
        });
        version.map_err(|what| Error::Copy { path: path(), what })
    }

    /// The version that a job made, if it is among the last ones.
    fn of_job(&self, last: Option<&Version>, job: &str) -> Result<Option<Version>> {
        let mut at = last.cloned();
        for _ in 0..ATTEMPTS {
            match at {
                Some(version) if version.job == job => return Ok(Some(version)),
                Some(version) if version.number > 1 => {
                    at = match self.version(version.number - 1) {
                        Ok(before) => Some(before),
                        // It was collected.
                        Err(Error::NotACopy(_)) => return Ok(None),
                        Err(error) => return Err(error),
                    };
                }
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    fn shard(&self, name: &str) -> Objects {
        Objects::at(self.place.below(&format!("{SHARDS}/{name}")))
    }

    /// Fails unless shards are there as they were sent. They are asked for at once, since
    /// each answer takes its time.
    fn check_there(&self, shards: &[Shard]) -> Result<()> {
        let check = |shards: &[Shard]| shards.iter().try_for_each(|one| self.check_sent(one));
        std::thread::scope(|scope| {
            let groups = shards.chunks(shards.len().div_ceil(CHECKS).max(1));
            let threads: Vec<_> = groups
                .map(|group| scope.spawn(move || check(group)))
                .collect();
            threads.into_iter().try_for_each(|thread| {
                let checked = thread.join();
                checked.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
        })
    }

    fn check_sent(&self, shard: &Shard) -> Result<()> {
        let found = self.shard(&shard.name).manifest()?;
        if digest(&found) == shard.digest {
            return Ok(());
        }
        Err(Error::Copy {
            path: self.place.file_of(SHARDS).join(FilePath::new(&shard.name)),
            what: "it is not as it was sent".to_owned(),
        })
    }
}

/// The version after the last one.
fn next(last: Option<Version>, shards: &[Shard], job: &str, how: Commit) -> Version {
    let number = last.as_ref().map_or(1, |last| last.number + 1);
    let kept = match how {
        Commit::Append => last.map(|last| last.shards).unwrap_or_default(),
        Commit::Replace => Vec::new(),
    };
    Version {
        number,
        job: job.to_owned(),
        assort: env!("CARGO_PKG_VERSION").to_owned(),
        shards: [kept, shards.to_vec()].concat(),
    }
}

/// Refuses parts of the data that are there twice.
fn check_parts(shards: &[Shard]) -> Result<()> {
    let mut known = HashSet::new();
    match shards.iter().find(|shard| !known.insert(shard.part)) {
        None => Ok(()),
        Some(twice) => Err(Error::Argument(format!(
            "two shards have part {} of the data, of which one is to be named",
            twice.part
        ))),
    }
}

/// What a copy is known by.
fn digest(manifest: &Manifest) -> u128 {
    let files = manifest.files.iter();
    let files = files.map(|file| format!("{} {:032x}\n", file.name, file.digest));
    assort::core::text_hash(&files.collect::<String>())
}

fn version_name(number: u64) -> String {
    format!("{VERSIONS}/{number:010}.json")
}

fn pack_name(digest: u128) -> String {
    format!("{PACKS}/{digest:032x}.pack")
}
