//! Filing toy products: what users can count on, whatever the embedder.

use std::sync::Arc;

use assort::core::{
    CategoryIndex, CategoryRow, Decision, Embedder, Method, Place, Product, Taxonomy,
};
use assort::{Catalog, ClassifyOptions, Error, EvaluateOptions, LabelOptions, TrainHeads};
use assort_testkit::toy::Toy;

use crate::common::{self, LEAVES, path};

/// The methods that read texts.
const BY_TEXT: [Method; 4] = [
    Method::Auto,
    Method::ZeroShot,
    Method::Neighbors,
    Method::Head,
];

fn options(method: Method) -> ClassifyOptions {
    ClassifyOptions::default().with_method(method)
}

fn explained(method: Method) -> ClassifyOptions {
    options(method).with_explain(true)
}

/// A catalog of toy products, the first `labelled` of them with their labels.
struct Shop {
    directory: tempfile::TempDir,
    catalog: Catalog,
    products: Vec<(Product, usize)>,
    taxonomy: Arc<Taxonomy>,
}

impl Shop {
    fn new(count: usize, labelled: usize) -> Self {
        let toy = Arc::new(Toy::new("a"));
        let (directory, catalog) = common::catalog(&toy);
        let products = common::products(77, count);
        let all = products.iter().map(|(product, _)| product.clone());
        catalog.put(all).unwrap();
        let taxonomy = catalog.taxonomy().unwrap();
        let shop = Self {
            directory,
            catalog,
            products,
            taxonomy,
        };
        shop.label(0..labelled);
        shop
    }

    fn label(&self, which: std::ops::Range<usize>) {
        let pairs = self.products[which]
            .iter()
            .map(|(product, leaf)| (product.id.as_str(), Some(path(*leaf))));
        let options = LabelOptions::default();
        let report = self.catalog.label(common::labels(pairs), options, &mut ());
        assert_eq!(report.unwrap().rejected, 0);
        self.catalog.prepare(&mut ()).unwrap();
    }

    fn truth(&self, leaf: usize) -> CategoryIndex {
        self.taxonomy.resolve(&path(leaf)).unwrap()
    }

    fn ids(&self) -> Vec<&str> {
        let products = self.products.iter();
        products.map(|(product, _)| product.id.as_str()).collect()
    }

    /// Share of the products from `from` on that are filed rightly.
    fn accuracy(&self, from: usize, method: Method) -> f64 {
        let ids = &self.ids()[from..];
        let decisions = self.catalog.classify_stored(ids, &options(method)).unwrap();
        let right = decisions
            .iter()
            .zip(&self.products[from..])
            .filter(|(decision, (_, leaf))| decision.category == Some(self.truth(*leaf)))
            .count();
        right as f64 / ids.len() as f64
    }
}

fn assert_same(a: &Decision, b: &Decision) {
    assert_eq!(a.category, b.category);
    assert_eq!(a.alternatives.len(), b.alternatives.len());
    for (a, b) in a.alternatives.iter().zip(&b.alternatives) {
        assert!((a.confidence - b.confidence).abs() < 1e-4, "{a:?} {b:?}");
    }
    assert_eq!(a.levels.len(), b.levels.len());
    for (a, b) in a.levels.iter().zip(&b.levels) {
        assert_eq!(a.category, b.category);
        assert!((a.confidence - b.confidence).abs() < 1e-4, "{a:?} {b:?}");
    }
    let ids = |decision: &Decision| -> Option<Vec<String>> {
        let neighbors = decision.reasons.as_ref()?.neighbors.iter();
        Some(neighbors.map(|neighbor| neighbor.id.clone()).collect())
    };
    assert_eq!(ids(a), ids(b));
    let texts = |decision: &Decision| Some(decision.reasons.as_ref()?.texts.clone());
    assert_eq!(texts(a), texts(b));
}

#[test]
fn labels_make_the_filing_of_other_products_better() {
    let shop = Shop::new(1200, 0);
    let zero_shot = shop.accuracy(600, Method::Auto);
    shop.label(0..40);
    let few = shop.accuracy(600, Method::Auto);
    shop.label(0..600);
    let many = shop.accuracy(600, Method::Auto);
    println!("zero-shot {zero_shot:.3}, 40 labels {few:.3}, 600 labels {many:.3}");
    assert!(few > zero_shot + 0.1, "{few} {zero_shot}");
    assert!(many > few && many > 0.9, "{many} {few}");
    // Without the labels all is as before.
    let zero_shot_after = shop.accuracy(600, Method::ZeroShot);
    assert!((zero_shot_after - zero_shot).abs() < 0.01);
}

