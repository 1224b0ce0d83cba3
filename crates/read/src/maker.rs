//! Products of raw values.

use std::borrow::Cow;

use assort_core::{ProductUpdate, SEPARATOR, check_id, clean, clean_lines, visible};
use serde_json::Value;

#[cfg(feature = "parquet")]
use crate::columnar::Batch;
use crate::columns::{Columns, Late};
use crate::json::{Object, Positions, flatten, text_of};
use crate::known::has_id;
use crate::mapping::IdSource;
use crate::mends::unguarded_id;
use crate::names::attribute;
use crate::numbers::{Writing, is_by, with_point};
use crate::records::is_other;
use crate::row::Rejected;
use crate::totals::word_of_totals;
use crate::vectors::is_vector;

/// Digits of a number that no other is written with.
#[cfg(feature = "parquet")]
const EXACT: usize = 15;

/// What one row says, before it is known whether it is a product of its own.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) line: u64,
    /// Where on the line it is, if that does not tell.
    pub(crate) place: Option<String>,
    /// The values, cleaned.
    pub(crate) update: ProductUpdate,
    pub(crate) category: Option<String>,
    pub(crate) more_categories: Vec<String>,
    /// The product it belongs to, as the row names it.
    pub(crate) parent: Option<String>,
    /// What kind of product it is.
    pub(crate) kind: Option<String>,
    /// The view of the shop that it is for.
    pub(crate) view: Option<String>,
    /// How many values are vectors, and were left out.
    pub(crate) vectors: u64,
    /// Numbers that are written otherwise than those of their columns: column and value.
    pub(crate) otherwise: Vec<(usize, String)>,
    /// The id as it stands, if it is read without signs that nobody sees.
    pub(crate) unseen: Option<String>,
    /// The word for which the row looks like totals, and no product; it may lack an id.
    pub(crate) totals: Option<String>,
}

/// Why a row gives nothing.
#[derive(Debug)]
pub(crate) enum Unmade {
    /// It cannot be used.
    Rejected(Rejected),
    /// It says on that line that it is no product, but something else.
    Other(u64, String),
}

impl From<Rejected> for Unmade {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(rejected)
    }
}

/// Values of a row: for a column its values, several for a list; none if the row does
/// not have it.
pub(crate) trait Values {
    /// The value as one text.
    fn text(&self, column: usize) -> Option<&str>;

    /// The elements of a list, or the one value.
    fn each(&self, column: usize, visit: &mut dyn FnMut(&str)) {
        let Some(text) = self.text(column) else {
            return;
        };
        match listed_texts(text) {
            Some(texts) => texts.iter().for_each(|text| visit(text)),
            None => visit(text),
        }
    }

    /// Further ways to read the value of a column of categories.
    fn further_readings(&self, _column: usize) -> Vec<String> {
        Vec::new()
    }
}

/// What a row says under keys that are no columns.
#[derive(Debug, Default)]
pub(crate) struct Further {
    attributes: Vec<(String, String)>,
    /// How many values are vectors, and were left out.
    vectors: u64,
}

/// Attributes of a row, and what is to be told of them.
#[derive(Default)]
struct Made {
    attributes: Vec<(String, String)>,
    vectors: u64,
    otherwise: Vec<(usize, String)>,
}

/// Makes [`Given`] of values by what columns mean.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Maker<'a> {
    pub(crate) columns: &'a Columns,
    /// Number of the row, counted from 1.
    pub(crate) number: u64,
}

