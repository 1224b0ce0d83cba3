//! `assort demo`: a small shop, filed and searched.

use std::io::Cursor;
use std::path::Path;

use assort::core::Taxonomy;
use assort::read::{Input, Mapping, ProductReader, TaxonomyOptions, read_taxonomy};
use assort::{Catalog, ClassifyOptions, EvaluateOptions, ImportOptions, Query, Search};

use crate::args::{Demo, EmbedderArgs, Global};
use crate::embedder;
use crate::failure::{Done, Failure, Outcome};
use crate::hints;
use crate::progress::Console;
use crate::render::{self, Columns};
use crate::text::{count, time};

const TAXONOMY: &str = include_str!("../../../examples/data/taxonomy.tsv");
const PRODUCTS: &str = include_str!("../../../examples/data/products.csv");
const TRUTH: &str = include_str!("../../../examples/data/truth.csv");

/// Products whose filing is shown.
const SHOWN: usize = 12;

pub(crate) fn run(args: Demo, global: &Global) -> Outcome {
    let temporary = tempfile::tempdir()
        .map_err(|error| Failure::Failed(hints::demo_needs_a_directory(&error)))?;
    let directory = match &args.dir {
        Some(directory) => directory.clone(),
        None => temporary.path().join("shop"),
    };
    let begun = std::time::Instant::now();
    let mut console = Console::new(global.quiet);
    let catalog = build(&directory, global, &mut console);
    console.finish();
    let catalog = catalog?;
    let mut page = String::new();
    filed(&catalog, &mut page)?;
    searched(&catalog, &mut page)?;
    judged(&catalog, &mut page)?;
    let mut sink = render::sink(None)?;
    std::io::Write::write_all(&mut sink, page.as_bytes())?;
    std::io::Write::flush(&mut sink)?;
    console.say(&format!("\nall of it took {}", time(begun.elapsed())));
    console.say(&hints::after_the_demo(args.dir.as_deref()));
    Ok(Done::Whole)
}

fn input(name: &str, text: &'static str) -> Result<Input, Failure> {
    Ok(Input::from_reader(name, text.as_bytes(), None)?)
}

/// Makes the catalog from the data inside the program.
fn build(directory: &Path, global: &Global, console: &mut Console) -> Result<Catalog, Failure> {
    let read = read_taxonomy(
        input("the demo's taxonomy", TAXONOMY)?,
        &TaxonomyOptions::default(),
    )?;
    let taxonomy =
        Taxonomy::from_rows(read.rows).map_err(|error| Failure::Failed(error.to_string()))?;
    let bundled = EmbedderArgs {
        embedder: None,
        pooling: None,
        max_length: None,
    };
    let opened = embedder::open(&bundled, global)?;
    let catalog = Catalog::create(directory, &taxonomy, opened.embedder, &opened.spec)?;
    let rows = ProductReader::new(input("the demo's products", PRODUCTS)?, &Mapping::default())?;
    catalog.import(rows, &ImportOptions::default(), &|| None, console)?;
    catalog.prepare(console)?;
    Ok(catalog)
}

/// Files the products without a label.
fn filed(catalog: &Catalog, page: &mut String) -> Result<(), Failure> {
    let taxonomy = catalog.taxonomy()?;
    let stats = catalog.stats()?;
    let ids = catalog.unlabelled()?;
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let options = ClassifyOptions::default().with_min_confidence(0.5);
    let decisions = catalog.classify_stored(&ids, &options)?;
    catalog.apply(options.method, ids.iter().copied().zip(&decisions))?;
    let sure = decisions
        .iter()
        .filter(|decision| decision.category.is_some())
        .count();
    page.push_str(&format!(
        "{} products, {} categories, {} labels. Of the {} products without a label, {sure} are filed\nwith at least 50% confidence, and {} are left to a person. Some of them:\n\n",
        count(stats.products),
        stats.leaves,
        count(stats.labelled),
        ids.len(),
        ids.len() - sure,
    ));
    let step = (ids.len() / SHOWN).max(1);
    let mut rows = Vec::new();
    for (id, decision) in ids.iter().zip(&decisions).step_by(step).take(SHOWN) {
        let category = decision
            .category
            .map_or_else(|| "unknown".to_owned(), |index| taxonomy.path(index));
        let sure = format!("{:.0}%", 100.0 * decision.confidence);
        rows.push(vec![catalog.product(id)?.product.title, sure, category]);
    }
    page.push_str(&Columns::new(&[0, 5, 0]).lines(Some(&["product", "sure", "category"]), &rows));
    Ok(())
}

fn searched(catalog: &Catalog, page: &mut String) -> Result<(), Failure> {
    let taxonomy = catalog.taxonomy()?;
    let lamp = catalog.search(&Search::new(Query::Text("table lamp".to_owned())))?;
    let likened = lamp
        .found
        .into_iter()
        .next()
        .map(|found| found.product.product);
    let mut searches = vec![
        ("something warm to sleep in outdoors".to_owned(), None, None),
        ("wireless headphones".to_owned(), Some("price < 60"), None),
    ];
    if let Some(product) = likened {
        searches.push((format!("like {}", product.title), None, Some(product.id)));
    }
    for (text, filter, like) in searches {
        let told = filter.map(|filter| format!(" where {filter}"));
        page.push_str(&format!("\nSearch: {text}{}\n\n", told.unwrap_or_default()));
        let found = catalog.search(
            &Search::new(like.map_or(Query::Text(text), Query::Like))
                .with_filter(filter.map(str::to_owned))
                .with_top(3),
        )?;
        page.push_str(&render::found(&taxonomy, &found));
    }
    Ok(())
}

/// Measures on products that were never shown to the catalog.
fn judged(catalog: &Catalog, page: &mut String) -> Result<(), Failure> {
    let evaluate = |rows: &str| {
        let rows = Input::from_reader(
            "the demo's held-out products",
            Cursor::new(rows.to_owned()),
            None,
        )?;
        let rows = ProductReader::new(rows, &Mapping::default())?;
        catalog.evaluate(rows, &EvaluateOptions::default(), &mut ())
    };
    let (header, rows) = TRUTH.split_once('\n').unwrap_or_default();
    page.push_str("\nOn products it has never seen:\n\n");
    for (language, is_chinese) in [("English", false), ("Chinese", true)] {
        let rows = rows
            .lines()
            .filter(|row| row.contains(is_han) == is_chinese);
        let text: Vec<&str> = std::iter::once(header).chain(rows).collect();
        let report = evaluate(&text.join("\n"))?.report;
        page.push_str(&format!(
            "{language}: {:.0}% of {} are filed rightly\n",
            100.0 * report.scores.accuracy,
            report.products
        ));
    }
    page.push('\n');
    let taxonomy = catalog.taxonomy()?;
    page.push_str(&render::of_report(&evaluate(TRUTH)?.report, &taxonomy, 3));
    Ok(())
}

fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}
