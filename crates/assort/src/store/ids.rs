//! Rows of products by their ids, for whoever looks up many.

use redb::ReadOnlyTable;

use super::Store;
use super::read::Reader;
use super::tables::IDS;
use crate::Result;

/// The ids of one commit, whose table is open: opening it for each id takes as long as
/// finding the id.
pub(crate) struct Ids<'a> {
    store: &'a Store,
    table: Option<ReadOnlyTable<&'static str, u32>>,
}

impl<'a> Reader<'a> {
    /// The rows by the ids of their products.
    pub(crate) fn ids(&self) -> Result<Ids<'a>> {
        let store = self.store();
        let table = store.guarded(|| self.table(IDS))?;
        Ok(Ids { store, table })
    }
}

impl Ids<'_> {
    /// Row of the product of that id, as [`Reader::row`] gives it.
    pub(crate) fn row(&self, id: &str) -> Result<Option<u32>> {
        let Some(table) = &self.table else {
            return Ok(None);
        };
        self.store.guarded(|| {
            let row = table.get(id).map_err(|e| self.store.failed(e))?;
            Ok(row.map(|row| row.value()))
        })
    }
}
