//! What each column of a taxonomy file is taken for: proposed by its name, checked by
//! what is in it.

use std::collections::{BTreeSet, HashSet};

use assort_core::{clean, fold};

use crate::Result;
use crate::error::Unstated;
use crate::names::plain;
use crate::refusal::Refusal;

use super::TaxonomyOptions;
use super::levels::{self, Level};
use super::links::{self, Links};
use super::separator::{detect, split};
use super::sheet::{Cell, Sheet};
use super::words::{Word, language, suffixed};

/// How the rows make a tree.
#[derive(Debug)]
pub(super) enum Tree {
    /// Each row has the names from the root down.
    Paths { path: usize },
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
    roles: Vec<(&'static str, usize)>,
    /// What else there is to tell.
    pub(super) told: Vec<String>,
}

/// Columns that somebody has named.
#[derive(Debug, Default)]
struct Stated {
    id: Option<usize>,
    parent: Option<usize>,
    name: Option<usize>,
    path: Option<usize>,
    levels: Vec<usize>,
}

impl Stated {
    fn new(sheet: &Sheet, options: &TaxonomyOptions) -> Result<Self> {
        let find = |name: &String| {
            let column = column(&sheet.columns, name);
            column.ok_or_else(|| {
                let columns = sheet.columns.join(", ");
                sheet.refused(unstated(format!(
                    "no column is called `{name}`; the columns are {columns}"
                )))
            })
        };
        let one = |name: &Option<String>| name.as_ref().map(find).transpose();
        let stated = Self {
            id: one(&options.id)?,
            parent: one(&options.parent)?,
            name: one(&options.name)?,
            path: one(&options.path)?,
            levels: options.levels.iter().map(find).collect::<Result<_>>()?,
        };
        let trees = [
            stated.parent.is_some(),
            stated.path.is_some(),
            !stated.levels.is_empty(),
        ];
        if trees.into_iter().filter(|tree| *tree).count() > 1 {
            return Err(sheet
                .refused("the tree is told by parents, paths or levels, and by one of them only"));
        }
        if stated.levels.len() == 1 {
            return Err(sheet.refused("one level is no tree; name at least two columns of levels"));
        }
        Ok(stated)
    }
}

/// A column by its name, else by what is left of the name, else by its number.
fn column(columns: &[String], name: &str) -> Option<usize> {
    let exact = columns.iter().position(|column| column == name);
    let alike = || {
        columns
            .iter()
            .position(|column| plain(column) == plain(name) && !plain(name).is_empty())
    };
    let numbered = || {
        name.parse::<usize>()
            .ok()?
            .checked_sub(1)
            .filter(|at| *at < columns.len())
    };
    exact.or_else(alike).or_else(numbered)
}

/// A refusal that naming columns would lift.
fn unstated(message: String) -> Refusal {
    Refusal::until(Unstated::Tree, message)
}

impl Layout {
    /// Finds out what the columns are, or refuses the file.
    pub(super) fn new(sheet: &Sheet, options: &TaxonomyOptions) -> Result<Self> {
        let stated = Stated::new(sheet, options)?;
        if sheet.rows.is_empty() {
            return Err(sheet.refused("the file has no categories"));
        }
        Finder {
            sheet,
            stated,
            separator: options.separator.as_deref(),
        }
        .layout()
    }

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

struct Finder<'a> {
    sheet: &'a Sheet,
    stated: Stated,
    separator: Option<&'a str>,
}

impl Finder<'_> {
    fn layout(self) -> Result<Layout> {
        self.refuse_products()?;
        let language = self.language_column();
        let id = self.id(language);
        let mut layout = Layout {
            id,
            tree: Tree::Levels(Vec::new()),
            descriptions: Word::Descriptions.among(&self.sheet.columns),
            aliases: Word::Aliases.among(&self.sheet.columns),
            examples: Word::Examples.among(&self.sheet.columns),
            translations: Vec::new(),
            language,
            roles: Vec::new(),
            told: Vec::new(),
        };
        layout.roles.extend(id.map(|id| ("id", id)));
        self.tree(&mut layout)?;
        if let Tree::Levels(levels) = &layout.tree {
            let used: HashSet<usize> = levels
                .iter()
                .flat_map(|level| level.definitions.clone())
                .collect();
            layout.descriptions.retain(|column| !used.contains(column));
        }
        self.translations(&mut layout);
        Ok(layout)
    }

