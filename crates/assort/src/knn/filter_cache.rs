//! Rows that match a filter, kept for the next search with the same filter.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use assort_core::{CategoryIndex, Fields, Filter, Taxonomy};
use assort_index::Bitmap;

use crate::locks::lock;
use crate::snapshot::{FilteredRows, Snapshot};
use crate::store::{ArchivedProductRecord, Reader};
use crate::{Error, Result};

/// Filters that are kept.
const FILTERS_KEPT: usize = 16;

/// What the last filters matched.
#[derive(Default)]
pub(crate) struct FilterCache {
    kept: Mutex<VecDeque<(String, u64, Arc<FilteredRows>)>>,
}

impl FilterCache {
    /// The rows that match an expression.
    pub(crate) fn rows(
        &self,
        reader: &Reader<'_>,
        snapshot: &Snapshot,
        taxonomy: &Taxonomy,
        expression: &str,
    ) -> Result<Arc<FilteredRows>> {
        let filter = parse_filter(expression, taxonomy)?;
        let (text, version) = (filter.to_string(), snapshot.version());
        let known = |(other, at, rows): &(String, u64, Arc<FilteredRows>)| {
            (*other == text && *at == version).then(|| Arc::clone(rows))
        };
        if let Some(rows) = lock(&self.kept).iter().find_map(known) {
            return Ok(rows);
        }
        let rows = evaluate(reader, taxonomy, &filter)?;
        let rows = Arc::new(FilteredRows::new(snapshot, rows));
        let mut kept = lock(&self.kept);
        kept.retain(|(_, at, _)| *at == version);
        kept.truncate(FILTERS_KEPT - 1);
        kept.push_front((text, version, Arc::clone(&rows)));
        Ok(rows)
    }
}

/// Holds a filter against every product.
fn evaluate(reader: &Reader<'_>, taxonomy: &Taxonomy, filter: &Filter) -> Result<Bitmap> {
    let mut rows = Bitmap::default();
    let failure = RefCell::new(None);
    reader.each_product(|row, product| {
        let fields = StoredFields {
            product,
            category: &|| {
                let filed = filed_under(reader, taxonomy, row);
                filed.unwrap_or_else(|error| {
                    failure.replace(Some(error));
                    None
                })
            },
        };
        if filter.matches(&fields) {
            rows.insert(row);
        }
        failure.take().map_or(Ok(()), Err)
    })?;
    Ok(rows)
}

/// Parses a filter and looks its categories up.
fn parse_filter(expression: &str, taxonomy: &Taxonomy) -> Result<Filter> {
    let resolve = |text: &str, subtree: bool| {
        let category = taxonomy.resolve(text).map_err(|error| error.to_string())?;
        Ok(if subtree {
            taxonomy.subtree(category)
        } else {
            vec![category]
        })
    };
    Filter::parse(expression, resolve)
        .map_err(|error| Error::argument(format!("filter `{expression}`, {error}")))
}

/// The category a product is filed under: its label, else the decision that
/// was applied.
pub(crate) fn filed_under(
    reader: &Reader<'_>,
    taxonomy: &Taxonomy,
    row: u32,
) -> Result<Option<CategoryIndex>> {
    if let Some(label) = reader.label(row)?.and_then(|label| taxonomy.by_id(&label)) {
        return Ok(Some(label));
    }
    let decision = reader.decision(row)?;
    Ok(decision.and_then(|decision| taxonomy.by_id(&decision.category)))
}

/// A stored product as filters see it, without a copy.
struct StoredFields<'a> {
    product: &'a ArchivedProductRecord,
    /// Looks the category up, which only some filters ask for.
    category: &'a dyn Fn() -> Option<CategoryIndex>,
}

impl Fields for StoredFields<'_> {
    fn id(&self) -> &str {
        &self.product.id
    }

    fn title(&self) -> &str {
        &self.product.title
    }

    fn text(&self) -> &str {
        &self.product.text
    }

    fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.product
            .attributes
            .iter()
            .map(|pair| (pair.0.as_str(), pair.1.as_str()))
    }

    fn category(&self) -> Option<CategoryIndex> {
        (self.category)()
    }
}
