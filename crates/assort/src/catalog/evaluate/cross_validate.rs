//! Cross-validation: the catalog's own labels, each judged by what was learned from
//! others.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use assort_core::chance::{FACTOR, mix};
use assort_core::{CategoryIndex, Method, Spread, stratified_group_folds};

use super::evaluation::{
    CrossValidateOptions, CrossValidation, EvaluateOptions, Evaluation, Fold, LearningPoint,
};
use super::judged::Judged;
use crate::catalog::Catalog;
use crate::classifier::{Apart, Decided, LearnedApart, Queries, StoredEvidence, Words, decide};
use crate::knn::effort::Effort;
use crate::observer::{Observer, Progress, WithoutCurves};
use crate::store::Reader;
use crate::{Error, Result, Taxonomy};

/// Products that are judged together.
const GROUP: usize = 2048;

/// Parts of the labels that a learning curve is measured at, beside all of them.
const CURVE: [f64; 4] = [1.0 / 16.0, 1.0 / 8.0, 1.0 / 4.0, 1.0 / 2.0];

impl Catalog {
    /// Judges how the catalog files new products, by its own labels: they are divided
    /// into parts, and each part is filed by a classifier that learned from the others
    /// alone, in the way of the one in force, with heads if that has any or
    /// [`assort_core::Method::Head`] is asked for. Products of the same content are in
    /// one part, and every category is spread over the parts. Nothing of this is kept,
    /// and what is in force stays.
    ///
    /// Products whose label the catalog's own student has learned are not judged; see
    /// [`CrossValidation::taught`].
    ///
    /// ```no_run
    /// # fn example(catalog: &assort::Catalog) -> assort::Result<()> {
    /// use assort::CrossValidateOptions;
    ///
    /// let options = CrossValidateOptions::default().with_folds(5);
    /// let found = catalog.cross_validate(&options, &mut ())?;
    /// if let Some(folds) = &found.cross_validation {
    ///     let accuracy = folds.spread(|fold| fold.accuracy);
    ///     println!("{:.3} ± {:.3} right", accuracy.mean, accuracy.deviation);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Argument`] for fewer than two parts or more than there are labelled
    /// products of different content, [`Error::NoLabels`], [`Error::Precondition`] if
    /// labels cannot be learned from or judged by, [`Error::Interrupted`], and those of
    /// [`Catalog::classify`].
    pub fn cross_validate(
        &self,
        options: &CrossValidateOptions,
        observer: &mut dyn Observer,
    ) -> Result<Evaluation> {
        self.again_if_moved(|| {
            let (reader, snapshot) = self.state.view()?;
            let embedder = self.embedder_for(&reader).ok();
            let embedder = embedder.as_deref();
            let apart = Apart::new(&self.state, &reader, &snapshot, embedder, observer)?;
            let taxonomy = self.state.taxonomy_in(&reader)?;
            let parts = Parts::of(&apart, options)?;
            let run = Run {
                reader: &reader,
                taxonomy: &taxonomy,
                apart: &apart,
                parts: &parts,
                options: &options.evaluate,
            };
            run.evaluation(options.learning_curve, observer)
        })
    }
}

/// The labels, divided.
struct Parts {
    folds: usize,
    contents: Vec<u128>,
    /// The part of each labelled product.
    of: Vec<usize>,
    /// Those that cannot be judged.
    taught: Vec<bool>,
}

impl Parts {
    fn of(apart: &Apart<'_>, options: &CrossValidateOptions) -> Result<Self> {
        let (folds, contents) = (options.folds, apart.contents());
        if contents.is_empty() {
            return Err(Error::NoLabels);
        }
        let different = contents.iter().collect::<HashSet<_>>().len();
        if !(2..=different).contains(&folds) {
            return Err(Error::Argument(format!(
                "labels cannot be divided into {folds} parts: it takes two parts at least, and no more than there are labelled products of different content, which are {different}"
            )));
        }
        let taught = apart.taught()?;
        if !taught.contains(&false) {
            return Err(Error::Precondition(
                "the embedder has learned every label there is, so none can be held out".to_owned(),
            ));
        }
        let seed = options.evaluate.seed;
        Ok(Self {
            of: stratified_group_folds(apart.categories(), &contents, folds, seed),
            folds,
            contents,
            taught,
        })
    }

    /// Products of a part, of which only those that may be judged.
    fn judged(&self, fold: usize) -> Vec<usize> {
        let own = |at: &usize| self.of[*at] == fold && !self.taught[*at];
        (0..self.of.len()).filter(own).collect()
    }

    /// Products whose labels are not learned from for a part: its own, and all others
    /// but so large a part of the contents.
    fn without(&self, fold: usize, part: f64, seed: u64) -> Vec<usize> {
        let is_out = |at: &usize| {
            let own = self.contents[*at] as u64 ^ seed.wrapping_mul(FACTOR);
            self.of[*at] == fold || mix(own) as f64 / u64::MAX as f64 > part
        };
        (0..self.of.len()).filter(is_out).collect()
    }

    /// Categories with fewer contents than parts, and the products of those.
    fn sparse(&self, categories: &[CategoryIndex]) -> (usize, usize) {
        let mut contents: BTreeMap<CategoryIndex, BTreeSet<u128>> = BTreeMap::new();
        for (category, content) in categories.iter().zip(&self.contents) {
            contents.entry(*category).or_default().insert(*content);
        }
        let is_sparse = |category: &CategoryIndex| contents[category].len() < self.folds;
        let products = categories.iter().filter(|category| is_sparse(category));
        let sparse = contents.keys().filter(|category| is_sparse(category));
        (sparse.count(), products.count())
    }
}