    /// Finds the tree: what is stated, else nested rows, parents, levels, paths, codes
    /// or names alone, whichever of them fits first.
    fn tree(&self, layout: &mut Layout) -> Result<()> {
        if !self.stated.levels.is_empty() {
            let levels = self.stated.levels.iter();
            let level = |&name: &usize| Level {
                name,
                ..Level::default()
            };
            return self.take_levels(layout, levels.map(level).collect());
        }
        if let Some(parent) = self.stated.parent {
            return self.take_parents(layout, parent, self.parents(parent, layout.id));
        }
        if let Some(path) = self.stated.path {
            return self.take_path(layout, path);
        }
        if self.sheet.rows.iter().any(|row| row.outer.is_some()) {
            return self.take_nested(layout);
        }
        let parent = self.parent_column(layout.id);
        let levels = levels::by_names(&self.sheet.columns);
        if let Some((parent, links)) = parent
            && (links.fits() || (levels.is_none() && self.path_column(layout.id).is_none()))
        {
            return self.take_parents(layout, parent, Some(links));
        }
        if let Some(path) = self.path_column(layout.id) {
            return self.take_path(layout, path);
        }
        if let Some(levels) = levels {
            return self.take_levels(layout, levels);
        }
        self.take_names(layout)
    }

    /// The column of ids: one with a name that says so and a value of its own in every
    /// row, else the likeliest by its name.
    fn id(&self, language: Option<usize>) -> Option<usize> {
        if self.stated.id.is_some() {
            return self.stated.id;
        }
        let named = Word::Id.among(&self.sheet.columns);
        let named = named
            .into_iter()
            .filter(|column| !self.sheet.is_blank(*column));
        let named: Vec<usize> = named
            .filter(|column| Some(*column) != self.stated.name)
            .collect();
        let unique = named.iter().find(|column| self.is_unique(**column));
        let by_content = || {
            let first = (!self.sheet.named).then_some(0)?;
            let code = |text: &str| {
                !text.is_empty()
                    && !text.contains(' ')
                    && text.bytes().any(|byte| byte.is_ascii_digit())
            };
            (self.is_unique(first)
                && self.sheet.columns.len() > 1
                && self.sheet.texts(first).all(code))
            .then_some(first)
        };
        match unique {
            Some(unique) if language.is_none() => Some(*unique),
            _ => named.first().copied().or_else(by_content),
        }
    }

    fn is_unique(&self, column: usize) -> bool {
        let mut seen = HashSet::new();
        self.sheet
            .texts(column)
            .all(|text| !text.is_empty() && seen.insert(text))
    }

    /// The column that says in which language a row is.
    fn language_column(&self) -> Option<usize> {
        let named = Word::Language.among(&self.sheet.columns).into_iter();
        let mut named = named.filter(|column| {
            self.sheet
                .texts(*column)
                .all(|text| language(text).is_some())
        });
        named.next()
    }

    /// The column that is called one of names, not one of those in `but`.
    fn called_name(&self, but: &[Option<usize>]) -> Option<usize> {
        let named = Word::Name.among(&self.sheet.columns).into_iter();
        let mut named =
            named.filter(|column| !but.contains(&Some(*column)) && !self.sheet.is_blank(*column));
        self.stated.name.or_else(|| named.next())
    }

