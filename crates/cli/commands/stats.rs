//! `assort stats`

use std::io::Write;

use assort::Catalog;
use serde_json::json;

use crate::args::{ReportFormat, Stats};
use crate::failure::{Done, Outcome};
use crate::output;
use crate::text::{bytes, count};

pub(crate) fn run(args: &Stats) -> Outcome {
    let stats = Catalog::open_read_only(&args.dir)?.stats()?;
    let calibrated: Vec<&str> = stats
        .calibrated
        .iter()
        .map(|method| method.as_str())
        .collect();
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
