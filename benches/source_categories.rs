//! What the categories of a shop add that has its own: products of `jd-zh` and `gpc-en` are
//! filed without them, with the level above the leaf in other words, and with a code for
//! each leaf, one in ten of either wrong; with no label, and with 5 a leaf.
//!
//! `cargo bench --bench source_categories -- [SET …]`; `ASSORT_SHARED` (or `../shared`) must
//! have the data. Learned are up to 16,000 products of the file to learn from, chosen by
//! chance, and judged all of the validation file.

#[path = "common/data.rs"]
mod data;

use std::collections::HashMap;
use std::path::Path;

use assort::core::chance::mix;
use assort::core::{Method, Taxonomy};
use assort::read::{Mapping, ProductRow};
use assort::{Catalog, ClassifyOptions, EvaluateOptions, ImportOptions, InputRow, SOURCE_CATEGORY};
use data::{reader, title_columns};
use md5::{Digest, Md5};

type Failure = Box<dyn std::error::Error>;

/// Products that are learned from.
const LEARNED: usize = 16_000;

/// What a shop calls its categories.
#[derive(Clone, Copy)]
enum Named {
    Nothing,
    Upper,
    Code,
}

fn main() -> Result<(), Failure> {
    let Some(shared) = data::shared() else {
        return Ok(());
    };
    let asked: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with('-'))
        .collect();
    println!(
        "| set | labels a leaf | the shop's categories | leaf | mean weighted F1 of levels | ECE |"
    );
    println!("|---|---|---|---|---|---|");
    for set in ["jd-zh", "gpc-en"] {
        if !asked.is_empty() && !asked.iter().any(|name| name == set) {
            continue;
        }
        let folder = shared.join("data").join(set);
        let taxonomy = data::taxonomy(&folder.join("taxonomy.tsv"))?;
        let read = |file: &str| rows(&folder.join(file), &taxonomy);
        let (mut learned, judged) = (read("products.tsv")?, read("validation.tsv")?);
        learned.sort_by_key(|row| chance(&row.product.id, "learned"));
        learned.truncate(LEARNED);
        for labels in [0, 5] {
            for (named, told) in [
                (Named::Nothing, "none"),
                (Named::Upper, "the level above"),
                (Named::Code, "a code for each leaf"),
            ] {
                let (learned, judged) =
                    (named.on(&learned, &taxonomy), named.on(&judged, &taxonomy));
                let [leaf, levels, ece] = measure(&taxonomy, learned, judged, labels)?;
                println!("| {set} | {labels} | {told} | {leaf:.4} | {levels:.4} | {ece:.3} |");
            }
        }
    }
    Ok(())
}

fn rows(file: &Path, taxonomy: &Taxonomy) -> Result<Vec<ProductRow>, Failure> {
    let mapping: Mapping = title_columns().with_taxonomy(Some(taxonomy.clone().into()));
    let rows = reader(file, &mapping)?.filter_map(|row| match row.into() {
        InputRow::Product(row) => Some(row),
        _ => None,
    });
    let known = rows.filter(|row| {
        row.category
            .as_deref()
            .is_some_and(|path| taxonomy.resolve(path).is_ok())
    });
    Ok(known
        .map(|mut row| {
            row.product.attributes.clear();
            row
        })
        .collect())
}

impl Named {
    /// The same products with what the shop calls their categories.
    fn on(self, rows: &[ProductRow], taxonomy: &Taxonomy) -> Vec<ProductRow> {
        let leaves: Vec<u32> = taxonomy.leaves().collect();
        let mut rows = rows.to_vec();
        for row in &mut rows {
            let id = &row.product.id;
            let truth = row.category.as_deref().unwrap_or_default();
            let wrong = leaves[(chance(id, "which") % leaves.len() as u64) as usize];
            let category = match taxonomy.resolve(truth) {
                Ok(truth) if !chance(id, "wrong").is_multiple_of(10) => truth,
                _ => wrong,
            };
            if let Some(name) = self.name(category, taxonomy) {
                let attribute = (SOURCE_CATEGORY.to_owned(), name);
                row.product.attributes.push(attribute);
            }
        }
        rows
    }

    fn name(self, category: u32, taxonomy: &Taxonomy) -> Option<String> {
        let names = taxonomy.names(category);
        match self {
            Self::Nothing => None,
            Self::Code => Some(format!("K{:04}", mix(u64::from(category)) % 100_000)),
            // As another shop might say it: `Our clothing/all shoes`, `服饰馆/鞋区`.
            Self::Upper => {
                let [above, own] = names.get(..2)? else {
                    return None;
                };
                let is_chinese = own.chars().any(|c| c as u32 > 0x2e80);
                Some(match is_chinese {
                    true => format!("{}馆/{own}区", above.replace('、', "")),
                    false => format!("Our {}/all {}", above.to_lowercase(), own.to_lowercase()),
                })
            }
        }
    }
}

/// Accuracy of leaves, mean weighted F1 of the levels, and the error of confidence.
fn measure(
    taxonomy: &Taxonomy,
    mut learned: Vec<ProductRow>,
    judged: Vec<ProductRow>,
    labels: usize,
) -> Result<[f64; 3], Failure> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for row in &mut learned {
        let count = counts
            .entry(row.category.clone().unwrap_or_default())
            .or_default();
        *count += 1;
        row.category = row.category.take().filter(|_| *count <= labels);
    }
    let directory = tempfile::tempdir()?;
    let embedder = assort_embed::open(&assort_embed::Spec::Bundled, &Default::default())?;
    let catalog = Catalog::create(directory.path(), taxonomy, embedder, "bundled")?;
    catalog.import(learned, &ImportOptions::default(), &|| None, &mut ())?;
    catalog.prepare(&mut ())?;
    let how = ClassifyOptions::default().with_method(Method::Auto);
    let how = EvaluateOptions::default().with_classify(how);
    let found = catalog.evaluate(judged, &how, &mut ())?;
    let report = &found.report;
    Ok([
        report.scores.accuracy,
        report.mean_weighted_f1(),
        found.confidence.ece,
    ])
}

/// A number that chance gives a product.
fn chance(id: &str, what: &str) -> u64 {
    let digest = Md5::digest(format!("{what} {id}"));
    digest
        .iter()
        .take(8)
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}
