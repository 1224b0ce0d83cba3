//! Which column of a product file means what.

use std::fmt;
use std::sync::Arc;

use assort_core::{SEPARATOR, Taxonomy};

use crate::changed_ids::Ids;
use crate::choice::{Choice, Shelf};
use crate::error::Unstated;
use crate::listed_facts::Form;
use crate::mapping::{IdSource, Mapping};
use crate::missing::{are_words, is_mark, is_word};
use crate::named::Named;
use crate::names::{
    IMAGE, KIND, PARENT, TEXT, VIEW, attribute, is_no_attribute, is_of_source, plain, told_apart,
};
use crate::numbers::{Writing, writing};
use crate::paired::Pairs;
use crate::records;
use crate::refusal::Refusal;
use crate::sample::Sample;
use crate::titles;
use crate::translated::language_of;
use crate::vectors::are_vectors;

/// What a key means that turns up late in a file of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Late<'k> {
    /// The category, whose column is named.
    Category(usize),
    /// An attribute of that name.
    Attribute(&'k str),
    Nothing,
}

/// The columns of a product file and what each of them means.
///
/// Displayed as `id=sku title=name attributes=brand,price`.
#[derive(Clone, Debug)]
pub struct Columns {
    pub(crate) names: Vec<String>,
    pub(crate) id: IdSource,
    /// Whether a word such as `NULL` in place of an id says that there is none.
    null_words: bool,
    /// What programs have made of the ids.
    pub(crate) ids: Ids,
    pub(crate) title: Option<usize>,
    /// Titles in other languages, for products that have none in that of the title.
    pub(crate) titles: Vec<usize>,
    pub(crate) text: Vec<usize>,
    pub(crate) category: Option<usize>,
    /// The columns of the levels above it, where several are one path.
    pub(crate) above: Vec<usize>,
    /// The taxonomy whose ids are no categories of the column, but chance.
    pub(crate) by_name: Option<Arc<Taxonomy>>,
    /// Columns that name another category, with the number of the first rows where.
    contradicted: Vec<(usize, u32)>,
    pub(crate) image: Option<usize>,
    pub(crate) attributes: Vec<usize>,
    /// Columns in pairs, of which one names the attribute.
    pub(crate) pairs: Pairs,
    /// Columns whose cells list names of attributes with values.
    pub(crate) listing: Vec<(usize, Form)>,
    /// Columns of title and text whose cells have it in several languages, with the one that
    /// comes first.
    pub(crate) by_language: Vec<(usize, String)>,
    /// Attributes whose numbers have a decimal comma.
    pub(crate) decimal_commas: Vec<usize>,
    /// Attributes whose numbers have a decimal point, and those of which that is unclear,
    /// with the sign.
    pub(crate) decimal_points: Vec<usize>,
    pub(crate) unclear: Vec<(usize, char)>,
    /// Columns of vectors, which are no attributes.
    pub(crate) vectors: Vec<usize>,
    /// The product that a row belongs to, what kind of product it is, and the view of
    /// the shop it is for.
    pub(crate) parent: Option<usize>,
    pub(crate) kind: Option<usize>,
    pub(crate) view: Option<usize>,
    /// The column that says what a row is, where some are products and others are not.
    pub(crate) record: Option<usize>,
    /// Whether categories stand as if their cells had been merged over several rows.
    pub(crate) of_merged: bool,
    /// Whether keys that turn up later are attributes, too.
    pub(crate) open: bool,
}

impl Columns {
    /// Column of the id, `#` if the rows are numbered instead.
    pub fn id(&self) -> &str {
        match self.id {
            IdSource::RowNumber => "#",
            IdSource::Column(at) => &self.names[at],
        }
    }

    /// Column of the title.
    pub fn title(&self) -> Option<&str> {
        self.title.map(|at| self.names[at].as_str())
    }

    /// Columns of further text.
    pub fn text(&self) -> Vec<&str> {
        self.named(&self.text)
    }

    /// Column of the category, the deepest where several are the levels of one path.
    pub fn category(&self) -> Option<&str> {
        self.category.map(|at| self.names[at].as_str())
    }

    /// Column of the picture.
    pub fn image(&self) -> Option<&str> {
        self.image.map(|at| self.names[at].as_str())
    }

