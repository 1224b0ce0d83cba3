//! Reading one committed state of the store.

use std::sync::Arc;

use assort_core::{Category, Taxonomy};
use redb::{ReadOnlyTable, ReadTransaction, ReadableTable, TableDefinition, TableError};
use xxhash_rust::xxh3::Xxh3;

use super::Store;
use super::codec::{self, Unreadable, VectorView};
use super::handle::Handle;
use super::records::{
    ArchivedProductRecord, CategoryRecord, DecisionRecord, FamiliarityRecord, ModelRecord,
    ProductRecord, SpaceRecord,
};
use super::tables::{
    CATEGORIES, DECISIONS, IDS, KEY_CHANGED, KEY_FAMILIARITY, KEY_FORMAT, KEY_IDENTITY, KEY_MODEL,
    KEY_NEXT_SPACE, KEY_SPACE, KEY_TAXONOMY, KEY_VERSION, LABELS, META, PRODUCTS, TextTable,
    VectorTable, taught_name, texts_name, vectors_name,
};
use crate::Result;

/// One committed state. Nothing a writer does later is seen through it.
pub(crate) struct Reader<'a> {
    store: &'a Store,
    commit: Arc<Commit>,
}

/// A commit that is read, for as long as anybody reads it.
pub(crate) struct Commit {
    transaction: ReadTransaction,
    /// The file that is read, which stays open as long as it is.
    _handle: Arc<Handle>,
}

