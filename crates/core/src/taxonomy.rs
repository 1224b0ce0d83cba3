//! A checked tree of categories.

/// How path segments are joined when a path is printed.
pub const SEPARATOR: &str = " > ";

/// Position of a category in its [`Taxonomy`]: parents come before children.
pub type CategoryIndex = u32;

/// One row of a taxonomy file, not yet checked against the other rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CategoryRow {
    /// Line of the file, counted from 1, for messages.
    pub line: u64,
    /// The category's external id; without one, its path serves as id.
    pub id: Option<String>,
    /// Where the category stands in the tree.
    pub place: Place,
    /// Sentences about the category.
    pub descriptions: Vec<String>,
    /// Other names of the category.
    pub aliases: Vec<String>,
    /// Titles of products that belong here.
    pub examples: Vec<String>,
    /// Names in further languages: language and path from the root (a single
    /// segment where only the category's own name is known).
    pub translations: Vec<(String, Vec<String>)>,
}

/// Where a [`CategoryRow`] stands in the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Names from the root down to the category itself.
    Path(Vec<String>),
    /// The parent's id (none for a root) and the category's own name.
    Child {
        /// External id of the parent.
        parent: Option<String>,
        /// The category's own name.
        name: String,
    },
}

impl Default for Place {
    fn default() -> Self {
        Self::Path(Vec::new())
    }
}

/// A node of the [`Taxonomy`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Category {
    /// External id, unique in the taxonomy.
    pub id: String,
    /// The category's own name, the last segment of its path.
    pub name: String,
    /// The parent, `None` for a root.
    pub parent: Option<CategoryIndex>,
    /// The children, in the file's order.
    pub children: Vec<CategoryIndex>,
    /// Sentences about the category.
    pub descriptions: Vec<String>,
    /// Other names of the category.
    pub aliases: Vec<String>,
    /// Titles of products that belong here.
    pub examples: Vec<String>,
    /// Names in further languages: language and path (see [`CategoryRow`]).
    pub translations: Vec<(String, Vec<String>)>,
}