#[test]
fn a_product_has_no_vote_on_itself() {
    let shop = Shop::new(60, 60);
    let method = explained(Method::Neighbors);
    let stored = shop.catalog.classify_stored(&shop.ids(), &method).unwrap();
    let products: Vec<Product> = shop.products.iter().map(|(p, _)| p.clone()).collect();
    let given = shop.catalog.classify(&products, &method).unwrap();
    for (decision, product) in stored.iter().chain(&given).zip(products.iter().cycle()) {
        let reasons = decision.reasons.as_ref().unwrap();
        assert!(!reasons.neighbors.is_empty());
        for neighbor in &reasons.neighbors {
            assert_ne!(neighbor.id, product.id);
            let stored = shop.catalog.product(&neighbor.id).unwrap();
            assert_eq!(stored.product.title, neighbor.title);
            assert_eq!(stored.label, Some(neighbor.category));
        }
    }
}

#[test]
fn neighbours_show_the_references_of_their_pictures() {
    let shop = Shop::new(60, 60);
    let image = |at: usize| match at % 3 {
        0 => None,
        1 => Some(format!("images/{at}.jpg")),
        _ => Some("data:image/png;base64,TWFu".to_owned()),
    };
    let pictured = shop.products.iter().enumerate();
    let pictured = pictured.map(|(at, (product, _))| Product {
        image: image(at),
        ..product.clone()
    });
    shop.catalog.put(pictured.collect::<Vec<_>>()).unwrap();
    let method = explained(Method::Auto);
    let decisions = shop.catalog.classify_stored(&shop.ids(), &method).unwrap();
    let mut shown = 0;
    let reasons = decisions.iter().flat_map(|decision| &decision.reasons);
    for neighbor in reasons.flat_map(|reasons| &reasons.neighbors) {
        let at = shop.ids().iter().position(|id| *id == neighbor.id).unwrap();
        // Bytes are nothing to read.
        assert_eq!(neighbor.image, image(at).filter(|_| at % 3 == 1));
        shown += usize::from(neighbor.image.is_some());
    }
    assert!(shown > 0);
}

#[test]
fn mistaken_labels_do_not_confirm_themselves() {
    let shop = Shop::new(800, 800);
    let mistaken: Vec<&(Product, usize)> = shop.products.iter().step_by(40).collect();
    let wrong = |leaf: usize| (leaf + 3) % LEAVES.len();
    let pairs = mistaken
        .iter()
        .map(|(product, leaf)| (product.id.as_str(), Some(path(wrong(*leaf)))));
    let report = shop
        .catalog
        .label(common::labels(pairs), LabelOptions::default(), &mut ())
        .unwrap();
    assert_eq!(report.changed, 20);
    let ids: Vec<&str> = mistaken.iter().map(|(p, _)| p.id.as_str()).collect();
    for method in [Method::Auto, Method::Neighbors] {
        let decisions = shop
            .catalog
            .classify_stored(&ids, &options(method))
            .unwrap();
        let count = |leaf: fn(usize) -> usize| {
            let pairs = decisions.iter().zip(&mistaken);
            let taken = pairs.filter(|(d, (_, own))| d.category == Some(shop.truth(leaf(*own))));
            taken.count()
        };
        let (right, confirmed) = (count(|leaf| leaf), count(|leaf| (leaf + 3) % 8));
        assert!(
            right >= 12,
            "{method}: {right} of 20 right, {confirmed} confirmed"
        );
        assert!(confirmed <= 2, "{method}: {confirmed} of 20 confirmed");
    }
}

#[test]
fn corrected_labels_teach_as_if_they_had_never_been_wrong() {
    let (corrected, fresh) = (Shop::new(1200, 0), Shop::new(1200, 600));
    let wrong = corrected.products[..600]
        .iter()
        .map(|(product, leaf)| (product.id.as_str(), Some(path((leaf + 3) % LEAVES.len()))));
    let options = LabelOptions::default();
    let labelled = corrected
        .catalog
        .label(common::labels(wrong), options, &mut ());
    assert_eq!(labelled.unwrap().changed, 600);
    let misled = corrected.accuracy(600, Method::Auto);
    corrected.label(0..600);
    let after = corrected.accuracy(600, Method::Auto);
    let expected = fresh.accuracy(600, Method::Auto);
    println!("misled {misled:.3}, corrected {after:.3}, fresh {expected:.3}");
    assert!(misled < 0.5);
    assert!((after - expected).abs() < 0.01, "{after} {expected}");
}