    /// Columns kept as attributes.
    pub fn attributes(&self) -> Vec<&str> {
        self.named(&self.attributes)
    }

    /// Columns that are not used.
    pub fn ignored(&self) -> Vec<&str> {
        (0..self.names.len())
            .filter(|&at| !self.uses(at) && !self.vectors.contains(&at))
            .filter(|&at| !self.names[at].is_empty())
            .map(|at| self.names[at].as_str())
            .collect()
    }

    fn named(&self, columns: &[usize]) -> Vec<&str> {
        columns.iter().map(|&at| self.names[at].as_str()).collect()
    }

    fn uses(&self, column: usize) -> bool {
        self.id == IdSource::Column(column)
            || [self.title, self.category, self.image].contains(&Some(column))
            || self.above.contains(&column)
            || self.text.contains(&column)
            || self.attributes.contains(&column)
            || self.pairs.has(column)
            || self.listing.iter().any(|(at, _)| *at == column)
    }

    /// Whether products are made with a column.
    #[cfg(feature = "parquet")]
    pub(crate) fn needs(&self, column: usize) -> bool {
        self.uses(column)
            || [self.parent, self.kind, self.view, self.record].contains(&Some(column))
    }

    /// Columns of vectors, each a long list of numbers, which are left out.
    pub fn vectors(&self) -> Vec<&str> {
        self.named(&self.vectors)
    }

    /// Columns whose numbers have a decimal comma, and get a point.
    pub fn decimal_commas(&self) -> Vec<&str> {
        self.named(&self.decimal_commas)
    }

    /// Columns whose numbers could have a decimal point (`true`) or comma, or separated
    /// thousands: each with a sign has one before three digits. The point is taken for a
    /// decimal one, the comma for one that separates thousands.
    pub fn unclear_numbers(&self) -> Vec<(&str, bool)> {
        let told = self.unclear.iter();
        told.map(|&(at, sign)| (self.names[at].as_str(), sign == '.'))
            .collect()
    }

    /// Finds what each of the columns means, by their names and by the first rows. A
    /// refusal is a message for the user.
    pub(crate) fn resolve(
        names: &[String],
        mapping: &Mapping,
        sample: &Sample,
    ) -> std::result::Result<Self, Refusal> {
        let names = &with_numbers(names, sample);
        let named = Named::new(names, mapping);
        let choice = Choice::new(&named, mapping, sample);
        let view = named.guessed(VIEW).next();
        let title = match mapping.title.as_deref() {
            Some(stated) => named.stated(stated)?,
            None => titles::title(&named, mapping, sample),
        };
        let needs_title = title.is_none() && mapping.require_title && !mapping.updates;
        let id = match mapping.id.as_deref() {
            Some("#") => IdSource::RowNumber,
            Some(stated) => {
                let found = named.stated(stated)?;
                IdSource::Column(found.ok_or_else(|| choice.no_id(false))?)
            }
            None => {
                let found = choice.id(title, view);
                IdSource::Column(found.ok_or_else(|| choice.no_id(needs_title))?)
            }
        };
        let ids: Vec<&str> = match id {
            IdSource::Column(at) => sample.values(at).collect(),
            IdSource::RowNumber => Vec::new(),
        };
        if needs_title {
            return Err(Refusal::until(Unstated::Title, choice.no("a title")));
        }
        let shelf = match mapping.category.as_deref() {
            Some(stated) => Shelf {
                by_name: sample.own_categories,
                ..named.stated(stated)?.into()
            },
            None => choice.category(id, title)?,
        };
        let image = match mapping.image.as_deref() {
            Some(stated) => named.stated(stated)?,
            None => named.guessed(IMAGE).next(),
        };
        let mut columns = Self {
            names: names.to_vec(),
            id,
            null_words: are_words(&ids),
            ids: Ids::of(&ids, &name_of_id(id, names))?,
            title,
            titles: Vec::new(),
            text: Vec::new(),
            category: shelf.column,
            above: shelf.above,
            by_name: mapping.taxonomy.clone().filter(|_| shelf.by_name),
            contradicted: shelf.contradicted,
            image,
            attributes: Vec::new(),
            pairs: Pairs::default(),
            listing: Vec::new(),
            by_language: Vec::new(),
            decimal_commas: Vec::new(),
            decimal_points: Vec::new(),
            unclear: Vec::new(),
            vectors: Vec::new(),
            parent: None,
            kind: None,
            view: None,
            record: records::column(&named, sample),
            // Somebody who merges cells puts what they group before it.
            of_merged: shelf
                .column
                .is_some_and(|at| title.is_some_and(|title| at < title) && sample.is_of_merged(at)),
            open: mapping.attributes.is_none(),
        };
        if let Some(title) = title {
            columns.titles = named.in_other_languages(title).collect();
        }
        columns.text = match &mapping.text {
            Some(stated) => named.all(stated)?,
            None => columns.unused(|at, _| named.is_any(at, TEXT) || columns.titles.contains(&at)),
        };
        let speaking = title.into_iter().chain(columns.text.iter().copied());
        let speaking = speaking.filter_map(|at| Some((at, language_of(sample.values(at))?)));
        columns.by_language = speaking.collect();
        if mapping.attributes.is_none() {
            columns.find_named_values(sample);
        }
        columns.attributes = match &mapping.attributes {
            Some(stated) => named.all(stated)?,
            None => columns.unused(|at, plain| {
                let is_attribute =
                    !is_no_attribute(plain) || is_of_source(plain) || choice.is_foreign(at);
                is_attribute && sample.keys != Some(at) && !columns.pairs.beside.contains(&at)
            }),
        };
        if columns.open {
            let is_vector = |&at: &usize| are_vectors(sample.values(at));
            columns.vectors = columns
                .attributes
                .extract_if(.., |at| is_vector(at))
                .collect();
        }
        columns.find_writing(mapping.decimal_commas.as_deref(), &named, sample)?;
        if mapping.joins() {
            columns.parent = named.guessed(PARENT).next();
            columns.kind = named.guessed(KIND).next();
            columns.view = view;
        }
        if mapping.updates && !columns.say_something() {
            let there = names.join(", ");
            let message = format!(
                "no column beside the id says what changes about a product (the columns are {there})"
            );
            return Err(message.into());
        }
        Ok(columns)
    }

