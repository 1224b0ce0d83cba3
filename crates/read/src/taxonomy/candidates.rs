//! Columns that may hold the tree: proposed by their names, checked by what is in them.

use std::collections::HashSet;

use assort_core::clean;

use crate::Result;
use crate::error::Unstated;
use crate::names::plain;
use crate::refusal::Refusal;

use super::TaxonomyOptions;
use super::levels;
use super::links::{self, Links};
use super::separator::{detect, split};
use super::sheet::{Cell, Sheet};
use super::words::{Word, is_called_a_code, language, suffixed};

/// Columns that somebody has named.
#[derive(Debug, Default)]
pub(super) struct Stated {
    pub(super) id: Option<usize>,
    pub(super) parent: Option<usize>,
    pub(super) name: Option<usize>,
    pub(super) path: Option<usize>,
    pub(super) levels: Vec<usize>,
}

impl Stated {
    pub(super) fn new(sheet: &Sheet, options: &TaxonomyOptions) -> Result<Self> {
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
pub(super) fn unstated(message: String) -> Refusal {
    Refusal::until(Unstated::Tree, message)
}

/// The search for columns of a meaning.
pub(super) struct Candidates<'a> {
    pub(super) sheet: &'a Sheet,
    pub(super) stated: Stated,
    pub(super) separator: Option<&'a str>,
}

impl Candidates<'_> {
    /// The column of ids: one with a name that says so and a value of its own in every
    /// row, else the likeliest by its name.
    pub(super) fn id(&self, language: Option<usize>) -> Option<usize> {
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
            let last = self.sheet.columns.len().checked_sub(1)?;
            let code = |text: &str| {
                !text.is_empty()
                    && !text.contains(' ')
                    && text.bytes().any(|byte| byte.is_ascii_digit())
            };
            let is_code =
                |column: &usize| self.is_unique(*column) && self.sheet.texts(*column).all(code);
            if self.sheet.named {
                let called = |column: &usize| is_called_a_code(&self.sheet.columns[*column]);
                let mut found = (0..=last).filter(called).filter(is_code);
                return found.find(|column| self.are_keys(*column));
            }
            [0, last].into_iter().filter(|_| last > 0).find(is_code)
        };
        if named.is_empty()
            && let Some(value) = self.value_of_labels()
        {
            return Some(value);
        }
        match unique {
            Some(unique) if language.is_none() => Some(*unique),
            _ => named.first().copied().or_else(by_content),
        }
    }

    /// Whether what is called a code is one of the rows: parents name it, or the hierarchy is
    /// in it, in a table that tells its tree by nothing else.
    fn are_keys(&self, column: usize) -> bool {
        let columns = &self.sheet.columns;
        if levels::by_names(columns).is_some() || !Word::Path.among(columns).is_empty() {
            return false;
        }
        let mut parents = Word::Parent
            .among(columns)
            .into_iter()
            .chain(self.stated.parent);
        let named = |parent: usize| links::by_parents(self.sheet, parent, column).found > 0;
        parents.any(named) || links::by_codes(self.sheet, column).is_some()
    }

    /// The ids of options, which are values beside labels.
    fn value_of_labels(&self) -> Option<usize> {
        let at = |name: &str| {
            self.sheet
                .columns
                .iter()
                .position(|column| plain(column) == name)
        };
        let value = at("value").filter(|value| Some(*value) != self.stated.name)?;
        (at("label").is_some() && self.is_unique(value)).then_some(value)
    }

    pub(super) fn is_unique(&self, column: usize) -> bool {
        let mut seen = HashSet::new();
        self.sheet
            .texts(column)
            .all(|text| !text.is_empty() && seen.insert(text))
    }

    /// The column that says in which language a row is.
    pub(super) fn language_column(&self) -> Option<usize> {
        let named = Word::Language.among(&self.sheet.columns).into_iter();
        let mut named = named.filter(|column| {
            self.sheet
                .texts(*column)
                .all(|text| language(text).is_some())
        });
        named.next()
    }

    /// The column that is called one of names, not one of those in `but`.
    pub(super) fn called_name(&self, but: &[Option<usize>]) -> Option<usize> {
        let named = Word::Name.among(&self.sheet.columns).into_iter();
        let mut named =
            named.filter(|column| !but.contains(&Some(*column)) && !self.sheet.is_blank(*column));
        self.stated.name.or_else(|| named.next())
    }

    /// The column of names: one that is called so, or has names in one of several
    /// languages, or is the only one left.
    pub(super) fn name(&self, but: &[Option<usize>]) -> Option<usize> {
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
        // Beside codes, descriptions are names.
        let described = || {
            let mut described = Word::Descriptions.among(columns).into_iter();
            let has_codes = but.first().copied().flatten().is_some();
            let only = described
                .next()
                .filter(|column| has_codes && !but.contains(&Some(*column)))?;
            described.next().is_none().then_some(only)
        };
        let found = self.called_name(but).or_else(translated).or_else(rest);
        found.or_else(described)
    }

    /// The likeliest column of parents.
    pub(super) fn parent_column(&self, id: Option<usize>) -> Option<(usize, Links)> {
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
    pub(super) fn parents(&self, parent: usize, id: Option<usize>) -> Option<Links> {
        let name = self.name(&[id, Some(parent)]);
        let mut keys: Vec<usize> = id.into_iter().chain(name).collect();
        keys.extend(Word::Id.among(&self.sheet.columns));
        keys.extend(Word::Path.among(&self.sheet.columns));
        if keys.is_empty() {
            keys.extend((0..self.sheet.columns.len()).filter(|column| self.is_unique(*column)));
        }
        keys.retain(|column| *column != parent);
        let links = |keys: usize| {
            let links = links::by_parents(self.sheet, parent, keys);
            let by_name = Some(keys) == name && Some(keys) != id;
            // Rows of one id are one category in several languages.
            let shared = links.shared.filter(|_| by_name);
            Links {
                by_name,
                shared,
                ..links
            }
        };
        let mut best: Option<Links> = None;
        for keys in keys {
            let links = links(keys);
            let whole = links.missing.is_empty() && links.found > 0;
            // Of equals the first: ids before names.
            if best.as_ref().is_none_or(|best| links.found > best.found) {
                best = Some(links);
            }
            if whole {
                break;
            }
        }
        best
    }

    /// Whether a column that no name marks as one has parents: ids of other rows, some
    /// of them several times, and roots.
    pub(super) fn looks_like_parents(&self, column: usize, id: Option<usize>) -> bool {
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
            || Word::Depth.means(&self.sheet.columns[column])
        {
            return false;
        }
        // Numbers that count rows up may be among the ids by chance.
        let number = |text: &&str| text.parse::<f64>().is_ok();
        let repeated = distinct.len() < texts.len() && distinct.len() > 1;
        if !repeated && texts.len() == self.sheet.rows.len() && texts.iter().all(number) {
            return false;
        }
        let links = links::by_parents(self.sheet, column, id);
        links.missing.is_empty() && links.found > 0 && links.has_roots() && !links.has_circle()
    }

    /// The column of paths: one that is called so, and has a separator or lists.
    pub(super) fn path_column(&self, id: Option<usize>) -> Option<usize> {
        let rows = self.sheet.rows.len();
        let listed = |column: usize| {
            (0..rows).any(|row| matches!(self.sheet.cell(row, column), Cell::List(_)))
        };
        let separated = |column: usize| self.separator_of(column).is_some();
        let mut named = Word::Path.among(&self.sheet.columns);
        if named.iter().any(|column| !self.sheet.is_blank(*column)) {
            named.retain(|column| !self.sheet.is_blank(*column));
        }
        let deep = named
            .iter()
            .copied()
            .find(|column| listed(*column) || separated(*column));
        let of_keys = || {
            let keys = id?;
            let mut named = named.iter().copied();
            named.find(|column| links::by_key_paths(self.sheet, *column, keys).is_some())
        };
        let only = || {
            self.called_name(&[id])
                .is_none()
                .then_some(named.first().copied())
                .flatten()
        };
        deep.or_else(of_keys).or_else(only)
    }

    pub(super) fn separator_of(&self, column: usize) -> Option<&str> {
        self.separator
            .or_else(|| detect(self.sheet.texts(column).filter(|text| !text.is_empty())))
    }

    /// Whether most paths end in the row's name.
    pub(super) fn ends_in_names(&self, path: usize, name: usize) -> bool {
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

    pub(super) fn names_on(&self, row: usize, path: usize, separator: Option<&str>) -> Vec<String> {
        match self.sheet.cell(row, path) {
            Cell::List(names) => names.iter().map(|name| clean(name)).collect(),
            Cell::Text(text) => split(text, separator).unwrap_or_default(),
        }
    }
}
