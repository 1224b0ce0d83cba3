//! Removing what no version names.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, SystemTime};

use assort::Result;
use object_store::ObjectMeta;
use object_store::path::Path;

use super::{PACKS, SHARDS, Sharded, pack_name, version_name};

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GcReport {
    /// Versions.
    pub versions: usize,
    /// Shards that no version names any more, or never did.
    pub shards: usize,
    /// All objects.
    pub objects: usize,
    /// Their bytes.
    pub bytes: u64,
}

impl Sharded {
    /// Removes all versions but the last `keep`, of which there is always one, and then what
    /// no version names: shards that tasks left which were killed or beaten by others, and
    /// packs. What is younger than `age` stays, since a job that has not committed may
    /// have sent it.
    ///
    /// # Errors
    /// [`assort::Error::Fetch`], [`assort::Error::Send`], [`assort::Error::Refused`], and as
    /// [`Self::version`]: nothing that a version names is removed where one cannot be read.
    pub fn gc(&self, keep: usize, age: Duration) -> Result<GcReport> {
        let before = SystemTime::now().checked_sub(age);
        // Listed first: what comes later is not looked at.
        let objects = self.place.list()?;
        let mut numbers = self.versions()?;
        let kept = numbers.split_off(numbers.len().saturating_sub(keep.max(1)));
        let mut named = HashSet::new();
        for &number in &kept {
            let version = self.version(number)?;
            named.extend(version.pack().map(|pack| self.place.path(&pack_name(pack))));
            named.extend(
                version
                    .shards
                    .iter()
                    .map(|shard| self.shard_path(&shard.name)),
            );
        }
        let mut report = GcReport::default();
        for number in numbers {
            self.place.delete(&self.place.path(&version_name(number)))?;
            report.versions += 1;
        }
        for (owner, objects) in self.owned(objects) {
            let youngest = objects.iter().map(|object| object.last_modified).max();
            let youngest = youngest.map(SystemTime::from);
            let is_old = before.is_some_and(|before| youngest <= Some(before));
            if !is_old || named.contains(&owner) {
                continue;
            }
            for object in &objects {
                self.place.delete(&object.location)?;
                report.bytes += object.size;
            }
            report.objects += objects.len();
            report.shards += usize::from(owner.prefix_matches(&self.place.path(SHARDS)));
        }
        Ok(report)
    }

    /// Objects by the shard or the pack that they are of; others are left out.
    fn owned(&self, objects: Vec<ObjectMeta>) -> BTreeMap<Path, Vec<ObjectMeta>> {
        let mut owned: BTreeMap<Path, Vec<ObjectMeta>> = BTreeMap::new();
        for object in objects {
            if let Some(owner) = self.owner(&object.location) {
                owned.entry(owner).or_default().push(object);
            }
        }
        owned
    }

    fn shard_path(&self, name: &str) -> Path {
        self.place.path(&format!("{SHARDS}/{name}"))
    }

    fn owner(&self, object: &Path) -> Option<Path> {
        let (shards, packs) = (self.place.path(SHARDS), self.place.path(PACKS));
        if let Some(mut parts) = object.prefix_match(&shards) {
            return parts.next().map(|name| shards.join(name));
        }
        object.prefix_matches(&packs).then(|| object.clone())
    }
}
