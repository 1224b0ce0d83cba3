//! How the rows of a file make a tree: what fits first of all ways there are.

use std::collections::HashSet;

use assort_core::{clean, fold, print_path};

use crate::Result;

use super::TaxonomyOptions;
use super::addresses;
use super::candidates::{Candidates, Stated, unstated};
use super::intervals;
use super::layout::{Layout, Translation, Tree};
use super::levels::{self, Level};
use super::links::{self, Links};
use super::nesting;
use super::sheet::Sheet;
use super::words::{Word, language, suffixed};

/// Finds out what the columns are, or refuses the file.
pub(super) fn choose(sheet: &Sheet, options: &TaxonomyOptions) -> Result<Layout> {
    let stated = Stated::new(sheet, options)?;
    if sheet.rows.is_empty() {
        return Err(sheet.refused("the file has no categories"));
    }
    let separator = options.separator.as_deref();
    let columns = Candidates {
        sheet,
        stated,
        separator,
    };
    Choice { columns }.layout()
}

struct Choice<'a> {
    columns: Candidates<'a>,
}

impl Choice<'_> {
    fn layout(self) -> Result<Layout> {
        self.refuse_products()?;
        let language = self.columns.language_column();
        let id = self.columns.id(language);
        let mut layout = Layout {
            id,
            tree: Tree::Levels(Vec::new()),
            descriptions: Word::Descriptions.among(&self.columns.sheet.columns),
            aliases: Word::Aliases.among(&self.columns.sheet.columns),
            examples: Word::Examples.among(&self.columns.sheet.columns),
            translations: Vec::new(),
            language,
            roles: Vec::new(),
            told: Vec::new(),
        };
        layout.roles.extend(id.map(|id| ("id", id)));
        self.tree(&mut layout)?;
        // A description may be all there is of names.
        if let Some((_, name)) = layout.roles.iter().find(|(role, _)| *role == "name") {
            layout.descriptions.retain(|column| column != name);
        }
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
        if !self.columns.stated.levels.is_empty() {
            let levels = self.columns.stated.levels.iter();
            let level = |&name: &usize| Level {
                name,
                ..Level::default()
            };
            return self.take_levels(layout, levels.map(level).collect());
        }
        if let Some(parent) = self.columns.stated.parent {
            return self.take_parents(layout, parent, self.columns.parents(parent, layout.id));
        }
        if let Some(path) = self.columns.stated.path {
            return self.take_path(layout, path);
        }
        if self
            .columns
            .sheet
            .rows
            .iter()
            .any(|row| row.outer.is_some())
        {
            return self.take_nested(layout);
        }
        let parent = self.columns.parent_column(layout.id);
        let levels = levels::by_names(&self.columns.sheet.columns);
        if let Some((parent, links)) = parent
            && (links.fits() || self.has_no_other_tree(layout, levels.is_none()))
        {
            return self.take_parents(layout, parent, Some(links));
        }
        if let Some((left, right)) = intervals::columns(self.columns.sheet) {
            return self.take_intervals(layout, left, right);
        }
        if let Some(path) = addresses::parent_paths(self.columns.sheet)
            && let Some(name) = self.columns.called_name(&[layout.id, Some(path)])
            && levels.is_none()
        {
            return self.take_parent_path(layout, path, name);
        }
        if let Some(path) = self.columns.path_column(layout.id) {
            if let Some((parent, links)) = self.all_roots(path) {
                return self.take_parents(layout, parent, Some(links));
            }
            return self.take_path(layout, path);
        }
        if let Some(mut levels) = levels {
            // `Parent Category, Category, Subcategory`
            let parents = Word::Parent.among(&self.columns.sheet.columns).into_iter();
            let number = |text: &str| text.parse::<f64>().is_ok();
            let mut parents = parents.filter(|parent| {
                *parent < levels[0].name && !self.columns.sheet.texts(*parent).any(number)
            });
            if let Some(name) = parents.next() {
                levels.insert(
                    0,
                    Level {
                        name,
                        ..Level::default()
                    },
                );
            }
            let levels = nesting::completed(self.columns.sheet, levels);
            return self.take_levels(layout, levels);
        }
        if let Some(levels) = nesting::pairs(self.columns.sheet) {
            return self.take_levels(layout, levels);
        }
        self.take_names(layout)
    }

    /// Whether neither levels, nor intervals, nor paths tell the tree.
    fn has_no_other_tree(&self, layout: &Layout, no_levels: bool) -> bool {
        no_levels
            && intervals::columns(self.columns.sheet).is_none()
            && self.columns.path_column(layout.id).is_none()
    }

    /// Takes a nested set.
    fn take_intervals(&self, layout: &mut Layout, left: usize, right: usize) -> Result<()> {
        let sheet = self.columns.sheet;
        let Some(name) = self.columns.name(&[layout.id, Some(left), Some(right)]) else {
            return Err(self.no_tree());
        };
        let links = intervals::by_intervals(sheet, left, right);
        let links = links.map_err(|(row, message)| sheet.wrong(row, unstated(message)))?;
        layout
            .roles
            .extend([("from", left), ("to", right), ("name", name)]);
        layout
            .told
            .push("rows stand below those whose intervals enclose theirs".to_owned());
        layout.tree = Tree::Linked { name, links };
        Ok(())
    }

    fn take_levels(&self, layout: &mut Layout, levels: Vec<Level>) -> Result<()> {
        let names = || {
            let names = levels
                .iter()
                .map(|level| self.columns.sheet.columns[level.name].as_str());
            names.collect::<Vec<_>>().join(", ")
        };
        if self.columns.stated.levels.is_empty()
            && levels::are_reversed(self.columns.sheet, &levels)
        {
            let message = format!(
                "the columns {} look like levels from the finest to the root; name them from the root down",
                names()
            );
            return Err(self.columns.sheet.refused(unstated(message)));
        }
        let own = layout.id.filter(|id| {
            levels
                .iter()
                .any(|level| level.name == *id || level.code == Some(*id))
        });
        let repeated = |id: usize| self.columns.stated.id.is_none() && !self.columns.is_unique(id);
        let coded =
            levels.iter().any(|level| level.code.is_some()) && self.columns.stated.id.is_none();
        if own.is_some() || coded || layout.id.is_some_and(repeated) {
            layout.id = None;
            layout.roles.clear();
        }
        layout.tree = Tree::Levels(levels);
        Ok(())
    }

    fn take_parents(&self, layout: &mut Layout, parent: usize, links: Option<Links>) -> Result<()> {
        let column = &self.columns.sheet.columns[parent];
        let Some(mut links) = links else {
            let message =
                format!("column `{column}` has parents, but no column has what they refer to");
            return Err(self.columns.sheet.refused(unstated(message)));
        };
        if let Some(row) = links.shared {
            let value = self.columns.sheet.text(row, parent);
            let message = format!(
                "column `{column}` names the parent `{value}`, but several rows are called so"
            );
            return Err(self.columns.sheet.wrong(row, unstated(message)));
        }
        let Some(name) = self.columns.name(&[layout.id, Some(parent)]) else {
            let message = format!(
                "column `{column}` has parents, but no column has the names; the columns are {}",
                self.columns.sheet.columns.join(", ")
            );
            return Err(self.columns.sheet.refused(unstated(message)));
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
        let Some(name) = self.columns.name(&[layout.id]) else {
            return Err(self.no_tree());
        };
        let named = self
            .columns
            .parent_column(layout.id)
            .map(|(_, links)| links);
        let ups = self
            .columns
            .sheet
            .rows
            .iter()
            .enumerate()
            .map(|(row, own)| match (own.outer, &named) {
                (Some(outer), _) => links::Up::Row(outer),
                (None, Some(links)) => links.ups[row].clone(),
                (None, None) => links::Up::Root,
            });
        let mut links = Links::new(ups.collect());
        if let Some(hidden) = links.hide_root() {
            layout.told.push(format!(
                "the parent `{hidden}`, which no row is, is the root above all and left out"
            ));
        }
        layout.roles.push(("name", name));
        layout.tree = Tree::Linked { name, links };
        Ok(())
    }

    /// Takes a column of paths, of names or of keys.
    fn take_path(&self, layout: &mut Layout, path: usize) -> Result<()> {
        let name = self
            .columns
            .called_name(&[layout.id, Some(path)])
            .filter(|name| *name != path);
        if let Some(name) = name.filter(|name| self.goes_below(path, *name)) {
            return self.take_parent_path(layout, path, name);
        }
        if let (Some(name), None) = (name, self.columns.separator) {
            let mut keys: Vec<usize> = layout
                .id
                .into_iter()
                .chain(Word::Id.among(&self.columns.sheet.columns))
                .collect();
            keys.dedup();
            let by_keys = keys
                .into_iter()
                .find_map(|keys| links::by_key_paths(self.columns.sheet, path, keys));
            let by_keys = by_keys.or_else(|| {
                let ends = self.columns.ends_in_names(path, name);
                (!ends)
                    .then(|| links::by_beginnings(self.columns.sheet, path))
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
        layout.tree = Tree::Paths { path, name: None };
        Ok(())
    }

    /// Whether paths end above their rows, and are of names.
    fn goes_below(&self, path: usize, name: usize) -> bool {
        let mut keys = Word::Id.among(&self.columns.sheet.columns).into_iter();
        addresses::end_above(&self.columns, path, name)
            && !keys.any(|keys| {
                keys != name && links::by_key_paths(self.columns.sheet, path, keys).is_some()
            })
    }

    /// Takes paths of parents, with the name of each row below them.
    fn take_parent_path(&self, layout: &mut Layout, path: usize, name: usize) -> Result<()> {
        layout.roles.extend([("parent path", path), ("name", name)]);
        layout
            .told
            .push("paths end above their rows, whose names go below them".to_owned());
        layout.tree = Tree::Paths {
            path,
            name: Some(name),
        };
        Ok(())
    }

    /// The tree that addresses of pages tell, in a column whatever it is called.
    fn take_addresses(&self, layout: &mut Layout, name: usize) -> bool {
        let sheet = self.columns.sheet;
        let mut columns = (0..sheet.columns.len()).filter(|column| *column != name);
        let found =
            columns.find_map(|column| Some((column, addresses::by_addresses(sheet, column)?)));
        let Some((column, mut links)) = found else {
            return false;
        };
        if let Some(hidden) = links.hide_root() {
            layout.told.push(format!("`{hidden}`, with which addresses begin and which no row is, is the root above all and left out"));
        }
        layout.roles.extend([("addresses", column), ("name", name)]);
        layout.tree = Tree::Linked { name, links };
        true
    }

    /// An empty column of parents, where each path is the row's name and nothing above
    /// it: all rows are roots, whatever signs their names have.
    fn all_roots(&self, path: usize) -> Option<(usize, Links)> {
        let sheet = self.columns.sheet;
        let mut parents = Word::Parent.among(&sheet.columns).into_iter();
        let parent = parents.find(|parent| sheet.is_blank(*parent))?;
        let name = self.columns.called_name(&[Some(path)])?;
        let mut pairs = sheet.texts(name).zip(sheet.texts(path));
        let roots = vec![links::Up::Root; sheet.rows.len()];
        pairs
            .all(|(name, path)| print_path([name]) == path)
            .then(|| (parent, Links::new(roots)))
    }

    /// Refuses a file in which paths of names tell another tree than the parents do.
    fn compare_with_path(&self, layout: &mut Layout, links: &Links, name: usize) -> Result<()> {
        let path = self
            .columns
            .path_column(layout.id)
            .filter(|path| *path != name);
        let Some(path) = path.filter(|path| {
            self.columns.stated.parent.is_none() && self.columns.ends_in_names(*path, name)
        }) else {
            return Ok(());
        };
        let separator = self.columns.separator_of(path);
        let differs = |row: &usize| {
            let names = self.columns.names_on(*row, path, separator);
            let above = names.len().checked_sub(2).map(|at| fold(&names[at]));
            let parent = match links.ups[*row] {
                links::Up::Row(up) => Some(fold(&clean(self.columns.sheet.text(up, name)))),
                _ => None,
            };
            // Names with a separator in them, and roots that are left out, are no contradiction.
            above.is_some()
                && parent.is_some()
                && above != parent
                && !fold(&names.join(" ")).contains(parent.as_deref().unwrap_or_default())
        };
        let differing: Vec<usize> = (0..self.columns.sheet.rows.len()).filter(differs).collect();
        if differing.len() * 10 > self.columns.sheet.rows.len() {
            let message = format!(
                "column `{}` tells another tree than the parents do",
                self.columns.sheet.columns[path]
            );
            return Err(self.columns.sheet.wrong(differing[0], unstated(message)));
        }
        Ok(())
    }

    /// Takes what is left: the hierarchy in codes, paths in names, or a single level.
    fn take_names(&self, layout: &mut Layout) -> Result<()> {
        let Some(name) = self.columns.name(&[layout.id]) else {
            return self.take_unnamed_levels(layout);
        };
        let separated = self.columns.separator_of(name).is_some();
        if !separated && self.take_addresses(layout, name) {
            return Ok(());
        }
        if !separated
            && self.columns.stated.name.is_none()
            && let Some(levels) = nesting::below_names(self.columns.sheet, name, layout.id)
        {
            return self.take_levels(layout, levels);
        }
        let codes = layout.id.filter(|_| !separated);
        if let Some(links) = codes.and_then(|id| links::by_codes(self.columns.sheet, id)) {
            layout.roles.push(("name", name));
            layout
                .told
                .push("parents by the beginnings of the codes".to_owned());
            layout.tree = Tree::Linked { name, links };
            return Ok(());
        }
        let depths = Word::Depth.among(&self.columns.sheet.columns).into_iter();
        let mut depths = depths.filter(|_| !separated);
        let by_depths =
            depths.find_map(|depth| Some((depth, links::by_depths(self.columns.sheet, depth)?)));
        if let Some((depth, links)) = by_depths {
            layout.roles.extend([("level", depth), ("name", name)]);
            layout
                .told
                .push("rows stand below the last one of the level above".to_owned());
            layout.tree = Tree::Linked { name, links };
            return Ok(());
        }
        if !separated {
            self.refuse_unused(layout, name)?;
        }
        layout
            .roles
            .push((if separated { "path" } else { "name" }, name));
        layout.tree = Tree::Paths {
            path: name,
            name: None,
        };
        Ok(())
    }

    /// Columns without telling names, as levels if what is in them is like that.
    fn take_unnamed_levels(&self, layout: &mut Layout) -> Result<()> {
        let columns = (0..self.columns.sheet.columns.len()).filter(|column| {
            Some(*column) != layout.id
                && levels::may_be(&self.columns.sheet.columns[*column])
                && !self.columns.sheet.is_blank(*column)
        });
        let columns: Vec<usize> = columns.collect();
        let separated = |column: &&usize| self.columns.separator_of(**column).is_some();
        if let Some(&path) = columns
            .iter()
            .find(separated)
            .filter(|_| !self.columns.sheet.named)
        {
            return self.take_path(layout, path);
        }
        let level = |&name: &usize| Level {
            name,
            ..Level::default()
        };
        if levels::by_content(self.columns.sheet, &columns)
            || (!self.columns.sheet.named && self.is_stairs(&columns))
        {
            return self.take_levels(layout, columns.iter().map(level).collect());
        }
        Err(self.no_tree())
    }

    /// Whether rows of a file without header go on from left to right, and some are
    /// the beginnings of others.
    fn is_stairs(&self, columns: &[usize]) -> bool {
        let mut paths: HashSet<Vec<&str>> = HashSet::new();
        for row in 0..self.columns.sheet.rows.len() {
            let mut cells: Vec<&str> = columns
                .iter()
                .map(|column| self.columns.sheet.text(row, *column))
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
        for (column, called) in self.columns.sheet.columns.iter().enumerate() {
            if Some(column) == layout.id || column == name || self.columns.sheet.is_blank(column) {
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
                .columns
                .sheet
                .texts(column)
                .filter(|text| text.contains(" > "))
                .count();
            let what = match () {
                () if self.columns.looks_like_parents(column, layout.id) => "parents of the rows",
                () if arrows * 2 > self.columns.sheet.rows.len() => "paths",
                () => continue,
            };
            let texts = self.columns.sheet.texts(column);
            let distinct = texts.collect::<HashSet<_>>().len();
            let message = match what == "paths" && distinct < self.columns.sheet.rows.len() {
                true => format!(
                    "this looks like a file of products: several rows have one path in column `{called}`"
                ),
                false => {
                    format!("column `{called}` looks like {what}, but its name does not say so")
                }
            };
            return Err(self.columns.sheet.refused(unstated(message)));
        }
        Ok(())
    }

    fn no_tree(&self) -> crate::Error {
        let columns = self.columns.sheet.columns.join(", ");
        let message = format!(
            "no column is called `path` or `name`, and no columns are levels; the columns are {columns}"
        );
        self.columns.sheet.refused(unstated(message))
    }

    /// Refuses what is a list of products, unless somebody said which columns to take.
    fn refuse_products(&self) -> Result<()> {
        let stated = &self.columns.stated;
        if stated.path.is_some()
            || stated.parent.is_some()
            || !stated.levels.is_empty()
            || !self.columns.sheet.named
        {
            return Ok(());
        }
        let found = Word::Product.among(&self.columns.sheet.columns);
        let priced = Word::Price.among(&self.columns.sheet.columns).into_iter();
        let mut priced = priced.filter(|column| {
            let texts = self.columns.sheet.texts(*column);
            let numbers = texts.filter(|text| text.contains(|sign: char| sign.is_ascii_digit()));
            numbers.count() * 2 > self.columns.sheet.rows.len()
        });
        let named = !Word::Name.among(&self.columns.sheet.columns).is_empty();
        let is_priced = named && priced.next().is_some();
        if found.len() < 2 && !is_priced {
            return Ok(());
        }
        let names = found
            .into_iter()
            .map(|column| self.columns.sheet.columns[column].as_str());
        let names = names.take(3).collect::<Vec<_>>().join(", ");
        let message = format!("this looks like a file of products, for it has columns {names}");
        Err(self.columns.sheet.refused(unstated(message)))
    }

    fn translations(&self, layout: &mut Layout) {
        let linked = matches!(layout.tree, Tree::Linked { .. });
        let used: HashSet<usize> = layout.roles.iter().map(|(_, column)| *column).collect();
        let main = match &layout.tree {
            Tree::Paths { path, .. } => Some(*path),
            _ => None,
        };
        let named = main.is_some_and(|main| Word::Name.means(&self.columns.sheet.columns[main]));
        for (column, called) in self.columns.sheet.columns.iter().enumerate() {
            if used.contains(&column) || self.columns.sheet.is_blank(column) {
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
