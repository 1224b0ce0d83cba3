//! Rows that match a filter, kept for the next search with the same filter.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use assort_core::{AttributeSchema, Filter, Taxonomy};

use crate::columns::{ColumnCache, matching_rows};
use crate::locks::lock;
use crate::snapshot::{FilteredRows, Snapshot};
use crate::store::Reader;
use crate::{Error, Result};

/// Filters that are kept.
const FILTERS_KEPT: usize = 16;

/// What the last filters matched, and what new ones are answered from.
#[derive(Default)]
pub(crate) struct FilterCache {
    kept: Mutex<VecDeque<(String, u64, Arc<FilteredRows>)>>,
    pub(crate) columns: ColumnCache,
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
        let filter = parse_filter(expression, &reader.schema()?, taxonomy)?;
        let (text, version) = (filter.to_string(), snapshot.version());
        let known = |(other, at, rows): &(String, u64, Arc<FilteredRows>)| {
            (*other == text && *at == version).then(|| Arc::clone(rows))
        };
        if let Some(rows) = lock(&self.kept).iter().find_map(known) {
            rows.keep();
            return Ok(rows);
        }
        let rows = matching_rows(&self.columns, reader, taxonomy, &filter)?;
        let rows = Arc::new(FilteredRows::new(snapshot, rows));
        let mut kept = lock(&self.kept);
        kept.retain(|(_, at, _)| *at == version);
        kept.truncate(FILTERS_KEPT - 1);
        kept.push_front((text, version, Arc::clone(&rows)));
        Ok(rows)
    }
}

/// Parses a filter and looks its categories up.
pub(crate) fn parse_filter(
    expression: &str,
    schema: &AttributeSchema,
    taxonomy: &Taxonomy,
) -> Result<Filter> {
    let resolve = |text: &str, subtree: bool| {
        let category = taxonomy.resolve(text).map_err(|error| error.to_string())?;
        Ok(if subtree {
            taxonomy.subtree(category)
        } else {
            vec![category]
        })
    };
    Filter::parse(expression, schema, resolve)
        .map_err(|error| Error::argument(format!("filter `{expression}`, {error}")))
}
