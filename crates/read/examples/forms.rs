//! Writes the same products as CSV, Parquet and Arrow, and tells how fast each is read.
//!
//! `cargo run --release -p assort-read --features parquet --example forms -- DIR [ROWS]`, or `-- FILE`
//! to read a file that is there.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use assort_read::{Input, Mapping, ProductReader};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

/// Rows of a batch, and of a row group.
const GROUP: usize = 100_000;

const BRANDS: [&str; 5] = ["Alba", "Brio", "Corvo", "Delta", "Ember"];
const KINDS: [&str; 6] = [
    "Kettle",
    "Frying pan",
    "Desk lamp",
    "Running shoe",
    "Rain jacket",
    "Mug",
];
const COLOURS: [&str; 4] = ["red", "dark blue", "white", "green"];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let given = arguments
        .next()
        .ok_or("name a directory to write to, or a file to read")?;
    let given = Path::new(&given);
    if given.is_file() {
        return read(given);
    }
    let rows = arguments
        .next()
        .map_or(Ok(1_000_000), |rows| rows.parse())?;
    write(given, rows)?;
    let names = ["products.csv", "products.parquet", "products.arrow"];
    names.iter().try_for_each(|name| read(&given.join(name)))
}

/// Reads the products of a file, and tells how long it took.
fn read(path: &Path) -> Result<(), Box<dyn Error>> {
    let size = path.metadata()?.len();
    let begun = Instant::now();
    let input = Input::open(&path.to_string_lossy(), None)?;
    let reader = ProductReader::new(input, &Mapping::default())?;
    let mut rows = 0;
    for row in reader {
        row?.whole().map_err(|rejected| rejected.reason)?;
        rows += 1;
    }
    let rate = f64::from(rows) / begun.elapsed().as_secs_f64();
    println!(
        "{}: {size} bytes, {rows} rows, {rate:.0} rows/s",
        path.display()
    );
    Ok(())
}

fn write(directory: &Path, rows: usize) -> Result<(), Box<dyn Error>> {
    let file = |name: &str| File::create(directory.join(name)).map(BufWriter::new);
    let mut csv = file("products.csv")?;
    writeln!(
        csv,
        "id,title,description,category,brand,colour,price,weight"
    )?;
    let schema = batch(0, 0)?.schema();
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(GROUP))
        .build();
    let mut parquet = ArrowWriter::try_new(
        file("products.parquet")?,
        Arc::clone(&schema),
        Some(properties),
    )?;
    let mut arrow = arrow_ipc::writer::FileWriter::try_new(file("products.arrow")?, &schema)?;
    for start in (0..rows).step_by(GROUP) {
        let end = rows.min(start + GROUP);
        for row in start..end {
            let (price, weight) = (price(row), weight(row));
            let [title, text, category, brand, colour] = texts(row);
            writeln!(
                csv,
                "{row},{title},\"{text}\",{category},{brand},{colour},{price},{weight}"
            )?;
        }
        let batch = batch(start, end)?;
        parquet.write(&batch)?;
        arrow.write(&batch)?;
    }
    parquet.close()?;
    arrow.finish()?;
    Ok(csv.flush()?)
}

/// Title, description, category, brand and colour.
fn texts(row: usize) -> [String; 5] {
    let (brand, kind) = (BRANDS[row % 5], KINDS[row / 5 % 6]);
    let colour = COLOURS[row / 7 % 4];
    [
        format!("{brand} {kind} {} {colour}", row % 9973),
        format!("A {kind} by {brand} in {colour}, made to last, with two years of guarantee."),
        format!("Home > {kind}s"),
        brand.to_owned(),
        colour.to_owned(),
    ]
}

fn price(row: usize) -> f64 {
    (row * 7919 % 100_000) as f64 / 100.0
}

fn weight(row: usize) -> i64 {
    (row * 31 % 5000) as i64
}

fn batch(start: usize, end: usize) -> Result<RecordBatch, Box<dyn Error>> {
    let rows: Vec<[String; 5]> = (start..end).map(texts).collect();
    let text = |at: usize| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(
            rows.iter().map(|row| &row[at]),
        ))
    };
    let ids = Int64Array::from_iter_values((start..end).map(|row| row as i64));
    let prices = Float64Array::from_iter_values((start..end).map(price));
    let weights = Int64Array::from_iter_values((start..end).map(weight));
    Ok(RecordBatch::try_from_iter([
        ("id", Arc::new(ids) as ArrayRef),
        ("title", text(0)),
        ("description", text(1)),
        ("category", text(2)),
        ("brand", text(3)),
        ("colour", text(4)),
        ("price", Arc::new(prices)),
        ("weight", Arc::new(weights)),
    ])?)
}
