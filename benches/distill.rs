//! Students beside their teachers, on real catalogs. Filing is by titles only.
//!
//! `cargo bench --bench distill -- [quality] [search] [bulk]`, or names of
//! sets; all without a name. Prints JSON. `quality` files by students and `search` searches by
//! them; both embed catalogs by their teachers first, which takes minutes.
//! `bulk` imports a million products that are put together from real titles.
//! `start SET SAMPLE…` files by students of so many products that start from nothing, and
//! from a static embedding, with labels and without.
//! `ASSORT_SHARED` (or `../shared`) must have the data and models. Students start from the
//! embedding that `ASSORT_START` names (`static:FILE`), or the one inside the program;
//! `ASSORT_VECTOR_CACHE` names a file that keeps what teachers embedded.

#[path = "common/clock.rs"]
mod clock;
#[path = "common/data.rs"]
mod data;
#[path = "common/memory.rs"]
mod memory;
#[path = "common/methods.rs"]
mod methods;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use assort::core::{
    CategoryRow, Embedder, Input, Method, Place, Product, Role, Taxonomy, text_hash,
};
use assort::read::{self, Mapping, ProductReader};
use assort::students::{QueryEncoder, StaticEmbedding, StudentCard, Teacher};
use assort::{Catalog, ClassifyOptions, DistillOptions, ImportOptions, Query, Search};
use assort_embed::{Options, Spec};
use clock::{median, timed};
use data::{reader, taxonomy, title_columns};
use methods::BY_TEXT;
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
    let sets = [
        ("gpc-en", "minilm-l6-int8", "quality"),
        ("fashion", "minilm-l6-int8", "quality"),
        ("jd-zh", "use-multilingual", "quality"),
        ("icecat-search", "minilm-l6-int8", "search"),
        ("icecat-search", "use-multilingual", "search"),
        ("million", "use-multilingual", "bulk"),
    ];
    let options = Options::default()
        .with_vector_cache(std::env::var_os("ASSORT_VECTOR_CACHE").map(Into::into));
    if named("start") {
        for (data, model, _) in sets
            .into_iter()
            .filter(|set| set.2 == "quality" && named(set.0))
        {
            let spec = Spec::Dir(shared.join("models").join(model));
            let teacher = assort_embed::open(&spec, &options)?;
            started(data, &folder(&shared, data)?.0, &teacher)?;
        }
        return Ok(());
    }
    let all = !sets
        .iter()
        .any(|(data, _, part)| named(data) || named(part));
    for (data, model, part) in sets {
        if !all && !named(part) && !named(data) {
            continue;
        }
        let spec = Spec::Dir(shared.join("models").join(model));
        match assort_embed::open(&spec, &options) {
            Ok(teacher) if part == "bulk" => many(&shared.join("data/jd-zh"), &teacher)?,
            Ok(teacher) if part == "search" => search(&shared.join("data").join(data), &teacher)?,
            Ok(teacher) => measure(data, &folder(&shared, data)?.0, &teacher)?,
            Err(error) => println!("skipped {model}: {error}"),
        }
    }
    Ok(())
}

/// The folder of a set, with a validation file, and what keeps it.
fn folder(shared: &Path, data: &str) -> Result<(PathBuf, Option<tempfile::TempDir>), Failure> {
    let folder = shared.join("data").join(data);
    if folder.join("validation.tsv").exists() {
        return Ok((folder, None));
    }
    let halves = split(&folder.join("products.tsv"))?;
    Ok((halves.path().to_owned(), Some(halves)))
}

/// What students start from.
fn start() -> Result<StaticEmbedding, Failure> {
    let named = std::env::var("ASSORT_START").unwrap_or_else(|_| "bundled".to_owned());
    Ok(assort_embed::static_embedding(&named.parse()?)?)
}

/// The teacher of students in catalogs that are not opened again.
fn teacher_of(embedder: &Arc<dyn Embedder>) -> Teacher {
    Teacher::new(Arc::clone(embedder), |file, _| file.display().to_string())
}

