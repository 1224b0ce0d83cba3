//! Finding products by text, by likeness, and by filters.

use std::cell::RefCell;

use assort_core::{CategoryIndex, Fields, Filter, Taxonomy, vector};

use crate::catalog::{Catalog, StoredProduct};
use crate::embedding::{check, embed};
use crate::scan::{Among, RowSet, nearest};
use crate::store::{ArchivedProductRecord, Reader};
use crate::{Error, Result};

/// What to search for.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// Products that match a text.
    Text(String),
    /// Products like the one of that id, which is not among the results.
    Like(String),
    /// Products near a unit vector of the catalog's space.
    Vector(Vec<f32>),
}

/// A search.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// What to search for.
    pub query: Query,
    /// Only products that match this expression (see [`Filter`]).
    pub filter: Option<String>,
    /// Results to give.
    pub top: usize,
    /// Better results to pass over, for paging.
    pub offset: usize,
}

impl Search {
    /// The ten best results for `query`.
    pub fn new(query: Query) -> Self {
        Self {
            query,
            filter: None,
            top: 10,
            offset: 0,
        }
    }
}

/// A product found by a search.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The product.
    pub product: StoredProduct,
    /// Cosine similarity with the query, between −1 and 1.
    pub similarity: f32,
}

/// A page of results.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The results, most similar first; ties in the order of import.
    pub found: Vec<Found>,
    /// Number of products that match the filter, or of all products.
    pub matches: u64,
}

/// Results deeper than this are not worth sorting.
const DEEPEST: usize = 100_000;

impl Catalog {
    /// Finds the most similar products, exactly: every vector is compared.
    ///
    /// # Errors
    /// [`Error::Argument`] for a filter or vector that cannot be used,
    /// [`Error::NoProduct`], [`Error::NoEmbedder`] for a text query.
    pub fn search(&self, search: &Search) -> Result<Page> {
        if search.offset.saturating_add(search.top) > DEEPEST {
            return Err(Error::argument(format!(
                "results are given up to the {DEEPEST}th; ask for fewer, or narrow the search with a filter"
            )));
        }
        let (reader, snapshot) = self.view()?;
        let (query, without) = self.query_vector(&reader, &search.query)?;
        let rows = match &search.filter {
            Some(expression) => Some(self.matching(&reader, expression)?),
            None => None,
        };
        let among = rows.as_ref().map_or(Among::All, Among::Rows);
        let wanted = search.offset + search.top;
        let hits = nearest(&snapshot, &query, wanted, among, &[without]);
        let mut found = Vec::with_capacity(search.top);
        for hit in hits.into_iter().flatten().skip(search.offset) {
            if let Some(product) = self.stored(&reader, hit.row)? {
                found.push(Found {
                    product,
                    similarity: hit.similarity.clamp(-1.0, 1.0),
                });
            }
        }
        let matches = match rows {
            Some(rows) => rows.len(),
            None => reader.counts()?.products,
        };
        Ok(Page { found, matches })
    }

    fn query_vector(&self, reader: &Reader<'_>, query: &Query) -> Result<(Vec<f32>, Option<u32>)> {
        match query {
            Query::Text(text) => {
                let text = assort_core::clean(text);
                if text.is_empty() {
                    return Err(Error::argument(
                        "the text to search for is empty; give some words",
                    ));
                }
                Ok((embed(self.embedder_for(reader)?.as_ref(), &[&text])?, None))
            }
            Query::Like(id) => {
                let missing = || Error::NoProduct(id.clone());
                let row = reader.row(id)?.ok_or_else(missing)?;
                let (_, vector) = reader.vector(&reader.space()?, row)?.ok_or_else(missing)?;
                Ok((vector, Some(row)))
            }
            Query::Vector(given) => {
                let mut vector = given.clone();
                vector::normalize(&mut vector);
                check(&vector, 1, reader.space()?.dimensions as usize)
                    .map_err(|what| Error::argument(format!("the query {what}")))?;
                Ok((vector, None))
            }
        }
    }

    /// Rows of the products that match an expression.
    fn matching(&self, reader: &Reader<'_>, expression: &str) -> Result<RowSet> {
        let taxonomy = self.taxonomy_in(reader)?;
        let filter = parse_filter(expression, &taxonomy)?;
        let mut rows = RowSet::default();
        let failure = RefCell::new(None);
        reader.each_product(|row, product| {
            let fields = StoredFields {
                product,
                category: &|| {
                    let filed = filed_under(reader, &taxonomy, row);
                    filed.unwrap_or_else(|error| {
                        failure.replace(Some(error));
                        None
                    })
                },
            };
            if filter.matches(&fields) {
                rows.insert(row);
            }
            failure.take().map_or(Ok(()), Err)
        })?;
        Ok(rows)
    }
}

/// Parses a filter and looks its categories up.
pub(crate) fn parse_filter(expression: &str, taxonomy: &Taxonomy) -> Result<Filter> {
    let resolve = |text: &str, subtree: bool| {
        let category = taxonomy.resolve(text).map_err(|error| error.to_string())?;
        Ok(if subtree {
            taxonomy.subtree(category)
        } else {
            vec![category]
        })
    };
    Filter::parse(expression, resolve)
        .map_err(|error| Error::argument(format!("filter `{expression}`, {error}")))
}

/// The category a product is filed under: its label, else the decision that
/// was applied.
fn filed_under(
    reader: &Reader<'_>,
    taxonomy: &Taxonomy,
    row: u32,
) -> Result<Option<CategoryIndex>> {
    if let Some(label) = reader.label(row)?.and_then(|label| taxonomy.by_id(&label)) {
        return Ok(Some(label));
    }
    let decision = reader.decision(row)?;
    Ok(decision.and_then(|decision| taxonomy.by_id(&decision.category)))
}

/// A stored product as filters see it, without a copy.
struct StoredFields<'a> {
    product: &'a ArchivedProductRecord,
    /// Looks the category up, which only some filters ask for.
    category: &'a dyn Fn() -> Option<CategoryIndex>,
}

impl Fields for StoredFields<'_> {
    fn id(&self) -> &str {
        &self.product.id
    }

    fn title(&self) -> &str {
        &self.product.title
    }

    fn text(&self) -> &str {
        &self.product.text
    }

    fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.product
            .attributes
            .iter()
            .map(|pair| (pair.0.as_str(), pair.1.as_str()))
    }

    fn category(&self) -> Option<CategoryIndex> {
        (self.category)()
    }
}
