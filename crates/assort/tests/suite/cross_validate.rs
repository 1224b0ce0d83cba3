//! Cross-validation and comparison: figures that nobody's own label has part in.

use std::collections::BTreeMap;
use std::sync::Arc;

use assort::core::{Method, Product};
use assort::{
    Catalog, ClassifyOptions, CrossValidateOptions, Error, EvaluateOptions, Evaluation,
    LabelOptions, Observer, Progress, TrainHeads,
};
use assort_testkit::Chance;
use assort_testkit::toy::Toy;

use crate::common::{self, LEAVES, Recorder, path};

/// A catalog with products and their labels.
fn shop(products: &[(Product, usize)]) -> (tempfile::TempDir, Catalog) {
    let (directory, catalog) = common::catalog(&Arc::new(Toy::new("a")));
    let all = products.iter().map(|(product, _)| product.clone());
    catalog.put(all).unwrap();
    label(&catalog, products);
    (directory, catalog)
}

fn label(catalog: &Catalog, products: &[(Product, usize)]) {
    let pairs = products
        .iter()
        .map(|(product, leaf)| (product.id.as_str(), Some(path(*leaf))));
    let report = catalog.label(common::labels(pairs), LabelOptions::default(), &mut ());
    assert_eq!(report.unwrap().rejected, 0);
}

fn options(folds: usize, method: Method) -> CrossValidateOptions {
    let classify = ClassifyOptions::default().with_method(method);
    CrossValidateOptions::default()
        .with_folds(folds)
        .with_evaluate(classify.into())
}

fn files(directory: &std::path::Path) -> BTreeMap<std::path::PathBuf, Vec<u8>> {
    let models = std::fs::read_dir(directory.join("models")).into_iter();
    let paths = models.flatten().map(|entry| entry.unwrap().path());
    paths
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect()
}

/// Remembers the parts, and stops in one of them.
#[derive(Default)]
struct Folds {
    seen: Vec<(usize, usize, u64)>,
    stop_in: Option<usize>,
}

impl Observer for Folds {
    fn progress(&mut self, progress: Progress<'_>) {
        if let Progress::Fold { number, of, labels } = progress {
            self.seen.push((number, of, labels));
        }
        if let Progress::Training { epoch, .. } = progress {
            assert_eq!(epoch, None);
        }
    }

    fn stop(&self) -> bool {
        self.stop_in.is_some_and(|fold| self.seen.len() >= fold)
    }
}

#[test]
fn every_label_is_judged_once_by_the_others() {
    let products = common::products(5, 400);
    let (_directory, catalog) = shop(&products);
    let mut folds = Folds::default();
    let found = catalog
        .cross_validate(&options(4, Method::Auto), &mut folds)
        .unwrap();
    assert_eq!(found.report.products, 400);
    assert_eq!(found.overlap.products, 0);
    let parts = found.cross_validation.as_ref().unwrap();
    assert_eq!(parts.folds.len(), 4);
    assert!(parts.learning_curve.is_empty());
    let judged: usize = parts.folds.iter().map(|fold| fold.products).sum();
    assert_eq!(judged, 400);
    for (at, fold) in parts.folds.iter().enumerate() {
        assert_eq!(fold.labels + fold.products, 400);
        assert_eq!(folds.seen[at], (at + 1, 4, fold.labels as u64));
    }
    // Parts of nearly equal size, so that the mean of theirs is the figure of all.
    let mean = parts.spread(|fold| fold.accuracy).mean;
    assert!((mean - found.report.scores.accuracy).abs() < 0.01);
    assert!(mean > 0.85, "{mean}");
}