/// A shop that has no validation file: every fifth product is kept for that,
/// and its categories are the taxonomy.
fn split(file: &Path) -> Result<tempfile::TempDir, Failure> {
    let directory = tempfile::tempdir()?;
    let text = std::fs::read_to_string(file)?;
    let head = text.lines().next().unwrap_or_default();
    let (mut products, mut validation) = (format!("{head}\n"), format!("{head}\n"));
    let mut categories = BTreeSet::new();
    for (at, line) in text.lines().skip(1).enumerate() {
        let half = if at % 5 == 0 {
            &mut validation
        } else {
            &mut products
        };
        half.push_str(line);
        half.push('\n');
        categories.extend(line.split('\t').nth(2));
    }
    let categories: Vec<&str> = categories.into_iter().collect();
    for (name, text) in [
        ("products.tsv", products),
        ("validation.tsv", validation),
        ("taxonomy.tsv", categories.join("\n")),
    ] {
        std::fs::write(directory.path().join(name), text)?;
    }
    Ok(directory)
}

/// Teaches a student on the training file, and files the validation file by
/// both.
fn measure(name: &str, data: &Path, teacher: &Arc<dyn Embedder>) -> Result<(), Failure> {
    let products = data.join("products.tsv");
    let directory = tempfile::tempdir()?;
    let taxonomy = taxonomy(&data.join("taxonomy.tsv"))?;
    let catalog = Catalog::create(directory.path(), &taxonomy, Arc::clone(teacher), "")?;
    let begun = Instant::now();
    let rows = reader(&products, &title_columns())?;
    let report = catalog.import(rows, &ImportOptions::default(), &|| None, &mut ())?;
    let teacher_rate = report.embedded as f64 / begun.elapsed().as_secs_f64();
    let by_teacher = filed(&catalog, data)?;
    let small = DistillOptions::default().with_start(start()?);
    let options = small.clone().with_sample(report.added as usize);
    let made = catalog.distill(teacher.as_ref(), &options, &mut ())?;
    let some = catalog.distill(teacher.as_ref(), &small, &mut ())?.report;
    let unlabelled = options.clone().with_labels(0.0);
    let plain = catalog.distill(teacher.as_ref(), &unlabelled, &mut ())?;
    catalog.adopt_student(plain.student, &teacher_of(teacher), &mut ())?;
    let without_labels = filed(&catalog, data)?;
    catalog.adopt_student(Arc::clone(&made.student), &teacher_of(teacher), &mut ())?;
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
        "left_to_teacher": made.report.left,
        "queries": made.report.queries.as_str(),
        "bytes": made.report.size,
        "texts_per_second": texts.len() as f64 / time.as_secs_f64(),
        "teacher_texts_per_second": teacher_rate,
        "teacher": by_teacher,
        "student_without_labels": without_labels,
        "cosine_without_labels": plain.report.cosine,
        "student": by_student,
    });
    println!("{figures:#}");
    Ok(())
}

/// Students side by side: of few and many products, from nothing and from an embedding.
fn started(name: &str, data: &Path, teacher: &Arc<dyn Embedder>) -> Result<(), Failure> {
    let directory = tempfile::tempdir()?;
    let taxonomy = taxonomy(&data.join("taxonomy.tsv"))?;
    let catalog = Catalog::create(directory.path(), &taxonomy, Arc::clone(teacher), "")?;
    let rows = reader(&data.join("products.tsv"), &title_columns())?;
    catalog.import(rows, &ImportOptions::default(), &|| None, &mut ())?;
    let titles = titles(&data.join("validation.tsv"))?;
    let texts: Vec<&str> = titles.iter().map(String::as_str).collect();
    let samples = std::env::args().filter_map(|argument| argument.parse().ok());
    for sample in samples.collect::<Vec<usize>>() {
        for labels in [0.0, 0.3] {
            for start in [None, Some(start()?)] {
                let options = DistillOptions::default()
                    .with_sample(sample)
                    .with_labels(labels)
                    .with_start(start.clone());
                let made = catalog.distill(teacher.as_ref(), &options, &mut ())?;
                let student = Arc::clone(&made.student);
                catalog.adopt_student(student, &teacher_of(teacher), &mut ())?;
                let embed = || std::hint::black_box(made.student.embed(&texts));
                let time = median((0..5).map(|_| timed(embed).0).collect());
                let figures = json!({
                    "set": name,
                    "sample": sample,
                    "labels": labels,
                    "start": start.map(|embedding| embedding.card().name.clone()),
                    "cosine": made.report.cosine,
                    "left_to_teacher": made.report.left,
                    "rounding": made.report.rounding,
                    "zero-shot": judged(&catalog, data, Method::ZeroShot, 0.0)?.0,
                    "neighbors": judged(&catalog, data, Method::Neighbors, 0.0)?.0,
                    "teaching_s": made.report.seconds,
                    "texts_per_second": texts.len() as f64 / time.as_secs_f64(),
                    "bytes": made.report.size,
                });
                println!("{figures}");
            }
        }
    }
    Ok(())
}

