//! Many products that are in no segment yet, as while many come: searches compare those
//! that look likely, and find nearly all that a comparison with all finds.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use assort::core::Product;
use assort::{Catalog, Error, Plan, Query, Search};
use assort_testkit::Chance;
use assort_testkit::toy::Toy;
use tempfile::TempDir;

use crate::common;
use crate::pages::assert_pages_fit;

const PRODUCTS: usize = 9_000;

fn products(from: usize, to: usize) -> Vec<Product> {
    let numbers = from..to;
    let product = |at: usize| {
        let mut chance = Chance(at as u64);
        let mut product = common::product_of(&mut chance, &format!("p{at:05}"), at % 8);
        product.title = format!("{} {}", product.title, chance.below(2_000));
        product.attributes = vec![("part".to_owned(), (at % 10).to_string())];
        product
    };
    numbers.map(product).collect()
}

/// A catalog in which all products are live, some of them changed and some removed.
fn catalog() -> (TempDir, Catalog) {
    let toy = Arc::new(Toy::with_dimensions("a", 64));
    let (directory, catalog) = common::catalog(&toy);
    let catalog = catalog.with_live_limit(1_000_000);
    for from in (0..PRODUCTS).step_by(900) {
        catalog.put(products(from, from + 900)).unwrap();
    }
    let mut changed = products(0, PRODUCTS);
    changed.retain(|product| product.id.ends_with("7"));
    for product in &mut changed {
        product.title = format!("{} again", product.title);
    }
    catalog.put(changed).unwrap();
    let gone: Vec<String> = (0..PRODUCTS)
        .step_by(11)
        .map(|at| format!("p{at:05}"))
        .collect();
    catalog.remove(gone.iter().map(String::as_str)).unwrap();
    (directory, catalog)
}

fn ids(catalog: &Catalog, search: &Search) -> BTreeSet<String> {
    let page = catalog.search(search).unwrap();
    assert_eq!(page.found.len(), search.top);
    let found = page.found.into_iter();
    found.map(|found| found.product.product.id).collect()
}

/// Part of what a comparison with all finds that a usual search finds.
fn recall(catalog: &Catalog, filter: Option<&str>) -> f64 {
    let (mut found, mut asked) = (0, 0);
    for at in (0..PRODUCTS).step_by(211) {
        let title = products(at, at + 1).remove(0).title;
        let search = Search::new(Query::Text(title)).with_filter(filter.map(str::to_owned));
        let all = ids(catalog, &search.clone().with_exact(true));
        found += ids(catalog, &search).intersection(&all).count();
        asked += all.len();
    }
    found as f64 / asked as f64
}

#[test]
fn nearly_all_of_the_best_are_found_among_many_live_products() {
    let (directory, catalog) = catalog();
    let search = Search::new(Query::Text("a lamp".to_owned()));
    let steps = catalog.search(&search).unwrap().steps;
    let plans: Vec<Plan> = steps.iter().map(|step| step.plan).collect();
    assert_eq!(plans, [Plan::Scan]);
    for filter in [None, Some("part = 3"), Some("part < 5")] {
        let recall = recall(&catalog, filter);
        assert!(recall >= 0.95, "{filter:?}: {recall}");
    }
    // What is opened anew is searched the same way.
    drop(catalog);
    let toy = Arc::new(Toy::with_dimensions("a", 64));
    let catalog = Catalog::open(directory.path()).unwrap();
    let catalog = catalog.with_live_limit(1_000_000);
    let catalog = catalog.with_embedder(toy).unwrap();
    assert!(recall(&catalog, None) >= 0.95);
}

#[test]
fn pages_fit_together_among_many_live_products() {
    let (_directory, catalog) = catalog();
    let search = Search::new(Query::Text("a lamp".to_owned()));
    assert_pages_fit(&catalog, &search);
    assert_pages_fit(&catalog, &search.clone().with_filter("part = 3".to_owned()));
    assert_pages_fit(&catalog, &search.with_exact(true));
}

#[test]
fn a_search_ends_at_its_deadline() {
    let (_directory, catalog) = catalog();
    let search = Search::new(Query::Text("a lamp".to_owned())).with_exact(true);
    let late = search.clone().with_deadline(Instant::now());
    assert!(matches!(catalog.search(&late), Err(Error::Late)));
    let hour = Instant::now() + Duration::from_secs(3_600);
    assert_eq!(
        catalog
            .search(&search.with_deadline(hour))
            .unwrap()
            .found
            .len(),
        10
    );
}
