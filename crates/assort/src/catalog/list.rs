//! Reading products out, in the order they came.

use crate::catalog::{Catalog, StoredProduct};
use crate::{Error, Result};

impl Catalog {
    /// At most `limit` products that match a filter (see [`assort_core::Filter`]), with
    /// all that is known of them, in the order they came; from the one after `after` on,
    /// for the next page. Pages of different commits may miss or repeat what changed
    /// between them.
    ///
    /// ```no_run
    /// # fn example(catalog: &assort::Catalog) -> assort::Result<()> {
    /// let mut after: Option<String> = None;
    /// loop {
    ///     let page = catalog.list(Some("not has category"), after.as_deref(), 1000)?;
    ///     let Some(last) = page.last() else { break };
    ///     after = Some(last.product.id.clone());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Argument`] for a filter that cannot be used, [`Error::NoProduct`] for
    /// `after`, [`Error::Damaged`] or [`Error::Io`].
    pub fn list(
        &self,
        filter: Option<&str>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<StoredProduct>> {
        let (reader, snapshot) = self.state.view()?;
        let from = match after {
            Some(id) => {
                let row = reader.row(id)?;
                row.ok_or_else(|| Error::NoProduct(id.to_owned()))? + 1
            }
            None => 0,
        };
        let rows: Vec<u32> = match filter {
            Some(expression) => {
                let taxonomy = self.state.taxonomy_in(&reader)?;
                let matching = self
                    .filters
                    .rows(&reader, &snapshot, &taxonomy, expression)?;
                let rows = matching.rows.iter().filter(|row| *row >= from);
                rows.take(limit).collect()
            }
            None => {
                let mut rows = Vec::new();
                reader.each_product_from(from, limit, |row, _| {
                    rows.push(row);
                    Ok(())
                })?;
                rows
            }
        };
        let stored = rows.into_iter().map(|row| self.stored(&reader, row));
        stored.filter_map(Result::transpose).collect()
    }
}