    /// The column of names: one that is called so, or has names in one of several
    /// languages, or is the only one left.
    fn name(&self, but: &[Option<usize>]) -> Option<usize> {
        let columns = &self.sheet.columns;
        let translated = || {
            let own = |column: &usize| matches!(suffixed(&columns[*column]), Some((false, _)));
            let bare = |column: &usize| language(&columns[*column]).is_some();
            let all = || (0..columns.len()).filter(|column| !but.contains(&Some(*column)));
            all().find(own).or_else(|| all().find(bare))
        };
        let rest = || {
            let rest =
                |column: &usize| !but.contains(&Some(*column)) && levels::may_be(&columns[*column]);
            let mut rest = (0..columns.len())
                .filter(rest)
                .filter(|column| !self.sheet.is_blank(*column));
            let only = rest.next()?;
            rest.next().is_none().then_some(only)
        };
        self.called_name(but).or_else(translated).or_else(rest)
    }

    /// The likeliest column of parents.
    fn parent_column(&self, id: Option<usize>) -> Option<(usize, Links)> {
        let mut named = Word::Parent.among(&self.sheet.columns);
        named.retain(|column| Some(*column) != id && !self.sheet.is_blank(*column));
        if named.is_empty() && !self.sheet.named {
            // Without names of columns, what names other rows throughout.
            named = (0..self.sheet.columns.len())
                .filter(|column| self.looks_like_parents(*column, id))
                .collect();
        }
        let links = named
            .into_iter()
            .filter_map(|column| Some((column, self.parents(column, id)?)));
        let links: Vec<(usize, Links)> = links.collect();
        let fitting = links.iter().position(|(_, links)| links.fits());
        links.into_iter().nth(fitting.unwrap_or(0))
    }

    /// What a column of parents says, by the column of keys that fits best.
    fn parents(&self, parent: usize, id: Option<usize>) -> Option<Links> {
        let name = self.name(&[id, Some(parent)]);
        let mut keys: Vec<usize> = id.into_iter().chain(name).collect();
        keys.extend(Word::Id.among(&self.sheet.columns));
        keys.extend(Word::Path.among(&self.sheet.columns));
        if keys.is_empty() {
            keys.extend((0..self.sheet.columns.len()).filter(|column| self.is_unique(*column)));
        }
        keys.retain(|column| *column != parent);
        let links = keys.into_iter().map(|keys| Links {
            by_name: Some(keys) == name,
            ..links::by_parents(self.sheet, parent, keys)
        });
        // Of equals the first: ids before names.
        links.reduce(|best, other| match other.found > best.found {
            true => other,
            false => best,
        })
    }

    /// Whether a column that no name marks as one has parents: ids of other rows, some
    /// of them several times, and roots.
    fn looks_like_parents(&self, column: usize, id: Option<usize>) -> bool {
        let Some(id) = id.filter(|id| *id != column) else {
            return false;
        };
        let texts: Vec<&str> = self
            .sheet
            .texts(column)
            .filter(|text| !text.is_empty())
            .collect();
        let distinct: HashSet<&&str> = texts.iter().collect();
        if Word::Number.means(&self.sheet.columns[column])
            || distinct.len() == texts.len()
            || distinct.len() < 2
        {
            return false;
        }
        let links = links::by_parents(self.sheet, column, id);
        links.missing.is_empty() && links.found > 0 && links.has_roots() && !links.has_circle()
    }

    /// The column of paths: one that is called so, and has a separator or lists.
    fn path_column(&self, id: Option<usize>) -> Option<usize> {
        let rows = self.sheet.rows.len();
        let listed = |column: usize| {
            (0..rows).any(|row| matches!(self.sheet.cell(row, column), Cell::List(_)))
        };
        let separated = |column: usize| self.separator_of(column).is_some();
        let mut named = Word::Path.among(&self.sheet.columns);
        named.retain(|column| !self.sheet.is_blank(*column));
        let deep = named
            .iter()
            .copied()
            .find(|column| listed(*column) || separated(*column));
        let only = || {
            self.called_name(&[id])
                .is_none()
                .then_some(named.first().copied())
                .flatten()
        };
        deep.or_else(only)
    }

