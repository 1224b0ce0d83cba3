//! How long a product waits for its decision, in a quiet catalog and beside a
//! writer that commits ten times a second.
//!
//! `cargo bench --bench readers`; `ASSORT_BENCH_ROWS` changes the number of products.

#[path = "common/chance.rs"]
mod chance;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use assort::core::{Product, Taxonomy};
use assort::read::ProductRow;
use assort::{Catalog, ClassifyOptions, ImportOptions};
use chance::Chance;

type Failure = Box<dyn std::error::Error>;

const DIMENSIONS: usize = 512;
const LEAVES: usize = 700;
const WATCHED: Duration = Duration::from_secs(8);
const RUNS: usize = 3;

fn row(number: usize, labelled: bool) -> ProductRow {
    let product = Product {
        id: format!("sku-{number}"),
        title: format!("Product number {number} of many kinds"),
        ..Product::default()
    };
    let category = labelled.then(|| format!("root {} > leaf {}", number % 20, number % LEAVES));
    ProductRow {
        line: number as u64,
        product,
        category,
        ..ProductRow::default()
    }
}

/// Times of single decisions for as long as it is watched, the shortest first.
fn watched(catalog: &Catalog) -> Result<Vec<Duration>, Failure> {
    let begun = Instant::now();
    let mut times = Vec::new();
    while begun.elapsed() < WATCHED {
        let product = Product {
            id: "new".to_owned(),
            title: format!("A new product, number {}", times.len()),
            ..Product::default()
        };
        let start = Instant::now();
        catalog.classify(&[product], &ClassifyOptions::default())?;
        times.push(start.elapsed());
        // As many as a service answers with some room.
        std::thread::sleep(Duration::from_millis(1));
    }
    times.sort_unstable();
    Ok(times)
}

fn main() -> Result<(), Failure> {
    let rows: usize = std::env::var("ASSORT_BENCH_ROWS").map_or(Ok(50_000), |rows| rows.parse())?;
    let directory = tempfile::tempdir()?;
    let leaves = (0..rows.max(LEAVES)).map(|at| format!("root {} > leaf {}", at % 20, at % LEAVES));
    let leaves: std::collections::BTreeSet<String> = leaves.collect();
    let taxonomy = Taxonomy::from_paths(&leaves)?;
    let embedder = Arc::new(Chance::new(DIMENSIONS));
    let catalog = Catalog::create(directory.path(), &taxonomy, embedder, "chance")?;
    let options = ImportOptions::default();
    let all = (0..rows).map(|number| row(number, number % 4 == 0));
    catalog.import(all, &options, &|| None, &mut ())?;
    catalog.wait_until_indexed(&mut ())?;
    catalog.prepare(&mut ())?;
    for run in 1..=RUNS {
        tell(run, "quiet", &watched(&catalog)?);
        let stop = AtomicBool::new(false);
        let (times, commits) = std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let (mut commits, mut number) = (0, rows * run);
                while !stop.load(Ordering::Relaxed) {
                    let begun = Instant::now();
                    let new = (number..number + 20).map(|number| row(number, number % 4 == 0));
                    catalog.import(new, &options, &|| None, &mut ())?;
                    number += 20;
                    commits += 1;
                    std::thread::sleep(Duration::from_millis(100).saturating_sub(begun.elapsed()));
                }
                Ok::<_, assort::Error>(commits)
            });
            let times = watched(&catalog);
            stop.store(true, Ordering::Relaxed);
            (times, writer.join())
        });
        tell(run, "beside a writer", &times?);
        let commits = commits.map_err(|_| "the writer panicked")??;
        println!(
            "       {:.1} commits a second",
            commits as f64 / WATCHED.as_secs_f64()
        );
    }
    Ok(())
}

fn tell(run: usize, what: &str, times: &[Duration]) {
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
    println!(
        "run {run}, {what}: {} decisions, p50 {:.3} ms, p99 {:.3} ms, longest {:.1} ms",
        times.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
}
