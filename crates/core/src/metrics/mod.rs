//! How good decisions are: a function from decisions and truth to figures.
//!
//! The usual measures are those of scikit-learn's
//! `precision_recall_fscore_support` with `zero_division=0`; the hierarchical
//! ones are those of Kiritchenko, Matwin, Nock and Famili, *Learning and
//! evaluation in the presence of class hierarchies* (2006).

use std::collections::{BTreeMap, BTreeSet};

use crate::CategoryIndex;

mod comparison;
mod confidence;
mod folds;
mod ranking;
mod scores;
mod siblings;

pub use comparison::{Compared, Comparison, Difference};
pub use confidence::{ConfidenceBin, ConfidenceReport, CoverageAtPrecision, RiskAtCoverage};
pub use folds::{Spread, stratified_group_folds};
pub use ranking::{Ranking, RankingInput};
pub use scores::{CategoryScores, Scores};
pub use siblings::{SiblingPair, Siblings};

/// How decisions compare with the truth. All measures lie between 0 and 1, and
/// are 0 where they would divide by nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Number of products.
    pub products: usize,
    /// Number of products that were given a category as deep as the truth.
    pub decided: usize,
    /// Number of products that were given a category above the truth: right, but not to
    /// the end. They count on the levels down to it.
    pub decided_above: usize,
    /// Share of the products that were given a category as deep as the truth.
    pub coverage: f64,
    /// The figures for whole categories.
    pub scores: Scores,
    /// Of the categories decided on and their ancestors, the share that the
    /// truth has too; summed over all products.
    pub hierarchical_precision: f64,
    /// Of the true categories and their ancestors, the share that was decided
    /// on; an abstention finds none of them.
    pub hierarchical_recall: f64,
    /// Harmonic mean of the two.
    pub hierarchical_f1: f64,
    /// The figures by level, the roots first.
    pub levels: Vec<Level>,
    /// Number of decisions that are wrong.
    pub errors: usize,
    /// What was taken for what, most frequent first; ties by truth, then by decision.
    pub confusions: Vec<Confusion>,
    /// Which of the mistakes stay among categories of one parent.
    pub siblings: Siblings,
    /// The figures of each category that occurs in the truth or the decisions, in
    /// ascending order.
    pub categories: Vec<CategoryScores>,
}

/// The figures if categories count as equal that agree down to a level. A
/// category above that level stands for itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Level {
    /// The level, 1 for the roots.
    pub level: usize,
    /// The figures.
    pub scores: Scores,
    /// Share of all mistakes in which decision and truth part on this level; of all
    /// levels together, 1.
    pub error_share: f64,
}

/// A mistake and how often it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confusion {
    /// The true category.
    pub truth: CategoryIndex,
    /// The category decided on.
    pub decided: CategoryIndex,
    /// Number of products.
    pub count: usize,
}

impl Report {
    /// Compares decisions with the truth, product by product.
    ///
    /// `decided` holds `None` where no category was given. `path` leads from a
    /// root to the category itself, both included. A truth that is an inner category speaks for all below it,
    /// so a decision below it is right.
    ///
    /// The two slices are as long as each other; of a longer one, the rest is
    /// not looked at.
    pub fn new(
        truth: &[CategoryIndex],
        decided: &[Option<CategoryIndex>],
        path: impl Fn(CategoryIndex) -> Vec<CategoryIndex>,
    ) -> Self {
        let pairs = || truth.iter().copied().zip(decided.iter().copied());
        let paths = paths_of(pairs(), path);
        let whole: Vec<Pair> = pairs()
            .map(|pair| cut_both(&paths, pair, usize::MAX))
            .collect();
        let confusions = most_frequent(whole.iter().copied());
        let errors = confusions.iter().map(|one| one.count).sum();
        let parted = siblings::parted(&confusions, &paths);
        let levels = (1..=depth(&paths)).map(|level| Level {
            level,
            scores: Scores::of(&scores::counts(
                pairs().map(|pair| cut_both(&paths, pair, level)),
            )),
            error_share: ratio(parted.get(&level).copied().unwrap_or(0), errors),
        });
        let counts = scores::counts(whole.iter().copied());
        let products = whole.len();
        let given = whole
            .iter()
            .filter(|(_, decided)| decided.is_some())
            .count();
        let any = pairs().filter(|(_, decided)| decided.is_some()).count();
        let (precision, recall) = hierarchical(pairs(), &paths);
        Self {
            products,
            decided: given,
            decided_above: any - given,
            coverage: ratio(given, products),
            scores: Scores::of(&counts),
            hierarchical_precision: precision,
            hierarchical_recall: recall,
            hierarchical_f1: harmonic(precision, recall),
            levels: levels.collect(),
            errors,
            siblings: Siblings::of(&confusions, &paths),
            categories: CategoryScores::all(&counts, &confusions),
            confusions,
        }
    }
}

