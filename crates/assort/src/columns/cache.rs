//! The columns that are open, and the products that have changed since, in memory.

use std::sync::{Arc, Mutex};

use assort_columns::Columns;
use assort_index::Bitmap;

use super::fields::Known;
use super::files::path;
use crate::Result;
use crate::locks::lock;
use crate::store::{ColumnsRecord, Reader};

/// What is kept of columns in memory.
#[derive(Default)]
pub(crate) struct ColumnCache {
    open: Mutex<Option<Arc<Columns>>>,
    pub(super) changed: Mutex<Option<Arc<Changed>>>,
}

/// Products that have changed since the columns were made, as of one commit.
pub(super) struct Changed {
    pub(super) version: u64,
    /// The columns.
    pub(super) digest: u128,
    pub(super) next_row: u32,
    /// Those that are there, by row.
    pub(super) products: Vec<Arc<Known>>,
}

/// The columns of a commit.
pub(crate) struct Base {
    pub(crate) columns: Arc<Columns>,
    pub(crate) record: ColumnsRecord,
    /// Rows that have changed since, with the version of the commit that changed them last.
    pub(super) touched: Vec<(u32, u64)>,
}

impl Base {
    /// Rows that have changed since: of them the columns say what was.
    pub(crate) fn touched_rows(&self) -> Bitmap {
        self.touched.iter().map(|(row, _)| *row).collect()
    }
}

impl ColumnCache {
    /// The columns that a commit names. A file that is missing or damaged is none: it is
    /// made again, and products are looked at until then.
    pub(crate) fn base(&self, reader: &Reader<'_>) -> Result<Option<Base>> {
        let Some(record) = reader.columns()? else {
            return Ok(None);
        };
        let mut open = lock(&self.open);
        let known = open.clone().filter(|known| known.digest() == record.digest);
        let columns = match known {
            Some(known) => known,
            None => {
                let file = path(reader.directory(), record.digest);
                let Ok(columns) = Columns::open(&file) else {
                    // The writer sees that it is gone, and makes it anew.
                    if reader.is_of_writer() {
                        let _ = std::fs::remove_file(&file);
                    }
                    return Ok(None);
                };
                Arc::new(columns)
            }
        };
        *open = Some(Arc::clone(&columns));
        if columns.rows() != record.rows || columns.digest() != record.digest {
            return Ok(None);
        }
        Ok(Some(Base {
            columns,
            record,
            touched: reader.touched()?,
        }))
    }
}
