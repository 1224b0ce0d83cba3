//! What the categories of a source mean in the catalog's taxonomy.

use std::collections::HashMap;

use assort_core::{CategoryIndex, Product, Taxonomy, fold};
use assort_read::ProductRow;

use crate::catalog::Catalog;
use crate::catalog::label::{LabelOptions, LabelReport};
use crate::import_report::SOURCE_CATEGORY;
use crate::observer::Observer;
use crate::store::Reader;
use crate::{Error, Result};

/// What a catalog knows of a category that a source gave its products.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SourceCategory {
    /// The category as the source writes it, in the spelling of its first product.
    pub name: String,
    /// Products that have it.
    pub products: u64,
    /// Those of them that have a label.
    pub labelled: u64,
    /// Those without a label that have a decision.
    pub decided: u64,
    /// The category that most of what is known of its products speaks for; none if
    /// nothing is known of them.
    pub target: Option<CategoryIndex>,
    /// Chance that a product of the source's category is in the target, between 0 and 1:
    /// the labels and the confidences of the decisions there or below, over all products
    /// of which something is known and one more, of which nothing is.
    pub chance: f32,
}

/// How to compare a source's categories with the taxonomy.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CrosswalkOptions {
    /// The attribute that holds the source's category.
    pub attribute: String,
    /// A target is the deepest category of at least this chance, or else the likeliest
    /// leaf.
    pub min_chance: f32,
}

impl Default for CrosswalkOptions {
    fn default() -> Self {
        Self {
            attribute: SOURCE_CATEGORY.to_owned(),
            min_chance: 0.8,
        }
    }
}

impl CrosswalkOptions {
    /// The same with another value of [`Self::attribute`].
    #[must_use]
    pub fn with_attribute(mut self, attribute: impl Into<String>) -> Self {
        self.attribute = attribute.into();
        self
    }

    /// The same with another value of [`Self::min_chance`].
    #[must_use]
    pub fn with_min_chance(mut self, min_chance: f32) -> Self {
        self.min_chance = min_chance;
        self
    }
}

/// What is known of one category of a source.
#[derive(Default)]
struct Known {
    name: String,
    products: u64,
    labelled: u64,
    decided: u64,
    /// Labels and confidences by category, without what lies below.
    weights: HashMap<CategoryIndex, f64>,
}

/// What is known of one product.
#[derive(Clone, Copy)]
enum Evidence {
    Label(CategoryIndex),
    Decision(CategoryIndex, f32),
}

impl Catalog {
    /// What the categories that a source gave (the attribute
    /// [`SOURCE_CATEGORY`](crate::SOURCE_CATEGORY), where an import found them to be of
    /// another taxonomy) mean in this one, by the labels of their products and by the
    /// decisions on them that were kept; those with the most products first.
    ///
    /// ```no_run
    /// # fn example(catalog: &assort::Catalog) -> assort::Result<()> {
    /// for source in catalog.crosswalk(&assort::CrosswalkOptions::default())? {
    ///     println!("{}: {} products, {:?}", source.name, source.products, source.target);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Argument`] for a chance that is not between 0 and 1,
    /// [`Error::Damaged`] or [`Error::Io`].
    pub fn crosswalk(&self, options: &CrosswalkOptions) -> Result<Vec<SourceCategory>> {
        check(options)?;
        let reader = self.state.store.read()?;
        let taxonomy = self.state.taxonomy_in(&reader)?;
        let known = gather(&reader, &taxonomy, &options.attribute)?;
        let judged = known.into_values();
        let judged = judged.map(|known| judge(known, &taxonomy, options.min_chance));
        let mut all: Vec<SourceCategory> = judged.collect();
        all.sort_by(|a, b| (b.products, &a.name).cmp(&(a.products, &b.name)));
        Ok(all)
    }

    /// Labels the products without a label whose source's category means a leaf with at
    /// least [`CrosswalkOptions::min_chance`] ([`Self::crosswalk`]).
    ///
    /// # Errors
    /// As [`Self::crosswalk`] and [`Self::label`].
    pub fn apply_crosswalk(
        &self,
        options: &CrosswalkOptions,
        observer: &mut dyn Observer,
    ) -> Result<LabelReport> {
        let taxonomy = self.taxonomy()?;
        let found = self.crosswalk(options)?.into_iter();
        let sure = found.filter(|source| source.chance >= options.min_chance);
        let targets = sure.filter_map(|source| {
            let leaf = source.target.filter(|target| taxonomy.is_leaf(*target))?;
            Some((fold(&source.name), taxonomy.category(leaf).id.clone()))
        });
        let targets: HashMap<String, String> = targets.collect();
        let mut rows = Vec::new();
        let reader = self.state.store.read()?;
        reader.each_product(|row, product| {
            let values = product.attributes.iter();
            let mut values = values.filter(|pair| pair.0.as_str() == options.attribute);
            let target = values.find_map(|pair| targets.get(&fold(&pair.1)));
            if let Some(target) = target
                && reader.label(row)?.is_none()
            {
                rows.push(ProductRow {
                    product: Product {
                        id: product.id.to_string(),
                        ..Product::default()
                    },
                    category: Some(target.clone()),
                    ..ProductRow::default()
                });
            }
            Ok(())
        })?;
        self.label(rows, LabelOptions::default(), observer)
    }
}

