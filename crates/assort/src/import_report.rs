//! What an import did, told on the way and at the end.

use assort_core::{AttributeKind, CategoryIndex, Taxonomy, TaxonomyError, UnknownTexts};
use assort_read::is_category_name;

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Rows read, good and bad.
    pub rows: u64,
    /// Products that are new in the catalog.
    pub added: u64,
    /// Products that were there and have changed.
    pub updated: u64,
    /// Products that were there and are the same.
    pub unchanged: u64,
    /// Rows that were not taken.
    pub rejected: u64,
    /// Those among them whose id could not be read, so that it is not known which
    /// product they are about.
    pub without_id: u64,
    /// Categories that the input gives and the taxonomy does not have.
    pub foreign: ForeignCategories,
    /// Products with the same content as another one of the input.
    pub duplicates: u64,
    /// Attributes whose kind was found from their values, with that kind. Filters compare
    /// their values by it from then on.
    pub kinds: Vec<(String, AttributeKind)>,
    /// Texts that were embedded.
    pub embedded: u64,
    /// Products to be embedded of which the embedder knows nothing.
    pub unknown: UnknownTexts,
    /// Labels that were set or changed.
    pub labelled: u64,
    /// Products removed because the input does not have them.
    pub pruned: u64,
    /// Whether it was stopped before the end.
    pub stopped: bool,
}

/// Categories of products that the taxonomy does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ForeignCategories {
    /// Products for which the input gives a category.
    pub given: u64,
    /// Products for which it gives none that the taxonomy has. They are kept without a
    /// label, and what was given as their attribute [`SOURCE_CATEGORY`].
    pub unknown: u64,
    /// The first of those categories, each once.
    pub examples: Vec<String>,
}

/// The attribute that keeps categories a source gives, which are no label: those that the
/// taxonomy does not have, and others beside the label.
pub const SOURCE_CATEGORY: &str = "source_category";

/// Examples that are kept.
const EXAMPLES: usize = 3;

/// Whether an attribute of this name says what a source calls the category of a product.
pub(crate) fn is_source_category(name: &str) -> bool {
    name == SOURCE_CATEGORY || is_category_name(name)
}

/// A label, and further attributes of its product.
type Categorized = (Option<CategoryIndex>, Vec<(String, String)>);

impl ForeignCategories {
    /// Reads what a row gives as its category ([`Taxonomy::read_categories`]), and counts
    /// it if the taxonomy has none of it. Gives the label, and what else was given as
    /// attributes [`SOURCE_CATEGORY`].
    ///
    /// # Errors
    /// Why the taxonomy has none of it, where `only_known` says that it must.
    pub fn read(
        &mut self,
        taxonomy: &Taxonomy,
        category: String,
        more: &[String],
        only_known: bool,
    ) -> Result<Categorized, TaxonomyError> {
        let (label, others) = match taxonomy.read_categories(&category, more) {
            Ok(given) => (Some(given.label), given.others),
            Err(error) if only_known => return Err(error),
            Err(_) => {
                self.add(&category);
                (None, vec![category])
            }
        };
        self.given += 1;
        let others = others.into_iter();
        let attributes = others.map(|other| (SOURCE_CATEGORY.to_owned(), other));
        Ok((label, attributes.collect()))
    }

    fn add(&mut self, category: &str) {
        self.unknown += 1;
        let is_new = !self.examples.iter().any(|known| known == category);
        if is_new && self.examples.len() < EXAMPLES {
            self.examples.push(category.to_owned());
        }
    }
}
