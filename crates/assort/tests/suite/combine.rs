//! Catalogs made of others: they hold and find what those do.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use assort::core::{AttributeKind, Method, Product};
use assort::{
    Catalog, ClassifyOptions, Error, LabelOptions, Observer, Query, Search, StoredProduct,
};
use assort_testkit::Chance;
use assort_testkit::toy::Toy;

use crate::common::{self, path, product_of};

/// Products at which a part seals its vectors.
const LIMIT: usize = 60;

fn toy() -> Arc<Toy> {
    Arc::new(Toy::new("a"))
}

fn part(directory: &Path) -> Catalog {
    let catalog = Catalog::create(directory, &common::taxonomy(), toy(), "toy").unwrap();
    catalog.with_live_limit(LIMIT)
}

fn combined(directory: &Path, parts: &[Catalog]) -> (Catalog, assort::CombineReport) {
    let report = Catalog::combine(directory, parts, &mut ()).unwrap();
    let catalog = Catalog::open(directory).unwrap();
    (catalog.with_embedder(toy()).unwrap(), report)
}

/// Fills a part with products of ids from `from` on, some of them changed, removed,
/// labelled or filed afterwards.
fn fill(catalog: &Catalog, random: &mut Chance, from: usize, count: usize) {
    let ids: Vec<String> = (from..from + count).map(|at| format!("p{at:05}")).collect();
    let make = |random: &mut Chance, id: &String| {
        let leaf = random.below(common::LEAVES.len());
        product_of(random, id, leaf)
    };
    let products: Vec<Product> = ids.iter().map(|id| make(random, id)).collect();
    catalog.put(products).unwrap();
    catalog.wait_until_indexed(&mut ()).unwrap();
    let some =
        |random: &mut Chance| -> Vec<&String> { ids.iter().filter(|_| random.one_in(6)).collect() };
    let changed: Vec<Product> = some(random)
        .into_iter()
        .map(|id| make(random, id))
        .collect();
    catalog.put(changed).unwrap();
    let labelled: Vec<(&str, Option<String>)> = some(random)
        .into_iter()
        .map(|id| (id.as_str(), Some(path(random.below(8)))))
        .collect();
    let labels = common::labels(labelled);
    catalog
        .label(labels, LabelOptions::default(), &mut ())
        .unwrap();
    let filed = some(random);
    let filed: Vec<&str> = filed.into_iter().map(String::as_str).collect();
    let options = ClassifyOptions::default().with_method(Method::ZeroShot);
    let decided = catalog.classify_stored(&filed, &options).unwrap();
    let decided = filed.iter().copied().zip(&decided);
    catalog.apply(Method::ZeroShot, decided).unwrap();
    catalog
        .remove(some(random).into_iter().map(String::as_str))
        .unwrap();
}

/// All products of a catalog by their ids.
fn stored(catalog: &Catalog) -> BTreeMap<String, StoredProduct> {
    let ids = catalog.ids(None, usize::MAX).unwrap();
    ids.into_iter()
        .map(|id| {
            let product = catalog.product(&id).unwrap();
            (id, product)
        })
        .collect()
}

/// Ids and similarities of what is nearest, by comparing with all.
fn nearest(catalog: &Catalog, text: &str) -> Vec<(String, f32)> {
    let search = Search::new(Query::Text(text.to_owned()))
        .with_top(20)
        .with_exact(true);
    let page = catalog.search(&search).unwrap();
    let found = page.found.into_iter();
    found
        .map(|one| (one.product.product.id, one.similarity))
        .collect()
}

#[test]
fn a_combined_catalog_holds_and_finds_what_its_parts_do() {
    let mut random = Chance(common::seed());
    let place = tempfile::tempdir().unwrap();
    let parts: Vec<Catalog> = (0..4)
        .map(|number| {
            let catalog = part(&place.path().join(number.to_string()));
            // Ids of neighbours overlap; one part is small and one empty.
            let count = [150, 200, 20, 0][number];
            fill(&catalog, &mut random, 100 * number, count);
            catalog
        })
        .collect();
    let mut wanted: BTreeMap<String, StoredProduct> = BTreeMap::new();
    let mut replaced = 0;
    for part in &parts {
        let own = stored(part);
        replaced += own.keys().filter(|id| wanted.contains_key(*id)).count() as u64;
        wanted.extend(own);
    }
    let (catalog, report) = combined(&place.path().join("all"), &parts);
    assert_eq!(report.products, wanted.len() as u64);
    assert_eq!(report.replaced, replaced);
    assert!(report.segments >= 2, "{report:?}");
    assert_eq!(stored(&catalog), wanted);
    assert_eq!(catalog.check().unwrap(), []);
    // The same products in one catalog.
    let plain = part(&place.path().join("plain"));
    plain
        .put(wanted.values().map(|one| one.product.clone()))
        .unwrap();
    for text in ["steel kettle", "felt hat", "garden hose"] {
        let (found, like) = (nearest(&catalog, text), nearest(&plain, text));
        for (found, like) in found.iter().zip(&like) {
            assert!(
                (found.1 - like.1).abs() < 2e-3,
                "{text}: {found:?} {like:?}"
            );
        }
        let search = Search::new(Query::Text(text.to_owned())).with_top(5);
        let page = catalog.search(&search).unwrap();
        assert_eq!(page.found.len(), 5);
    }
    // It is a catalog like any other.
    let more = product_of(&mut random, "one more", 0);
    catalog.put([more]).unwrap();
    catalog.compact(&mut ()).unwrap();
    assert_eq!(catalog.check().unwrap(), []);
    assert_eq!(catalog.stats().unwrap().products, wanted.len() as u64 + 1);
}

