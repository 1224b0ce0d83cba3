//! `assort stats`

use std::io::Write;
use std::path::Path;

use assort::Catalog;
use assort::students::StudentCard;
use serde_json::json;

use crate::args::{ReportFormat, Stats};
use crate::embedder;
use crate::failure::{Done, Outcome};
use crate::hints;
use crate::render;
use crate::text::{bytes, count, counted};

pub(crate) fn run(args: &Stats) -> Outcome {
    let catalog = Catalog::open_read_only(&args.dir)?;
    let student = embedder::student_card(&catalog);
    print(&catalog.stats()?, student.as_ref(), args)
}

/// Prints what a catalog holds, with what is known of its student.
pub(crate) fn print(stats: &assort::Stats, student: Option<&StudentCard>, args: &Stats) -> Outcome {
    let calibrated: Vec<&str> = stats
        .calibrated
        .iter()
        .map(|method| method.as_str())
        .collect();
    let segments: Vec<_> = stats
        .segments
        .iter()
        .map(|segment| {
            json!({
                "segment": segment.number,
                "products": segment.products,
                "dead": segment.dead,
            })
        })
        .collect();
    let tuned = stats
        .tuned
        .map(|(ef, recall)| json!({ "ef": ef, "recall": render::rounded(recall.into()) }));
    let is_on_student = student.is_some() || stats.familiarity.is_some();
    let mut sink = render::sink(None)?;
    if args.format == ReportFormat::Json {
        let value = json!({
            "products": stats.products,
            "labelled": stats.labelled,
            "decided": stats.decided,
            "categories": stats.categories,
            "leaves": stats.leaves,
            "levels": stats.levels,
            "embedder": stats.embedder,
            "space": stats.space.to_string(),
            "dimensions": stats.space.dimensions,
            "moving_to": stats.moving_to.as_ref().map(|(space, _)| space.to_string()),
            "moved": stats.moving_to.as_ref().map(|(_, moved)| moved),
            "calibrated": calibrated,
            "live": stats.live,
            "segments": segments,
            "tuned": tuned,
            "student": is_on_student.then(|| json!({
                "familiarity": stats.familiarity.map(|part| render::rounded(part.into())),
                "cosine": student.map(|student| render::rounded(student.cosine.into())),
                "queries": student.map(|student| student.queries.as_str()),
            })),
            "bytes": stats.bytes,
        });
        writeln!(sink, "{value}")?;
    } else {
        let mut facts = vec![
            ("products", count(stats.products)),
            ("labelled", count(stats.labelled)),
            ("with a decision", count(stats.decided)),
            (
                "categories",
                format!(
                    "{}, {} leaves, {} levels",
                    count(stats.categories as u64),
                    count(stats.leaves as u64),
                    stats.levels
                ),
            ),
            ("embedder", stats.embedder.clone()),
            ("space", stats.space.to_string()),
            ("index", index(stats)),
            ("on disk", bytes(stats.bytes)),
        ];
        if let Some((space, moved)) = &stats.moving_to {
            facts.push((
                "moving to",
                format!(
                    "{space}: {} done; {}",
                    count(*moved),
                    hints::move_goes_on(&args.dir)
                ),
            ));
        }
        let confidence = if calibrated.is_empty() {
            "assumed; label at least 100 products to calibrate it".to_owned()
        } else {
            format!("calibrated on labels for {}", calibrated.join(", "))
        };
        facts.push(("confidence", confidence));
        if is_on_student {
            facts.push(("student", drift(student, stats.familiarity, &args.dir)));
        }
        write!(sink, "{}", render::facts(&facts))?;
    }
    sink.flush()?;
    Ok(Done::Whole)
}

/// A student that knows new products less well than this should learn again.
const DRIFT: f32 = 0.85;

/// What the student knows of new products, in a line.
fn drift(student: Option<&StudentCard>, lately: Option<f32>, directory: &Path) -> String {
    let cosine = student.map(|student| format!("cosine with its teacher {:.3}", student.cosine));
    let lately = lately.map(|now| {
        let known = format!(
            "knows products imported lately {now:.2} times as well as those it was judged by"
        );
        match now < DRIFT {
            true => format!("{known}: {}", hints::student_is_old(directory)),
            false => known,
        }
    });
    let all: Vec<String> = cosine.into_iter().chain(lately).collect();
    all.join("; ")
}

/// The index in a line.
fn index(stats: &assort::Stats) -> String {
    let mut parts = Vec::new();
    if !stats.segments.is_empty() {
        let dead: u64 = stats.segments.iter().map(|segment| segment.dead).sum();
        parts.push(format!(
            "{}, {} dead rows",
            counted(stats.segments.len() as u64, "segment", "segments"),
            count(dead)
        ));
    }
    parts.push(format!("{} not indexed yet", count(stats.live)));
    if let Some((ef, recall)) = stats.tuned {
        parts.push(format!("tuned to a recall of {recall:.3} (ef {ef})"));
    }
    parts.join("; ")
}
