//! `assort stats`

use std::io::Write;

use assort::Catalog;
use serde_json::json;

use crate::args::{ReportFormat, Stats};
use crate::failure::{Done, Outcome};
use crate::output;
use crate::text::{bytes, count, counted};

pub(crate) fn run(args: &Stats) -> Outcome {
    let stats = Catalog::open_read_only(&args.dir)?.stats()?;
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
        .map(|(ef, recall)| json!({ "ef": ef, "recall": output::rounded(recall.into()) }));
    let mut sink = output::sink(None)?;
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
            ("index", index(&stats)),
            ("on disk", bytes(stats.bytes)),
        ];
        if let Some((space, moved)) = &stats.moving_to {
            facts.push((
                "moving to",
                format!("{space}: {} done; `assort reembed` goes on", count(*moved)),
            ));
        }
        let confidence = if calibrated.is_empty() {
            "assumed; label at least 100 products to calibrate it".to_owned()
        } else {
            format!("calibrated on labels for {}", calibrated.join(", "))
        };
        facts.push(("confidence", confidence));
        write!(sink, "{}", output::facts(&facts))?;
    }
    sink.flush()?;
    Ok(Done::Whole)
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
    parts.push(format!("{} searched exactly", count(stats.live)));
    if let Some((ef, recall)) = stats.tuned {
        parts.push(format!("tuned to a recall of {recall:.3} (ef {ef})"));
    }
    parts.join("; ")
}
