//! A pack: everything that filing needs, in one file that never changes.
//!
//! [`Catalog::pack`](crate::Catalog::pack) writes it, and [`Pack`] files by it without
//! the catalog, on any machine and in any number of processes, which share its memory.

mod file;
mod labelled;
mod taxonomy;
mod write;

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use assort_core::{Decision, Embedder, Product, Role, Space, Taxonomy};
use assort_files::Bytes;
use assort_head::{Head, HeadInput};
use assort_index::Segment;

use self::file::Parts;
use self::labelled::LabelledFile;
use crate::classifier::{
    Classifier, ClassifyOptions, KnownEvidence, KnownProduct, PortableModel, Queries, decide,
    source_categories,
};
use crate::embedding::{Item, embed_all, embed_products};
use crate::knn::effort::Effort;
use crate::snapshot::Snapshot;
use crate::{Error, Result};

pub use self::write::PackReport;
pub(crate) use self::write::{Packing, write};

/// A file that [`Catalog::pack`](crate::Catalog::pack) made: the taxonomy, what was
/// learned, the labelled products' vectors, and the catalog's student if it has one.
///
/// It files as the catalog did when it was packed, but for pictures. A decision depends
/// on the product, on the pack and on the options alone, not on the products beside it
/// nor on the number of threads; who keeps [`Self::digest`] with it knows what it was made
/// by. Bytes are verified when it is opened, and are data alone: a pack of a stranger can
/// file wrongly, and no more.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use assort::core::Product;
/// use assort::{ClassifyOptions, Pack};
///
/// let catalog = assort::Catalog::open("shop")?;
/// catalog.pack("shop.pack", &mut ())?;
///
/// let pack = Pack::open("shop.pack")?;
/// let (spec, student, space) = (pack.embedder_spec(), pack.student(), pack.space());
/// let embedder = assort_embed::reopen_packed(spec, student, &space, &Default::default())?;
/// let pack = pack.with_embedder(embedder)?;
/// let product = Product {
///     title: "Electric kettle 1.7 l".into(),
///     ..Product::default()
/// };
/// for decision in pack.classify(&[product], &ClassifyOptions::default())? {
///     println!("{:?}, {:.0}% sure", decision.category, 100.0 * decision.confidence);
/// }
/// # Ok(())
/// # }
/// ```
pub struct Pack {
    path: PathBuf,
    parts: Parts,
    taxonomy: Arc<Taxonomy>,
    classifier: Classifier,
    snapshot: Snapshot,
    labelled: LabelledFile,
    embedder: Option<Arc<dyn Embedder>>,
}

impl fmt::Debug for Pack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pack")
            .field("path", &self.path)
            .field("digest", &format_args!("{:032x}", self.digest()))
            .finish_non_exhaustive()
    }
}

