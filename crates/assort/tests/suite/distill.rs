//! A catalog teaches a student and moves to it; whatever goes wrong, it stays
//! on its old encoder and nothing is lost.

use std::sync::Arc;

use assort::core::{Embedder, Method, StudentHooks};
use assort::students::{Distilled, Options, Student, Teacher};
use assort::{
    Adoption, Catalog, ClassifyOptions, CrossValidateOptions, DistillOptions, Distillation, Error,
    Maintenance, Query, Search,
};
use assort_testkit::toy::{Fault, Toy};

use crate::common::{self, Recorder};

const PRODUCTS: usize = 2000;

fn options() -> DistillOptions {
    DistillOptions::default()
        .with_teaching(Options::default().with_buckets(8192).with_epochs(Some(12)))
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

fn teacher(toy: &Arc<Toy>) -> Teacher {
    Teacher::new(toy.clone(), |file, queries| {
        format!("toy:{},{}", file.display(), queries.as_str())
    })
}

/// The student with its teacher.
fn pair(made: &Distillation, toy: &Arc<Toy>) -> Distilled {
    teacher(toy).pair(Arc::clone(&made.student)).unwrap()
}

#[test]
fn a_catalog_moves_to_a_student_that_files_and_finds_as_its_teacher_does() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = shop(&toy);
    toy.embedded();
    let outcome = catalog.distill_and_adopt(&teacher(&toy), &options(), &mut ());
    let (made, adoption) = outcome
        .map(|outcome| (outcome.made, outcome.adoption))
        .unwrap();
    let Adoption::Moved(moved) = adoption else {
        panic!("{adoption:?}")
    };
    assert_eq!(moved.products as usize, PRODUCTS);
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
    let file = made.file.as_ref().unwrap();
    assert_eq!(report.size, std::fs::metadata(file).unwrap().len());

    assert_eq!(catalog.space().unwrap(), *pair(&made, &toy).space());
    let spec = catalog.embedder_spec().unwrap();
    let named = file.strip_prefix(catalog.directory()).unwrap();
    assert!(
        spec.starts_with(&format!("toy:{},", named.display())),
        "{spec}"
    );
    // It is this student's catalog already, and no other one waits.
    let again = catalog.adopt_student(made.student, &teacher(&toy), &mut ());
    assert_eq!(again.unwrap(), Adoption::AlreadyThere);
    let waiting = catalog.adopt_waiting_student(&teacher(&toy), &mut ());
    assert_eq!(waiting.unwrap(), None);
    common::assert_clean(&catalog);
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
    let (_directory, catalog) = shop(&toy);
    let plain = options().with_labels(0.0);
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
    let adoption = catalog.adopt_student(made.student, &teacher(&toy), &mut ());
    assert!(matches!(adoption.unwrap(), Adoption::Moved(_)));
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
        let wrong = options().with_labels(labels);
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
        std::fs::read(made.unwrap().file.unwrap()).unwrap()
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
    let (_directory, catalog) = shop(&toy);
    let broken = Toy::new("b");
    broken.break_at(3, Fault::Nan);
    let failed = catalog.distill(&broken, &options(), &mut ());
    assert!(matches!(failed, Err(Error::Embed(_))));
    let made = catalog.distill(toy.as_ref(), &options(), &mut ()).unwrap();
    let adoption = catalog.adopt_student(
        Arc::clone(&made.student),
        &teacher(&toy),
        &mut Recorder::stopping_after(0),
    );
    assert!(matches!(adoption.unwrap(), Adoption::Stopped(_)));
    assert_eq!(catalog.waiting_student().unwrap(), made.file);
    assert_eq!(catalog.space().unwrap(), *toy.space());
    common::assert_clean(&catalog);
    let options = ClassifyOptions::default().with_method(Method::Neighbors);
    let product = common::products(3, 1).remove(0).0;
    assert!(catalog.classify(&[product], &options).is_ok());
    // The student that waits is found, and the move goes on.
    let adoption = catalog.adopt_waiting_student(&teacher(&toy), &mut ());
    assert!(matches!(adoption.unwrap(), Some(Adoption::Moved(_))));
    common::assert_clean(&catalog);
}

#[test]
fn a_student_that_is_not_good_enough_is_not_kept() {
    let toy = Arc::new(Toy::new("a"));
    let (directory, catalog) = shop(&toy);
    let asked = options().with_min_quality(0.9999);
    let outcome = catalog.distill_and_adopt(&teacher(&toy), &asked, &mut ());
    let outcome = outcome.unwrap();
    assert_eq!(outcome.adoption, Adoption::BelowQuality);
    assert_eq!(outcome.made.file, None);
    assert!(outcome.made.report.cosine < 0.9999);
    assert!(!directory.path().join("students").exists());
    assert_eq!(catalog.space().unwrap(), *toy.space());
    // The catalog's own student survives one that is worse.
    catalog
        .distill_and_adopt(&teacher(&toy), &options(), &mut ())
        .unwrap();
    let on = catalog.space().unwrap();
    catalog
        .distill_and_adopt(&teacher(&toy), &asked, &mut ())
        .unwrap();
    assert_eq!(catalog.space().unwrap(), on);
    let students = std::fs::read_dir(directory.path().join("students")).unwrap();
    assert_eq!(students.count(), 1);
    common::assert_clean(&catalog);
}

