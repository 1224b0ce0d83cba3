//! Categories from rows whose columns are understood.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use assort_core::{CategoryRow, Place, clean, split_path};

use crate::Result;
use crate::changed_ids::{are_whole, without_fraction};
use crate::error::Unstated;
use crate::refusal::Refusal;

use super::layout::{Layout, Tree};
use super::levels::Level;
use super::links::{self, Links, Up};
use super::separator::{detect, segments, split};
use super::sheet::{Cell, Sheet};

/// What stands before Shopify's ids in some of its files: the short ids are the same.
pub(super) const SHOPIFY: &str = "gid://shopify/TaxonomyCategory/";

type Names = std::result::Result<Vec<String>, String>;

/// Makes categories of the rows. Returns them and, for messages, how they make a tree.
pub(super) fn finish(
    sheet: &Sheet,
    layout: &Layout,
    stated: Option<&str>,
) -> Result<(Vec<CategoryRow>, String)> {
    let whole_ids = whole_ids(sheet, layout);
    let mut maker = Maker {
        sheet,
        layout,
        whole_ids,
        has_all: false,
        separators: separators(sheet, layout, stated),
        told: Vec::new(),
    };
    if whole_ids {
        let told = "ids that a program took for fractions are read without `.0`";
        maker.told.push(told.to_owned());
    }
    let mut rows = match &layout.tree {
        Tree::Paths { path, name } => maker.on_paths(*path, *name)?,
        Tree::Linked { name, links } => maker.linked(*name, links)?,
        Tree::Levels(levels) => maker.on_levels(levels)?,
    };
    for row in &mut rows {
        if let Some(short) = row.id.as_deref().and_then(|id| id.strip_prefix(SHOPIFY)) {
            row.id = Some(short.to_owned());
        }
        if let Place::Child {
            parent: Some(parent),
            ..
        } = &mut row.place
            && let Some(short) = parent.strip_prefix(SHOPIFY)
        {
            *parent = short.to_owned();
        }
    }
    let shape = maker.shape();
    let told = layout.told.iter().chain(&maker.told);
    let told = told.fold(shape, |shape, more| format!("{shape}; {more}"));
    Ok((rows, told))
}

/// The separator of the paths and those of their translations.
struct Separators {
    main: Option<String>,
    translations: HashMap<String, Option<String>>,
}

fn separators(sheet: &Sheet, layout: &Layout, stated: Option<&str>) -> Separators {
    let texts = |column: usize| sheet.texts(column).filter(|text| !text.is_empty());
    let main = match layout.tree {
        Tree::Paths { path, .. } => stated.or_else(|| detect(texts(path))).map(str::to_owned),
        _ => None,
    };
    let mut columns: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for one in layout.translations.iter().filter(|one| one.path) {
        columns.entry(&one.language).or_default().push(one.column);
    }
    let translations = columns.into_iter().map(|(language, columns)| {
        let paths = || columns.iter().flat_map(|column| texts(*column));
        // A translation goes by the separator of the original if it can.
        let same = main
            .as_deref()
            .filter(|main| stated.is_some() || paths().any(|path| path.contains(main)));
        let separator = same.or_else(|| detect(paths())).map(str::to_owned);
        (language.to_owned(), separator)
    });
    let translations = translations.collect();
    Separators { main, translations }
}

struct Maker<'a> {
    sheet: &'a Sheet,
    layout: &'a Layout,
    separators: Separators,
    /// Whether all ids are whole numbers, of which some have `.0` behind them.
    whole_ids: bool,
    /// Whether `All` stands for no name.
    has_all: bool,
    told: Vec<String>,
}

fn whole_ids(sheet: &Sheet, layout: &Layout) -> bool {
    let Some(column) = layout.id else {
        return false;
    };
    are_whole(sheet.texts(column).filter(|id| !id.is_empty()))
}