    /// Finds columns that name attributes, and those of their values.
    fn find_named_values(&mut self, sample: &Sample) {
        self.pairs = Pairs::among(&self.names, sample, |at| !self.uses(at));
        let free = self.unused(|at, _| !self.pairs.beside.contains(&at));
        let listing = free.into_iter().filter_map(|at| {
            let form = Form::of(&self.names[at], at, sample)?;
            Some((at, form))
        });
        self.listing = listing.collect();
    }

    /// Columns of values with those that name them, for messages: `Option1 Value (by Option1
    /// Name)`.
    fn named_values(&self) -> String {
        let names = &self.names;
        let pairs = self.pairs.pairs.iter();
        let pairs = pairs.map(|pair| format!("{} (by {})", names[pair.value], names[pair.name]));
        let listing = self.listing.iter().map(|(at, _)| names[*at].clone());
        pairs.chain(listing).collect::<Vec<_>>().join(",")
    }

    /// Columns of texts in several languages, with the one that comes first.
    fn languages(&self) -> String {
        let told = self.by_language.iter();
        let told = told.map(|(at, language)| format!("{} ({language} first)", self.names[*at]));
        told.collect::<Vec<_>>().join(",")
    }

    /// Whether there is a row for each attribute of a product: one pair of columns, without a
    /// number, has them all.
    pub(crate) fn is_long(&self) -> bool {
        let has_number = |at: usize| self.names[at].contains(|sign: char| sign.is_ascii_digit());
        matches!(&self.pairs.pairs[..], [pair] if !has_number(pair.value))
    }

    /// The attribute of a pair of columns that a row does not name.
    pub(crate) fn unnamed(&self, pair: usize) -> &str {
        let pair = self.pairs.pairs.get(pair);
        pair.map_or("", |pair| attribute(&self.names[pair.value]))
    }

