//! One directory: one space, one taxonomy, all products.

pub(crate) mod attributes;
mod audit_labels;
mod backup;
pub(crate) mod classify;
pub(crate) mod combine;
pub(crate) mod crosswalk;
pub(crate) mod distill;
pub(crate) mod duplicates;
pub(crate) mod evaluate;
pub(crate) mod facets;
pub(crate) mod filter_fields;
mod following;
pub(crate) mod groups;
pub(crate) mod import;
pub(crate) mod indexing;
pub(crate) mod label;
mod like_both;
mod list;
pub(crate) mod maintain;
mod maintenance_lock;
mod pack;
pub(crate) mod pictures;
pub(crate) mod product_pictures;
pub(crate) mod reembed;
pub(crate) mod search;
mod tallies;
mod train;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, RwLock};

use assort_core::{CategoryIndex, Embedder, Product, Space, Taxonomy, TaxonomyChange};
use assort_files::{Disk, Files};

use crate::classifier::ClassifierCache;
use crate::error::Maintenance;
use crate::knn::filter_cache::FilterCache;
use crate::locks::{read, write};
use crate::segments::Background;
use crate::snapshot::Changes;
use crate::state::State;
use crate::store::{Reader, SegmentFiles, SpaceRecord, Store, Writer};
use crate::task::TaskState;
use crate::{Error, Result};

use maintenance_lock::{MaintenanceLock, UnderWay};

/// An embedded database of products and the category tree they are filed into.
///
/// Methods that take `&self` may be called from many threads: readers see the
/// last commit and wait for a writer at most while it commits. One process may have a catalog open for writing, and any
/// number for reading at the same time.
pub struct Catalog {
    // These rest before the state goes.
    pub(crate) background: Background,
    pub(crate) classifier: ClassifierCache,
    pub(crate) state: Arc<State>,
    /// What filters matched lately.
    pub(crate) filters: FilterCache,
    embedder: RwLock<Option<Arc<dyn Embedder>>>,
    picture_embedder: RwLock<Option<Arc<dyn Embedder>>>,
    /// What opens the pictures of products that are not stored.
    picture_source: Option<Arc<dyn pictures::PictureSource>>,
    maintenance: MaintenanceLock,
    /// Held to read while products are stored, and to write while the catalog
    /// moves to another space: none is stored in the space that it leaves.
    moving: RwLock<()>,
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalog")
            .field("directory", &self.directory())
            .field("health", &self.health())
            .finish_non_exhaustive()
    }
}

/// What a catalog does in the background. Work that failed is tried again by
/// itself, after a full disk for instance, while everything else goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// Sealing of new vectors and merging of segments. While it fails, new
    /// products are searched exactly, which is slower and finds the same.
    pub indexing: TaskState,
    /// Learning from the catalog. While it fails, products are filed by what was
    /// learned before.
    pub learning: TaskState,
}

/// A product as the catalog has it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredProduct {
    /// The product.
    pub product: Product,
    /// The category a person filed it under.
    pub label: Option<CategoryIndex>,
    /// The last decision that was applied.
    pub decision: Option<StoredDecision>,
}

/// A decision kept in the catalog.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredDecision {
    /// The category, if the taxonomy still has it.
    pub category: Option<CategoryIndex>,
    /// External id of the category.
    pub category_id: String,
    /// Confidence between 0 and 1.
    pub confidence: f32,
    /// Name of the method that decided.
    pub method: String,
}

