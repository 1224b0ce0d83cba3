//! Products of raw values.

use std::borrow::Cow;

use assort_core::{ProductUpdate, SEPARATOR, check_id, clean, clean_lines, visible};

#[cfg(feature = "parquet")]
use crate::columnar::Batch;
use crate::columns::{Columns, Late};
use crate::encoding::is_twice_encoded;
use crate::json::{Object, Positions, flatten, text_of};
use crate::known::has_id;
use crate::mapping::IdSource;
use crate::mended::Mend;
use crate::mends::unguarded_id;
use crate::missing::{is_error, is_mark, is_null, is_word};
use crate::names::attribute;
use crate::numbers::{Writing, is_by, with_point};
use crate::paired::several;
use crate::readings::listed;
use crate::records::is_other;
use crate::row::Rejected;
use crate::totals::word_of_totals;
use crate::translated::text_in;
use crate::values::{Found, Values, elements};
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
    /// What is read otherwise than it stands, and how.
    pub(crate) told: Vec<(Mend, String)>,
    /// Names of attributes by the numbers of their pairs of columns, and values without one.
    pub(crate) named: Vec<(usize, String)>,
    pub(crate) unnamed: Vec<(usize, String)>,
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
    told: Vec<(Mend, String)>,
    named: Vec<(usize, String)>,
    unnamed: Vec<(usize, String)>,
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
        let mut told = Vec::new();
        if matches!(seen, Cow::Owned(_)) {
            told.push((Mend::Unseen, raw.trim().escape_debug().to_string()));
        }
        let id = match columns.id {
            IdSource::RowNumber => self.number.to_string(),
            IdSource::Column(_) => {
                let given = unguarded_id(seen.trim());
                let id = columns.ids.read(given);
                if id.len() < given.len() {
                    told.push((Mend::Fraction, given.to_owned()));
                }
                id.to_owned()
            }
        };
        let totals = word_of_totals(columns, &id, |at| values.text(at));
        if totals.is_none() {
            if id.is_empty() || columns.is_missing(&id) {
                return Err(no_id(columns, line, &id).into());
            }
            check_id(&id).map_err(|reason| Rejected::new(line, None, reason))?;
        }
        let mut update = ProductUpdate::new(id);
        let mut further_titles = Vec::new();
        update.title = self.title(values, &mut told, &mut further_titles);
        for &at in &columns.text {
            let Some(part) = values.text(at) else {
                continue;
            };
            match self.in_languages(at, part) {
                Some((own, others)) => {
                    let parts = std::iter::once(own).chain(others);
                    parts.for_each(|part| add_text(&mut update.text, clean_lines(&part)));
                }
                None => add_text(&mut update.text, clean_lines(part)),
            }
        }
        for title in further_titles {
            add_text(&mut update.text, clean_lines(&title));
        }
        let trimmed = |at: Option<usize>| Some(values.text(at?)?.trim().to_owned());
        update.image = trimmed(columns.image);
        let mut made = self.attributes(values);
        made.attributes.extend(further.attributes);
        told.append(&mut made.told);
        update.attributes = made.attributes;
        let is_none = |value: &String| is_error(value) || is_mark(value) || is_word(value);
        let filled =
            |at: Option<usize>| trimmed(at).filter(|value| !value.is_empty() && !is_none(value));
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
            told,
            named: made.named,
            unnamed: made.unnamed,
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

    /// The title; one in another language where there is none in that of the others. Further
    /// ones that its cell has are put in `more`.
    fn title(
        &self,
        values: &impl Values,
        told: &mut Vec<(Mend, String)>,
        more: &mut Vec<String>,
    ) -> Option<String> {
        let columns = self.columns;
        let at = columns.title?;
        let given = values.text(at);
        let title = match given.and_then(|cell| self.in_languages(at, cell)) {
            Some((own, others)) => {
                *more = others;
                Some(clean(&own))
            }
            None => given.map(clean),
        };
        if let Some(error) = title.as_deref().filter(|title| is_error(title)) {
            told.push((Mend::ErrorCell, error.to_owned()));
            return Some(String::new());
        }
        let is_none = |title: &str| title.is_empty() || is_mark(title) || is_word(title);
        if title.as_deref().is_none_or(is_none) {
            let others = columns.titles.iter().filter_map(|&at| values.text(at));
            let other = others.map(clean).find(|other| !other.is_empty());
            if let Some(other) = other {
                told.push((Mend::OtherLanguage, other.clone()));
                return Some(other);
            }
            return title.map(|_| String::new());
        }
        let damage = match given {
            Some(given) if is_twice_encoded(given) => Some(Mend::TwiceEncoded),
            Some(given) if given.contains('\u{fffd}') => Some(Mend::LostLetters),
            _ => None,
        };
        let damage = damage.zip(given);
        told.extend(damage.map(|(mend, title)| (mend, title.trim().to_owned())));
        title
    }

    /// The text of a cell that has it in several languages, and the others.
    fn in_languages(&self, column: usize, cell: &str) -> Option<(String, Vec<String>)> {
        let mut speaking = self.columns.by_language.iter();
        let (_, language) = speaking.find(|(at, _)| *at == column)?;
        text_in(cell, language)
    }

    /// The attributes that rows name themselves.
    fn named_values(&self, values: &impl Values, made: &mut Made) {
        let columns = self.columns;
        for (number, pair) in columns.pairs.pairs.iter().enumerate() {
            let name = values.text(pair.name).map(clean).unwrap_or_default();
            let unit = pair.unit.and_then(|at| values.text(at)).map(clean);
            let unit = unit.filter(|unit| !unit.is_empty());
            let mut all = Vec::new();
            values.each(pair.value, &mut |value| match pair.several {
                true => all.extend(several(value)),
                false => all.push(value.to_owned()),
            });
            let filled = all.iter().map(|value| clean(value));
            for value in
                filled.filter(|value| !value.is_empty() && !is_error(value) && !is_null(value))
            {
                let value = match &unit {
                    Some(unit) => format!("{value} {unit}"),
                    None => value,
                };
                match name.as_str() {
                    "" => made.unnamed.push((number, value)),
                    // Shopify has this for a product without variants.
                    "Title" if value == "Default Title" => {}
                    name => made.attributes.push((name.to_owned(), value)),
                }
            }
            if !name.is_empty() {
                made.named.push((number, name));
            }
        }
        for (at, form) in &columns.listing {
            let cell = values.text(*at).unwrap_or_default();
            match form.facts(cell) {
                Some(facts) => made.attributes.extend(
                    facts
                        .iter()
                        .map(|(name, value)| (clean(name), clean(value))),
                ),
                None => {
                    let name = attribute(&columns.names[*at]).to_owned();
                    made.attributes.push((name, clean(cell)));
                }
            }
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
                if is_error(&value) {
                    made.told.push((Mend::ErrorCell, value));
                    return;
                }
                let value = match is_null(&value) {
                    true => {
                        made.told.push((Mend::NoValue, value));
                        String::new()
                    }
                    false => value,
                };
                if is_by(&value, other) {
                    made.otherwise.push((at, value.clone()));
                }
                let value = if is_comma { with_point(&value) } else { value };
                made.attributes.push((name.to_owned(), value));
            });
        }
        self.named_values(values, &mut made);
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
        nested.filter(|found| found.has(column))
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

#[cfg(test)]
mod tests {
    #[test]
    fn an_object_of_columns_is_no_product() {
        let file = br#"{"id":[1,2],"title":["Pan","Pot"]}"#;
        let input = crate::Input::from_reader("shop", std::io::Cursor::new(file.to_vec()), None);
        let mut reader =
            crate::ProductReader::new(input.unwrap(), &crate::Mapping::default()).unwrap();
        let rejected = reader.next().unwrap().unwrap().whole().unwrap_err();
        assert!(rejected.reason.contains("of 2 ids"), "{rejected:?}");
    }
}
