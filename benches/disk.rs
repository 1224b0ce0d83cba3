//! Disk that a catalog takes, beside its raw vectors and the file of products.
//!
//! `cargo bench --bench disk`; `ASSORT_BENCH_ROWS` and `ASSORT_BENCH_DIMENSIONS`
//! change the number of products and of coordinates, which are chance: graphs of chance take
//! many times as long to build as those of real vectors. `-- DIR` takes the vectors of
//! `base.fbin` in a folder, and beyond them moved copies.

#[path = "common/chance.rs"]
mod chance;
#[path = "common/given.rs"]
#[expect(dead_code, reason = "there are as many rows as are asked for")]
mod given;
#[path = "common/memory.rs"]
mod memory;
#[path = "common/processor.rs"]
mod processor;
#[path = "common/vectors.rs"]
#[expect(dead_code, reason = "there is no file of whole numbers here")]
mod vectors;

use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use assort::core::{CategoryRow, Embedder, Place, Taxonomy};
use assort::read::{Input, Mapping, ProductReader};
use assort::{Catalog, ImportOptions, Query, Search};
use chance::Chance;
use given::Given;
use processor::processor_seconds;

type Failure = Box<dyn std::error::Error>;

fn setting(name: &str, default: usize) -> Result<usize, Failure> {
    Ok(std::env::var(name).map_or(Ok(default), |text| text.parse())?)
}

/// Titles of about 70 letters with a brand, a price and a colour.
fn write_products(file: &Path, rows: usize) -> Result<(), Failure> {
    let mut writer = BufWriter::new(std::fs::File::create(file)?);
    writeln!(writer, "id,title,brand,price,colour")?;
    for row in 0..rows {
        writeln!(
            writer,
            "sku-{row},Product number {row} of many kinds with a title as long as titles are,Brand {},{},{}",
            row % 997,
            row % 1000,
            ["red", "green", "blue"][row % 3]
        )?;
    }
    Ok(writer.flush()?)
}

/// Bytes of the store's file and of the segments.
fn sizes(shop: &Path) -> (f64, f64) {
    let store = std::fs::metadata(shop.join("catalog.redb")).map_or(0, |data| data.len());
    let segments = std::fs::read_dir(shop.join("segments"));
    let segments = segments.into_iter().flatten().flatten();
    let segments: u64 = segments
        .filter_map(|entry| entry.metadata().ok())
        .map(|data| data.len())
        .sum();
    (store as f64, segments as f64)
}

fn main() -> Result<(), Failure> {
    let rows = setting("ASSORT_BENCH_ROWS", 1_000_000)?;
    let embedder: Arc<dyn Embedder> = match std::env::args().skip(1).find(|one| one != "--bench") {
        Some(folder) => Arc::new(Given::open(Path::new(&folder))?),
        None => Arc::new(Chance::new(setting("ASSORT_BENCH_DIMENSIONS", 512)?)),
    };
    let dimensions = embedder.space().dimensions;
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("products.csv");
    write_products(&file, rows)?;
    let category = CategoryRow {
        place: Place::Path(vec!["all".to_owned()]),
        ..CategoryRow::default()
    };
    let taxonomy = Taxonomy::from_rows(vec![category])?;
    let shop = directory.path().join("shop");
    let catalog = Catalog::create(&shop, &taxonomy, embedder, "bench")?;

    let raw = (rows * dimensions * 4) as f64;
    let input = std::fs::metadata(&file)?.len() as f64;
    println!(
        "{rows} products of {dimensions} coordinates: {:.0} MB of raw vectors, {:.0} MB of products",
        raw / 1e6,
        input / 1e6
    );
    let begun = Instant::now();
    let tell = |what: &str, begun: Instant| {
        let (store, segments) = sizes(&shop);
        println!(
            "{what} {:.1} s: {:.0} MB in the store, {:.0} MB in segments, {:.2} of vectors and products",
            begun.elapsed().as_secs_f64(),
            store / 1e6,
            segments / 1e6,
            (store + segments) / (raw + input)
        );
    };
    let (most, done) = (AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let (store, segments) = sizes(&shop);
                most.fetch_max((store + segments) as u64, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        let filled = (|| -> Result<(), Failure> {
            let input = Input::open(&file.display().to_string(), None)?;
            let reader = ProductReader::new(input, &Mapping::default())?;
            catalog.import(reader, &ImportOptions::default(), &|| None, &mut ())?;
            tell("imported after", begun);
            catalog.wait_until_indexed(&mut ())?;
            tell("indexed after", begun);
            Ok(())
        })();
        done.store(true, Ordering::Relaxed);
        filled
    })?;
    println!(
        "at most {:.0} MB on the way",
        most.load(Ordering::Relaxed) as f64 / 1e6
    );
    let begun = Instant::now();
    catalog.compact(&mut ())?;
    tell("compacted in", begun);
    // Only the store's file is left to do.
    let begun = Instant::now();
    catalog.compact(&mut ())?;
    tell("compacted again in", begun);
    let begun = Instant::now();
    let problems = catalog.check()?;
    println!(
        "checked in {:.1} s: {} problems",
        begun.elapsed().as_secs_f64(),
        problems.len()
    );
    drop(catalog);
    let (begun, before) = (Instant::now(), processor_seconds());
    let found = Catalog::open(&shop)?.search(&Search::new(Query::Like("sku-7".to_owned())))?;
    println!(
        "opened and searched for the first time in {:.2} s, {:.2} of a processor: {} found",
        begun.elapsed().as_secs_f64(),
        processor_seconds() - before,
        found.found.len()
    );
    if let Some(bytes) = memory::bytes("VmHWM") {
        println!("peak resident memory: {:.0} MB", bytes / 1e6);
    }
    Ok(())
}
