//! Training a head on the labels of a catalog.

use crate::catalog::Catalog;
use crate::error::Maintenance;
use crate::observer::Observer;
use crate::{Error, Result, TrainHeads, TrainReport};

impl Catalog {
    /// Trains a head on the labels, which files by the words of products, and finds how
    /// much it counts beside the other sources of evidence. Products of the same content
    /// are never on both sides of a measurement. A head that files held-out products
    /// worse than what there was is not put in force; the old one stays then, as it does
    /// where training is stopped or fails.
    ///
    /// ```no_run
    /// # fn example(catalog: &assort::Catalog) -> assort::Result<()> {
    /// let report = catalog.train(&assort::TrainHeads::default(), &mut ())?;
    /// println!("{:.1}% of held-out products right", 100.0 * report.accuracy);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::Precondition`] with too few labels or labels of one
    /// category alone, [`Error::Argument`] for options that cannot be used,
    /// [`Error::Busy`], [`Error::Interrupted`].
    pub fn train(&self, options: &TrainHeads, observer: &mut dyn Observer) -> Result<TrainReport> {
        if !self.state.store.is_writer() {
            return Err(Error::ReadOnly);
        }
        let _under_way = self.begin(Maintenance::Train)?;
        self.again_if_moved(|| {
            let reader = self.state.store.read()?;
            let embedder = self.embedder_for(&reader).ok();
            self.classifier
                .train(&self.state, embedder.as_deref(), options, observer)
        })
    }
}
