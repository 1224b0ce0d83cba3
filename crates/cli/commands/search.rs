//! `assort search`

use std::io::Write;

use assort::{Catalog, Plan, Query, Search, Step};

use crate::args::{Global, SearchArgs};
use crate::embedder;
use crate::failure::{Done, Outcome};
use crate::render;
use crate::text::{count, counted};

pub(crate) fn run(args: SearchArgs, global: &Global) -> Outcome {
    let catalog = Catalog::open_read_only(&args.dir)?;
    let (catalog, query) = match (args.text, args.like) {
        (_, Some(id)) => (catalog, Query::Like(id)),
        (text, None) => {
            let catalog = embedder::of_catalog(catalog, &args.embedder, global)?;
            (catalog, Query::Text(text.unwrap_or_default()))
        }
    };
    let page = catalog.search(
        &Search::new(query)
            .with_filter(args.filter)
            .with_top(args.top.into())
            .with_offset(args.offset)
            .with_exact(args.exact)
            .with_ef(args.ef.map(Into::into))
            .with_oversample(args.oversample.map(Into::into)),
    )?;
    let taxonomy = catalog.taxonomy()?;
    let mut sink = render::sink(None)?;
    args.format.results().found(&mut sink, &taxonomy, &page)?;
    sink.flush()?;
    if args.explain {
        page.steps.iter().for_each(explain);
    }
    if !global.quiet {
        let shown = page.found.len() as u64;
        tell!(
            "{} of {}",
            counted(shown, "result", "results"),
            counted(page.matches, "product", "products")
        );
    }
    Ok(Done::Whole)
}

/// Tells how a part of the catalog was searched.
fn explain(step: &Step) {
    let part = step.segment.map_or_else(
        || "live products".to_owned(),
        |number| format!("segment {number}"),
    );
    let how = match step.plan {
        Plan::Exact => "every one that matches was compared",
        Plan::Scan => "the codes of all that match were compared, the best by all bits",
        Plan::Graph => "the graph was walked",
        Plan::FilteredGraph => "the graph was walked until enough that match were met",
        _ => "searched",
    };
    tell!(
        "{part}: {} of {} match; {how}",
        count(step.matches as u64),
        counted(step.products as u64, "product", "products")
    );
}
