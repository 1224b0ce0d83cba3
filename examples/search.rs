//! Searches a small catalog by text, by likeness and with a filter.
//!
//! `cargo run --release --example search`

use assort::core::{CategoryRow, Place, Product, Taxonomy};
use assort::{Catalog, Query, Search};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let category = |path: [&str; 2]| CategoryRow {
        place: Place::Path(path.map(str::to_owned).to_vec()),
        ..CategoryRow::default()
    };
    let taxonomy = Taxonomy::from_rows(vec![
        category(["Home", "Lamps"]),
        category(["Home", "Kettles"]),
    ])?;
    let directory = tempfile::tempdir()?;
    let embedder = assort_embed::open(&assort_embed::Spec::Bundled, &Default::default())?;
    let catalog = Catalog::create(directory.path(), &taxonomy, embedder, "bundled")?;

    let product = |id: &str, title: &str, price: &str| Product {
        id: id.to_owned(),
        title: title.to_owned(),
        attributes: vec![("price".to_owned(), price.to_owned())],
        ..Product::default()
    };
    catalog.put([
        product("1", "Desk lamp with dimmer, black", "29.90"),
        product("2", "Floor lamp, brass, 150 cm", "119.00"),
        product("3", "Electric kettle 1.7 l", "34.50"),
        product("4", "Stovetop whistling kettle, red", "24.00"),
    ])?;

    let searches = [
        Search::new(Query::Text("a light to read by".to_owned())),
        Search::new(Query::Like("3".to_owned())),
        Search::new(Query::Text("lamp".to_owned())).with_filter(Some("price in 20..30".to_owned())),
    ];
    for search in searches {
        println!("{:?}, filter {:?}", search.query, search.filter);
        for found in catalog.search(&search)?.found {
            println!("  {:.3}  {}", found.similarity, found.product.product.title);
        }
    }
    Ok(())
}