    fn separator_of(&self, column: usize) -> Option<&str> {
        self.separator
            .or_else(|| detect(self.sheet.texts(column).filter(|text| !text.is_empty())))
    }

    fn take_levels(&self, layout: &mut Layout, levels: Vec<Level>) -> Result<()> {
        let names = || {
            let names = levels
                .iter()
                .map(|level| self.sheet.columns[level.name].as_str());
            names.collect::<Vec<_>>().join(", ")
        };
        if self.stated.levels.is_empty() && levels::are_reversed(self.sheet, &levels) {
            let message = format!(
                "the columns {} look like levels from the finest to the root; name them from the root down",
                names()
            );
            return Err(self.sheet.refused(unstated(message)));
        }
        let own = layout.id.filter(|id| {
            levels
                .iter()
                .any(|level| level.name == *id || level.code == Some(*id))
        });
        let repeated = |id: usize| self.stated.id.is_none() && !self.is_unique(id);
        let coded = levels.iter().any(|level| level.code.is_some()) && self.stated.id.is_none();
        if own.is_some() || coded || layout.id.is_some_and(repeated) {
            layout.id = None;
            layout.roles.clear();
        }
        layout.tree = Tree::Levels(levels);
        Ok(())
    }

    fn take_parents(&self, layout: &mut Layout, parent: usize, links: Option<Links>) -> Result<()> {
        let column = &self.sheet.columns[parent];
        let Some(mut links) = links else {
            let message =
                format!("column `{column}` has parents, but no column has what they refer to");
            return Err(self.sheet.refused(unstated(message)));
        };
        let Some(name) = self.name(&[layout.id, Some(parent)]) else {
            let message = format!(
                "column `{column}` has parents, but no column has the names; the columns are {}",
                self.sheet.columns.join(", ")
            );
            return Err(self.sheet.refused(unstated(message)));
        };
        if let Some(hidden) = links.hide_root() {
            layout.told.push(format!(
                "the parent `{hidden}`, which no row is, is the root above all and left out"
            ));
        }
        self.compare_with_path(layout, &links, name)?;
        layout.roles.extend([("parent", parent), ("name", name)]);
        layout.tree = Tree::Linked { name, links };
        Ok(())
    }

    fn take_nested(&self, layout: &mut Layout) -> Result<()> {
        let Some(name) = self.name(&[layout.id]) else {
            return Err(self.no_tree());
        };
        let named = self.parent_column(layout.id).map(|(_, links)| links);
        let ups = self
            .sheet
            .rows
            .iter()
            .enumerate()
            .map(|(row, own)| match (own.outer, &named) {
                (Some(outer), _) => links::Up::Row(outer),
                (None, Some(links)) => links.ups[row].clone(),
                (None, None) => links::Up::Root,
            });
        let links = Links::new(ups.collect());
        layout.roles.push(("name", name));
        layout.tree = Tree::Linked { name, links };
        Ok(())
    }

    /// Takes a column of paths, of names or of keys.
    fn take_path(&self, layout: &mut Layout, path: usize) -> Result<()> {
        let name = self
            .called_name(&[layout.id, Some(path)])
            .filter(|name| *name != path);
        if let (Some(name), None) = (name, self.separator) {
            let mut keys: Vec<usize> = layout
                .id
                .into_iter()
                .chain(Word::Id.among(&self.sheet.columns))
                .collect();
            keys.dedup();
            let by_keys = keys
                .into_iter()
                .find_map(|keys| links::by_key_paths(self.sheet, path, keys));
            let by_keys = by_keys.or_else(|| {
                let ends = self.ends_in_names(path, name);
                (!ends)
                    .then(|| links::by_beginnings(self.sheet, path))
                    .flatten()
            });
            if let Some(mut links) = by_keys {
                if let Some(hidden) = links.hide_root() {
                    layout.told.push(format!("`{hidden}`, with which paths begin and which no row is, is the root above all and left out"));
                }
                layout.roles.extend([("path", path), ("name", name)]);
                layout.tree = Tree::Linked { name, links };
                return Ok(());
            }
        }
        layout.roles.push(("path", path));
        layout.tree = Tree::Paths { path };
        Ok(())
    }

