//! Files a product with a catalog made on the spot, and says why.
//!
//! `cargo run --release --example classify`

use assort::core::{Product, Taxonomy};
use assort::read::{Input, Mapping, ProductReader, TaxonomyOptions, read_taxonomy};
use assort::{Catalog, ClassifyOptions, ImportOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data");
    let rows = read_taxonomy(
        Input::open(&format!("{data}/taxonomy.tsv"), None)?,
        &TaxonomyOptions::default(),
    )?
    .rows;
    let taxonomy = Taxonomy::from_rows(rows)?;

    let directory = tempfile::tempdir()?;
    let embedder = assort_embed::open(&assort_embed::Spec::Bundled, &Default::default())?;
    let catalog = Catalog::create(directory.path(), &taxonomy, embedder, "bundled")?;

    let products = ProductReader::new(
        Input::open(&format!("{data}/products.csv"), None)?,
        &Mapping::default(),
    )?;
    let report = catalog.import(products, &ImportOptions::default(), &|| None, &mut ())?;
    println!(
        "{} products, {} of them labelled",
        report.added, report.labelled
    );

    let product = Product {
        id: "new".to_owned(),
        title: "Insulated steel water bottle for hiking, 750 ml".to_owned(),
        ..Product::default()
    };
    let options = ClassifyOptions::default().with_explain(true);
    for decision in catalog.classify(std::slice::from_ref(&product), &options)? {
        println!("\n{}", product.title);
        for alternative in &decision.alternatives {
            println!(
                "  {:3.0}%  {}",
                100.0 * alternative.confidence,
                taxonomy.path(alternative.category)
            );
        }
        println!("because");
        let reasons = decision.reasons.unwrap_or_default();
        for text in &reasons.texts {
            println!(
                "  it is {:.2} like the {} \"{}\"",
                text.similarity,
                text.kind.as_str(),
                text.text
            );
        }
        for neighbor in reasons.neighbors.iter().take(3) {
            println!(
                "  it is {:.2} like \"{}\", filed under {}",
                neighbor.similarity,
                neighbor.title,
                taxonomy.path(neighbor.category)
            );
        }
    }
    Ok(())
}
