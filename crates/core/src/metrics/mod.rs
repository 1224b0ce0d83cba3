//! How good decisions are: a function from decisions and truth to figures.
//!
//! The usual measures are those of scikit-learn's
//! `precision_recall_fscore_support` with `zero_division=0`; the hierarchical
//! ones are those of Kiritchenko, Matwin, Nock and Famili, *Learning and
//! evaluation in the presence of class hierarchies* (2006).

use std::collections::{BTreeMap, BTreeSet};

use crate::CategoryIndex;

mod confidence;
mod ranking;
mod scores;

pub use confidence::{ConfidenceBin, ConfidenceReport, CoverageAtPrecision};
pub use ranking::{Ranking, RankingInput};
pub use scores::Scores;

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
    /// What was most often taken for what, most frequent first; ties by truth,
    /// then by decision.
    pub confusions: Vec<Confusion>,
}

/// The figures if categories count as equal that agree down to a level. A
/// category above that level stands for itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Level {
    /// The level, 1 for the roots.
    pub level: usize,
    /// The figures.
    pub scores: Scores,
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
    /// root to the category itself, both included. At most `confusions`
    /// mistakes are listed. A truth that is an inner category speaks for all below it,
    /// so a decision below it is right.
    ///
    /// The two slices are as long as each other; of a longer one, the rest is
    /// not looked at.
    pub fn new(
        truth: &[CategoryIndex],
        decided: &[Option<CategoryIndex>],
        path: impl Fn(CategoryIndex) -> Vec<CategoryIndex>,
        confusions: usize,
    ) -> Self {
        let pairs = || truth.iter().copied().zip(decided.iter().copied());
        let categories: BTreeSet<_> = pairs()
            .flat_map(|(truth, decided)| [Some(truth), decided])
            .flatten()
            .collect();
        let paths: BTreeMap<_, _> = categories
            .into_iter()
            .map(|category| (category, path(category)))
            .collect();
        let depth = paths.values().map(Vec::len).max().unwrap_or(0);
        let down_to = |level| pairs().map(move |pair| (pair, level));
        let whole: Vec<(CategoryIndex, Option<CategoryIndex>)> = down_to(usize::MAX)
            .map(|(pair, level)| cut_both(&paths, pair, level))
            .collect();
        let levels = (1..=depth).map(|level| Level {
            level,
            scores: Scores::new(down_to(level).map(|(pair, level)| cut_both(&paths, pair, level))),
        });
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
            scores: Scores::new(whole.iter().copied()),
            hierarchical_precision: precision,
            hierarchical_recall: recall,
            hierarchical_f1: harmonic(precision, recall),
            levels: levels.collect(),
            confusions: most_frequent(whole.into_iter(), confusions),
        }
    }
}

/// Truth and decision as far as a level goes. A decision above the truth that leads to
/// it is none on the levels below; one below the truth is the truth.
fn cut_both(
    paths: &BTreeMap<CategoryIndex, Vec<CategoryIndex>>,
    (truth, decided): (CategoryIndex, Option<CategoryIndex>),
    level: usize,
) -> (CategoryIndex, Option<CategoryIndex>) {
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
fn cut(
    paths: &BTreeMap<CategoryIndex, Vec<CategoryIndex>>,
    category: CategoryIndex,
    level: usize,
) -> CategoryIndex {
    let path = &paths[&category];
    let at = level.min(path.len()).saturating_sub(1);
    path.get(at).copied().unwrap_or(category)
}

/// Micro-averaged precision and recall over sets of categories with their
/// ancestors.
fn hierarchical(
    pairs: impl Iterator<Item = (CategoryIndex, Option<CategoryIndex>)>,
    paths: &BTreeMap<CategoryIndex, Vec<CategoryIndex>>,
) -> (f64, f64) {
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

fn most_frequent(
    pairs: impl Iterator<Item = (CategoryIndex, Option<CategoryIndex>)>,
    at_most: usize,
) -> Vec<Confusion> {
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
    confusions.truncate(at_most);
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
