//! Categories as Python has them.

use assort::core::Taxonomy;

/// A category for Python: its id and its path.
pub(crate) type NamedCategory = (String, String);

/// All categories, parents before children.
pub(crate) fn categories(taxonomy: &Taxonomy) -> Vec<NamedCategory> {
    let all = 0..taxonomy.len() as u32;
    all.map(|category| named_in(taxonomy, category)).collect()
}

/// A category of a taxonomy.
pub(crate) fn named_in(taxonomy: &Taxonomy, category: u32) -> NamedCategory {
    (
        taxonomy.category(category).id.clone(),
        taxonomy.path(category),
    )
}