impl Pack {
    /// Opens a pack and verifies it. To file by more than its heads it needs its embedder:
    /// [`Self::with_embedder`].
    ///
    /// # Errors
    /// [`Error::Pack`] if it is none, or has changed or been cut short,
    /// [`Error::NewerFormat`], [`Error::Io`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let parts = Parts::open(path)?;
        Self::of(path, parts).map_err(|error| match error {
            Error::Argument(what) | Error::Internal(what) | Error::Segment { what, .. } => {
                Error::Pack {
                    path: path.to_owned(),
                    what,
                }
            }
            error => error,
        })
    }

    fn of(path: &Path, parts: Parts) -> Result<Self> {
        let taxonomy = Arc::new(taxonomy::read(&parts.bytes[parts.taxonomy()])?);
        if taxonomy.is_empty() {
            return Err(Error::argument("its taxonomy has no category"));
        }
        let space = parts.space();
        let head = |digest| {
            let bytes = parts.part(parts.head(digest)?);
            Head::read(bytes, path).ok()
        };
        let bytes = &parts.bytes[parts.model()];
        let model = PortableModel::read(bytes, parts.prototypes(), &head)
            .ok_or_else(|| Error::argument("what was learned is not what this program reads"))?;
        let (epoch, dimensions) = (model.epoch().clone(), space.dimensions as usize);
        let classifier = model.classifier(Arc::clone(&taxonomy), dimensions)?;
        let labelled = LabelledFile::read(parts.part(parts.labelled()), taxonomy.len())?;
        let segment = match parts.segment() {
            None => None,
            Some(range) => Some(segment(path, &parts, range, &labelled)?),
        };
        if segment.is_none() && labelled.len() > 0 {
            return Err(Error::argument("labelled products have no vectors"));
        }
        let labels = labelled.labels();
        let snapshot = Snapshot::of_segment(epoch, dimensions, segment, labels);
        Ok(Self {
            path: path.to_owned(),
            taxonomy,
            classifier,
            snapshot,
            labelled,
            parts,
            embedder: None,
        })
    }

    /// Gives the pack its embedder.
    ///
    /// # Errors
    /// [`Error::SpaceMismatch`] if it is another one.
    pub fn with_embedder(mut self, embedder: Arc<dyn Embedder>) -> Result<Self> {
        let (catalog, given) = (self.space(), embedder.space());
        if catalog != *given {
            let given = given.clone();
            return Err(Error::SpaceMismatch { catalog, given });
        }
        self.embedder = Some(embedder);
        Ok(self)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// XXH3 of all that it holds: what a pack is known by. Equal digests file alike.
    pub fn digest(&self) -> u128 {
        self.parts.digest
    }

    /// Bytes of the file.
    pub fn size(&self) -> u64 {
        self.parts.bytes.len() as u64
    }

    /// The taxonomy it files by.
    pub fn taxonomy(&self) -> &Arc<Taxonomy> {
        &self.taxonomy
    }

    /// The labelled products that it has.
    pub fn labels(&self) -> usize {
        self.labelled.len()
    }

    /// Whether a head learned from labels.
    pub fn has_head(&self) -> bool {
        self.classifier.has_head()
    }

    /// The space of its vectors.
    pub fn space(&self) -> Space {
        self.parts.space().space()
    }

    /// What the catalog kept of its embedder, to open it again.
    pub fn embedder_spec(&self) -> &str {
        &self.parts.description.embedder
    }

    /// The student that embeds, if the catalog was on one: bytes of its file.
    pub fn student(&self) -> Option<Bytes> {
        Some(self.parts.part(self.parts.student()?))
    }

    /// The embedder.
    ///
    /// # Errors
    /// [`Error::NoEmbedder`] if none was given.
    pub fn embedder(&self) -> Result<&Arc<dyn Embedder>> {
        self.embedder.as_ref().ok_or(Error::NoEmbedder)
    }

    /// Files products; see [`Catalog::classify`](crate::Catalog::classify). A product that
    /// is one of the labelled ones, by its id, has no vote on itself.
    ///
    /// # Errors
    /// [`Error::NoEmbedder`] and [`Error::Embed`], but for
    /// [`Method::Head`](assort_core::Method::Head), which needs none unless decisions are
    /// explained; [`Error::NoLabels`], [`Error::NoHead`], [`Error::NoLabelledPictures`] (a
    /// pack has no pictures), [`Error::Precondition`] where confidence that is asked for was
    /// not calibrated.
    pub fn classify(
        &self,
        products: &[Product],
        options: &ClassifyOptions,
    ) -> Result<Vec<Decision>> {
        let embedder = self.embedder.as_deref();
        let vectors = match options.needs_vectors() {
            true => embed_products(embedder.ok_or(Error::NoEmbedder)?, products)?,
            false => Vec::new(),
        };
        let inputs: Vec<_> = products.iter().map(HeadInput::of_product).collect();
        let own = products.iter();
        let without: Vec<Option<u32>> = own.map(|one| self.labelled.row(&one.id)).collect();
        let queries = Queries {
            vectors: &vectors,
            inputs: &inputs,
            without: &without,
            pictures: &vec![None; products.len()],
            source_categories: &products.iter().map(source_categories).collect::<Vec<_>>(),
            embedder,
        };
        let effort = Effort::tuned(self.parts.description.tuning());
        let decided = decide(
            &self.classifier,
            &self.snapshot,
            self,
            queries,
            options,
            effort,
            false,
        )?;
        Ok(decided.into_iter().map(|one| one.decision).collect())
    }

    /// How many products are best given to [`Self::classify`] together where there are many.
    ///
    /// # Errors
    /// [`Error::NoEmbedder`] where one is needed.
    pub fn classify_batch(&self, options: &ClassifyOptions) -> Result<usize> {
        options.batch(|| Ok(self.embedder()?.batch()))
    }
}

/// The vectors of the labelled products, one for each.
fn segment(
    path: &Path,
    parts: &Parts,
    range: Range<usize>,
    labelled: &LabelledFile,
) -> Result<Arc<Segment>> {
    let space = parts.space();
    let segment = Segment::read(parts.part(range), path, space.tag())?;
    let rows = 0..segment.len() as u32;
    let mut seen = vec![false; labelled.len()];
    for row in rows.map(|slot| segment.row(slot)) {
        let place = row.and_then(|row| seen.get_mut(row as usize));
        match place {
            Some(seen) if !*seen => *seen = true,
            _ => return Err(Error::argument("its vectors are not of its products")),
        }
    }
    if segment.dimensions() != space.dimensions as usize || segment.len() != labelled.len() {
        return Err(Error::argument("its vectors are not of its products"));
    }
    Ok(Arc::new(segment))
}

impl KnownEvidence for Pack {
    /// Without its picture, which stays with the catalog.
    fn product(&self, row: u32) -> Result<Option<KnownProduct>> {
        let product = self.labelled.product(row);
        Ok(product.map(|(id, title)| KnownProduct {
            id,
            title,
            image: None,
        }))
    }

    /// Embeds them: they would take more room than all the rest.
    fn text_vectors(&self, texts: &[&str]) -> Result<Vec<Option<Vec<f32>>>> {
        let items: Vec<Item<'_>> = texts.iter().map(|text| Item::of_text(text)).collect();
        let embedder = self.embedder()?.as_ref();
        let made = embed_all(embedder, Role::Query, items.iter().copied(), |_| true)?;
        let vectors = items.iter().map(|item| made.get(&item.hash).cloned());
        Ok(vectors.collect())
    }
}