impl Maker<'_> {
    pub(crate) fn make(
        &self,
        line: u64,
        values: &impl Values,
        further: Further,
    ) -> Result<Given, Unmade> {
        let columns = self.columns;
        let record = columns.record.and_then(|at| values.text(at));
        if let Some(record) = record.filter(|record| is_other(record)) {
            return Err(Unmade::Other(line, record.trim().to_owned()));
        }
        let raw = match columns.id {
            IdSource::RowNumber => "",
            IdSource::Column(at) => values.text(at).unwrap_or_default(),
        };
        let seen = visible(raw);
        let unseen = matches!(seen, Cow::Owned(_)).then(|| raw.trim().escape_debug().to_string());
        let id = match columns.id {
            IdSource::RowNumber => self.number.to_string(),
            IdSource::Column(_) => unguarded_id(seen.trim()).to_owned(),
        };
        let totals = word_of_totals(columns, &id, |at| values.text(at));
        if totals.is_none() {
            if id.is_empty() || columns.is_missing(&id) {
                return Err(no_id(columns, line, &id).into());
            }
            check_id(&id).map_err(|reason| Rejected::new(line, None, reason))?;
        }
        let mut update = ProductUpdate::new(id);
        update.title = columns.title.and_then(|at| values.text(at)).map(clean);
        for part in columns.text.iter().filter_map(|&at| values.text(at)) {
            add_text(&mut update.text, clean_lines(part));
        }
        let trimmed = |at: Option<usize>| Some(values.text(at?)?.trim().to_owned());
        update.image = trimmed(columns.image);
        let mut made = self.attributes(values);
        made.attributes.extend(further.attributes);
        update.attributes = made.attributes;
        let filled = |at: Option<usize>| trimmed(at).filter(|value| !value.is_empty());
        let mut levels = Vec::new();
        let category = match columns.above.is_empty() {
            true => filled(columns.category),
            false => {
                let above = columns.above.iter().map(|&at| filled(Some(at)));
                levels.extend(above.chain([filled(columns.category)]).flatten());
                Some(levels.join(SEPARATOR)).filter(|path| !path.is_empty())
            }
        };
        let mut listed = category
            .as_deref()
            .map(listed)
            .unwrap_or_default()
            .into_iter();
        let category = listed.next().or(category);
        let more = columns.category.filter(|_| category.is_some());
        let mut more = more.map_or_else(Vec::new, |at| values.further_readings(at));
        more.extend(listed);
        // Levels that leave one out are known by the last of them.
        more.extend(levels.last().filter(|_| levels.len() > 1).cloned());
        let category = category.map(|category| self.without_chance(category, &mut more));
        Ok(Given {
            line,
            place: None,
            update,
            category,
            more_categories: more,
            parent: filled(columns.parent).map(|parent| visible(&parent).into_owned()),
            kind: filled(columns.kind),
            view: filled(columns.view),
            vectors: made.vectors + further.vectors,
            otherwise: made.otherwise,
            unseen,
            totals,
        })
    }

    /// The category, with the name of its column before an id that is the taxonomy's by
    /// chance, and without such ids among the further ones.
    fn without_chance(&self, category: String, more: &mut Vec<String>) -> String {
        let Some(taxonomy) = self.columns.by_name.as_deref() else {
            return category;
        };
        more.retain(|other| !has_id(taxonomy, other));
        let column = self.columns.category().unwrap_or_default();
        match has_id(taxonomy, &category) {
            true => format!("{column} {category}"),
            false => category,
        }
    }

    fn attributes(&self, values: &impl Values) -> Made {
        let columns = self.columns;
        let mut made = Made {
            attributes: Vec::with_capacity(columns.attributes.len()),
            ..Made::default()
        };
        for &at in &columns.attributes {
            if columns.open && values.text(at).is_some_and(is_vector) {
                made.vectors += 1;
                continue;
            }
            let name = attribute(&columns.names[at]);
            let is_comma = columns.decimal_commas.contains(&at);
            let other = match is_comma {
                true => Writing::Point,
                false if columns.decimal_points.contains(&at) => Writing::Comma,
                false => Writing::Other,
            };
            values.each(at, &mut |value| {
                let value = clean(value);
                if is_by(&value, other) {
                    made.otherwise.push((at, value.clone()));
                }
                let value = if is_comma { with_point(&value) } else { value };
                made.attributes.push((name.to_owned(), value));
            });
        }
        made
    }

    /// The same of an object; its keys stand among the columns at `positions`.
    pub(crate) fn make_of_object(
        &self,
        line: u64,
        object: &Object,
        positions: &Positions,
    ) -> Result<Given, Unmade> {
        let (found, further) = self.found(object, positions);
        if found.inexact_id {
            return Err(inexact_id(line).into());
        }
        if let Some(count) = found.products(self.columns) {
            let reason = format!(
                "the id and the title are lists, of {count} ids: the object holds columns, and not a product; write an object for each product"
            );
            return Err(Rejected::new(line, None, reason).into());
        }
        if let Some(ids) = found.ids(self.columns) {
            let (column, ids) = (self.columns.id(), ids.join("`, `"));
            let reason = format!(
                "column `{column}` holds several ids (`{ids}`): these may be products of their own, or parts of one; --id names another column"
            );
            return Err(Rejected::new(line, None, reason).into());
        }
        self.make(line, &found, further)
    }

    /// The same of a row of a batch, whose nested values stand at `positions`.
    #[cfg(feature = "parquet")]
    pub(crate) fn make_of_batch(
        &self,
        batch: &Batch,
        row: usize,
        positions: &Positions,
    ) -> Result<Given, Unmade> {
        let line = batch.number(row);
        if let IdSource::Column(at) = self.columns.id
            && batch.is_float(at)
            && let Some(id) = batch.text(row, at)
            && (id.len() > EXACT || id.contains('.'))
        {
            return Err(inexact_id(line).into());
        }
        let Some(object) = batch.nested(row) else {
            return self.make(
                line,
                &InBatch {
                    batch,
                    row,
                    nested: None,
                },
                Further::default(),
            );
        };
        let (found, further) = self.found(&object, positions);
        let nested = Some(found);
        self.make(line, &InBatch { batch, row, nested }, further)
    }

    /// The values of an object by column, and those that have none.
    fn found(&self, object: &Object, positions: &Positions) -> (Found, Further) {
        let mut found = Found::new(self.columns.names.len());
        let mut further = Further::default();
        flatten(object, &mut |key, value| match positions.get(key) {
            Some(&at) => {
                found.inexact_id |= self.columns.id == IdSource::Column(at) && value.is_f64();
                found.put(at, value, self.columns.category == Some(at));
            }
            None => match self.columns.meaning_of_late(key) {
                Late::Category(at) => found.put(at, value, true),
                Late::Attribute(_) if value.is_array() && is_vector(&text_of(value, ", ")) => {
                    further.vectors += 1;
                }
                Late::Attribute(name) => elements(value, &mut |value| {
                    let attribute = (name.to_owned(), clean(value));
                    further.attributes.push(attribute);
                }),
                Late::Nothing => {}
            },
        });
        (found, further)
    }
}

