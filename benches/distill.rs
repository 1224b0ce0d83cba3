//! Students beside their teachers, on real catalogs, titles only.
//!
//! `cargo bench --bench distill -- [quality] [bulk]`; both without a
//! name. Prints JSON. `quality` embeds two catalogs by their teachers first, which takes
//! minutes; `bulk` imports a million products that are put together from real
//! titles. `ASSORT_SHARED` (or `../shared`) must have the data and models.

#[path = "common/clock.rs"]
mod clock;
#[path = "common/data.rs"]
mod data;
#[path = "common/memory.rs"]
mod memory;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use assort::core::{Embedder, Method, Product, text_hash};
use assort::read::ProductRow;
use assort::students::Distilled;
use assort::{Catalog, ClassifyOptions, DistillOptions, Distillation, ImportOptions};
use assort_embed::Spec;
use clock::{median, timed};
use data::{reader, taxonomy};
use serde_json::json;

/// Products of the bulk import.
const MANY: usize = 1_000_000;

/// Texts that the teacher's own speed is measured on.
const SOME: usize = 2_000;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let Some(shared) = data::shared() else {
        return Ok(());
    };
    let named = |name: &str| std::env::args().any(|argument| argument == name);
    let (quality, bulk) = (named("quality"), named("bulk"));
    for (data, model, run) in [
        ("gpc-en", "minilm-l6-int8", quality || !bulk),
        ("jd-zh", "use-multilingual", quality || !bulk),
        ("million", "use-multilingual", bulk || !quality),
    ] {
        if !run {
            continue;
        }
        let spec = Spec::Dir(shared.join("models").join(model));
        match assort_embed::open(&spec, &Default::default()) {
            Ok(teacher) if data == "million" => many(&shared.join("data/jd-zh"), &teacher)?,
            Ok(teacher) => measure(data, &shared.join("data").join(data), &teacher)?,
            Err(error) => println!("skipped {model}: {error}"),
        }
    }
    Ok(())
}

fn pair(made: &Distillation, teacher: &Arc<dyn Embedder>) -> Distilled {
    let teacher = Arc::clone(teacher);
    let open = Box::new(move || Ok(Arc::clone(&teacher)));
    Distilled::with_teacher(Arc::clone(&made.student), None, open)
}

/// Teaches a student on the training file, and files the validation file by
/// both.
fn measure(name: &str, data: &Path, teacher: &Arc<dyn Embedder>) -> Result<(), Failure> {
    let products = data.join("products.tsv");
    let directory = tempfile::tempdir()?;
    let taxonomy = taxonomy(&data.join("taxonomy.tsv"))?;
    let mut catalog = Catalog::create(directory.path(), &taxonomy, Arc::clone(teacher), "")?;
    let begun = Instant::now();
    let rows = reader(&products)?;
    let report = catalog.import(rows, &ImportOptions::default(), &|| None, &mut ())?;
    let teacher_rate = report.embedded as f64 / begun.elapsed().as_secs_f64();
    let by_teacher = filed(&catalog, data)?;
    let options = DistillOptions {
        sample: report.added as usize,
        ..DistillOptions::default()
    };
    let made = catalog.distill(teacher.as_ref(), &options, &mut ())?;
    let small = DistillOptions::default();
    let some = catalog.distill(teacher.as_ref(), &small, &mut ())?.report;
    catalog.adopt_student(pair(&made, teacher), "", &mut ())?;
    let by_student = filed(&catalog, data)?;
    let titles = titles(&products)?;
    let texts: Vec<&str> = titles.iter().map(String::as_str).collect();
    let embed = || std::hint::black_box(made.student.embed(&texts));
    let time = median((0..3).map(|_| timed(embed).0).collect());
    let figures = json!({
        "set": name,
        "learned": made.report.learned,
        "teaching_s": made.report.seconds,
        "teaching_16000_s": some.seconds,
        "cosine": made.report.cosine,
        "cosine_16000": some.cosine,
        "rounding": made.report.rounding,
        "overlap": made.report.overlap,
        "familiarity": made.report.familiarity,
        "queries": made.report.queries.as_str(),
        "bytes": made.report.size,
        "texts_per_second": texts.len() as f64 / time.as_secs_f64(),
        "teacher_texts_per_second": teacher_rate,
        "teacher": by_teacher,
        "student": by_student,
    });
    println!("{figures:#}");
    Ok(())
}

