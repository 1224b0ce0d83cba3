//! Precision, recall and F1 over categories.

use std::collections::BTreeMap;

use super::{Confusion, Pair, ratio};
use crate::CategoryIndex;

/// Measures over categories, all between 0 and 1.
///
/// The precision of a category is the share of true decisions among those for
/// it, its recall the share of its products that were found; an abstention
/// finds nothing. *Weighted* means weigh each category by its products, *macro*
/// means all the same: those that occur in the truth or the decisions. A
/// measure that would divide by nothing is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scores {
    /// Share of the decisions that are true. Products without a decision do
    /// not count, see [`Report::coverage`](super::Report::coverage).
    pub accuracy: f64,
    /// Mean precision, weighted.
    pub weighted_precision: f64,
    /// Mean recall, weighted; the share of all products decided rightly.
    pub weighted_recall: f64,
    /// Mean F1, weighted.
    pub weighted_f1: f64,
    /// Mean precision, every category alike.
    pub macro_precision: f64,
    /// Mean recall, every category alike.
    pub macro_recall: f64,
    /// Mean F1, every category alike.
    pub macro_f1: f64,
    /// Mean recall of the categories that occur in the truth, every one alike.
    pub balanced_accuracy: f64,
}

/// How well one category is found.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CategoryScores {
    /// The category.
    pub category: CategoryIndex,
    /// Number of its products.
    pub support: usize,
    /// Number of products it was given to.
    pub decided: usize,
    /// Number of its products that it was given to.
    pub right: usize,
    /// Share of the products it was given to that are its own.
    pub precision: f64,
    /// Share of its products that it was given to.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
    /// What its products were most often taken for, and how many of them.
    pub taken_for: Option<(CategoryIndex, usize)>,
}

/// How often a category is true, decided on, and both.
#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) truth: usize,
    pub(super) decided: usize,
    pub(super) both: usize,
}

impl Counts {
    pub(super) fn precision(self) -> f64 {
        ratio(self.both, self.decided)
    }

    pub(super) fn recall(self) -> f64 {
        ratio(self.both, self.truth)
    }

    /// Harmonic mean of the two.
    pub(super) fn f1(self) -> f64 {
        ratio(2 * self.both, self.truth + self.decided)
    }
}

/// Counts of all categories that occur in pairs of truth and decision.
pub(super) fn counts(pairs: impl Iterator<Item = Pair>) -> BTreeMap<CategoryIndex, Counts> {
    let mut categories: BTreeMap<CategoryIndex, Counts> = BTreeMap::new();
    for (truth, decided) in pairs {
        categories.entry(truth).or_default().truth += 1;
        if let Some(decided) = decided {
            let counts = categories.entry(decided).or_default();
            counts.decided += 1;
            counts.both += usize::from(decided == truth);
        }
    }
    categories
}

impl Scores {
    /// The scores of categories that were counted.
    pub(super) fn of(categories: &BTreeMap<CategoryIndex, Counts>) -> Self {
        let total = |part: fn(&Counts) -> usize| categories.values().map(part).sum();
        let (products, decided): (usize, usize) = (total(|c| c.truth), total(|c| c.decided));
        let true_categories = categories.values().filter(|c| c.truth > 0).count();
        let mut scores = Self {
            accuracy: ratio(total(|c| c.both), decided),
            ..Self::default()
        };
        for counts in categories.values() {
            let weight = ratio(counts.truth, products);
            let share = ratio(1, categories.len());
            let (precision, recall, f1) = (counts.precision(), counts.recall(), counts.f1());
            scores.weighted_precision += weight * precision;
            scores.weighted_recall += weight * recall;
            scores.weighted_f1 += weight * f1;
            scores.macro_precision += share * precision;
            scores.macro_recall += share * recall;
            scores.macro_f1 += share * f1;
            scores.balanced_accuracy += ratio(1, true_categories) * recall;
        }
        scores
    }
}

impl CategoryScores {
    /// The scores of each category that was counted, in ascending order. `confusions`
    /// are all mistakes, the most frequent first.
    pub(super) fn all(
        categories: &BTreeMap<CategoryIndex, Counts>,
        confusions: &[Confusion],
    ) -> Vec<Self> {
        let mut taken_for = BTreeMap::new();
        for one in confusions {
            taken_for
                .entry(one.truth)
                .or_insert((one.decided, one.count));
        }
        let scores = |(&category, counts): (&CategoryIndex, &Counts)| Self {
            category,
            support: counts.truth,
            decided: counts.decided,
            right: counts.both,
            precision: counts.precision(),
            recall: counts.recall(),
            f1: counts.f1(),
            taken_for: taken_for.get(&category).copied(),
        };
        categories.iter().map(scores).collect()
    }
}
