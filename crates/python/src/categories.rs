//! Categories as Python has them.

use assort::core::Taxonomy;

/// A category for Python: its id and its path.
pub(crate) type NamedCategory = (String, String);

/// All categories, parents before children.
pub(crate) fn categories(taxonomy: &Taxonomy) -> Vec<NamedCategory> {
    let all = (0u32..).zip(taxonomy.categories());
    all.map(|(at, one)| (one.id.clone(), taxonomy.path(at)))
        .collect()
}
