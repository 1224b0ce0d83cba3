//! A catalog teaches a student and moves to it; whatever goes wrong, it stays
//! on its old encoder and nothing is lost.

use std::sync::Arc;

use assort::core::{Embedder, Method};
use assort::students::{Distilled, Options, Student};
use assort::{Catalog, ClassifyOptions, DistillOptions, Distillation, Error, Query, Search};
use assort_testkit::toy::{Fault, Toy};

use crate::common::{self, Recorder};

const PRODUCTS: usize = 2000;

fn options() -> DistillOptions {
    DistillOptions {
        teaching: Options {
            buckets: 8192,
            epochs: Some(12),
            ..Options::default()
        },
        ..DistillOptions::default()
    }
}

/// A catalog of products with labels.
fn shop(toy: &Arc<Toy>) -> (tempfile::TempDir, Catalog) {
    let (directory, catalog) = common::catalog(toy);
    let products = common::products(11, PRODUCTS).into_iter();
    let rows = common::rows(products.map(|(product, leaf)| (product, Some(common::path(leaf)))));
    catalog
        .import(rows, &Default::default(), &|| None, &mut ())
        .unwrap();
    (directory, catalog)
}

/// The student with its teacher.
fn pair(made: &Distillation, teacher: &Arc<Toy>) -> Distilled {
    let teacher: Arc<dyn Embedder> = teacher.clone();
    let open = Box::new(move || Ok(Arc::clone(&teacher)));
    Distilled::with_teacher(Arc::clone(&made.student), None, open)
}

#[test]
fn a_catalog_moves_to_a_student_that_files_and_finds_as_its_teacher_does() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, mut catalog) = shop(&toy);
    toy.embedded();
    let made = catalog.distill(toy.as_ref(), &options(), &mut ()).unwrap();
    let report = &made.report;
    // The catalog has the products' vectors: only categories are asked for.
    assert!(toy.embedded().len() < 100);
    assert!(report.cosine > 0.9, "{report:?}");
    assert!(report.rounding.abs() < 0.01, "{report:?}");
    assert!(report.overlap > 0.4, "{report:?}");
    assert!(report.left < 0.1, "{report:?}");
    let accuracy = report.accuracy.unwrap();
    assert!(
        accuracy.neighbor_student > accuracy.neighbor_teacher - 0.05,
        "{accuracy:?}"
    );
    assert!(
        accuracy.zero_shot_student > accuracy.zero_shot_teacher - 0.1,
        "{accuracy:?}"
    );
    assert_eq!(report.size, std::fs::metadata(&made.file).unwrap().len());

    let space = pair(&made, &toy).space().clone();
    catalog
        .adopt_student(pair(&made, &toy), "student", &mut ())
        .unwrap();
    assert_eq!(catalog.space().unwrap(), space);
    assert_eq!(catalog.embedder_spec().unwrap(), "student");
    common::assert_clean(&mut catalog);
    let page = catalog
        .search(&Search::new(Query::Text("deluxe pack".to_owned())))
        .unwrap();
    assert!(page.found[0].similarity > 0.5);

    // New products are filed by it, and how well it knows them is kept.
    let known = catalog.stats().unwrap().familiarity;
    assert_eq!(known, None);
    let new: Vec<_> = common::products(12, 64).into_iter().collect();
    let products: Vec<_> = new.iter().map(|(product, _)| product.clone()).collect();
    let decisions = catalog.classify(&products, &ClassifyOptions::default());
    let taxonomy = catalog.taxonomy().unwrap();
    let right = decisions
        .unwrap()
        .iter()
        .zip(&new)
        .filter(|(decision, (_, leaf))| {
            let path = decision.category.map(|category| taxonomy.path(category));
            path.as_deref() == Some(&common::path(*leaf))
        })
        .count();
    assert!(right > 50, "{right} of 64");
    catalog.put(products).unwrap();
    assert!(catalog.stats().unwrap().familiarity.unwrap() > 0.5);
}

#[test]
fn a_student_learns_from_labels_and_confidence_stays_true() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, mut catalog) = shop(&toy);
    let plain = DistillOptions {
        labels: 0.0,
        ..options()
    };
    let plain = catalog.distill(toy.as_ref(), &plain, &mut ()).unwrap();
    let made = catalog.distill(toy.as_ref(), &options(), &mut ()).unwrap();
    assert_eq!(plain.student.card().labels, 0.0);
    assert!(made.student.card().labels > 0.0);
    let accuracy = |made: &Distillation| made.report.accuracy.unwrap().zero_shot_student;
    assert!(accuracy(&made) > accuracy(&plain) - 0.02);
    let (text, other) = (text_of(0), text_of(3));
    let learned = pair(&made, &toy);
    assert!(!pair(&plain, &toy).was_taught(text) && !pair(&plain, &toy).was_taught(other));
    let apart = (0..64)
        .filter(|&at| !learned.was_taught(text_of(at)))
        .count();
    assert!((1..32).contains(&apart), "{apart} of 64");

    // What it says of its confidence holds for products that it never saw.
    catalog.adopt_student(learned, "student", &mut ()).unwrap();
    let new: Vec<_> = common::products(12, 400).into_iter().collect();
    let products: Vec<_> = new.iter().map(|(product, _)| product.clone()).collect();
    let decisions = catalog.classify(&products, &ClassifyOptions::default());
    let decisions = decisions.unwrap();
    let taxonomy = catalog.taxonomy().unwrap();
    let right = decisions.iter().zip(&new).filter(|(decision, (_, leaf))| {
        let path = decision.category.map(|category| taxonomy.path(category));
        path.as_deref() == Some(&common::path(*leaf))
    });
    let right = right.count() as f32 / decisions.len() as f32;
    let sum: f32 = decisions.iter().map(|decision| decision.confidence).sum();
    let said = sum / decisions.len() as f32;
    assert!(said < right + 0.1, "{said} said, {right} right");
    for labels in [-0.1, 1.1, f32::NAN] {
        let wrong = DistillOptions {
            labels,
            ..options()
        };
        let error = catalog.distill(toy.as_ref(), &wrong, &mut ()).unwrap_err();
        assert!(matches!(error, Error::Argument(_)), "{error}");
    }
}

