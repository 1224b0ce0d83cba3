//! An evaluation for people.

use assort::core::{CategoryScores, Difference, Report, Taxonomy};
use assort::{CrossValidation, Evaluation, Fold, MethodComparison};

use super::{Evaluated, caveats, figures};
use crate::render::{Columns, facts};
use crate::text::{count, counted};

pub(super) fn table(evaluated: &Evaluated<'_>) -> String {
    let Evaluated {
        evaluation,
        taxonomy,
        listed,
        ..
    } = *evaluated;
    let mut text = of_report(&evaluation.report, taxonomy, listed);
    text.push_str(&categories(&evaluation.report, taxonomy, listed));
    text.push('\n');
    text.push_str(&confidence(evaluation));
    if let Some(parts) = &evaluation.cross_validation {
        text.push('\n');
        text.push_str(&folds(parts));
    }
    if let Some(with) = &evaluation.comparison {
        text.push('\n');
        text.push_str(&comparison(evaluation, with));
    }
    text
}

/// The figures of decisions, and so many of the mistakes.
pub(crate) fn of_report(report: &Report, taxonomy: &Taxonomy, listed: usize) -> String {
    let mut text = facts(&[
        ("products", count(report.products as u64)),
        (
            "decided",
            format!(
                "{} ({:.1}%)",
                count(report.decided as u64),
                100.0 * report.coverage
            ),
        ),
        (
            "hierarchical",
            format!(
                "precision {:.4}, recall {:.4}, F1 {:.4}",
                report.hierarchical_precision, report.hierarchical_recall, report.hierarchical_f1
            ),
        ),
        (
            "levels",
            format!("mean weighted F1 {:.4}", report.mean_weighted_f1()),
        ),
    ]);
    text.push('\n');
    text.push_str(&levels(report));
    if listed > 0 && report.errors > 0 {
        text.push('\n');
        text.push_str(&mistakes(report, taxonomy, listed));
    }
    text
}

fn levels(report: &Report) -> String {
    let levels = report.levels.iter().map(|level| {
        let share = format!("{:.1}%", 100.0 * level.error_share);
        (format!("level {}", level.level), level.scores, share)
    });
    let whole = ("category".to_owned(), report.scores, String::new());
    let rows: Vec<Vec<String>> = levels
        .chain([whole])
        .map(|(name, scores, share)| {
            let figures = figures(&scores).map(|figure| format!("{figure:.4}"));
            [name].into_iter().chain(figures).chain([share]).collect()
        })
        .collect();
    let header = [
        "", "accuracy", "balanced", "w.prec", "w.recall", "w.F1", "m.prec", "m.recall", "m.F1",
        "errors",
    ];
    let mut text = Columns::new(&[9, 8, 8, 8, 8, 8, 8, 8, 8, 8]).lines(Some(&header), &rows);
    text.push_str(
        "(w. weighted by products, m. mean over categories; errors: the part of all mistakes in\nwhich decision and truth part on that level)\n",
    );
    text
}

fn mistakes(report: &Report, taxonomy: &Taxonomy, listed: usize) -> String {
    let rows: Vec<Vec<String>> = report
        .confusions
        .iter()
        .take(listed)
        .map(|one| {
            vec![
                count(one.count as u64),
                taxonomy.path(one.truth),
                taxonomy.path(one.decided),
            ]
        })
        .collect();
    let header = ["count", "is", "was taken for"];
    let mut text = Columns::new(&[6, 0, 0]).lines(Some(&header), &rows);
    text.push('\n');
    let siblings = &report.siblings;
    text.push_str(&format!(
        "{} of {} stay among categories of one parent ({:.1}%)\n",
        count(siblings.errors as u64),
        counted(report.errors as u64, "mistake", "mistakes"),
        100.0 * siblings.share
    ));
    let rows: Vec<Vec<String>> = siblings
        .pairs
        .iter()
        .take(listed)
        .map(|pair| {
            vec![
                count(pair.count() as u64),
                taxonomy.path(pair.first),
                taxonomy.category(pair.second).name.clone(),
                format!(
                    "{} as the other, {} back",
                    pair.first_as_second, pair.second_as_first
                ),
            ]
        })
        .collect();
    if !rows.is_empty() {
        let header = ["count", "category", "and its sibling", ""];
        text.push_str(&Columns::new(&[6, 0, 0, 28]).lines(Some(&header), &rows));
    }
    text
}

/// The categories that lose the most products.
fn categories(report: &Report, taxonomy: &Taxonomy, listed: usize) -> String {
    let missed = |one: &CategoryScores| one.support - one.right;
    let mut worst: Vec<&CategoryScores> = report.categories.iter().collect();
    worst.retain(|one| missed(one) > 0);
    worst.sort_by_key(|one| std::cmp::Reverse(missed(one)));
    worst.truncate(listed);
    if worst.is_empty() {
        return String::new();
    }
    let row = |one: &CategoryScores| {
        let taken_for = one
            .taken_for
            .map(|(other, count)| format!("{count} {}", taxonomy.path(other)));
        let figures = [one.precision, one.recall, one.f1].map(|figure| format!("{figure:.4}"));
        let counts = [missed(one), one.support].map(|number| count(number as u64));
        let path = taxonomy.path(one.category);
        let all = counts.into_iter().chain(figures).chain([path]);
        all.chain(taken_for.or(Some(String::new()))).collect()
    };
    let rows: Vec<Vec<String>> = worst.into_iter().map(row).collect();
    let header = [
        "missed",
        "of",
        "prec",
        "recall",
        "F1",
        "category",
        "taken most often for",
    ];
    let table = Columns::new(&[6, 6, 6, 6, 6, 0, 0]).lines(Some(&header), &rows);
    format!("\n{table}")
}

