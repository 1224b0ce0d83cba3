//! Judging the classifier by products whose category is known.

use std::collections::HashSet;
use std::sync::Arc;

use assort_core::{
    CategoryIndex, ConfidenceReport, Decision, Method, Product, Ranking, RankingInput, Report,
    Taxonomy, content_key,
};

use crate::catalog::Catalog;
use crate::catalog::classify::ClassifyOptions;
use crate::classifier::words;
use crate::observer::{Observer, Progress};
use crate::read::{InputRow, Rejected};
use crate::{Error, Result};

/// An evaluation.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Evaluation {
    /// How products were filed.
    pub method: Method,
    /// How decisions compare with the truth.
    pub report: Report,
    /// How confidence compares with the truth, over all products: that of their best
    /// alternatives.
    pub confidence: ConfidenceReport,
    /// Whether confidence was calibrated on labels.
    pub is_calibrated: bool,
    /// How all candidates were ranked; none where no evidence was found.
    pub ranking: Option<Ranking>,
    /// Products that say the same as a labelled product of the catalog, and what the
    /// figures are without them.
    pub overlap: Overlap,
    /// How often sets of categories hold the truth, if they were asked for.
    pub sets: Option<SetReport>,
    /// Rows that had no usable product or category.
    pub rejected: u64,
}

/// What an evaluation owes to products that the catalog has a label of already.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Overlap {
    /// Products whose content (the title without numbers, sizes and colours) is that of
    /// a labelled product.
    pub products: usize,
    /// Accuracy of the decisions on all others; none if there are none, and then
    /// nothing is known of new products.
    pub accuracy_without: Option<f64>,
}

/// Sets of categories that shall hold the truth.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SetReport {
    /// The part that was asked for.
    pub asked: f64,
    /// The part of the sets that hold the truth.
    pub coverage: f64,
    /// Categories in a set, on average.
    pub mean_size: f64,
}

/// What is known so far.
#[derive(Default)]
struct Judged {
    truth: Vec<CategoryIndex>,
    decided: Vec<Option<CategoryIndex>>,
    confidence: Vec<(f32, bool)>,
    is_calibrated: bool,
    ranking: RankingInput,
    known: HashSet<u128>,
    overlapping: Vec<bool>,
    /// Sets, those that hold the truth, and the categories in all of them.
    sets: (usize, usize, usize),
}

