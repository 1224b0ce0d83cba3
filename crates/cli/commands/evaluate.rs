//! `assort evaluate`

use std::io::Write;
use std::time::Instant;

use assort::ClassifyOptions;
use assort::core::{Report, Taxonomy};
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
    let options = ClassifyOptions::default()
        .with_method(args.deciding.method)
        .with_top(1)
        .with_min_confidence(args.deciding.min_confidence)
        .with_explain(false);
    let begun = Instant::now();
    let evaluation = catalog.evaluate(files, &options, args.confusions, &mut console);
    console.finish();
    console.finish_rejects()?;
    let evaluation = evaluation?;
    let seconds = begun.elapsed().as_secs_f64();
    let mut sink = render::sink(None)?;
    match args.format {
        ReportFormat::Json => writeln!(sink, "{}", object(&evaluation.report, seconds))?,
        ReportFormat::Table => {
            let taxonomy = catalog.taxonomy()?;
            write!(sink, "{}", table(&evaluation.report, &taxonomy))?;
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

fn object(report: &Report, seconds: f64) -> Value {
    let levels: Vec<Value> = report
        .levels
        .iter()
        .map(|level| {
            json!({
                "level": level.level,
                "accuracy": rounded(level.scores.accuracy),
                "weighted_f1": rounded(level.scores.weighted_f1),
                "macro_f1": rounded(level.scores.macro_f1),
            })
        })
        .collect();
    json!({
        "products": report.products,
        "decided": report.decided,
        "coverage": rounded(report.coverage),
        "accuracy": rounded(report.scores.accuracy),
        "weighted_f1": rounded(report.scores.weighted_f1),
        "macro_f1": rounded(report.scores.macro_f1),
        "hierarchical_f1": rounded(report.hierarchical_f1),
        "levels": levels,
        "seconds": rounded(seconds),
    })
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
