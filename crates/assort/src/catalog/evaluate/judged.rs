//! Decisions beside the truth, product by product, and the figures of all.

use assort_core::{
    Candidates, CategoryIndex, Compared, Comparison, ConfidenceReport, Decision, PictureProblem,
    Product, RankingInput, Report, Taxonomy,
};

use super::evaluation::{
    EvaluateOptions, Evaluation, MethodComparison, Overlap, PictureUse, SetReport,
};
use crate::classifier::Decided;
use crate::observer::Observer;
use crate::{Error, Result};

/// What is known so far.
pub(super) struct Judged<'a> {
    taxonomy: &'a Taxonomy,
    truth: Vec<CategoryIndex>,
    contents: Vec<u128>,
    decided: Vec<Option<CategoryIndex>>,
    /// What the method decided that is compared with; empty without one.
    others: Vec<Option<CategoryIndex>>,
    confidence: Vec<(f32, bool)>,
    is_calibrated: bool,
    ranking: RankingInput,
    /// Whether each says the same as a labelled product.
    overlapping: Vec<bool>,
    /// Sets, those that hold the truth, and the categories in all of them.
    sets: (usize, usize, usize),
    pictures: Option<PictureUse>,
}

impl<'a> Judged<'a> {
    pub(super) fn new(taxonomy: &'a Taxonomy) -> Self {
        Self {
            taxonomy,
            truth: Vec::new(),
            contents: Vec::new(),
            decided: Vec::new(),
            others: Vec::new(),
            confidence: Vec::new(),
            is_calibrated: false,
            ranking: RankingInput::default(),
            overlapping: Vec::new(),
            sets: (0, 0, 0),
            pictures: None,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.truth.len()
    }

    /// Adds products with what each method decided, the one that is evaluated first.
    pub(super) fn add(
        &mut self,
        truth: &[CategoryIndex],
        contents: &[u128],
        decided: Vec<Vec<Decided>>,
        candidates: &Candidates,
    ) {
        let mut methods = decided.into_iter();
        let own = methods.next().unwrap_or_default();
        for (&truth, one) in truth.iter().zip(&own) {
            let places = match candidates.position(truth) {
                Some(at) => vec![at as u32],
                None => candidates.below_category(truth).to_vec(),
            };
            self.ranking.add(&one.shares, candidates.len(), &places);
            self.add_decision(truth, &one.decision);
        }
        let others = methods.next().unwrap_or_default();
        let others = others.iter().map(|one| one.decision.category);
        self.others.extend(others);
        self.contents.extend(contents);
    }

    /// Tells of the products that were added whether they say the same as a labelled one.
    pub(super) fn overlaps(&mut self, overlapping: impl Iterator<Item = bool>) {
        self.overlapping.extend(overlapping);
    }

    /// Tells of a product whether its picture was found, or why it could not be used.
    pub(super) fn picture(
        &mut self,
        product: &Product,
        found: bool,
        problem: Option<&PictureProblem>,
    ) {
        let pictures = self.pictures.get_or_insert_default();
        match problem {
            Some(problem) => {
                pictures.unusable += 1;
                let first = || (product.id.clone(), problem.to_string());
                pictures.first_unusable.get_or_insert_with(first);
            }
            None if found => pictures.used += 1,
            None => pictures.without += 1,
        }
    }

    fn add_decision(&mut self, truth: CategoryIndex, decision: &Decision) {
        let taxonomy = self.taxonomy;
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

    /// How the decisions on some of the products compare with the truth.
    pub(super) fn report(&self, which: impl Iterator<Item = usize>) -> Report {
        let pairs = which.map(|at| (self.truth[at], self.decided[at]));
        let (truth, decided): (Vec<_>, Vec<_>) = pairs.unzip();
        Report::new(&truth, &decided, |category| self.taxonomy.lineage(category))
    }

    /// How the confidence of some of the products compares with the truth.
    pub(super) fn confidence(&self, which: std::ops::Range<usize>) -> ConfidenceReport {
        ConfidenceReport::new(&self.confidence[which])
    }

    /// The figures of all.
    pub(super) fn finished(
        &self,
        options: &EvaluateOptions,
        observer: &dyn Observer,
    ) -> Result<Evaluation> {
        Ok(Evaluation {
            method: options.classify.method,
            report: self.report(0..self.len()),
            confidence: self.confidence(0..self.len()),
            is_calibrated: self.is_calibrated,
            ranking: self.ranking.finish(),
            overlap: self.overlap(),
            sets: self.set_report(options),
            pictures: self.pictures.clone(),
            comparison: self.comparison(options, observer)?,
            cross_validation: None,
            rejected: 0,
        })
    }

    fn overlap(&self) -> Overlap {
        let others = (0..self.len()).filter(|&at| self.overlapping.get(at) != Some(&true));
        let others: Vec<usize> = others.collect();
        Overlap {
            products: self.len() - others.len(),
            accuracy_without: (!others.is_empty())
                .then(|| self.report(others.into_iter()).scores.accuracy),
        }
    }

    fn set_report(&self, options: &EvaluateOptions) -> Option<SetReport> {
        let (sets, held, size) = self.sets;
        let asked = options.classify.set_coverage.filter(|_| sets > 0)?;
        let share = |part: usize| part as f64 / sets as f64;
        Some(SetReport {
            asked: f64::from(asked),
            coverage: share(held),
            mean_size: share(size),
        })
    }

    fn comparison(
        &self,
        options: &EvaluateOptions,
        observer: &dyn Observer,
    ) -> Result<Option<MethodComparison>> {
        let Some(method) = options.compare else {
            return Ok(None);
        };
        let compared = Compared {
            truth: &self.truth,
            first: &self.decided,
            second: &self.others,
            groups: &self.contents,
        };
        let path = |category| self.taxonomy.lineage(category);
        let comparison = Comparison::new(&compared, path, options.seed, &|| !observer.stop());
        let comparison = comparison.ok_or(Error::Interrupted)?;
        Ok(Some(MethodComparison { method, comparison }))
    }
}