/// A row without an id, of which `sign` stands in its place.
pub(crate) fn no_id(columns: &Columns, line: u64, sign: &str) -> Rejected {
    let column = columns.id();
    let reason = match sign {
        "" => format!("no id in column `{column}`"),
        sign => format!("no id in column `{column}`, where `{sign}` stands for none"),
    };
    Rejected::new(line, None, reason)
}

/// A row whose id is a number that may stand for several: two long ones could become the
/// same.
fn inexact_id(line: u64) -> Rejected {
    let reason = "the id is not a whole number of up to 64 bits; write it as a string";
    Rejected::new(line, None, reason.to_owned())
}

/// Adds a paragraph to a text, unless it is there.
pub(crate) fn add_text(text: &mut Option<String>, part: String) {
    match text {
        Some(text) if !text.is_empty() => {
            if !part.is_empty() && !text.lines().any(|line| line == part) {
                text.push('\n');
                text.push_str(&part);
            }
        }
        _ => *text = Some(part),
    }
}

/// Values of a row of a batch, of which some may be nested.
#[cfg(feature = "parquet")]
struct InBatch<'b> {
    batch: &'b Batch,
    row: usize,
    nested: Option<Found>,
}

#[cfg(feature = "parquet")]
impl InBatch<'_> {
    fn nested(&self, column: usize) -> Option<&Found> {
        let nested = self.nested.as_ref();
        nested.filter(|found| found.texts[column].is_some())
    }
}