    /// Finds how the numbers of attributes are written; `stated` are columns with decimal
    /// commas, beside which there are none.
    fn find_writing(
        &mut self,
        stated: Option<&[String]>,
        named: &Named<'_>,
        sample: &Sample,
    ) -> std::result::Result<(), Refusal> {
        let stated = stated.map(|stated| named.all(stated)).transpose()?;
        for &at in &self.attributes {
            match (writing(sample.values(at)), &stated) {
                (_, Some(stated)) if stated.contains(&at) => self.decimal_commas.push(at),
                (Writing::Comma, None) => self.decimal_commas.push(at),
                (Writing::Point, _) => self.decimal_points.push(at),
                (Writing::Unclear(sign), None) => self.unclear.push((at, sign)),
                _ => {}
            }
        }
        Ok(())
    }

    /// What a key of an object means that the first objects did not have.
    pub(crate) fn meaning_of_late<'k>(&self, key: &'k str) -> Late<'k> {
        let category = self.category.filter(|&at| {
            // The first objects had none in place of an object.
            key.strip_prefix(self.names[at].as_str()) == Some(".id")
        });
        match category {
            Some(at) => Late::Category(at),
            None if self.open && !is_no_attribute(&plain(key)) => Late::Attribute(attribute(key)),
            None => Late::Nothing,
        }
    }

    /// Whether what stands in place of an id says that there is none.
    pub(crate) fn is_missing(&self, id: &str) -> bool {
        is_mark(id) || (self.null_words && is_word(id))
    }

    /// The column of the category with those above it, for messages.
    fn shelf(&self) -> String {
        let columns = self.above.iter().copied().chain(self.category);
        let columns: Vec<usize> = columns.collect();
        self.named(&columns).join(SEPARATOR)
    }

    /// Columns that name other categories than that of the category, with the number of
    /// the first rows in which they do: `label (in 3 rows)`.
    fn contradicted(&self) -> String {
        let told = self.contradicted.iter().map(|(at, rows)| {
            let plural = if *rows == 1 { "row" } else { "rows" };
            format!("{} (in {rows} {plural})", self.names[*at])
        });
        told.collect::<Vec<_>>().join(",")
    }

    /// Whether there is anything but an id.
    fn say_something(&self) -> bool {
        [self.title, self.category, self.image] != [None; 3]
            || !self.text.is_empty()
            || !self.attributes.is_empty()
            || !self.pairs.pairs.is_empty()
            || !self.listing.is_empty()
    }

    fn unused(&self, fits: impl Fn(usize, &str) -> bool) -> Vec<usize> {
        (0..self.names.len())
            .filter(|&at| !self.uses(at) && fits(at, &plain(&self.names[at])))
            .filter(|&at| !self.names[at].is_empty())
            .collect()
    }
}

/// The name of the column of ids, for messages.
fn name_of_id(id: IdSource, names: &[String]) -> String {
    match id {
        IdSource::RowNumber => "#".to_owned(),
        IdSource::Column(at) => names[at].clone(),
    }
}

/// The names, where a column without one that holds something gets its number: `column 3`.
/// One that only counts the rows, as pandas writes it, says nothing.
fn with_numbers(names: &[String], sample: &Sample) -> Vec<String> {
    let counts = |at: usize, from: usize| {
        let is_next = |row: usize| sample.value(row, at) == (row + from).to_string();
        (0..sample.len()).all(is_next)
    };
    let named = names.iter().enumerate().map(|(at, name)| {
        let says = sample.values(at).next().is_some() && !counts(at, 0) && !counts(at, 1);
        match name.is_empty() && says {
            true => format!("column {}", at + 1),
            false => name.clone(),
        }
    });
    told_apart(&named.collect::<Vec<_>>())
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "id={}", self.id())?;
        let one = |name: Option<&str>| name.map(str::to_owned).unwrap_or_default();
        for (meaning, names) in [
            ("title", one(self.title())),
            ("text", self.text().join(",")),
            ("category", self.shelf()),
            ("contradicted-by", self.contradicted()),
            ("image", one(self.image())),
            ("attributes", self.attributes().join(",")),
            ("named-values", self.named_values()),
            ("by-language", self.languages()),
            ("ignored", self.ignored().join(",")),
            ("left-out-vectors", self.vectors().join(",")),
            ("decimal-comma", self.decimal_commas().join(",")),
        ] {
            if !names.is_empty() {
                write!(f, " {meaning}={names}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