impl<'a> Reader<'a> {
    pub(super) fn store(&self) -> &'a Store {
        self.store
    }

    pub(super) fn new(store: &'a Store, handle: Arc<Handle>, transaction: ReadTransaction) -> Self {
        let commit = Arc::new(Commit {
            transaction,
            _handle: handle,
        });
        Self { store, commit }
    }

    /// A further reader of a commit that is read already.
    pub(crate) fn of(store: &'a Store, commit: Arc<Commit>) -> Self {
        Self { store, commit }
    }

    /// The catalog's directory.
    pub(crate) fn directory(&self) -> &'a std::path::Path {
        self.store.directory()
    }

    /// Whether this process may write.
    pub(crate) fn is_of_writer(&self) -> bool {
        self.store.is_writer()
    }

    /// The commit that is read.
    pub(crate) fn commit(&self) -> Arc<Commit> {
        Arc::clone(&self.commit)
    }

    pub(super) fn transaction(&self) -> &ReadTransaction {
        &self.commit.transaction
    }

    /// The table, or none if nothing was ever written to it.
    pub(super) fn table<K: redb::Key + 'static, V: redb::Value + 'static>(
        &self,
        definition: TableDefinition<K, V>,
    ) -> Result<Option<ReadOnlyTable<K, V>>> {
        match self.commit.transaction.open_table(definition) {
            Ok(table) => Ok(Some(table)),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(self.store.failed(error)),
        }
    }

    /// Runs `look` on a table; gives `absent` if nothing was ever written to it.
    pub(super) fn in_table<K: redb::Key + 'static, V: redb::Value + 'static, T>(
        &self,
        definition: TableDefinition<'_, K, V>,
        absent: T,
        look: impl FnOnce(&ReadOnlyTable<K, V>) -> Result<T>,
    ) -> Result<T> {
        self.store.guarded(|| match self.table(definition)? {
            Some(table) => look(&table),
            None => Ok(absent),
        })
    }

    pub(super) fn meta<T>(
        &self,
        key: &str,
        parse: impl FnOnce(&[u8]) -> std::result::Result<T, Unreadable>,
    ) -> Result<Option<T>> {
        self.in_table(META, None, |table| {
            let Some(value) = table.get(key).map_err(|e| self.store.failed(e))? else {
                return Ok(None);
            };
            let parsed = parse(value.value())
                .map_err(|e| self.store.unreadable(format_args!("the entry `{key}`"), e))?;
            Ok(Some(parsed))
        })
    }

    pub(crate) fn format(&self) -> Result<u32> {
        let format = self.meta(KEY_FORMAT, |bytes| {
            bytes
                .try_into()
                .map(u32::from_le_bytes)
                .map_err(|_| "is not a number".to_owned().into())
        })?;
        format.ok_or_else(|| {
            self.store
                .damaged("it was never finished: the entry `format` is missing")
        })
    }

    /// What tells a catalog and its copies from others; none if it was last written
    /// to by an older program.
    pub(crate) fn identity(&self) -> Result<Option<u128>> {
        self.meta(KEY_IDENTITY, |bytes| {
            let bytes = bytes.try_into().map(u128::from_le_bytes);
            bytes.map_err(|_| "is not a number".to_owned().into())
        })
    }

    /// Whether nobody has committed since.
    pub(crate) fn is_last(&self) -> Result<bool> {
        Ok(self.store.read()?.version()? == self.version()?)
    }

    /// Number that grows with every commit.
    pub(crate) fn version(&self) -> Result<u64> {
        let version = self.meta(KEY_VERSION, |bytes| {
            bytes
                .try_into()
                .map(u64::from_le_bytes)
                .map_err(|_| "is not a number".to_owned().into())
        })?;
        Ok(version.unwrap_or(0))
    }

    pub(crate) fn space(&self) -> Result<SpaceRecord> {
        let space = self.meta(KEY_SPACE, codec::decode::<SpaceRecord>)?;
        space.ok_or_else(|| self.store.damaged("the entry `space` is missing"))
    }

    pub(crate) fn next_space(&self) -> Result<Option<SpaceRecord>> {
        self.meta(KEY_NEXT_SPACE, codec::decode::<SpaceRecord>)
    }

    /// The file of what was learned from the catalog as a whole.
    pub(crate) fn model(&self) -> Result<Option<ModelRecord>> {
        let model = self.meta(KEY_MODEL, |bytes| {
            Ok(codec::decode::<ModelRecord>(bytes).ok())
        })?;
        Ok(model.flatten())
    }

    /// How well the student of a space knows new products; nothing where none
    /// came yet.
    pub(crate) fn familiarity(&self, space: &SpaceRecord) -> Result<FamiliarityRecord> {
        let known = self.meta(KEY_FAMILIARITY, |bytes| {
            Ok(codec::decode::<FamiliarityRecord>(bytes).ok())
        })?;
        let known = known.flatten();
        let known = known.filter(|record| record.generation == space.generation);
        Ok(known.unwrap_or(FamiliarityRecord {
            generation: space.generation,
            ..FamiliarityRecord::default()
        }))
    }

    /// Bytes that change with every change of the taxonomy.
    pub(crate) fn taxonomy_stamp(&self) -> Result<Vec<u8>> {
        let stamp = self.meta(KEY_TAXONOMY, |bytes| Ok(bytes.to_vec()))?;
        Ok(stamp.unwrap_or_default())
    }

    /// What positions of categories and vectors depend on.
    pub(crate) fn epoch(&self) -> Result<Epoch> {
        Ok(Epoch {
            taxonomy: self.taxonomy_stamp()?,
            generation: self.space()?.generation,
        })
    }

    pub(crate) fn taxonomy(&self) -> Result<Taxonomy> {
        let mut categories: Vec<Category> = Vec::new();
        self.in_table(CATEGORIES, (), |table| {
            for entry in table.iter().map_err(|e| self.store.failed(e))? {
                let (key, value) = entry.map_err(|e| self.store.failed(e))?;
                let record = codec::decode::<CategoryRecord>(value.value()).map_err(|e| {
                    self.store
                        .unreadable(format_args!("category {}", key.value()), e)
                })?;
                categories.push(record.into());
            }
            Ok(())
        })?;
        check_tree(&categories).map_err(|what| self.store.damaged(what))?;
        Ok(Taxonomy::from_categories(categories))
    }

    /// Row of the product of that id.
    pub(crate) fn row(&self, id: &str) -> Result<Option<u32>> {
        self.in_table(IDS, None, |table| {
            let row = table.get(id).map_err(|e| self.store.failed(e))?;
            Ok(row.map(|row| row.value()))
        })
    }

    pub(crate) fn product(&self, row: u32) -> Result<Option<ProductRecord>> {
        self.with_product(row, |view| {
            rkyv::deserialize::<ProductRecord, rkyv::rancor::Error>(view).map_err(|e| e.to_string())
        })?
        .transpose()
        .map_err(|e| {
            self.store
                .unreadable(format_args!("product in row {row}"), e)
        })
    }

    /// Runs `look` on the stored product without copying it.
    pub(crate) fn with_product<T>(
        &self,
        row: u32,
        look: impl FnOnce(&ArchivedProductRecord) -> T,
    ) -> Result<Option<T>> {
        self.in_table(PRODUCTS, None, |table| {
            let Some(value) = table.get(row).map_err(|e| self.store.failed(e))? else {
                return Ok(None);
            };
            let view = codec::view::<ProductRecord>(value.value()).map_err(|e| {
                self.store
                    .unreadable(format_args!("product in row {row}"), e)
            })?;
            Ok(Some(look(view)))
        })
    }

    /// External category id of the product's label.
    pub(crate) fn label(&self, row: u32) -> Result<Option<String>> {
        self.in_table(LABELS, None, |table| {
            let label = table.get(row).map_err(|e| self.store.failed(e))?;
            Ok(label.map(|label| label.value().to_owned()))
        })
    }

    pub(crate) fn decision(&self, row: u32) -> Result<Option<DecisionRecord>> {
        self.in_table(DECISIONS, None, |table| {
            let Some(value) = table.get(row).map_err(|e| self.store.failed(e))? else {
                return Ok(None);
            };
            let record = codec::decode::<DecisionRecord>(value.value()).map_err(|e| {
                self.store
                    .unreadable(format_args!("decision in row {row}"), e)
            })?;
            Ok(Some(record))
        })
    }

    /// Digest of the text that the row's vector in `space` was made from.
    pub(crate) fn text_hash(&self, space: &SpaceRecord, row: u32) -> Result<Option<u128>> {
        let name = vectors_name(space.generation);
        let live = self.in_table(VectorTable::new(&name), None, |table| {
            let Some(value) = table.get(row).map_err(|e| self.store.failed(e))? else {
                return Ok(None);
            };
            Ok(Some(self.vector_view(space, row, value.value())?.text_hash))
        })?;
        match live {
            Some(hash) => Ok(Some(hash)),
            None => Ok(self.sealed_row(space, row)?.map(|sealed| sealed.text_hash)),
        }
    }

    fn vector_view<'v>(
        &self,
        space: &SpaceRecord,
        row: u32,
        bytes: &'v [u8],
    ) -> Result<VectorView<'v>> {
        codec::view_vector(bytes, space.dimensions as usize).map_err(|e| {
            self.store
                .unreadable(format_args!("vector in row {row}"), e)
        })
    }

    /// The vectors of category texts by the digests of the texts; none for a
    /// text that was not embedded yet.
    pub(crate) fn text_vectors(
        &self,
        space: &SpaceRecord,
        hashes: &[u128],
    ) -> Result<Vec<Option<Vec<f32>>>> {
        self.vectors_of_texts(&texts_name(space.generation), space, hashes)
    }

    /// The vectors that a teacher of that space gave for texts, by the digests
    /// of the texts; none for a text it was not asked for.
    pub(crate) fn taught_vectors(
        &self,
        space: &SpaceRecord,
        hashes: &[u128],
    ) -> Result<Vec<Option<Vec<f32>>>> {
        self.vectors_of_texts(&taught_name(space.tag()), space, hashes)
    }

    fn vectors_of_texts(
        &self,
        table: &str,
        space: &SpaceRecord,
        hashes: &[u128],
    ) -> Result<Vec<Option<Vec<f32>>>> {
        self.in_table(TextTable::new(table), vec![None; hashes.len()], |table| {
            let mut vectors = Vec::with_capacity(hashes.len());
            for hash in hashes {
                let value = table.get(hash).map_err(|e| self.store.failed(e))?;
                let vector = value.map(|value| {
                    codec::view_vector(value.value(), space.dimensions as usize)
                        .map(VectorView::to_vec)
                        .map_err(|e| {
                            self.store
                                .unreadable(format_args!("the vector of a text"), e)
                        })
                });
                vectors.push(vector.transpose()?);
            }
            Ok(vectors)
        })
    }

    /// Visits every product in order of rows, without copying.
    pub(crate) fn each_product(
        &self,
        visit: impl FnMut(u32, &ArchivedProductRecord) -> Result<()>,
    ) -> Result<()> {
        self.each_product_from(0, usize::MAX, visit)
    }

    /// Visits at most `limit` products from row `from` on, in order of rows.
    pub(crate) fn each_product_from(
        &self,
        from: u32,
        limit: usize,
        mut visit: impl FnMut(u32, &ArchivedProductRecord) -> Result<()>,
    ) -> Result<()> {
        self.in_table(PRODUCTS, (), |table| {
            let entries = table.range(from..).map_err(|e| self.store.failed(e))?;
            for entry in entries.take(limit) {
                let (row, value) = entry.map_err(|e| self.store.failed(e))?;
                let view = codec::view::<ProductRecord>(value.value()).map_err(|e| {
                    self.store
                        .unreadable(format_args!("product in row {}", row.value()), e)
                })?;
                visit(row.value(), view)?;
            }
            Ok(())
        })
    }

    /// Up to `limit` products from row `from` on, in order of rows.
    pub(crate) fn products_from(
        &self,
        from: u32,
        limit: usize,
    ) -> Result<Vec<(u32, ProductRecord)>> {
        self.in_table(PRODUCTS, Vec::new(), |table| {
            let mut found = Vec::new();
            for entry in table
                .range(from..)
                .map_err(|e| self.store.failed(e))?
                .take(limit)
            {
                let (row, value) = entry.map_err(|e| self.store.failed(e))?;
                let record = codec::decode::<ProductRecord>(value.value()).map_err(|e| {
                    self.store
                        .unreadable(format_args!("product in row {}", row.value()), e)
                })?;
                found.push((row.value(), record));
            }
            Ok(found)
        })
    }

    /// Visits every vector of `space` that is in no segment, in order of rows.
    pub(crate) fn each_live_vector(
        &self,
        space: &SpaceRecord,
        visit: impl FnMut(u32, VectorView<'_>) -> Result<()>,
    ) -> Result<()> {
        self.live_vectors_up_to(space, usize::MAX, visit)
    }

    /// Visits the first `limit` vectors of `space` that are in no segment.
    pub(crate) fn live_vectors_up_to(
        &self,
        space: &SpaceRecord,
        limit: usize,
        mut visit: impl FnMut(u32, VectorView<'_>) -> Result<()>,
    ) -> Result<()> {
        let name = vectors_name(space.generation);
        self.in_table(VectorTable::new(&name), (), |table| {
            let entries = table.iter().map_err(|e| self.store.failed(e))?;
            for entry in entries.take(limit) {
                let (row, value) = entry.map_err(|e| self.store.failed(e))?;
                let view = self.vector_view(space, row.value(), value.value())?;
                visit(row.value(), view)?;
            }
            Ok(())
        })
    }

    /// Visits every label: row and external category id.
    pub(crate) fn each_label(&self, mut visit: impl FnMut(u32, &str) -> Result<()>) -> Result<()> {
        self.in_table(LABELS, (), |table| {
            for entry in table.iter().map_err(|e| self.store.failed(e))? {
                let (row, value) = entry.map_err(|e| self.store.failed(e))?;
                visit(row.value(), value.value())?;
            }
            Ok(())
        })
    }

    /// Visits every stored decision.
    pub(crate) fn each_decision(
        &self,
        mut visit: impl FnMut(u32, DecisionRecord) -> Result<()>,
    ) -> Result<()> {
        self.in_table(DECISIONS, (), |table| {
            for entry in table.iter().map_err(|e| self.store.failed(e))? {
                let (row, value) = entry.map_err(|e| self.store.failed(e))?;
                let record = codec::decode::<DecisionRecord>(value.value()).map_err(|e| {
                    self.store
                        .unreadable(format_args!("decision in row {}", row.value()), e)
                })?;
                visit(row.value(), record)?;
            }
            Ok(())
        })
    }

    /// Visits every external id with its row.
    pub(crate) fn each_id(&self, mut visit: impl FnMut(&str, u32) -> Result<()>) -> Result<()> {
        self.in_table(IDS, (), |table| {
            for entry in table.iter().map_err(|e| self.store.failed(e))? {
                let (id, row) = entry.map_err(|e| self.store.failed(e))?;
                visit(id.value(), row.value())?;
            }
            Ok(())
        })
    }

    /// Number of products, labels and decisions.
    pub(crate) fn counts(&self) -> Result<Counts> {
        use redb::ReadableTableMetadata;
        let products = self.in_table(PRODUCTS, 0, |table| {
            table.len().map_err(|e| self.store.failed(e))
        })?;
        let labels = self.in_table(LABELS, 0, |table| {
            table.len().map_err(|e| self.store.failed(e))
        })?;
        let decisions = self.in_table(DECISIONS, 0, |table| {
            table.len().map_err(|e| self.store.failed(e))
        })?;
        let changed = self.meta(KEY_CHANGED, |bytes| Ok(Changed::parse(bytes)?))?;
        Ok(Counts {
            products,
            labels,
            decisions,
            changed: changed.unwrap_or_default(),
        })
    }
}

impl Reader<'_> {
    /// Digest of how often the content was changed, and of the epoch.
    pub(crate) fn content_state(&self) -> Result<u64> {
        let counts = self.counts()?;
        let epoch = self.epoch()?;
        let [vectors, labels] = counts.changed.to_bytes();
        let mut hasher = Xxh3::new();
        hasher.update(&vectors);
        hasher.update(&labels);
        hasher.update(&counts.products.to_le_bytes());
        hasher.update(&epoch.taxonomy);
        hasher.update(&epoch.generation.to_le_bytes());
        Ok(hasher.digest())
    }
}

