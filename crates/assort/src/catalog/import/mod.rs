//! Storing products: what changed is embedded, everything is committed in
//! batches, and a bad row never stops the rest.

mod group;
mod importer;
mod kinds;

use std::sync::Arc;

use assort_core::{Embedder, Product};

use crate::Result;
use crate::catalog::Catalog;
use crate::import_report::ImportReport;
use crate::input_row::InputRow;
use crate::observer::Observer;
use crate::store::{Reader, SpaceRecord};

use importer::Importer;

/// How to import.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ImportOptions {
    /// Count what would be done and change nothing.
    pub dry_run: bool,
    /// Remove the products that the input does not have, unless the id of a row could
    /// not be read or the import was stopped.
    pub prune: bool,
    /// Reject rows whose category the taxonomy does not have. Otherwise their products
    /// are kept without a label, and what was given as the attribute
    /// [`SOURCE_CATEGORY`](crate::SOURCE_CATEGORY).
    pub only_known_categories: bool,
}

impl ImportOptions {
    /// The same with another value of [`Self::dry_run`].
    #[must_use]
    pub fn with_dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }

    /// The same with another value of [`Self::prune`].
    #[must_use]
    pub fn with_prune(mut self, prune: bool) -> Self {
        self.prune = prune;
        self
    }

    /// The same with another value of [`Self::only_known_categories`].
    #[must_use]
    pub fn with_only_known_categories(mut self, only_known_categories: bool) -> Self {
        self.only_known_categories = only_known_categories;
        self
    }
}

impl Catalog {
    /// Stores products from rows: products of the caller's own, or what a
    /// [`assort_read::ProductReader`] gives. Rows of known ids replace what was there;
    /// unchanged ones cost no embedding. What is committed is durable; a stop or an
    /// error later does not undo it.
    ///
    /// A row may give a category: an id, a path, a name, or a list of them. The deepest
    /// that the taxonomy has is the label.
    ///
    /// A row may also be a [`assort_core::ProductUpdate`], which changes what it names
    /// and keeps the rest of the product: its row, its label, and, where title and text
    /// stay, its vector and the decision on it. One of an id that the catalog does not
    /// have is rejected.
    ///
    /// What attributes hold is found from the values that come first (amounts with units,
    /// money, dates, yes or no), where nothing is known of it: filters go by it from then on.
    ///
    /// `done` tells which part of the input has been read, between 0 and 1,
    /// where that is known.
    ///
    /// ```no_run
    /// # fn example(catalog: &assort::Catalog) -> assort::Result<()> {
    /// use assort::ImportOptions;
    /// use assort::core::{Product, ProductUpdate};
    /// use assort::read::{Input, Mapping, ProductReader};
    ///
    /// let options = ImportOptions::default();
    /// let rows = ProductReader::new(Input::open("products.csv", None)?, &Mapping::default())?;
    /// let report = catalog.import(rows, &options, &|| None, &mut ())?;
    /// println!("{} new, {} rejected", report.added, report.rejected);
    ///
    /// let product = Product { id: "4711".into(), title: "Kettle".into(), ..Default::default() };
    /// catalog.import(vec![product], &options, &|| None, &mut ())?;
    ///
    /// let cheaper = ProductUpdate::new("4711").with_attribute("price", "15");
    /// catalog.import([cheaper], &options, &|| None, &mut ())?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`crate::Error::NoEmbedder`], [`crate::Error::Embed`],
    /// [`crate::Error::Io`], and the first error among `rows`.
    pub fn import(
        &self,
        rows: impl IntoIterator<Item: Into<InputRow>>,
        options: &ImportOptions,
        done: &dyn Fn() -> Option<f64>,
        observer: &mut dyn Observer,
    ) -> Result<ImportReport> {
        let mut importer = Importer::new(self, options, done, observer)?;
        self.background.gather(true);
        let outcome = importer.run(rows);
        let flushed = importer.finish_group();
        self.background.gather(false);
        self.background.wake(&self.state);
        outcome.and(flushed)?;
        importer.keep_kinds()?;
        importer.finish()
    }

    /// The last commit, with its space and the embedder of that.
    fn latest(&self) -> Result<(Reader<'_>, SpaceRecord, Arc<dyn Embedder>)> {
        self.again_if_moved(|| {
            let reader = self.state.store.read()?;
            let (space, embedder) = (reader.space()?, self.embedder_for(&reader)?);
            Ok((reader, space, embedder))
        })
    }

    /// Stores products; see [`Self::import`].
    ///
    /// # Errors
    /// As [`Self::import`].
    pub fn put(&self, products: impl IntoIterator<Item = Product>) -> Result<ImportReport> {
        self.import(products, &ImportOptions::default(), &|| None, &mut ())
    }
}
