//! What attributes of labelled products tell of others.

use std::sync::Arc;

use assort::core::{Decision, Method, Product};
use assort::{
    Catalog, ClassifyOptions, CrossValidateOptions, LabelOptions, SOURCE_CATEGORY, TrainHeads,
};
use assort_testkit::toy::Toy;

use crate::common::{self, path};

/// A product without a telling title: what is heavier than 500 g is of the second leaf.
fn goods(at: usize) -> (Product, usize) {
    let grams = at * 37 % 1000;
    let leaf = usize::from(grams >= 500);
    let attributes = [
        ("sku", format!("{at:08x}")),
        // What the source called it would tell everything.
        (SOURCE_CATEGORY, ["light", "heavy"][leaf].to_owned()),
        ("weight", format!("{grams} g")),
    ];
    let product = Product {
        id: at.to_string(),
        title: "Goods".to_owned(),
        attributes: attributes
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
        ..Product::default()
    };
    (product.sorted(), leaf)
}

/// A catalog of three hundred such products with their labels.
fn shop() -> (tempfile::TempDir, Catalog) {
    let (directory, catalog) = common::catalog(&Arc::new(Toy::new("a")));
    let all: Vec<(Product, usize)> = (0..300).map(goods).collect();
    catalog
        .put(all.iter().map(|(product, _)| product.clone()))
        .unwrap();
    let pairs = all
        .iter()
        .map(|(product, leaf)| (product.id.as_str(), Some(path(*leaf))));
    catalog
        .label(common::labels(pairs), LabelOptions::default(), &mut ())
        .unwrap();
    (directory, catalog)
}

fn by_head() -> ClassifyOptions {
    ClassifyOptions::default().with_method(Method::Head)
}

#[test]
fn products_of_one_title_are_told_apart_by_what_they_weigh() {
    let (_directory, catalog) = shop();
    let report = catalog.train(&TrainHeads::default(), &mut ()).unwrap();
    // Neither what names each product, nor what the source called its category.
    assert_eq!((report.attributes, report.contents), (1, 300), "{report:?}");
    assert!(report.head_accuracy > 0.9, "{report:?}");
    let taxonomy = catalog.taxonomy().unwrap();
    let is_right = |decision: &Decision, leaf: usize| {
        decision.category.map(|found| taxonomy.path(found)) == Some(path(leaf))
    };
    let (new, leaves): (Vec<Product>, Vec<usize>) = (1000..1200)
        .map(|at| {
            let (mut product, leaf) = goods(at);
            // A source may be wrong.
            product.attributes[1].1 = "light".to_owned();
            (product, leaf)
        })
        .unzip();
    let decided = catalog.classify(&new, &by_head()).unwrap();
    let right = decided.iter().zip(leaves);
    let right = right.filter(|(one, leaf)| is_right(one, *leaf)).count();
    assert!(right >= 185, "{right}");
    // A stored product is filed by its own attributes.
    let stored = catalog.classify_stored(&["7"], &by_head()).unwrap();
    assert_eq!(stored, catalog.classify(&[goods(7).0], &by_head()).unwrap());
    // Nothing is known of one without them but its title, which says nothing.
    let bare = Product {
        id: "new".to_owned(),
        title: "Goods".to_owned(),
        ..Product::default()
    };
    let bare = catalog.classify(&[bare], &by_head()).unwrap();
    assert!(bare[0].confidence < decided[0].confidence);
}

#[test]
fn cross_validation_reads_the_attributes_of_what_it_leaves_out() {
    let (_directory, catalog) = shop();
    let how = CrossValidateOptions::default()
        .with_folds(3)
        .with_evaluate(by_head().into());
    let found = catalog.cross_validate(&how, &mut ()).unwrap();
    let scores = &found.report.scores;
    assert!(scores.accuracy > 0.9, "{}", scores.accuracy);
}
