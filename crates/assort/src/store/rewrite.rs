//! Writing the store's file anew, without what is free in it.
//!
//! redb gives freed pages to later commits and never back to the file system,
//! so the file is as large as it ever had to be. All rows are copied to a draft
//! beside it, which then gets the file's name. Reads and commits go on until the
//! draft is nearly whole; what was committed meanwhile is brought up to date
//! while commits wait, for as long as it takes to compare the rows.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use redb::{
    Database, Key, ReadTransaction, ReadableTable, ReadableTableMetadata, TableDefinition,
    TableHandle, Value, WriteTransaction,
};

use super::builder::builder;
use super::copy::Outcome;
use super::handle::Handle;
use super::tables::{TableWork, layout};
use super::{DRAFT, Reader, Store};
use crate::locks::{lock, write};
use crate::{Error, Result};

/// A file smaller than this is not worth to be written anew unasked.
const WORTHWHILE: u64 = 32 << 20;

/// A file that gets the name of the store's when it is whole, and is removed
/// otherwise.
struct Draft {
    path: PathBuf,
    named: bool,
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.named {
            // What stays is removed when the store is opened for writing.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Store {
    /// Whether it may be that most of the file is free, so that
    /// [`Self::is_bloated`] is worth its while.
    pub(crate) fn may_be_bloated(&self) -> bool {
        self.writes && self.released.load(Ordering::Relaxed) && self.size() > WORTHWHILE
    }

    /// Whether the file is large and more than half of it free.
    pub(crate) fn is_bloated(&self) -> Result<bool> {
        if !self.may_be_bloated() {
            return Ok(false);
        }
        self.released.store(false, Ordering::Relaxed);
        let reader = self.read()?;
        let transaction = reader.transaction();
        let half = self.size() / 2;
        self.guarded(|| {
            let tables = transaction.list_tables().map_err(|e| self.failed(e))?;
            let mut rows = 0;
            for table in tables {
                // What cannot be copied is left as it is.
                let Some(layout) = layout(table.name()) else {
                    return Ok(false);
                };
                let weight = layout.apply(table.name(), &Weigh(transaction));
                rows += weight.map_err(|e| self.failed(e))?;
            }
            // A look at every page is saved where the rows alone take so much.
            Ok(rows < half && used(transaction).map_err(|e| self.failed(e))? < half)
        })
    }

    /// Writes the file anew without what is free in it. Readers that are open
    /// keep the old file until they end.
    ///
    /// Where an open file cannot be replaced, or is reached by a link, rows are
    /// moved within the file instead; false if that could not be because it is
    /// being read.
    pub(crate) fn rewrite(&self, stop: &dyn Fn() -> bool) -> Result<bool> {
        if !self.writes {
            return Err(Error::ReadOnly);
        }
        let _one_at_a_time = lock(&self.rewriting);
        if cfg!(unix) && !self.file().is_symlink() {
            self.guarded(|| self.replace(stop)).map(|()| true)
        } else {
            self.compact_in_place()
        }
    }

    fn replace(&self, stop: &dyn Fn() -> bool) -> Result<()> {
        let mut draft = Draft {
            path: self.directory.join(DRAFT),
            named: false,
        };
        let io = |doing| {
            let path = self.directory.join(DRAFT);
            move |source| Error::Io {
                path,
                doing,
                source,
            }
        };
        if draft.path.exists() {
            std::fs::remove_file(&draft.path).map_err(io("removing an unfinished file"))?;
        }
        let copied = self.read()?.copy_to(&draft.path, &mut |_| !stop())?;
        keep_owner(&self.file(), &draft.path).map_err(io("giving the new file its owner"))?;
        // Commits wait from here on.
        let (_old, waiting) = self.begin_write()?;
        let database = builder()
            .open(&draft.path)
            .map_err(|e| self.draft_failed(e))?;
        let reader = self.read()?;
        if reader.version()? != copied {
            self.bring_up_to_date(&database, &reader)?;
        }
        self.compare_counts(&database, &reader)?;
        let fresh = Handle::named(database, &draft.path).map_err(io("looking at the new file"))?;
        let synced = File::open(&draft.path).and_then(|file| file.sync_all());
        synced.map_err(io("syncing the new file"))?;
        std::fs::rename(&draft.path, self.file()).map_err(io("naming the new file"))?;
        draft.named = true;
        self.unsynced.store(true, Ordering::Release);
        *write(&self.handle) = Arc::new(fresh);
        let synced = self.sync_name();
        drop(reader);
        waiting.abort().map_err(|e| self.failed(e))?;
        synced
    }

    /// Makes the draft's rows those of a later commit.
    fn bring_up_to_date(&self, database: &Database, reader: &Reader<'_>) -> Result<()> {
        let source = reader.transaction();
        let target = database.begin_write().map_err(|e| self.draft_failed(e))?;
        let tables = self.tables(source)?;
        let gone: Vec<_> = target
            .list_tables()
            .map_err(|e| self.draft_failed(e))?
            .filter(|table| !tables.iter().any(|(name, _)| name == table.name()))
            .collect();
        for table in gone {
            target
                .delete_table(table)
                .map_err(|e| self.draft_failed(e))?;
        }
        let update = Update {
            source,
            target: &target,
        };
        for (name, layout) in &tables {
            let updated = layout.apply(name, &update);
            updated.map_err(|e| self.draft_failed(e))?;
        }
        target.commit().map_err(|e| self.draft_failed(e))
    }

    /// Fails unless the draft has as many rows in every table.
    fn compare_counts(&self, database: &Database, reader: &Reader<'_>) -> Result<()> {
        use redb::ReadableDatabase;
        let draft = database.begin_read().map_err(|e| self.draft_failed(e))?;
        let ours = counts(reader.transaction()).map_err(|e| self.failed(e))?;
        let theirs = counts(&draft).map_err(|e| self.draft_failed(e))?;
        if ours == theirs {
            return Ok(());
        }
        Err(self.damaged(format!(
            "writing {} anew gave other rows ({theirs:?} instead of {ours:?}), so it stays as it is",
            super::FILE
        )))
    }

    /// The error for a draft that cannot be written: the store is as it was.
    fn draft_failed(&self, error: impl Into<redb::Error>) -> Error {
        self.copy_failed(&self.directory.join(DRAFT), error)
    }
}

/// Gives a file the mode and the owner of another one.
fn keep_owner(of: &Path, to: &Path) -> std::io::Result<()> {
    let (theirs, ours) = (std::fs::metadata(of)?, std::fs::metadata(to)?);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, chown};
        if (theirs.uid(), theirs.gid()) != (ours.uid(), ours.gid()) {
            chown(to, Some(theirs.uid()), Some(theirs.gid()))?;
        }
    }
    if theirs.permissions() != ours.permissions() {
        std::fs::set_permissions(to, theirs.permissions())?;
    }
    Ok(())
}

