//! What an evaluation is asked for, and what it finds.

use assort_core::{Comparison, ConfidenceReport, Method, Ranking, Report, Spread};

use crate::classifier::ClassifyOptions;

/// How to evaluate.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EvaluateOptions {
    /// How products are filed.
    pub classify: ClassifyOptions,
    /// Another method that files the same products, to be compared with.
    pub compare: Option<Method>,
    /// Where chance begins, which draws the samples of a comparison and the parts of
    /// cross-validation: equal seeds give equal figures.
    pub seed: u64,
}

impl From<ClassifyOptions> for EvaluateOptions {
    fn from(classify: ClassifyOptions) -> Self {
        Self {
            classify,
            ..Self::default()
        }
    }
}

impl EvaluateOptions {
    /// The same with another value of [`Self::classify`].
    #[must_use]
    pub fn with_classify(mut self, classify: ClassifyOptions) -> Self {
        self.classify = classify;
        self
    }

    /// The same with another value of [`Self::compare`].
    #[must_use]
    pub fn with_compare(mut self, compare: impl Into<Option<Method>>) -> Self {
        self.compare = compare.into();
        self
    }

    /// The same with another value of [`Self::seed`].
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How each method files, the one that is evaluated first.
    pub(super) fn methods(&self) -> Vec<ClassifyOptions> {
        let methods = [Some(self.classify.method), self.compare];
        let of = |method| self.classify.clone().with_method(method);
        methods.into_iter().flatten().map(of).collect()
    }
}

/// How to cross-validate.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CrossValidateOptions {
    /// Parts that the labels are divided into, 2 or more: each is filed by what was
    /// learned from the others.
    pub folds: usize,
    /// Whether to learn from growing parts of the labels too; takes about three times as
    /// long.
    pub learning_curve: bool,
    /// Everything else.
    pub evaluate: EvaluateOptions,
}

impl Default for CrossValidateOptions {
    fn default() -> Self {
        Self {
            folds: 5,
            learning_curve: false,
            evaluate: EvaluateOptions::default(),
        }
    }
}

impl CrossValidateOptions {
    /// The same with another value of [`Self::folds`].
    #[must_use]
    pub fn with_folds(mut self, folds: usize) -> Self {
        self.folds = folds;
        self
    }

    /// The same with another value of [`Self::learning_curve`].
    #[must_use]
    pub fn with_learning_curve(mut self, learning_curve: bool) -> Self {
        self.learning_curve = learning_curve;
        self
    }

    /// The same with another value of [`Self::evaluate`].
    #[must_use]
    pub fn with_evaluate(mut self, evaluate: EvaluateOptions) -> Self {
        self.evaluate = evaluate;
        self
    }
}

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
    /// figures are without them. In cross-validation there are none.
    pub overlap: Overlap,
    /// How often sets of categories hold the truth, if they were asked for.
    pub sets: Option<SetReport>,
    /// How many products were filed by their pictures too; none where pictures have no say,
    /// and in cross-validation.
    pub pictures: Option<PictureUse>,
    /// How the other method does on the same products, if one was asked for.
    pub comparison: Option<MethodComparison>,
    /// What is known of the parts, if this is a cross-validation.
    pub cross_validation: Option<CrossValidation>,
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

/// Products by their pictures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PictureUse {
    /// Those whose picture was used.
    pub used: usize,
    /// Those without a picture: they name none, or it was not opened and the catalog has no
    /// vector of it (see [`Catalog::with_picture_source`](crate::Catalog::with_picture_source)).
    pub without: usize,
    /// Those whose picture could not be used.
    pub unusable: usize,
    /// The id of the first of those, and why.
    pub first_unusable: Option<(String, String)>,
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

/// Two methods on the same products. The first is the one that was evaluated.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct MethodComparison {
    /// The second method.
    pub method: Method,
    /// How they differ; products of the same content are drawn together.
    pub comparison: Comparison,
}

/// What is known of the parts of a cross-validation.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CrossValidation {
    /// The figures of each part.
    pub folds: Vec<Fold>,
    /// Categories with labels of fewer different contents than there are parts: in some
    /// parts none of their products is judged, and where all are, none was learned from.
    pub sparse_categories: usize,
    /// Labelled products of those.
    pub sparse_products: usize,
    /// Labelled products that were not judged, since the embedder has learned their
    /// labels.
    pub taught: usize,
    /// How figures grow with the labels that are learned from, the fewest first; empty
    /// unless asked for.
    pub learning_curve: Vec<LearningPoint>,
}

/// Figures of a part of the products.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Fold {
    /// Labels that were learned from.
    pub labels: usize,
    /// Products that were judged.
    pub products: usize,
    /// Share of true decisions.
    pub accuracy: f64,
    /// Mean recall of the true categories.
    pub balanced_accuracy: f64,
    /// Mean F1, weighted by products.
    pub weighted_f1: f64,
    /// Mean F1, every category alike.
    pub macro_f1: f64,
    /// Mean F1 weighted by products, the mean of all levels.
    pub mean_weighted_f1: f64,
    /// F1 of categories with their ancestors.
    pub hierarchical_f1: f64,
    /// Expected calibration error.
    pub ece: f64,
}

/// A figure of a part: its name, and where it stands.
pub type FoldFigure = (&'static str, fn(&Fold) -> f64);

impl Fold {
    /// All figures.
    pub const FIGURES: [FoldFigure; 7] = [
        ("accuracy", |fold| fold.accuracy),
        ("balanced_accuracy", |fold| fold.balanced_accuracy),
        ("weighted_f1", |fold| fold.weighted_f1),
        ("macro_f1", |fold| fold.macro_f1),
        ("mean_weighted_f1", |fold| fold.mean_weighted_f1),
        ("hierarchical_f1", |fold| fold.hierarchical_f1),
        ("ece", |fold| fold.ece),
    ];
}

impl CrossValidation {
    /// How a figure differs between the parts.
    pub fn spread(&self, of: impl Fn(&Fold) -> f64) -> Spread {
        let values: Vec<f64> = self.folds.iter().map(of).collect();
        Spread::of(&values)
    }
}

/// What a number of labels is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct LearningPoint {
    /// Labels that were learned from, the mean of all parts.
    pub labels: f64,
    /// Accuracy on the products of the parts.
    pub accuracy: Spread,
    /// Mean F1 weighted by products, the mean of all levels.
    pub mean_weighted_f1: Spread,
}
