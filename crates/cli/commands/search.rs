//! `assort search`

use std::io::Write;

use assort::core::Taxonomy;
use assort::{Catalog, Found, GroupBy, Page, Plan, Query, Search, Step};

use super::facets;
#[cfg(feature = "pictures")]
use crate::args::LikeBy;
use crate::args::{Global, SearchArgs};
use crate::embedder;
use crate::failure::{Done, Failure, Outcome};
#[cfg(feature = "pictures")]
use crate::hints;
use crate::notes;
use crate::render::{self, Format};
use crate::text::{count, counted};

pub(crate) fn run(args: &SearchArgs, global: &Global) -> Outcome {
    if args.format == Format::Csv && !args.facets.is_empty() {
        let what = "facets are no rows of a CSV file; use --format jsonl or table";
        return Err(Failure::Usage(what.to_owned()));
    }
    let catalog = Catalog::open_read_only(&args.dir)?;
    #[cfg(feature = "pictures")]
    if let Some(image) = &args.image {
        let pixels = assort_pictures::open_file(image, &assort_pictures::Limits::default());
        let pixels = pixels.map_err(|error| Failure::Failed(error.to_string()))?;
        let directory = catalog.directory().to_owned();
        let stored = embedder::of_pictures(&catalog, None)?;
        let embedder = embedder::open_for_pictures(&stored, &directory, global)?;
        let catalog = catalog.with_picture_embedder(embedder).map_err(|error| {
            let told = hints::pictures::told_of_changed_embedder(&error, &stored, &directory);
            Failure::of(error.kind(), told)
        })?;
        return search(&catalog, Query::Picture(pixels), args, global);
    }
    let (catalog, query) = match (&args.text, &args.like) {
        (_, Some(id)) => (catalog, like(id, args)),
        (text, None) => {
            let catalog = embedder::of_catalog(catalog, &args.embedder, global)?;
            (catalog, Query::Text(text.clone().unwrap_or_default()))
        }
    };
    search(&catalog, query, args, global)
}

/// What finds products like that of an id.
fn like(id: &str, args: &SearchArgs) -> Query {
    #[cfg(feature = "pictures")]
    match args.by {
        LikeBy::Text => {}
        LikeBy::Picture => return Query::LikePicture(id.to_owned()),
        LikeBy::Both => return Query::LikeBoth(id.to_owned()),
    }
    let _ = args;
    Query::Like(id.to_owned())
}

fn search(catalog: &Catalog, query: Query, args: &SearchArgs, global: &Global) -> Outcome {
    let page = catalog.search(
        &Search::new(query)
            .with_filter(args.filter.clone())
            .with_min_similarity(args.min_similarity)
            .with_group_by(args.group_by.clone())
            .with_group_size(args.group_size.into())
            .with_facets(args.facets.clone())
            .with_top(args.top.into())
            .with_offset(args.offset)
            .with_exact(args.exact)
            .with_ef(args.ef.map(Into::into))
            .with_oversample(args.oversample.map(Into::into)),
    )?;
    let outcome = print(&page, &*catalog.taxonomy()?, args, global)?;
    notes::tell_of_filter(catalog, args.filter.as_deref(), global)?;
    Ok(outcome)
}

/// Prints what was found.
pub(crate) fn print(
    page: &Page,
    taxonomy: &Taxonomy,
    args: &SearchArgs,
    global: &Global,
) -> Outcome {
    let mut sink = render::sink(None)?;
    args.format.results().found(&mut sink, taxonomy, page)?;
    if !page.facets.is_empty() {
        match args.format {
            Format::Table => facets::print_table(&mut sink, &page.facets)?,
            Format::Jsonl => writeln!(sink, "{}", facets::as_json(&page.facets))?,
            Format::Csv => {}
        }
    }
    sink.flush()?;
    if args.explain {
        page.steps.iter().for_each(explain);
    }
    global.say(&summary(page, args.min_similarity));
    if let Some(GroupBy::Attribute(name)) = &args.group_by
        && !page.found.is_empty()
        && page.found.iter().all(has_no_value)
    {
        tell!("note: none of them has the attribute `{name}`, so each is a group of its own");
    }
    Ok(Done::Whole)
}

fn has_no_value(found: &Found) -> bool {
    found
        .group
        .as_ref()
        .is_some_and(|group| group.value.is_none())
}

/// How many results there are, of how many products.
fn summary(page: &Page, least: Option<f32>) -> String {
    let results = counted(page.found.len() as u64, "result", "results");
    let groups = page.found.chunk_by(|a, b| a.group == b.group).count();
    let results = match page.found.first() {
        Some(Found { group: Some(_), .. }) => {
            format!("{results} in {}", counted(groups as u64, "group", "groups"))
        }
        _ => results,
    };
    let enough = least.map(|least| format!(" with a similarity of {least} or more"));
    format!(
        "{results}{} of {}",
        enough.unwrap_or_default(),
        counted(page.matches, "product", "products")
    )
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
