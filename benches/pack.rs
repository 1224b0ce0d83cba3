//! Filing by a pack: how many titles a second, and how long it takes to open one.
//!
//! `cargo bench --bench pack -- [TITLES [ROUNDS]]`; `ASSORT_SHARED` (or `../shared`) must have the
//! data. The pack is of `jd-zh` with 20,000 labelled products, and stays with a million
//! titles (or as many as are said) in `target/tmp/pack`, where
//! `benches/peers/python_pack.py` files the same from Python.

#[path = "common/data.rs"]
mod data;

use std::path::Path;
use std::time::Instant;

use assort::core::{Method, Product};
use assort::read::Mapping;
use assort::{Catalog, ClassifyOptions, ImportOptions, InputRow, Pack};
use assort_embed::{Options, Spec, open, reopen_packed};
use data::{reader, title_columns};

type Failure = Box<dyn std::error::Error>;

/// Labelled products of the pack.
const LABELS: usize = 20_000;

/// Titles that are filed.
const TITLES: usize = 1_000_000;

/// Rounds, of which the median is told.
const ROUNDS: usize = 3;

fn main() -> Result<(), Failure> {
    let Some(shared) = data::shared() else {
        return Ok(());
    };
    let mut asked = std::env::args().skip(1).filter_map(|one| one.parse().ok());
    let titles = asked.next().unwrap_or(TITLES);
    let rounds = asked.next().unwrap_or(ROUNDS);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pack");
    std::fs::create_dir_all(&folder)?;
    let file = folder.join("shop.pack");
    let source = shared.join("data/jd-zh");
    if !file.exists() {
        pack(&source, &file)?;
    }
    let products = products(&source.join("products.tsv"), titles)?;
    write_titles(&products, &folder.join("titles.txt"))?;
    let began = Instant::now();
    let pack = Pack::open(&file)?;
    let embedder = reopen_packed(
        pack.embedder_spec(),
        pack.student(),
        &pack.space(),
        &Options::default(),
    )?;
    let pack = pack.with_embedder(embedder)?;
    println!(
        "opened in {:.0} ms, {} bytes",
        began.elapsed().as_secs_f64() * 1e3,
        pack.size()
    );
    println!("| method | titles a second |");
    println!("|---|---|");
    for method in [Method::Auto, Method::Head] {
        println!(
            "| {method} | {:.0} |",
            rate(&pack, &products, method, rounds)?
        );
    }
    Ok(())
}

/// Makes the pack.
fn pack(source: &Path, file: &Path) -> Result<(), Failure> {
    let taxonomy = data::taxonomy(&source.join("taxonomy.tsv"))?;
    let directory = tempfile::tempdir()?;
    let embedder = open(&Spec::Bundled, &Options::default())?;
    let shop = directory.path().join("shop");
    let catalog = Catalog::create(&shop, &taxonomy, embedder, "bundled")?;
    let mapping: Mapping = title_columns().with_taxonomy(Some(taxonomy.into()));
    let rows = reader(&source.join("products.tsv"), &mapping)?.take(LABELS);
    catalog.import(rows, &ImportOptions::default(), &|| None, &mut ())?;
    let report = catalog.pack(file, &mut ())?;
    println!("packed: {} labels, {} heads", report.labels, report.heads);
    Ok(())
}

/// So many products without ids, the titles of a file again and again.
fn products(file: &Path, count: usize) -> Result<Vec<Product>, Failure> {
    let rows = reader(file, &title_columns())?.filter_map(|row| match row.into() {
        InputRow::Product(row) => Some(row.product.title),
        _ => None,
    });
    let titles: Vec<String> = rows.collect();
    let product = |title: &String| Product {
        title: title.clone(),
        ..Product::default()
    };
    Ok(titles.iter().cycle().take(count).map(product).collect())
}

fn write_titles(products: &[Product], file: &Path) -> Result<(), Failure> {
    let titles: Vec<&str> = products.iter().map(|one| one.title.as_str()).collect();
    Ok(std::fs::write(file, titles.join("\n"))?)
}

/// Titles a second, the median of several rounds.
fn rate(pack: &Pack, products: &[Product], method: Method, rounds: usize) -> Result<f64, Failure> {
    let options = ClassifyOptions::default().with_method(method).with_top(1);
    let group = pack.classify_batch(&options)?;
    let mut rates = Vec::new();
    for _ in 0..rounds {
        let began = Instant::now();
        let mut filed = 0;
        for products in products.chunks(group) {
            let decisions = pack.classify(products, &options)?;
            filed += decisions
                .iter()
                .filter(|one| one.category.is_some())
                .count();
        }
        assert!(filed > 0);
        rates.push(products.len() as f64 / began.elapsed().as_secs_f64());
    }
    rates.sort_by(f64::total_cmp);
    Ok(rates[rates.len() / 2])
}
