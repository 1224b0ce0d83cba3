//! Labels that are likely wrong, by what was believed of products whose content was not
//! learned from.
//!
//! Which labels are counted as errors follows confident learning (Northcutt, Jiang and
//! Chuang, *Confident Learning: Estimating Uncertainty in Dataset Labels*, 2021):
//! another category is believed in at least as much as it is, on average, for products
//! that are labelled with it. They are ranked by the margin between the two.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::candidates::Candidates;
use super::ensemble::Shares;
use crate::taxonomy::CategoryIndex;

/// Categories besides the label that are kept of each product.
const RIVALS: usize = 10;

/// Shares below this tell nothing apart.
const LEAST_SHARE: f32 = 1e-6;

/// Categories overlap where at least this part of their products is taken for the other.
const OVERLAP: f64 = 0.25;

/// Products that must be taken for another category before two are said to overlap.
const MIN_MISTAKEN: u64 = 5;

/// What a classifier that did not learn from a product's content believes of its label.
#[derive(Clone, Debug, PartialEq)]
pub struct BelievedLabel {
    /// The label.
    pub label: CategoryIndex,
    /// The share of the label, or of all candidates below it.
    pub share: f32,
    /// The best candidates that contradict the label with their shares, best first.
    pub rivals: Vec<(CategoryIndex, f32)>,
}

impl BelievedLabel {
    /// What `shares` say of a label; nothing if no source said anything.
    pub fn of(candidates: &Candidates, shares: &Shares, label: CategoryIndex) -> Option<Self> {
        if shares.is_empty() {
            return None;
        }
        let agrees = |category: CategoryIndex| candidates.lineage(category).contains(&label);
        let below = candidates.below_category(label).len();
        let best = shares.best(candidates, RIVALS + below.max(1));
        let rivals = best.into_iter().filter(|(rival, _)| !agrees(*rival));
        Some(Self {
            label,
            share: shares.of_category(candidates, label),
            rivals: rivals.take(RIVALS).collect(),
        })
    }

    /// How far the label is ahead of what contradicts it most, as a logarithm of shares.
    fn margin(&self) -> f32 {
        let rival = self.rivals.first().map_or(0.0, |(_, share)| *share);
        self.share.max(LEAST_SHARE).ln() - rival.max(LEAST_SHARE).ln()
    }
}

/// A label that another category contradicts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelIssue {
    /// Number of the product.
    pub at: usize,
    /// What is believed in more than the label.
    pub suggested: CategoryIndex,
    /// Its share.
    pub suggested_share: f32,
    /// How far the label is ahead of it, as a logarithm of shares: below zero.
    pub margin: f32,
    /// Whether it is counted as an error by confident learning.
    pub is_error: bool,
}

/// The labels that another category contradicts, the worst first.
pub fn label_issues(believed: &[BelievedLabel]) -> Vec<LabelIssue> {
    let usual = usual_shares(believed);
    let mut issues: Vec<LabelIssue> = believed
        .iter()
        .enumerate()
        .filter_map(|(at, one)| {
            let &(suggested, suggested_share) = one.rivals.first()?;
            let margin = one.margin();
            (margin < 0.0).then(|| LabelIssue {
                at,
                suggested,
                suggested_share,
                margin,
                is_error: is_error(one, &usual),
            })
        })
        .collect();
    issues.sort_by(|a, b| a.margin.total_cmp(&b.margin).then(a.at.cmp(&b.at)));
    issues
}

/// The mean share of each label among the products that have it.
fn usual_shares(believed: &[BelievedLabel]) -> BTreeMap<CategoryIndex, f64> {
    let mut sums: BTreeMap<CategoryIndex, (f64, u64)> = BTreeMap::new();
    for one in believed {
        let sum = sums.entry(one.label).or_default();
        *sum = (sum.0 + f64::from(one.share), sum.1 + 1);
    }
    let mean = |(label, (sum, count))| (label, sum / count as f64);
    sums.into_iter().map(mean).collect()
}

/// Whether, of the categories that are believed in as much as is usual for them, the one
/// with the greatest share is not the label.
fn is_error(one: &BelievedLabel, usual: &BTreeMap<CategoryIndex, f64>) -> bool {
    let is_usual = |category: &CategoryIndex, share: f32| {
        let usual = usual.get(category);
        usual.is_some_and(|usual| f64::from(share) >= *usual)
    };
    let rival = one
        .rivals
        .iter()
        .find(|(rival, share)| is_usual(rival, *share));
    let own = is_usual(&one.label, one.share);
    rival.is_some_and(|(_, share)| !own || *share > one.share)
}

