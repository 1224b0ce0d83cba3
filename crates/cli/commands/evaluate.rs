//! `assort evaluate`

use std::io::Write;
use std::time::Instant;

use assort::Evaluation;
use assort::core::{ConfidenceBin, Report, Taxonomy};
use serde_json::{Value, json};

use super::open_for_writing_else_reading;
use crate::args::{Evaluate, Global, ReportFormat};
use crate::embedder;
use crate::failure::{Done, Outcome};
use crate::files::Files;
use crate::progress::Console;
use crate::rejects::Rejects;
use crate::render::{self, Columns, rounded};
use crate::text::{count, counted};

pub(crate) fn run(args: Evaluate, global: &Global) -> Outcome {
    let (catalog, _) = open_for_writing_else_reading(&args.dir)?;
    let catalog = embedder::of_catalog(catalog, &args.embedder, global)?;
    let encoding = args.columns.encoding.as_deref();
    let files = Files::open(
        std::slice::from_ref(&args.file),
        encoding,
        &args.columns.mapping(&args.text_columns),
    )?;
    let mut console = Console::new(global.quiet);
    files.guesses.iter().for_each(|guess| console.say(guess));
    catalog.prepare(&mut console)?;
    let default = catalog.directory().join("rejects-evaluate.csv");
    let rejects = Rejects::listed(args.rejects.as_deref(), default, files.name());
    console.rejects = Some(rejects);
    let options = args.deciding.options().with_top(1).with_explain(false);
    let begun = Instant::now();
    let evaluation = catalog.evaluate(files, &options, args.confusions, &mut console);
    console.finish();
    console.finish_rejects()?;
    let evaluation = evaluation?;
    let seconds = begun.elapsed().as_secs_f64();
    let mut sink = render::sink(None)?;
    let taxonomy = catalog.taxonomy()?;
    match args.format {
        ReportFormat::Json => writeln!(sink, "{}", object(&evaluation, &taxonomy, seconds))?,
        ReportFormat::Table => {
            write!(sink, "{}", table(&evaluation.report, &taxonomy))?;
            write!(sink, "\n{}", confidence(&evaluation))?;
        }
    }
    sink.flush()?;
    if evaluation.rejected > 0 {
        console.say(&format!(
            "{} left out; the figures are of the others",
            counted(evaluation.rejected, "row was", "rows were")
        ));
        return Ok(Done::WithRejects);
    }
    Ok(Done::Whole)
}

fn object(evaluation: &Evaluation, taxonomy: &Taxonomy, seconds: f64) -> Value {
    let report = &evaluation.report;
    let confidence = &evaluation.confidence;
    let ranking = evaluation.ranking.as_ref();
    let coverage: serde_json::Map<String, Value> = confidence
        .coverage_at_precision
        .iter()
        .map(|one| (one.precision.to_string(), rounded(one.coverage)))
        .collect();
    let bins: Vec<Value> = confidence.bins.iter().map(bin).collect();
    let levels: Vec<Value> = report
        .levels
        .iter()
        .map(|level| {
            json!({
                "level": level.level,
                "accuracy": rounded(level.scores.accuracy),
                "weighted_precision": rounded(level.scores.weighted_precision),
                "weighted_recall": rounded(level.scores.weighted_recall),
                "weighted_f1": rounded(level.scores.weighted_f1),
                "macro_precision": rounded(level.scores.macro_precision),
                "macro_recall": rounded(level.scores.macro_recall),
                "macro_f1": rounded(level.scores.macro_f1),
            })
        })
        .collect();
    let confusions: Vec<Value> = report
        .confusions
        .iter()
        .map(|one| {
            json!({
                "truth": taxonomy.category(one.truth).id,
                "decided": taxonomy.category(one.decided).id,
                "count": one.count,
            })
        })
        .collect();
    json!({
        "method": evaluation.method.as_str(),
        "products": report.products,
        "decided": report.decided,
        "decided_above": report.decided_above,
        "coverage": rounded(report.coverage),
        "accuracy": rounded(report.scores.accuracy),
        "weighted_precision": rounded(report.scores.weighted_precision),
        "weighted_recall": rounded(report.scores.weighted_recall),
        "weighted_f1": rounded(report.scores.weighted_f1),
        "macro_precision": rounded(report.scores.macro_precision),
        "macro_recall": rounded(report.scores.macro_recall),
        "balanced_accuracy": rounded(report.scores.macro_recall),
        "macro_f1": rounded(report.scores.macro_f1),
        "hierarchical_precision": rounded(report.hierarchical_precision),
        "hierarchical_recall": rounded(report.hierarchical_recall),
        "hierarchical_f1": rounded(report.hierarchical_f1),
        "levels": levels,
        "calibrated": evaluation.is_calibrated,
        "mean_confidence": rounded(confidence.mean),
        "ece": rounded(confidence.ece),
        "reliability": bins,
        "coverage_at_precision": coverage,
        "risk_coverage_area": rounded(confidence.risk_coverage_area),
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
        "confusions": confusions,
        "seconds": rounded(seconds),
        "products_per_second": rounded(report.products as f64 / seconds),
    })
}