impl Report {
    /// F1 weighted by products, the mean of all levels.
    pub fn mean_weighted_f1(&self) -> f64 {
        let levels = self.levels.iter();
        let sum: f64 = levels.map(|level| level.scores.weighted_f1).sum();
        sum / self.levels.len().max(1) as f64
    }
}

/// Truth and decision of a product.
type Pair = (CategoryIndex, Option<CategoryIndex>);

/// Where categories stand: those from a root to each, itself included.
type Paths = BTreeMap<CategoryIndex, Vec<CategoryIndex>>;

/// The paths of all categories that occur.
fn paths_of(
    pairs: impl Iterator<Item = Pair>,
    path: impl Fn(CategoryIndex) -> Vec<CategoryIndex>,
) -> Paths {
    let categories: BTreeSet<_> = pairs
        .flat_map(|(truth, decided)| [Some(truth), decided])
        .flatten()
        .collect();
    let with_path = categories
        .into_iter()
        .map(|category| (category, path(category)));
    with_path.collect()
}

/// Levels that the deepest category has.
fn depth(paths: &Paths) -> usize {
    paths.values().map(Vec::len).max().unwrap_or(0)
}

/// Truth and decision as far as a level goes. A decision above the truth that leads to
/// it is none on the levels below; one below the truth is the truth.
fn cut_both(paths: &Paths, (truth, decided): Pair, level: usize) -> Pair {
    let own = cut(paths, truth, level);
    let decided = decided.and_then(|decided| {
        let (to, given) = (&paths[&truth], &paths[&decided]);
        if given.len() >= to.len() && given.starts_with(to) {
            return Some(own);
        }
        let ends_above = given.len() < level.min(to.len()) && to.starts_with(given);
        (!ends_above).then(|| cut(paths, decided, level))
    });
    (own, decided)
}

/// The ancestor of `category` on `level`, or itself if it is above that.
fn cut(paths: &Paths, category: CategoryIndex, level: usize) -> CategoryIndex {
    let path = &paths[&category];
    let at = level.min(path.len()).saturating_sub(1);
    path.get(at).copied().unwrap_or(category)
}

/// Micro-averaged precision and recall over sets of categories with their
/// ancestors.
fn hierarchical(pairs: impl Iterator<Item = Pair>, paths: &Paths) -> (f64, f64) {
    let (mut common, mut decided_nodes, mut true_nodes) = (0, 0, 0);
    for (truth, decided) in pairs {
        let truth = &paths[&truth];
        true_nodes += truth.len();
        if let Some(decided) = decided {
            let decided = &paths[&decided];
            decided_nodes += decided.len();
            // In a tree, what two paths share is where they begin.
            let shared = truth.iter().zip(decided).take_while(|(t, d)| t == d);
            common += shared.count();
        }
    }
    (ratio(common, decided_nodes), ratio(common, true_nodes))
}

fn most_frequent(pairs: impl Iterator<Item = Pair>) -> Vec<Confusion> {
    let mut counts = BTreeMap::new();
    for (truth, decided) in pairs {
        if let Some(decided) = decided.filter(|decided| *decided != truth) {
            *counts.entry((truth, decided)).or_insert(0) += 1;
        }
    }
    let mut confusions: Vec<_> = counts
        .into_iter()
        .map(|((truth, decided), count)| Confusion {
            truth,
            decided,
            count,
        })
        .collect();
    // The sort is stable, so ties stay in the order of the map.
    confusions.sort_by_key(|confusion| std::cmp::Reverse(confusion.count));
    confusions
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

fn harmonic(precision: f64, recall: f64) -> f64 {
    if precision + recall == 0.0 {
        0.0
    } else {
        2.0 * precision * recall / (precision + recall)
    }
}

#[cfg(test)]
mod tests;
