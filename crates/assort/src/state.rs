//! The state of an open catalog that its threads share: the store, and what is
//! kept of it in memory.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, RwLock};

use assort_core::Taxonomy;

use crate::embedding::Item;
use crate::locks::{lock, read, write};
use crate::snapshot::{Changes, Snapshot};
use crate::store::{
    ArchivedProductRecord, Commit, Reader, SegmentFiles, SpaceRecord, Store, Writer,
};
use crate::written::Written;
use crate::{Error, Result};

/// An open store with what is derived from it.
pub(crate) struct State {
    pub(crate) store: Store,
    pub(crate) segment_files: SegmentFiles,
    /// How far the work on segments is.
    pub(crate) written: Written,
    /// Held while segments are made, merged or repaired: one at a time.
    indexing: Mutex<()>,
    /// Held while a commit is made and its snapshot published.
    committing: Mutex<()>,
    published: RwLock<Option<Published>>,
    taxonomy: RwLock<Option<(Vec<u8>, Arc<Taxonomy>)>>,
    /// Vectors of pictures, and the version of the commit that changed them last.
    pictures: RwLock<Option<(u64, Arc<Snapshot>)>>,
}

/// What readers see: the vectors and labels of a commit in memory, and the commit
/// itself.
#[derive(Clone)]
struct Published {
    snapshot: Arc<Snapshot>,
    /// None where the next reader looks whether another process has committed.
    commit: Option<Arc<Commit>>,
}

impl State {
    pub(crate) fn new(store: Store, segment_files: SegmentFiles) -> Self {
        Self {
            store,
            segment_files,
            written: Written::default(),
            indexing: Mutex::new(()),
            committing: Mutex::new(()),
            published: RwLock::new(None),
            taxonomy: RwLock::new(None),
            pictures: RwLock::new(None),
        }
    }

    pub(crate) fn taxonomy_in(&self, reader: &Reader<'_>) -> Result<Arc<Taxonomy>> {
        let stamp = reader.taxonomy_stamp()?;
        if let Some((known, taxonomy)) = &*read(&self.taxonomy)
            && *known == stamp
        {
            return Ok(Arc::clone(taxonomy));
        }
        let taxonomy = Arc::new(reader.taxonomy()?);
        *write(&self.taxonomy) = Some((stamp, Arc::clone(&taxonomy)));
        Ok(taxonomy)
    }

    /// The vectors of pictures, and nothing where the catalog has no space for them. Of
    /// labels they know those of when they were read.
    pub(crate) fn pictures(&self, reader: &Reader<'_>) -> Result<Option<Arc<Snapshot>>> {
        let Some(space) = reader.picture_space()? else {
            return Ok(None);
        };
        let version = reader.pictures_version()?;
        let known = read(&self.pictures).clone();
        if let Some((of, pictures)) = known
            && of == version
        {
            return Ok(Some(pictures));
        }
        let taxonomy = self.taxonomy_in(reader)?;
        let loaded = Snapshot::load_space(reader, &self.segment_files, &taxonomy, &space);
        let pictures = Arc::new(loaded.map_err(|error| match error {
            Error::Segment { path, what } => Error::PictureSegment { path, what },
            error => error,
        })?);
        *write(&self.pictures) = Some((version, Arc::clone(&pictures)));
        Ok(Some(pictures))
    }

    /// Replaces the taxonomy.
    pub(crate) fn replace_taxonomy(&self, taxonomy: &Taxonomy) -> Result<()> {
        let _guard = self.lock_commits();
        // Whoever reads from here on waits for what comes.
        self.forget();
        self.store.write(|writer| writer.set_taxonomy(taxonomy))?;
        self.forget();
        Ok(())
    }

    /// Makes `next` the space that is searched, in place of `old`. No reader sees
    /// the new space with what is in memory of the old one.
    pub(crate) fn switch_space(&self, old: &SpaceRecord, next: &SpaceRecord) -> Result<()> {
        let _guard = self.lock_commits();
        // Whoever reads from here on waits for what comes.
        self.forget();
        self.store.write(|writer| writer.switch_space(old, next))?;
        self.forget();
        Ok(())
    }

