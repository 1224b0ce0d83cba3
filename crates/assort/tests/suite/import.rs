//! Importing again and again: what is done, what is spared, what is refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use assort::core::{Embedder, Product};
use assort::read::{Input, Mapping, ProductReader, Rejected};
use assort::{
    Catalog, Error, ImportOptions, ImportReport, InputRow, LabelOptions, Query, SOURCE_CATEGORY,
    Search,
};
use assort_testkit::toy::Toy;

use crate::common::{self, Recorder, path};

/// Products of a group that the engine commits together.
const GROUP: usize = 2048;

fn prune() -> ImportOptions {
    ImportOptions::default().with_prune(true)
}

fn file(count: usize) -> Vec<Product> {
    common::products(5, count)
        .into_iter()
        .map(|(product, _)| product)
        .collect()
}

fn rows(products: &[Product]) -> impl Iterator<Item = InputRow> + use<> {
    let products = products.to_vec();
    common::rows(products.into_iter().map(|product| (product, None)))
}

fn import(catalog: &Catalog, products: &[Product], options: &ImportOptions) -> ImportReport {
    let report = catalog.import(rows(products), options, &|| None, &mut ());
    report.unwrap()
}

/// Everything a catalog says of its products.
fn contents(catalog: &Catalog, products: &[Product]) -> Vec<String> {
    let stored = products.iter().map(|product| catalog.product(&product.id));
    let stored = stored.map(|stored| format!("{stored:?}"));
    stored
        .chain([format!("{:?}", catalog.stats().unwrap())])
        .collect()
}

#[test]
fn the_same_file_again_embeds_nothing_and_changes_nothing() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = common::catalog(&toy);
    let products = file(300);
    let first = import(&catalog, &products, &ImportOptions::default());
    assert_eq!((first.rows, first.added, first.embedded), (300, 300, 300));
    assert_eq!(toy.embedded().len(), 300);
    let before = contents(&catalog, &products);
    let second = import(&catalog, &products, &prune());
    let expected = ImportReport {
        rows: 300,
        unchanged: 300,
        ..ImportReport::default()
    };
    assert_eq!(second, expected);
    assert_eq!(toy.embedded(), [""; 0]);
    assert_eq!(contents(&catalog, &products), before);
    common::assert_clean(&catalog);
}

#[test]
fn only_changed_texts_are_embedded_again() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = common::catalog(&toy);
    let mut products = file(100);
    import(&catalog, &products, &ImportOptions::default());
    toy.embedded();
    products[3].attributes = vec![("brand".into(), "New".into())];
    products[4].image = Some("kettle.jpg".into());
    products[5].title = "quite another thing".into();
    products[5].text.clear();
    let report = import(&catalog, &products, &ImportOptions::default());
    assert_eq!((report.updated, report.unchanged), (3, 97));
    assert_eq!(report.embedded, 1);
    assert_eq!(toy.embedded(), ["quite another thing"]);
    for product in &products[3..6] {
        let stored = catalog.product(&product.id).unwrap();
        assert_eq!(stored.product, *product);
        common::assert_found_by_own_vector(&catalog, &toy, product);
    }
    common::assert_clean(&catalog);
}

#[test]
fn equal_texts_are_embedded_once_and_counted_as_duplicates() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = common::catalog(&toy);
    let mut products = file(40);
    for (at, product) in products.iter_mut().enumerate() {
        product.title = format!("thing {}", at % 4);
        product.text.clear();
        product.attributes.clear();
    }
    // Of the same text, but not of the same content.
    products[39].image = Some("a.png".into());
    let report = import(&catalog, &products, &ImportOptions::default());
    assert_eq!((report.added, report.embedded), (40, 4));
    assert_eq!(report.duplicates, 35);
    assert_eq!(toy.embedded().len(), 4);
    common::assert_found_by_own_vector(&catalog, &toy, &products[39]);
    common::assert_clean(&catalog);
}

