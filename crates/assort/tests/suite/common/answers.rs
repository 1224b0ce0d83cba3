//! What a catalog answers, as text: the same catalog must give the same text
//! to every program that opens it.

use std::fmt::Write;

use assort::core::Product;
use assort::{Catalog, ClassifyOptions, Query, Search};

use assort_testkit::Chance;

use super::product_of;

/// Asks a catalog for what it holds, for searches and for classifications.
pub(crate) fn answers(catalog: &Catalog) -> String {
    let mut text = stats(catalog);
    let ids = catalog.ids(None, usize::MAX).unwrap();
    for id in ids.iter().step_by(ids.len().div_ceil(12)) {
        stored(catalog, id, &mut text);
        let like = Search::new(Query::Like(id.clone()));
        found(catalog, &format!("like {id}"), like, &mut text);
    }
    for query in ["red kettle", "soft shoe", "garden hose nozzle"] {
        let search = Search::new(Query::Text(query.to_owned()));
        found(catalog, query, search.clone(), &mut text);
        let filtered = search.with_filter(Some("brand = Ada and price < 60".to_owned()));
        found(catalog, &format!("{query} of Ada"), filtered, &mut text);
    }
    classified(catalog, &mut text);
    text
}

fn stats(catalog: &Catalog) -> String {
    let stats = catalog.stats().unwrap();
    let (segments, dead) = stats
        .segments
        .iter()
        .fold((0, 0), |(count, dead), segment| {
            (count + 1, dead + segment.dead)
        });
    format!(
        "products {} labelled {} decided {} categories {} live {} segments {segments} dead {dead} moving {}\nspace {} embedder {}\n",
        stats.products,
        stats.labelled,
        stats.decided,
        stats.categories,
        stats.live,
        stats.moving_to.map_or(0, |(_, moved)| moved),
        stats.space.model,
        stats.embedder
    )
}

fn stored(catalog: &Catalog, id: &str, text: &mut String) {
    let stored = catalog.product(id).unwrap();
    let product = &stored.product;
    let label = stored
        .label
        .map(|label| catalog.taxonomy().unwrap().path(label));
    let decision = stored.decision.map(|kept| (kept.category_id, kept.method));
    writeln!(
        text,
        "product {id}: {} / {} / {:?} label {label:?} decision {decision:?}",
        product.title, product.text, product.attributes
    )
    .unwrap();
}

fn found(catalog: &Catalog, name: &str, search: Search, text: &mut String) {
    let page = catalog.search(&search).unwrap();
    write!(text, "search {name}: of {}", page.matches).unwrap();
    for found in &page.found {
        write!(
            text,
            " {} {:.3}",
            found.product.product.id, found.similarity
        )
        .unwrap();
    }
    text.push('\n');
}

fn classified(catalog: &Catalog, text: &mut String) {
    let mut random = Chance(99);
    let products: Vec<Product> = (0..16)
        .map(|at| product_of(&mut random, &format!("new{at}"), at % 8))
        .collect();
    let decisions = catalog
        .classify(&products, &ClassifyOptions::default())
        .unwrap();
    let taxonomy = catalog.taxonomy().unwrap();
    for (product, decision) in products.iter().zip(&decisions) {
        let category = decision.category.map(|category| taxonomy.path(category));
        writeln!(
            text,
            "classify {}: {category:?} {:.3}",
            product.title, decision.confidence
        )
        .unwrap();
    }
}
