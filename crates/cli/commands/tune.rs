//! `assort tune` and `assort audit-index`

use std::io::Write;

use assort::{Catalog, IndexAudit, Tuning};
use serde_json::json;

use crate::args::{AuditIndex, Global, ReportFormat, Tune};
use crate::failure::{Done, Outcome};
use crate::hints;
use crate::progress::Console;
use crate::render;
use crate::text::{count, counted};

pub(crate) fn run(args: &Tune, global: &Global) -> Outcome {
    let catalog = Catalog::open(&args.dir)?;
    let mut console = Console::new(global.quiet);
    catalog.wait_until_indexed(&mut console)?;
    let tuning = catalog.tune(args.recall, args.queries.get(), &mut console)?;
    console.finish();
    print(&tuning, args, global)
}

/// Prints what is kept for searches to come.
pub(crate) fn print(tuning: &Tuning, args: &Tune, global: &Global) -> Outcome {
    let mut sink = render::sink(None)?;
    if args.format == ReportFormat::Json {
        let value = json!({
            "ef": tuning.ef,
            "slack": tuning.slack.is_finite().then(|| render::rounded(tuning.slack.into())),
            "recall": render::rounded(tuning.recall),
            "asked": args.recall,
            "queries": tuning.queries,
        });
        writeln!(sink, "{value}")?;
    } else {
        let facts = [
            ("ef", count(tuning.ef as u64)),
            ("slack", slack(tuning.slack)),
            ("recall", format!("{:.4} of the ten best", tuning.recall)),
            (
                "measured with",
                counted(tuning.queries as u64, "product", "products"),
            ),
        ];
        write!(sink, "{}", render::facts(&facts))?;
    }
    sink.flush()?;
    if tuning.recall < args.recall {
        global.say(&hints::no_walk_reaches(args.recall));
    }
    Ok(Done::Whole)
}

pub(crate) fn audit(args: &AuditIndex, global: &Global) -> Outcome {
    let catalog = Catalog::open_read_only(&args.dir)?;
    let mut console = Console::heedless(global.quiet);
    let audit = catalog.audit_index(args.queries.get(), &mut console)?;
    console.finish();
    let mut sink = render::sink(None)?;
    if args.format == ReportFormat::Json {
        writeln!(sink, "{}", json(&audit))?;
    } else {
        write!(sink, "{}", render::facts(&facts(&audit)))?;
    }
    sink.flush()?;
    let lost: usize = audit
        .segments
        .iter()
        .map(|(_, segment)| segment.broken_links + segment.unreached + segment.unfound)
        .sum();
    if lost > 0 {
        global.say(&hints::index_is_worn(&args.dir));
    }
    Ok(Done::Whole)
}

fn slack(slack: f32) -> String {
    if slack.is_finite() {
        slack.to_string()
    } else {
        "none: walks go on to their end".to_owned()
    }
}

fn json(audit: &IndexAudit) -> serde_json::Value {
    let segments: Vec<_> = audit
        .segments
        .iter()
        .map(|(number, segment)| {
            json!({
                "segment": number,
                "rows": segment.rows,
                "dead": segment.dead,
                "levels": segment.levels,
                "links": {
                    "mean": render::rounded(segment.links.mean),
                    "least": segment.links.min,
                    "most": segment.links.max,
                },
                "broken_links": segment.broken_links,
                "unreached": segment.unreached,
                "sought": segment.sought,
                "unfound": segment.unfound,
            })
        })
        .collect();
    json!({ "live": audit.live, "recall": audit.recall, "segments": segments })
}

fn facts(audit: &IndexAudit) -> Vec<(&'static str, String)> {
    let mut facts = vec![("live", counted(audit.live as u64, "product", "products"))];
    if let Some(recall) = audit.recall {
        facts.push(("recall", format!("{recall:.4} of the ten best")));
    }
    for (number, segment) in &audit.segments {
        facts.push((
            "segment",
            format!(
                "{number}: {}, {} dead, {} levels; links {:.1} ({} to {}), {} broken; {} unreached, {} of {} not found",
                counted(segment.rows as u64, "row", "rows"),
                count(segment.dead as u64),
                segment.levels,
                segment.links.mean,
                segment.links.min,
                segment.links.max,
                count(segment.broken_links as u64),
                count(segment.unreached as u64),
                count(segment.unfound as u64),
                count(segment.sought as u64),
            ),
        ));
    }
    facts
}