#[test]
fn a_bad_row_is_named_by_its_line_and_the_rest_is_taken() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = common::catalog(&toy);
    let text = "id,title,category\n\
        1,red kettle,Kitchen > Kettles\n\
        2,blue hat,Clothing > Nothing\n\
        1,another kettle,\n\
        4,,Kitchen > Pans\n\
        5,garden hose,hoses\n";
    let input = Input::from_reader("toys.csv", text.as_bytes(), None).unwrap();
    let mapping = Mapping::default().with_require_title(true);
    let reader = ProductReader::new(input, &mapping).unwrap();
    let mut observer = Recorder::default();
    let report = catalog
        .import(reader, &ImportOptions::default(), &|| None, &mut observer)
        .unwrap();
    assert_eq!((report.rows, report.added, report.rejected), (5, 3, 2));
    assert_eq!(report.labelled, 2);
    let bad: Vec<(u64, Option<&str>)> = observer
        .rejected
        .iter()
        .map(|rejected| (rejected.line, rejected.id.as_deref()))
        .collect();
    assert_eq!(bad, [(4, Some("1")), (5, Some("4"))]);
    assert_eq!(report.foreign.examples, ["Clothing > Nothing"]);
    let reasons: Vec<&str> = observer
        .rejected
        .iter()
        .map(|rejected| rejected.reason.as_str())
        .collect();
    assert!(reasons[0].contains("line 2"), "{reasons:?}");
    assert!(reasons[1].contains("title"), "{reasons:?}");
    assert_eq!(catalog.product("1").unwrap().product.title, "red kettle");
    let taxonomy = catalog.taxonomy().unwrap();
    let label = catalog.product("5").unwrap().label.unwrap();
    assert_eq!(taxonomy.path(label), "Garden > Hoses");
}

#[test]
fn pruning_removes_what_the_file_lacks_and_nothing_else() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = common::catalog(&toy);
    let products = file(60);
    import(&catalog, &products, &ImportOptions::default());
    let labels = common::labels([(products[0].id.as_str(), Some(path(1)))]);
    let options = LabelOptions::default();
    catalog.label(labels, options, &mut ()).unwrap();
    let report = import(&catalog, &products[10..], &prune());
    assert_eq!((report.pruned, report.unchanged), (10, 50));
    for (at, product) in products.iter().enumerate() {
        let found = catalog.product(&product.id);
        assert_eq!(found.is_ok(), at >= 10, "{at}");
    }
    let stats = catalog.stats().unwrap();
    assert_eq!((stats.products, stats.labelled), (50, 0));
    common::assert_clean(&catalog);
}

#[test]
fn nothing_is_pruned_if_a_row_was_bad_or_the_import_was_stopped() {
    let toy = Arc::new(Toy::new("a").batch_of(8));
    let (_directory, catalog) = common::catalog(&toy);
    let products = file(60);
    import(&catalog, &products, &ImportOptions::default());
    let bad = Rejected::new(99, None, "torn".to_owned());
    let with_bad = rows(&products[30..]).chain([bad.into()]);
    let report = catalog
        .import(with_bad, &prune(), &|| None, &mut ())
        .unwrap();
    assert_eq!((report.rejected, report.pruned), (1, 0));
    let mut observer = Recorder::stopping_after(10);
    let report = catalog
        .import(rows(&products[30..]), &prune(), &|| None, &mut observer)
        .unwrap();
    assert!(report.stopped);
    assert_eq!(report.pruned, 0);
    assert_eq!(catalog.stats().unwrap().products, 60);
}

