//! Filing products by pictures of theirs that the catalog has no vector of.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use assort::core::{Decision, Method, PictureProblem, Product};
use assort::{Catalog, ClassifyOptions, Error, PictureSource, Query, Result, Search, TakePictures};
use assort_testkit::toy::{MeanColour, Toy};
use tempfile::TempDir;

use crate::common::{self, path};
use crate::pictures::{Colours, coloured, embed, label, leaf, product};

/// Products of [`coloured`], of which the catalog has the first part, with labels.
const COUNT: usize = 240;
const STORED: usize = 120;

/// Opens colours, and counts them.
#[derive(Default)]
struct Counted(AtomicUsize);

impl PictureSource for Counted {
    fn open_all(&self, references: &[&str], take: &mut TakePictures<'_>) -> Result<()> {
        self.0.fetch_add(references.len(), Ordering::Relaxed);
        Colours.open_all(references, take)
    }
}

/// A catalog that has learned what pictures tell.
fn taught() -> (TempDir, Catalog, Vec<Product>) {
    let mut products = coloured(COUNT);
    let (directory, catalog) = common::catalog(&Arc::new(Toy::new("a")));
    let new = products.split_off(STORED);
    catalog.put(products.clone()).unwrap();
    label(&catalog, &products);
    embed(&catalog);
    catalog.prepare(&mut ()).unwrap();
    (directory, catalog, new)
}

fn by(method: Method) -> ClassifyOptions {
    ClassifyOptions::default().with_method(method)
}

fn paths(catalog: &Catalog, decisions: &[Decision]) -> Vec<Option<String>> {
    let taxonomy = catalog.taxonomy().unwrap();
    let paths = decisions.iter().map(|one| one.category);
    paths
        .map(|category| Some(taxonomy.path(category?)))
        .collect()
}

#[test]
fn a_product_that_is_not_stored_is_filed_by_its_own_picture() {
    let (_directory, catalog, new) = taught();
    let without = catalog.classify(&new, &by(Method::Pictures)).unwrap();
    assert!(without.iter().all(|one| one.category.is_none()));
    assert!(without.iter().all(|one| one.picture_problem.is_none()));
    let source = Arc::new(Counted::default());
    let catalog = catalog.with_picture_source(Arc::clone(&source) as _);
    let expected: Vec<Option<String>> = (STORED..COUNT).map(|at| Some(path(leaf(at)))).collect();
    for method in [Method::Auto, Method::Pictures] {
        let decisions = catalog.classify(&new, &by(method)).unwrap();
        let found = paths(&catalog, &decisions);
        let right = found.iter().zip(&expected).filter(|(a, b)| a == b).count();
        assert!(right * 100 > 95 * new.len(), "{method}: {right}");
        // Each as it is filed alone.
        let alone = catalog.classify(&new[7..8], &by(method)).unwrap();
        assert_eq!(alone[0].category, decisions[7].category);
    }
    let opened = source.0.swap(0, Ordering::Relaxed);
    assert_eq!(opened, 2 * new.len() + 2);
    // Where pictures have no say, and where the catalog knows them, none is opened.
    catalog.classify(&new, &by(Method::ZeroShot)).unwrap();
    let stored = coloured(STORED);
    let told = catalog.classify(&stored, &by(Method::Pictures)).unwrap();
    assert_eq!(paths(&catalog, &told)[4], Some(path(leaf(4))));
    assert_eq!(source.0.load(Ordering::Relaxed), 0);
    // The picture that a product comes with counts, not the one that is stored.
    let other = Product {
        image: Some("3 250 4".to_owned()),
        ..stored[0].clone()
    };
    let told = catalog.classify(&[other], &by(Method::Pictures)).unwrap();
    assert_eq!(paths(&catalog, &told), [Some(path(1))]);
}

#[test]
fn a_product_that_was_stored_after_pictures_were_embedded_is_filed_by_its_picture() {
    let (_directory, catalog, new) = taught();
    catalog.put([new[0].clone()]).unwrap();
    let id = [new[0].id.as_str()];
    let filed = |catalog: &Catalog| {
        let decisions = catalog.classify_stored(&id, &by(Method::Pictures)).unwrap();
        paths(catalog, &decisions)
    };
    assert_eq!(filed(&catalog), [None]);
    let catalog = catalog.with_picture_source(Arc::new(Colours));
    assert_eq!(filed(&catalog), [Some(path(leaf(STORED)))]);
}