/// A cross-validation under way.
struct Run<'a> {
    reader: &'a Reader<'a>,
    taxonomy: &'a Taxonomy,
    apart: &'a Apart<'a>,
    parts: &'a Parts,
    options: &'a EvaluateOptions,
}

impl Run<'_> {
    fn evaluation(&self, learning_curve: bool, observer: &mut dyn Observer) -> Result<Evaluation> {
        let mut judged = Judged::new(self.taxonomy);
        let mut folds = Vec::new();
        let points = if learning_curve { CURVE.len() } else { 0 };
        let mut curve: Vec<Vec<Fold>> = vec![Vec::new(); points];
        for fold in 0..self.parts.folds {
            for (point, part) in curve.iter_mut().zip(CURVE) {
                let mut judged = Judged::new(self.taxonomy);
                point.extend(self.fold(fold, part, &mut judged, observer)?);
            }
            folds.extend(self.fold(fold, 1.0, &mut judged, observer)?);
        }
        if learning_curve {
            curve.push(folds.clone());
        }
        let (sparse_categories, sparse_products) = self.parts.sparse(self.apart.categories());
        let evaluation = judged.finished(self.options, &*observer)?;
        Ok(Evaluation {
            cross_validation: Some(CrossValidation {
                folds,
                sparse_categories,
                sparse_products,
                taught: self.parts.taught.iter().filter(|taught| **taught).count(),
                learning_curve: curve.iter().map(|folds| point(folds)).collect(),
            }),
            ..evaluation
        })
    }

    /// Files the products of a part by so large a part of the other labels; none where no
    /// product of it can be judged.
    fn fold(
        &self,
        fold: usize,
        part: f64,
        judged: &mut Judged<'_>,
        observer: &mut dyn Observer,
    ) -> Result<Option<Fold>> {
        let products = self.parts.judged(fold);
        if products.is_empty() {
            return Ok(None);
        }
        let without = self.parts.without(fold, part, self.options.seed);
        let labels = self.parts.of.len() - without.len();
        observer.progress(Progress::Fold {
            number: fold + 1,
            of: self.parts.folds,
            labels: labels as u64,
        });
        let methods = self.options.methods();
        let needs_head = methods.iter().any(|one| one.method == Method::Head);
        let mut quiet = WithoutCurves(observer);
        let learned = self.apart.learn(&without, needs_head, &mut quiet)?;
        let first = judged.len();
        observer.progress(Progress::Evaluate { done: first as u64 });
        for group in products.chunks(GROUP) {
            if observer.stop() {
                return Err(Error::Interrupted);
            }
            self.judge(judged, &learned, group)?;
            let done = judged.len() as u64;
            observer.progress(Progress::Evaluate { done });
        }
        let report = judged.report(first..judged.len());
        Ok(Some(Fold {
            labels,
            products: report.products,
            accuracy: report.scores.accuracy,
            balanced_accuracy: report.scores.balanced_accuracy,
            weighted_f1: report.scores.weighted_f1,
            macro_f1: report.scores.macro_f1,
            mean_weighted_f1: report.mean_weighted_f1(),
            hierarchical_f1: report.hierarchical_f1,
            ece: judged.confidence(first..judged.len()).ece,
        }))
    }

    fn judge(
        &self,
        judged: &mut Judged<'_>,
        learned: &LearnedApart,
        products: &[usize],
    ) -> Result<()> {
        let words = self.apart.words();
        let inputs: Vec<_> = products
            .iter()
            .map(|&at| Words::input(&words[at]))
            .collect();
        let rows = self.apart.rows();
        let without: Vec<Option<u32>> = products.iter().map(|&at| Some(rows[at])).collect();
        let LearnedApart {
            classifier,
            snapshot,
        } = learned;
        let queries = Queries {
            vectors: &self.apart.vectors(products)?,
            inputs: &inputs,
            without: &without,
            pictures: &classifier.pictures_of(self.apart.pictures(), &without)?,
            source_categories: &products
                .iter()
                .map(|&at| words[at].source_categories())
                .collect::<Vec<_>>(),
            embedder: self.apart.embedder(),
        };
        let methods = self.options.methods();
        let known = StoredEvidence::of(self.reader)?;
        let effort = Effort::tuned(self.reader.tuning()?);
        let decided: Vec<Vec<Decided>> = methods
            .iter()
            .map(|one| decide(classifier, snapshot, &known, queries, one, effort, true))
            .collect::<Result<_>>()?;
        let of = |at: &usize| self.apart.categories()[*at];
        let truth: Vec<CategoryIndex> = products.iter().map(of).collect();
        let contents = products.iter().map(|&at| self.parts.contents[at]);
        let contents: Vec<u128> = contents.collect();
        judged.add(&truth, &contents, decided, classifier.candidates());
        Ok(())
    }
}

fn point(folds: &[Fold]) -> LearningPoint {
    let spread = |of: fn(&Fold) -> f64| Spread::of(&folds.iter().map(of).collect::<Vec<_>>());
    LearningPoint {
        labels: spread(|fold| fold.labels as f64).mean,
        accuracy: spread(|fold| fold.accuracy),
        mean_weighted_f1: spread(|fold| fold.mean_weighted_f1),
    }
}
