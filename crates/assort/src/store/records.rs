//! What the store keeps, as rkyv archives.

use assort_core::{Category, Product, Space};
use rkyv::{Archive, Deserialize, Serialize};

use super::codec::{Record, decode, encode};

impl Record for ProductRecord {
    const NAME: &'static str = "product";
}

impl Record for CategoryRecord {
    const NAME: &'static str = "category";
}

impl Record for DecisionRecord {
    const NAME: &'static str = "decision";
}

impl Record for SpaceRecord {
    const NAME: &'static str = "space";
}

impl Record for SegmentRecord {
    const NAME: &'static str = "segment";
}

/// Version 1 had two layouts of the same size: see [`TuningRecord::is_sound`].
impl Record for TuningRecord {
    const NAME: &'static str = "tuning";
    const VERSION: u8 = 2;
}

impl Record for FamiliarityRecord {
    const NAME: &'static str = "familiarity";
}

impl Record for ModelRecord {
    const NAME: &'static str = "model";
}

impl Record for ColumnsRecord {
    const NAME: &'static str = "columns";
}

impl Record for TouchedRecord {
    const NAME: &'static str = "touched";
}

impl Record for SchemaRecord {
    const NAME: &'static str = "attributes";
}

/// A stored product.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub(crate) struct ProductRecord {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) image: Option<String>,
    pub(crate) content_hash: u128,
}

impl From<Product> for ProductRecord {
    fn from(product: Product) -> Self {
        Self {
            content_hash: product.content_hash(),
            id: product.id,
            title: product.title,
            text: product.text,
            attributes: product.attributes,
            image: product.image,
        }
    }
}

impl From<ProductRecord> for Product {
    fn from(record: ProductRecord) -> Self {
        Self {
            id: record.id,
            title: record.title,
            text: record.text,
            attributes: record.attributes,
            image: record.image,
        }
    }
}

impl ArchivedProductRecord {
    /// The product, copied.
    pub(crate) fn to_product(&self) -> Product {
        let attributes = self.attributes.iter();
        Product {
            id: self.id.as_str().to_owned(),
            title: self.title.as_str().to_owned(),
            text: self.text.as_str().to_owned(),
            attributes: attributes
                .map(|pair| (pair.0.as_str().to_owned(), pair.1.as_str().to_owned()))
                .collect(),
            image: self.image.as_ref().map(|image| image.as_str().to_owned()),
        }
    }
}

/// A stored category; its key is its position, parents before children.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub(crate) struct CategoryRecord {
    id: String,
    name: String,
    parent: Option<u32>,
    children: Vec<u32>,
    descriptions: Vec<String>,
    aliases: Vec<String>,
    examples: Vec<String>,
    translations: Vec<(String, Vec<String>)>,
}

impl From<Category> for CategoryRecord {
    fn from(category: Category) -> Self {
        Self {
            id: category.id,
            name: category.name,
            parent: category.parent,
            children: category.children,
            descriptions: category.descriptions,
            aliases: category.aliases,
            examples: category.examples,
            translations: category.translations,
        }
    }
}

impl From<CategoryRecord> for Category {
    fn from(record: CategoryRecord) -> Self {
        Self {
            id: record.id,
            name: record.name,
            parent: record.parent,
            children: record.children,
            descriptions: record.descriptions,
            aliases: record.aliases,
            examples: record.examples,
            translations: record.translations,
        }
    }
}

/// The bytes of a category's record.
pub(crate) fn category_bytes(category: &Category) -> Result<Vec<u8>, String> {
    encode(&CategoryRecord::from(category.clone()))
}

/// The category of a record's bytes.
pub(crate) fn category_of(bytes: &[u8]) -> Result<Category, String> {
    let record = decode::<CategoryRecord>(bytes).map_err(|e| e.to_string())?;
    Ok(record.into())
}

/// A stored decision: what a classifier said and was told to keep.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub(crate) struct DecisionRecord {
    /// External id of the category.
    pub(crate) category: String,
    /// Confidence between 0 and 1.
    pub(crate) confidence: f32,
    /// Name of the method.
    pub(crate) method: String,
}

/// A space and the tables that hold its vectors.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub(crate) struct SpaceRecord {
    /// Number of the tables; grows with every change of space.
    pub(crate) generation: u32,
    pub(crate) model: String,
    pub(crate) fingerprint: String,
    pub(crate) dimensions: u32,
    /// How to open the embedder, as the user gave it.
    pub(crate) embedder: String,
}

impl SpaceRecord {
    pub(crate) fn new(generation: u32, space: &Space, embedder: &str) -> Self {
        Self {
            generation,
            model: space.model.clone(),
            fingerprint: space.fingerprint.clone(),
            dimensions: space.dimensions as u32,
            embedder: embedder.to_owned(),
        }
    }

    /// Identity of the space, as segments keep it.
    pub(crate) fn tag(&self) -> u128 {
        let Self {
            model,
            fingerprint,
            dimensions,
            ..
        } = self;
        assort_core::text_hash(&format!("{model}\0{fingerprint}\0{dimensions}"))
    }

    /// Whether the vectors of one are those of the other, however their embedder is opened.
    pub(crate) fn has_vectors_of(&self, other: &Self) -> bool {
        self.generation == other.generation && self.tag() == other.tag()
    }

    pub(crate) fn space(&self) -> Space {
        Space {
            model: self.model.clone(),
            fingerprint: self.fingerprint.clone(),
            dimensions: self.dimensions as usize,
        }
    }
}

/// A segment of the catalog.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub(crate) struct SegmentRecord {
    /// Generation of the space of its vectors.
    pub(crate) generation: u32,
    /// Bitmap it has, dead ones included.
    pub(crate) rows: u32,
}

/// How the graph is walked, found by measuring.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq)]
pub(crate) struct TuningRecord {
    /// Rows a walk keeps.
    pub(crate) ef: u32,
    /// How much farther than what it has found a walk goes.
    pub(crate) slack: f32,
    /// Recall that was asked for, and that was measured.
    pub(crate) asked: f32,
    pub(crate) recall: f32,
}

impl TuningRecord {
    /// Whether a search may go by it. The first layout of version 1 had a whole
    /// number where `slack` is now; read as a slack it is next to zero, and a
    /// search that believed it would end at once.
    pub(crate) fn is_sound(&self) -> bool {
        self.ef > 0 && self.slack >= 1.0
    }
}

/// How well a student knows the products that came lately.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct FamiliarityRecord {
    /// Generation of the space of the student.
    pub(crate) generation: u32,
    /// Products looked at; older ones count less and less.
    pub(crate) products: f64,
    /// Sum of the parts of their texts that are known.
    pub(crate) known: f64,
}

/// The file of what was learned from the catalog as a whole.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ModelRecord {
    /// Digest of its bytes, by which it is named.
    pub(crate) digest: u128,
}

/// The file of attributes by columns.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ColumnsRecord {
    /// Digest of its bytes, by which it is named.
    pub(crate) digest: u128,
    /// Rows that it knows are below this number.
    pub(crate) rows: u32,
    /// Version of the commit that it was made from.
    pub(crate) version: u64,
}

/// That a row has changed since the columns were made.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TouchedRecord {
    /// Version of the last commit that changed it.
    pub(crate) version: u64,
}

/// The kinds of attributes that are known.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub(crate) struct SchemaRecord {
    /// Names, and kinds as they are printed.
    pub(crate) kinds: Vec<(String, String)>,
}
