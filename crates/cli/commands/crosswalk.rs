//! `assort crosswalk`

use std::io::Write;

use assort::core::Taxonomy;
use assort::{Catalog, CrosswalkOptions, SourceCategory};
use serde_json::json;

use super::open_for_writing_else_reading;
use crate::args::{Crosswalk, Global, ReportFormat};
use crate::failure::{Done, Failure, Outcome};
use crate::progress::Console;
use crate::render::{self, Columns, rounded};
use crate::text::{count, counted};

pub(crate) fn run(args: &Crosswalk, global: &Global) -> Outcome {
    let options = CrosswalkOptions::default()
        .with_attribute(args.by.clone())
        .with_min_chance(args.min_chance);
    let mut console = Console::new(global.quiet);
    let catalog = if args.apply {
        Catalog::open(&args.dir)?
    } else {
        open_for_writing_else_reading(&args.dir)?.0
    };
    let taxonomy = catalog.taxonomy()?;
    let sources = catalog.crosswalk(&options)?;
    if sources.is_empty() {
        return Err(Failure::Failed(format!(
            "no product has the attribute `{}`; --by names another one",
            args.by
        )));
    }
    let shown = &sources[..args.top.get().min(sources.len())];
    let mut sink = render::sink(None)?;
    match args.format {
        ReportFormat::Json => writeln!(sink, "{}", as_json(shown, &taxonomy))?,
        ReportFormat::Table => write!(sink, "{}", as_table(shown, &taxonomy))?,
    }
    sink.flush()?;
    let sure = sources
        .iter()
        .filter(|source| is_sure(source, &taxonomy, args.min_chance));
    let products: u64 = sure.clone().map(|source| source.products).sum();
    console.say(&format!(
        "{}, {} of them of one leaf with a chance of {} or more, with {}",
        counted(sources.len() as u64, "source category", "source categories"),
        count(sure.count() as u64),
        args.min_chance,
        counted(products, "product", "products"),
    ));
    if args.apply {
        let report = catalog.apply_crosswalk(&options, &mut console)?;
        console.finish();
        console.say(&format!(
            "{} set",
            counted(report.changed, "label", "labels")
        ));
    }
    Ok(Done::Whole)
}

fn is_sure(source: &SourceCategory, taxonomy: &Taxonomy, least: f32) -> bool {
    source.chance >= least && source.target.is_some_and(|target| taxonomy.is_leaf(target))
}

fn as_json(sources: &[SourceCategory], taxonomy: &Taxonomy) -> serde_json::Value {
    let rows = sources.iter().map(|source| {
        let target = source.target.map(
            |target| json!({ "id": taxonomy.category(target).id, "path": taxonomy.path(target) }),
        );
        json!({
            "source_category": source.name,
            "products": source.products,
            "labelled": source.labelled,
            "decided": source.decided,
            "chance": rounded(source.chance.into()),
            "category": target,
        })
    });
    json!({ "source_categories": rows.collect::<Vec<_>>() })
}

fn as_table(sources: &[SourceCategory], taxonomy: &Taxonomy) -> String {
    let header = ["source", "products", "labelled", "chance", "category"];
    let rows = sources.iter().map(|source| {
        let target = source.target.map(|target| taxonomy.path(target));
        vec![
            source.name.clone(),
            count(source.products),
            count(source.labelled),
            format!("{:.0}%", source.chance * 100.0),
            target.unwrap_or_else(|| "unknown".to_owned()),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    Columns::new(&[0, 9, 9, 6, 0]).lines(Some(&header), &rows)
}