impl Catalog {
    /// Makes a catalog in `directory`, which must not hold one yet.
    ///
    /// `embedder` makes all vectors; `spec` says how to open it again and is
    /// given back by [`Self::embedder_spec`].
    ///
    /// # Errors
    /// [`Error::AlreadyACatalog`], or [`Error::Io`] if the directory cannot be
    /// written.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use assort::core::{CategoryRow, Place, Taxonomy};
    ///
    /// let row = |path: &[&str]| CategoryRow {
    ///     place: Place::Path(path.iter().map(|name| name.to_string()).collect()),
    ///     ..CategoryRow::default()
    /// };
    /// let taxonomy = Taxonomy::from_rows(vec![
    ///     row(&["Kitchen", "Kettles"]),
    ///     row(&["Kitchen", "Knives"]),
    /// ])?;
    /// let embedder = assort_embed::open(&assort_embed::Spec::Bundled, &Default::default())?;
    /// let directory = tempfile::tempdir()?;
    /// let catalog = assort::Catalog::create(directory.path(), &taxonomy, embedder, "bundled")?;
    /// let product = assort::core::Product {
    ///     id: "1".into(),
    ///     title: "Electric kettle 1.7 l, stainless steel".into(),
    ///     ..Default::default()
    /// };
    /// let decisions = catalog.classify(&[product], &Default::default())?;
    /// let category = decisions[0].category.expect("no minimum confidence was asked for");
    /// assert_eq!(catalog.taxonomy()?.path(category), "Kitchen > Kettles");
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(
        directory: impl AsRef<Path>,
        taxonomy: &Taxonomy,
        embedder: Arc<dyn Embedder>,
        spec: &str,
    ) -> Result<Self> {
        let space = SpaceRecord::new(1, embedder.space(), spec);
        let store = Store::create(directory.as_ref(), |writer| {
            writer.initialize(&space, taxonomy)
        })?;
        Ok(Self::new(store, Some(embedder)))
    }

    /// Opens a catalog for reading and writing.
    ///
    /// # Errors
    /// [`Error::NotACatalog`], [`Error::Locked`] while another process writes,
    /// [`Error::ReadOnlyCopy`] for a backup or a replica,
    /// [`Error::NewerFormat`], [`Error::Damaged`] or [`Error::Io`].
    pub fn open(directory: impl AsRef<Path>) -> Result<Self> {
        Self::open_on(directory.as_ref(), Arc::new(Disk))
    }

    /// Opens a catalog for writing whose segments are kept by `files`.
    pub(crate) fn open_on(directory: &Path, files: Arc<dyn Files>) -> Result<Self> {
        backup::check_is_no_copy(directory)?;
        let catalog = Self::on(Store::open(directory)?, files, None);
        let segments = catalog.state.store.read()?.segments()?;
        let numbers: Vec<u32> = segments.iter().map(|(number, _)| *number).collect();
        catalog.state.segment_files.sweep(&numbers);
        catalog.background.wake(&catalog.state);
        Ok(catalog)
    }

    /// Opens a catalog for reading, also while another process writes to it.
    ///
    /// # Errors
    /// As [`Self::open`], but never because of a writer.
    pub fn open_read_only(directory: impl AsRef<Path>) -> Result<Self> {
        Ok(Self::new(Store::open_read_only(directory.as_ref())?, None))
    }

    fn new(store: Store, embedder: Option<Arc<dyn Embedder>>) -> Self {
        Self::on(store, Arc::new(Disk), embedder)
    }

    fn on(store: Store, files: Arc<dyn Files>, embedder: Option<Arc<dyn Embedder>>) -> Self {
        let segment_files = SegmentFiles::new(store.directory(), files);
        Self {
            background: Background::new(),
            state: Arc::new(State::new(store, segment_files)),
            embedder: RwLock::new(embedder),
            picture_embedder: RwLock::new(None),
            picture_source: None,
            maintenance: MaintenanceLock::default(),
            moving: RwLock::new(()),
            classifier: ClassifierCache::default(),
            filters: FilterCache::default(),
        }
    }

    /// Gives the catalog the embedder for new texts.
    ///
    /// # Errors
    /// [`Error::SpaceMismatch`] if it is not of the catalog's space.
    pub fn with_embedder(self, embedder: Arc<dyn Embedder>) -> Result<Self> {
        let catalog = self.space()?;
        let given = embedder.space().clone();
        if catalog != given {
            return Err(Error::SpaceMismatch { catalog, given });
        }
        *write(&self.embedder) = Some(embedder);
        Ok(self)
    }

    /// Seals vectors into segments when there are `products` of them, instead of
    /// 8,192: live ones are compared with each query, which takes the longer the more
    /// they are, and segments are better few than many.
    #[must_use]
    pub fn with_live_limit(self, products: usize) -> Self {
        self.background.set_limit(products as u64);
        self.background.wake(&self.state);
        self
    }

