//! Objects of JSON as rows, with the objects inside of them.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::Result;
#[cfg(feature = "parquet")]
use crate::columnar::Columnar;
use crate::input::Input;
use crate::json::{flatten, text_of};
use crate::names::plain;
use crate::objects::{Objects, Wanted, is_of_children};

use super::elements::as_tree;
use super::sheet::{Cell, Sheet, SheetRow};
use super::words::Word;

/// What arrays of the categories below one are called, as `plain` leaves it.
const CHILDREN: &str = "children childrendata childs child childnodes childcategories childcategory subcategories \
    subcategory subcats subs sub subitems subnodes subtree nodes items categories nested descendants kinder \
    unterkategorien souscategories enfants subcategorias subcategorías hijos 子类目 子分类 子级 下级";

/// Reads objects, each with all that are nested in it.
pub(super) fn read(input: Input) -> Result<Sheet> {
    let file = input.name().to_owned();
    let mut lines = Objects::open(input, Wanted::Categories)?;
    let mut rows = Rows::default();
    let mut several = false;
    while let Some(row) = lines.read()? {
        let (line, object) = row.map_err(|error| lines.error(Some(error.line), error.message))?;
        rows.line = line;
        match lines.element() {
            Some(element) => {
                let tree = as_tree(&object, element, &mut several);
                if !holds_categories(&tree) {
                    let keys: Vec<&str> = object.keys().map(String::as_str).collect();
                    let keys = keys.join(", ");
                    let message = format!("the element `{element}` has no name; it has {keys}");
                    return Err(lines.error(Some(line), message));
                }
                rows.object(&tree, None);
            }
            None => match by_columns(&object) {
                Some(objects) => objects.iter().for_each(|object| rows.object(object, None)),
                None => rows.object(&object, None),
            },
        }
    }
    rows.finish();
    let mut format = lines.format().to_owned();
    if several {
        format += ", the first of several names,";
    }
    for mended in lines.mended() {
        format += &format!(" ({mended})");
    }
    Ok(Sheet {
        file,
        columns: rows.columns,
        rows: rows.rows,
        format,
        named: true,
    })
}

/// Reads the rows of a table that is no text, each as an object.
#[cfg(feature = "parquet")]
pub(super) fn read_columnar(mut columnar: Columnar) -> Result<Sheet> {
    let mut rows = Rows::default();
    while let Some((line, object)) = columnar.object()? {
        rows.line = line;
        rows.object(&object, None);
    }
    rows.finish();
    Ok(Sheet {
        file: columnar.file().to_owned(),
        columns: rows.columns,
        rows: rows.rows,
        format: columnar.format().to_owned(),
        named: true,
    })
}

/// Rows with the columns that were met so far.
#[derive(Default)]
struct Rows {
    columns: Vec<String>,
    rows: Vec<SheetRow>,
    line: u64,
    /// Rows with the ids of what is below them.
    below: Vec<(usize, String)>,
}

impl Rows {
    /// Takes an object, which is a category, or only holds some.
    fn object(&mut self, object: &Map<String, Value>, outer: Option<usize>) {
        if let Some(whole) = joined(object) {
            return self.object(&whole, outer);
        }
        if !is_category(object) {
            return self.holder(object, outer);
        }
        let inner: Vec<&Value> = object
            .iter()
            .filter(|(key, value)| holds_children(key, value))
            .map(|(_, value)| value)
            .collect();
        // What only groups whole categories is none itself.
        let groups = !placed(object)
            && inner.iter().any(|value| objects(value).any(placed))
            && !inner
                .iter()
                .any(|value| objects(value).any(|inner| names_parent(inner, object)));
        if groups {
            inner.into_iter().for_each(|value| self.below(value, outer));
            return;
        }
        let row = self.push(outer);
        flatten_own(object, &mut |key, cell| self.put(row, key, cell));
        inner
            .into_iter()
            .for_each(|value| self.below(value, Some(row)));
    }

