//! Precision, recall and F1 over categories.

use std::collections::BTreeMap;

use super::{harmonic, ratio};
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
}

#[derive(Default)]
struct Counts {
    truth: usize,
    decided: usize,
    both: usize,
}

impl Scores {
    /// Scores pairs of truth and decision.
    pub(super) fn new(pairs: impl Iterator<Item = (CategoryIndex, Option<CategoryIndex>)>) -> Self {
        let mut categories: BTreeMap<CategoryIndex, Counts> = BTreeMap::new();
        for (truth, decided) in pairs {
            categories.entry(truth).or_default().truth += 1;
            if let Some(decided) = decided {
                let counts = categories.entry(decided).or_default();
                counts.decided += 1;
                counts.both += usize::from(decided == truth);
            }
        }
        let total = |part: fn(&Counts) -> usize| categories.values().map(part).sum();
        let (products, decided): (usize, usize) = (total(|c| c.truth), total(|c| c.decided));
        let mut scores = Self {
            accuracy: ratio(total(|c| c.both), decided),
            ..Self::default()
        };
        for counts in categories.values() {
            let weight = ratio(counts.truth, products);
            let share = ratio(1, categories.len());
            let precision = ratio(counts.both, counts.decided);
            let recall = ratio(counts.both, counts.truth);
            let f1 = harmonic(precision, recall);
            scores.weighted_precision += weight * precision;
            scores.weighted_recall += weight * recall;
            scores.weighted_f1 += weight * f1;
            scores.macro_precision += share * precision;
            scores.macro_recall += share * recall;
            scores.macro_f1 += share * f1;
        }
        scores
    }
}