    /// The space of the catalog's vectors.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`].
    pub fn space(&self) -> Result<Space> {
        Ok(self.state.store.read()?.space()?.space())
    }

    /// How to open the catalog's embedder, as it was given on creation.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`].
    pub fn embedder_spec(&self) -> Result<String> {
        Ok(self.state.store.read()?.space()?.embedder)
    }

    /// What the catalog does in the background, and whether it succeeds.
    pub fn health(&self) -> Health {
        Health {
            indexing: self.background.health(),
            learning: self.classifier.health(),
        }
    }

    /// The catalog's directory.
    pub fn directory(&self) -> &Path {
        self.state.store.directory()
    }

    /// What tells the catalog and its copies from others; none if it was last
    /// written to by an old Assort.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`].
    pub fn identity(&self) -> Result<Option<u128>> {
        self.state.store.read()?.identity()
    }

    /// The number of the last commit, which grows by one with each.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`].
    pub fn last_commit(&self) -> Result<u64> {
        self.state.store.read()?.version()
    }

    /// Changes when products come, go or get other texts or labels, and with the
    /// taxonomy and the space; not with what is learned, nor with the index.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`].
    pub fn content_state(&self) -> Result<u64> {
        self.state.store.read()?.content_state()
    }

    /// The taxonomy of the last commit.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`].
    pub fn taxonomy(&self) -> Result<Arc<Taxonomy>> {
        self.state.taxonomy_in(&self.state.store.read()?)
    }

    /// Replaces the taxonomy. Labels and decisions stay with the ids of their
    /// categories; returns how many labels name a category that is gone, which
    /// count again once it comes back.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::Io`] or [`Error::Damaged`].
    pub fn replace_taxonomy(&self, taxonomy: &Taxonomy) -> Result<u64> {
        self.state.replace_taxonomy(taxonomy)?;
        self.labels_outside(taxonomy)
    }

    /// How many labels name a category that `taxonomy` does not have.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`].
    pub fn labels_outside(&self, taxonomy: &Taxonomy) -> Result<u64> {
        let mut orphans = 0;
        self.state.store.read()?.each_label(|_, label| {
            orphans += u64::from(taxonomy.by_id(label).is_none());
            Ok(())
        })?;
        Ok(orphans)
    }

    /// What replacing the taxonomy by `taxonomy` would change; nothing is changed yet.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`].
    pub fn taxonomy_change(&self, taxonomy: &Taxonomy) -> Result<TaxonomyChange> {
        let old = self.taxonomy()?;
        let mut change = TaxonomyChange::between(&old, taxonomy);
        let reader = self.state.store.read()?;
        reader.each_label(|_, label| {
            change.count_label(&old, taxonomy, label);
            Ok(())
        })?;
        reader.each_decision(|_, decision| {
            change.count_decision(taxonomy, &decision.category);
            Ok(())
        })?;
        Ok(change)
    }

    /// The product of that id.
    ///
    /// # Errors
    /// [`Error::NoProduct`], [`Error::Damaged`] or [`Error::Io`].
    pub fn product(&self, id: &str) -> Result<StoredProduct> {
        let reader = self.state.store.read()?;
        let missing = || Error::NoProduct(id.to_owned());
        let row = reader.row(id)?.ok_or_else(missing)?;
        self.stored(&reader, row)?.ok_or_else(missing)
    }