    /// Commits what `change` does and publishes it to readers. The taxonomy
    /// stays as it is meanwhile.
    pub(crate) fn commit(
        &self,
        change: impl FnOnce(&mut Writer<'_>) -> Result<Changes>,
    ) -> Result<()> {
        let _guard = self.lock_commits();
        let (changes, version) = self.store.write(|writer| {
            let changes = change(writer)?;
            self.segment_files.bury(writer)?;
            Ok(changes)
        })?;
        let known = read(&self.published).clone();
        let known = known.filter(|known| known.snapshot.version() + 1 == version);
        // What cannot be derived is loaded when it is asked for.
        let next = known.and_then(|known| known.snapshot.after(changes, version).ok());
        let next = next.map(|snapshot| self.publication(Arc::new(snapshot)));
        self.publish(next.transpose()?);
        Ok(())
    }

    /// Has every commit from here on note which rows it touches.
    pub(crate) fn note_touched(&self) {
        self.store.note_touched();
        // One that is under way ends before anybody reads.
        drop(self.lock_commits());
    }

    /// Shows readers something else.
    fn publish(&self, next: Option<Published>) {
        let before = std::mem::replace(&mut *write(&self.published), next);
        // Many vectors may go with it, which nobody waits for.
        drop(before);
    }

    /// A snapshot with the last commit, which it must be of. Whoever writes knows
    /// of all commits; other processes look for one at each reading.
    fn publication(&self, snapshot: Arc<Snapshot>) -> Result<Published> {
        let commit = match self.store.is_writer() {
            true => Some(self.store.read()?.commit()),
            false => None,
        };
        Ok(Published { snapshot, commit })
    }

    /// Writes the store's file anew, without what is free in it; see
    /// [`Store::rewrite`].
    pub(crate) fn rewrite(&self, stop: &(dyn Fn() -> bool + Sync)) -> Result<bool> {
        self.let_go();
        let rewritten = self.store.rewrite(stop);
        // Readers that came meanwhile would keep the old file on the disk.
        self.let_go();
        rewritten
    }

    /// Verifies the checksums of the store's file; see [`Store::verify`].
    pub(crate) fn verify(&self) -> Result<bool> {
        self.let_go();
        self.store.verify()
    }

    /// Lets go of the store's file; the next reader takes hold of it again.
    fn let_go(&self) {
        if let Some(published) = &mut *write(&self.published) {
            published.commit = None;
        }
    }

    /// Commits vectors of rows in `space`, each with the digest of its text.
    /// Those of products that have changed or gone meanwhile are left out.
    pub(crate) fn commit_vectors(
        &self,
        space: &SpaceRecord,
        mut vectors: Vec<(u32, u128, Vec<f32>)>,
    ) -> Result<()> {
        self.commit(|writer| {
            let reader = self.store.read()?;
            let mut current = Vec::with_capacity(vectors.len());
            for (row, hash, vector) in vectors.drain(..) {
                let same = |product: &ArchivedProductRecord| {
                    Item::of_fields(&product.title, &product.text).hash == hash
                };
                if reader.with_product(row, same)? == Some(true) {
                    current.push((row, hash, vector));
                }
            }
            writer.put_vectors(space, &current)?;
            Ok(Changes::default())
        })
    }

    /// Removes all files of a folder of the catalog but those that are `kept`. Where that
    /// cannot be, they go later.
    pub(crate) fn sweep(&self, folder: &str, kept: &[PathBuf]) {
        let entries = std::fs::read_dir(self.store.directory().join(folder));
        for entry in entries.into_iter().flatten().flatten() {
            if !kept.contains(&entry.path()) {
                let _ = self.segment_files.files().remove(&entry.path());
            }
        }
    }

    /// Waits until nobody else changes segments.
    pub(crate) fn lock_segments(&self) -> MutexGuard<'_, ()> {
        lock(&self.indexing)
    }

    fn lock_commits(&self) -> MutexGuard<'_, ()> {
        lock(&self.committing)
    }

    /// The last commit: the store, and its vectors and labels in memory. Nobody
    /// waits here for a writer: what was published last is given, until the next
    /// commit is.
    pub(crate) fn view(&self) -> Result<(Reader<'_>, Arc<Snapshot>)> {
        let published = read(&self.published).clone();
        if let Some(Published {
            snapshot,
            commit: Some(commit),
        }) = published
        {
            return Ok((Reader::of(&self.store, commit), snapshot));
        }
        let reader = self.store.read()?;
        if let Some(snapshot) = self.known(&reader)? {
            return Ok((reader, snapshot));
        }
        let _guard = self.lock_commits();
        loop {
            let reader = self.store.read()?;
            let snapshot = match self.known(&reader)? {
                Some(snapshot) => snapshot,
                None => {
                    let taxonomy = self.taxonomy_in(&reader)?;
                    match Snapshot::load(&reader, &self.segment_files, &taxonomy) {
                        Ok(snapshot) => Arc::new(snapshot),
                        // Another process may have merged segments away meanwhile.
                        Err(_) if self.store.read()?.version()? != reader.version()? => continue,
                        Err(error) => return Err(error),
                    }
                }
            };
            let published = self.publication(Arc::clone(&snapshot))?;
            self.publish(Some(published));
            return Ok((reader, snapshot));
        }
    }

    /// The snapshot in memory, if it is of the commit that is read.
    fn known(&self, reader: &Reader<'_>) -> Result<Option<Arc<Snapshot>>> {
        let version = reader.version()?;
        let published = read(&self.published).clone();
        let snapshot = published.map(|published| published.snapshot);
        Ok(snapshot.filter(|snapshot| snapshot.version() == version))
    }

    /// Drops what is kept in memory, after a change of the space.
    pub(crate) fn forget(&self) {
        self.publish(None);
    }
}