#[test]
fn a_picture_that_cannot_be_used_is_told_and_costs_no_product() {
    let (_directory, catalog, new) = taught();
    let catalog = catalog.with_picture_source(Arc::new(Colours));
    let nameless = Product {
        image: None,
        ..new[1].clone()
    };
    let given = [
        new[0].clone(),
        product("x1", "no colour"),
        // Of these the embedder makes nothing.
        product("x2", "0 0 0"),
        product("x3", "0 0 0"),
        nameless,
    ];
    let decisions = catalog.classify(&given, &by(Method::Pictures)).unwrap();
    let filed: Vec<bool> = decisions.iter().map(|one| one.category.is_some()).collect();
    assert_eq!(filed, [true, false, false, false, false]);
    let problems = decisions.iter().map(|one| one.picture_problem.clone());
    let problems: Vec<Option<PictureProblem>> = problems.collect();
    let unopened = PictureProblem::Unopened("`no colour` is no colour".to_owned());
    assert_eq!(problems[1], Some(unopened));
    for black in &problems[2..4] {
        let is_embedders = matches!(black, Some(PictureProblem::NotEmbedded(_)));
        assert!(is_embedders, "{black:?}");
    }
    assert_eq!((&problems[0], &problems[4]), (&None, &None));
    let decisions = catalog.classify(&given, &by(Method::Auto)).unwrap();
    assert!(decisions.iter().all(|one| one.category.is_some()));
    assert!(decisions[1].picture_problem.is_some());
}

#[test]
fn an_evaluation_counts_the_rows_whose_pictures_were_used() {
    let (_directory, catalog, new) = taught();
    let catalog = catalog.with_picture_source(Arc::new(Colours));
    let mut rows: Vec<(Product, Option<String>)> = new
        .into_iter()
        .zip(STORED..)
        .map(|(one, at)| (one, Some(path(leaf(at)))))
        .collect();
    rows[3].0.image = None;
    rows[5].0.image = Some("no colour".to_owned());
    let evaluate = |catalog: &Catalog, method: Method| {
        let rows = common::rows(rows.clone());
        let found = catalog.evaluate(rows, &by(method).into(), &mut ());
        found.unwrap()
    };
    let found = evaluate(&catalog, Method::Pictures);
    assert!(found.report.scores.accuracy > 0.95);
    let pictures = found.pictures.unwrap();
    let counts = (pictures.used, pictures.without, pictures.unusable);
    assert_eq!(counts, (COUNT - STORED - 2, 1, 1));
    let (id, why) = pictures.first_unusable.unwrap();
    assert_eq!(id, rows[5].0.id);
    assert!(why.contains("is no colour"), "{why}");
    assert_eq!(evaluate(&catalog, Method::ZeroShot).pictures, None);
}

#[test]
fn pictures_of_another_model_are_told_and_not_compared() {
    let (directory, catalog, new) = taught();
    let reader = Catalog::open_read_only(directory.path()).unwrap();
    let reader = reader.with_embedder(Arc::new(Toy::new("a"))).unwrap();
    let reader = reader.with_picture_source(Arc::new(Colours));
    let opened = reader.open_picture("200 1 1").unwrap();
    let search = Search::new(Query::Picture(opened));
    let told = |reader: &Catalog| {
        let decisions = reader.classify(&new[..1], &by(Method::Pictures)).unwrap();
        let problem = decisions[0].picture_problem.clone();
        problem.unwrap().to_string()
    };
    // Nobody gave the embedder.
    assert!(told(&reader).contains("embedder"), "{}", told(&reader));
    let reader = reader
        .with_picture_embedder(Arc::new(MeanColour::new("a")))
        .unwrap();
    let decisions = reader.classify(&new[..1], &by(Method::Pictures)).unwrap();
    assert_eq!(paths(&reader, &decisions), [Some(path(leaf(STORED)))]);
    let other = Arc::new(MeanColour::new("b"));
    catalog
        .embed_pictures(other, "other", &Colours, &mut ())
        .unwrap();
    catalog.prepare(&mut ()).unwrap();
    reader.prepare(&mut ()).unwrap();
    assert!(told(&reader).contains("mean-colour-b"), "{}", told(&reader));
    let refused = reader.search(&search);
    assert!(matches!(refused, Err(Error::SpaceMismatch { .. })));
}

#[test]
fn a_picture_to_search_by_is_opened_or_told_why_not() {
    let (_directory, catalog) = common::catalog(&Arc::new(Toy::new("a")));
    catalog.put(coloured(30)).unwrap();
    let catalog = catalog.with_picture_source(Arc::new(Colours));
    let refused = catalog.open_picture("1 2 3");
    assert!(matches!(refused, Err(Error::NoPictures)), "{refused:?}");
    embed(&catalog);
    let Err(Error::Argument(told)) = catalog.open_picture("no colour") else {
        panic!("it was opened");
    };
    assert!(told.contains("is no colour"));
    let pixels = catalog.open_picture("10 240 12").unwrap();
    let page = catalog
        .search(&Search::new(Query::Picture(pixels)))
        .unwrap();
    let nearest = &page.found[0].product.product;
    assert_eq!(leaf(nearest.id[1..].parse().unwrap()), 1);
}
