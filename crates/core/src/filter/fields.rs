//! What a filter looks at.

use crate::{CategoryIndex, Product};

/// What a filter looks at. The borrows let stored products be filtered where
/// they lie.
pub trait Fields {
    /// The product's own key.
    fn id(&self) -> &str;
    /// The title.
    fn title(&self) -> &str;
    /// The further text; may be empty.
    fn text(&self) -> &str;
    /// Names and values of the attributes, in any order; a name may recur.
    fn attributes(&self) -> impl Iterator<Item = (&str, &str)>;
    /// The category the product is filed under, if it is.
    fn category(&self) -> Option<CategoryIndex>;
}

impl Fields for (&Product, Option<CategoryIndex>) {
    fn id(&self) -> &str {
        &self.0.id
    }

    fn title(&self) -> &str {
        &self.0.title
    }

    fn text(&self) -> &str {
        &self.0.text
    }

    fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.0.attributes.iter();
        pairs.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn category(&self) -> Option<CategoryIndex> {
        self.1
    }
}
