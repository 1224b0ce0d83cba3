//! Finding labels that are likely wrong.

use crate::catalog::Catalog;
use crate::observer::{Observer, WithoutCurves};
use crate::{LabelAudit, Result};

impl Catalog {
    /// Judges every label by what was not learned from its product's content: heads that
    /// were trained on other parts of the labels, neighbours and prototypes of other
    /// content, and the categories' own words. Gives the labels that another category
    /// contradicts with what is suggested instead, products of one content with
    /// different labels, and categories that products do not tell apart. Nothing is
    /// changed.
    ///
    /// ```no_run
    /// # fn example(catalog: &assort::Catalog) -> assort::Result<()> {
    /// let taxonomy = catalog.taxonomy()?;
    /// let audit = catalog.audit_labels(&mut ())?;
    /// for suspect in audit.suspects.iter().take(10) {
    ///     println!("{}: {}?", suspect.title, taxonomy.path(suspect.suggested));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`crate::Error::Precondition`] with fewer than a hundred labels or labels of one
    /// category alone, [`crate::Error::Interrupted`].
    pub fn audit_labels(&self, observer: &mut dyn Observer) -> Result<LabelAudit> {
        self.again_if_moved(|| {
            let reader = self.state.store.read()?;
            let embedder = self.embedder_for(&reader).ok();
            self.classifier.audit_labels(
                &self.state,
                embedder.as_deref(),
                &mut WithoutCurves(observer),
            )
        })
    }
}
