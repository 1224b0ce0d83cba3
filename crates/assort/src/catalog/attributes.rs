//! What the attributes of a catalog are.

use assort_core::{AttributeKind, AttributeSchema, KindGuess, Value};

use crate::Result;
use crate::catalog::Catalog;
use crate::catalog::tallies::{Tally, tally};
use crate::snapshot::Changes;

/// Values of an attribute that are shown.
const SHOWN: usize = 5;

/// What the products of a catalog have of an attribute.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct AttributeSummary {
    /// Its name.
    pub name: String,
    /// Its kind: what was set or found on import, and [`AttributeKind::Any`] without.
    pub kind: AttributeKind,
    /// The kind that its values are of, where none is set and it is another than that.
    pub likely_kind: Option<AttributeKind>,
    /// Products that have it.
    pub products: u64,
    /// Share of all products that lack it, between 0 and 1.
    pub missing: f64,
    /// Distinct values, those that differ in capitals once; none where they are long and
    /// so many that they are not kept apart.
    pub distinct: Option<u64>,
    /// Products with a value that the kind cannot read, and some of those values.
    pub unreadable: u64,
    /// Some values that the kind cannot read.
    pub unreadable_values: Vec<String>,
    /// The least and the greatest value that the kind reads as more than a text.
    pub range: Option<(String, String)>,
    /// Currencies of an amount of money, and products by each.
    pub currencies: Vec<(String, u64)>,
    /// The most frequent values, and products by each.
    pub top: Vec<(String, u64)>,
}

impl Catalog {
    /// What the attributes of all products hold, the most frequent first.
    ///
    /// # Errors
    /// [`crate::Error::Damaged`] or [`crate::Error::Io`].
    pub fn attributes(&self) -> Result<Vec<AttributeSummary>> {
        let (reader, _) = self.state.view()?;
        let taxonomy = self.state.taxonomy_in(&reader)?;
        let schema = reader.schema()?;
        let cache = &self.filters.columns;
        let tallies = tally(cache, &reader, &taxonomy, None, &|_| true, false)?;
        let all = tallies.products;
        let summaries = tallies.by_name.into_iter();
        let summaries = summaries.map(|(name, tally)| summary(name, &tally, all, &schema));
        let mut summaries: Vec<AttributeSummary> = summaries.collect();
        summaries.sort_by_key(|one| std::cmp::Reverse(one.products));
        Ok(summaries)
    }

    /// The kinds of attributes that were set, or found on import.
    ///
    /// # Errors
    /// [`crate::Error::Damaged`] or [`crate::Error::Io`].
    pub fn attribute_schema(&self) -> Result<AttributeSchema> {
        self.state.store.read()?.schema()
    }

    /// Sets the kinds of attributes; those of others stay. Filters go by them from here on.
    ///
    /// # Errors
    /// [`crate::Error::ReadOnly`], [`crate::Error::Damaged`] or [`crate::Error::Io`].
    pub fn set_attribute_kinds<'n>(
        &self,
        kinds: impl IntoIterator<Item = (&'n str, AttributeKind)>,
    ) -> Result<()> {
        let mut schema = self.attribute_schema()?;
        let before = schema.clone();
        kinds
            .into_iter()
            .for_each(|(name, kind)| schema.set(name, kind));
        if schema == before {
            return Ok(());
        }
        self.state.commit(|writer| {
            writer.set_schema(&schema)?;
            Ok(Changes::default())
        })
    }
}

fn summary(name: String, tally: &Tally, all: u64, schema: &AttributeSchema) -> AttributeSummary {
    let kind = schema.kind(&name);
    let mut top = tally.by_spelling();
    let distinct = (!tally.is_partial).then_some(top.len() as u64);
    top.truncate(SHOWN);
    let mut guess = KindGuess::default();
    let (mut unreadable, mut unreadable_values) = (0, Vec::new());
    let mut range: Option<((f64, String), (f64, String))> = None;
    let mut currencies: Vec<(String, u64)> = Vec::new();
    for (value, count) in tally.values() {
        guess.see(value);
        let read = kind.read(value);
        if read == Value::Text && !matches!(kind, AttributeKind::Any | AttributeKind::Text) {
            unreadable += count;
            if unreadable_values.len() < SHOWN {
                unreadable_values.push(value.to_owned());
            }
        }
        if let Value::Money(_, Some(currency)) = read {
            match currencies
                .iter_mut()
                .find(|(name, _)| name == currency.name())
            {
                Some((_, known)) => *known += count,
                None => currencies.push((currency.name().to_owned(), count)),
            }
        }
        let Some(number) = read.as_number().filter(|number| number.is_finite()) else {
            continue;
        };
        let (least, greatest) =
            range.get_or_insert_with(|| ((number, value.to_owned()), (number, value.to_owned())));
        if (number, value) < (least.0, least.1.as_str()) {
            *least = (number, value.to_owned());
        }
        if (-number, value) < (-greatest.0, greatest.1.as_str()) {
            *greatest = (number, value.to_owned());
        }
    }
    unreadable_values.sort_unstable();
    currencies.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    AttributeSummary {
        kind,
        likely_kind: guess.kind_of(&name).filter(|_| schema.get(&name).is_none()),
        products: tally.products,
        missing: 1.0 - tally.products as f64 / all.max(1) as f64,
        distinct,
        unreadable,
        unreadable_values,
        range: range.map(|(least, greatest)| (least.1, greatest.1)),
        currencies,
        top,
        name,
    }
}
