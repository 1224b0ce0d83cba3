//! What the user says about the columns of a product file.

use std::sync::Arc;

use assort_core::Taxonomy;

use crate::table::Quoting;

/// What the user says about the columns of a product file.
///
/// `None` leaves the choice to the names of the columns; an empty name, `-` or
/// an empty list means that there is none.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Mapping {
    /// Column of the product's own id; `#` numbers the rows from 1 instead.
    pub id: Option<String>,
    /// Column of the title.
    pub title: Option<String>,
    /// Columns of further text, joined in this order.
    pub text: Option<Vec<String>>,
    /// Columns kept as attributes; by default all that mean nothing else.
    pub attributes: Option<Vec<String>>,
    /// Attributes whose numbers have a decimal comma; by default those of which the first
    /// rows say so.
    pub decimal_commas: Option<Vec<String>>,
    /// Column of the category: its id or its path.
    pub category: Option<String>,
    /// Column of the picture's path or URL.
    pub image: Option<String>,
    /// What quotes mean in a delimited file.
    pub quoting: Quoting,
    /// Whether every product needs a title. Files of labels do without.
    pub require_title: bool,
    /// Whether rows are updates ([`UpdateRow`](crate::UpdateRow)): they change what the file has
    /// columns for, and leave the rest of a product as it is. An empty value removes
    /// what there is, but not a title or a label. Columns of further text make the text
    /// together. In JSON Lines each object names what it changes.
    pub updates: bool,
    /// The taxonomy that categories are of. By it the column of the category is found
    /// where several could be, or none has a usual name.
    pub taxonomy: Option<Arc<Taxonomy>>,
}

impl Default for Mapping {
    fn default() -> Self {
        Self {
            id: None,
            title: None,
            text: None,
            attributes: None,
            decimal_commas: None,
            category: None,
            image: None,
            quoting: Quoting::Auto,
            require_title: true,
            updates: false,
            taxonomy: None,
        }
    }
}

impl Mapping {
    /// Names of columns that a header must have if they are stated.
    pub(crate) fn stated_columns(&self) -> Vec<&str> {
        let stated = [&self.id, &self.title, &self.category]
            .into_iter()
            .flatten();
        let names = stated.map(String::as_str);
        names
            .filter(|name| !["", "-", "#"].contains(name))
            .collect()
    }

    /// The same with another value of [`Self::id`].
    #[must_use]
    pub fn with_id(mut self, id: impl Into<Option<String>>) -> Self {
        self.id = id.into();
        self
    }

    /// The same with another value of [`Self::title`].
    #[must_use]
    pub fn with_title(mut self, title: impl Into<Option<String>>) -> Self {
        self.title = title.into();
        self
    }

    /// The same with another value of [`Self::text`].
    #[must_use]
    pub fn with_text(mut self, text: impl Into<Option<Vec<String>>>) -> Self {
        self.text = text.into();
        self
    }

    /// The same with another value of [`Self::attributes`].
    #[must_use]
    pub fn with_attributes(mut self, attributes: impl Into<Option<Vec<String>>>) -> Self {
        self.attributes = attributes.into();
        self
    }

    /// The same with another value of [`Self::decimal_commas`].
    #[must_use]
    pub fn with_decimal_commas(mut self, columns: impl Into<Option<Vec<String>>>) -> Self {
        self.decimal_commas = columns.into();
        self
    }

    /// The same with another value of [`Self::category`].
    #[must_use]
    pub fn with_category(mut self, category: impl Into<Option<String>>) -> Self {
        self.category = category.into();
        self
    }

    /// The same with another value of [`Self::image`].
    #[must_use]
    pub fn with_image(mut self, image: impl Into<Option<String>>) -> Self {
        self.image = image.into();
        self
    }

    /// The same with another value of [`Self::quoting`].
    #[must_use]
    pub fn with_quoting(mut self, quoting: Quoting) -> Self {
        self.quoting = quoting;
        self
    }

    /// The same with another value of [`Self::require_title`].
    #[must_use]
    pub fn with_require_title(mut self, require_title: bool) -> Self {
        self.require_title = require_title;
        self
    }

    /// The same with another value of [`Self::updates`].
    #[must_use]
    pub fn with_updates(mut self, updates: bool) -> Self {
        self.updates = updates;
        self
    }

    /// The same with another value of [`Self::taxonomy`].
    #[must_use]
    pub fn with_taxonomy(mut self, taxonomy: impl Into<Option<Arc<Taxonomy>>>) -> Self {
        self.taxonomy = taxonomy.into();
        self
    }

    /// Whether rows may belong to one product: those of labels and updates stand alone.
    pub(crate) fn joins(&self) -> bool {
        self.require_title && !self.updates && self.id.as_deref() != Some("#")
    }
}

/// Where the id of a product comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdSource {
    RowNumber,
    Column(usize),
}
