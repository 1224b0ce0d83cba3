//! What a source calls the category of a product is evidence.

use std::sync::Arc;

use assort::core::{Decision, Method, Product, Source, Taxonomy};
use assort::{Catalog, ClassifyOptions, LabelOptions, SOURCE_CATEGORY};
use assort_testkit::toy::Toy;

use crate::common;

fn product(id: impl ToString, title: &str, source: Option<&str>) -> Product {
    let attribute = |value: &str| (SOURCE_CATEGORY.to_owned(), value.to_owned());
    Product {
        id: id.to_string(),
        title: title.to_owned(),
        attributes: source.map(attribute).into_iter().collect(),
        ..Product::default()
    }
}

fn shop() -> (tempfile::TempDir, Catalog) {
    let taxonomy =
        Taxonomy::from_paths(["Kitchen > Kettles", "Kitchen > Pans", "Wear > Hats"]).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let embedder = Arc::new(Toy::new("a"));
    let catalog = Catalog::create(directory.path(), &taxonomy, embedder, "toy").unwrap();
    (directory, catalog)
}

const WORDS: [&str; 10] = [
    "alpha", "bravo", "charlie", "echo", "foxtrot", "hotel", "india", "juliett", "kilo", "lima",
];

/// Titles of different content.
fn titled(name: &str, at: usize) -> String {
    format!("{name} {} {}", WORDS[at % 10], WORDS[at / 10])
}

fn filed(catalog: &Catalog, product: Product, method: Method) -> Decision {
    let how = ClassifyOptions::default()
        .with_method(method)
        .with_explain(true);
    catalog.classify(&[product], &how).unwrap().remove(0)
}

fn name(catalog: &Catalog, decision: &Decision) -> String {
    let taxonomy = catalog.taxonomy().unwrap();
    let category = decision
        .category
        .map(|at| taxonomy.category(at).name.clone());
    category.unwrap_or_default()
}

#[test]
fn the_words_of_its_name_tell_what_a_title_does_not() {
    let (_directory, catalog) = shop();
    for (source, is) in [("Our shop/All kettles", "Kettles"), ("hats", "Hats")] {
        let new = product("new", "Model 3000", Some(source));
        let decided = filed(&catalog, new, Method::ZeroShot);
        assert_eq!(name(&catalog, &decided), is);
        let by = decided.reasons.unwrap().sources[0];
        assert_eq!(by.source, Source::SourceCategory);
        assert!(by.effect > 0.0);
    }
    // A code has no words, and nobody has seen it.
    let by_code = product("new", "Hats", Some("C-17"));
    let without = product("new", "Hats", None);
    assert_eq!(
        filed(&catalog, by_code, Method::ZeroShot),
        filed(&catalog, without, Method::ZeroShot)
    );
}

#[test]
fn its_products_tell_what_a_code_means_without_labels() {
    let (directory, catalog) = shop();
    let titles = (0..30).map(|at| product(at, &titled("Kettles", at), Some("C-17")));
    let others = (30..60).map(|at| product(at, &titled("Hats", at), Some("C-18")));
    catalog.put(titles.chain(others)).unwrap();
    catalog.prepare(&mut ()).unwrap();
    let new = || product("new", "Model 3000", Some("c-17"));
    let decided = filed(&catalog, new(), Method::ZeroShot);
    assert_eq!(name(&catalog, &decided), "Kettles");
    // What was learned is kept.
    drop(catalog);
    let catalog = Catalog::open(directory.path()).unwrap();
    let catalog = catalog.with_embedder(Arc::new(Toy::new("a"))).unwrap();
    assert_eq!(filed(&catalog, new(), Method::ZeroShot), decided);
    let stored = product("new", "Model 3000", Some("C-17"));
    catalog.put([stored]).unwrap();
    let how = ClassifyOptions::default().with_method(Method::ZeroShot);
    let stored = catalog.classify_stored(&["new"], &how).unwrap();
    assert_eq!(name(&catalog, &stored[0]), "Kettles");
}

#[test]
fn labels_tell_what_a_code_means() {
    let (_directory, catalog) = shop();
    // Nothing in a title tells which.
    let is_pan = |at: usize| (at * at / 3 + at / 7).is_multiple_of(2);
    let coded = |at: usize| Some(if is_pan(at) { "C-17" } else { "C-18" });
    let model = |at: usize| product(at, &titled("Model", at), coded(at));
    catalog.put((0..100).map(model)).unwrap();
    let ids: Vec<String> = (0..100).map(|at| at.to_string()).collect();
    let label = |at: usize| match is_pan(at) {
        true => "Kitchen > Pans".to_owned(),
        false => "Wear > Hats".to_owned(),
    };
    let labelled = (0..100).filter(|at| at % 5 > 0);
    let pairs = labelled.map(|at| (ids[at].as_str(), Some(label(at))));
    catalog
        .label(common::labels(pairs), LabelOptions::default(), &mut ())
        .unwrap();
    catalog.prepare(&mut ()).unwrap();
    let right = |with_source: bool| {
        let asked = (0..100).step_by(5).map(|at| Product {
            attributes: model(at)
                .attributes
                .into_iter()
                .filter(|_| with_source)
                .collect(),
            ..model(at)
        });
        let asked: Vec<Product> = asked.collect();
        let decided = catalog
            .classify(&asked, &ClassifyOptions::default())
            .unwrap();
        let is = |at: usize| if is_pan(at) { "Pans" } else { "Hats" };
        let both = (0..100).step_by(5).zip(&decided);
        both.filter(|(at, decision)| name(&catalog, decision) == is(*at))
            .count()
    };
    let (with, without) = (right(true), right(false));
    assert!(
        with >= 16 && with >= without + 4,
        "{with} and {without} of 20"
    );
    // A name that has labels is heard in any case.
    let new = product("new", "Something else", Some("c-18"));
    let decided = filed(&catalog, new, Method::Auto);
    assert_eq!(name(&catalog, &decided), "Hats");
    let by = decided.reasons.unwrap().sources;
    assert_eq!(by[0].source, Source::SourceCategory, "{by:?}");
}
