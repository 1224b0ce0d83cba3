//! Accuracy, confidence and speed of filing on real catalogs: titles only, and of
//! gpc-en with descriptions too.
//!
//! `cargo bench --bench classify`. Embeds whole catalogs, which takes minutes;
//! `ASSORT_SHARED` (or `../shared`) must have the data and models.

#[path = "common/data.rs"]
mod data;
#[path = "common/methods.rs"]
mod methods;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use assort::core::chance::mix;
use assort::core::{CategoryIndex, Method, Product};
use assort::read::{Mapping, ProductReader, ProductRow};
use assort::students::Teacher;
use assort::{
    Catalog, ClassifyOptions, DistillOptions, ImportOptions, InputRow, LabelOptions, TrainHeads,
};
use assort_embed::StoredSpec;
use data::{reader, taxonomy, title_columns};
use methods::BY_TEXT;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let Some(shared) = data::shared() else {
        return Ok(());
    };
    let sets = [
        ("gpc-en", "minilm-l6-int8", false),
        ("gpc-en", "minilm-l6-int8", true),
        ("jd-zh", "use-multilingual", false),
        ("gpc-en", "bundled", false),
        ("gpc-en", "bundled", true),
        ("jd-zh", "bundled", false),
    ];
    for (data, model, texts) in sets {
        let spec = match model {
            "bundled" => model.to_owned(),
            model => format!("dir:{}", shared.join("models").join(model).display()),
        };
        match spec.parse::<StoredSpec>()?.teacher(&Default::default()) {
            Ok(model) => {
                let (name, mapping) = match texts {
                    true => ("gpc-en with descriptions", Mapping::default()),
                    false => (data, title_columns()),
                };
                let name = format!("{name} by {}", model.embedder().space().model);
                measure(&name, &shared.join("data").join(data), &model, &mapping)?;
            }
            Err(error) => println!("skipped {model}: {error}"),
        }
    }
    Ok(())
}

fn measure(name: &str, data: &Path, model: &Teacher, mapping: &Mapping) -> Result<(), Failure> {
    let taxonomy = taxonomy(&data.join("taxonomy.tsv"))?;
    let directory = tempfile::tempdir()?;
    let embedder = model.embedder().clone();
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
    stored_rate(&catalog)?;
    let products = rows("validation.tsv")?.filter_map(|row| match row.into() {
        InputRow::Product(row) => Some(row.product),
        _ => None,
    });
    by_a_student(&catalog, model, &products.collect::<Vec<Product>>())?;
    audit(&catalog)
}

/// Filing from text by a student: many products together, and one at a time.
fn by_a_student(catalog: &Catalog, model: &Teacher, products: &[Product]) -> Result<(), Failure> {
    let options = DistillOptions::default().with_min_quality(0.0);
    catalog.distill_and_adopt(model, &options, &mut ())?;
    catalog.prepare(&mut ())?;
    for method in BY_TEXT {
        let options = ClassifyOptions::default().with_method(method).with_top(1);
        let group = catalog.classify_batch(&options)?;
        let begun = Instant::now();
        for products in products.chunks(group) {
            catalog.classify(products, &options)?;
        }
        let rate = products.len() as f64 / begun.elapsed().as_secs_f64();
        let one = |product: &Product| {
            let begun = Instant::now();
            let filed = catalog.classify(std::slice::from_ref(product), &options);
            filed.map(|_| begun.elapsed())
        };
        let singly = products.iter().take(2000).map(one);
        let mut times: Vec<Duration> = singly.collect::<Result<_, _>>()?;
        times.sort_unstable();
        let milliseconds = |part: f64| {
            let at = ((times.len() - 1) as f64 * part) as usize;
            times[at].as_secs_f64() * 1e3
        };
        println!(
            "  {method:9} by a student, from text: {rate:.0} products/s; one alone {:.3} ms (p50), {:.3} ms (p99)",
            milliseconds(0.5),
            milliseconds(0.99)
        );
    }
    Ok(())
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

/// Turns a twentieth of the labels wrong, every other one to a sibling, and counts how
/// many an audit finds.
fn audit(catalog: &Catalog) -> Result<(), Failure> {
    let taxonomy = catalog.taxonomy()?;
    let leaves: Vec<CategoryIndex> = taxonomy.leaves().collect();
    let mut chance = 5u64;
    let mut below = |count: usize| {
        chance = mix(chance);
        chance as usize % count
    };
    let mut ids = catalog.ids(None, usize::MAX)?;
    let count = ids.len() / 20;
    for at in 0..count {
        let other = at + below(ids.len() - at);
        ids.swap(at, other);
    }
    let mut truths: BTreeMap<String, CategoryIndex> = BTreeMap::new();
    let mut rows = Vec::new();
    for (at, id) in ids.into_iter().take(count).enumerate() {
        let Some(label) = catalog.product(&id)?.label else {
            continue;
        };
        let parent = taxonomy.category(label).parent;
        let is_sibling = |leaf: &CategoryIndex| taxonomy.category(*leaf).parent == parent;
        let siblings: Vec<CategoryIndex> = leaves.iter().copied().filter(is_sibling).collect();
        let others = match at % 2 == 0 && siblings.len() > 1 {
            true => siblings,
            false => leaves.clone(),
        };
        let wrong = loop {
            let other = others[below(others.len())];
            if other != label {
                break other;
            }
        };
        rows.push(ProductRow {
            product: Product {
                id: id.clone(),
                ..Product::default()
            },
            category: Some(taxonomy.category(wrong).id.clone()),
            ..ProductRow::default()
        });
        truths.insert(id, label);
    }
    catalog.label(rows, LabelOptions::default(), &mut ())?;
    let begun = Instant::now();
    let audit = catalog.audit_labels(&mut ())?;
    let seconds = begun.elapsed().as_secs_f64();
    let turned = |part: f64| {
        let first = audit
            .suspects
            .iter()
            .take((audit.labels as f64 * part) as usize);
        let found = first.filter(|suspect| truths.contains_key(&suspect.id));
        found.count() as f64 / truths.len() as f64
    };
    let known = audit.suspects.iter().filter_map(|suspect| {
        let truth = truths.get(&suspect.id)?;
        Some(suspect.suggested == *truth)
    });
    let known: Vec<bool> = known.collect();
    let right = known.iter().filter(|right| **right).count() as f64;
    println!(
        "  {} of {} labels turned wrong: {:.3} are in the first 5% of the audit, {:.3} in the first 10%, the suggestion is right in {:.3}; {seconds:.0} s",
        truths.len(),
        audit.labels,
        turned(0.05),
        turned(0.1),
        right / known.len().max(1) as f64
    );
    Ok(())
}

/// Filing alone: the vectors are there.
fn stored_rate(catalog: &Catalog) -> Result<(), Failure> {
    let ids = catalog.ids(None, usize::MAX)?;
    let ids: Vec<&str> = ids.iter().take(2048).map(String::as_str).collect();
    for method in BY_TEXT {
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