    /// Takes what is in an object that is no category: arrays of categories, else
    /// categories by their names or ids.
    fn holder(&mut self, object: &Map<String, Value>, outer: Option<usize>) {
        let arrays = object.values().filter(|value| value.is_array());
        let arrays: Vec<&Value> = arrays
            .filter(|value| objects(value).any(holds_categories))
            .collect();
        if !arrays.is_empty() {
            arrays
                .into_iter()
                .for_each(|value| self.below(value, outer));
            return;
        }
        if let Some(wrapped) = wrapped(object).filter(|_| outer.is_none()) {
            return self.below(wrapped, outer);
        }
        let listed = |value: &Value| {
            value
                .as_array()
                .is_some_and(|list| list.iter().all(Value::is_string))
        };
        for (key, value) in object {
            match value {
                Value::Object(_) if is_of_children(key) => self.below(value, outer),
                // By its id.
                Value::Object(inner) if is_category(inner) => {
                    let next = self.rows.len();
                    self.object(inner, outer);
                    let id = self
                        .columns
                        .iter()
                        .any(|column| Word::Id.means(column) && self.has(next, column));
                    if !id && next < self.rows.len() {
                        self.put(next, "id", Cell::Text(key.clone()));
                    }
                }
                // By its name.
                Value::Object(_) | Value::Null => {
                    let row = self.named(key, outer);
                    self.below(value, Some(row));
                }
                value if listed(value) => {
                    let row = self.named(key, outer);
                    self.below(value, Some(row));
                }
                _ => {}
            }
        }
    }