#[test]
fn many_products_are_filed_as_each_alone() {
    let shop = Shop::new(500, 200);
    let ids = shop.ids();
    for method in BY_TEXT {
        let how = options(method).with_explain(true);
        let together = shop.catalog.classify_stored(&ids, &how).unwrap();
        for (id, decision) in ids.iter().zip(&together).step_by(7) {
            let alone = shop.catalog.classify_stored(&[id], &how).unwrap();
            assert_eq!(alone.len(), 1);
            assert_same(&alone[0], decision);
        }
        let products: Vec<Product> = shop.products.iter().map(|(p, _)| p.clone()).collect();
        let given = shop.catalog.classify(&products, &how).unwrap();
        for (given, stored) in given.iter().zip(&together) {
            assert_same(given, stored);
        }
        assert!(shop.catalog.classify(&[], &how).unwrap().is_empty());
    }
}

#[test]
fn too_little_confidence_abstains_and_still_shows_choices() {
    let shop = Shop::new(300, 100);
    let decide = |min_confidence| {
        let how = ClassifyOptions::default()
            .with_min_confidence(min_confidence)
            .with_top(4);
        shop.catalog.classify_stored(&shop.ids(), &how).unwrap()
    };
    let (all, some, none) = (decide(0.0), decide(0.6), decide(1.1));
    assert!(all.iter().all(|decision| decision.category.is_some()));
    assert!(none.iter().all(|decision| decision.category.is_none()));
    for (all, some) in all.iter().zip(&some) {
        if all.confidence >= 0.6 {
            assert_eq!(some.category, all.category);
        } else if let Some(above) = some.category {
            // Not sure of the leaf, but of what lies above.
            assert!(!shop.taxonomy.is_leaf(above) && some.confidence >= 0.6);
            assert_eq!(some.levels.last().unwrap().category, above);
            continue;
        }
        assert_eq!(some.alternatives, all.alternatives);
        assert_eq!(some.alternatives.len(), 4);
        assert!(
            some.alternatives
                .is_sorted_by(|a, b| a.confidence >= b.confidence)
        );
        assert_eq!(some.confidence, some.alternatives[0].confidence);
        let margin = some.confidence - some.alternatives[1].confidence;
        assert!((some.margin - margin).abs() < 1e-6);
    }
}

#[test]
fn an_explanation_names_texts_of_the_category_that_was_chosen() {
    let shop = Shop::new(120, 0);
    let how = explained(Method::ZeroShot);
    let decisions = shop.catalog.classify_stored(&shop.ids(), &how).unwrap();
    for decision in &decisions {
        let category = decision.category.unwrap();
        let known = assort::core::compose::category_texts(&shop.taxonomy, category);
        let texts = &decision.reasons.as_ref().unwrap().texts;
        assert!(!texts.is_empty());
        for text in texts {
            assert!(known.contains(&(text.kind, text.text.clone())), "{text:?}");
            assert!((-1.0..=1.0001).contains(&text.similarity));
        }
        let falling = |a: &assort::core::TextEvidence, b: &assort::core::TextEvidence| {
            a.similarity >= b.similarity
        };
        assert!(texts.is_sorted_by(falling));
    }
    let plain = shop
        .catalog
        .classify_stored(&shop.ids(), &options(Method::ZeroShot))
        .unwrap();
    for (plain, explained) in plain.iter().zip(&decisions) {
        assert_eq!(plain.reasons, None);
        assert_eq!(plain.category, explained.category);
    }
}

#[test]
fn without_labels_auto_is_zero_shot_and_neighbours_are_refused_in_words() {
    let shop = Shop::new(200, 0);
    let ids = shop.ids();
    let decide = |method| shop.catalog.classify_stored(&ids, &options(method));
    let auto = decide(Method::Auto).unwrap();
    let zero_shot = decide(Method::ZeroShot).unwrap();
    for (auto, zero_shot) in auto.iter().zip(&zero_shot) {
        assert_eq!(auto.alternatives, zero_shot.alternatives);
    }
    let refused = decide(Method::Neighbors);
    assert!(matches!(refused, Err(Error::NoLabels)), "{refused:?}");
}

