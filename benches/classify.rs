//! Accuracy, confidence and speed of filing on real catalogs: titles only, and of
//! gpc-en with descriptions too.
//!
//! `cargo bench --bench classify`. Embeds whole catalogs, which takes minutes;
//! `ASSORT_SHARED` (or `../shared`) must have the data and models.

#[path = "common/data.rs"]
mod data;

use std::path::Path;
use std::time::Instant;

use assort::core::Method;
use assort::read::{Mapping, ProductReader};
use assort::{Catalog, ClassifyOptions, ImportOptions, TrainHeads};
use assort_embed::Spec;
use data::{reader, taxonomy, title_columns};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let Some(shared) = data::shared() else {
        return Ok(());
    };
    let sets = [
        ("gpc-en", "minilm-l6-int8", false),
        ("gpc-en", "minilm-l6-int8", true),
        ("jd-zh", "use-multilingual", false),
    ];
    for (data, model, texts) in sets {
        let spec = Spec::Dir(shared.join("models").join(model));
        match assort_embed::open(&spec, &Default::default()) {
            Ok(embedder) => {
                let name = if texts {
                    "gpc-en with descriptions"
                } else {
                    data
                };
                let mapping = if texts {
                    Mapping::default()
                } else {
                    title_columns()
                };
                measure(name, &shared.join("data").join(data), embedder, &mapping)?;
            }
            Err(error) => println!("skipped {model}: {error}"),
        }
    }
    Ok(())
}

fn measure(
    name: &str,
    data: &Path,
    embedder: std::sync::Arc<dyn assort::core::Embedder>,
    mapping: &Mapping,
) -> Result<(), Failure> {
    let taxonomy = taxonomy(&data.join("taxonomy.tsv"))?;
    let directory = tempfile::tempdir()?;
    let catalog = Catalog::create(directory.path(), &taxonomy, embedder, "bench")?;
    let rows = |file: &str| reader(&data.join(file), mapping);
    let options = ImportOptions::default();
    let begun = Instant::now();
    let report = catalog.import(rows("products.tsv")?, &options, &|| None, &mut ())?;
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{name}: {} products imported in {seconds:.0} s, {:.0}/s",
        report.added,
        report.added as f64 / seconds
    );
    let begun = Instant::now();
    catalog.prepare(&mut ())?;
    println!(
        "  learned from the catalog in {:.1} s, category texts included",
        begun.elapsed().as_secs_f64()
    );
    for method in [Method::ZeroShot, Method::Neighbors, Method::Auto] {
        evaluate(&catalog, rows("validation.tsv")?, method, "")?;
    }
    let begun = Instant::now();
    let trained = catalog.train(&TrainHeads::default(), &mut ())?;
    println!(
        "  trained in {:.0} s, {:.0} MB; {} held out",
        begun.elapsed().as_secs_f64(),
        trained.bytes as f64 / 1e6,
        trained.held_out
    );
    for method in [Method::Head, Method::Auto] {
        evaluate(&catalog, rows("validation.tsv")?, method, ", trained")?;
    }
    let asked = ClassifyOptions::default()
        .with_target_precision(0.95)
        .with_set_coverage(0.9);
    let found = catalog.evaluate(rows("validation.tsv")?, &asked.into(), &mut ())?;
    let sets = found.sets.unwrap_or_default();
    println!(
        "  asked for 95%: {:.4} right of {:.4} decided; sets of 90% hold {:.4} with {:.2} categories",
        found.report.scores.accuracy, found.report.coverage, sets.coverage, sets.mean_size
    );
    stored_rate(&catalog)
}

fn evaluate(
    catalog: &Catalog,
    rows: ProductReader,
    method: Method,
    when: &str,
) -> Result<(), Failure> {
    let options = ClassifyOptions::default().with_method(method).with_top(1);
    let begun = Instant::now();
    let found = catalog.evaluate(rows, &options.into(), &mut ())?;
    let rate = found.report.products as f64 / begun.elapsed().as_secs_f64();
    let levels = &found.report.levels;
    let accuracies: Vec<String> = levels
        .iter()
        .map(|level| format!("{:.4}", level.scores.accuracy))
        .collect();
    let ranking = found.ranking.unwrap_or_default();
    println!(
        "  {method:9}{when}: leaf accuracy {:.4}, levels {}, mean weighted F1 {:.4}; ECE {:.4}, among five {:.4}, AUC {:.4}; {rate:.0} products/s embedded and filed",
        found.report.scores.accuracy,
        accuracies.join(" "),
        found.report.mean_weighted_f1(),
        found.confidence.ece,
        ranking.top5_accuracy,
        ranking.auc.unwrap_or(f64::NAN),
    );
    Ok(())
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