#[cfg(feature = "parquet")]
impl Values for InBatch<'_> {
    fn text(&self, column: usize) -> Option<&str> {
        match self.nested(column) {
            Some(found) => found.text(column),
            None => Some(self.batch.text(self.row, column).unwrap_or_default()),
        }
    }

    fn each(&self, column: usize, visit: &mut dyn FnMut(&str)) {
        match self.nested(column) {
            Some(found) => found.each(column, visit),
            None => visit(self.batch.text(self.row, column).unwrap_or_default()),
        }
    }

    fn further_readings(&self, column: usize) -> Vec<String> {
        let found = self.nested(column);
        found.map_or_else(Vec::new, |found| found.further_readings(column))
    }
}

/// Values of an object, by column.
struct Found {
    /// Whether the id is a number that may stand for several.
    inexact_id: bool,
    texts: Vec<Option<String>>,
    lists: Vec<(usize, Vec<String>)>,
}

impl Found {
    fn new(columns: usize) -> Self {
        Self {
            inexact_id: false,
            texts: vec![None; columns],
            lists: Vec::new(),
        }
    }

    fn put(&mut self, at: usize, value: &Value, is_category: bool) {
        if is_category {
            let mut readings = readings(value).into_iter();
            self.texts[at] = Some(readings.next().unwrap_or_default());
            self.lists.push((at, readings.collect()));
            return;
        }
        let mut list = Vec::new();
        if value.is_array() {
            elements(value, &mut |element| list.push(element.to_owned()));
        }
        let text = text_of(value, ", ");
        // Several lists of names with values may have a name.
        if let Some(before) = self.texts[at].take() {
            let known = self.lists.iter().position(|(column, _)| *column == at);
            let known = known.map(|known| self.lists.remove(known).1);
            let further = if list.is_empty() {
                vec![text.clone()]
            } else {
                list
            };
            list = known.unwrap_or_else(|| vec![before.clone()]);
            list.extend(further);
            self.texts[at] = Some([before, text].join(", "));
        } else {
            self.texts[at] = Some(text);
        }
        if !list.is_empty() {
            self.lists.push((at, list));
        }
    }

    /// How many products an object holds whose values are columns: id and title are lists.
    fn products(&self, columns: &Columns) -> Option<usize> {
        let IdSource::Column(id) = columns.id else {
            return None;
        };
        let count = |column: usize| self.list(column).map_or(0, Vec::len);
        (count(id) > 1 && count(columns.title?) > 1).then_some(count(id))
    }

    /// The ids of an object that has several.
    fn ids(&self, columns: &Columns) -> Option<&Vec<String>> {
        let IdSource::Column(id) = columns.id else {
            return None;
        };
        self.list(id).filter(|ids| ids.len() > 1)
    }

    fn list(&self, column: usize) -> Option<&Vec<String>> {
        let of = |(at, _): &&(usize, Vec<String>)| *at == column;
        self.lists.iter().find(of).map(|(_, list)| list)
    }
}

impl Values for Found {
    fn text(&self, column: usize) -> Option<&str> {
        self.texts[column].as_deref()
    }

    fn each(&self, column: usize, visit: &mut dyn FnMut(&str)) {
        match self.list(column) {
            Some(list) if !list.is_empty() => list.iter().for_each(|value| visit(value)),
            _ => self.text(column).into_iter().for_each(visit),
        }
    }

    fn further_readings(&self, column: usize) -> Vec<String> {
        self.list(column).cloned().unwrap_or_default()
    }
}

/// Visits the elements of a list of simple values, or any other value as one text.
fn elements(value: &Value, visit: &mut dyn FnMut(&str)) {
    let simple = |value: &Value| !value.is_array() && !value.is_object();
    match value {
        Value::Array(list) if list.iter().all(simple) => {
            let texts = list.iter().map(|value| text_of(value, ", "));
            texts
                .filter(|text| !text.is_empty())
                .for_each(|text| visit(&text));
        }
        other => visit(&text_of(other, ", ")),
    }
}

