//! Updates change what they name and keep the rest of a product.

use std::sync::Arc;

use assort::core::{Product, ProductUpdate};
use assort::read::{Rejected, UpdateRow};
use assort::{Catalog, ClassifyOptions, ImportOptions, ImportReport, InputRow};
use assort_testkit::toy::Toy;

use crate::common::{self, Recorder, path};

fn products(count: usize) -> Vec<Product> {
    let products = common::products(5, count).into_iter();
    products.map(|(product, _)| product).collect()
}

fn import<R: Into<InputRow>>(catalog: &Catalog, rows: impl IntoIterator<Item = R>) -> ImportReport {
    let report = catalog.import(rows, &ImportOptions::default(), &|| None, &mut ());
    report.unwrap()
}

#[test]
fn products_of_the_callers_own_are_checked_as_those_of_a_file() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = common::catalog(&toy);
    let mut rows = products(3);
    rows[1].title.clear();
    rows[2].id.clear();
    let mut observer = Recorder::default();
    let options = ImportOptions::default();
    let report = catalog.import(rows, &options, &|| None, &mut observer);
    assert_eq!(report.unwrap().added, 1);
    let rejected = |line, id: &str, reason: &str| {
        let id = Some(id.to_owned());
        Rejected::new(line, id, reason.to_owned())
    };
    let expected = [rejected(2, "p00001", "no title"), rejected(3, "", "no id")];
    assert_eq!(observer.rejected, expected);
}

#[test]
fn a_price_changes_alone_and_nothing_is_embedded() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = common::catalog(&toy);
    let catalog = catalog.with_live_limit(1);
    let products = products(60);
    let label = |at: usize| (at < 40).then(|| path(at % 8));
    let rows = products.iter().cloned().zip((0..).map(label));
    import(&catalog, common::rows(rows));
    catalog.wait_until_indexed(&mut ()).unwrap();
    let options = ClassifyOptions::default();
    let decisions = catalog.classify_stored(&["p00050"], &options).unwrap();
    let pairs = ["p00050"].into_iter().zip(&decisions);
    catalog.apply(options.method, pairs).unwrap();
    toy.embedded();

    let before = catalog.list(None, None, 100).unwrap();
    let mut updates: Vec<ProductUpdate> = products
        .iter()
        .map(|product| ProductUpdate::new(&product.id).with_attribute("price", "777"))
        .collect();
    updates[3] = updates[3].clone().with_attribute("brand", "");
    let report = import(&catalog, updates.clone());
    assert_eq!((report.updated, report.embedded), (60, 0));
    assert_eq!(toy.embedded(), [""; 0]);
    assert_eq!(catalog.stats().unwrap().live, 0);
    let mut expected = before;
    for (stored, update) in expected.iter_mut().zip(&updates) {
        stored.product = stored.product.clone().updated(update.clone());
        assert_eq!(stored.product.attribute("price"), Some("777"));
    }
    // The order is that of the rows; labels and decisions are the same.
    assert_eq!(catalog.list(None, None, 100).unwrap(), expected);
    assert!(expected[50].decision.is_some() && expected[1].label.is_some());
    assert_eq!(expected[3].product.attribute("brand"), None);

    let again = import(&catalog, updates);
    assert_eq!((again.updated, again.unchanged), (0, 60));
    common::assert_clean(&catalog);
}

#[test]
fn a_title_is_embedded_again_and_a_label_is_set() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = common::catalog(&toy);
    let products = products(3);
    import(&catalog, products.clone());
    toy.embedded();
    let title = ProductUpdate::new("p00000").with_title("a felt hat".to_owned());
    let title = title.with_text(String::new());
    let labelled = UpdateRow {
        category: Some(path(4)),
        ..ProductUpdate::new("p00001").into()
    };
    let rows: [InputRow; 2] = [title.into(), labelled.into()];
    let report = import(&catalog, rows);
    assert_eq!(
        (report.updated, report.labelled, report.embedded),
        (2, 1, 1)
    );
    assert_eq!(toy.embedded(), ["a felt hat"]);
    let stored = catalog.product("p00000").unwrap().product;
    assert_eq!(stored.attributes, products[0].attributes);
    common::assert_found_by_own_vector(&catalog, &toy, &stored);
    let labelled = catalog.product("p00001").unwrap();
    assert_eq!(labelled.product, products[1]);
    let category = labelled.label.unwrap();
    assert_eq!(catalog.taxonomy().unwrap().path(category), path(4));
    common::assert_clean(&catalog);
}

#[test]
fn an_update_of_nothing_that_is_there_is_rejected() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = common::catalog(&toy);
    import(&catalog, products(1));
    let cheaper = |id: &str| ProductUpdate::new(id).with_attribute("price", "1");
    let rows = [
        cheaper("new"),
        cheaper("p00000").with_title(String::new()),
        cheaper("p00000"),
        cheaper("p00000"),
    ];
    let mut observer = Recorder::default();
    let options = ImportOptions::default();
    let report = catalog.import(rows, &options, &|| None, &mut observer);
    let report = report.unwrap();
    assert_eq!((report.added, report.updated, report.rejected), (0, 0, 4));
    let reasons: Vec<(u64, &str)> = observer
        .rejected
        .iter()
        .map(|rejected| (rejected.line, rejected.reason.as_str()))
        .collect();
    let repeated = "the id `p00000` is repeated; it stood on line 2 first";
    assert_eq!(
        reasons,
        [
            (1, "the catalog has no product with the id `new`"),
            (2, "no title"),
            (3, repeated),
            (4, repeated),
        ]
    );
    assert_eq!(catalog.stats().unwrap().products, 1);
}

/// Rows with work done before each of them, when those before are compared already.
fn between<'w>(
    rows: Vec<ProductUpdate>,
    mut work: impl FnMut(usize) + 'w,
) -> impl Iterator<Item = ProductUpdate> + 'w {
    let rows = rows.into_iter().enumerate();
    rows.inspect(move |(at, _)| work(*at)).map(|(_, row)| row)
}

#[test]
fn updates_of_one_product_at_the_same_time_are_all_kept() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = common::catalog(&toy);
    let products = products(3);
    import(&catalog, products.clone());
    toy.embedded();
    let update =
        |at: usize, name: &str| ProductUpdate::new(&products[at].id).with_attribute(name, "new");
    let rows = vec![
        update(0, "colour"),
        update(1, "colour"),
        update(2, "colour"),
    ];
    let report = import(
        &catalog,
        between(rows, |at| {
            if at == 2 {
                import(&catalog, [update(0, "price")]);
                catalog.remove([products[1].id.as_str()]).unwrap();
            }
        }),
    );
    assert_eq!((report.rejected, report.embedded), (0, 0));
    let stored = catalog.product(&products[0].id).unwrap().product;
    let both = (stored.attribute("colour"), stored.attribute("price"));
    assert_eq!(both, (Some("new"), Some("new")));
    assert!(catalog.product(&products[1].id).is_err());
    let stored = catalog.product(&products[2].id).unwrap().product;
    assert_eq!(stored.attribute("colour"), Some("new"));
    assert_eq!(toy.embedded(), [""; 0]);
    common::assert_clean(&catalog);
}