/// Leaf accuracy on the validation file, and the part of it that was decided.
fn judged(
    catalog: &Catalog,
    data: &Path,
    method: Method,
    min_confidence: f32,
) -> Result<(f64, f64), Failure> {
    let options = ClassifyOptions::default()
        .with_method(method)
        .with_min_confidence(min_confidence)
        .with_top(1);
    let rows = reader(&data.join("validation.tsv"), &title_columns())?;
    let scores = catalog.evaluate(rows, &options.into(), &mut ())?.report;
    Ok((scores.scores.accuracy, scores.coverage))
}

/// Leaf accuracy of each method on the validation file, and how often
/// decisions are right that are said to be in four of five cases at least.
fn filed(catalog: &Catalog, data: &Path) -> Result<serde_json::Value, Failure> {
    let mut figures = serde_json::Map::new();
    for method in BY_TEXT {
        let (accuracy, _) = judged(catalog, data, method, 0.0)?;
        figures.insert(method.to_string(), json!(accuracy));
    }
    let (right, sure) = judged(catalog, data, Method::Auto, 0.8)?;
    figures.insert("80% sure".to_owned(), json!(sure));
    figures.insert("of them right".to_owned(), json!(right));
    Ok(figures.into())
}

fn titles(file: &Path) -> Result<Vec<String>, Failure> {
    let mut titles = Vec::new();
    for row in reader(file, &title_columns())? {
        if let Ok(row) = row?.whole() {
            titles.push(row.product.title);
        }
    }
    Ok(titles)
}

/// Results that a ranking is judged by.
const RANKED: usize = 10;

/// Grades of products, by query.
type Grades = BTreeMap<String, HashMap<String, i32>>;

/// Searches a shop by its teacher, and by a student with queries of either.
fn search(data: &Path, teacher: &Arc<dyn Embedder>) -> Result<(), Failure> {
    let products = data.join("products.tsv");
    let mut grades = Grades::new();
    for line in std::fs::read_to_string(data.join("judgments.tsv"))?
        .lines()
        .skip(1)
    {
        let [query, id, grade] = line.splitn(3, '\t').collect::<Vec<_>>()[..] else {
            return Err(format!("a judgment has three fields: {line}").into());
        };
        let own = grades.entry(query.to_owned()).or_default();
        own.insert(id.to_owned(), grade.parse()?);
    }
    let directory = tempfile::tempdir()?;
    let all = CategoryRow {
        place: Place::Path(vec!["all".to_owned()]),
        ..CategoryRow::default()
    };
    let taxonomy = Taxonomy::from_rows(vec![all])?;
    let catalog = Catalog::create(directory.path(), &taxonomy, Arc::clone(teacher), "")?;
    let input = read::Input::open(&products.display().to_string(), None)?;
    let rows = ProductReader::new(input, &Mapping::default())?;
    let report = catalog.import(rows, &ImportOptions::default(), &|| None, &mut ())?;
    let by_teacher = ranking(&catalog, &grades)?;
    let options = DistillOptions::default().with_start(start()?);
    let options = options.with_sample(report.added as usize);
    let made = catalog.distill(teacher.as_ref(), &options, &mut ())?;
    let by = |queries| -> Result<f64, Failure> {
        let card = StudentCard {
            queries,
            ..made.student.card()
        };
        let student = Arc::new(made.student.with_card(card)?);
        catalog.adopt_student(student, &teacher_of(teacher), &mut ())?;
        ranking(&catalog, &grades)
    };
    let (student, mixed) = (by(QueryEncoder::Student)?, by(QueryEncoder::Teacher)?);
    let figures = json!({
        "set": "icecat-search",
        "teacher": teacher.space().model,
        "products": report.added,
        "queries": grades.len(),
        "cosine": made.report.cosine,
        "chosen": made.report.queries.as_str(),
        "ndcg_teacher": by_teacher,
        "ndcg_student": student,
        "ndcg_student_queries_by_teacher": mixed,
        "of_teacher": student.max(mixed) / by_teacher,
    });
    println!("{figures:#}");
    Ok(())
}