#[test]
fn a_student_of_another_teacher_is_refused() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = shop(&toy);
    let made = catalog.distill(toy.as_ref(), &options(), &mut ()).unwrap();
    let other = teacher(&Arc::new(Toy::new("b")));
    let error = catalog
        .adopt_student(made.student, &other, &mut ())
        .unwrap_err();
    assert!(
        error.to_string().contains("give it the teacher it had"),
        "{error}"
    );
    assert_eq!(catalog.space().unwrap(), *toy.space());
}

#[test]
fn long_work_runs_once_at_a_time_and_says_what_is_under_way() {
    /// Asks for other work while one is under way.
    struct Asking<'c> {
        catalog: &'c Catalog,
        answers: Vec<Error>,
    }

    impl assort::Observer for Asking<'_> {
        fn progress(&mut self, _: assort::Progress<'_>) {
            let other = Arc::new(Toy::new("c"));
            self.answers
                .extend(self.catalog.reembed(other, "c", &mut ()).err());
            self.answers.extend(self.catalog.repair(&mut ()).err());
        }
    }

    fn busy(answers: Vec<Error>, with: Maintenance) {
        assert!(!answers.is_empty());
        for error in answers {
            assert!(
                matches!(error, Error::Busy { under_way } if under_way == with),
                "{error}"
            );
        }
    }

    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = shop(&toy);
    let mut asking = Asking {
        catalog: &catalog,
        answers: Vec::new(),
    };
    catalog
        .distill(toy.as_ref(), &options(), &mut asking)
        .unwrap();
    busy(std::mem::take(&mut asking.answers), Maintenance::Distill);
    catalog
        .reembed(Arc::new(Toy::new("b")), "b", &mut asking)
        .unwrap();
    busy(asking.answers, Maintenance::Reembed);
    // What has ended, even with an error, is not in the way.
    assert!(
        catalog
            .reembed(Arc::new(Toy::new("b")), "b", &mut ())
            .is_err()
    );
    assert_eq!(catalog.repair(&mut ()).unwrap(), 0);
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
    let (_directory, catalog) = common::catalog(&toy);
    let products = common::products(11, PRODUCTS);
    let rows = || {
        let products = products.clone().into_iter();
        common::rows(products.map(|(product, leaf)| (product, Some(common::path(leaf)))))
    };
    let outcome = catalog.distill_rows_and_adopt(rows(), &teacher(&toy), &options(), &mut ());
    let outcome = outcome.unwrap();
    assert!(matches!(outcome.adoption, Adoption::Moved(_)));
    let made = outcome.made;
    assert!(made.report.accuracy.is_some());
    toy.embedded();
    let report = catalog
        .import(rows(), &Default::default(), &|| None, &mut ())
        .unwrap();
    assert_eq!(report.added as usize, PRODUCTS);
    assert!(toy.embedded().len() < PRODUCTS / 20);
    common::assert_clean(&catalog);
    let opened = Student::open(&made.file.unwrap()).unwrap();
    assert_eq!(opened.digest(), made.student.digest());
}

#[test]
fn labels_that_a_student_learned_are_not_judged_by_it() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = shop(&toy);
    let asked = CrossValidateOptions::default().with_folds(2);
    let judged = |catalog: &Catalog| {
        let found = catalog.cross_validate(&asked, &mut ()).unwrap();
        (
            found.report.products,
            found.cross_validation.unwrap().taught,
        )
    };
    assert_eq!(judged(&catalog), (PRODUCTS, 0));
    catalog
        .distill_and_adopt(&teacher(&toy), &options(), &mut ())
        .unwrap();
    let (products, taught) = judged(&catalog);
    assert!(products > 0 && taught > 0, "{products}, {taught}");
    assert_eq!(products + taught, PRODUCTS);
}

#[test]
fn labels_are_judged_without_what_a_student_knows_of_them() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = shop(&toy);
    // No word of this one is in any category or other title: only its vector speaks.
    let strange = [(
        assort::core::Product {
            id: "strange".to_owned(),
            title: "qqqq".to_owned(),
            ..Default::default()
        },
        Some(common::path(0)),
    )];
    let rows = common::rows(strange);
    catalog
        .import(rows, &Default::default(), &|| None, &mut ())
        .unwrap();
    let all = PRODUCTS as u64 + 1;
    assert_eq!(catalog.audit_labels(&mut ()).unwrap().labels, all);
    catalog
        .distill_and_adopt(&teacher(&toy), &options(), &mut ())
        .unwrap();
    let audit = catalog.audit_labels(&mut ()).unwrap();
    assert!(
        (PRODUCTS as u64 / 2..=all).contains(&audit.labels),
        "{}",
        audit.labels
    );
}
