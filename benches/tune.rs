//! Tuning a catalog of given vectors: processor seconds, and whether the recall that it tells
//! is that of searches beside exact ones.
//!
//! `cargo bench --bench tune -- DIR --copies 10 --recall 0.99`; DIR holds `base.fbin` (see
//! `benches/peers/README.md`). With copies, each vector is there so many times, each time
//! moved a little in a direction of its own.

#[path = "common/chance.rs"]
mod chance;
#[path = "common/given.rs"]
mod given;
#[path = "common/processor.rs"]
mod processor;
#[path = "common/vectors.rs"]
#[expect(dead_code, reason = "there is no file of whole numbers here")]
mod vectors;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use assort::core::{CategoryRow, Embedder, Place, Product, Taxonomy};
use assort::{Catalog, Query, Search};
use clap::Parser;
use given::Given;
use processor::processor_seconds;

type Failure = Box<dyn std::error::Error>;

/// Searches that are compared with exact ones.
const CHECKED: usize = 200;

#[derive(Parser)]
struct Args {
    /// Folder with base.fbin
    dir: Option<PathBuf>,
    /// Times that each vector is there
    #[arg(long, default_value_t = 1)]
    copies: usize,
    /// Recall that is tuned for
    #[arg(long, default_value_t = 0.99)]
    recall: f64,
    /// Products that recall is measured with
    #[arg(long, default_value_t = 1000)]
    queries: usize,
    /// Given by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<(), Failure> {
    let args = Args::parse();
    let Some(dir) = &args.dir else {
        println!("skipped: name a folder of vectors, as in `cargo bench --bench tune -- DIR`");
        return Ok(());
    };
    let given = Arc::new(Given::open(dir)?);
    let rows = given.len() * args.copies;
    let folder = tempfile::tempdir()?;
    let begun = Instant::now();
    let catalog = build(folder.path(), &given, rows)?;
    println!(
        "{rows} vectors of {}: stored and indexed in {:.0} s",
        given.space().dimensions,
        begun.elapsed().as_secs_f64()
    );
    let (begun, before) = (Instant::now(), processor_seconds());
    let tuning = catalog.tune(args.recall, args.queries, &mut ())?;
    println!(
        "tuned in {:.1} s, {:.1} of a processor: ef {}, slack {}, recall {:.4} told",
        begun.elapsed().as_secs_f64(),
        processor_seconds() - before,
        tuning.ef,
        tuning.slack,
        tuning.recall
    );
    println!(
        "recall {:.4} of {CHECKED} searches beside exact ones",
        recall(&catalog, rows)?
    );
    Ok(())
}

fn build(directory: &std::path::Path, given: &Arc<Given>, rows: usize) -> Result<Catalog, Failure> {
    let category = CategoryRow {
        place: Place::Path(vec!["all".to_owned()]),
        ..CategoryRow::default()
    };
    let taxonomy = Taxonomy::from_rows(vec![category])?;
    let embedder: Arc<dyn Embedder> = Arc::clone(given) as _;
    let catalog = Catalog::create(directory, &taxonomy, embedder, "given")?;
    let step = 100_000;
    for from in (0..rows).step_by(step) {
        catalog.put((from..rows.min(from + step)).map(|row| Product {
            id: row.to_string(),
            title: row.to_string(),
            ..Product::default()
        }))?;
    }
    catalog.wait_until_indexed(&mut ())?;
    Ok(catalog)
}

/// Part of the ten best that searches for products find.
fn recall(catalog: &Catalog, rows: usize) -> Result<f64, assort::Error> {
    let mut found = 0;
    for at in 0..CHECKED {
        let like = (at * rows / CHECKED).to_string();
        let search = |exact: bool| -> Result<Vec<String>, assort::Error> {
            let mut search = Search::new(Query::Like(like.clone()));
            search.exact = exact;
            let page = catalog.search(&search)?;
            let ids = page.found.into_iter().map(|found| found.product.product.id);
            Ok(ids.take(10).collect())
        };
        let (best, got) = (search(true)?, search(false)?);
        found += best.iter().filter(|id| got.contains(id)).count();
    }
    Ok(found as f64 / (10 * CHECKED) as f64)
}