/// Digest of the text of a product.
fn text_of(at: usize) -> u128 {
    let (product, _) = common::products(11, PRODUCTS).into_iter().nth(at).unwrap();
    assort::core::text_hash(&assort::core::compose::product_text(&product))
}

#[test]
fn equal_products_and_options_give_the_same_student() {
    let toy = Arc::new(Toy::new("a"));
    let (_one, first) = shop(&toy);
    let (_two, second) = shop(&toy);
    let make = |catalog: &Catalog| {
        let made = catalog.distill(toy.as_ref(), &options(), &mut ());
        std::fs::read(made.unwrap().file).unwrap()
    };
    assert!(make(&first) == make(&second));
}

#[test]
fn a_teacher_is_asked_once_even_if_the_run_was_stopped() {
    let (toy, teacher) = (Arc::new(Toy::new("a")), Toy::new("b"));
    let (_directory, catalog) = shop(&toy);
    // Of another space than the catalog's: it is asked for everything.
    let stopped = catalog.distill(&teacher, &options(), &mut Recorder::stopping_after(20));
    assert!(matches!(stopped, Err(Error::Interrupted)));
    let before = teacher.embedded();
    assert!(!before.is_empty());
    let made = catalog.distill(&teacher, &options(), &mut ()).unwrap();
    let after = teacher.embedded();
    assert!(before.iter().all(|text| !after.contains(text)));
    assert!(made.report.taught as usize == after.len() && !after.is_empty());
    let again = catalog.distill(&teacher, &options(), &mut ()).unwrap();
    assert!(teacher.embedded().is_empty());
    assert_eq!(again.student.digest(), made.student.digest());
    assert_eq!(catalog.space().unwrap(), *toy.space());
}

#[test]
fn a_catalog_stays_on_its_encoder_if_the_teacher_fails_or_the_move_is_stopped() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, mut catalog) = shop(&toy);
    let teacher = Toy::new("b");
    teacher.break_at(3, Fault::Nan);
    let failed = catalog.distill(&teacher, &options(), &mut ());
    assert!(matches!(failed, Err(Error::Embed(_))));
    let made = catalog.distill(toy.as_ref(), &options(), &mut ()).unwrap();
    let report = catalog.adopt_student(
        pair(&made, &toy),
        "student",
        &mut Recorder::stopping_after(0),
    );
    assert!(report.unwrap().stopped);
    assert!(made.file.exists());
    assert_eq!(catalog.space().unwrap(), *toy.space());
    common::assert_clean(&mut catalog);
    let options = ClassifyOptions {
        method: Method::Neighbors,
        ..ClassifyOptions::default()
    };
    let product = common::products(3, 1).remove(0).0;
    assert!(catalog.classify(&[product], &options).is_ok());
    // The same call goes on.
    let report = catalog.adopt_student(pair(&made, &toy), "student", &mut ());
    assert!(!report.unwrap().stopped);
    common::assert_clean(&mut catalog);
}

#[test]
fn too_few_products_teach_nothing() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = common::catalog(&toy);
    let products = common::products(1, 100);
    catalog
        .put(products.into_iter().map(|(product, _)| product))
        .unwrap();
    let error = catalog.distill(toy.as_ref(), &options(), &mut ());
    let message = error.unwrap_err().to_string();
    assert!(message.contains("100 distinct products"), "{message}");
    assert!(message.contains("500 at least"), "{message}");
}

#[test]
fn rows_that_are_to_come_teach_too() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, mut catalog) = common::catalog(&toy);
    let products = common::products(11, PRODUCTS);
    let rows = || {
        let products = products.clone().into_iter();
        common::rows(products.map(|(product, leaf)| (product, Some(common::path(leaf)))))
    };
    let made = catalog
        .distill_rows(rows(), toy.as_ref(), &options(), &mut ())
        .unwrap();
    assert!(made.report.accuracy.is_some());
    catalog
        .adopt_student(pair(&made, &toy), "student", &mut ())
        .unwrap();
    toy.embedded();
    let report = catalog
        .import(rows(), &Default::default(), &|| None, &mut ())
        .unwrap();
    assert_eq!(report.added as usize, PRODUCTS);
    assert!(toy.embedded().len() < PRODUCTS / 20);
    common::assert_clean(&mut catalog);
    let opened = Student::open(&made.file).unwrap();
    assert_eq!(opened.digest(), made.student.digest());
}
