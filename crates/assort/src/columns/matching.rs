//! Rows that match a filter.

use std::cell::RefCell;

use assort_columns::Lookup;
use assort_core::{Fields, Filter, Taxonomy};
use assort_index::Bitmap;

use super::cache::ColumnCache;
use super::changed::each_changed;
use super::fields::{EachProduct, visit_stored};
use crate::Result;
use crate::store::Reader;

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
    let rows = Bitmap::default();
    let mut matching = Matching { filter, rows };
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
        let touched = base.touched_rows();
        found.rows.subtract(&touched);
        found.unsure.subtract(&touched);
        matching.rows = found.rows;
        look_at(reader, taxonomy, &found.unsure, &mut matching)?;
    }
    each_changed(cache, reader, taxonomy, base.as_ref(), &mut matching)?;
    Ok(matching.rows)
}

/// Gathers the rows that match.
struct Matching<'a> {
    filter: &'a Filter,
    rows: Bitmap,
}

impl EachProduct for Matching<'_> {
    fn product(&mut self, row: u32, product: &impl Fields) -> Result<()> {
        if self.filter.matches(product) {
            self.rows.insert(row);
        }
        Ok(())
    }
}

/// Looks at the products of rows of which the columns cannot tell.
fn look_at(
    reader: &Reader<'_>,
    taxonomy: &Taxonomy,
    unsure: &Bitmap,
    matching: &mut Matching<'_>,
) -> Result<()> {
    let mut look = |row, product: &_| visit_stored(reader, taxonomy, row, product, matching);
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
