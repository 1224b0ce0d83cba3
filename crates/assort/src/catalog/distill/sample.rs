//! Which texts a student learns from.

use std::borrow::Cow;
use std::collections::HashSet;

use assort_core::{CategoryIndex, Taxonomy};

use super::DistillOptions;
use crate::catalog::Catalog;
use crate::embedding::Item;
use crate::input_row::InputRow;
use crate::observer::{Observer, Progress};
use crate::{Error, Result};

/// How often progress is told.
const EVERY: u64 = 1024;

/// The text of a product.
pub(super) struct Text {
    /// The product's row, if it is in the catalog.
    pub(super) row: Option<u32>,
    pub(super) hash: u128,
    /// As much of the product's title and further text as is embedded.
    pub(super) title: String,
    pub(super) further: String,
    pub(super) label: Option<CategoryIndex>,
}

impl Text {
    fn new(row: Option<u32>, item: Item<'_>, label: Option<CategoryIndex>) -> Self {
        // Rows may hold whole pages, and a sample is kept in memory.
        Self {
            row,
            hash: item.hash,
            title: item.input.title().to_owned(),
            further: item.input.further().to_owned(),
            label,
        }
    }

    /// What the teacher is asked for.
    pub(super) fn item(&self) -> Item<'_> {
        Item::of_fields(&self.title, &self.further)
    }

    /// What a student reads.
    pub(super) fn composed(&self) -> Cow<'_, str> {
        self.item().input.composed()
    }
}

/// Distinct texts, in an order that only they and the seed decide.
pub(super) struct Sample {
    pub(super) texts: Vec<Text>,
}

impl Sample {
    /// Texts of products of the catalog.
    pub(super) fn of_catalog(
        catalog: &Catalog,
        options: &DistillOptions,
        observer: &mut dyn Observer,
    ) -> Result<Self> {
        let reader = catalog.state.store.read()?;
        let taxonomy = catalog.state.taxonomy_in(&reader)?;
        // Rows first, texts of the chosen ones later: a catalog may be large.
        let mut ranks: Vec<(u64, u32)> = Vec::new();
        reader.each_product(|row, archived| {
            let item = Item::of_fields(&archived.title, &archived.text);
            ranks.push((rank(item.hash, options), row));
            if (ranks.len() as u64).is_multiple_of(EVERY) {
                tell(observer, ranks.len() as u64)?;
            }
            Ok(())
        })?;
        ranks.sort_unstable();
        ranks.dedup_by_key(|(rank, _)| *rank);
        ranks.truncate(options.sample);
        let mut texts = Vec::with_capacity(ranks.len());
        for (_, row) in ranks {
            let Some(record) = reader.product(row)? else {
                continue;
            };
            let label = reader.label(row)?.and_then(|label| taxonomy.by_id(&label));
            let item = Item::of_fields(&record.title, &record.text);
            texts.push(Text::new(Some(row), item, label));
        }
        Ok(Self { texts })
    }

    /// Texts of products that are to come.
    pub(super) fn of_rows(
        taxonomy: &Taxonomy,
        rows: impl IntoIterator<Item: Into<InputRow>>,
        options: &DistillOptions,
        observer: &mut dyn Observer,
    ) -> Result<Self> {
        let mut seen = HashSet::new();
        let mut texts: Vec<(u64, Text)> = Vec::new();
        let mut looked_at = 0;
        for row in rows {
            looked_at += 1;
            if looked_at % EVERY == 0 {
                tell(observer, looked_at)?;
            }
            // A bad row is told when it is imported.
            let Ok(row) = row.into().whole()? else {
                continue;
            };
            let item = Item::of_product(&row.product);
            let rank = rank(item.hash, options);
            if !seen.insert(rank) {
                continue;
            }
            let label = row.category.and_then(|text| {
                let given = taxonomy.read_categories(&text, &row.more_categories);
                Some(given.ok()?.label)
            });
            texts.push((rank, Text::new(None, item, label)));
            if texts.len() >= 2 * options.sample.max(EVERY as usize) {
                shorten(&mut texts, options.sample);
            }
        }
        tell(observer, looked_at)?;
        shorten(&mut texts, options.sample);
        Ok(Self {
            texts: texts.into_iter().map(|(_, text)| text).collect(),
        })
    }
}

fn shorten(texts: &mut Vec<(u64, Text)>, most: usize) {
    texts.sort_unstable_by_key(|(rank, _)| *rank);
    texts.truncate(most);
}

/// A text's place among all: what comes first is taken.
fn rank(hash: u128, options: &DistillOptions) -> u64 {
    let seed = options.teaching.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (hash as u64 ^ seed).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 29)
}

fn tell(observer: &mut dyn Observer, done: u64) -> Result<()> {
    observer.progress(Progress::Sampling { done });
    if observer.stop() {
        return Err(Error::Interrupted);
    }
    Ok(())
}
