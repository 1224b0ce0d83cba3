//! The expected figures are those of scikit-learn with
//! `zero_division=0` and the labels that occur.

use super::*;

/// Trees `0 > (1 > (3, 4), 2 > 5)`, `6` and `7 > 8`.
fn path(category: CategoryIndex) -> Vec<CategoryIndex> {
    match category {
        1 | 2 => vec![0, category],
        3 | 4 => vec![0, 1, category],
        5 => vec![0, 2, 5],
        8 => vec![7, 8],
        root => vec![root],
    }
}

const TRUTH: [CategoryIndex; 12] = [3, 3, 3, 3, 4, 4, 5, 5, 6, 8, 8, 1];

fn decisions() -> [Option<CategoryIndex>; 12] {
    let mut decided = [3, 3, 4, 5, 4, 3, 5, 0, 6, 6, 0, 3].map(Some);
    decided[7] = None;
    decided[10] = None;
    decided
}

fn report() -> Report {
    Report::new(&TRUTH, &decisions(), path)
}

/// Accuracy, then precision, recall and F1: weighted, macro.
#[track_caller]
fn assert_scores(scores: Scores, expected: [f64; 7]) {
    let found = [
        scores.accuracy,
        scores.weighted_precision,
        scores.weighted_recall,
        scores.weighted_f1,
        scores.macro_precision,
        scores.macro_recall,
        scores.macro_f1,
    ];
    for (found, expected) in found.into_iter().zip(expected) {
        assert_close(found, expected);
    }
}

#[track_caller]
fn assert_close(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() < 1e-12,
        "{found} is not {expected}"
    );
}

#[test]
fn abstentions_are_misses_but_no_false_decisions() {
    let report = report();
    assert_eq!((report.products, report.decided), (12, 10));
    assert_close(report.coverage, 10.0 / 12.0);
    assert_scores(
        report.scores,
        [
            0.6,
            0.5138888888888888,
            0.49999999999999994,
            0.49603174603174605,
            0.5277777777777778,
            0.5833333333333333,
            0.5396825396825397,
        ],
    );
}

#[test]
fn a_decision_above_the_truth_is_none_below_and_right_above() {
    // 3 is decided as 1, which is above it; 5 as 1, which is not.
    let report = Report::new(&[3, 5], &[Some(1), Some(1)], path);
    assert_eq!((report.decided, report.decided_above), (1, 1));
    assert_close(report.levels[0].scores.accuracy, 1.0);
    assert_close(report.levels[1].scores.accuracy, 0.5);
    assert_close(report.scores.accuracy, 0.0);
    // A truth that is an inner category speaks for what lies below.
    let report = Report::new(&[1], &[Some(4)], path);
    assert_close(report.scores.accuracy, 1.0);
    assert!(report.confusions.is_empty());
}

#[test]
fn with_full_coverage_weighted_recall_is_accuracy() {
    let report = Report::new(&[0, 1, 2, 2, 2, 1], &[0, 2, 2, 1, 2, 5].map(Some), path);
    let mean = 0.416_666_666_666_666_63;
    assert_scores(report.scores, [0.5, 0.5, 0.5, 0.5, mean, mean, mean]);
}

#[test]
fn levels_cut_paths() {
    let levels = report().levels;
    let numbers: Vec<_> = levels.iter().map(|level| level.level).collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert_scores(
        levels[0].scores,
        [
            0.9,
            0.791_666_666_666_666_6,
            0.75,
            0.761_437_908_496_732,
            0.5,
            0.629_629_629_629_629_7,
            0.535_947_712_418_300_6,
        ],
    );
    assert_scores(
        levels[1].scores,
        [
            0.8,
            0.708_333_333_333_333_4,
            0.666_666_666_666_666_6,
            0.677_350_427_350_427_3,
            0.5,
            0.589_285_714_285_714_3,
            0.522_435_897_435_897_5,
        ],
    );
    assert_eq!(levels[2].scores, report().scores);
}