/// Rows of each table.
fn counts(transaction: &ReadTransaction) -> Outcome<Vec<(String, u64)>> {
    let mut counts = Vec::new();
    for table in transaction.list_tables()? {
        let name = table.name().to_owned();
        counts.push((name, transaction.open_untyped_table(table)?.len()?));
    }
    counts.sort_unstable();
    Ok(counts)
}

/// Bytes of the pages that hold rows.
fn used(transaction: &ReadTransaction) -> Outcome<u64> {
    let mut used = 0;
    for table in transaction.list_tables()? {
        let stats = transaction.open_untyped_table(table)?.stats()?;
        used += stats.stored_bytes() + stats.metadata_bytes() + stats.fragmented_bytes();
    }
    Ok(used)
}

/// Rows that stand for all of a table.
const SAMPLE: usize = 256;

/// Estimating the bytes of a table's rows by the first of them.
struct Weigh<'a>(&'a ReadTransaction);

impl TableWork for Weigh<'_> {
    type Output = Outcome<u64>;

    fn run<K: Key + 'static, V: Value + 'static>(
        &self,
        table: TableDefinition<'_, K, V>,
    ) -> Outcome<u64> {
        let table = self.0.open_table(table)?;
        let (mut rows, mut bytes) = (0, 0);
        for entry in table.iter()?.take(SAMPLE) {
            let (key, value) = entry?;
            rows += 1;
            bytes += K::as_bytes(&key.value()).as_ref().len() as u64;
            bytes += V::as_bytes(&value.value()).as_ref().len() as u64;
        }
        Ok(table.len()? * bytes / rows.max(1))
    }
}

/// Bringing a copied table up to date.
struct Update<'a> {
    source: &'a ReadTransaction,
    target: &'a WriteTransaction,
}

impl TableWork for Update<'_> {
    type Output = Outcome<()>;

    fn run<K: Key + 'static, V: Value + 'static>(
        &self,
        table: TableDefinition<'_, K, V>,
    ) -> Outcome<()> {
        let source = self.source.open_table(table)?;
        let mut target = self.target.open_table(table)?;
        let difference = difference(&source, &target)?;
        for key in &difference.gone {
            target.remove(K::from_bytes(key))?;
        }
        for (key, value) in &difference.changed {
            target.insert(K::from_bytes(key), V::from_bytes(value))?;
        }
        Ok(())
    }
}

/// What is to be done with a copied table: keys that are gone, and keys with
/// new values, as bytes.
#[derive(Default)]
struct Difference {
    gone: Vec<Vec<u8>>,
    changed: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Compares two tables, both in order of keys.
fn difference<K: Key + 'static, V: Value + 'static>(
    source: &impl ReadableTable<K, V>,
    target: &impl ReadableTable<K, V>,
) -> Outcome<Difference> {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let bytes = |entry: (redb::AccessGuard<'_, K>, redb::AccessGuard<'_, V>)| {
        let key = K::as_bytes(&entry.0.value()).as_ref().to_vec();
        let value = V::as_bytes(&entry.1.value()).as_ref().to_vec();
        (key, value)
    };
    let mut difference = Difference::default();
    let mut theirs = target.iter()?;
    let mut their = theirs.next().transpose()?.map(bytes);
    for our in source.iter()? {
        let (key, value) = bytes(our?);
        loop {
            let order = their.as_ref().map_or(Less, |(k, _)| K::compare(&key, k));
            match order {
                Less => difference.changed.push((key, value)),
                Equal => {
                    if their.as_ref().is_none_or(|(_, known)| *known != value) {
                        difference.changed.push((key, value));
                    }
                    their = theirs.next().transpose()?.map(bytes);
                }
                Greater => {
                    difference.gone.extend(their.take().map(|(key, _)| key));
                    their = theirs.next().transpose()?.map(bytes);
                    continue;
                }
            }
            break;
        }
    }
    while let Some((key, _)) = their {
        difference.gone.push(key);
        their = theirs.next().transpose()?.map(bytes);
    }
    Ok(difference)
}
