//! How many products there are by the values of an attribute.

use assort_core::{AttributeSchema, Taxonomy, fold};
use assort_index::Bitmap;

use crate::catalog::Catalog;
use crate::catalog::tallies::{Tallies, Tally, tally};
use crate::columns::matching_rows;
use crate::knn::filter_cache::parse_filter;
use crate::store::Reader;
use crate::{Error, Result};

/// Attributes of more distinct amounts than this are told by ranges.
const RANGED: usize = 12;

/// Ranges of an attribute, of about as many products each.
const RANGES: usize = 5;

/// How many products have each value of an attribute.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Facet {
    /// Name of the attribute, or `category`.
    pub name: String,
    /// Products that were counted.
    pub products: u64,
    /// Those of them that have the attribute.
    pub present: u64,
    /// Distinct values, those that differ in capitals once.
    pub distinct: u64,
    /// The most frequent values, and products by each; a product counts for each of its
    /// values.
    pub values: Vec<(String, u64)>,
    /// Of many amounts: the least and the greatest value of ranges of about as many
    /// products each, and those products.
    pub ranges: Vec<(String, String, u64)>,
    /// Whether there are more values than were counted.
    pub is_partial: bool,
}

impl Catalog {
    /// How many of the products that match a filter, or of all, have each value of some
    /// attributes; `category` is the category that they are filed under. At most `limit`
    /// values each, the most frequent.
    ///
    /// # Errors
    /// [`Error::Argument`] for a filter that cannot be used, or an attribute that no
    /// product has; [`Error::Damaged`] or [`Error::Io`].
    pub fn facets(&self, filter: Option<&str>, names: &[&str], limit: usize) -> Result<Vec<Facet>> {
        let (reader, _) = self.state.view()?;
        let taxonomy = self.state.taxonomy_in(&reader)?;
        let schema = reader.schema()?;
        let cache = &self.filters.columns;
        let rows = match filter {
            Some(expression) => {
                let filter = parse_filter(expression, &schema, &taxonomy)?;
                Some(matching_rows(cache, &reader, &taxonomy, &filter)?)
            }
            None => None,
        };
        self.facets_of(&reader, &taxonomy, rows.as_ref(), names, limit)
    }

    /// The same of the products of some rows.
    pub(super) fn facets_of(
        &self,
        reader: &Reader<'_>,
        taxonomy: &Taxonomy,
        rows: Option<&Bitmap>,
        names: &[&str],
        limit: usize,
    ) -> Result<Vec<Facet>> {
        let schema = reader.schema()?;
        let folded: Vec<String> = names.iter().map(|name| fold(name)).collect();
        let wanted = |name: &str| folded.contains(&fold(name));
        let (cache, categories) = (&self.filters.columns, names.contains(&"category"));
        let tallies = tally(cache, reader, taxonomy, rows, &wanted, categories)?;
        let mut facets = Vec::with_capacity(names.len());
        for name in names {
            let facet = match *name {
                "category" => by_category(&tallies, taxonomy, limit),
                name => by_value(&tallies, name, &schema, limit),
            };
            if facet.present == 0 && tallies.products > 0 && *name != "category" {
                self.check_name(reader, taxonomy, name)?;
            }
            facets.push(facet);
        }
        Ok(facets)
    }

    /// Refuses an attribute that no product has.
    fn check_name(&self, reader: &Reader<'_>, taxonomy: &Taxonomy, name: &str) -> Result<()> {
        let cache = &self.filters.columns;
        let all = tally(cache, reader, taxonomy, None, &|_| true, false)?;
        let names = all.by_name.iter().map(|(name, _)| name.as_str());
        let names: Vec<&str> = names.collect();
        if all.is_partial || names.iter().any(|known| fold(known) == fold(name)) {
            return Ok(());
        }
        let known = match names.is_empty() {
            true => "none has any".to_owned(),
            false => format!("there are: {}", names.join(", ")),
        };
        Err(Error::argument(format!(
            "no product has an attribute `{name}`; {known}"
        )))
    }
}

fn by_category(tallies: &Tallies, taxonomy: &Taxonomy, limit: usize) -> Facet {
    let counts = tallies.categories.iter();
    let mut values: Vec<(String, u64)> = counts
        .map(|(category, count)| (taxonomy.path(*category), *count))
        .collect();
    values.sort_unstable_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    let (distinct, present) = (values.len() as u64, values.iter().map(|pair| pair.1).sum());
    values.truncate(limit);
    Facet {
        name: "category".to_owned(),
        products: tallies.products,
        present,
        distinct,
        values,
        ..Facet::default()
    }
}

fn by_value(tallies: &Tallies, name: &str, schema: &AttributeSchema, limit: usize) -> Facet {
    let mut facet = Facet {
        name: name.to_owned(),
        products: tallies.products,
        ..Facet::default()
    };
    let exact = tallies.by_name.iter().filter(|(known, _)| known == name);
    let spelled = tallies
        .by_name
        .iter()
        .filter(|(known, _)| fold(known) == fold(name));
    let Some((_, tally)) = exact.chain(spelled).next() else {
        return facet;
    };
    facet.present = tally.products;
    facet.is_partial = tally.is_partial;
    facet.values = tally.by_spelling();
    facet.distinct = facet.values.len() as u64;
    if facet.values.len() > RANGED {
        facet.ranges = ranges(tally, name, schema);
    }
    facet.values.truncate(limit);
    facet
}

/// Ranges of the amounts that nearly all values are.
fn ranges(tally: &Tally, name: &str, schema: &AttributeSchema) -> Vec<(String, String, u64)> {
    let kind = schema.kind(name);
    let read = tally.values().filter_map(|(value, count)| {
        let number = kind
            .read(value)
            .as_number()
            .filter(|number| number.is_finite())?;
        Some((number, value, count))
    });
    let mut read: Vec<(f64, &str, u64)> = read.collect();
    let (all, amounts) = (
        tally.values().map(|(_, count)| count).sum::<u64>(),
        read.iter().map(|(.., count)| count).sum::<u64>(),
    );
    if amounts * 10 < all * 9 || amounts == 0 {
        return Vec::new();
    }
    read.sort_unstable_by(|one, other| one.0.total_cmp(&other.0).then_with(|| one.1.cmp(other.1)));
    let mut ranges: Vec<(String, String, u64)> = Vec::new();
    let (mut before, mut last) = (0, f64::NAN);
    for (number, value, count) in read {
        // A range ends where its share does, but never between equal amounts.
        let begins = ranges.len() as u64 * amounts <= before * RANGES as u64;
        match ranges.last_mut() {
            Some((_, high, products)) if !begins || number == last => {
                value.clone_into(high);
                *products += count;
            }
            _ => ranges.push((value.to_owned(), value.to_owned(), count)),
        }
        (before, last) = (before + count, number);
    }
    ranges
}