#[test]
fn a_dry_run_counts_the_same_and_changes_nothing() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = common::catalog(&toy);
    let mut products = file(80);
    import(&catalog, &products[..50], &ImportOptions::default());
    for product in &mut products[..5] {
        product.title.push_str(" new");
    }
    let input = &products[..70];
    let input = &input[2..];
    toy.embedded();
    let before = contents(&catalog, &products);
    let dry = ImportOptions::default().with_dry_run(true).with_prune(true);
    let planned = import(&catalog, input, &dry);
    assert_eq!(toy.embedded(), [""; 0]);
    assert_eq!(contents(&catalog, &products), before);
    let done = import(&catalog, input, &prune());
    assert_eq!((done.added, done.updated, done.pruned), (20, 3, 2));
    let embedded = done.embedded;
    assert_eq!(
        done,
        ImportReport {
            embedded,
            ..planned
        }
    );
}

#[test]
fn a_stopped_import_keeps_what_is_whole_and_the_next_run_finishes() {
    let toy = Arc::new(Toy::new("a").batch_of(16));
    let (_directory, catalog) = common::catalog(&toy);
    let products = file(3000);
    // In the middle of embedding the second group.
    let mut observer = Recorder::stopping_after(GROUP + GROUP / 16 + 900 + 20);
    let report = catalog
        .import(
            rows(&products),
            &ImportOptions::default(),
            &|| None,
            &mut observer,
        )
        .unwrap();
    assert!(report.stopped);
    let stored = catalog.stats().unwrap().products;
    assert_eq!(stored, report.added);
    assert!(stored >= GROUP as u64 && stored < 3000, "{stored}");
    common::assert_clean(&catalog);
    let report = import(&catalog, &products, &ImportOptions::default());
    assert_eq!(report.unchanged, stored);
    assert_eq!(report.added, 3000 - stored);
    assert_eq!(report.embedded, 3000 - stored);
    common::assert_clean(&catalog);
}

#[test]
fn what_is_told_on_the_way_is_committed() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = common::catalog(&toy);
    let products = file(5000);
    let mut observer = Recorder::default();
    let report = catalog
        .import(
            rows(&products),
            &ImportOptions::default(),
            &|| None,
            &mut observer,
        )
        .unwrap();
    let added: Vec<u64> = observer.imports.iter().map(|report| report.added).collect();
    assert!(added.is_sorted());
    let mut steps = added.clone();
    steps.dedup();
    assert_eq!(steps, [0, GROUP as u64, 2 * GROUP as u64, 5000]);
    assert_eq!(observer.imports.last(), Some(&report));
}

#[test]
fn an_unreadable_input_keeps_what_came_before() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = common::catalog(&toy);
    let products = file(100);
    let torn = Error::Input(assort::read::Error::Input {
        file: "toys.csv".to_owned(),
        line: Some(102),
        message: "the file is cut off".to_owned(),
        unstated: None,
    });
    let input = rows(&products).chain([InputRow::Failed(torn)]);
    let error = catalog
        .import(input, &prune(), &|| None, &mut ())
        .unwrap_err();
    assert!(error.to_string().starts_with("toys.csv, line 102: "));
    assert_eq!(catalog.stats().unwrap().products, 100);
    common::assert_clean(&catalog);
}

#[test]
fn labels_of_the_file_count_as_updates_and_missing_ones_clear_nothing() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = common::catalog(&toy);
    let products = file(10);
    let labelled = |leaf: Option<usize>| {
        let file = products.clone().into_iter();
        common::rows(file.map(move |product| (product, leaf.map(path))))
    };
    let options = ImportOptions::default();
    let import = |leaf| {
        let report = catalog.import(labelled(leaf), &options, &|| None, &mut ());
        let report = report.unwrap();
        (
            report.added,
            report.updated,
            report.unchanged,
            report.labelled,
        )
    };
    assert_eq!(import(Some(1)), (10, 0, 0, 10));
    assert_eq!(import(Some(1)), (0, 0, 10, 0));
    assert_eq!(import(None), (0, 0, 10, 0));
    assert_eq!(import(Some(2)), (0, 10, 0, 10));
    let taxonomy = catalog.taxonomy().unwrap();
    let label = catalog.product(&products[0].id).unwrap().label.unwrap();
    assert_eq!(taxonomy.path(label), path(2));
    assert_eq!(toy.embedded().len(), 10);
}

