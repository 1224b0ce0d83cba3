//! How many products of `fashion` are filed rightly by titles alone, and by titles and
//! attributes (gender, colour, season, usage), with 1, 5 and all labels a leaf.
//!
//! `cargo bench --bench fashion`; `ASSORT_SHARED` (or `../shared`) must have the data.
//! Held out are the products the MD5 digest of whose id is a multiple of five. The others
//! are in the catalog, the first of each leaf with their labels.

#[expect(dead_code, reason = "the products have no file of their taxonomy")]
#[path = "common/data.rs"]
mod data;

use std::collections::HashMap;
use std::path::Path;

use assort::core::{Method, Taxonomy};
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
        for with_attributes in [false, true] {
            let read = match with_attributes {
                true => "titles and attributes",
                false => "titles",
            };
            let (head, auto) = measure(&rows, labels, with_attributes)?;
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
    with_attributes: bool,
) -> Result<(f64, f64), Failure> {
    let mut rows = rows.to_vec();
    if !with_attributes {
        rows.iter_mut()
            .for_each(|row| row.product.attributes.clear());
    }
    let paths = rows.iter().filter_map(|row| row.category.as_deref());
    let mut paths: Vec<&str> = paths.collect();
    paths.sort_unstable();
    paths.dedup();
    let taxonomy = Taxonomy::from_paths(paths)?;
    let (held_out, mut learned): (Vec<ProductRow>, Vec<ProductRow>) = rows
        .into_iter()
        .partition(|row| is_held_out(&row.product.id));
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

fn is_held_out(id: &str) -> bool {
    let digest: [u8; 16] = Md5::digest(id).into();
    u128::from_be_bytes(digest).is_multiple_of(5)
}
