//! Searches, and what they find.

use assort_proto::v1::grouping::{By, Category, Content};
use assort_proto::v1::image::Source;
use assort_proto::v1::search_products_request::Query;
use assort_proto::v1::search_result::Group;
use assort_proto::{names, v1};

use crate::error::{Error, Result};
use crate::values::{StoredProduct, stored};

/// What to search for, and how.
///
/// ```
/// use assort_client::Search;
///
/// let search = Search::text("waterproof boots")
///     .filter("price < 100 and brand = \"Hiko\"")
///     .top(5);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Search {
    query: Asked,
    filter: String,
    min_similarity: Option<f32>,
    grouping: Option<v1::Grouping>,
    top: usize,
    offset: usize,
    params: v1::SearchParams,
    explain: bool,
    facets: Vec<String>,
}

#[derive(Clone, Debug)]
enum Asked {
    Text(String),
    Vector(Vec<f32>),
    Like(String, v1::LikeBy),
    Picture(Vec<u8>),
}

impl Search {
    fn new(query: Asked) -> Self {
        Self {
            query,
            filter: String::new(),
            min_similarity: None,
            grouping: None,
            top: 10,
            offset: 0,
            params: v1::SearchParams::default(),
            explain: false,
            facets: Vec::new(),
        }
    }

    /// A search for products that are similar to a text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(Asked::Text(text.into()))
    }

    /// A search for products near a vector of the catalog's space.
    pub fn vector(vector: impl Into<Vec<f32>>) -> Self {
        Self::new(Asked::Vector(vector.into()))
    }

    /// A search for products like the one of that id, which is not among them.
    pub fn like(id: impl Into<String>) -> Self {
        Self::new(Asked::Like(id.into(), v1::LikeBy::Text))
    }

    /// A search for products whose pictures look like that of the product of that id.
    pub fn like_picture(id: impl Into<String>) -> Self {
        Self::new(Asked::Like(id.into(), v1::LikeBy::Picture))
    }

    /// A search for products like the one of that id by text and by picture, without groups
    /// and facets.
    pub fn like_both(id: impl Into<String>) -> Self {
        Self::new(Asked::Like(id.into(), v1::LikeBy::Both))
    }

    /// A search for products whose pictures look like this one: the bytes of its file.
    pub fn picture(file: impl Into<Vec<u8>>) -> Self {
        Self::new(Asked::Picture(file.into()))
    }

    /// Only products that match an expression, such as `brand = "HP" and price < 100`.
    pub fn filter(mut self, filter: impl Into<String>) -> Self {
        self.filter = filter.into();
        self
    }

    /// Only products whose similarity is this or more, between −1 and 1.
    pub fn min_similarity(mut self, least: f32) -> Self {
        self.min_similarity = Some(least);
        self
    }

    /// So many products of each content: titles that differ only in numbers, sizes, colours
    /// and the order of words. `top` and `offset` count groups.
    pub fn by_content(self, size: usize) -> Self {
        self.grouped(By::Content(Content {}), size)
    }

    /// The same for each category.
    pub fn by_category(self, size: usize) -> Self {
        self.grouped(By::Category(Category {}), size)
    }

    /// The same for each value of an attribute.
    pub fn by_attribute(self, name: impl Into<String>, size: usize) -> Self {
        self.grouped(By::Attribute(name.into()), size)
    }

    fn grouped(mut self, by: By, size: usize) -> Self {
        self.grouping = Some(v1::Grouping {
            by: Some(by),
            size: clamped(size),
        });
        self
    }

    /// Results to give, or groups; 10 unless told otherwise.
    pub fn top(mut self, top: usize) -> Self {
        self.top = top;
        self
    }

    /// Better results to pass over, or groups.
    pub fn offset(mut self, offset: usize) -> Self {
        self.offset = offset;
        self
    }

    /// Compare every vector: slower, and nothing is missed.
    pub fn exact(mut self, exact: bool) -> Self {
        self.params.exact = exact;
        self
    }

    /// Products that a walk of the index keeps: more find more, and take longer.
    pub fn ef(mut self, ef: usize) -> Self {
        self.params.ef = clamped(ef);
        self
    }

    /// Products ranked for each result.
    pub fn oversample(mut self, products: usize) -> Self {
        self.params.oversample = clamped(products);
        self
    }

    /// Tell how the index was searched.
    pub fn explain(mut self, explain: bool) -> Self {
        self.explain = explain;
        self
    }

    /// Count the values of attributes among the nearest products that match; `category` is
    /// the category that they are filed under.
    pub fn facets(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.facets = names.into_iter().map(Into::into).collect();
        self
    }

    /// The first and the last result to give, counted from 0; the last one is not given.
    pub(crate) fn range(&self) -> (usize, usize) {
        (self.offset, self.offset.saturating_add(self.top))
    }

    /// The request for all pages.
    pub(crate) fn request(&self, catalog: &str) -> v1::SearchProductsRequest {
        let query = match &self.query {
            Asked::Text(text) => Query::Text(text.clone()),
            Asked::Like(id, _) => Query::Like(names::product(catalog, id)),
            Asked::Picture(file) => Query::Picture(v1::Image {
                source: Some(Source::Data(file.clone())),
                media_type: String::new(),
            }),
            Asked::Vector(vector) => {
                let data: Vec<u8> = vector.iter().flat_map(|one| one.to_le_bytes()).collect();
                Query::Vector(v1::Vector {
                    data: data.into(),
                    dimensions: clamped(vector.len()),
                })
            }
        };
        let like_by = match &self.query {
            Asked::Like(_, by) => *by,
            _ => v1::LikeBy::Unspecified,
        };
        v1::SearchProductsRequest {
            parent: names::catalog(catalog),
            query: Some(query),
            like_by: like_by.into(),
            filter: self.filter.clone(),
            min_similarity: self.min_similarity,
            grouping: self.grouping.clone(),
            params: Some(self.params),
            explain: self.explain,
            facets: self.facets.clone(),
            ..v1::SearchProductsRequest::default()
        }
    }
}

/// A number of the contract.
pub(crate) fn clamped(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// A product that was found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Found {
    /// The product.
    pub product: StoredProduct,
    /// Cosine similarity with the query, between −1 and 1.
    pub similarity: f32,
    /// The group it is in, of a search for groups.
    pub group: Option<Group>,
}

/// What a search found.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Results {
    /// The products, the most similar first.
    pub found: Vec<Found>,
    /// Products that match the filter, or all products without one.
    pub matches: u64,
    /// How each part of the catalog was searched, if that was asked for.
    pub steps: Vec<v1::SearchStep>,
    /// How many of the nearest products have each value of the attributes that were asked
    /// for.
    pub facets: Vec<v1::Facet>,
}

pub(crate) fn found(result: v1::SearchResult) -> Result<Found> {
    let product = result.product;
    let product = product.ok_or_else(|| Error::Answer("a result has no product".to_owned()))?;
    Ok(Found {
        product: stored(product)?,
        similarity: result.similarity,
        group: result.group,
    })
}
