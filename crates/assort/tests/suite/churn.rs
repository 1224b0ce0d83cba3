//! Deletes and updates cost no rebuild and no recall.

use std::sync::Arc;

use assort::core::Product;
use assort_testkit::toy::Toy;

use crate::common;

const PRODUCTS: usize = 6000;

fn recall(catalog: &assort::Catalog) -> f64 {
    let audit = catalog.audit_index(300, &mut ()).unwrap();
    for (number, segment) in &audit.segments {
        assert!(segment.is_clean(), "segment {number}: {segment:?}");
    }
    audit.recall.unwrap()
}

#[test]
fn half_of_a_catalog_may_change_and_recall_stays() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = common::catalog(&toy);
    let catalog = catalog.with_live_limit(2000);
    let products: Vec<Product> = common::products(5, PRODUCTS)
        .into_iter()
        .map(|(product, _)| product)
        .collect();
    catalog.put(products.clone()).unwrap();
    catalog.wait_until_indexed(&mut ()).unwrap();
    let before = recall(&catalog);
    assert!(before >= 0.95, "{before}");

    // A quarter goes, a quarter changes: at once, and nothing is built for it.
    let gone = products
        .iter()
        .step_by(4)
        .map(|product| product.id.as_str());
    assert_eq!(catalog.remove(gone).unwrap(), PRODUCTS / 4);
    let changed = products.iter().skip(2).step_by(4).map(|product| Product {
        title: format!("{} changed", product.title),
        ..product.clone()
    });
    catalog.put(changed).unwrap();
    let after = recall(&catalog);
    assert!(after >= before - 0.02, "{after} after {before}");

    catalog.compact(&mut ()).unwrap();
    let stats = catalog.stats().unwrap();
    assert_eq!(stats.segments.len(), 1);
    assert_eq!(stats.segments[0].products as usize, PRODUCTS * 3 / 4);
    assert_eq!(stats.segments[0].dead, 0);
    let compacted = recall(&catalog);
    assert!(compacted >= before - 0.02, "{compacted} after {before}");
    common::assert_clean(&catalog);
}