fn bin(bin: &ConfidenceBin) -> Value {
    json!({
        "count": bin.count,
        "confidence": rounded(bin.confidence),
        "accuracy": rounded(bin.accuracy),
    })
}

/// What is known of confidence, for people.
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
            format!(
                "{:.0}%: {:.1}%",
                100.0 * one.precision,
                100.0 * one.coverage
            )
        })
        .collect();
    let mut facts = vec![
        (
            "confidence",
            format!(
                "{kind}, {:.4} on average, off by {:.4} (ECE)",
                found.mean, found.ece
            ),
        ),
        ("coverage at precision", coverage.join(", ")),
    ];
    if let Some(ranking) = &evaluation.ranking {
        let auc = ranking
            .auc
            .map_or_else(String::new, |auc| format!(", AUC {auc:.4}"));
        facts.push((
            "ranking",
            format!(
                "{:.4} among the first five, log loss {:.4}{auc}",
                ranking.top5_accuracy, ranking.log_loss
            ),
        ));
    }
    if let Some(sets) = evaluation.sets {
        facts.push((
            "sets",
            format!(
                "{:.1}% hold the truth, {:.2} categories each",
                100.0 * sets.coverage,
                sets.mean_size
            ),
        ));
    }
    if evaluation.overlap.products > 0 {
        let others = evaluation.overlap.accuracy_without.map_or_else(
            || "how new products are filed is not told by this".to_owned(),
            |accuracy| format!("without them accuracy is {accuracy:.4}"),
        );
        facts.push((
            "overlap",
            format!(
                "{} of {} products say the same as a labelled one; {others}",
                count(evaluation.overlap.products as u64),
                count(evaluation.report.products as u64)
            ),
        ));
    }
    render::facts(&facts)
}

/// The report for people.
pub(crate) fn table(report: &Report, taxonomy: &Taxonomy) -> String {
    let mut text = render::facts(&[
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
    ]);
    let mut rows: Vec<Vec<String>> = Vec::new();
    let levels = report
        .levels
        .iter()
        .map(|level| (format!("level {}", level.level), level.scores));
    for (name, scores) in levels.chain([("category".to_owned(), report.scores)]) {
        let figures = [
            scores.accuracy,
            scores.weighted_precision,
            scores.weighted_recall,
            scores.weighted_f1,
            scores.macro_precision,
            scores.macro_recall,
            scores.macro_f1,
        ];
        let mut row = vec![name];
        row.extend(figures.map(|figure| format!("{figure:.4}")));
        rows.push(row);
    }
    text.push('\n');
    let header = [
        "", "accuracy", "w.prec", "w.recall", "w.F1", "m.prec", "m.recall", "m.F1",
    ];
    text.push_str(&Columns::new(&[9, 8, 8, 8, 8, 8, 8, 8]).lines(Some(&header), &rows));
    text.push_str("(w. weighted by products, m. mean over categories)\n");
    if !report.confusions.is_empty() {
        let rows: Vec<Vec<String>> = report
            .confusions
            .iter()
            .map(|confusion| {
                vec![
                    count(confusion.count as u64),
                    taxonomy.path(confusion.truth),
                    taxonomy.path(confusion.decided),
                ]
            })
            .collect();
        text.push('\n');
        text.push_str(
            &Columns::new(&[6, 0, 0]).lines(Some(&["count", "is", "was taken for"]), &rows),
        );
    }
    text
}