#[test]
fn ancestors_earn_partial_credit() {
    let report = report();
    assert_close(report.hierarchical_precision, 20.0 / 26.0);
    assert_close(report.hierarchical_recall, 20.0 / 31.0);
    assert_close(report.hierarchical_f1, 0.701_754_385_964_912_3);
}

#[test]
fn confusions_are_the_most_frequent_mistakes() {
    let truth = [1, 1, 5, 5, 4, 3, 3];
    let decided = [2, 2, 4, 4, 3, 4, 3].map(Some);
    let report = Report::new(&truth, &decided, path);
    let found: Vec<_> = report
        .confusions
        .iter()
        .map(|confusion| (confusion.truth, confusion.decided, confusion.count))
        .collect();
    assert_eq!(found, [(1, 2, 2), (5, 4, 2), (3, 4, 1), (4, 3, 1)]);
    assert_eq!(report.errors, 6);
}

#[test]
fn balanced_accuracy_is_the_mean_recall_of_true_categories() {
    // As scikit-learn has it: 6 is decided on but never true, and does not count.
    let report = Report::new(&[3, 3, 5, 5], &[3, 6, 5, 5].map(Some), path);
    assert_close(report.scores.balanced_accuracy, 0.75);
    assert_close(report.scores.macro_recall, 0.5);
}

#[test]
fn mistakes_part_on_a_level_and_some_stay_among_siblings() {
    // Siblings 3 and 4, and 1 and 2; 5 is taken for 4 below another parent, 8 for a root.
    let truth = [3, 3, 4, 1, 5, 8, 3];
    let decided = [4, 4, 3, 2, 4, 6, 3].map(Some);
    let report = Report::new(&truth, &decided, path);
    let shares: Vec<f64> = report
        .levels
        .iter()
        .map(|level| level.error_share)
        .collect();
    assert_close(shares.iter().sum(), 1.0);
    assert_close(shares[0], 1.0 / 6.0);
    assert_close(shares[1], 2.0 / 6.0);
    assert_close(shares[2], 3.0 / 6.0);
    let siblings = report.siblings;
    assert_eq!(siblings.errors, 4);
    assert_close(siblings.share, 4.0 / 6.0);
    let pair = |pair: &SiblingPair| {
        let (there, back) = (pair.first_as_second, pair.second_as_first);
        (pair.first, pair.second, there, back)
    };
    let pairs: Vec<_> = siblings.pairs.iter().map(pair).collect();
    assert_eq!(pairs, [(3, 4, 2, 1), (1, 2, 1, 0)]);
    // Roots have no parent.
    let report = Report::new(&[0, 6], &[6, 0].map(Some), path);
    assert_eq!((report.siblings.errors, report.errors), (0, 2));
}

#[test]
fn every_category_has_its_figures() {
    let report = report();
    let of = |category| {
        let mut all = report.categories.iter();
        *all.find(|one| one.category == category).unwrap()
    };
    let shoes = of(3);
    assert_eq!((shoes.support, shoes.decided, shoes.right), (4, 3, 2));
    assert_close(shoes.precision, 2.0 / 3.0);
    assert_close(shoes.recall, 0.5);
    assert_close(shoes.f1, 4.0 / 7.0);
    assert_eq!(shoes.taken_for, Some((4, 1)));
    let never_decided = of(8);
    assert_eq!((never_decided.support, never_decided.decided), (2, 0));
    assert_close(never_decided.f1, 0.0);
    let weighted: f64 = report
        .categories
        .iter()
        .map(|one| one.support as f64 / 12.0 * one.f1)
        .sum();
    assert_close(weighted, report.scores.weighted_f1);
}

#[test]
fn nothing_to_divide_by_gives_zero() {
    assert_eq!(Report::new(&[], &[], path), Report::default());
    let report = Report::new(&[3, 6], &[None, None], path);
    assert_eq!(report.scores, Scores::default());
    assert_eq!(report.errors, 0);
    assert_eq!((report.coverage, report.hierarchical_f1), (0.0, 0.0));
    assert_eq!(report.levels.len(), 3);
}