impl Maker<'_> {
    /// How the rows make a tree, in words.
    fn shape(&self) -> String {
        let path = match &self.layout.tree {
            Tree::Linked { .. } if self.sheet.rows.iter().any(|row| row.outer.is_some()) => {
                return "nested".to_owned();
            }
            Tree::Linked { .. } => return "by parent".to_owned(),
            Tree::Levels(levels) => return format!("{} levels", levels.len()),
            Tree::Paths { path, .. } => *path,
        };
        let listed = |row: usize| matches!(self.sheet.cell(row, path), Cell::List(_));
        match &self.separators.main {
            _ if (0..self.sheet.rows.len()).all(listed) => "paths as arrays".to_owned(),
            Some(separator) => format!("separator `{separator}`"),
            None => "a single level".to_owned(),
        }
    }

    fn id(&self, row: usize) -> Option<String> {
        let id = self.sheet.text(row, self.layout.id?);
        let whole = without_fraction(id).filter(|_| self.whole_ids);
        let id = whole.unwrap_or(id);
        (!id.is_empty()).then(|| id.to_owned())
    }

    /// The rows that stand for categories, each with its translations: of several rows
    /// of one id, where a column tells the language, one.
    fn languages(&self) -> Result<BTreeMap<usize, Vec<usize>>> {
        let rows = 0..self.sheet.rows.len();
        let Some(column) = self.layout.language else {
            return Ok(rows.map(|row| (row, Vec::new())).collect());
        };
        let languages: BTreeSet<&str> = self.sheet.texts(column).collect();
        if self.layout.id.is_none() && languages.len() > 1 {
            let called = &self.sheet.columns[column];
            let message = format!(
                "column `{called}` tells several languages, but no column has the ids that their rows share"
            );
            return Err(self.sheet.refused(Refusal::until(Unstated::Tree, message)));
        }
        let main = self.sheet.text(0, column);
        let mut by_id: HashMap<String, usize> = HashMap::new();
        let mut found: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut others = Vec::new();
        for row in rows {
            match self.id(row) {
                Some(id) if self.sheet.text(row, column) != main => others.push((row, id)),
                Some(id) => {
                    by_id.entry(id).or_insert(row);
                    found.insert(row, Vec::new());
                }
                None => drop(found.insert(row, Vec::new())),
            }
        }
        for (row, id) in others {
            let first = *by_id.entry(id).or_insert(row);
            let more = found.entry(first).or_default();
            if first != row {
                more.push(row);
            }
        }
        Ok(found)
    }

    fn on_paths(&mut self, path: usize, name: Option<usize>) -> Result<Vec<CategoryRow>> {
        let separator = self.separators.main.clone();
        let names = |row: usize| {
            let cell = self.sheet.cell(row, path);
            let Some(name) = name else {
                return match cell.is_empty() {
                    true => Err("the row has no path".to_owned()),
                    false => names(cell, separator.as_deref()),
                };
            };
            let mut path = match cell.text().is_some_and(links::marks_root) || cell.is_empty() {
                true => Vec::new(),
                false => names(cell, separator.as_deref())?,
            };
            let name = clean(self.sheet.text(row, name));
            if name.is_empty() {
                return Err("the row has no name".to_owned());
            }
            path.push(name);
            Ok(path)
        };
        let of = |row: usize| names(row).map_err(|message| self.sheet.wrong(row, message));
        let mut made = Vec::new();
        for (row, more) in self.languages()? {
            let mut category = self.category(row, Place::Path(of(row)?))?;
            for other in more {
                let language = self.language(other);
                category.translations.push((language, of(other)?));
            }
            made.push(category);
        }
        Ok(made)
    }

    fn linked(&mut self, name: usize, links: &Links) -> Result<Vec<CategoryRow>> {
        let names: Vec<String> = (0..self.sheet.rows.len())
            .map(|row| {
                let name = clean(self.sheet.text(row, name));
                if name.is_empty() {
                    return Err(self.sheet.wrong(row, "the row has no name"));
                }
                Ok(name)
            })
            .collect::<Result<_>>()?;
        let nested = self.sheet.rows.iter().any(|row| row.outer.is_some());
        let some_without = (0..names.len()).find(|row| self.id(*row).is_none());
        let by_paths = self.layout.id.is_none() || (nested && some_without.is_some());
        if let (Some(row), false) = (some_without, by_paths) {
            return Err(self.sheet.wrong(row, "the row has no id"));
        }
        let implied = links.by_name && !links.has_roots();
        if implied && !links.missing.is_empty() {
            let roots = links.missing.iter().map(|name| format!("`{name}`"));
            let roots = roots.collect::<Vec<_>>().join(", ");
            self.told
                .push(format!("the parents {roots}, which no rows are, are roots"));
        }
        if by_paths {
            return self.linked_by_paths(&names, links, implied);
        }
        let mut made = Vec::new();
        if implied {
            made.extend(links.missing.iter().map(|root| CategoryRow {
                line: self.sheet.rows[0].line,
                id: Some(root.clone()),
                place: Place::Child {
                    parent: None,
                    name: clean(root),
                },
                ..CategoryRow::default()
            }));
        }
        for (row, more) in self.languages()? {
            let parent = match &links.ups[row] {
                Up::Root => None,
                Up::Row(up) => self.id(*up),
                Up::Missing(parent) => Some(parent.clone()),
            };
            let name = names[row].clone();
            let mut category = self.category(row, Place::Child { parent, name })?;
            for other in more {
                let language = self.language(other);
                category
                    .translations
                    .push((language, vec![names[other].clone()]));
            }
            made.push(category);
        }
        Ok(made)
    }

    /// Rows without ids, by the names of all that is above them.
    fn linked_by_paths(
        &self,
        names: &[String],
        links: &Links,
        implied: bool,
    ) -> Result<Vec<CategoryRow>> {
        let mut made = Vec::new();
        for row in 0..names.len() {
            let (mut path, mut seen) = (Vec::new(), HashSet::new());
            let mut at = Some(row);
            while let Some(row) = at {
                if !seen.insert(row) {
                    let message = format!(
                        "category `{}` is its own ancestor; correct one of the parents",
                        names[row]
                    );
                    return Err(self.sheet.wrong(row, message));
                }
                path.push(names[row].clone());
                at = match &links.ups[row] {
                    Up::Row(up) => Some(*up),
                    Up::Root => None,
                    Up::Missing(root) if implied => {
                        path.push(clean(root));
                        None
                    }
                    Up::Missing(parent) => {
                        let message = format!(
                            "names the parent `{parent}`, which no row is, or several are; add it, or correct the parent"
                        );
                        return Err(self.sheet.wrong(row, message));
                    }
                };
            }
            path.reverse();
            made.push(self.category(row, Place::Path(path))?);
        }
        Ok(made)
    }

    fn on_levels(&mut self, levels: &[Level]) -> Result<Vec<CategoryRow>> {
        self.has_all = self.has_all(levels);
        if self.has_all {
            let told = "`All` stands for no name";
            self.told.push(told.to_owned());
        }
        let stairs = self.are_stairs(levels);
        if stairs {
            self.told
                .push("an empty cell stands for the one above it".to_owned());
        }
        let mut made = Vec::new();
        // The classes that were met, with their codes.
        let mut known: HashMap<Vec<String>, &str> = HashMap::new();
        let mut last: Vec<usize> = Vec::new();
        let mut skipped = 0;
        for row in 0..self.sheet.rows.len() {
            let filled = |at: &usize| self.is_filled(row, &levels[*at]);
            let own: Vec<usize> = (0..levels.len()).filter(filled).collect();
            let (Some(first), Some(end)) = (own.first().copied(), own.last().copied()) else {
                return Err(self.sheet.wrong(row, "the row has no names"));
            };
            let from = if stairs { first } else { 0 };
            last.truncate(from);
            last.resize(levels.len(), row);
            let places: Vec<usize> = (0..=end).filter(|at| *at < from || filled(at)).collect();
            if places.first() != Some(&0) || places.len() * 2 < end + 1 {
                let column = &self.sheet.columns[levels[0].name];
                return Err(self
                    .sheet
                    .wrong(row, format!("the row has no `{column}` above its names")));
            }
            skipped += usize::from(places.len() < end + 1);
            let mut path = Vec::new();
            for &at in &places {
                path.push(clean(self.sheet.text(last[at], levels[at].name)));
                let leaf = at == end;
                let code = levels[at].code.map(|code| self.sheet.text(last[at], code));
                let code = code.unwrap_or_default();
                let first = !known.contains_key(&path);
                let said = known.entry(path.clone()).or_insert("");
                // The tree refuses a class that has two codes.
                let is_new = !code.is_empty() && *said != code;
                if said.is_empty() {
                    *said = code;
                }
                if leaf || is_new || (first && !levels[at].definitions.is_empty()) {
                    made.extend(self.on_level(row, last[at], &levels[at], &path, (leaf, first))?);
                }
            }
        }
        if skipped > 0 {
            self.told.push(format!("{skipped} rows skip a level"));
        }
        Ok(made)
    }

    /// The category of one level of a row; nothing where an earlier row was the same.
    fn on_level(
        &self,
        row: usize,
        told_in: usize,
        level: &Level,
        path: &[String],
        (leaf, first): (bool, bool),
    ) -> Result<Option<CategoryRow>> {
        let place = Place::Path(path.to_vec());
        let code = level
            .code
            .map(|code| self.sheet.text(told_in, code).to_owned());
        let code = code.filter(|code| !code.is_empty());
        let id = code.or_else(|| self.id(row).filter(|_| leaf));
        if !first && id.is_none() {
            return Ok(None);
        }
        let mut category = match leaf {
            true => self.category(row, place)?,
            false => CategoryRow {
                line: self.sheet.rows[row].line,
                place,
                ..CategoryRow::default()
            },
        };
        category.id = id;
        if first {
            let definitions = level
                .definitions
                .iter()
                .map(|column| clean(self.sheet.text(told_in, *column)));
            category
                .descriptions
                .extend(definitions.filter(|text| !text.is_empty()));
        } else {
            category = CategoryRow {
                line: category.line,
                id: category.id,
                place: category.place,
                ..CategoryRow::default()
            };
        }
        Ok(Some(category))
    }

    /// Whether a row has a name on a level, and no sign that there is none.
    fn is_filled(&self, row: usize, level: &Level) -> bool {
        let text = self.sheet.text(row, level.name);
        let text = text.to_lowercase();
        let is_none = ["", "-", "--", "n/a", "#n/a", "null", "nan"].contains(&text.as_str());
        !(is_none || self.has_all && text == "all")
    }

    /// Whether `All` stands on a level for all that is on it, and for no name of its own.
    fn has_all(&self, levels: &[Level]) -> bool {
        let is_all = |row: usize, level: &Level| {
            self.sheet.text(row, level.name).eq_ignore_ascii_case("all")
        };
        let mut rows = 0..self.sheet.rows.len();
        let below = levels.get(1..).unwrap_or_default();
        let mut begins = 0..self.sheet.rows.len();
        rows.any(|row| below.iter().any(|level| is_all(row, level)))
            && !begins.any(|row| levels.first().is_some_and(|level| is_all(row, level)))
    }

    /// Whether rows leave out what stands above them already, as merged cells do.
    fn are_stairs(&self, levels: &[Level]) -> bool {
        let filled = |row: usize, level: &Level| self.is_filled(row, level);
        let begins_late = |row: &usize| !filled(*row, &levels[0]);
        let rows = 0..self.sheet.rows.len();
        let deep = rows
            .clone()
            .filter(|row| levels[1..].iter().any(|level| filled(*row, level)));
        let late = rows.filter(begins_late).count();
        filled(0, &levels[0]) && late * 2 >= deep.count() && late > 0
    }

    fn language(&self, row: usize) -> String {
        let column = self
            .layout
            .language
            .map(|column| self.sheet.text(row, column));
        column.unwrap_or_default().replace('_', "-").to_lowercase()
    }

    /// A category with all that its row has beside the tree.
    fn category(&self, row: usize, place: Place) -> Result<CategoryRow> {
        let gather = |columns: &[usize], cut: bool| {
            let cells = columns.iter().map(|column| self.sheet.cell(row, *column));
            cells.flat_map(|cell| texts(cell, cut)).collect()
        };
        let mut translations = Vec::new();
        for one in &self.layout.translations {
            let cell = self.sheet.cell(row, one.column);
            if cell.is_empty() {
                continue;
            }
            let separator = self.separators.translations.get(&one.language);
            let separator = separator.filter(|_| one.path).and_then(Option::as_deref);
            let names = names(cell, separator).map_err(|message| self.sheet.wrong(row, message))?;
            translations.push((one.language.clone(), names));
        }
        Ok(CategoryRow {
            line: self.sheet.rows[row].line,
            id: self.id(row),
            place,
            descriptions: gather(&self.layout.descriptions, false),
            aliases: gather(&self.layout.aliases, true),
            examples: gather(&self.layout.examples, true),
            translations,
        })
    }
}

/// The names of a path.
fn names(cell: &Cell, separator: Option<&str>) -> Names {
    match cell {
        Cell::Text(text) => split(text, separator),
        Cell::List(parts) => segments(parts.iter().map(String::as_str), &parts.join(" > ")),
    }
}

/// A value as several texts, a single one cut at `|`, unless that stands behind a `\`, if
/// `cut` says so.
fn texts(cell: &Cell, cut: bool) -> Vec<String> {
    let texts: Vec<String> = match cell {
        Cell::List(texts) => texts.iter().map(|text| clean(text)).collect(),
        Cell::Text(text) if cut => {
            let texts = split_path(text, "|");
            texts.iter().map(|text| clean(text)).collect()
        }
        Cell::Text(text) => vec![clean(text)],
    };
    texts.into_iter().filter(|text| !text.is_empty()).collect()
}
