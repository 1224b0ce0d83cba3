//! Changing the store in one transaction.

use std::fmt::Display;

use assort_core::Taxonomy;
use redb::{ReadableTable, TableDefinition, TableHandle, WriteTransaction};

use super::Store;
use super::codec::{self, Unreadable};
use super::read::Changed;
use super::records::{
    CategoryRecord, DecisionRecord, FamiliarityRecord, ModelRecord, ProductRecord, SpaceRecord,
};
use super::tables::{
    CATEGORIES, DECISIONS, FORMAT_WITHOUT_SEGMENTS, IDS, KEY_CHANGED, KEY_FAMILIARITY, KEY_FIT,
    KEY_FORMAT, KEY_IDENTITY, KEY_MODEL, KEY_NEXT_ROW, KEY_NEXT_SPACE, KEY_PICTURE_SPACE,
    KEY_SPACE, KEY_TAXONOMY, KEY_VERSION, LABELS, META, PRODUCTS, TextTable, VectorTable,
    is_taught, taught_name, texts_name, vectors_name,
};
use crate::{Error, Result};

/// A product to write, with what changed about it.
pub(crate) struct Put {
    pub(crate) product: ProductRecord,
    /// Digest of the embedded text.
    pub(crate) text_hash: u128,
    /// The text's vector; none keeps the stored one.
    pub(crate) vector: Option<Vec<f32>>,
    /// External id of the category; none keeps the stored label.
    pub(crate) label: Option<String>,
}

/// A number that no other catalog has.
fn identity() -> u128 {
    use std::hash::{BuildHasher, RandomState};
    // The standard library draws the keys of its hashers by chance.
    let half = || u128::from(RandomState::new().hash_one(std::process::id()));
    half() << 64 | half()
}

/// A row whose vector has left its segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Unsealed {
    pub(crate) segment: u32,
    /// Identity of the space of the segment.
    pub(crate) tag: u128,
    pub(crate) row: u32,
}

