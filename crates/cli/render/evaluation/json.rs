//! An evaluation as one JSON object: all that the table has, and more.

use assort::core::{
    CategoryIndex, CategoryScores, ConfidenceBin, Confusion, Difference, Level, RiskAtCoverage,
    Scores, SiblingPair, Spread, Taxonomy,
};
use assort::{CrossValidation, Fold, LearningPoint, MethodComparison};
use serde_json::{Map, Value, json};

use super::{Evaluated, by_support};
use crate::render::rounded;

pub(super) fn object(evaluated: &Evaluated<'_>) -> Value {
    let Evaluated {
        evaluation,
        taxonomy,
        seconds,
        listed,
    } = *evaluated;
    let report = &evaluation.report;
    let mut object = json!({
        "method": evaluation.method.as_str(),
        "products": report.products,
        "decided": report.decided,
        "decided_above": report.decided_above,
        "coverage": rounded(report.coverage),
    });
    put(&mut object, scores(&report.scores));
    put(
        &mut object,
        json!({
            "mean_weighted_f1": rounded(report.mean_weighted_f1()),
            "hierarchical_precision": rounded(report.hierarchical_precision),
            "hierarchical_recall": rounded(report.hierarchical_recall),
            "hierarchical_f1": rounded(report.hierarchical_f1),
            "levels": report.levels.iter().map(level).collect::<Vec<_>>(),
        }),
    );
    put(&mut object, confidence(evaluated));
    let confusions = report.confusions.iter().take(listed);
    let pairs = report.siblings.pairs.iter().take(listed);
    let categories = by_support(report, taxonomy).into_iter();
    put(
        &mut object,
        json!({
            "errors": report.errors,
            "confusions": confusions.map(|one| confusion(taxonomy, one)).collect::<Vec<_>>(),
            "siblings": {
                "errors": report.siblings.errors,
                "share": rounded(report.siblings.share),
                "pairs": pairs.map(|pair| siblings(taxonomy, pair)).collect::<Vec<_>>(),
            },
            "categories": categories.map(|one| category(taxonomy, one)).collect::<Vec<_>>(),
            "comparison": evaluation.comparison.as_ref().map(comparison),
            "cross_validation": evaluation.cross_validation.as_ref().map(cross_validation),
            "pictures": evaluation.pictures.as_ref().map(|pictures| json!({
                "used": pictures.used,
                "without": pictures.without,
                "unusable": pictures.unusable,
            })),
            "rejected": evaluation.rejected,
            "seconds": rounded(seconds),
            "products_per_second": evaluated
                .products_per_second()
                .map(rounded),
        }),
    );
    object
}

/// Adds the members of another object.
fn put(object: &mut Value, more: Value) {
    if let (Value::Object(object), Value::Object(more)) = (object, more) {
        object.extend(more);
    }
}

impl Evaluated<'_> {
    /// Products that were embedded and filed in a second; none where more than that took
    /// time.
    fn products_per_second(&self) -> Option<f64> {
        let more =
            self.evaluation.comparison.is_some() || self.evaluation.cross_validation.is_some();
        (!more).then_some(self.evaluation.report.products as f64 / self.seconds)
    }
}

fn scores(scores: &Scores) -> Value {
    json!({
        "accuracy": rounded(scores.accuracy),
        "balanced_accuracy": rounded(scores.balanced_accuracy),
        "weighted_precision": rounded(scores.weighted_precision),
        "weighted_recall": rounded(scores.weighted_recall),
        "weighted_f1": rounded(scores.weighted_f1),
        "macro_precision": rounded(scores.macro_precision),
        "macro_recall": rounded(scores.macro_recall),
        "macro_f1": rounded(scores.macro_f1),
    })
}

fn level(level: &Level) -> Value {
    let mut object = json!({ "level": level.level });
    put(&mut object, scores(&level.scores));
    object["error_share"] = rounded(level.error_share);
    object
}

