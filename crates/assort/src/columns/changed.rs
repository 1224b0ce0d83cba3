//! Products that have changed since the columns were made.

use std::sync::Arc;

use assort_core::Taxonomy;

use super::cache::{Base, Changed, ColumnCache};
use super::fields::{EachProduct, Known, KnownFields, visit_stored};
use crate::Result;
use crate::locks::lock;
use crate::store::{Filed, Reader};

/// So many are kept in memory between commits.
const KEPT: u64 = 1 << 16;

/// Visits the products that have changed since the columns were made: all, where there
/// are none.
pub(crate) fn each_changed(
    cache: &ColumnCache,
    reader: &Reader<'_>,
    taxonomy: &Taxonomy,
    base: Option<&Base>,
    visitor: &mut impl EachProduct,
) -> Result<()> {
    let (from, touched) = match base {
        Some(base) => (base.record.rows, &*base.touched),
        None => (0, &[][..]),
    };
    if let Some(base) = base
        && touched.len() as u64 + u64::from(reader.next_row()?.saturating_sub(from)) <= KEPT
    {
        let changed = kept(cache, reader, base)?;
        let mut products = changed.products.iter();
        return products
            .try_for_each(|known| visitor.product(known.row, &KnownFields(known, taxonomy)));
    }
    let mut visit = |row, product: &_| visit_stored(reader, taxonomy, row, product, visitor);
    for &(row, _) in touched.iter().filter(|(row, _)| *row < from) {
        reader
            .with_product(row, |product| visit(row, product))?
            .transpose()?;
    }
    reader.each_product_from(from, usize::MAX, visit)
}

/// The products that have changed, from memory where they have not changed again.
fn kept(cache: &ColumnCache, reader: &Reader<'_>, base: &Base) -> Result<Arc<Changed>> {
    let (columns, touched) = (&base.record, &base.touched);
    let version = reader.version()?;
    let known = lock(&cache.changed).clone();
    let known = known.filter(|known| known.digest == columns.digest && known.version <= version);
    if let Some(known) = &known
        && known.version == version
    {
        return Ok(Arc::clone(known));
    }
    let mut products: Vec<Arc<Known>> = Vec::new();
    let old = |row: u32, at: u64| {
        known
            .as_ref()
            .filter(|known| at <= known.version)?
            .product(row)
    };
    for &(row, at) in touched.iter().filter(|(row, _)| *row < columns.rows) {
        match old(row, at) {
            Some(product) => products.push(product),
            None => products.extend(read(reader, row)?),
        }
    }
    // Rows that are newer than the columns are touched when they change once more.
    let mut first = columns.rows;
    if let Some(known) = &known {
        first = first.max(known.next_row);
        for product in known
            .products
            .iter()
            .filter(|known| known.row >= columns.rows)
        {
            let at = touched.binary_search_by_key(&product.row, |(row, _)| *row);
            match at.is_ok_and(|at| touched[at].1 > known.version) {
                true => products.extend(read(reader, product.row)?),
                false => products.push(Arc::clone(product)),
            }
        }
    }
    reader.each_filed(first, |row, filed| {
        products.push(Arc::new(Known::of(row, &filed)));
        Ok(())
    })?;
    let changed = Arc::new(Changed {
        version,
        digest: columns.digest,
        next_row: reader.next_row()?,
        products,
    });
    *lock(&cache.changed) = Some(Arc::clone(&changed));
    Ok(changed)
}

impl Changed {
    fn product(&self, row: u32) -> Option<Arc<Known>> {
        let at = self.products.binary_search_by_key(&row, |known| known.row);
        at.ok().map(|at| Arc::clone(&self.products[at]))
    }
}

fn read(reader: &Reader<'_>, row: u32) -> Result<Option<Arc<Known>>> {
    let Some(product) = reader.product(row)? else {
        return Ok(None);
    };
    let known = Known {
        row,
        product: product.into(),
        label: reader.label(row)?,
        decision: reader.decision(row)?.map(|decision| decision.category),
    };
    Ok(Some(Arc::new(known)))
}

impl Known {
    fn of(row: u32, filed: &Filed<'_>) -> Self {
        Self {
            row,
            product: filed.product.to_product(),
            label: filed.label.map(str::to_owned),
            decision: filed.decision.map(str::to_owned),
        }
    }
}