#[test]
fn copies_of_a_product_do_not_leak_into_its_part() {
    // Every title stands there five times with other numbers, and labels are drawn for
    // each content by chance: whoever knows a copy knows the label, nobody else does.
    let mut random = Chance(3);
    let mut products = Vec::new();
    for content in 0..100 {
        let of = random.below(LEAVES.len());
        let (label, made) = (
            random.below(LEAVES.len()),
            common::product_of(&mut random, "", of),
        );
        for copy in 0..5 {
            products.push((
                Product {
                    id: format!("{content}-{copy}"),
                    title: format!("{} word{} {copy}", made.title, letters(content)),
                    ..made.clone()
                },
                label,
            ));
        }
    }
    let (_directory, catalog) = shop(&products);
    // Where copies are not held out together, they give the label away.
    let rows = products.iter().step_by(5).map(|(product, label)| {
        let copy = Product {
            id: format!("copy of {}", product.id),
            ..product.clone()
        };
        (copy, Some(path(*label)))
    });
    let neighbors = ClassifyOptions::default().with_method(Method::Neighbors);
    let leaking = catalog
        .evaluate(common::rows(rows), &neighbors.into(), &mut ())
        .unwrap();
    assert!(leaking.report.scores.accuracy > 0.9);
    assert_eq!(leaking.overlap.products, 100);
    let chance = 1.0 / LEAVES.len() as f64;
    for method in [Method::Auto, Method::Neighbors, Method::Head] {
        let found = catalog
            .cross_validate(&options(5, method), &mut ())
            .unwrap();
        let accuracy = found.report.scores.accuracy;
        assert!(accuracy < chance + 0.13, "{method}: {accuracy}");
    }
}

/// A number in letters, which is no size and no number.
fn letters(number: usize) -> String {
    let letter = |digit: usize| char::from(b'b' + digit as u8);
    [number / 10, number % 10].map(letter).iter().collect()
}

#[test]
fn a_part_is_filed_as_a_catalog_without_its_labels_files_it() {
    let products = common::products(9, 300);
    for (method, trained) in [
        (Method::Auto, false),
        (Method::Head, true),
        (Method::ZeroShot, false),
    ] {
        let (directory, catalog) = shop(&products);
        if trained {
            catalog.train(&TrainHeads::default(), &mut ()).unwrap();
        } else {
            catalog.prepare(&mut ()).unwrap();
        }
        let before = files(directory.path());
        let version = catalog.product("p00001").unwrap();
        let asked = options(3, method);
        let found = catalog.cross_validate(&asked, &mut ()).unwrap();
        // Nothing was written, and what is in force stayed.
        assert_eq!(files(directory.path()), before);
        assert_eq!(catalog.product("p00001").unwrap(), version);

        // The same by hand: the labels of a part are taken away, and it is filed.
        let taxonomy = catalog.taxonomy().unwrap();
        let contents = products
            .iter()
            .map(|(product, _)| assort::core::content_key(&product.title));
        let truth = products
            .iter()
            .map(|(_, leaf)| taxonomy.resolve(&path(*leaf)).unwrap());
        let (contents, truth): (Vec<u128>, Vec<u32>) = (contents.collect(), truth.collect());
        let parts = assort::core::stratified_group_folds(&truth, &contents, 3, 0);
        let mut right = 0;
        for part in 0..3 {
            let (_other, catalog) = shop(&products);
            let own = products.iter().zip(&parts).filter(|(_, of)| **of == part);
            let own: Vec<&(Product, usize)> = own.map(|(product, _)| product).collect();
            let cleared = own.iter().map(|(product, _)| (product.id.as_str(), None));
            let clear = LabelOptions::default().with_clear(true);
            catalog
                .label(common::labels(cleared), clear, &mut ())
                .unwrap();
            if trained {
                catalog.train(&TrainHeads::default(), &mut ()).unwrap();
            } else {
                catalog.prepare(&mut ()).unwrap();
            }
            let ids: Vec<&str> = own.iter().map(|(product, _)| product.id.as_str()).collect();
            let decided = catalog
                .classify_stored(&ids, &asked.evaluate.classify)
                .unwrap();
            let by_hand = decided
                .iter()
                .zip(&own)
                .filter(|(decision, (_, leaf))| {
                    decision.category == Some(taxonomy.resolve(&path(*leaf)).unwrap())
                })
                .count();
            let fold = &found.cross_validation.as_ref().unwrap().folds[part];
            assert_eq!(fold.products, own.len());
            let accuracy = by_hand as f64 / own.len() as f64;
            assert!((fold.accuracy - accuracy).abs() < 1e-9, "{method}, {part}");
            right += by_hand;
        }
        let all = right as f64 / products.len() as f64;
        assert!(
            (found.report.scores.accuracy - all).abs() < 1e-9,
            "{method}"
        );
    }
}