    /// Whether most paths end in the row's name.
    fn ends_in_names(&self, path: usize, name: usize) -> bool {
        let separator = self.separator_of(path);
        let rows = 0..self.sheet.rows.len();
        let ending = rows.filter(|&row| {
            let names = self.names_on(row, path, separator);
            names
                .last()
                .is_some_and(|last| *last == clean(self.sheet.text(row, name)))
        });
        ending.count() * 2 > self.sheet.rows.len()
    }

    fn names_on(&self, row: usize, path: usize, separator: Option<&str>) -> Vec<String> {
        match self.sheet.cell(row, path) {
            Cell::List(names) => names.iter().map(|name| clean(name)).collect(),
            Cell::Text(text) => split(text, separator).unwrap_or_default(),
        }
    }

    /// Refuses a file in which paths of names tell another tree than the parents do.
    fn compare_with_path(&self, layout: &mut Layout, links: &Links, name: usize) -> Result<()> {
        let path = self.path_column(layout.id).filter(|path| *path != name);
        let Some(path) =
            path.filter(|path| self.stated.parent.is_none() && self.ends_in_names(*path, name))
        else {
            return Ok(());
        };
        let separator = self.separator_of(path);
        let differs = |row: &usize| {
            let names = self.names_on(*row, path, separator);
            let above = names.len().checked_sub(2).map(|at| fold(&names[at]));
            let parent = match links.ups[*row] {
                links::Up::Row(up) => Some(fold(&clean(self.sheet.text(up, name)))),
                _ => None,
            };
            // Names with a separator in them, and roots that are left out, are no contradiction.
            above.is_some()
                && parent.is_some()
                && above != parent
                && !fold(&names.join(" ")).contains(parent.as_deref().unwrap_or_default())
        };
        let differing: Vec<usize> = (0..self.sheet.rows.len()).filter(differs).collect();
        if differing.len() * 10 > self.sheet.rows.len() {
            let message = format!(
                "column `{}` tells another tree than the parents do",
                self.sheet.columns[path]
            );
            return Err(self.sheet.wrong(differing[0], unstated(message)));
        }
        Ok(())
    }

    /// Takes what is left: the hierarchy in codes, paths in names, or a single level.
    fn take_names(&self, layout: &mut Layout) -> Result<()> {
        let Some(name) = self.name(&[layout.id]) else {
            return self.take_unnamed_levels(layout);
        };
        let separated = self.separator_of(name).is_some();
        let codes = layout.id.filter(|_| !separated);
        if let Some(links) = codes.and_then(|id| links::by_codes(self.sheet, id)) {
            layout.roles.push(("name", name));
            layout
                .told
                .push("parents by the beginnings of the codes".to_owned());
            layout.tree = Tree::Linked { name, links };
            return Ok(());
        }
        if !separated {
            self.refuse_unused(layout, name)?;
        }
        layout
            .roles
            .push((if separated { "path" } else { "name" }, name));
        layout.tree = Tree::Paths { path: name };
        Ok(())
    }

    /// Columns without telling names, as levels if what is in them is like that.
    fn take_unnamed_levels(&self, layout: &mut Layout) -> Result<()> {
        let columns = (0..self.sheet.columns.len()).filter(|column| {
            Some(*column) != layout.id
                && levels::may_be(&self.sheet.columns[*column])
                && !self.sheet.is_blank(*column)
        });
        let columns: Vec<usize> = columns.collect();
        let separated = |column: &&usize| self.separator_of(**column).is_some();
        if let Some(&path) = columns.iter().find(separated).filter(|_| !self.sheet.named) {
            return self.take_path(layout, path);
        }
        let level = |&name: &usize| Level {
            name,
            ..Level::default()
        };
        if levels::by_content(self.sheet, &columns)
            || (!self.sheet.named && self.is_stairs(&columns))
        {
            return self.take_levels(layout, columns.iter().map(level).collect());
        }
        Err(self.no_tree())
    }

