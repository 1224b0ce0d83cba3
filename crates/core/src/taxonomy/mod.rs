//! A checked tree of categories.

mod build;
mod change;
mod finder;
mod given;
mod path;

use xxhash_rust::xxh3::Xxh3;

use crate::text::fold;
pub use change::TaxonomyChange;
use finder::Finder;
pub use given::{GivenCategories, LIST_SEPARATORS};
pub use path::{parse_path, print_path, split_path};

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

/// Why rows do not make a tree, or a category cannot be found in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TaxonomyError {
    /// There is no category at all.
    #[error("the taxonomy has no categories; give at least one")]
    Empty,
    /// A row's parent is not in the file.
    #[error(
        "category `{id}` names the parent `{parent}`, which no row has as its id; add it or correct the parent"
    )]
    MissingParent {
        /// Line of the row.
        line: u64,
        /// The row's id.
        id: String,
        /// The parent it names.
        parent: String,
    },
    /// Parents lead back to the category itself.
    #[error("category `{id}` is its own ancestor through {through}; correct one of the parents")]
    Cycle {
        /// Line of a row on the cycle.
        line: u64,
        /// The row's id.
        id: String,
        /// The ids on the cycle, joined by arrows.
        through: String,
    },
    /// One id stands for two paths.
    #[error(
        "id `{id}` stands for `{path}` here and for `{other}` on line {first}; an id may have one path only"
    )]
    TwoPaths {
        /// Line of the second row.
        line: u64,
        /// The id.
        id: String,
        /// Path of the second row.
        path: String,
        /// Path of the first row.
        other: String,
        /// Line of the first row.
        first: u64,
    },
    /// One path has two ids.
    #[error(
        "path `{path}` has the id `{id}` here and `{other}` on line {first}; a path may have one id only"
    )]
    TwoIds {
        /// Line of the second row.
        line: u64,
        /// The path.
        path: String,
        /// Id of the second row.
        id: String,
        /// Id of the first row.
        other: String,
        /// Line of the first row.
        first: u64,
    },
    /// A row lacks a name or an id, or stands too deep.
    #[error("{what}")]
    BadRow {
        /// Line of the row.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
    /// No category has that id, path or name.
    #[error("no category has the id, path or name `{text}`")]
    Unknown {
        /// What was looked for.
        text: String,
    },
    /// Several categories may be meant.
    #[error("`{text}` may mean {}; give an id or a whole path", listed(paths))]
    Ambiguous {
        /// What was looked for.
        text: String,
        /// Printed paths of those that it may mean.
        paths: Vec<String>,
    },
}

/// Paths in a sentence, not all of very many.
fn listed(paths: &[String]) -> String {
    const MOST: usize = 8;
    let quoted = paths.iter().take(MOST).map(|path| format!("`{path}`"));
    let mut listed = quoted.collect::<Vec<_>>().join(", ");
    if paths.len() > MOST {
        listed.push_str(&format!(" and {} more", paths.len() - MOST));
    }
    listed
}

impl TaxonomyError {
    /// Line of the taxonomy file that is to blame, counted from 1.
    pub fn line(&self) -> Option<u64> {
        match self {
            Self::MissingParent { line, .. }
            | Self::Cycle { line, .. }
            | Self::TwoPaths { line, .. }
            | Self::TwoIds { line, .. }
            | Self::BadRow { line, .. } => Some(*line),
            Self::Empty | Self::Unknown { .. } | Self::Ambiguous { .. } => None,
        }
    }
}

/// A checked forest of categories: every id and every path is unique, parents
/// exist and come before their children, and there is no cycle.
#[derive(Clone, Debug)]
pub struct Taxonomy {
    categories: Vec<Category>,
    finder: Finder,
    version: u128,
}

impl Taxonomy {
    /// Checks `rows` and builds the tree. A path's ancestors that have no row
    /// of their own become categories whose id is their path.
    ///
    /// # Errors
    /// [`TaxonomyError`] for the first row that breaks the tree.
    pub fn from_rows(rows: Vec<CategoryRow>) -> Result<Self, TaxonomyError> {
        let categories = build::build(rows)?;
        Ok(Self::index(categories))
    }

    /// Builds the tree of whole paths, printed as [`print_path`] does.
    /// Ids are the paths.
    ///
    /// # Errors
    /// [`TaxonomyError`] if there is no path, or one has an empty name.
    ///
    /// # Examples
    /// ```
    /// use assort_core::Taxonomy;
    ///
    /// let taxonomy = Taxonomy::from_paths(["Kitchen > Kettles", "Kitchen > Knives"])?;
    /// assert_eq!(taxonomy.len(), 3);
    /// assert_eq!(taxonomy.leaves().count(), 2);
    /// # Ok::<(), assort_core::TaxonomyError>(())
    /// ```
    pub fn from_paths<P: AsRef<str>>(
        paths: impl IntoIterator<Item = P>,
    ) -> Result<Self, TaxonomyError> {
        let rows = paths.into_iter().zip(1..).map(|(path, line)| CategoryRow {
            line,
            place: Place::Path(parse_path(path.as_ref())),
            ..CategoryRow::default()
        });
        Self::from_rows(rows.collect())
    }

    /// Wraps categories that were checked before: what [`Self::categories`] gave.
    pub fn from_categories(categories: Vec<Category>) -> Self {
        Self::index(categories)
    }

    fn index(categories: Vec<Category>) -> Self {
        Self {
            finder: Finder::new(&categories),
            version: version_of(&categories),
            categories,
        }
    }