    /// The ids of at most `limit` products in the order they came: the first ones,
    /// or those that follow the product `after`, the last id of the page before.
    ///
    /// # Errors
    /// [`Error::NoProduct`] if `after` has been removed meanwhile,
    /// [`Error::Damaged`] or [`Error::Io`].
    ///
    /// # Examples
    /// ```no_run
    /// # fn main() -> assort::Result<()> {
    /// let catalog = assort::Catalog::open_read_only("shop")?;
    /// let mut page = catalog.ids(None, 1000)?;
    /// while let Some(last) = page.last() {
    ///     println!("{}", page.join("\n"));
    ///     page = catalog.ids(Some(last), 1000)?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn ids(&self, after: Option<&str>, limit: usize) -> Result<Vec<String>> {
        let reader = self.state.store.read()?;
        let from = match after {
            Some(id) => {
                let row = reader.row(id)?;
                row.ok_or_else(|| Error::NoProduct(id.to_owned()))? + 1
            }
            None => 0,
        };
        let mut ids = Vec::new();
        reader.each_product_from(from, limit, |_, product| {
            ids.push(product.id.as_str().to_owned());
            Ok(())
        })?;
        Ok(ids)
    }

    pub(crate) fn stored(&self, reader: &Reader<'_>, row: u32) -> Result<Option<StoredProduct>> {
        let Some(product) = reader.product(row)? else {
            return Ok(None);
        };
        let taxonomy = self.state.taxonomy_in(reader)?;
        let decision = reader.decision(row)?.map(|record| StoredDecision {
            category: taxonomy.by_id(&record.category),
            category_id: record.category,
            confidence: record.confidence,
            method: record.method,
        });
        Ok(Some(StoredProduct {
            product: product.into(),
            label: reader.label(row)?.and_then(|label| taxonomy.by_id(&label)),
            decision,
        }))
    }

    /// Removes products with their labels, decisions and vectors, all of them
    /// in one transaction; returns how many there were.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::Io`] or [`Error::Damaged`].
    pub fn remove<'i>(&self, ids: impl IntoIterator<Item = &'i str>) -> Result<usize> {
        let mut removed = 0;
        self.commit(|writer| {
            // As of this commit: a move to another space may have begun or ended.
            let reader = self.state.store.read()?;
            let (space, next) = (reader.space()?, reader.next_space()?);
            let spaces: Vec<&SpaceRecord> = [Some(&space), next.as_ref()]
                .into_iter()
                .flatten()
                .collect();
            let mut changes = Changes::default();
            for id in ids {
                changes.removed.extend(writer.remove(id, &spaces)?);
            }
            removed = changes.removed.len();
            Ok(changes)
        })?;
        Ok(removed)
    }

    /// The embedder.
    ///
    /// # Errors
    /// [`Error::NoEmbedder`] if the catalog was opened without one.
    pub fn embedder(&self) -> Result<Arc<dyn Embedder>> {
        read(&self.embedder).clone().ok_or(Error::NoEmbedder)
    }

    /// The embedder, if it is of the space that `reader` has: the catalog may
    /// have been moved meanwhile.
    pub(crate) fn embedder_for(&self, reader: &Reader<'_>) -> Result<Arc<dyn Embedder>> {
        let embedder = self.embedder()?;
        let (catalog, given) = (reader.space()?.space(), embedder.space());
        if catalog != *given {
            let given = given.clone();
            return Err(Error::SpaceMismatch { catalog, given });
        }
        Ok(embedder)
    }

    /// Does `work`, again if the catalog was moved to another space between the
    /// commit that it saw and the embedder that it asked for.
    pub(crate) fn again_if_moved<T>(&self, mut work: impl FnMut() -> Result<T>) -> Result<T> {
        loop {
            let before = self.state.store.read()?.space()?.generation;
            match work() {
                Err(Error::SpaceMismatch { .. })
                    if self.state.store.read()?.space()?.generation != before => {}
                done => return done,
            }
        }
    }

    /// Begins long work on the whole catalog, of which one runs at a time.
    pub(crate) fn begin(&self, work: Maintenance) -> Result<UnderWay> {
        self.maintenance.begin(work)
    }

    /// Commits what `change` does and publishes it to readers. The taxonomy
    /// stays as it is meanwhile.
    pub(crate) fn commit(
        &self,
        change: impl FnOnce(&mut Writer<'_>) -> Result<Changes>,
    ) -> Result<()> {
        self.state.commit(change)?;
        self.background.wake(&self.state);
        Ok(())
    }

    /// Drops what is kept in memory, after a change of the space.
    pub(crate) fn forget(&self) {
        self.state.forget();
    }
}
