//! Exact search of 200,000 vectors of 512 coordinates, beside a bare scan of
//! the same numbers with the same kernel.
//!
//! `cargo bench --bench search`; `ASSORT_BENCH_ROWS` changes the number of rows.

#[path = "common/chance.rs"]
mod chance;
#[path = "common/clock.rs"]
mod clock;

use std::hint::black_box;
use std::sync::Arc;

use assort::core::{CategoryRow, Place, Product, Taxonomy};
use assort::{Catalog, Query, Search};
use chance::Chance;
use clock::{median, timed};
use simsimd::SpatialSimilarity;

const DIMENSIONS: usize = 512;
const QUERIES: usize = 15;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let rows: usize =
        std::env::var("ASSORT_BENCH_ROWS").map_or(Ok(200_000), |rows| rows.parse())?;
    let directory = tempfile::tempdir()?;
    let catalog = build(directory.path(), rows)?;
    let chance = Chance::new(DIMENSIONS);
    let bare: Vec<f32> = (0..rows)
        .flat_map(|row| chance.vector(row_seed(row)))
        .collect();
    let queries: Vec<Vec<f32>> = (0..QUERIES as u64)
        .map(|seed| chance.vector(seed + 1_000_000_007))
        .collect();
    // In segments, as a catalog of this size is once all is done that is due.
    catalog.wait_until_indexed(&mut ())?;
    // The first search opens them.
    let (opening, _) = timed(|| search(&catalog, &queries[0]));
    println!(
        "{rows} vectors of {DIMENSIONS}; first search, which opens them: {:.2} s",
        opening.as_secs_f64()
    );
    let single = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let (mut scans, mut ones, mut alls) = (Vec::new(), Vec::new(), Vec::new());
    for query in &queries {
        let (time, best) = timed(|| scan(&bare, query));
        scans.push(time);
        let (time, found) = single.install(|| timed(|| search(&catalog, query)));
        ones.push(time);
        assert_eq!(
            found?.as_deref(),
            Some(best.to_string().as_str()),
            "search and scan disagree"
        );
        let (time, _) = timed(|| search(&catalog, query));
        alls.push(time);
    }
    let (scanned, one, all) = (median(scans), median(ones), median(alls));
    let ratio = |time: std::time::Duration| time.as_secs_f64() / scanned.as_secs_f64();
    let gigabytes = (rows * DIMENSIONS * 4) as f64 / 1e9;
    println!(
        "bare simsimd scan, 1 thread:  {:7.2} ms, {:.1} GB/s",
        1e3 * scanned.as_secs_f64(),
        gigabytes / scanned.as_secs_f64()
    );
    println!(
        "search, top 10, 1 thread:     {:7.2} ms, {:.2} of the scan",
        1e3 * one.as_secs_f64(),
        ratio(one)
    );
    println!(
        "search, top 10, {} threads:    {:7.2} ms, {:.2} of the scan; recall 1 (exact)",
        rayon::current_num_threads(),
        1e3 * all.as_secs_f64(),
        ratio(all)
    );
    Ok(())
}

/// The text of a product decides its vector; this is the seed it leads to.
fn row_seed(row: usize) -> u64 {
    assort::core::text_hash(&title(row)) as u64
}

fn title(row: usize) -> String {
    format!("product {row}")
}

fn build(directory: &std::path::Path, rows: usize) -> Result<Catalog, Failure> {
    let category = CategoryRow {
        place: Place::Path(vec!["all".to_owned()]),
        ..CategoryRow::default()
    };
    let taxonomy = Taxonomy::from_rows(vec![category])?;
    let catalog = Catalog::create(
        directory,
        &taxonomy,
        Arc::new(Chance::new(DIMENSIONS)),
        "chance",
    )?;
    catalog.put((0..rows).map(|row| Product {
        id: row.to_string(),
        title: title(row),
        ..Product::default()
    }))?;
    Ok(catalog)
}

/// Id of the best product.
fn search(catalog: &Catalog, query: &[f32]) -> Result<Option<String>, assort::Error> {
    let mut search = Search::new(Query::Vector(query.to_vec()));
    search.exact = true;
    let page = catalog.search(&search)?;
    Ok(black_box(page)
        .found
        .into_iter()
        .next()
        .map(|found| found.product.product.id))
}

/// Row of the best vector.
fn scan(rows: &[f32], query: &[f32]) -> usize {
    let mut best = (0, f64::NEG_INFINITY);
    for (at, row) in rows.chunks_exact(DIMENSIONS).enumerate() {
        let similarity = f32::dot(row, query).unwrap_or(f64::NEG_INFINITY);
        if similarity > best.1 {
            best = (at, similarity);
        }
    }
    black_box(best).0
}
