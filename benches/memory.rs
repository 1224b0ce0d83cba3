//! Memory of an import of a million products, beside their vectors.
//!
//! `cargo bench --bench memory`; `ASSORT_BENCH_ROWS` changes the number of rows.

#[path = "common/chance.rs"]
mod chance;
#[path = "common/memory.rs"]
mod memory;

use std::io::{BufWriter, Write};
use std::sync::Arc;
use std::time::Instant;

use assort::core::{CategoryRow, Place, Taxonomy};
use assort::read::{Input, Mapping, ProductReader};
use assort::{Catalog, ImportOptions};
use chance::Chance;

const DIMENSIONS: usize = 16;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let rows: usize =
        std::env::var("ASSORT_BENCH_ROWS").map_or(Ok(1_000_000), |rows| rows.parse())?;
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("products.csv");
    let mut writer = BufWriter::new(std::fs::File::create(&file)?);
    writeln!(writer, "id,title,description,brand,price")?;
    for row in 0..rows {
        writeln!(
            writer,
            "sku-{row},Product number {row} of many kinds,A description of some length for product {row}.,Brand {},{}",
            row % 997,
            row % 1000
        )?;
    }
    writer.flush()?;
    let category = CategoryRow {
        place: Place::Path(vec!["all".to_owned()]),
        ..CategoryRow::default()
    };
    let taxonomy = Taxonomy::from_rows(vec![category])?;
    let shop = directory.path().join("shop");
    let catalog = Catalog::create(
        &shop,
        &taxonomy,
        Arc::new(Chance::new(DIMENSIONS)),
        "chance",
    )?;
    let import = || {
        let reader = ProductReader::new(
            Input::open(&file.display().to_string(), None)?,
            &Mapping::default(),
        )?;
        catalog.import(reader, &ImportOptions::default(), &|| None, &mut ())
    };
    let begun = Instant::now();
    let report = import()?;
    let time = begun.elapsed();
    println!(
        "{} products imported in {:.0} s, {:.0}/s without an embedder's cost",
        report.added,
        time.as_secs_f64(),
        report.added as f64 / time.as_secs_f64()
    );
    let begun = Instant::now();
    let report = import()?;
    let time = begun.elapsed();
    println!(
        "{} unchanged in {:.1} s",
        report.unchanged,
        time.as_secs_f64()
    );
    match memory::bytes("VmHWM") {
        Some(bytes) => println!(
            "peak resident memory: {:.0} MB, beside vectors of {:.0} MB on disk",
            bytes / 1e6,
            (rows * DIMENSIONS * 4) as f64 / 1e6
        ),
        None => println!("peak resident memory is not known on this system"),
    }
    Ok(())
}