/// Ways to read a list in a cell as a category.
pub(crate) fn listed(cell: &str) -> Vec<String> {
    printed_list(cell).map_or_else(Vec::new, |value| readings(&value))
}

/// The texts of a list in a cell, which are values of their own; none of a cell that is no
/// list of texts. An export writes several values of a product so.
///
/// ```
/// use assort_read::listed_texts;
///
/// let texts = listed_texts(r#"["red", "blue"]"#);
/// assert_eq!(texts, Some(vec!["red".to_owned(), "blue".to_owned()]));
/// assert_eq!(listed_texts("[red]"), None);
/// ```
pub fn listed_texts(cell: &str) -> Option<Vec<String>> {
    let Value::Array(list) = printed_list(cell)? else {
        return None;
    };
    let texts = list.into_iter().map(|one| match one {
        Value::String(text) => Some(text),
        _ => None,
    });
    texts.collect()
}

/// A list as programs print it: `["A", "B"]`, `['A', 'B']`.
fn printed_list(cell: &str) -> Option<Value> {
    if !cell.trim_start().starts_with('[') {
        return None;
    }
    let value = serde_json::from_str(cell);
    value
        .or_else(|_| serde_json::from_str(&cell.replace('\'', "\"")))
        .ok()
}

/// Ways to read a value as a category, the likeliest first: a list of names is the way
/// down to one, or several; lists of lists are several ways down; of objects their ids,
/// paths and names count.
pub(crate) fn readings(value: &Value) -> Vec<String> {
    let Value::Array(list) = value else {
        return vec![text_of(value, SEPARATOR)];
    };
    let is_flat = list.iter().all(|one| !one.is_array() && !one.is_object());
    let each = list.iter().flat_map(|one| match one {
        Value::Object(fields) => {
            let keys = [
                "id",
                "path",
                "fullName",
                "full_name",
                "name",
                "title",
                "slug",
            ];
            let values = keys.iter().filter_map(|key| fields.get(*key));
            values.map(|value| text_of(value, SEPARATOR)).collect()
        }
        one => vec![text_of(one, SEPARATOR)],
    });
    let each = each.filter(|text| !text.trim().is_empty());
    let whole = is_flat.then(|| text_of(value, SEPARATOR));
    let mut all: Vec<String> = whole.into_iter().chain(each).collect();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_that_were_printed_into_a_cell_are_read() {
        assert_eq!(listed(r#"["A", "B"]"#), ["A > B", "A", "B"]);
        assert_eq!(listed("['A', 'B']"), ["A > B", "A", "B"]);
        assert!(listed("[A").is_empty() && listed("A, B").is_empty());
    }

    #[test]
    fn an_object_of_columns_is_no_product() {
        let file = br#"{"id":[1,2],"title":["Pan","Pot"]}"#;
        let input = crate::Input::from_reader("shop", std::io::Cursor::new(file.to_vec()), None);
        let mut reader =
            crate::ProductReader::new(input.unwrap(), &crate::Mapping::default()).unwrap();
        let rejected = reader.next().unwrap().unwrap().whole().unwrap_err();
        assert!(rejected.reason.contains("of 2 ids"), "{rejected:?}");
    }

    #[test]
    fn a_category_is_read_in_every_way_that_makes_sense() {
        assert_eq!(readings(&json!("A > B")), ["A > B"]);
        assert_eq!(readings(&json!(7)), ["7"]);
        assert_eq!(readings(&json!(["A", "B"])), ["A > B", "A", "B"]);
        assert_eq!(readings(&json!(["A > B"])), ["A > B"]);
        assert_eq!(readings(&json!([["A", "B"], ["C"]])), ["A > B", "C"]);
        let objects = json!([{"id": 9, "name": "Shoes"}, {"name": "Sale"}]);
        assert_eq!(readings(&objects), ["9", "Shoes", "Sale"]);
        assert!(readings(&json!([])).iter().all(String::is_empty));
    }
}
