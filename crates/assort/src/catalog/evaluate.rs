//! Judging the classifier by products whose category is known.

use assort_core::{CategoryIndex, Product, Report};

use crate::catalog::Catalog;
use crate::catalog::classify::ClassifyOptions;
use crate::catalog::import::InputRow;
use crate::observer::{Observer, Progress};
use crate::read::Rejected;
use crate::{Error, Result};

/// Products that are classified together at most.
const GROUP: usize = 2048;

/// An evaluation.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// How decisions compare with the truth.
    pub report: Report,
    /// Rows that had no usable product or category.
    pub rejected: u64,
}

impl Catalog {
    /// Classifies labelled products and compares. The categories in `rows` are
    /// not used for deciding. Give products that the catalog does not have: one
    /// that it has does not vote on itself, but its label has taught the
    /// prototypes of [`assort_core::Method::Auto`].
    /// The `confusions` most frequent mistakes are listed.
    ///
    /// # Errors
    /// Those of [`Catalog::classify`], [`Error::Input`] if no row can be
    /// used, [`Error::Interrupted`], and the first error among `rows`.
    pub fn evaluate(
        &self,
        rows: impl IntoIterator<Item = InputRow>,
        options: &ClassifyOptions,
        confusions: usize,
        observer: &mut dyn Observer,
    ) -> Result<Evaluation> {
        observer.progress(Progress::Evaluate { done: 0 });
        let taxonomy = self.taxonomy()?;
        let mut truth: Vec<CategoryIndex> = Vec::new();
        let mut decided: Vec<Option<CategoryIndex>> = Vec::new();
        let mut rejected = 0;
        let mut group: Vec<Product> = Vec::new();
        // As many as the embedder embeds while somebody waits for it to stop.
        let most = self.embedder()?.batch().clamp(1, GROUP);
        let mut rows = rows.into_iter().peekable();
        while let Some(row) = rows.next() {
            let known = row?.and_then(|row| {
                let category = row
                    .category
                    .as_deref()
                    .ok_or_else(|| "no category".to_owned());
                let category =
                    category.and_then(|text| taxonomy.resolve(text).map_err(|e| e.to_string()));
                category
                    .map(|category| (row.product.clone(), category))
                    .map_err(|reason| Rejected::new(row.line, Some(row.product.id), reason))
            });
            match known {
                Ok((product, category)) => {
                    group.push(product);
                    truth.push(category);
                }
                Err(bad) => {
                    rejected += 1;
                    observer.rejected(&bad);
                }
            }
            if group.len() >= most || rows.peek().is_none() {
                let decisions = self.classify(&std::mem::take(&mut group), options)?;
                decided.extend(decisions.into_iter().map(|decision| decision.category));
                observer.progress(Progress::Evaluate {
                    done: decided.len() as u64,
                });
            }
            if observer.stop() {
                return Err(Error::Interrupted);
            }
        }
        if truth.is_empty() {
            return Err(Error::Input {
                file: "the labelled products".to_owned(),
                line: None,
                message: "no row has both a product and a category of the taxonomy, so there is nothing to compare with".to_owned(),
                unstated: None,
            });
        }
        let report = Report::new(
            &truth,
            &decided,
            |category| taxonomy.lineage(category),
            confusions,
        );
        Ok(Evaluation { report, rejected })
    }
}
