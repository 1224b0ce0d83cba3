//! Products of the library as products of the contract, and back.

use assort_core::{CategoryRow, Place, Product, Taxonomy};
use assort_proto::attributes::of_texts;
use assort_proto::v1::attribute_value::Kind;
use assort_proto::v1::category::Translation;
use assort_proto::v1::image::Source;
use assort_proto::{picture, v1};

use crate::error::{Error, Result};

/// A product as a catalog has it.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StoredProduct {
    /// What the user files.
    pub product: Product,
    /// The category a person gave it.
    pub label: Option<v1::CategoryRef>,
    /// The last decision that was kept.
    pub decision: Option<v1::KeptDecision>,
    /// Changes with everything above.
    pub etag: String,
}

/// A product, and where a person filed it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The product.
    pub product: Product,
    /// Its label: an id, a path or a unique name of a category. Without one, the label of a
    /// product that is there stays as it is.
    pub category: Option<String>,
}

impl From<Product> for Row {
    fn from(product: Product) -> Self {
        Self {
            product,
            category: None,
        }
    }
}

/// A product for the contract.
pub(crate) fn told(row: &Row) -> v1::Product {
    let product = &row.product;
    v1::Product {
        id: product.id.clone(),
        title: product.title.clone(),
        text: product.text.clone(),
        attributes: of_texts(&product.attributes),
        image: product.image.clone().map(picture::from_uri),
        label: row.category.clone().map(category_ref),
        ..v1::Product::default()
    }
}

/// A category by an id, a path or a unique name.
pub(crate) fn category_ref(category: String) -> v1::CategoryRef {
    // An id may stand where a path does.
    v1::CategoryRef {
        id: String::new(),
        path: category,
    }
}

/// A product of the contract, as a catalog has it.
pub(crate) fn stored(given: v1::Product) -> Result<StoredProduct> {
    let mut attributes: Vec<(String, String)> = Vec::with_capacity(given.attributes.len());
    for (name, value) in given.attributes {
        match value.kind {
            Some(Kind::Text(text)) => attributes.push((name, text)),
            Some(Kind::Texts(texts)) => {
                let values = texts.values.into_iter();
                attributes.extend(values.map(|text| (name.clone(), text)));
            }
            other => {
                let what = format!("the attribute `{name}` has the value {other:?}");
                return Err(Error::Answer(what));
            }
        }
    }
    let image = given.image.and_then(|image| match image.source? {
        Source::Uri(uri) => Some(Ok(uri)),
        Source::Data(data) => Some(picture::to_uri(&data, &image.media_type)),
    });
    Ok(StoredProduct {
        product: Product {
            id: given.id,
            title: given.title,
            text: given.text,
            attributes,
            image: image.transpose().map_err(Error::Answer)?,
        }
        .sorted(),
        label: given.label,
        decision: given.decision,
        etag: given.etag,
    })
}

/// The categories of a tree for the contract.
pub(crate) fn categories(taxonomy: &Taxonomy) -> Vec<v1::Category> {
    let all = (0..).zip(taxonomy.categories());
    all.map(|(index, category)| {
        let lineage = taxonomy.lineage(index).into_iter();
        let translations = category.translations.iter();
        v1::Category {
            id: category.id.clone(),
            path: lineage
                .map(|at| taxonomy.category(at).name.clone())
                .collect(),
            descriptions: category.descriptions.clone(),
            aliases: category.aliases.clone(),
            examples: category.examples.clone(),
            translations: translations
                .map(|(language, path)| Translation {
                    language: language.clone(),
                    path: path.clone(),
                })
                .collect(),
            ..v1::Category::default()
        }
    })
    .collect()
}

/// The tree of categories of the contract, which come parents first.
pub(crate) fn taxonomy(categories: Vec<v1::Category>) -> Result<Taxonomy> {
    let rows = (1..).zip(categories).map(|(line, given)| CategoryRow {
        line,
        id: Some(given.id),
        place: Place::Path(given.path),
        descriptions: given.descriptions,
        aliases: given.aliases,
        examples: given.examples,
        translations: given
            .translations
            .into_iter()
            .map(|one| (one.language, one.path))
            .collect(),
    });
    Taxonomy::from_rows(rows.collect()).map_err(|error| Error::Answer(error.to_string()))
}
