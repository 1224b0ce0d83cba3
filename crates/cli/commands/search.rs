//! `assort search`

use std::io::Write;

use assort::core::Taxonomy;
use assort::index::Plan;
use assort::{Catalog, Found, Page, Query, Search, Step};
use serde_json::json;

use crate::args::{Format, Global, SearchArgs};
use crate::embedder;
use crate::failure::{Done, Failure, Outcome};
use crate::output::{self, Columns};
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
    let mut sink = output::sink(None)?;
    match args.format {
        Format::Table => write!(sink, "{}", table(&taxonomy, &page))?,
        Format::Jsonl => json_lines(&mut sink, &taxonomy, &page)?,
        Format::Csv => csv(&mut sink, &taxonomy, &page)?,
    }
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

/// Where a product is filed, as a path.
fn filed(taxonomy: &Taxonomy, found: &Found) -> Option<String> {
    let decided = found
        .product
        .decision
        .as_ref()
        .and_then(|decision| decision.category);
    let category = found.product.label.or(decided)?;
    Some(taxonomy.path(category))
}

/// The results for people.
pub(crate) fn table(taxonomy: &Taxonomy, page: &Page) -> String {
    let rows: Vec<Vec<String>> = page
        .found
        .iter()
        .map(|found| {
            let product = &found.product.product;
            let category = filed(taxonomy, found).unwrap_or_default();
            vec![
                format!("{:.3}", found.similarity),
                product.id.clone(),
                product.title.clone(),
                category,
            ]
        })
        .collect();
    Columns::new(&[6, 16, 0, 0]).lines(Some(&["like", "id", "title", "category"]), &rows)
}

fn json_lines(sink: &mut dyn Write, taxonomy: &Taxonomy, page: &Page) -> Result<(), Failure> {
    for found in &page.found {
        let mut value = output::product(&found.product.product);
        value["similarity"] = output::rounded(found.similarity.into());
        value["category"] = json!(filed(taxonomy, found));
        writeln!(sink, "{value}")?;
    }
    Ok(())
}

fn csv(sink: &mut dyn Write, taxonomy: &Taxonomy, page: &Page) -> Result<(), Failure> {
    let mut writer = csv::Writer::from_writer(sink);
    writer.write_record(["similarity", "id", "title", "category"])?;
    for found in &page.found {
        let product = &found.product.product;
        let category = filed(taxonomy, found).unwrap_or_default();
        writer.write_record([
            &format!("{:.4}", found.similarity),
            &product.id,
            &product.title,
            &category,
        ])?;
    }
    writer.flush()?;
    Ok(())
}
