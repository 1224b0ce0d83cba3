//! What each column of a taxonomy file is taken for.

use std::collections::BTreeSet;

use super::levels::Level;
use super::links::Links;
use super::sheet::Sheet;

/// How the rows make a tree.
#[derive(Debug)]
pub(super) enum Tree {
    /// Each row has the names from the root down, its own in the column `name` if paths end
    /// above it.
    Paths { path: usize, name: Option<usize> },
    /// Each row has its own name, and another row, or none, stands above it.
    Linked { name: usize, links: Links },
    /// Each row has a name a level.
    Levels(Vec<Level>),
}

/// A column in another language.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Translation {
    pub(super) column: usize,
    pub(super) language: String,
    /// Whether it has paths rather than names.
    pub(super) path: bool,
}

/// What the columns are taken for.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) id: Option<usize>,
    pub(super) tree: Tree,
    pub(super) descriptions: Vec<usize>,
    pub(super) aliases: Vec<usize>,
    pub(super) examples: Vec<usize>,
    pub(super) translations: Vec<Translation>,
    /// The column that says in which language a row is.
    pub(super) language: Option<usize>,
    /// What the columns of the tree are called in messages: `parent=pid`.
    pub(super) roles: Vec<(&'static str, usize)>,
    /// What else there is to tell.
    pub(super) told: Vec<String>,
}

impl Layout {
    /// What the columns are, for messages: `id=term_id name=name ignored=slug`.
    pub(super) fn told_columns(&self, sheet: &Sheet) -> String {
        let name = |column: usize| sheet.columns[column].as_str();
        let mut used: BTreeSet<usize> = BTreeSet::new();
        let mut told = Vec::new();
        let mut put = |role: &str, columns: Vec<usize>| {
            used.extend(&columns);
            let names: Vec<&str> = columns.into_iter().map(name).collect();
            if !names.is_empty() {
                told.push(format!("{role}={}", names.join(",")));
            }
        };
        for (role, column) in &self.roles {
            put(role, vec![*column]);
        }
        if let Tree::Levels(levels) = &self.tree {
            put("levels", levels.iter().map(|level| level.name).collect());
            put(
                "codes",
                levels.iter().filter_map(|level| level.code).collect(),
            );
            put(
                "descriptions",
                levels
                    .iter()
                    .flat_map(|level| level.definitions.clone())
                    .collect(),
            );
        }
        put("descriptions", self.descriptions.clone());
        put("aliases", self.aliases.clone());
        put("examples", self.examples.clone());
        put("language", self.language.into_iter().collect());
        put(
            "translations",
            self.translations.iter().map(|one| one.column).collect(),
        );
        let rest = (0..sheet.columns.len())
            .filter(|at| !used.contains(at) && !sheet.columns[*at].is_empty());
        let rest: Vec<&str> = rest.map(name).collect();
        if !rest.is_empty() {
            told.push(format!("ignored={}", rest.join(",")));
        }
        told.join(" ")
    }
}