#[test]
fn two_methods_are_compared_on_the_same_products() {
    let products = common::products(21, 500);
    let (_directory, catalog) = shop(&products[..300]);
    let rows = || {
        let unseen = products[300..].iter();
        common::rows(unseen.map(|(product, leaf)| (product.clone(), Some(path(*leaf)))))
    };
    let method = |method| ClassifyOptions::default().with_method(method);
    let both = EvaluateOptions::from(method(Method::Auto)).with_compare(Method::ZeroShot);
    let both = catalog.evaluate(rows(), &both, &mut ()).unwrap();
    let alone = |of| -> Evaluation {
        let options = method(of).into();
        catalog.evaluate(rows(), &options, &mut ()).unwrap()
    };
    let compared = both.comparison.unwrap();
    assert_eq!(compared.method, Method::ZeroShot);
    let accuracy = compared.comparison.accuracy;
    assert_eq!(accuracy.first, alone(Method::Auto).report.scores.accuracy);
    let zero_shot = alone(Method::ZeroShot);
    assert_eq!(accuracy.second, zero_shot.report.scores.accuracy);
    assert!(zero_shot.comparison.is_none());
    let mean = compared.comparison.mean_weighted_f1;
    assert!((mean.second - zero_shot.report.mean_weighted_f1()).abs() < 1e-12);
    // Labels help these products beyond doubt.
    assert!(
        accuracy.low > 0.0 && accuracy.p_value < 0.05,
        "{accuracy:?}"
    );
    // A method is no better than itself, also in cross-validation.
    let mut asked = options(2, Method::Auto);
    asked.evaluate = asked.evaluate.with_compare(Method::Auto);
    let found = catalog.cross_validate(&asked, &mut ()).unwrap();
    let same = found.comparison.unwrap().comparison;
    assert_eq!((same.accuracy.low, same.accuracy.p_value), (0.0, 1.0));
    assert_eq!(same.only_first_right + same.only_second_right, 0);
}

#[test]
fn a_learning_curve_grows_with_the_labels() {
    let products = common::products(4, 400);
    let (_directory, catalog) = shop(&products);
    let asked = options(2, Method::Neighbors).with_learning_curve(true);
    let found = catalog.cross_validate(&asked, &mut ()).unwrap();
    let parts = found.cross_validation.unwrap();
    let curve = &parts.learning_curve;
    assert_eq!(curve.len(), 5);
    assert!(curve.windows(2).all(|two| two[0].labels < two[1].labels));
    assert!((curve[4].labels - 200.0).abs() < 1.0);
    assert_eq!(curve[4].accuracy, parts.spread(|fold| fold.accuracy));
    assert!(curve[0].accuracy.mean < curve[4].accuracy.mean);
}

#[test]
fn what_cannot_be_divided_is_refused_and_what_is_sparse_is_told() {
    let mut products = common::products(8, 60);
    products.retain(|(_, leaf)| *leaf < 6);
    // One product of a category of its own, and two of another.
    let mut random = Chance(1);
    for (id, leaf) in [("x", 6), ("y", 7), ("z", 7)] {
        products.push((common::product_of(&mut random, id, leaf), leaf));
    }
    let (_directory, catalog) = shop(&products);
    let found = catalog
        .cross_validate(&options(3, Method::Auto), &mut ())
        .unwrap();
    let parts = found.cross_validation.unwrap();
    assert_eq!((parts.sparse_categories, parts.sparse_products), (2, 3));
    assert_eq!(parts.taught, 0);
    for folds in [0, 1, 1000] {
        let result = catalog.cross_validate(&options(folds, Method::Auto), &mut ());
        let error = result.unwrap_err();
        assert!(matches!(&error, Error::Argument(_)), "{error}");
    }
    let (_directory, catalog) = shop(&[]);
    catalog.put([products[0].0.clone()]).unwrap();
    let error = catalog
        .cross_validate(&options(2, Method::Auto), &mut ())
        .unwrap_err();
    assert!(matches!(error, Error::NoLabels), "{error}");
}

#[test]
fn it_stops_where_it_is_asked_to() {
    let (_directory, catalog) = shop(&common::products(4, 200));
    let asked = options(3, Method::Auto);
    let mut folds = Folds {
        stop_in: Some(2),
        ..Folds::default()
    };
    let error = catalog.cross_validate(&asked, &mut folds).unwrap_err();
    assert!(matches!(error, Error::Interrupted), "{error}");
    assert_eq!(folds.seen.len(), 2);
    let error = catalog.cross_validate(&asked, &mut Recorder::stopping_after(0));
    assert!(matches!(error, Err(Error::Interrupted)));
}