#[test]
fn a_category_is_read_alike_however_often_it_comes() {
    let categories = [
        path(1),
        format!("{}; {}", path(1), path(2)),
        "Clothing > Nothing".to_owned(),
        path(1).to_uppercase(),
    ];
    let read = |repeats: usize| {
        let toy = Arc::new(Toy::new("a"));
        let (_directory, catalog) = common::catalog(&toy);
        let products = file(categories.len() * repeats);
        let given = categories.iter().cycle().cloned().map(Some);
        let file = common::rows(products.clone().into_iter().zip(given));
        let report = catalog.import(file, &ImportOptions::default(), &|| None, &mut ());
        let last = products.iter().rev().take(categories.len());
        let kept = last.map(|product| {
            let stored = catalog.product(&product.id).unwrap();
            let source = stored.product.attribute(SOURCE_CATEGORY).map(str::to_owned);
            (stored.label, source)
        });
        (report.unwrap(), kept.collect::<Vec<_>>())
    };
    let ((once, kept), (thrice, kept_at_last)) = (read(1), read(3));
    assert_eq!(kept_at_last, kept);
    assert_eq!((once.foreign.given, once.foreign.unknown), (4, 1));
    assert_eq!((thrice.foreign.given, thrice.foreign.unknown), (12, 3));
    assert_eq!((once.labelled, thrice.labelled), (3, 9));
    assert_eq!(once.foreign.examples, thrice.foreign.examples);
}

#[test]
fn a_catalog_moves_to_other_embedders_while_it_is_imported_into_and_asked() {
    let toy = Arc::new(Toy::new("a").batch_of(16));
    let (_directory, catalog) = common::catalog(&toy);
    let first = file(1500);
    import(&catalog, &first, &ImportOptions::default());
    let changed = |at: usize, times: usize| Product {
        title: format!("{} changed {times} times", first[at].title),
        ..first[at].clone()
    };
    let over = AtomicBool::new(false);
    let (mut written, mut answers) = (Vec::new(), 0);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut written: Vec<Option<Product>> = first.iter().cloned().map(Some).collect();
            for times in 1.. {
                if over.load(Ordering::Relaxed) {
                    return written;
                }
                // Everywhere, behind and before the place the move is at.
                let places = (times % 50..1000).step_by(50);
                let products: Vec<Product> = places.clone().map(|at| changed(at, times)).collect();
                catalog.put(products.clone()).unwrap();
                for (at, product) in places.zip(products) {
                    written[at] = Some(product);
                }
                let gone = 1000 + times % 400;
                catalog.remove([first[gone].id.as_str()]).unwrap();
                written[gone] = None;
            }
            written
        });
        let reader = scope.spawn(|| {
            let mut answers = 0;
            let search = Search::new(Query::Text("deluxe pack".to_owned()));
            while !over.load(Ordering::Relaxed) {
                assert_eq!(catalog.search(&search).unwrap().found.len(), 10);
                let decisions = catalog.classify(&first[..3], &Default::default());
                assert_eq!(decisions.unwrap().len(), 3);
                answers += 1;
            }
            answers
        });
        for (name, dimensions) in [("b", 48), ("c", 24), ("d", 48)] {
            let next = Arc::new(Toy::with_dimensions(name, dimensions).batch_of(16));
            let report = catalog.reembed(next.clone(), name, &mut ()).unwrap();
            assert!(!report.stopped);
            assert_eq!(catalog.space().unwrap(), *next.space());
            assert_eq!(catalog.embedder().unwrap().space(), next.space());
        }
        over.store(true, Ordering::Relaxed);
        written = writer.join().unwrap();
        answers = reader.join().unwrap();
    });
    assert!(answers > 0);
    for (product, first) in written.iter().zip(&first) {
        let stored = catalog.product(&first.id).ok().map(|stored| stored.product);
        assert_eq!(stored, *product);
    }
    common::assert_clean(&catalog);
}
