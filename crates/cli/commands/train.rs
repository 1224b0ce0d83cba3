//! `assort train`

use std::io::Write;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use assort::core::Source;
use assort::heads::Shape;
use assort::{Catalog, TrainHeads, TrainReport};
use serde_json::{Value, json};

use crate::args::{Global, ReportFormat, Train};
use crate::embedder;
use crate::failure::{Done, Outcome};
use crate::progress::Console;
use crate::render::{self, rounded};
use crate::text::{bytes, count, time};

pub(crate) fn run(args: &Train, global: &Global) -> Outcome {
    let catalog = Catalog::open(&args.dir)?;
    let catalog = embedder::of_catalog(catalog, &args.embedder, global)?;
    let mut console = Console::new(global.quiet);
    let begun = Instant::now();
    let report = catalog.train(&options(args), &mut console);
    console.finish();
    print(&report?, begun.elapsed(), args.format, &console)
}

/// Prints what came of training, which took so long.
pub(crate) fn print(
    report: &TrainReport,
    seconds: Duration,
    format: ReportFormat,
    console: &Console,
) -> Outcome {
    let mut sink = render::sink(None)?;
    match format {
        ReportFormat::Json => writeln!(sink, "{}", object(report, seconds.as_secs_f64()))?,
        ReportFormat::Table => {
            write!(sink, "{}", table(report))?;
            console.say(&format!("trained and measured in {}", time(seconds)));
        }
    }
    sink.flush()?;
    if !report.in_force {
        console.say("the head is not in force: held-out products are filed better without it");
    }
    Ok(Done::Whole)
}

fn options(args: &Train) -> TrainHeads {
    let hidden = args.hidden.map(|width| Shape::Hidden(width.get()));
    TrainHeads::default()
        .with_count(args.heads.map(NonZeroUsize::get))
        .with_shape(args.linear.then_some(Shape::Linear).or(hidden))
        .with_loss(args.loss.map(Into::into))
        .with_epochs(args.epochs.map(NonZeroUsize::get))
        .with_learning_rate(args.learning_rate)
        .with_seed(args.seed)
}

fn object(report: &TrainReport, seconds: f64) -> Value {
    let weights: serde_json::Map<String, Value> = Source::ALL
        .into_iter()
        .map(|source| {
            let weight = f64::from(report.weights.of(source));
            (source.as_str().to_owned(), rounded(weight))
        })
        .collect();
    json!({
        "labels": report.labels,
        "contents": report.contents,
        "categories": report.categories,
        "attributes": report.attributes,
        "features": report.features,
        "bytes": report.bytes,
        "held_out": report.held_out,
        "head_accuracy": rounded(report.head_accuracy),
        "accuracy": rounded(report.accuracy),
        "accuracy_without": rounded(report.accuracy_without),
        "weights": weights,
        "in_force": report.in_force,
        "seconds": rounded(seconds),
    })
}

fn table(report: &TrainReport) -> String {
    let weights: Vec<String> = Source::ALL
        .into_iter()
        .map(|source| format!("{} {:.2}", source.as_str(), report.weights.of(source)))
        .collect();
    render::facts(&[
        (
            "learned from",
            format!(
                "{} labels of {} categories, {} of different content",
                count(report.labels),
                count(report.categories),
                count(report.contents)
            ),
        ),
        (
            "head",
            format!(
                "{} features{}, {}",
                count(report.features),
                match report.attributes {
                    0 => String::new(),
                    1 => " of words and 1 attribute".to_owned(),
                    more => format!(" of words and {} attributes", count(more)),
                },
                bytes(report.bytes)
            ),
        ),
        (
            "held out",
            format!(
                "{} products: {:.2}% right by the head alone, {:.2}% by everything, {:.2}% without it",
                count(report.held_out),
                100.0 * report.head_accuracy,
                100.0 * report.accuracy,
                100.0 * report.accuracy_without
            ),
        ),
        ("weights", weights.join(", ")),
    ])
}
