//! An open file of columns.

use std::path::Path;
use std::sync::Arc;

use assort_files::{Bytes, numbers};
use assort_index::Bitmap;

use crate::Result;
use crate::column::Column;
use crate::file::{self, Read, What};

/// The attributes of a catalog's products, and the categories they are filed under, by
/// columns: which row has which value. It says nothing of rows from [`Columns::rows`] on.
pub struct Columns {
    rows: u32,
    alive: Bitmap,
    /// Whether there are attributes without a column.
    more: bool,
    attributes: Vec<Column>,
    label: Column,
    decision: Column,
    digest: u128,
}

impl Columns {
    /// Opens a file, and verifies it.
    ///
    /// # Errors
    /// An [`crate::Error`] for a file that cannot be read, has changed, or is of a newer
    /// program.
    pub fn open(path: &Path) -> Result<Self> {
        Self::new(file::open(path)?, path)
    }

    /// Columns in memory, as [`crate::Builder::finish`] gives them.
    ///
    /// # Errors
    /// An [`crate::Error`] for bytes that are none.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self> {
        let path = Path::new("memory");
        Self::new(file::read(Bytes::Owned(bytes), path)?, path)
    }

    fn new(read: Read, path: &Path) -> Result<Self> {
        let bits = numbers(&read.bytes[read.bits.clone()], u64::from_le_bytes);
        let alive = Bitmap::from_words(bits.collect());
        let bytes = Arc::new(read.bytes);
        let described = read.description.columns.into_iter().zip(read.places);
        let (mut attributes, mut label, mut decision) = (Vec::new(), None, None);
        for (description, places) in described {
            let what = description.what.clone();
            let column = Column::new(Arc::clone(&bytes), description, places);
            match what {
                What::Attribute(_) => attributes.push(column),
                What::Label => label = Some(column),
                What::Decision => decision = Some(column),
            }
        }
        let lacks = |what: &str| crate::Error::NotColumns {
            path: path.to_owned(),
            what: format!("it has no column of {what}"),
        };
        Ok(Self {
            rows: read.description.rows,
            more: read.description.more,
            alive,
            attributes,
            label: label.ok_or_else(|| lacks("labels"))?,
            decision: decision.ok_or_else(|| lacks("decisions"))?,
            digest: read.digest,
        })
    }

    /// Rows that it knows are below this number.
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// Rows that have a product.
    pub fn alive(&self) -> &Bitmap {
        &self.alive
    }

    /// Digest of the file's bytes, by which it is named.
    pub fn digest(&self) -> u128 {
        self.digest
    }

    pub(crate) fn has_more(&self) -> bool {
        self.more
    }

    pub(crate) fn attributes(&self) -> impl Iterator<Item = &Column> {
        self.attributes.iter()
    }

    pub(crate) fn label(&self) -> &Column {
        &self.label
    }

    pub(crate) fn decision(&self) -> &Column {
        &self.decision
    }
}
