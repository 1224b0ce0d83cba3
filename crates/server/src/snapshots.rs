//! Snapshots of a catalog that callers copy it from, held while they do.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use assort::copies::{Manifest, Snapshot as Copy};
use assort::{Catalog, Observer};
use tonic::Status;

use crate::reason::{Reason, of_error, refuse};

/// How long a snapshot is held that nobody asks for.
pub(crate) const HOLD: Duration = Duration::from_secs(600);

/// Snapshots of a catalog that are held at once.
const MOST: usize = 4;

/// The snapshots of a catalog.
pub(crate) struct Snapshots {
    held: Mutex<Vec<Arc<Snapshot>>>,
    /// Held while one is made: others wait for it.
    making: Mutex<()>,
    /// Whether somebody lets go of those that nobody asks for.
    watched: AtomicBool,
}

/// A snapshot. Its files are removed when nobody has it any more.
pub(crate) struct Snapshot {
    copy: Copy,
    used: Mutex<Instant>,
}

impl Snapshot {
    pub(crate) fn id(&self) -> &str {
        self.copy.id()
    }

    pub(crate) fn manifest(&self) -> &Manifest {
        self.copy.manifest()
    }

    /// The file of that path, if the snapshot has it.
    pub(crate) fn file(&self, path: &str) -> Option<(PathBuf, u64)> {
        let file = self.manifest().file(path)?;
        Some((self.copy.directory().join(&file.name), file.size))
    }

    fn touch(&self) {
        *lock(&self.used) = Instant::now();
    }

    fn is_idle(&self, hold: Duration) -> bool {
        lock(&self.used).elapsed() >= hold
    }
}

impl Snapshots {
    /// Those of the catalog in a directory; what a killed server left is removed.
    pub(crate) fn new(directory: &Path) -> Self {
        Copy::sweep(directory);
        Self {
            held: Mutex::default(),
            making: Mutex::default(),
            watched: AtomicBool::new(false),
        }
    }

    /// The snapshot of the last commit.
    pub(crate) fn take(
        &self,
        catalog: &Catalog,
        observer: &mut dyn Observer,
    ) -> Result<Arc<Snapshot>, Status> {
        let _one_at_a_time = lock(&self.making);
        self.let_go(HOLD);
        let commit = catalog.last_commit().map_err(|error| of_error(&error))?;
        let mut held = lock(&self.held).clone();
        held.retain(|held| held.manifest().commit == commit);
        if let Some(known) = held.pop() {
            known.touch();
            return Ok(known);
        }
        self.make_room()?;
        let copy = catalog.snapshot(observer);
        let made = Arc::new(Snapshot {
            copy: copy.map_err(|error| of_error(&error))?,
            used: Mutex::new(Instant::now()),
        });
        lock(&self.held).push(Arc::clone(&made));
        Ok(made)
    }

    /// Lets go of the one that was asked for longest ago, if there are too many.
    fn make_room(&self) -> Result<(), Status> {
        let mut held = lock(&self.held);
        if held.len() < MOST {
            return Ok(());
        }
        let idle = held.iter().enumerate();
        let idle = idle.filter(|(_, held)| Arc::strong_count(held) == 1);
        let oldest = idle.min_by_key(|(_, held)| *lock(&held.used));
        let Some((oldest, _)) = oldest else {
            let what = "as many snapshots of the catalog are being read as may be";
            return Err(refuse(Reason::Busy, what).status());
        };
        held.swap_remove(oldest);
        Ok(())
    }

    /// The snapshot of that id, if it is held.
    pub(crate) fn get(&self, id: &str) -> Option<Arc<Snapshot>> {
        let held = lock(&self.held);
        let known = held.iter().find(|held| held.id() == id)?;
        known.touch();
        Some(Arc::clone(known))
    }

    /// Lets go of snapshots that nobody has asked for; whether any is left.
    pub(crate) fn let_go(&self, hold: Duration) -> bool {
        let mut held = lock(&self.held);
        // Who reads one has it, too.
        held.retain(|held| !held.is_idle(hold) || Arc::strong_count(held) > 1);
        !held.is_empty()
    }

    /// Whether nobody lets go of snapshots yet; the caller does from here on.
    pub(crate) fn watch(&self) -> bool {
        !self.watched.swap(true, Ordering::Relaxed)
    }

    /// The caller does no longer.
    pub(crate) fn unwatch(&self) {
        self.watched.store(false, Ordering::Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use assort::core::Taxonomy;
    use assort_testkit::toy::Toy;

    use super::*;

    #[test]
    fn snapshots_are_shared_until_a_commit_and_go_when_nobody_asks() {
        let directory = tempfile::tempdir().unwrap();
        let taxonomy = Taxonomy::from_paths(["Kitchen > Kettles"]).unwrap();
        let embedder = Arc::new(Toy::new("a"));
        let catalog = Catalog::create(directory.path(), &taxonomy, embedder, "toy").unwrap();
        let snapshots = Snapshots::new(directory.path());
        let first = snapshots.take(&catalog, &mut ()).unwrap();
        let again = snapshots.take(&catalog, &mut ()).unwrap();
        assert_eq!(first.id(), again.id());
        catalog.replace_taxonomy(&taxonomy).unwrap();
        let second = snapshots.take(&catalog, &mut ()).unwrap();
        assert!(second.manifest().commit > first.manifest().commit);
        let (path, _) = first.file("catalog.redb").unwrap();
        assert!(path.exists());
        // Another server, in whose way they are not.
        drop(Snapshots::new(directory.path()));
        // Who reads keeps one.
        assert!(snapshots.let_go(Duration::ZERO));
        assert!(path.exists());
        drop((first, again, second));
        assert!(!snapshots.let_go(Duration::ZERO));
        assert!(!path.exists());
        // The one that was asked for longest ago makes room, unless it is read.
        let mut ids = Vec::new();
        for _ in 0..=MOST {
            catalog.replace_taxonomy(&taxonomy).unwrap();
            ids.push(snapshots.take(&catalog, &mut ()).unwrap().id().to_owned());
        }
        assert!(snapshots.get(&ids[0]).is_none());
        let read: Vec<_> = ids.iter().filter_map(|id| snapshots.get(id)).collect();
        assert_eq!(read.len(), MOST);
        catalog.replace_taxonomy(&taxonomy).unwrap();
        assert!(snapshots.take(&catalog, &mut ()).is_err());
        drop(read);
        let last = snapshots.take(&catalog, &mut ()).unwrap();
        assert!(snapshots.get(last.id()).is_some());
        // As a killed server leaves them.
        let lock = directory.path().join("snapshots/1-0.lock");
        std::fs::write(&lock, "").unwrap();
        std::fs::create_dir(lock.with_extension("")).unwrap();
        drop(Snapshots::new(directory.path()));
        assert!(!lock.exists() && !lock.with_extension("").exists());
        assert!(last.file("catalog.redb").unwrap().0.exists());
    }
}