/// What is known of confidence.
fn confidence(evaluation: &Evaluation) -> String {
    let found = &evaluation.confidence;
    let kind = match evaluation.is_calibrated {
        true => "calibrated",
        false => "assumed",
    };
    let coverage: Vec<String> = found
        .coverage_at_precision
        .iter()
        .map(|one| {
            let (precision, coverage) = (100.0 * one.precision, 100.0 * one.coverage);
            format!("{precision:.0}%: {coverage:.1}%")
        })
        .collect();
    let mut known = vec![
        (
            "confidence",
            format!(
                "{kind}, {:.4} on average, off by {:.4} (ECE)",
                found.mean, found.ece
            ),
        ),
        ("coverage at precision", coverage.join(", ")),
        (
            "area under risk and coverage",
            format!("{:.4}", found.risk_coverage_area),
        ),
    ];
    if let Some(ranking) = &evaluation.ranking {
        let auc = ranking
            .auc
            .map_or_else(String::new, |auc| format!(", AUC {auc:.4}"));
        known.push((
            "ranking",
            format!(
                "{:.4} among the first five, log loss {:.4}{auc}",
                ranking.top5_accuracy, ranking.log_loss
            ),
        ));
    }
    if let Some(sets) = evaluation.sets {
        known.push((
            "sets",
            format!(
                "{:.1}% hold the truth, {:.2} categories each",
                100.0 * sets.coverage,
                sets.mean_size
            ),
        ));
    }
    known.extend(overlap(evaluation).map(|told| ("overlap", told)));
    facts(&known)
}

/// What the figures owe to labelled products that say the same, if anything.
pub(crate) fn overlap(evaluation: &Evaluation) -> Option<String> {
    let overlap = evaluation.overlap;
    let others = overlap.accuracy_without.map_or_else(
        || "how new products are filed is not told by this".to_owned(),
        |accuracy| format!("without them accuracy is {accuracy:.4}"),
    );
    (overlap.products > 0).then(|| {
        format!(
            "{} of {} products say the same as a labelled one; {others}",
            count(overlap.products as u64),
            count(evaluation.report.products as u64)
        )
    })
}

fn folds(parts: &CrossValidation) -> String {
    let widths: Vec<u16> = std::iter::repeat_n(9, Fold::FIGURES.len() + 3).collect();
    let mut header = vec!["part", "labels", "products"];
    header.extend(Fold::FIGURES.map(|(name, _)| short(name)));
    let mut rows: Vec<Vec<String>> = parts
        .folds
        .iter()
        .zip(1..)
        .map(|(fold, number)| {
            let counts = [number, fold.labels, fold.products].map(|n| count(n as u64));
            let figures = Fold::FIGURES.map(|(_, of)| format!("{:.4}", of(fold)));
            counts.into_iter().chain(figures).collect()
        })
        .collect();
    let spreads = Fold::FIGURES.map(|(_, of)| parts.spread(of));
    let line = |name: &str, figures: [f64; Fold::FIGURES.len()]| {
        let blank = [name.to_owned(), String::new(), String::new()];
        let figures = figures.map(|figure| format!("{figure:.4}"));
        blank.into_iter().chain(figures).collect()
    };
    rows.push(line("mean", spreads.map(|spread| spread.mean)));
    rows.push(line("± std", spreads.map(|spread| spread.deviation)));
    let mut text = Columns::new(&widths).lines(Some(&header), &rows);
    for told in caveats(parts) {
        text.push_str(&format!("note: {told}\n"));
    }
    if !parts.learning_curve.is_empty() {
        let rows: Vec<Vec<String>> = parts
            .learning_curve
            .iter()
            .map(|point| {
                let spread = |spread: assort::core::Spread| {
                    format!("{:.4} ± {:.4}", spread.mean, spread.deviation)
                };
                vec![
                    count(point.labels.round() as u64),
                    spread(point.accuracy),
                    spread(point.mean_weighted_f1),
                ]
            })
            .collect();
        let header = ["labels", "accuracy", "levels F1"];
        text.push('\n');
        text.push_str(&Columns::new(&[9, 18, 18]).lines(Some(&header), &rows));
    }
    text
}

/// The name of a figure where there is little room for it.
fn short(name: &str) -> &str {
    match name {
        "balanced_accuracy" => "balanced",
        "weighted_f1" => "w.F1",
        "macro_f1" => "m.F1",
        "mean_weighted_f1" => "levels F1",
        "hierarchical_f1" => "h.F1",
        "ece" => "ECE",
        other => other,
    }
}

fn comparison(evaluation: &Evaluation, with: &MethodComparison) -> String {
    let (first, second) = (evaluation.method, with.method);
    let found = &with.comparison;
    let line = |name: &str, one: &Difference| {
        vec![
            name.to_owned(),
            format!("{:.4}", one.first),
            format!("{:.4}", one.second),
            format!("{:+.4}", one.difference),
            format!("{:+.4} to {:+.4}", one.low, one.high),
            format!("{:.4}", one.p_value),
        ]
    };
    let header = [
        "",
        first.as_str(),
        second.as_str(),
        "difference",
        "95% interval",
        "p",
    ];
    let rows = [
        line("accuracy", &found.accuracy),
        line("levels F1", &found.mean_weighted_f1),
    ];
    let mut text = Columns::new(&[9, 9, 9, 10, 20, 8]).lines(Some(&header), &rows);
    text.push_str(&format!(
        "right by {first} alone: {}, by {second} alone: {}, by both: {}, by none: {}\n({} samples of {} of different content)\n",
        count(found.only_first_right as u64),
        count(found.only_second_right as u64),
        count(found.both_right as u64),
        count(found.none_right as u64),
        count(found.samples as u64),
        counted(found.groups as u64, "group", "groups"),
    ));
    text
}