    /// Whether rows of a file without header go on from left to right, and some are
    /// the beginnings of others.
    fn is_stairs(&self, columns: &[usize]) -> bool {
        let mut paths: HashSet<Vec<&str>> = HashSet::new();
        for row in 0..self.sheet.rows.len() {
            let mut cells: Vec<&str> = columns
                .iter()
                .map(|column| self.sheet.text(row, *column))
                .collect();
            while cells.last().is_some_and(|cell| cell.is_empty()) {
                cells.pop();
            }
            if cells.is_empty() || cells.iter().any(|cell| cell.is_empty()) {
                return false;
            }
            paths.insert(cells);
        }
        let above = paths
            .iter()
            .filter(|path| path.len() > 1 && paths.contains(&path[..path.len() - 1]));
        columns.len() > 1 && above.count() * 2 > paths.iter().filter(|path| path.len() > 1).count()
    }

    /// Refuses a single level where another column seems to hold the tree.
    fn refuse_unused(&self, layout: &Layout, name: usize) -> Result<()> {
        for (column, called) in self.sheet.columns.iter().enumerate() {
            if Some(column) == layout.id || column == name || self.sheet.is_blank(column) {
                continue;
            }
            let other = [Word::Descriptions, Word::Aliases, Word::Examples];
            if other.iter().any(|word| word.means(called))
                || language(called).is_some()
                || suffixed(called).is_some()
            {
                continue;
            }
            let arrows = self
                .sheet
                .texts(column)
                .filter(|text| text.contains(" > "))
                .count();
            let what = match () {
                () if self.looks_like_parents(column, layout.id) => "parents of the rows",
                () if arrows * 2 > self.sheet.rows.len() => "paths",
                () => continue,
            };
            let message =
                format!("column `{called}` looks like {what}, but its name does not say so");
            return Err(self.sheet.refused(unstated(message)));
        }
        Ok(())
    }

    fn no_tree(&self) -> crate::Error {
        let columns = self.sheet.columns.join(", ");
        let message = format!(
            "no column is called `path` or `name`, and no columns are levels; the columns are {columns}"
        );
        self.sheet.refused(unstated(message))
    }

    /// Refuses what is a list of products, unless somebody said which columns to take.
    fn refuse_products(&self) -> Result<()> {
        let stated = &self.stated;
        if stated.path.is_some()
            || stated.parent.is_some()
            || !stated.levels.is_empty()
            || !self.sheet.named
        {
            return Ok(());
        }
        let found = Word::Product.among(&self.sheet.columns);
        if found.len() < 2 {
            return Ok(());
        }
        let names = found
            .into_iter()
            .map(|column| self.sheet.columns[column].as_str());
        let names = names.take(3).collect::<Vec<_>>().join(", ");
        let message = format!("this looks like a file of products, for it has columns {names}");
        Err(self.sheet.refused(unstated(message)))
    }

    fn translations(&self, layout: &mut Layout) {
        let linked = matches!(layout.tree, Tree::Linked { .. });
        let used: HashSet<usize> = layout.roles.iter().map(|(_, column)| *column).collect();
        let main = match &layout.tree {
            Tree::Paths { path } => Some(*path),
            _ => None,
        };
        let named = main.is_some_and(|main| Word::Name.means(&self.sheet.columns[main]));
        for (column, called) in self.sheet.columns.iter().enumerate() {
            if used.contains(&column) || self.sheet.is_blank(column) {
                continue;
            }
            let found = match language(called) {
                Some(language) => Some((!linked, language)),
                // Where names hold paths, translated names do as well.
                None => {
                    suffixed(called).map(|(path, language)| (path || (!linked && named), language))
                }
            };
            if let Some((path, language)) = found {
                layout.translations.push(Translation {
                    column,
                    language,
                    path,
                });
            }
        }
    }
}