    /// Takes what is nested: objects, names, or categories by their names.
    fn below(&mut self, value: &Value, outer: Option<usize>) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| match value {
                Value::Object(object) => self.object(object, outer),
                Value::String(name) => drop(self.named(name, outer)),
                Value::Number(id) => self
                    .below
                    .extend(outer.map(|outer| (outer, id.to_string()))),
                _ => {}
            }),
            Value::Object(object) => self.object(object, outer),
            _ => {}
        }
    }

    fn named(&mut self, name: &str, outer: Option<usize>) -> usize {
        let row = self.push(outer);
        self.put(row, "name", Cell::Text(name.to_owned()));
        row
    }

    fn push(&mut self, outer: Option<usize>) -> usize {
        self.rows.push(SheetRow {
            line: self.line,
            cells: Vec::new(),
            outer,
        });
        self.rows.len() - 1
    }

    fn column(&mut self, name: &str) -> usize {
        let known = self.columns.iter().position(|column| column == name);
        known.unwrap_or_else(|| {
            self.columns.push(name.to_owned());
            self.columns.len() - 1
        })
    }

    fn put(&mut self, row: usize, key: &str, cell: Cell) {
        let column = self.column(key);
        let cells = &mut self.rows[row].cells;
        if cells.len() <= column {
            cells.resize(column + 1, Cell::Text(String::new()));
        }
        cells[column] = cell;
    }

    fn has(&self, row: usize, column: &str) -> bool {
        let at = self.columns.iter().position(|known| known == column);
        let cell = at.and_then(|at| self.rows.get(row)?.cells.get(at));
        cell.is_some_and(|cell| !cell.is_empty())
    }

    /// Puts rows below others that name them, and joins those of one id.
    fn finish(&mut self) {
        let below = std::mem::take(&mut self.below);
        let id = Word::Id.among(&self.columns).first().copied();
        if let Some(id) = id.filter(|_| !below.is_empty()) {
            let text = |row: &SheetRow| row.cells.get(id).and_then(Cell::text).map(str::to_owned);
            let ids = self
                .rows
                .iter()
                .zip(0..)
                .filter_map(|(row, at)| Some((text(row)?, at)));
            let ids: HashMap<String, usize> = ids.collect();
            for (outer, below) in below {
                let row = ids.get(&below).filter(|row| **row != outer);
                if let Some(row) = row.and_then(|row| self.rows.get_mut(*row)) {
                    row.outer.get_or_insert(outer);
                }
            }
        }
        self.merge();
    }

    /// Joins rows of one id of which one says all: nested ones often only refer to
    /// what stands elsewhere in full. Names that are ids of other rows refer to them, too.
    fn merge(&mut self) {
        let Some(id) = Word::Id.among(&self.columns).first().copied() else {
            return;
        };
        let id_of = |row: &SheetRow| {
            row.cells
                .get(id)
                .and_then(Cell::text)
                .unwrap_or_default()
                .to_owned()
        };
        let filled = |row: &SheetRow| row.cells.iter().filter(|cell| !cell.is_empty()).count();
        let mut full: HashMap<String, usize> = HashMap::new();
        for (at, row) in self.rows.iter().enumerate() {
            let id = id_of(row);
            let better = |other: &usize| filled(row) > filled(&self.rows[*other]);
            if !id.is_empty() && full.get(&id).is_none_or(better) {
                full.insert(id, at);
            }
        }
        let name = self.columns.iter().position(|column| column == "name");
        let stands_for = |at: usize, row: &SheetRow| {
            let own = id_of(row);
            let alone = row.outer.is_some() && filled(row) == 1;
            let name = name
                .filter(|_| alone)
                .and_then(|name| row.cells.get(name)?.text());
            let full = if own.is_empty() {
                full.get(name?)
            } else {
                full.get(&own)
            };
            full.copied()
                .filter(|full| *full != at && filled(&self.rows[*full]) > filled(row))
        };
        let stands_for: Vec<Option<usize>> = self
            .rows
            .iter()
            .enumerate()
            .map(|(at, row)| stands_for(at, row))
            .collect();
        let parents = Word::Parent.among(&self.columns);
        for (at, full) in stands_for.iter().enumerate() {
            let Some(full) = *full else { continue };
            let outer = self.rows[at].outer;
            let placed = parents
                .iter()
                .any(|parent| self.rows[full].cells.len() > *parent);
            if self.rows[full].outer.is_none() && !placed {
                self.rows[full].outer = outer;
            }
        }
        let mut place = Vec::with_capacity(self.rows.len());
        let mut kept = 0;
        for full in &stands_for {
            place.push(kept);
            kept += usize::from(full.is_none());
        }
        let rows = std::mem::take(&mut self.rows).into_iter().zip(&stands_for);
        let rows = rows.filter(|(_, full)| full.is_none()).map(|(row, _)| row);
        self.rows = rows.collect();
        for row in &mut self.rows {
            row.outer = row
                .outer
                .map(|outer| place[stands_for[outer].unwrap_or(outer)]);
        }
    }
}

/// An object that has an id and keeps all else in one object below (`attributes`), or a node
/// that has a category beside those below it, as one.
fn joined(object: &Map<String, Value>) -> Option<Map<String, Value>> {
    if object
        .iter()
        .any(|(key, _)| Word::Name.means(key) && key != "category")
    {
        return None;
    }
    let mut inner = object
        .iter()
        .filter_map(|(key, value)| Some((key, value.as_object()?)));
    let (key, inner) = inner.find(|(_, inner)| is_category(inner))?;
    let known = [
        "attributes",
        "fields",
        "properties",
        "node",
        "data",
        "_source",
    ];
    let has_id = object
        .iter()
        .any(|(key, value)| Word::Id.means(key) && !value.is_object());
    // `{"category": {"id": 1, "name": "Pans"}, "children": […]}`
    let is_node = ["category", "node"].contains(&key.as_str());
    let is_wrapped = || has_id && known.contains(&key.as_str()) && !is_category(object);
    if !is_node && !is_wrapped() {
        return None;
    }
    let mut whole = inner.clone();
    for (other, value) in object.iter().filter(|(other, _)| *other != key) {
        whole.entry(other).or_insert_with(|| value.clone());
    }
    Some(whole)
}

