//! What a catalog holds after a user's usual steps, as a text.

use std::sync::Arc;

use assort::core::Method;
use assort::{ClassifyOptions, LabelOptions};
use assort_testkit::dump;
use assort_testkit::toy::Toy;

use crate::common::{self, path};

#[test]
fn a_catalog_holds_what_was_put_into_it() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = common::catalog(&toy);
    let catalog = catalog.with_live_limit(5);
    let products = common::products(1, 6)
        .into_iter()
        .map(|(product, _)| product);
    catalog.put(products).unwrap();
    let labels = common::labels([("p00001", Some(path(2))), ("p00003", Some(path(6)))]);
    catalog
        .label(labels, LabelOptions::default(), &mut ())
        .unwrap();
    let how = ClassifyOptions::default().with_method(Method::ZeroShot);
    let ids = ["p00000", "p00002"];
    let decided = catalog.classify_stored(&ids, &how).unwrap();
    catalog
        .apply(how.method, ids.into_iter().zip(&decided))
        .unwrap();
    catalog.wait_until_indexed(&mut ()).unwrap();
    catalog.remove(["p00004"]).unwrap();
    catalog.put([common::products(2, 7).remove(6).0]).unwrap();
    insta::assert_snapshot!(dump(&catalog).unwrap());
}
