//! How many products of `fashion` are filed rightly by titles, by attributes (gender, colour,
//! season, usage) and by both, with 1, 5 and all labels a leaf.
//!
//! `cargo bench --bench fashion`; `ASSORT_SHARED` (or `../shared`) must have the data.
//! Held out are the products the MD5 digest of whose id is a multiple of five. The others
//! are in the catalog, of each leaf those with the least of other such digests with their
//! labels.

#[expect(dead_code, reason = "the products have no file of their taxonomy")]
#[path = "common/data.rs"]
mod data;

use std::collections::HashMap;
use std::path::Path;

use assort::core::{Method, Product, Taxonomy};
use assort::read::{Mapping, ProductRow};
use assort::{Catalog, ClassifyOptions, EvaluateOptions, ImportOptions, InputRow, TrainHeads};
use data::reader;
use md5::{Digest, Md5};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let Some(shared) = data::shared() else {
        return Ok(());
    };
    let file = shared.join("data/fashion/products.tsv");
    if !file.exists() {
        println!("skipped: there is no {}", file.display());
        return Ok(());
    }
    let rows = rows(&file)?;
    println!("| labels a leaf | read | head | auto |\n|---|---|---|---|");
    for (labels, told) in [(1, "1"), (5, "5"), (usize::MAX, "all")] {
        for (read, without) in [
            ("titles", without_attributes as fn(&mut Product)),
            ("attributes", without_title),
            ("titles and attributes", |_| {}),
        ] {
            let (head, auto) = measure(&rows, labels, without)?;
            println!("| {told} | {read} | {head:.4} | {auto:.4} |");
        }
    }
    Ok(())
}

fn rows(file: &Path) -> Result<Vec<ProductRow>, Failure> {
    let rows = reader(file, &Mapping::default())?;
    let rows = rows.filter_map(|row| match row.into() {
        InputRow::Product(row) => Some(row),
        _ => None,
    });
    Ok(rows.collect())
}

/// The parts of held-out products that are filed rightly by heads, and by everything.
fn measure(
    rows: &[ProductRow],
    labels: usize,
    without: fn(&mut Product),
) -> Result<(f64, f64), Failure> {
    let mut rows = rows.to_vec();
    rows.iter_mut().for_each(|row| without(&mut row.product));
    let paths = rows.iter().filter_map(|row| row.category.as_deref());
    let mut paths: Vec<&str> = paths.collect();
    paths.sort_unstable();
    paths.dedup();
    let taxonomy = Taxonomy::from_paths(paths)?;
    let (held_out, mut learned): (Vec<ProductRow>, Vec<ProductRow>) = rows
        .into_iter()
        .partition(|row| digest(&row.product.id).is_multiple_of(5));
    // Products of one brand have ids that follow each other.
    learned.sort_by_key(|row| digest(&format!("label {}", row.product.id)));
    let mut counts: HashMap<String, usize> = HashMap::new();
    for row in &mut learned {
        let category = row.category.clone().unwrap_or_default();
        let count = counts.entry(category).or_default();
        *count += 1;
        row.category = row.category.take().filter(|_| *count <= labels);
    }
    let directory = tempfile::tempdir()?;
    let embedder = assort_embed::open(&assort_embed::Spec::Bundled, &Default::default())?;
    let catalog = Catalog::create(directory.path(), &taxonomy, embedder, "bundled")?;
    catalog.import(learned, &ImportOptions::default(), &|| None, &mut ())?;
    if labels == usize::MAX {
        catalog.train(&TrainHeads::default(), &mut ())?;
    }
    catalog.prepare(&mut ())?;
    let accuracy = |method: Method| {
        let how = ClassifyOptions::default().with_method(method);
        let how = EvaluateOptions::default().with_classify(how);
        let found = catalog.evaluate(held_out.clone(), &how, &mut ())?;
        Ok::<f64, Failure>(found.report.scores.accuracy)
    };
    Ok((accuracy(Method::Head)?, accuracy(Method::Auto)?))
}

fn without_attributes(product: &mut Product) {
    product.attributes.clear();
}

fn without_title(product: &mut Product) {
    "Product".clone_into(&mut product.title);
}

fn digest(id: &str) -> u128 {
    u128::from_be_bytes(Md5::digest(id).into())
}