/// The rows of an object that has columns, each with its values by their numbers:
/// `{"id": {"0": 7}, "name": {"0": "Pans"}}`.
fn by_columns(object: &Map<String, Value>) -> Option<Vec<Map<String, Value>>> {
    let mut columns = object.values();
    let first = columns.next()?.as_object()?;
    let is_numbered = first
        .keys()
        .all(|key| key.bytes().all(|byte| byte.is_ascii_digit()));
    let is_alike = |column: &Value| {
        column
            .as_object()
            .is_some_and(|column| column.keys().eq(first.keys()))
    };
    if object.len() < 2 || first.is_empty() || !is_numbered || !columns.all(is_alike) {
        return None;
    }
    let row = |number: &String| {
        let cells = object.iter().map(|(name, column)| {
            let value = column.get(number.as_str()).cloned().unwrap_or_default();
            (name.clone(), value)
        });
        cells.collect()
    };
    Some(first.keys().map(row).collect())
}

/// What an object holds that has nothing else, under a name that is of no category:
/// `{"paths": […]}`.
fn wrapped(object: &Map<String, Value>) -> Option<&Value> {
    const HOLDERS: [&str; 12] = [
        "paths",
        "path",
        "categories",
        "category_paths",
        "category_tree",
        "taxonomy",
        "taxonomies",
        "tree",
        "nodes",
        "children",
        "data",
        "items",
    ];
    let mut holding = object
        .iter()
        .filter(|(_, value)| value.is_array() || value.is_object());
    let (key, value) = holding.next()?;
    let only = holding.next().is_none();
    (only && HOLDERS.contains(&key.as_str())).then_some(value)
}

/// Whether an object names another as its parent, by its id.
fn names_parent(object: &Map<String, Value>, above: &Map<String, Value>) -> bool {
    let of = |object: &Map<String, Value>, word: Word| {
        let texts = object.iter().filter(move |(key, _)| word.means(key));
        let texts = texts.map(|(_, value)| text_of(value, ", "));
        texts.filter(|text| !text.is_empty()).collect::<Vec<_>>()
    };
    let ids = of(above, Word::Id);
    of(object, Word::Parent)
        .iter()
        .any(|parent| ids.contains(parent))
}

/// Whether an object has a name, a path, or an id and a parent.
fn is_category(object: &Map<String, Value>) -> bool {
    let mut named = false;
    flatten_own(object, &mut |key, cell| {
        let means = [Word::Name, Word::Path].iter().any(|word| word.means(key));
        let translated =
            super::words::suffixed(key).is_some() || super::words::language(key).is_some();
        named |= !cell.is_empty() && (means || translated);
    });
    named
}

/// Whether an object is a category, or an array in it has some.
fn holds_categories(object: &Map<String, Value>) -> bool {
    is_category(object) || object.values().any(|value| objects(value).any(is_category))
}

/// Whether an object says where it stands by itself.
fn placed(object: &Map<String, Value>) -> bool {
    object.keys().any(|key| {
        [Word::Path, Word::Parent]
            .iter()
            .any(|word| word.means(key))
    })
}

fn holds_children(key: &str, value: &Value) -> bool {
    let name = plain(key);
    let known = CHILDREN.split_whitespace().any(|known| known == name);
    let holds_objects = || objects(value).next().is_some();
    known && (value.is_array() || value.is_object()) || is_of_children(key) && holds_objects()
}

fn objects(value: &Value) -> impl Iterator<Item = &Map<String, Value>> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
}

/// Visits what an object has for itself: neither the categories below it nor lists of
/// other objects.
fn flatten_own(object: &Map<String, Value>, visit: &mut dyn FnMut(&str, Cell)) {
    let own = object
        .iter()
        .filter(|(key, value)| !holds_children(key, value));
    let own: Map<String, Value> = own
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    flatten(&own, &mut |key, value| match value {
        Value::Array(parts) if parts.iter().any(Value::is_object) => {}
        Value::Array(parts) => {
            visit(
                key,
                Cell::List(parts.iter().map(|part| text_of(part, ", ")).collect()),
            );
        }
        _ => visit(key, Cell::Text(text_of(value, ", "))),
    });
}
