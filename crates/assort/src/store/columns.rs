//! The file of columns that the store names, the rows that have changed since, and the
//! kinds of attributes.

use std::iter::Peekable;

use assort_core::{AttributeKind, AttributeSchema};
use redb::{AccessGuard, ReadableTable, ReadableTableMetadata, StorageError};

use super::codec;
use super::read::Reader;
use super::records::{
    ArchivedProductRecord, ColumnsRecord, DecisionRecord, ProductRecord, SchemaRecord,
    TouchedRecord,
};
use super::tables::{
    DECISIONS, FORMAT, KEY_COLUMNS, KEY_NEXT_ROW, KEY_SCHEMA, LABELS, META, PRODUCTS, TOUCHED,
};
use super::write::Writer;
use crate::Result;

/// A product where it lies, and the ids of the categories of its label and its decision.
pub(crate) struct Filed<'a> {
    pub(crate) product: &'a ArchivedProductRecord,
    pub(crate) label: Option<&'a str>,
    pub(crate) decision: Option<&'a str>,
}

impl Reader<'_> {
    /// The file of columns. One that cannot be read is none: it can be made again.
    pub(crate) fn columns(&self) -> Result<Option<ColumnsRecord>> {
        let columns = self.meta(KEY_COLUMNS, |bytes| {
            Ok(codec::decode::<ColumnsRecord>(bytes).ok())
        })?;
        Ok(columns.flatten())
    }

    /// The number of the row that the next new product gets.
    pub(crate) fn next_row(&self) -> Result<u32> {
        let next = self.meta(KEY_NEXT_ROW, |bytes| {
            let next = bytes.try_into().map(u32::from_le_bytes);
            next.map_err(|_| "is not a number".to_owned().into())
        })?;
        Ok(next.unwrap_or(0))
    }

    /// Rows that have changed since the columns were made, with the version of the commit.
    pub(crate) fn touched(&self) -> Result<Vec<(u32, u64)>> {
        self.in_table(TOUCHED, Vec::new(), |table| {
            let entries = table.iter().map_err(|e| self.store().failed(e))?;
            let entries = entries.map(|entry| {
                let (row, value) = entry.map_err(|e| self.store().failed(e))?;
                Ok((row.value(), version(value.value())))
            });
            entries.collect()
        })
    }

    /// How many rows have changed since the columns were made, new ones aside.
    pub(crate) fn touched_rows(&self) -> Result<u64> {
        self.in_table(TOUCHED, 0, |table| {
            table.len().map_err(|e| self.store().failed(e))
        })
    }

    /// Visits every product from a row on with what it is filed under, in order of rows.
    pub(crate) fn each_filed(
        &self,
        from: u32,
        mut visit: impl FnMut(u32, Filed<'_>) -> Result<()>,
    ) -> Result<()> {
        let failed = |e| self.store().failed(e);
        let labels = self.in_table(LABELS, None, |table| {
            table.range(from..).map(Some).map_err(failed)
        })?;
        let decisions = self.in_table(DECISIONS, None, |table| {
            table.range(from..).map(Some).map_err(failed)
        })?;
        let mut labels = labels.into_iter().flatten().peekable();
        let mut decisions = decisions.into_iter().flatten().peekable();
        self.in_table(PRODUCTS, (), |table| {
            for entry in table.range(from..).map_err(failed)? {
                let (row, value) = entry.map_err(failed)?;
                let row = row.value();
                let label = value_of(&mut labels, row).map_err(failed)?;
                let decision = value_of(&mut decisions, row).map_err(failed)?;
                let decision = decision.map(|value| codec::decode::<DecisionRecord>(value.value()));
                let decision = decision.transpose().map_err(|e| {
                    self.store()
                        .unreadable(format_args!("decision in row {row}"), e)
                })?;
                let product = codec::view::<ProductRecord>(value.value()).map_err(|e| {
                    self.store()
                        .unreadable(format_args!("product in row {row}"), e)
                })?;
                let filed = Filed {
                    product,
                    label: label.as_ref().map(AccessGuard::value),
                    decision: decision.as_ref().map(|decision| decision.category.as_str()),
                };
                visit(row, filed)?;
            }
            Ok(())
        })
    }

    /// The kinds of attributes that are known.
    pub(crate) fn schema(&self) -> Result<AttributeSchema> {
        let record = self.meta(KEY_SCHEMA, codec::decode::<SchemaRecord>)?;
        let kinds = record
            .unwrap_or_default()
            .kinds
            .into_iter()
            .map(|(name, kind)| {
                let kind: AttributeKind = kind.parse().map_err(|what: String| {
                    self.store()
                        .damaged(format!("the kind of the attribute `{name}`: {what}"))
                })?;
                Ok((name, kind))
            });
        kinds.collect()
    }
}

impl Writer<'_> {
    /// Names the file of columns, and forgets the rows whose changes it knows.
    pub(crate) fn set_columns(&mut self, columns: &ColumnsRecord) -> Result<()> {
        self.raise_format(FORMAT)?;
        let bytes = self.encoded(codec::encode(columns))?;
        self.set_meta(KEY_COLUMNS, &bytes)?;
        self.with(TOUCHED, |table| {
            table.retain(|_, value| version(value) > columns.version)
        })
    }

    /// Sets the kinds of attributes.
    pub(crate) fn set_schema(&mut self, schema: &AttributeSchema) -> Result<()> {
        let kinds = schema.iter();
        let record = SchemaRecord {
            kinds: kinds
                .map(|(name, kind)| (name.to_owned(), kind.to_string()))
                .collect(),
        };
        let bytes = self.encoded(codec::encode(&record))?;
        self.set_meta(KEY_SCHEMA, &bytes)
    }

    /// Keeps which rows this commit touches, where there are columns or will be.
    pub(super) fn keep_touched(&mut self, version: u64) -> Result<()> {
        let mut touched = std::mem::take(&mut self.touched);
        let has_columns = || self.with(META, |table| Ok(table.get(KEY_COLUMNS)?.is_some()));
        if touched.is_empty() || !(self.store().notes_touched() || has_columns()?) {
            return Ok(());
        }
        touched.sort_unstable();
        touched.dedup();
        let record = self.encoded(codec::encode(&TouchedRecord { version }))?;
        self.with(TOUCHED, |table| {
            for row in touched {
                table.insert(row, record.as_slice())?;
            }
            Ok(())
        })
    }
}

/// An entry of a table by rows, as it is walked along.
type Entry<V> = std::result::Result<(AccessGuard<'static, u32>, V), StorageError>;

/// The value of a row in a table that is walked along; entries before it are passed over.
fn value_of<V>(
    entries: &mut Peekable<impl Iterator<Item = Entry<V>>>,
    row: u32,
) -> std::result::Result<Option<V>, StorageError> {
    let is_due = |entry: &Entry<V>| entry.as_ref().map_or(true, |(at, _)| at.value() <= row);
    while let Some(entry) = entries.next_if(is_due) {
        let (at, value) = entry?;
        if at.value() == row {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// The version in a record of a row that was touched; the newest for one that cannot be
/// read.
fn version(bytes: &[u8]) -> u64 {
    codec::decode::<TouchedRecord>(bytes).map_or(u64::MAX, |record| record.version)
}