/// Mean nDCG of the first results of all queries, compared exactly.
fn ranking(catalog: &Catalog, grades: &Grades) -> Result<f64, Failure> {
    let mut sum = 0.0;
    for (query, grades) in grades {
        let search = Search::new(Query::Text(query.clone()))
            .with_top(RANKED)
            .with_exact(true);
        let found = catalog.search(&search)?.found;
        let ids = found.iter().map(|found| &found.product.product.id);
        let gains = ids.map(|id| grades.get(id).copied().unwrap_or(0));
        let mut best: Vec<i32> = grades.values().copied().collect();
        best.sort_unstable_by(|a, b| b.cmp(a));
        let most = discounted(best.into_iter().take(RANKED));
        sum += if most > 0.0 {
            discounted(gains) / most
        } else {
            0.0
        };
    }
    Ok(sum / grades.len().max(1) as f64)
}

/// The gain of grades in this order (Järvelin and Kekäläinen, 2002).
fn discounted(grades: impl Iterator<Item = i32>) -> f64 {
    let places = (2u32..).zip(grades);
    places
        .map(|(place, grade)| (2f64.powi(grade) - 1.0) / f64::from(place).log2())
        .sum()
}

/// Imports a million products by a student that was taught on a part of them.
fn many(data: &Path, teacher: &Arc<dyn Embedder>) -> Result<(), Failure> {
    let titles = titles(&data.join("products.tsv"))?;
    let texts: Vec<&str> = titles.iter().take(SOME).map(String::as_str).collect();
    let begun = Instant::now();
    let inputs: Vec<Input<'_>> = texts.iter().map(|text| Input::plain(text)).collect();
    teacher.embed(&inputs, Role::Document)?;
    let teacher_rate = texts.len() as f64 / begun.elapsed().as_secs_f64();
    let directory = tempfile::tempdir()?;
    let taxonomy = taxonomy(&data.join("taxonomy.tsv"))?;
    let begun = Instant::now();
    let catalog = Catalog::create(directory.path(), &taxonomy, Arc::clone(teacher), "")?;
    let options = DistillOptions::default().with_start(start()?);
    let made = catalog.distill_rows(rows(&titles), teacher.as_ref(), &options, &mut ())?;
    let taught = begun.elapsed().as_secs_f64();
    catalog.adopt_student(made.student, &teacher_of(teacher), &mut ())?;
    let report = catalog.import(rows(&titles), &ImportOptions::default(), &|| None, &mut ())?;
    let imported = begun.elapsed().as_secs_f64();
    catalog.wait_until_indexed(&mut ())?;
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
fn rows(titles: &[String]) -> impl Iterator<Item = Product> + '_ {
    (0..MANY).map(move |at| {
        let pick = |half| {
            let chance = text_hash(&format!("{half} {at}")) as usize;
            &titles[chance % titles.len()]
        };
        let (first, second) = (pick("front"), pick("back"));
        let half = |text: &str| text.char_indices().nth(text.chars().count() / 2);
        let front = half(first).map_or(first.as_str(), |(at, _)| &first[..at]);
        let back = half(second).map_or("", |(at, _)| &second[at..]);
        Product {
            id: format!("m{at}"),
            title: format!("{front}{back}"),
            ..Product::default()
        }
    })
}