#[test]
fn an_evaluation_is_what_counting_by_hand_gives() {
    let shop = Shop::new(500, 150);
    let how = ClassifyOptions::default().with_min_confidence(0.95);
    let test = &shop.products[150..];
    let mut rows: Vec<(Product, Option<String>)> = test
        .iter()
        .map(|(product, leaf)| (product.clone(), Some(path(*leaf))))
        .collect();
    rows.push((
        Product {
            id: "x".into(),
            ..test[0].0.clone()
        },
        None,
    ));
    rows.push((
        Product {
            id: "y".into(),
            ..test[0].0.clone()
        },
        Some("Nowhere".into()),
    ));
    let evaluation = shop
        .catalog
        .evaluate(common::rows(rows), &how.clone().into(), &mut ())
        .unwrap();
    assert_eq!(evaluation.rejected, 2);
    let report = evaluation.report;
    let (mut decided, mut right) = (0, 0);
    let (mut decided_root, mut right_root) = (0, 0);
    let mut wrong = std::collections::BTreeMap::new();
    for (product, leaf) in test {
        let decision = &shop.catalog.classify_stored(&[&product.id], &how).unwrap()[0];
        let truth = shop.truth(*leaf);
        let Some(category) = decision.category else {
            continue;
        };
        let root = |category| shop.taxonomy.lineage(category)[0];
        decided_root += 1;
        right_root += usize::from(root(category) == root(truth));
        if shop.taxonomy.lineage(truth).contains(&category) && category != truth {
            // Right, but not to the end.
            continue;
        }
        decided += 1;
        right += usize::from(category == truth);
        if category != truth {
            *wrong.entry((truth, category)).or_insert(0) += 1;
        }
    }
    let share = |part: usize| part as f64 / decided as f64;
    let share_root = right_root as f64 / decided_root as f64;
    assert_eq!((report.products, report.decided), (350, decided));
    assert!(
        decided > 0 && decided < 350,
        "{decided} decide nothing here"
    );
    assert!((report.coverage - decided as f64 / 350.0).abs() < 1e-9);
    assert!((report.scores.accuracy - share(right)).abs() < 1e-9);
    assert!((report.levels[0].scores.accuracy - share_root).abs() < 1e-9);
    let confusions = report.confusions.iter();
    let confusions = confusions.map(|c| ((c.truth, c.decided), c.count));
    assert_eq!(
        confusions.collect::<std::collections::BTreeMap<_, _>>(),
        wrong
    );
}

#[test]
fn an_evaluation_without_a_usable_row_says_so() {
    let shop = Shop::new(10, 0);
    let rows = common::rows([(shop.products[0].0.clone(), None)]);
    let result = shop
        .catalog
        .evaluate(rows, &EvaluateOptions::default(), &mut ());
    assert!(matches!(result, Err(Error::Input { .. })), "{result:?}");
}

#[test]
fn confidence_is_a_chance_and_rises_with_how_often_decisions_are_right() {
    let shop = Shop::new(1500, 700);
    for method in BY_TEXT {
        let ids = shop.ids();
        let decisions = shop
            .catalog
            .classify_stored(&ids[700..], &options(method))
            .unwrap();
        let mut seen: Vec<(f32, bool)> = decisions
            .iter()
            .zip(&shop.products[700..])
            .map(|(decision, (_, leaf))| {
                assert!((0.0..=1.0).contains(&decision.confidence));
                assert!((0.0..=1.0).contains(&decision.margin));
                let right = decision.category == Some(shop.truth(*leaf));
                (decision.confidence, right)
            })
            .collect();
        seen.sort_by(|a, b| a.0.total_cmp(&b.0));
        let share = |part: &[(f32, bool)]| {
            part.iter().filter(|(_, right)| *right).count() as f64 / part.len() as f64
        };
        let (unsure, sure) = seen.split_at(seen.len() / 2);
        assert!(share(unsure) <= share(sure), "{method}");
        let claimed = seen.iter().map(|seen| f64::from(seen.0)).sum::<f64>() / 800.0;
        // One that is always right on labels cannot be calibrated by them.
        if decisions[0].is_calibrated {
            assert!((claimed - share(&seen)).abs() < 0.1, "{method}: {claimed}");
        }
    }
    let calibrated = shop.catalog.stats().unwrap().calibrated;
    assert!(calibrated.contains(&Method::ZeroShot), "{calibrated:?}");
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let decide = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(|| {
            let shop = Shop::new(1500, 500);
            let how = ClassifyOptions::default();
            shop.catalog.classify_stored(&shop.ids(), &how).unwrap()
        })
    };
    let (one, many) = (decide(1), decide(5));
    for (one, many) in one.iter().zip(&many) {
        assert_same(one, many);
    }
}

