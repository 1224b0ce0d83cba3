//! Following long work, and stopping it.

use assort_head::{Epoch, Step};

use crate::import_report::ImportReport;
use assort_read::Rejected;

/// How far long work has come.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// Texts of categories are being embedded, once for each text.
    CategoryTexts {
        /// Texts that are done.
        done: u64,
        /// All texts.
        total: u64,
    },
    /// Products are being imported. Everything the report counts as stored is
    /// committed and durable.
    Import {
        /// What has been done so far.
        report: &'a ImportReport,
        /// Products embedded but not yet committed.
        pending: u64,
        /// Part of the input that is done, where its size is known.
        fraction: Option<f64>,
    },
    /// Pictures of products are being embedded; what is done is durable.
    Pictures {
        /// Products that were looked at.
        done: u64,
        /// All products.
        total: u64,
    },
    /// Products are being compared with others.
    Comparing {
        /// Products that were compared.
        done: u64,
        /// All products.
        total: u64,
    },
    /// Prototypes and confidence are being fitted to the catalog.
    Learning,
    /// A head is being trained on labels.
    Training {
        /// Number of the head, from 1: labels are learned from several times, to measure.
        head: usize,
        /// All heads.
        of: usize,
        /// Part of this head that is done.
        fraction: f64,
        /// How an epoch went, when it is done.
        epoch: Option<Epoch>,
    },
    /// Labels are being judged.
    Judging {
        /// Labels that are done.
        done: u64,
        /// All labels.
        total: u64,
    },
    /// A part of cross-validation begins: others are learned from, and then it is
    /// judged.
    Fold {
        /// Number of the part, from 1.
        number: usize,
        /// All parts.
        of: usize,
        /// Labels that are learned from.
        labels: u64,
    },
    /// Products are being classified and compared with the truth.
    Evaluate {
        /// Products that are done.
        done: u64,
    },
    /// Texts to learn from are being chosen.
    Sampling {
        /// Products that were looked at.
        done: u64,
    },
    /// The teacher embeds texts to learn from.
    Teaching {
        /// Texts that are done and kept.
        done: u64,
        /// All texts.
        total: u64,
    },
    /// A student learns.
    Distilling {
        /// Chunk that is done.
        fraction: f64,
    },
    /// Segments are being written and merged, until no such work is due.
    Indexing {
        /// Rows that are written. A row that is merged again counts again.
        done: u64,
        /// All rows that are to be written.
        total: u64,
    },
    /// The index is being measured with products as queries.
    Measuring {
        /// Steps that are done.
        done: u64,
        /// All steps.
        total: u64,
    },
    /// Files of a catalog are being copied.
    Copying {
        /// Bytes that are done.
        done: u64,
        /// All bytes; estimated where the store is being copied.
        total: u64,
    },
    /// Products whose vectors were lost are being embedded again.
    Repair {
        /// Products that are done and committed.
        done: u64,
        /// All lost products.
        total: u64,
    },
    /// Products are being moved to another space.
    Reembed {
        /// Products that are done and committed.
        done: u64,
        /// All products.
        total: u64,
    },
}

impl Progress<'_> {
    /// A step of training the head `number` of so many.
    pub(crate) fn training(head: usize, of: usize, step: Step) -> Self {
        let (fraction, epoch) = match step {
            Step::Part(part) => (part, None),
            Step::Epoch(epoch) => (epoch.number as f64 / epoch.of as f64, Some(epoch)),
        };
        Self::Training {
            head,
            of,
            fraction,
            epoch,
        }
    }
}

/// Follows long work. The unit type follows nothing and never stops.
pub trait Observer {
    /// Called often; must be quick.
    fn progress(&mut self, progress: Progress<'_>) {
        let _ = progress;
    }

    /// Called for every row that is not taken.
    fn rejected(&mut self, rejected: &Rejected) {
        let _ = rejected;
    }

    /// Whether to stop soon, keeping what is whole.
    fn stop(&self) -> bool {
        false
    }
}

impl Observer for () {}

/// Does not tell of the epochs of heads: there are many heads.
pub(crate) struct WithoutCurves<'a>(pub(crate) &'a mut dyn Observer);

impl Observer for WithoutCurves<'_> {
    fn progress(&mut self, progress: Progress<'_>) {
        self.0.progress(match progress {
            Progress::Training {
                head, of, fraction, ..
            } => Progress::Training {
                head,
                of,
                fraction,
                epoch: None,
            },
            other => other,
        });
    }

    fn stop(&self) -> bool {
        self.0.stop()
    }
}