/// Makes sure that nobody who follows parents and children goes astray.
pub(crate) fn check_tree(categories: &[Category]) -> std::result::Result<(), String> {
    for (index, category) in (0u32..).zip(categories) {
        if category.parent.is_some_and(|parent| parent >= index) {
            return Err(format!(
                "the category `{}` stands before its parent",
                category.id
            ));
        }
        let strange = |child: &u32| {
            let child = categories.get(*child as usize);
            child.is_none_or(|child| child.parent != Some(index))
        };
        if category.children.iter().any(strange) {
            return Err(format!(
                "the category `{}` has a child that is not its own",
                category.id
            ));
        }
    }
    Ok(())
}

/// What positions of categories and vectors depend on: whoever has two states
/// of one epoch may use them together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Epoch {
    /// Changes with every change of the taxonomy.
    pub(crate) taxonomy: Vec<u8>,
    /// Number of the space.
    pub(crate) generation: u32,
}

/// How much a catalog holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) products: u64,
    pub(crate) labels: u64,
    pub(crate) decisions: u64,
    pub(crate) changed: Changed,
}

/// How often a catalog was changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changed {
    /// Vectors that were set, changed or removed.
    pub(crate) vectors: u64,
    /// Labels that were set, changed or removed.
    pub(crate) labels: u64,
}

impl Changed {
    pub(super) fn parse(bytes: &[u8]) -> std::result::Result<Self, String> {
        match bytes.as_chunks::<8>() {
            ([vectors, labels], []) => Ok(Self {
                vectors: u64::from_le_bytes(*vectors),
                labels: u64::from_le_bytes(*labels),
            }),
            _ => Err("is not two numbers".to_owned()),
        }
    }

    pub(super) fn to_bytes(self) -> [[u8; 8]; 2] {
        [self.vectors.to_le_bytes(), self.labels.to_le_bytes()]
    }
}