    /// Digest of the tree: of the ids and parents of all categories, in their
    /// order. Positions of categories mean the same in taxonomies of one version.
    pub fn version(&self) -> u128 {
        self.version
    }

    /// Digest of all that the taxonomy says: of two with one digest all texts are the same.
    pub fn content_hash(&self) -> u128 {
        let mut hasher = Xxh3::new();
        let mut add = |text: &str| {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        add(&format!("{:032x}", self.version));
        for category in &self.categories {
            add(&category.name);
            for list in [
                &category.descriptions,
                &category.aliases,
                &category.examples,
            ] {
                add(&list.len().to_string());
                list.iter().for_each(|text| add(text));
            }
            add(&category.translations.len().to_string());
            for (language, path) in &category.translations {
                add(language);
                add(&path.len().to_string());
                path.iter().for_each(|name| add(name));
            }
        }
        hasher.digest128()
    }

    /// All categories, parents before children.
    pub fn categories(&self) -> &[Category] {
        &self.categories
    }

    /// Number of categories.
    pub fn len(&self) -> usize {
        self.categories.len()
    }

    /// Whether there is no category.
    pub fn is_empty(&self) -> bool {
        self.categories.is_empty()
    }

    /// The category at `index`.
    ///
    /// # Panics
    /// If `index` is not one of this taxonomy's.
    pub fn category(&self, index: CategoryIndex) -> &Category {
        &self.categories[index as usize]
    }

    /// Whether the category has no children.
    pub fn is_leaf(&self, index: CategoryIndex) -> bool {
        self.category(index).children.is_empty()
    }

    /// The categories without children, in order.
    pub fn leaves(&self) -> impl Iterator<Item = CategoryIndex> + '_ {
        (0..self.len() as CategoryIndex).filter(|&index| self.is_leaf(index))
    }

    /// Number of levels: the length of the longest path.
    pub fn depth(&self) -> usize {
        self.leaves()
            .map(|leaf| self.lineage(leaf).len())
            .max()
            .unwrap_or(0)
    }

    /// The way from the root to the category, the category itself last.
    pub fn lineage(&self, index: CategoryIndex) -> Vec<CategoryIndex> {
        let mut lineage = vec![index];
        let mut at = index;
        while let Some(parent) = self.category(at).parent {
            lineage.push(parent);
            at = parent;
        }
        lineage.reverse();
        lineage
    }

    /// Names from the root to the category, printed as [`print_path`] does.
    pub fn path(&self, index: CategoryIndex) -> String {
        print_path(self.names(index))
    }

    /// Names from the root to the category.
    pub fn names(&self, index: CategoryIndex) -> Vec<&str> {
        let lineage = self.lineage(index).into_iter();
        lineage.map(|at| self.category(at).name.as_str()).collect()
    }

    /// The category and everything below it, in order.
    pub fn subtree(&self, index: CategoryIndex) -> Vec<CategoryIndex> {
        let mut found = vec![index];
        let mut next = 0;
        while next < found.len() {
            found.extend_from_slice(&self.category(found[next]).children);
            next += 1;
        }
        found.sort_unstable();
        found
    }

    /// The category of that external id.
    pub fn by_id(&self, id: &str) -> Option<CategoryIndex> {
        self.finder.by_id(id)
    }

    /// Finds a category by what a file calls it, in any of its languages, without
    /// regard to case, width of characters and spaces, and with character references
    /// (`&gt;`) decoded. The first of these that finds one decides:
    ///
    /// 1. its id; `3.0` is `3` too, and `gid://shop/Category/x` is `x` and the reverse;
    /// 2. its whole path, as [`print_path`] prints it;
    /// 3. its name, or its whole path with other separators (`>`, `>>`, `/`, `|`, `»`,
    ///    `›`, `→`, `:`, `;`, `,` or `\`);
    /// 4. the end of its path, from two names on;
    /// 5. its whole path behind a root that the tree has not.
    ///
    /// # Errors
    /// [`TaxonomyError::Unknown`], or [`TaxonomyError::Ambiguous`] if several
    /// categories may be meant.
    pub fn resolve(&self, text: &str) -> Result<CategoryIndex, TaxonomyError> {
        self.finder.resolve(text, |index| self.path(index))
    }

    /// Categories whose id, path, alias or translated name contains `text`,
    /// without regard to case; those with the shortest paths first.
    pub fn find(&self, text: &str) -> Vec<CategoryIndex> {
        let wanted = fold(text.trim());
        let mut found: Vec<(usize, CategoryIndex)> = (0..self.len() as CategoryIndex)
            .filter_map(|index| {
                let category = self.category(index);
                let path = fold(&self.path(index));
                let hit = path.contains(&wanted)
                    || fold(&category.id).contains(&wanted)
                    || category
                        .aliases
                        .iter()
                        .any(|alias| fold(alias).contains(&wanted))
                    || category
                        .translations
                        .iter()
                        .any(|(_, path)| path.iter().any(|name| fold(name).contains(&wanted)));
                hit.then(|| (path.chars().count(), index))
            })
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, index)| index).collect()
    }
}
fn version_of(categories: &[Category]) -> u128 {
    let mut hasher = Xxh3::new();
    for category in categories {
        let parent = category.parent.map_or(u32::MAX, |parent| parent);
        hasher.update(&parent.to_le_bytes());
        hasher.update(&(category.id.len() as u64).to_le_bytes());
        hasher.update(category.id.as_bytes());
    }
    hasher.digest128()
}