fn confidence(evaluated: &Evaluated<'_>) -> Value {
    let evaluation = evaluated.evaluation;
    let found = &evaluation.confidence;
    let ranking = evaluation.ranking.as_ref();
    let coverage: Map<String, Value> = found
        .coverage_at_precision
        .iter()
        .map(|one| (one.precision.to_string(), rounded(one.coverage)))
        .collect();
    json!({
        "calibrated": evaluation.is_calibrated,
        "mean_confidence": rounded(found.mean),
        "ece": rounded(found.ece),
        "reliability": found.bins.iter().map(bin).collect::<Vec<_>>(),
        "coverage_at_precision": coverage,
        "risk_coverage_area": rounded(found.risk_coverage_area),
        "risk_coverage": found.risk_coverage.iter().map(risk).collect::<Vec<_>>(),
        "top5_accuracy": ranking.map(|ranking| rounded(ranking.top5_accuracy)),
        "log_loss": ranking.map(|ranking| rounded(ranking.log_loss)),
        "auc": ranking.and_then(|ranking| ranking.auc).map(rounded),
        "overlap": {
            "products": evaluation.overlap.products,
            "accuracy_without": evaluation.overlap.accuracy_without.map(rounded),
        },
        "sets": evaluation.sets.map(|sets| json!({
            "asked": rounded(sets.asked),
            "coverage": rounded(sets.coverage),
            "mean_size": rounded(sets.mean_size),
        })),
    })
}

fn bin(bin: &ConfidenceBin) -> Value {
    json!({
        "count": bin.count,
        "confidence": rounded(bin.confidence),
        "accuracy": rounded(bin.accuracy),
    })
}

fn risk(point: &RiskAtCoverage) -> Value {
    json!({
        "confidence": rounded(point.confidence),
        "coverage": rounded(point.coverage),
        "risk": rounded(point.risk),
    })
}

fn id(taxonomy: &Taxonomy, category: CategoryIndex) -> &str {
    &taxonomy.category(category).id
}

fn confusion(taxonomy: &Taxonomy, one: &Confusion) -> Value {
    json!({
        "truth": id(taxonomy, one.truth),
        "decided": id(taxonomy, one.decided),
        "count": one.count,
    })
}

fn siblings(taxonomy: &Taxonomy, pair: &SiblingPair) -> Value {
    json!({
        "first": id(taxonomy, pair.first),
        "second": id(taxonomy, pair.second),
        "first_as_second": pair.first_as_second,
        "second_as_first": pair.second_as_first,
    })
}

/// With the names that scikit-learn's `classification_report` has.
fn category(taxonomy: &Taxonomy, one: &CategoryScores) -> Value {
    json!({
        "id": id(taxonomy, one.category),
        "path": taxonomy.path(one.category),
        "precision": rounded(one.precision),
        "recall": rounded(one.recall),
        "f1-score": rounded(one.f1),
        "support": one.support,
        "decided": one.decided,
        "taken_for": one.taken_for.map(|(other, count)| json!({
            "id": id(taxonomy, other),
            "count": count,
        })),
    })
}

fn comparison(with: &MethodComparison) -> Value {
    let found = &with.comparison;
    json!({
        "method": with.method.as_str(),
        "groups": found.groups,
        "samples": found.samples,
        "both_right": found.both_right,
        "only_first_right": found.only_first_right,
        "only_second_right": found.only_second_right,
        "none_right": found.none_right,
        "accuracy": difference(&found.accuracy),
        "mean_weighted_f1": difference(&found.mean_weighted_f1),
    })
}

fn difference(one: &Difference) -> Value {
    json!({
        "first": rounded(one.first),
        "second": rounded(one.second),
        "difference": rounded(one.difference),
        "low": rounded(one.low),
        "high": rounded(one.high),
        "p_value": rounded(one.p_value),
    })
}

fn cross_validation(parts: &CrossValidation) -> Value {
    let folds = parts.folds.iter().map(|fold| {
        let mut object = json!({ "labels": fold.labels, "products": fold.products });
        for (name, figure) in Fold::FIGURES {
            object[name] = rounded(figure(fold));
        }
        object
    });
    let over_folds =
        Fold::FIGURES.map(|(name, figure)| (name.to_owned(), spread(parts.spread(figure))));
    json!({
        "folds": folds.collect::<Vec<_>>(),
        "over_folds": Value::Object(over_folds.into_iter().collect()),
        "sparse_categories": parts.sparse_categories,
        "sparse_products": parts.sparse_products,
        "taught": parts.taught,
        "learning_curve": parts.learning_curve.iter().map(point).collect::<Vec<_>>(),
    })
}

fn spread(spread: Spread) -> Value {
    json!({ "mean": rounded(spread.mean), "std": rounded(spread.deviation) })
}

fn point(point: &LearningPoint) -> Value {
    json!({
        "labels": rounded(point.labels),
        "accuracy": spread(point.accuracy),
        "mean_weighted_f1": spread(point.mean_weighted_f1),
    })
}
