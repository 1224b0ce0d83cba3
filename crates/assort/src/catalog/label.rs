//! Labels: categories that people gave.

use assort_core::{CategoryIndex, text_hash};

use crate::catalog::Catalog;
use crate::input_row::InputRow;
use crate::observer::Observer;
use crate::snapshot::Changes;
use crate::store::Reader;
use crate::{Result, Taxonomy};
use assort_read::{ProductRow, Rejected};

/// What labelling did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelReport {
    /// Rows read, good and bad.
    pub rows: u64,
    /// Labels that were set, changed or cleared.
    pub changed: u64,
    /// Labels that were the same before.
    pub unchanged: u64,
    /// Rows that were not taken.
    pub rejected: u64,
}

/// How to label.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct LabelOptions {
    /// Clear the labels of the products named instead of setting them.
    pub clear: bool,
    /// Change nothing if any row is bad.
    pub strict: bool,
}

impl LabelOptions {
    /// The same with another value of [`Self::clear`].
    #[must_use]
    pub fn with_clear(mut self, clear: bool) -> Self {
        self.clear = clear;
        self
    }

    /// The same with another value of [`Self::strict`].
    #[must_use]
    pub fn with_strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }
}

impl Catalog {
    /// Sets the labels of products from rows with an id and a category, all of
    /// them in one transaction. Rows of unknown products or categories are
    /// rejected.
    ///
    /// ```no_run
    /// # fn example(catalog: &assort::Catalog) -> assort::Result<()> {
    /// use assort::LabelOptions;
    /// use assort::read::{Input, Mapping, ProductReader};
    ///
    /// let mut mapping = Mapping::default();
    /// mapping.require_title = false;
    /// let rows = ProductReader::new(Input::open("corrections.csv", None)?, &mapping)?;
    /// let report = catalog.label(rows, LabelOptions::default(), &mut ())?;
    /// println!("{} labels changed", report.changed);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`crate::Error::ReadOnly`], [`crate::Error::Io`], and the first error
    /// among `rows`.
    pub fn label(
        &self,
        rows: impl IntoIterator<Item: Into<InputRow>>,
        options: LabelOptions,
        observer: &mut dyn Observer,
    ) -> Result<LabelReport> {
        let reader = self.state.store.read()?;
        let taxonomy = self.state.taxonomy_in(&reader)?;
        let mut report = LabelReport::default();
        let mut labels = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for row in rows {
            report.rows += 1;
            let change = match row.into().numbered(report.rows).whole()? {
                Ok(row) if !seen.insert(text_hash(&row.product.id)) => {
                    let reason = format!("the id `{}` is repeated", row.product.id);
                    Err(rejected(&row, reason))
                }
                Ok(row) => resolve(&reader, &taxonomy, &row, options.clear)?,
                Err(rejected) => Err(rejected),
            };
            match change {
                Ok((row, label)) => {
                    // Ids are compared, so that a label of a category that is
                    // gone can be cleared too.
                    let before = reader.label(row)?;
                    let after = label.map(|label| taxonomy.category(label).id.as_str());
                    if before.as_deref() == after {
                        report.unchanged += 1;
                    } else {
                        report.changed += 1;
                        labels.push((row, after.map(str::to_owned)));
                    }
                }
                Err(rejected) => {
                    report.rejected += 1;
                    observer.rejected(&rejected);
                }
            }
        }
        if labels.is_empty() || (options.strict && report.rejected > 0) {
            report.changed = 0;
            return Ok(report);
        }
        self.commit(|writer| {
            let taxonomy = self.taxonomy()?;
            let mut changes = Changes::default();
            for (row, label) in labels {
                // Another thread may have removed the product.
                if writer.has_product(row)? {
                    writer.set_label(row, label.as_deref())?;
                    let category = label.and_then(|label| taxonomy.by_id(&label));
                    changes.labels.push((row, category));
                }
            }
            Ok(changes)
        })?;
        Ok(report)
    }
}

/// The product's row and its new label.
type Change = (u32, Option<CategoryIndex>);

fn resolve(
    reader: &Reader<'_>,
    taxonomy: &Taxonomy,
    row: &ProductRow,
    clear: bool,
) -> Result<std::result::Result<Change, Rejected>> {
    let Some(at) = reader.row(&row.product.id)? else {
        return Ok(Err(rejected(
            row,
            format!(
                "the catalog has no product with the id `{}`",
                row.product.id
            ),
        )));
    };
    if clear {
        return Ok(Ok((at, None)));
    }
    let Some(category) = &row.category else {
        return Ok(Err(rejected(row, "no category".to_owned())));
    };
    Ok(
        match taxonomy.read_categories(category, &row.more_categories) {
            Ok(given) => Ok((at, Some(given.label))),
            Err(error) => Err(rejected(row, error.to_string())),
        },
    )
}

fn rejected(row: &ProductRow, reason: String) -> Rejected {
    Rejected::new(row.line, Some(row.product.id.clone()), reason)
}
