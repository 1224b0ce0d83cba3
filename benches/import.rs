//! Import beside the embedder alone, and the re-import of what is there.
//!
//! `cargo bench --bench import`. Real titles and models are used where
//! `ASSORT_SHARED` (or `../shared`) has them.

#[path = "common/chance.rs"]
mod chance;
#[path = "common/clock.rs"]
mod clock;
#[path = "common/data.rs"]
mod data;

use std::path::Path;
use std::sync::Arc;

use assort::core::compose::product_text;
use assort::core::{Embedder, Input, Product, Role};
use assort::{Catalog, ImportOptions};
use assort_embed::Spec;
use chance::Chance;
use clock::{median, timed};
use data::{reader, taxonomy, title_columns};

const RUNS: usize = 3;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data");
    let bundled = assort_embed::open(&Spec::Bundled, &Default::default())?;
    beside_embedder(
        "bundled, demo titles",
        &own.join("taxonomy.tsv"),
        &own.join("products.csv"),
        300,
        bundled,
    )?;
    let Some(shared) = data::shared() else {
        return Ok(());
    };
    for (model, data, rows) in [
        ("minilm-l6-int8", "gpc-en", 2048),
        ("use-multilingual", "jd-zh", 4096),
    ] {
        let data_folder = shared.join("data").join(data);
        let spec = Spec::Dir(shared.join("models").join(model));
        match assort_embed::open(&spec, &Default::default()) {
            Ok(embedder) => beside_embedder(
                &format!("{model}, {data} titles"),
                &data_folder.join("taxonomy.tsv"),
                &data_folder.join("products.tsv"),
                rows,
                embedder,
            )?,
            Err(error) => println!("skipped {model}: {error}"),
        }
    }
    again(&shared.join("data/jd-zh"))
}

/// The same titles through the embedder alone and through a whole import, in
/// turn.
fn beside_embedder(
    name: &str,
    taxonomy_file: &Path,
    products: &Path,
    rows: usize,
    embedder: Arc<dyn Embedder>,
) -> Result<(), Failure> {
    let taxonomy = taxonomy(taxonomy_file)?;
    let chosen: Vec<Product> = reader(products, &title_columns())?
        .filter_map(|row| Some(row.ok()?.whole().ok()?.product))
        .take(rows)
        .collect();
    let mut texts: Vec<String> = chosen.iter().map(product_text).collect();
    texts.sort_unstable_by_key(|text| std::cmp::Reverse(text.len()));
    texts.dedup();
    let inputs: Vec<Input<'_>> = texts.iter().map(|text| Input::plain(text)).collect();
    embedder.embed(&inputs[..inputs.len().min(64)], Role::Document)?;
    let (mut alone, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let (time, made) = timed(|| {
            inputs
                .chunks(embedder.batch())
                .try_for_each(|batch| embedder.embed(batch, Role::Document).map(drop))
        });
        made?;
        alone.push(time);
        let directory = tempfile::tempdir()?;
        let catalog = Catalog::create(directory.path(), &taxonomy, Arc::clone(&embedder), "bench")?;
        let (time, report) = timed(|| catalog.put(chosen.clone()));
        assert_eq!(report?.added, chosen.len() as u64);
        whole.push(time);
    }
    let (alone, whole) = (median(alone), median(whole));
    println!(
        "{name}: embedder {:.0} texts/s, import {:.0} products/s, {:.1}% of the embedder's rate",
        texts.len() as f64 / alone.as_secs_f64(),
        chosen.len() as f64 / whole.as_secs_f64(),
        100.0 * alone.as_secs_f64() / whole.as_secs_f64(),
    );
    Ok(())
}

/// Imports all of jd-zh twice with an embedder that costs nothing.
fn again(data: &Path) -> Result<(), Failure> {
    let directory = tempfile::tempdir()?;
    let taxonomy = taxonomy(&data.join("taxonomy.tsv"))?;
    let catalog = Catalog::create(
        directory.path(),
        &taxonomy,
        Arc::new(Chance::new(512)),
        "chance",
    )?;
    let import = || {
        let rows = reader(&data.join("products.tsv"), &title_columns())?;
        catalog.import(rows, &ImportOptions::default(), &|| None, &mut ())
    };
    let (first, report) = timed(import);
    let rows = report?.rows;
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let (time, report) = timed(import);
        assert_eq!(report?.unchanged, rows);
        times.push(time);
    }
    println!(
        "jd-zh, {rows} products: first import without the embedder's cost {:.2} s, again unchanged {:.2} s",
        first.as_secs_f64(),
        median(times).as_secs_f64()
    );
    Ok(())
}