/// Two categories that products do not tell apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OverlappingCategories {
    /// The two, in ascending order.
    pub categories: [CategoryIndex; 2],
    /// Products that are labelled with either, and believed to be either.
    pub products: u64,
    /// How many of them are believed to be the other.
    pub mistaken: u64,
}

/// The pairs of categories that overlap, those with most mistaken products first.
pub fn overlapping_categories(believed: &[BelievedLabel]) -> Vec<OverlappingCategories> {
    let mut right: BTreeMap<CategoryIndex, u64> = BTreeMap::new();
    let mut mistaken: BTreeMap<[CategoryIndex; 2], u64> = BTreeMap::new();
    for one in believed {
        match one.rivals.first() {
            Some(&(rival, _)) if one.margin() < 0.0 => {
                let pair = [one.label.min(rival), one.label.max(rival)];
                *mistaken.entry(pair).or_default() += 1;
            }
            _ => *right.entry(one.label).or_default() += 1,
        }
    }
    let of = |category: &CategoryIndex| right.get(category).copied().unwrap_or(0);
    let mut pairs: Vec<OverlappingCategories> = mistaken
        .into_iter()
        .map(|(categories, mistaken)| OverlappingCategories {
            categories,
            products: categories.iter().map(of).sum::<u64>() + mistaken,
            mistaken,
        })
        .filter(|pair| {
            pair.mistaken >= MIN_MISTAKEN && pair.mistaken as f64 >= OVERLAP * pair.products as f64
        })
        .collect();
    pairs.sort_by_key(|pair| (Reverse(pair.mistaken), pair.categories));
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::taxonomy::Taxonomy;

    fn believed(label: CategoryIndex, share: f32, rival: CategoryIndex) -> BelievedLabel {
        BelievedLabel {
            label,
            share,
            rivals: vec![(rival, 1.0 - share)],
        }
    }

    /// Ten products of each of two categories, all but the last believed.
    fn shop() -> Vec<BelievedLabel> {
        let mut all: Vec<BelievedLabel> = (0..10).map(|_| believed(1, 0.8, 2)).collect();
        all.extend((0..9).map(|_| believed(2, 0.9, 1)));
        all.push(believed(2, 0.05, 1));
        all
    }

    #[test]
    fn a_label_that_everything_contradicts_is_found_and_mended() {
        let issues = label_issues(&shop());
        let [issue] = issues.as_slice() else {
            panic!("one issue was expected: {issues:?}");
        };
        assert_eq!((issue.at, issue.suggested), (19, 1));
        assert!(issue.is_error && issue.margin < -2.0);
    }

    #[test]
    fn a_contradiction_weaker_than_usual_is_no_error() {
        let mut all = shop();
        all.push(believed(2, 0.45, 1));
        let issues = label_issues(&all);
        assert_eq!(issues.len(), 2);
        assert_eq!((issues[1].at, issues[1].is_error), (20, false));
    }

    #[test]
    fn a_label_on_an_inner_category_agrees_with_all_below_it() {
        let taxonomy = Taxonomy::from_paths(["x > a", "x > b", "y > c"]).unwrap();
        let candidates = Candidates::leaves(&taxonomy);
        let shares = Shares::of(&candidates, vec![0.5, 0.3, 0.2]);
        let inner = taxonomy.resolve("x").unwrap();
        let believed = BelievedLabel::of(&candidates, &shares, inner).unwrap();
        assert!((believed.share - 0.8).abs() < 1e-6);
        assert_eq!(believed.rivals, [(taxonomy.resolve("y > c").unwrap(), 0.2)]);
    }

    #[test]
    fn categories_that_are_mixed_up_both_ways_overlap() {
        let mut all = shop();
        assert_eq!(overlapping_categories(&all), []);
        all.extend((0..6).map(|_| believed(1, 0.3, 2)));
        let pairs = overlapping_categories(&all);
        assert_eq!(pairs.len(), 1);
        let pair = pairs[0];
        assert_eq!((pair.categories, pair.mistaken), ([1, 2], 7));
        assert_eq!(pair.products, 26);
    }
}
