//! Products as filters see them.

use std::cell::RefCell;

use assort_core::{CategoryIndex, Fields, Product, Taxonomy};

use crate::store::{ArchivedProductRecord, Reader};
use crate::{Error, Result};

/// The category a product is filed under: its label, else the decision that
/// was applied.
pub(crate) fn filed_under(
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

/// What is done with each product.
pub(crate) trait EachProduct {
    /// Looks at the product of a row.
    fn product(&mut self, row: u32, product: &impl Fields) -> Result<()>;
}

/// Shows a stored product where it lies.
pub(super) fn visit_stored(
    reader: &Reader<'_>,
    taxonomy: &Taxonomy,
    row: u32,
    product: &ArchivedProductRecord,
    visitor: &mut impl EachProduct,
) -> Result<()> {
    let fields = StoredFields {
        product,
        row,
        reader,
        taxonomy,
        failure: RefCell::new(None),
    };
    visitor.product(row, &fields)?;
    fields.failure.into_inner().map_or(Ok(()), Err)
}

/// A stored product where it lies. Its category is looked up when a filter asks for it,
/// and what fails then is told afterwards.
struct StoredFields<'a> {
    product: &'a ArchivedProductRecord,
    row: u32,
    reader: &'a Reader<'a>,
    taxonomy: &'a Taxonomy,
    failure: RefCell<Option<Error>>,
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
        let pairs = self.product.attributes.iter();
        pairs.map(|pair| (pair.0.as_str(), pair.1.as_str()))
    }

    fn category(&self) -> Option<CategoryIndex> {
        filed_under(self.reader, self.taxonomy, self.row).unwrap_or_else(|error| {
            self.failure.replace(Some(error));
            None
        })
    }
}

/// A product in memory, with the ids of the categories of its label and its decision.
pub(super) struct Known {
    pub(super) row: u32,
    pub(super) product: Product,
    pub(super) label: Option<String>,
    pub(super) decision: Option<String>,
}

/// The same for a filter.
pub(super) struct KnownFields<'a>(pub(super) &'a Known, pub(super) &'a Taxonomy);

impl Fields for KnownFields<'_> {
    fn id(&self) -> &str {
        &self.0.product.id
    }

    fn title(&self) -> &str {
        &self.0.product.title
    }

    fn text(&self) -> &str {
        &self.0.product.text
    }

    fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.0.product.attributes.iter();
        pairs.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn category(&self) -> Option<CategoryIndex> {
        let of = |id: &Option<String>| id.as_deref().and_then(|id| self.1.by_id(id));
        of(&self.0.label).or_else(|| of(&self.0.decision))
    }
}
