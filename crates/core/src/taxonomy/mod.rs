//! A checked tree of categories.

mod build;
mod given;

use std::collections::HashMap;

use xxhash_rust::xxh3::Xxh3;

pub use given::GivenCategories;

use crate::text::fold;

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
    /// Several categories have that name.
    #[error(
        "{count} categories are named `{text}`, such as `{first}` and `{second}`; give an id or a whole path"
    )]
    Ambiguous {
        /// What was looked for.
        text: String,
        /// How many have the name.
        count: usize,
        /// Path of one of them.
        first: String,
        /// Path of another.
        second: String,
    },
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
    by_id: HashMap<String, CategoryIndex>,
    /// By folded paths, and by exact ones where these differ in case only.
    by_path: HashMap<String, CategoryIndex>,
    by_name: HashMap<String, Vec<CategoryIndex>>,
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

    /// Builds the tree of whole paths, whose names are joined by [`SEPARATOR`].
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
        let rows = paths.into_iter().zip(1..).map(|(path, line)| {
            let names = path.as_ref().split(SEPARATOR);
            CategoryRow {
                line,
                place: Place::Path(names.map(str::to_owned).collect()),
                ..CategoryRow::default()
            }
        });
        Self::from_rows(rows.collect())
    }

    /// Wraps categories that were checked before: what [`Self::categories`] gave.
    pub fn from_categories(categories: Vec<Category>) -> Self {
        Self::index(categories)
    }

    fn index(categories: Vec<Category>) -> Self {
        let mut taxonomy = Self {
            by_id: HashMap::with_capacity(categories.len()),
            by_path: HashMap::with_capacity(categories.len()),
            by_name: HashMap::new(),
            version: version_of(&categories),
            categories,
        };
        let mut paths: Vec<String> = Vec::with_capacity(taxonomy.categories.len());
        for (i, category) in taxonomy.categories.iter().enumerate() {
            let index = i as CategoryIndex;
            let name = fold(&category.name);
            let path = match category.parent {
                Some(parent) => format!("{}{SEPARATOR}{name}", paths[parent as usize]),
                None => name.clone(),
            };
            taxonomy.by_id.insert(category.id.clone(), index);
            let twin = taxonomy.by_path.get(&path).copied();
            match twin.filter(|&twin| paths[twin as usize] == path) {
                // Paths that differ in case only are told apart by their case.
                Some(twin) => {
                    for index in [twin, index] {
                        let exact = taxonomy.path(index);
                        taxonomy.by_path.insert(exact, index);
                    }
                }
                None => {
                    taxonomy.by_path.insert(path.clone(), index);
                }
            }
            taxonomy.by_name.entry(name).or_default().push(index);
            for (_, translated) in &category.translations {
                if translated.len() > 1 {
                    let path = fold(&translated.join(SEPARATOR));
                    taxonomy.by_path.entry(path).or_insert(index);
                }
                if let Some(name) = translated.last().map(|name| fold(name)) {
                    let named = taxonomy.by_name.entry(name).or_default();
                    if named.last() != Some(&index) {
                        named.push(index);
                    }
                }
            }
            paths.push(path);
        }
        taxonomy
    }

    /// Digest of the tree: of the ids and parents of all categories, in their
    /// order. Positions of categories mean the same in taxonomies of one version.
    pub fn version(&self) -> u128 {
        self.version
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

    /// Names from the root to the category, joined by [`SEPARATOR`].
    pub fn path(&self, index: CategoryIndex) -> String {
        let names: Vec<&str> = self
            .lineage(index)
            .into_iter()
            .map(|at| self.category(at).name.as_str())
            .collect();
        names.join(SEPARATOR)
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
        self.by_id.get(id).copied()
    }

    /// Finds a category by its id, else its whole path (segments separated by
    /// `>`, `>>`, `|` or `/`), else its name, in any of its languages and
    /// without regard to case.
    ///
    /// # Errors
    /// [`TaxonomyError::Unknown`], or [`TaxonomyError::Ambiguous`] for a name
    /// that several categories have.
    pub fn resolve(&self, text: &str) -> Result<CategoryIndex, TaxonomyError> {
        let text = text.trim();
        if let Some(index) = self.by_id(text) {
            return Ok(index);
        }
        let folded = fold(text);
        let ways = [text, &folded];
        if let Some(index) = ways.iter().find_map(|way| self.by_path.get(*way)) {
            return Ok(*index);
        }
        for separator in [">>", ">", "|", "/"] {
            let found = ways.iter().find_map(|way| {
                let path: Vec<&str> = way.split(separator).map(str::trim).collect();
                self.by_path.get(&path.join(SEPARATOR))
            });
            if let Some(index) = found {
                return Ok(*index);
            }
        }
        match self.by_name.get(&folded).map(Vec::as_slice) {
            Some([index]) => Ok(*index),
            Some([first, second, rest @ ..]) => self.narrow(text, *first, *second, rest),
            _ => Err(TaxonomyError::Unknown {
                text: text.to_owned(),
            }),
        }
    }

    /// Of several categories of one name, the only leaf among them.
    fn narrow(
        &self,
        text: &str,
        first: CategoryIndex,
        second: CategoryIndex,
        rest: &[CategoryIndex],
    ) -> Result<CategoryIndex, TaxonomyError> {
        let all = [first, second].into_iter().chain(rest.iter().copied());
        let leaves: Vec<CategoryIndex> = all.filter(|&index| self.is_leaf(index)).collect();
        if let [leaf] = leaves[..] {
            return Ok(leaf);
        }
        Err(TaxonomyError::Ambiguous {
            text: text.to_owned(),
            count: rest.len() + 2,
            first: self.path(first),
            second: self.path(second),
        })
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