#[test]
fn catalogs_that_do_not_fit_together_are_refused() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    let refused = |parts: &[Catalog]| {
        let error = Catalog::combine(at("all"), parts, &mut ()).unwrap_err();
        assert!(matches!(error, Error::Argument(_)), "{error}");
        assert!(!at("all").join("catalog.redb").exists());
        error.to_string()
    };
    assert!(refused(&[]).contains("no catalog"));
    let other = Catalog::create(at("b"), &common::taxonomy(), Arc::new(Toy::new("b")), "toy");
    let told = refused(&[part(&at("a")), other.unwrap()]);
    assert!(
        told.contains("b cannot be combined") && told.contains("space"),
        "{told}"
    );
    let taxonomy = common::taxonomy_of(&[0, 1]);
    let other = Catalog::create(at("c"), &taxonomy, toy(), "toy").unwrap();
    assert!(refused(&[part(&at("d")), other]).contains("another taxonomy"));
    let typed = [("e", AttributeKind::Number), ("f", AttributeKind::Text)].map(|(name, kind)| {
        let catalog = part(&at(name));
        catalog.set_attribute_kinds([("price", kind)]).unwrap();
        catalog
    });
    assert!(refused(&typed).contains("`price`"));
    let told = Catalog::combine(at("a"), &typed[..1], &mut ()).unwrap_err();
    assert!(matches!(told, Error::AlreadyACatalog(_)), "{told}");
}

/// Stops at once.
struct Stopped;

impl Observer for Stopped {
    fn stop(&self) -> bool {
        true
    }
}

#[test]
fn what_was_stopped_is_no_catalog_and_the_next_run_makes_one() {
    let place = tempfile::tempdir().unwrap();
    let own = part(&place.path().join("a"));
    fill(&own, &mut Chance(5), 0, 100);
    let (all, parts) = (place.path().join("all"), [own]);
    let stopped = Catalog::combine(&all, &parts, &mut Stopped).unwrap_err();
    assert!(matches!(stopped, Error::Interrupted), "{stopped}");
    assert!(matches!(
        Catalog::open(&all).unwrap_err(),
        Error::NotACatalog(_)
    ));
    let (catalog, _) = combined(&all, &parts);
    assert_eq!(stored(&catalog), stored(&parts[0]));
    assert_eq!(catalog.check().unwrap(), []);
}

#[test]
fn a_catalog_of_a_pack_stores_what_the_pack_files() {
    let place = tempfile::tempdir().unwrap();
    let own = part(&place.path().join("shop"));
    fill(&own, &mut Chance(9), 0, 200);
    let file = place.path().join("shop.pack");
    own.pack(&file, &mut ()).unwrap();
    let pack = assort::Pack::open(&file).unwrap();
    let refused = Catalog::of_pack(place.path().join("no"), &pack).unwrap_err();
    assert!(matches!(refused, Error::NoEmbedder), "{refused}");
    let pack = pack.with_embedder(toy()).unwrap();
    let catalog = Catalog::of_pack(place.path().join("part"), &pack).unwrap();
    let products: Vec<Product> = common::products(4, 30)
        .into_iter()
        .map(|(one, _)| one)
        .collect();
    let decided = pack
        .classify(&products, &ClassifyOptions::default())
        .unwrap();
    catalog.put(products.clone()).unwrap();
    let filed = products
        .iter()
        .map(|product| product.id.as_str())
        .zip(&decided);
    assert_eq!(catalog.apply(Method::Auto, filed).unwrap(), 30);
    for (product, decision) in products.iter().zip(&decided) {
        let kept = catalog.product(&product.id).unwrap().decision.unwrap();
        assert_eq!(
            (kept.category, kept.confidence),
            (decision.category, decision.confidence)
        );
    }
}