/// Leaf accuracy of each method on the validation file.
fn filed(catalog: &Catalog, data: &Path) -> Result<serde_json::Value, Failure> {
    let mut figures = serde_json::Map::new();
    for method in Method::ALL {
        let options = ClassifyOptions {
            method,
            top: 1,
            ..ClassifyOptions::default()
        };
        let rows = reader(&data.join("validation.tsv"))?;
        let report = catalog.evaluate(rows, &options, 0, &mut ())?.report;
        figures.insert(method.to_string(), json!(report.scores.accuracy));
    }
    Ok(figures.into())
}

fn titles(file: &Path) -> Result<Vec<String>, Failure> {
    let mut titles = Vec::new();
    for row in reader(file)? {
        if let Ok(row) = row? {
            titles.push(row.product.title);
        }
    }
    Ok(titles)
}

/// Imports a million products by a student that was taught on a part of them.
fn many(data: &Path, teacher: &Arc<dyn Embedder>) -> Result<(), Failure> {
    let titles = titles(&data.join("products.tsv"))?;
    let texts: Vec<&str> = titles.iter().take(SOME).map(String::as_str).collect();
    let begun = Instant::now();
    teacher.embed(&texts)?;
    let teacher_rate = texts.len() as f64 / begun.elapsed().as_secs_f64();
    let directory = tempfile::tempdir()?;
    let taxonomy = taxonomy(&data.join("taxonomy.tsv"))?;
    let begun = Instant::now();
    let mut catalog = Catalog::create(directory.path(), &taxonomy, Arc::clone(teacher), "")?;
    let options = DistillOptions::default();
    let made = catalog.distill_rows(rows(&titles), teacher.as_ref(), &options, &mut ())?;
    let taught = begun.elapsed().as_secs_f64();
    catalog.adopt_student(pair(&made, teacher), "", &mut ())?;
    let report = catalog.import(rows(&titles), &ImportOptions::default(), &|| None, &mut ())?;
    let imported = begun.elapsed().as_secs_f64();
    catalog.settle(&mut ())?;
    let figures = json!({
        "set": "million",
        "products": report.added,
        "teacher_texts_per_second": teacher_rate,
        "teacher_alone_s": report.added as f64 / teacher_rate,
        "taught_s": taught,
        "imported_s": imported,
        "indexed_s": begun.elapsed().as_secs_f64(),
        "cosine": made.report.cosine,
        "peak_mb": memory::bytes("VmHWM").map(|bytes| bytes / (1 << 20) as f64),
        "segments": catalog.stats()?.segments.len(),
    });
    println!("{figures:#}");
    Ok(())
}

/// Products whose titles are put together from the halves of two real ones.
fn rows(titles: &[String]) -> impl Iterator<Item = assort::InputRow> + '_ {
    (0..MANY).map(move |at| {
        let pick = |half| {
            let chance = text_hash(&format!("{half} {at}")) as usize;
            &titles[chance % titles.len()]
        };
        let (first, second) = (pick("front"), pick("back"));
        let half = |text: &str| text.char_indices().nth(text.chars().count() / 2);
        let front = half(first).map_or(first.as_str(), |(at, _)| &first[..at]);
        let back = half(second).map_or("", |(at, _)| &second[at..]);
        Ok(Ok(ProductRow {
            line: at as u64 + 1,
            product: Product {
                id: format!("m{at}"),
                title: format!("{front}{back}"),
                ..Product::default()
            },
            category: None,
        }))
    })
}
