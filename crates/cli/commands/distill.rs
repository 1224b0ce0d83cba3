//! `assort distill`

use std::io::Write;

use assort::{Adoption, Catalog, DistillReport};
use serde_json::{Value, json};

use crate::args::{Distill, Global, ReportFormat};
use crate::embedder;
use crate::failure::{Done, Failure, Outcome};
use crate::progress::Console;
use crate::render;
use crate::text::{bytes, count};

pub(crate) fn run(args: &Distill, global: &Global) -> Outcome {
    let catalog = Catalog::open(&args.dir)?;
    let teacher = embedder::teacher(&catalog, &args.embedder, global)?;
    let mut console = Console::new(global.quiet);
    let start = embedder::start(&args.teaching, &console)?;
    let options = args.teaching.options().with_start(start);
    let made = catalog.distill(teacher.embedder().as_ref(), &options, &mut console);
    console.finish();
    let made = made?;
    print(&made.report, args.format)?;
    if let Some(file) = &args.export {
        made.student
            .save(file)
            .map_err(|error| Failure::Failed(error.to_string()))?;
        console.say(&format!("the student is in {}", file.display()));
    }
    if made.file.is_none() {
        return Err(not_good_enough(&made.report, options.min_quality));
    }
    if args.no_adopt {
        let dir = args.dir.display();
        console.say(&format!(
            "the catalog stays as it is; `assort reembed {dir} --distilled` moves it to the student"
        ));
        return Ok(Done::Whole);
    }
    let adoption = catalog.adopt_student(made.student, &teacher, &mut console);
    console.finish();
    tell(&adoption?, &catalog, &console)?;
    Ok(Done::Whole)
}

/// The student is not what was asked for.
pub(crate) fn not_good_enough(report: &DistillReport, asked: f32) -> Failure {
    Failure::Failed(format!(
        "the student's vectors have a mean cosine of {:.3} with the teacher's, and --min-quality asks for {asked}; \
         the catalog stays as it is; give it more to learn from with --sample, or more --epochs",
        report.cosine
    ))
}

/// Tells whether the catalog is on a student now.
pub(crate) fn tell(
    adoption: &Adoption,
    catalog: &Catalog,
    console: &Console,
) -> Result<(), Failure> {
    match adoption {
        Adoption::AlreadyThere => console.say("the catalog is on this student already"),
        Adoption::Moved(report) if report.products > 0 => console.say(&format!(
            "{} products moved to the student, {} of them embedded now",
            count(report.products),
            count(report.embedded)
        )),
        Adoption::Moved(_) | Adoption::BelowQuality => {}
        Adoption::Stopped(_) => {
            let dir = catalog.directory().display();
            return Err(Failure::Stopped(format!(
                "stopped; the catalog is still on its old encoder, and `assort reembed {dir} --distilled` goes on from here"
            )));
        }
    }
    Ok(())
}

/// Prints what a student is worth.
pub(crate) fn print(report: &DistillReport, format: ReportFormat) -> Result<(), Failure> {
    let mut sink = render::sink(None)?;
    match format {
        ReportFormat::Json => writeln!(sink, "{}", json(report))?,
        ReportFormat::Table => write!(sink, "{}", render::facts(&facts(report)))?,
    }
    Ok(sink.flush()?)
}

fn facts(report: &DistillReport) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        (
            "learned from",
            format!(
                "{} texts, {} of them embedded by the teacher now, in {:.1} s",
                count(report.learned),
                count(report.taught),
                report.seconds
            ),
        ),
        (
            "judged on",
            format!("{} texts held out", count(report.held_out)),
        ),
        (
            "cosine with teacher",
            format!(
                "{:.4}, {:.4} lost by rounding",
                report.cosine, report.rounding
            ),
        ),
        (
            "same neighbours",
            format!("{:.3} of the nearest ten", report.overlap),
        ),
    ];
    if let Some(accuracy) = report.accuracy {
        facts.push((
            "filed by words alone",
            format!(
                "{:.3} rightly, by the teacher {:.3}, with the teacher for categories {:.3}",
                accuracy.zero_shot_student, accuracy.zero_shot_teacher, accuracy.zero_shot_mixed
            ),
        ));
        facts.push((
            "filed by a neighbour",
            format!(
                "{:.3} rightly, by the teacher {:.3}",
                accuracy.neighbor_student, accuracy.neighbor_teacher
            ),
        ));
    }
    facts.extend([
        (
            "left to the teacher",
            format!("{:.3} of texts, which it hardly knows", report.left),
        ),
        (
            "queries and categories",
            format!("by the {}", report.queries.as_str()),
        ),
        (
            "speed",
            format!("{} texts a second", count(report.rate as u64)),
        ),
        ("size", bytes(report.size)),
    ]);
    facts
}

fn json(report: &DistillReport) -> Value {
    let figure = |value: f32| render::rounded(value.into());
    let accuracy = report.accuracy.map(|accuracy| {
        json!({
            "zero_shot": figure(accuracy.zero_shot_student),
            "zero_shot_teacher": figure(accuracy.zero_shot_teacher),
            "zero_shot_teacher_categories": figure(accuracy.zero_shot_mixed),
            "neighbor": figure(accuracy.neighbor_student),
            "neighbor_teacher": figure(accuracy.neighbor_teacher),
        })
    });
    json!({
        "learned": report.learned,
        "taught": report.taught,
        "held_out": report.held_out,
        "seconds": render::rounded(report.seconds),
        "cosine": figure(report.cosine),
        "rounding": figure(report.rounding),
        "overlap": figure(report.overlap),
        "accuracy": accuracy,
        "left_to_teacher": figure(report.left),
        "queries": report.queries.as_str(),
        "texts_per_second": report.rate.round(),
        "bytes": report.size,
    })
}
