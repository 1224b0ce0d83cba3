//! Rows that match a filter.

use std::cell::RefCell;

use assort_columns::Lookup;
use assort_core::{Fields, Filter, Taxonomy};
use assort_index::Bitmap;

use super::cache::{ColumnCache, touched_rows};
use super::changed::{EachChanged, each_changed};
use super::fields::StoredFields;
use crate::Result;
use crate::store::{ArchivedProductRecord, Reader};

/// Where the columns cannot tell of one row of so many, products are looked at in a row.
const SCANNED_OF: usize = 16;

/// Rows that match a filter, by the columns and by the products that have changed since.
pub(crate) fn matching_rows(
    cache: &ColumnCache,
    reader: &Reader<'_>,
    taxonomy: &Taxonomy,
    filter: &Filter,
) -> Result<Bitmap> {
    let base = cache.base(reader)?;
    let mut rows = Bitmap::default();
    if let Some(base) = &base {
        let failure = RefCell::new(None);
        let lookup = Lookup {
            row: &|id| {
                reader.row(id).unwrap_or_else(|error| {
                    failure.replace(Some(error));
                    None
                })
            },
            category: &|id| taxonomy.by_id(id),
        };
        let mut found = base.columns.filter(filter, &lookup);
        failure.take().map_or(Ok(()), Err)?;
        let touched = touched_rows(reader)?;
        found.rows.subtract(&touched);
        found.unsure.subtract(&touched);
        rows = found.rows;
        look_at(reader, taxonomy, filter, &found.unsure, &mut rows)?;
    }
    let mut changed = Matching { filter, rows };
    each_changed(cache, reader, taxonomy, base.as_ref(), &mut changed)?;
    Ok(changed.rows)
}

struct Matching<'a> {
    filter: &'a Filter,
    rows: Bitmap,
}

impl EachChanged for Matching<'_> {
    fn product(&mut self, row: u32, product: &impl Fields) -> Result<()> {
        if self.filter.matches(product) {
            self.rows.insert(row);
        }
        Ok(())
    }
}

/// Adds those of `unsure` whose products match.
fn look_at(
    reader: &Reader<'_>,
    taxonomy: &Taxonomy,
    filter: &Filter,
    unsure: &Bitmap,
    rows: &mut Bitmap,
) -> Result<()> {
    let failure = RefCell::new(None);
    let mut look = |row: u32, product: &ArchivedProductRecord| -> Result<()> {
        let fields = StoredFields {
            product,
            row,
            reader,
            taxonomy,
            failure: &failure,
        };
        if filter.matches(&fields) {
            rows.insert(row);
        }
        failure.take().map_or(Ok(()), Err)
    };
    if unsure.len() * SCANNED_OF > reader.next_row()? as usize {
        return reader.each_product(|row, product| match unsure.contains(row) {
            true => look(row, product),
            false => Ok(()),
        });
    }
    for row in unsure.iter() {
        reader
            .with_product(row, |product| look(row, product))?
            .transpose()?;
    }
    Ok(())
}