/// An open write transaction.
pub(crate) struct Writer<'a> {
    store: &'a Store,
    transaction: &'a WriteTransaction,
    changed: Changed,
    unsealed: Vec<Unsealed>,
    /// Rows of before that the columns cannot speak for any more.
    pub(super) touched: Vec<u32>,
    /// Whether vectors of pictures have changed.
    pub(super) pictures_changed: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(store: &'a Store, transaction: &'a WriteTransaction) -> Self {
        Self {
            store,
            transaction,
            changed: Changed::default(),
            unsealed: Vec::new(),
            touched: Vec::new(),
            pictures_changed: false,
        }
    }

    pub(super) fn store(&self) -> &Store {
        self.store
    }

    pub(super) fn open<K: redb::Key + 'static, V: redb::Value + 'static>(
        &self,
        definition: TableDefinition<K, V>,
    ) -> Result<redb::Table<'a, K, V>> {
        let opened = self.transaction.open_table(definition);
        opened.map_err(|e| self.store.failed(e))
    }

    pub(super) fn with<K: redb::Key + 'static, V: redb::Value + 'static, T>(
        &self,
        definition: TableDefinition<K, V>,
        change: impl FnOnce(&mut redb::Table<'_, K, V>) -> std::result::Result<T, redb::StorageError>,
    ) -> Result<T> {
        change(&mut self.open(definition)?).map_err(|e| self.store.failed(e))
    }

    pub(super) fn set_meta(&self, key: &str, value: &[u8]) -> Result<()> {
        self.with(META, |table| table.insert(key, value).map(|_| ()))
    }

    pub(super) fn encoded<T>(&self, result: std::result::Result<T, String>) -> Result<T> {
        result.map_err(|e| {
            self.store
                .damaged(format!("a value could not be encoded: {e}"))
        })
    }

    /// Writes the entries a new catalog needs.
    pub(crate) fn initialize(&mut self, space: &SpaceRecord, taxonomy: &Taxonomy) -> Result<()> {
        self.set_meta(KEY_FORMAT, &FORMAT_WITHOUT_SEGMENTS.to_le_bytes())?;
        self.set_space(space)?;
        self.set_taxonomy(taxonomy)
    }

    /// Raises the store's format to that one, if it is lower.
    pub(super) fn raise_format(&self, format: u32) -> Result<()> {
        let known = self.with(META, |table| {
            let known = table.get(KEY_FORMAT)?;
            Ok(known.and_then(|value| value.value().try_into().ok().map(u32::from_le_bytes)))
        })?;
        match known {
            Some(known) if known >= format => Ok(()),
            _ => self.set_meta(KEY_FORMAT, &format.to_le_bytes()),
        }
    }

    /// Counts the changes; returns the number of this commit.
    pub(super) fn finish(&mut self) -> Result<u64> {
        if self.changed != Changed::default() {
            let before = self.with(META, |table| {
                Ok(table
                    .get(KEY_CHANGED)?
                    .map(|value| Changed::parse(value.value())))
            })?;
            // A count that cannot be read begins anew.
            let before = before.and_then(std::result::Result::ok).unwrap_or_default();
            let now = Changed {
                vectors: before.vectors + self.changed.vectors,
                labels: before.labels + self.changed.labels,
            };
            self.set_meta(KEY_CHANGED, now.to_bytes().as_flattened())?;
        }
        let version = self.with(META, |table| {
            if table.get(KEY_IDENTITY)?.is_none() {
                table.insert(KEY_IDENTITY, identity().to_le_bytes().as_slice())?;
            }
            let version = table
                .get(KEY_VERSION)?
                .and_then(|value| value.value().try_into().ok().map(u64::from_le_bytes))
                .unwrap_or(0);
            table.insert(KEY_VERSION, (version + 1).to_le_bytes().as_slice())?;
            Ok(version + 1)
        })?;
        self.keep_touched(version)?;
        self.keep_pictures_changed(version)?;
        Ok(version)
    }

    /// The space that is searched, as of this transaction.
    pub(crate) fn space(&self) -> Result<SpaceRecord> {
        let space = self.space_of(KEY_SPACE)?;
        space.ok_or_else(|| self.damaged("the entry `space` is missing".to_owned()))
    }

    /// Whether `space` is searched or moved to, or that of pictures.
    pub(crate) fn has_space(&self, space: &SpaceRecord) -> Result<bool> {
        let next = self.space_of(KEY_NEXT_SPACE)?;
        let pictures = self.space_of(KEY_PICTURE_SPACE)?;
        let is_other = [next, pictures]
            .iter()
            .flatten()
            .any(|other| other.has_vectors_of(space));
        Ok(is_other || self.space()?.has_vectors_of(space))
    }

    pub(super) fn space_of(&self, key: &str) -> Result<Option<SpaceRecord>> {
        let bytes = self.with(META, |table| {
            Ok(table.get(key)?.map(|value| value.value().to_vec()))
        })?;
        let decoded = bytes.map(|bytes| codec::decode::<SpaceRecord>(&bytes));
        decoded
            .transpose()
            .map_err(|e| self.store.unreadable(format_args!("the entry `{key}`"), e))
    }

    pub(super) fn set_space(&self, space: &SpaceRecord) -> Result<()> {
        let bytes = self.encoded(codec::encode(space))?;
        self.set_meta(KEY_SPACE, &bytes)
    }

    pub(crate) fn set_taxonomy(&mut self, taxonomy: &Taxonomy) -> Result<()> {
        let stamp = self.with(META, |table| {
            Ok(table.get(KEY_VERSION)?.map(|value| value.value().to_vec()))
        })?;
        self.set_meta(KEY_TAXONOMY, &stamp.unwrap_or_default())?;
        self.transaction
            .delete_table(CATEGORIES)
            .map_err(|e| self.store.failed(e))?;
        let mut table = self
            .transaction
            .open_table(CATEGORIES)
            .map_err(|e| self.store.failed(e))?;
        for (index, category) in taxonomy.categories().iter().enumerate() {
            let record = CategoryRecord::from(category.clone());
            let bytes = self.encoded(codec::encode(&record))?;
            let inserted = table.insert(index as u32, bytes.as_slice()).map(|_| ());
            inserted.map_err(|e| self.store.failed(e))?;
        }
        Ok(())
    }

    /// Names the file of what was learned, in place of what was named before. It stays
    /// when the taxonomy or the space changes, for what outlives that.
    pub(crate) fn set_model(&mut self, model: &ModelRecord) -> Result<()> {
        self.with(META, |table| table.remove(KEY_FIT).map(|_| ()))?;
        let bytes = self.encoded(codec::encode(model))?;
        self.set_meta(KEY_MODEL, &bytes)
    }

    pub(crate) fn set_familiarity(&mut self, record: &FamiliarityRecord) -> Result<()> {
        let bytes = self.encoded(codec::encode(record))?;
        self.set_meta(KEY_FAMILIARITY, &bytes)
    }

    /// Counts vectors that were set.
    pub(super) fn count_changed_vectors(&mut self, vectors: u64) {
        self.changed.vectors += vectors;
    }

    /// Whether there is a product in that row.
    pub(crate) fn has_product(&self, row: u32) -> Result<bool> {
        self.with(PRODUCTS, |table| Ok(table.get(row)?.is_some()))
    }

    /// Whether the stored vector that `put` keeps is not of its text: another
    /// thread has changed or removed the product.
    pub(crate) fn lacks_vector(&self, space: &SpaceRecord, put: &Put) -> Result<bool> {
        if put.vector.is_some() {
            return Ok(false);
        }
        let id = put.product.id.as_str();
        let Some(row) = self.with(IDS, |table| Ok(table.get(id)?.map(|row| row.value())))? else {
            return Ok(true);
        };
        Ok(self.text_hash(space, row)? != Some(put.text_hash))
    }

    /// Digest of the content of the product of that id.
    pub(crate) fn content_hash(&self, id: &str) -> Result<Option<u128>> {
        let Some(row) = self.with(IDS, |table| Ok(table.get(id)?.map(|row| row.value())))? else {
            return Ok(None);
        };
        let hash = self.with(PRODUCTS, |table| {
            Ok(table.get(row)?.map(|value| {
                let view = codec::view::<ProductRecord>(value.value());
                view.map(|product| product.content_hash.to_native())
            }))
        })?;
        hash.transpose()
            .map_err(|e| self.unreadable(format_args!("product in row {row}"), e))
    }

    /// Stores products, new ones in new rows. Vectors go to `space`, and a
    /// decision on another text is dropped. Returns the rows in the order of
    /// `puts`.
    pub(crate) fn put(&mut self, space: &SpaceRecord, puts: &[Put]) -> Result<Vec<u32>> {
        let (rows, first_new) = self.assign_rows(puts)?;
        let known = || puts.iter().zip(&rows).filter(|(_, row)| **row < first_new);
        self.touched.extend(known().map(|(_, row)| row));
        self.forget_other_pictures(known().map(|(put, row)| (&put.product, *row)))?;
        let name = vectors_name(space.generation);
        let open = |e: redb::TableError| self.store.failed(e);
        let mut products = self.transaction.open_table(PRODUCTS).map_err(open)?;
        let mut vectors = self
            .transaction
            .open_table(VectorTable::new(&name))
            .map_err(open)?;
        let mut labels = self.transaction.open_table(LABELS).map_err(open)?;
        let mut decisions = self.transaction.open_table(DECISIONS).map_err(open)?;
        let mut fresh = Vec::new();
        for (put, &row) in puts.iter().zip(&rows) {
            let failed = |e: redb::StorageError| -> Error { self.store.failed(e) };
            let bytes = self.encoded(codec::encode(&put.product))?;
            products.insert(row, bytes.as_slice()).map_err(failed)?;
            if let Some(vector) = &put.vector {
                let bytes = codec::encode_vector(put.text_hash, vector);
                vectors.insert(row, bytes.as_slice()).map_err(failed)?;
                self.changed.vectors += 1;
                fresh.push(row);
                // It was made for another text.
                decisions.remove(row).map_err(failed)?;
            }
            if let Some(label) = &put.label {
                self.changed.labels += 1;
                labels.insert(row, label.as_str()).map_err(failed)?;
            }
        }
        drop((products, vectors, labels, decisions));
        self.unseal(space, &fresh)?;
        Ok(rows)
    }

    /// The number that the next new product gets.
    pub(crate) fn next_row(&self) -> Result<u32> {
        self.with(META, |table| {
            let value = table.get(KEY_NEXT_ROW)?;
            Ok(value
                .and_then(|value| value.value().try_into().ok().map(u32::from_le_bytes))
                .unwrap_or(0))
        })
    }

    /// Rows of products, and the first of those that are new.
    fn assign_rows(&self, puts: &[Put]) -> Result<(Vec<u32>, u32)> {
        let mut next = self.next_row()?;
        let first = next;
        let rows = self.with(IDS, |table| {
            let mut rows = Vec::with_capacity(puts.len());
            for put in puts {
                let id = put.product.id.as_str();
                let known = table.get(id)?.map(|row| row.value());
                if known.is_none() {
                    table.insert(id, next)?;
                }
                rows.push(known.unwrap_or(next));
                next = if known.is_none() {
                    next.saturating_add(1)
                } else {
                    next
                };
            }
            Ok(rows)
        })?;
        if next == u32::MAX {
            return Err(Error::Full);
        }
        self.set_meta(KEY_NEXT_ROW, &next.to_le_bytes())?;
        Ok((rows, first))
    }

    /// Notes that much of the file is free once this is committed.
    pub(super) fn note_released(&self) {
        self.store.note_released();
    }

    /// Notes that rows have left their segments.
    pub(super) fn note_unsealed(&mut self, rows: impl IntoIterator<Item = Unsealed>) {
        self.unsealed.extend(rows);
    }

    /// Rows that have left their segments in this transaction.
    pub(crate) fn take_unsealed(&mut self) -> Vec<Unsealed> {
        std::mem::take(&mut self.unsealed)
    }

    /// Removes a product with all that belongs to it; returns its row.
    pub(crate) fn remove(&mut self, id: &str, spaces: &[&SpaceRecord]) -> Result<Option<u32>> {
        let Some(row) = self.with(IDS, |table| Ok(table.remove(id)?.map(|row| row.value())))?
        else {
            return Ok(None);
        };
        self.touched.push(row);
        self.with(PRODUCTS, |table| table.remove(row).map(|_| ()))?;
        let labelled = self.with(LABELS, |table| Ok(table.remove(row)?.is_some()))?;
        self.changed.vectors += 1;
        self.changed.labels += u64::from(labelled);
        self.with(DECISIONS, |table| table.remove(row).map(|_| ()))?;
        for space in spaces {
            let name = vectors_name(space.generation);
            self.with(VectorTable::new(&name), |table| {
                table.remove(row).map(|_| ())
            })?;
            self.unseal(space, &[row])?;
        }
        self.remove_picture(row)?;
        Ok(Some(row))
    }

    /// Sets the label of a row to an external category id, or clears it.
    pub(crate) fn set_label(&mut self, row: u32, label: Option<&str>) -> Result<()> {
        self.changed.labels += 1;
        self.touched.push(row);
        self.with(LABELS, |table| match label {
            Some(label) => table.insert(row, label).map(|_| ()),
            None => table.remove(row).map(|_| ()),
        })
    }

    pub(crate) fn set_decision(&mut self, row: u32, decision: &DecisionRecord) -> Result<()> {
        let bytes = self.encoded(codec::encode(decision))?;
        self.touched.push(row);
        self.with(DECISIONS, |table| {
            table.insert(row, bytes.as_slice()).map(|_| ())
        })
    }

    /// Stores vectors of category texts by the digests of the texts.
    pub(crate) fn put_texts(
        &mut self,
        space: &SpaceRecord,
        texts: &[(u128, Vec<f32>)],
    ) -> Result<()> {
        self.put_vectors_of_texts(&texts_name(space.generation), texts)
    }

    /// Stores vectors that a teacher of that space gave.
    pub(crate) fn put_taught(
        &mut self,
        space: &SpaceRecord,
        texts: &[(u128, Vec<f32>)],
    ) -> Result<()> {
        self.put_vectors_of_texts(&taught_name(space.tag()), texts)
    }

    fn put_vectors_of_texts(&mut self, table: &str, texts: &[(u128, Vec<f32>)]) -> Result<()> {
        self.with(TextTable::new(table), |table| {
            for (hash, vector) in texts {
                table.insert(hash, codec::encode_vector(*hash, vector).as_slice())?;
            }
            Ok(())
        })
    }

    /// Stores vectors of rows in the tables of `space`.
    pub(crate) fn put_vectors(
        &mut self,
        space: &SpaceRecord,
        vectors: &[(u32, u128, Vec<f32>)],
    ) -> Result<()> {
        let name = vectors_name(space.generation);
        self.with(VectorTable::new(&name), |table| {
            for (row, hash, vector) in vectors {
                table.insert(row, codec::encode_vector(*hash, vector).as_slice())?;
            }
            Ok(())
        })?;
        let rows: Vec<u32> = vectors.iter().map(|(row, ..)| *row).collect();
        self.unseal(space, &rows)
    }

    /// Begins or gives up a move to another space.
    pub(crate) fn set_next_space(&mut self, space: Option<&SpaceRecord>) -> Result<()> {
        match space {
            Some(space) => {
                let bytes = self.encoded(codec::encode(space))?;
                self.set_meta(KEY_NEXT_SPACE, &bytes)
            }
            None => self.with(META, |table| table.remove(KEY_NEXT_SPACE).map(|_| ())),
        }
    }

    /// Makes `next` the space that is searched and drops the tables of `old`.
    pub(crate) fn switch_space(&mut self, old: &SpaceRecord, next: &SpaceRecord) -> Result<()> {
        self.set_space(next)?;
        self.set_next_space(None)?;
        self.set_tuning(None)?;
        self.drop_taught()?;
        self.drop_vectors(old)
    }

    /// Drops the vectors that teachers gave: they serve the teaching of a
    /// student, and end when the catalog moves.
    fn drop_taught(&self) -> Result<()> {
        let tables = self.transaction.list_tables();
        let tables: Vec<String> = tables
            .map_err(|e| self.store.failed(e))?
            .map(|table| table.name().to_owned())
            .filter(|name| is_taught(name))
            .collect();
        tables
            .iter()
            .try_for_each(|name| self.delete_table(TextTable::new(name)))
    }

    /// Drops the vector tables and the segments of a space; the files of the
    /// latter are to be removed afterwards.
    pub(crate) fn drop_vectors(&mut self, space: &SpaceRecord) -> Result<()> {
        self.drop_segments_of(space)?;
        let vectors = vectors_name(space.generation);
        let texts = texts_name(space.generation);
        self.delete_table(VectorTable::new(&vectors))?;
        self.delete_table(TextTable::new(&texts))
    }

    pub(super) fn delete_table<K: redb::Key + 'static, V: redb::Value + 'static>(
        &self,
        definition: TableDefinition<K, V>,
    ) -> Result<()> {
        let deleted = self.transaction.delete_table(definition);
        deleted.map(drop).map_err(|e| self.store.failed(e))?;
        self.note_released();
        Ok(())
    }

    /// The error for something that does not fit together.
    pub(super) fn damaged(&self, what: String) -> Error {
        self.store.damaged(what)
    }

    /// The error for a value that cannot be read.
    pub(super) fn unreadable(&self, place: impl Display, why: Unreadable) -> Error {
        self.store.unreadable(place, why)
    }
}