impl Catalog {
    /// Classifies labelled products and compares. The categories in `rows` are
    /// not used for deciding. Give products that the catalog does not have: one
    /// that it has does not vote on itself, but its label has taught the
    /// prototypes and heads of [`assort_core::Method::Auto`]; [`Evaluation::overlap`]
    /// tells of those that say the same as a labelled one.
    /// The `confusions` most frequent mistakes are listed.
    ///
    /// ```no_run
    /// # fn example(catalog: &assort::Catalog) -> assort::Result<()> {
    /// use assort::ClassifyOptions;
    /// use assort::read::{Input, Mapping, ProductReader};
    ///
    /// let rows = ProductReader::new(Input::open("held-out.csv", None)?, &Mapping::default())?;
    /// let found = catalog.evaluate(rows, &ClassifyOptions::default(), 10, &mut ())?;
    /// println!("{:.4} right", found.report.scores.accuracy);
    /// println!("confidence is off by {:.4}", found.confidence.ece);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`Catalog::classify`], [`Error::Input`] if no row can be
    /// used, [`Error::Interrupted`], and the first error among `rows`.
    pub fn evaluate(
        &self,
        rows: impl IntoIterator<Item: Into<InputRow>>,
        options: &ClassifyOptions,
        confusions: usize,
        observer: &mut dyn Observer,
    ) -> Result<Evaluation> {
        observer.progress(Progress::Evaluate { done: 0 });
        let taxonomy = self.taxonomy()?;
        let mut judged = Judged {
            known: self.labelled_contents()?,
            ..Judged::default()
        };
        let mut rejected = 0;
        let mut group: Vec<(Product, CategoryIndex)> = Vec::new();
        let most = self.classify_batch(options)?;
        let mut rows = rows.into_iter().peekable();
        while let Some(row) = rows.next() {
            let known = row.into().whole()?.and_then(|row| {
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
                Ok(known) => group.push(known),
                Err(bad) => {
                    rejected += 1;
                    observer.rejected(&bad);
                }
            }
            if group.len() >= most || rows.peek().is_none() {
                self.judge(&mut judged, std::mem::take(&mut group), options, &taxonomy)?;
                let done = judged.truth.len() as u64;
                observer.progress(Progress::Evaluate { done });
            }
            if observer.stop() {
                return Err(Error::Interrupted);
            }
        }
        if judged.truth.is_empty() {
            return Err(Error::Input {
                file: "the labelled products".to_owned(),
                line: None,
                message: "no row has both a product and a category of the taxonomy, so there is nothing to compare with".to_owned(),
                unstated: None,
            });
        }
        Ok(judged.finished(&taxonomy, options, confusions, rejected))
    }

    /// Digests of what the labelled products say.
    fn labelled_contents(&self) -> Result<HashSet<u128>> {
        let reader = self.state.store.read()?;
        let mut labelled = Vec::new();
        reader.each_label(|row, _| {
            labelled.push(row);
            Ok(())
        })?;
        let words = words(&reader, &labelled)?;
        Ok(words
            .iter()
            .map(|words| content_key(&words.title))
            .collect())
    }

    fn judge(
        &self,
        judged: &mut Judged,
        group: Vec<(Product, CategoryIndex)>,
        options: &ClassifyOptions,
        taxonomy: &Arc<Taxonomy>,
    ) -> Result<()> {
        let (products, truth): (Vec<Product>, Vec<CategoryIndex>) = group.into_iter().unzip();
        let (decided, classifier) =
            self.again_if_moved(|| self.decide(&products, options, true))?;
        let candidates = classifier.candidates();
        for ((product, truth), one) in products.iter().zip(truth).zip(decided) {
            let place = candidates.position(truth);
            judged.ranking.add(&one.shares, candidates.len(), place);
            let known = judged.known.contains(&content_key(&product.title));
            judged.overlapping.push(known);
            judged.add(truth, &one.decision, taxonomy);
        }
        Ok(())
    }
}

impl Judged {
    fn add(&mut self, truth: CategoryIndex, decision: &Decision, taxonomy: &Taxonomy) {
        let holds = |category: CategoryIndex| taxonomy.lineage(category).contains(&truth);
        self.truth.push(truth);
        self.decided.push(decision.category);
        self.is_calibrated |= decision.is_calibrated;
        let best = decision.alternatives.first();
        let (confidence, right) =
            best.map_or((0.0, false), |best| (best.confidence, holds(best.category)));
        self.confidence.push((confidence, right));
        if let Some(set) = &decision.set {
            let (sets, held, size) = &mut self.sets;
            *sets += 1;
            *held += usize::from(set.iter().any(|one| holds(one.category)));
            *size += set.len();
        }
    }

    fn finished(
        &self,
        taxonomy: &Taxonomy,
        options: &ClassifyOptions,
        confusions: usize,
        rejected: u64,
    ) -> Evaluation {
        let path = |category| taxonomy.lineage(category);
        let of = |wanted: &dyn Fn(usize) -> bool, confusions| {
            let all = (0..self.truth.len()).filter(|&at| wanted(at));
            let (truth, decided): (Vec<_>, Vec<_>) =
                all.map(|at| (self.truth[at], self.decided[at])).unzip();
            Report::new(&truth, &decided, path, confusions)
        };
        let (sets, held, size) = self.sets;
        let share = |part: usize| part as f64 / sets.max(1) as f64;
        Evaluation {
            method: options.method,
            report: of(&|_| true, confusions),
            confidence: ConfidenceReport::new(&self.confidence),
            is_calibrated: self.is_calibrated,
            ranking: self.ranking.finish(),
            overlap: Overlap {
                products: self.overlapping.iter().filter(|known| **known).count(),
                accuracy_without: self
                    .overlapping
                    .contains(&false)
                    .then(|| of(&|at| !self.overlapping[at], 0).scores.accuracy),
            },
            sets: options
                .set_coverage
                .filter(|_| sets > 0)
                .map(|asked| SetReport {
                    asked: f64::from(asked),
                    coverage: share(held),
                    mean_size: share(size),
                }),
            rejected,
        }
    }
}
