//! Copying the rows of one commit to a fresh file, without what is free in it.

use std::path::Path;

use redb::{
    Key, ReadTransaction, ReadableTable, ReadableTableMetadata, TableDefinition, TableHandle,
    Value, WriteTransaction,
};

use super::builder::builder;
use super::tables::{Layout, TableWork, layout};
use super::{Reader, Store};
use crate::{Error, Result};

/// Memory for the pages of a copy that are not written yet.
const CACHE: usize = 16 << 20;

/// Rows that are copied between two looks at whether to stop.
const GROUP: u64 = 4096;

pub(super) type Outcome<T> = std::result::Result<T, redb::Error>;

/// Told the part of the rows that is copied; whether to go on.
type Follow<'f> = &'f mut dyn FnMut(f64) -> bool;

impl Reader<'_> {
    /// Copies all rows to a new file, in order of keys; gives the number of the
    /// commit. The file is durable, and closed.
    pub(crate) fn copy_to(&self, path: &Path, follow: Follow<'_>) -> Result<u64> {
        let store = self.store();
        store.guarded(|| self.copy_rows(path, follow))?;
        self.version()
    }

    fn copy_rows(&self, path: &Path, follow: Follow<'_>) -> Result<()> {
        let (store, source) = (self.store(), self.transaction());
        let failed = |error: redb::Error| store.copy_failed(path, error);
        let database = builder()
            .set_cache_size(CACHE)
            .create(path)
            .map_err(|e| failed(e.into()))?;
        let target = database.begin_write().map_err(|e| failed(e.into()))?;
        let tables = store.tables(source)?;
        let mut total = 0;
        for (name, layout) in &tables {
            let rows = layout.apply(name, &Count(source));
            total += rows.map_err(|e| store.failed(e))?;
        }
        let mut done = 0;
        for (name, layout) in tables {
            let mut copied = |rows: u64| follow((done + rows) as f64 / total.max(1) as f64);
            let copy = Copy {
                source,
                target: &target,
                follow: std::cell::RefCell::new(&mut copied),
            };
            match layout.apply(&name, &copy).map_err(failed)? {
                Some(rows) => done += rows,
                None => return Err(Error::Interrupted),
            }
        }
        target.commit().map_err(|e| failed(e.into()))?;
        // Closing it trims the file.
        database.close().map_err(|e| failed(e.into()))
    }
}

impl Store {
    /// Names and layouts of all tables.
    pub(super) fn tables(&self, transaction: &ReadTransaction) -> Result<Vec<(String, Layout)>> {
        let tables = transaction.list_tables().map_err(|e| self.failed(e))?;
        tables
            .map(|table| {
                let name = table.name().to_owned();
                let layout = layout(&name).ok_or_else(|| {
                    Error::argument(format!(
                        "the catalog has a table `{name}`, which this program does not know and cannot copy; use the Assort that made it"
                    ))
                })?;
                Ok((name, layout))
            })
            .collect()
    }

    /// The error for a copy that cannot be written: the store is as it was.
    pub(super) fn copy_failed(&self, path: &Path, error: impl Into<redb::Error>) -> Error {
        match error.into() {
            redb::Error::Io(source) => Error::Io {
                path: path.to_owned(),
                doing: "writing the catalog's file anew",
                source,
            },
            other => self.failed(other),
        }
    }
}

/// Counting the rows of a table.
struct Count<'a>(&'a ReadTransaction);

impl TableWork for Count<'_> {
    type Output = Outcome<u64>;

    fn run<K: Key + 'static, V: Value + 'static>(
        &self,
        table: TableDefinition<'_, K, V>,
    ) -> Outcome<u64> {
        Ok(self.0.open_table(table)?.len()?)
    }
}

/// Copying a table to where it is not yet: the number of rows; none if it was
/// stopped.
struct Copy<'a> {
    source: &'a ReadTransaction,
    target: &'a WriteTransaction,
    /// Told how many rows are copied; whether to go on.
    follow: std::cell::RefCell<&'a mut dyn FnMut(u64) -> bool>,
}

impl TableWork for Copy<'_> {
    type Output = Outcome<Option<u64>>;

    fn run<K: Key + 'static, V: Value + 'static>(
        &self,
        table: TableDefinition<'_, K, V>,
    ) -> Outcome<Option<u64>> {
        let source = self.source.open_table(table)?;
        let mut target = self.target.open_table(table)?;
        let mut rows = 0;
        for entry in source.iter()? {
            let (key, value) = entry?;
            target.insert(key.value(), value.value())?;
            if u64::is_multiple_of(rows, GROUP) && !(*self.follow.borrow_mut())(rows) {
                return Ok(None);
            }
            rows += 1;
        }
        Ok(Some(rows))
    }
}