#[test]
fn what_was_learned_survives_reopening() {
    let shop = Shop::new(800, 300);
    let how = ClassifyOptions::default();
    let before = shop.catalog.classify_stored(&shop.ids(), &how).unwrap();
    let ids: Vec<String> = shop.ids().into_iter().map(str::to_owned).collect();
    let directory = shop.directory;
    drop(shop.catalog);
    let toy = Arc::new(Toy::new("a"));
    for read_only in [true, false] {
        let catalog = if read_only {
            Catalog::open_read_only(directory.path())
        } else {
            Catalog::open(directory.path())
        };
        let catalog = catalog.unwrap();
        let catalog = catalog.with_embedder(toy.clone()).unwrap();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let after = catalog.classify_stored(&ids, &how).unwrap();
        for (before, after) in before.iter().zip(&after) {
            assert_same(before, after);
        }
    }
    assert!(
        toy.embedded().is_empty(),
        "category texts were embedded again"
    );
}

#[test]
fn labels_of_inner_categories_speak_for_what_lies_below() {
    let toy = Arc::new(Toy::new("a"));
    let embedder: Arc<dyn Embedder> = toy;
    let directory = tempfile::tempdir().unwrap();
    let row = |names: &[&str]| CategoryRow {
        place: Place::Path(names.iter().map(|name| (*name).to_owned()).collect()),
        ..CategoryRow::default()
    };
    let taxonomy = Taxonomy::from_rows(vec![row(&["A", "B"]), row(&["C"])]).unwrap();
    let catalog = Catalog::create(directory.path(), &taxonomy, embedder, "toy").unwrap();
    let product = |id: &str| Product {
        id: id.to_owned(),
        title: "one and the same".to_owned(),
        ..Product::default()
    };
    catalog.put([product("1"), product("2")]).unwrap();
    let label = common::labels([("1", Some("A".to_owned()))]);
    catalog
        .label(label, LabelOptions::default(), &mut ())
        .unwrap();
    let decisions = catalog.classify_stored(&["2"], &options(Method::Neighbors));
    let category = decisions.unwrap()[0].category.unwrap();
    assert_eq!(taxonomy.path(category), "A > B");
}

#[test]
fn a_head_files_without_an_embedder() {
    let shop = Shop::new(400, 200);
    let quick = TrainHeads::default().with_epochs(3).with_count(1);
    shop.catalog.train(&quick, &mut ()).unwrap();
    let bare = Catalog::open_read_only(shop.catalog.directory()).unwrap();
    let how = options(Method::Head);
    let products: Vec<Product> = shop
        .ids()
        .into_iter()
        .map(|id| shop.catalog.product(id).unwrap().product)
        .collect();
    let filed = bare.classify(&products, &how).unwrap();
    assert_eq!(filed, shop.catalog.classify(&products, &how).unwrap());
    assert_eq!(
        filed,
        shop.catalog.classify_stored(&shop.ids(), &how).unwrap()
    );
    let error = bare
        .classify(&products, &options(Method::Auto))
        .unwrap_err();
    assert!(matches!(error, assort::Error::NoEmbedder), "{error}");
}

#[test]
fn a_trained_head_outlives_the_taxonomy_and_new_labels() {
    let shop = Shop::new(400, 200);
    let quick = TrainHeads::default().with_epochs(3).with_count(1);
    let report = shop.catalog.train(&quick, &mut ()).unwrap();
    assert!(report.labels == 200 && report.held_out > 0, "{report:?}");
    let how = options(Method::Head);
    let by_head = |ids: &[&str]| shop.catalog.classify_stored(ids, &how).unwrap();
    let ids = shop.ids();
    let before = by_head(&ids);
    // Learning anew, because there are many more labels, keeps what was asked for.
    shop.label(200..300);
    assert_eq!(by_head(&ids).len(), before.len());
    // A new leaf changes the positions of categories, but not what the head knows.
    let mut paths: Vec<String> = (0..LEAVES.len()).map(path).collect();
    paths.insert(0, "A > New".to_owned());
    let taxonomy = Taxonomy::from_paths(&paths).unwrap();
    shop.catalog.replace_taxonomy(&taxonomy).unwrap();
    let after = by_head(&ids);
    let same = before.iter().zip(&after).filter(|(before, after)| {
        let path = |taxonomy: &Taxonomy, decision: &Decision| {
            decision.category.map(|category| taxonomy.path(category))
        };
        path(&shop.taxonomy, before) == path(&taxonomy, after)
    });
    assert!(same.count() > 380);
}