fn check(options: &CrosswalkOptions) -> Result<()> {
    if (0.0..=1.0).contains(&options.min_chance) {
        return Ok(());
    }
    let chance = options.min_chance;
    let message = format!("the least chance is between 0 and 1, and not {chance}");
    Err(Error::Argument(message))
}

fn gather(
    reader: &Reader<'_>,
    taxonomy: &Taxonomy,
    attribute: &str,
) -> Result<HashMap<String, Known>> {
    let mut evidence: HashMap<u32, Evidence> = HashMap::new();
    reader.each_decision(|row, decision| {
        if let Some(category) = taxonomy.by_id(&decision.category) {
            evidence.insert(row, Evidence::Decision(category, decision.confidence));
        }
        Ok(())
    })?;
    reader.each_label(|row, label| {
        if let Some(category) = taxonomy.by_id(label) {
            evidence.insert(row, Evidence::Label(category));
        }
        Ok(())
    })?;
    let mut known: HashMap<String, Known> = HashMap::new();
    reader.each_product(|row, product| {
        let values = product.attributes.iter();
        for pair in values.filter(|pair| pair.0.as_str() == attribute) {
            let of_value = known.entry(fold(&pair.1)).or_default();
            of_value.add(&pair.1, evidence.get(&row).copied());
        }
        Ok(())
    })?;
    Ok(known)
}

impl Known {
    fn add(&mut self, name: &str, evidence: Option<Evidence>) {
        if self.name.is_empty() {
            name.clone_into(&mut self.name);
        }
        self.products += 1;
        match evidence {
            Some(Evidence::Label(category)) => {
                self.labelled += 1;
                *self.weights.entry(category).or_default() += 1.0;
            }
            Some(Evidence::Decision(category, confidence)) => {
                self.decided += 1;
                *self.weights.entry(category).or_default() += f64::from(confidence);
            }
            None => {}
        }
    }
}

fn judge(known: Known, taxonomy: &Taxonomy, min_chance: f32) -> SourceCategory {
    let total = (known.labelled + known.decided) as f64 + 1.0;
    let mut below: HashMap<CategoryIndex, f64> = HashMap::new();
    for (&category, weight) in &known.weights {
        for above in taxonomy.lineage(category) {
            *below.entry(above).or_default() += weight;
        }
    }
    let mut all: Vec<(CategoryIndex, f64)> = below.into_iter().collect();
    all.sort_unstable_by_key(|(category, _)| *category);
    let chance = |weight: f64| (weight / total) as f32;
    let depth = |category: CategoryIndex| taxonomy.lineage(category).len();
    let best = |of: &mut dyn Iterator<Item = &(CategoryIndex, f64)>, deep: bool| {
        of.copied().reduce(|best, other| {
            let key = |(category, weight): (CategoryIndex, f64)| match deep {
                true => (depth(category) as f64, weight),
                false => (weight, 0.0),
            };
            if key(other) > key(best) { other } else { best }
        })
    };
    let mut sure = all
        .iter()
        .filter(|(_, weight)| chance(*weight) >= min_chance);
    let mut direct = all
        .iter()
        .filter(|(category, _)| known.weights.contains_key(category));
    let target = best(&mut sure, true).or_else(|| best(&mut direct, false));
    SourceCategory {
        name: known.name,
        products: known.products,
        labelled: known.labelled,
        decided: known.decided,
        target: target.map(|(category, _)| category),
        chance: target.map_or(0.0, |(_, weight)| chance(weight)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(labels: &[(&str, u32)], decisions: &[(&str, f32)], least: f32) -> (String, f32) {
        let taxonomy =
            Taxonomy::from_paths(["Home > Pots", "Home > Pans", "Home > Pans > Woks"]).unwrap();
        let at = |path: &str| taxonomy.resolve(path).unwrap();
        let mut known = Known::default();
        for (path, count) in labels {
            (0..*count).for_each(|_| known.add("Kitchen", Some(Evidence::Label(at(path)))));
        }
        for (path, confidence) in decisions {
            known.add("Kitchen", Some(Evidence::Decision(at(path), *confidence)));
        }
        let judged = judge(known, &taxonomy, least);
        let target = judged.target.map(|target| taxonomy.path(target));
        (target.unwrap_or_default(), judged.chance)
    }

    #[test]
    fn the_deepest_category_that_is_likely_enough_is_the_target() {
        assert_eq!(
            judged(&[("Home > Pots", 9)], &[], 0.8),
            ("Home > Pots".into(), 0.9)
        );
        let split = [("Home > Pots", 5), ("Home > Pans", 4)];
        assert_eq!(judged(&split, &[], 0.8), ("Home".into(), 0.9));
        assert_eq!(judged(&split, &[], 0.95), ("Home > Pots".into(), 0.5));
    }

    #[test]
    fn decisions_count_by_their_confidence_and_little_is_not_enough() {
        let (target, chance) = judged(&[("Home > Pans > Woks", 1)], &[], 0.8);
        assert_eq!((target.as_str(), chance), ("Home > Pans > Woks", 0.5));
        let decided = [("Home > Pots", 0.9), ("Home > Pots", 0.6)];
        assert_eq!(judged(&[], &decided, 0.8), ("Home > Pots".into(), 0.5));
        assert_eq!(judged(&[], &[], 0.8), (String::new(), 0.0));
    }
}
