//! Accuracy and speed of filing on real catalogs, titles only.
//!
//! `cargo bench --bench classify`. Embeds two whole catalogs, which takes
//! minutes; `ASSORT_SHARED` (or `../shared`) must have the data and models.

#[path = "common/data.rs"]
mod data;

use std::path::Path;
use std::time::Instant;

use assort::core::Method;
use assort::{Catalog, ClassifyOptions, ImportOptions};
use assort_embed::Spec;
use data::{reader, taxonomy};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let Some(shared) = data::shared() else {
        return Ok(());
    };
    for (data, model) in [("gpc-en", "minilm-l6-int8"), ("jd-zh", "use-multilingual")] {
        let spec = Spec::Dir(shared.join("models").join(model));
        match assort_embed::open(&spec, &Default::default()) {
            Ok(embedder) => measure(data, &shared.join("data").join(data), embedder, model)?,
            Err(error) => println!("skipped {model}: {error}"),
        }
    }
    Ok(())
}

fn measure(
    name: &str,
    data: &Path,
    embedder: std::sync::Arc<dyn assort::core::Embedder>,
    model: &str,
) -> Result<(), Failure> {
    let taxonomy = taxonomy(&data.join("taxonomy.tsv"))?;
    let directory = tempfile::tempdir()?;
    let catalog = Catalog::create(directory.path(), &taxonomy, embedder, "bench")?;
    let begun = Instant::now();
    let options = ImportOptions::default();
    let report = catalog.import(
        reader(&data.join("products.tsv"))?,
        &options,
        &|| None,
        &mut (),
    )?;
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{name}, {model}: {} products imported in {seconds:.0} s, {:.0}/s",
        report.added,
        report.added as f64 / seconds
    );
    let begun = Instant::now();
    catalog.prepare(&mut ())?;
    println!(
        "  learned from the catalog in {:.1} s, category texts included",
        begun.elapsed().as_secs_f64()
    );
    for method in Method::ALL {
        let options = ClassifyOptions::default().with_method(method).with_top(1);
        let begun = Instant::now();
        let rows = reader(&data.join("validation.tsv"))?;
        let report = catalog.evaluate(rows, &options, 0, &mut ())?.report;
        let rate = report.products as f64 / begun.elapsed().as_secs_f64();
        let levels: Vec<String> = report
            .levels
            .iter()
            .map(|level| format!("{:.4}", level.scores.accuracy))
            .collect();
        println!(
            "  {method:9}  leaf accuracy {:.4}, levels {}, weighted F1 {:.4}, macro F1 {:.4}; {rate:.0} products/s embedded and filed",
            report.scores.accuracy,
            levels.join(" "),
            report.scores.weighted_f1,
            report.scores.macro_f1,
        );
    }
    stored_rate(&catalog)
}

/// Filing alone: the vectors are there.
fn stored_rate(catalog: &Catalog) -> Result<(), Failure> {
    let ids = catalog.ids(None, usize::MAX)?;
    let ids: Vec<&str> = ids.iter().take(2048).map(String::as_str).collect();
    for method in Method::ALL {
        let options = ClassifyOptions::default().with_method(method);
        let begun = Instant::now();
        catalog.classify_stored(&ids, &options)?;
        println!(
            "  {method:9}  {:.0} stored products/s",
            ids.len() as f64 / begun.elapsed().as_secs_f64()
        );
    }
    Ok(())
}
