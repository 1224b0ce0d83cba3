//! Files products that are attributes alone: a thousand of them with a price, a brand, a
//! type, a colour and a weight, and all with the same title, by one hidden ReLU layer,
//! softmax and cross-entropy.
//!
//! `cargo run --release --example structured [FOLDER]`
//!
//! The rule that made the categories is known, and so is the best that anybody can do:
//! one label in twenty-five is another one by chance. With a folder, the rows that are
//! learned from and those that are filed are written there as CSV, for
//! `benches/peers/structured.py`.

use std::fmt::Write;

use assort::core::chance::below;
use assort::core::{Method, Product, Taxonomy};
use assort::heads::Shape;
use assort::read::ProductRow;
use assort::{Catalog, ClassifyOptions, EvaluateOptions, ImportOptions, TrainHeads};

const CATEGORIES: [&str; 5] = ["Luxury", "Brand goods", "Heavy goods", "Gifts", "Basics"];

/// Labels that chance decides, in a thousand.
const NOISE: usize = 40;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let taxonomy = Taxonomy::from_paths(CATEGORIES)?;
    let directory = tempfile::tempdir()?;
    let embedder = assort_embed::open(&assort_embed::Spec::Bundled, &Default::default())?;
    let catalog = Catalog::create(directory.path(), &taxonomy, embedder, "bundled")?;

    let mut chance = 7;
    let learned: Vec<ProductRow> = (0..1000).map(|at| product(at, &mut chance)).collect();
    let held_out: Vec<ProductRow> = (1000..3000).map(|at| product(at, &mut chance)).collect();
    if let Some(folder) = std::env::args_os().nth(1) {
        let folder = std::path::Path::new(&folder);
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join("train.csv"), csv(&learned)?)?;
        std::fs::write(folder.join("test.csv"), csv(&held_out)?)?;
    }
    catalog.import(learned, &ImportOptions::default(), &|| None, &mut ())?;

    let options = TrainHeads::default()
        .with_shape(Shape::Hidden(64))
        .with_count(1)
        .with_change(|options| options.with_batch(64));
    let report = catalog.train(&options, &mut ())?;
    println!(
        "learned from {} labels with {} attributes each",
        report.labels, report.attributes
    );

    let by_head = ClassifyOptions::default().with_method(Method::Head);
    let how = EvaluateOptions::default().with_classify(by_head);
    let found = catalog.evaluate(held_out, &how, &mut ())?;
    let scores = &found.report.scores;
    println!(
        "{} others: accuracy {:.3}, macro recall {:.3}, macro F1 {:.3}; the best possible is {:.3}",
        found.report.products,
        scores.accuracy,
        scores.balanced_accuracy,
        scores.macro_f1,
        1.0 - NOISE as f64 / 1000.0 * (1.0 - 1.0 / CATEGORIES.len() as f64)
    );
    Ok(())
}

/// A product by chance, with the category that the rule gives it.
fn product(at: usize, chance: &mut u64) -> ProductRow {
    let price = below(1000, chance);
    let brand = below(4, chance);
    let kind = below(3, chance);
    let colour = below(3, chance);
    let weight = below(50, chance);
    let category = match (price, brand, kind, weight) {
        (700.., 0 | 1, ..) => 0,
        (_, 0 | 1, 0 | 1, ..) => 1,
        (.., 30..) => 2,
        _ if colour == 0 => 3,
        _ => 4,
    };
    let category = match below(1000, chance) < NOISE {
        true => below(CATEGORIES.len(), chance),
        false => category,
    };
    let attributes = [
        (
            "brand",
            ["Acme", "Borel", "Cumulus", "Dandy"][brand].to_owned(),
        ),
        ("colour", ["red", "green", "blue"][colour].to_owned()),
        ("price", format!("{price}.00 EUR")),
        ("type", ["kettle", "lamp", "blanket"][kind].to_owned()),
        ("weight", format!("{weight} kg")),
    ];
    ProductRow {
        product: Product {
            id: at.to_string(),
            title: "Household goods".to_owned(),
            attributes: attributes
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
            ..Product::default()
        },
        category: Some(CATEGORIES[category].to_owned()),
        ..ProductRow::default()
    }
}

/// Rows as CSV, amounts without their units.
fn csv(rows: &[ProductRow]) -> Result<String, std::fmt::Error> {
    let mut text = String::from("brand,colour,price,type,weight,category\n");
    for row in rows {
        for (_, value) in &row.product.attributes {
            write!(text, "{},", value.split(' ').next().unwrap_or_default())?;
        }
        writeln!(text, "{}", row.category.as_deref().unwrap_or_default())?;
    }
    Ok(text)
}
