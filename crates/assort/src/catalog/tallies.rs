//! How often attributes have which values, in all products or in some.

use std::collections::HashMap;

use assort_core::{Fields, Taxonomy, fold};
use assort_index::Bitmap;

use crate::Result;
use crate::columns::{ColumnCache, EachProduct, each_changed};
use crate::store::Reader;

/// Distinct values of an attribute that are counted one by one.
pub(super) const COUNTED: usize = 1 << 20;

/// What the products have of one attribute.
#[derive(Default)]
pub(super) struct Tally {
    /// Products that have it.
    pub(super) products: u64,
    /// Products by value; a product counts for each of its values.
    values: HashMap<String, u64>,
    /// Whether there are more values than are counted, or they were not kept.
    pub(super) is_partial: bool,
}

/// Counts, by attribute in the order in which they came.
#[derive(Default)]
pub(super) struct Tallies {
    pub(super) products: u64,
    pub(super) by_name: Vec<(String, Tally)>,
    /// Products by the id of the category they are filed under.
    pub(super) categories: HashMap<u32, u64>,
    places: HashMap<String, usize>,
    /// Whether there are attributes that are not counted.
    pub(super) is_partial: bool,
}

impl Tally {
    fn add(&mut self, value: &str, products: u64) {
        if let Some(count) = self.values.get_mut(value) {
            *count += products;
        } else if self.values.len() < COUNTED {
            self.values.insert(value.to_owned(), products);
        } else {
            self.is_partial = true;
        }
    }

    /// Values and products, those that are spelled alike but for case together under the
    /// most usual spelling; the most frequent first, then by value.
    pub(super) fn by_spelling(&self) -> Vec<(String, u64)> {
        let mut groups: HashMap<String, (String, u64, u64)> = HashMap::new();
        for (value, &count) in &self.values {
            let group = groups
                .entry(fold(value))
                .or_insert_with(|| (value.clone(), count, 0));
            let is_usual =
                (count, std::cmp::Reverse(value)) > (group.1, std::cmp::Reverse(&group.0));
            if is_usual {
                (group.0, group.1) = (value.clone(), count);
            }
            group.2 += count;
        }
        let groups = groups.into_values().map(|(value, _, count)| (value, count));
        let mut values: Vec<(String, u64)> = groups.collect();
        values.sort_unstable_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        values
    }

    /// Values and products, in no order.
    pub(super) fn values(&self) -> impl Iterator<Item = (&str, u64)> {
        self.values
            .iter()
            .map(|(value, count)| (value.as_str(), *count))
    }
}

impl Tallies {
    fn of(&mut self, name: &str) -> &mut Tally {
        let at = match self.places.get(name) {
            Some(at) => *at,
            None => {
                self.places.insert(name.to_owned(), self.by_name.len());
                self.by_name.push((name.to_owned(), Tally::default()));
                self.by_name.len() - 1
            }
        };
        &mut self.by_name[at].1
    }
}

/// Counts the values of attributes that pass `wanted` in the products of `rows`, or of all,
/// and the categories that they are filed under if `by_category`.
pub(super) fn tally(
    cache: &ColumnCache,
    reader: &Reader<'_>,
    taxonomy: &Taxonomy,
    rows: Option<&Bitmap>,
    wanted: &dyn Fn(&str) -> bool,
    by_category: bool,
) -> Result<Tallies> {
    let mut tallies = Tallies::default();
    let base = cache.base(reader)?;
    if let Some(base) = &base {
        let mut known = base.columns.alive().clone();
        known.subtract(&base.touched_rows());
        if let Some(rows) = rows {
            known.intersect(rows);
        }
        tallies.products = known.len() as u64;
        tallies.is_partial = base.columns.names().1;
        for counted in base.columns.count(&known, wanted) {
            if counted.present == 0 {
                continue;
            }
            let tally = tallies.of(counted.name);
            tally.products = counted.present;
            tally.is_partial = counted.values.is_none();
            let values = counted.values.into_iter().flatten();
            values.for_each(|(value, count)| tally.add(value, count));
        }
        let by_id = match by_category {
            true => base
                .columns
                .count_filed(&known, |id| taxonomy.by_id(id).is_some()),
            false => Vec::new(),
        };
        for (id, count) in by_id {
            if let Some(category) = taxonomy.by_id(id) {
                *tallies.categories.entry(category).or_default() += count;
            }
        }
    }
    let mut changed = Counting {
        tallies,
        rows,
        wanted,
        by_category,
    };
    each_changed(cache, reader, taxonomy, base.as_ref(), &mut changed)?;
    Ok(changed.tallies)
}

struct Counting<'a> {
    tallies: Tallies,
    rows: Option<&'a Bitmap>,
    wanted: &'a dyn Fn(&str) -> bool,
    by_category: bool,
}

impl EachProduct for Counting<'_> {
    fn product(&mut self, row: u32, product: &impl Fields) -> Result<()> {
        if self.rows.is_some_and(|rows| !rows.contains(row)) {
            return Ok(());
        }
        self.tallies.products += 1;
        let mut names: Vec<&str> = Vec::new();
        for (name, value) in product.attributes().filter(|(name, _)| (self.wanted)(name)) {
            let tally = self.tallies.of(name);
            tally.products += u64::from(!names.contains(&name));
            names.push(name);
            tally.add(value, 1);
        }
        if self.by_category
            && let Some(category) = product.category()
        {
            *self.tallies.categories.entry(category).or_default() += 1;
        }
        Ok(())
    }
}
