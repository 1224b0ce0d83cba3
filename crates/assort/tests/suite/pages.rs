//! Pages of results fit together: whatever the plan, no product is on two of
//! them and none is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use assort::core::Product;
use assort::{Catalog, Error, Found, Plan, Query, Search};
use assort_testkit::Chance;
use assort_testkit::toy::Toy;
use tempfile::TempDir;

use crate::common;

/// Depths at which a search that may miss something looks anew: the order by
/// similarity holds between them.
const DEPTHS: [usize; 5] = [0, 10, 40, 160, 640];

/// A product whose text comes up again and again, with a number in that order.
fn product(chance: &mut Chance, at: usize) -> Product {
    let text = chance.below(600);
    let mut same = Chance(text as u64);
    let mut product = common::product_of(&mut same, &format!("p{at:05}"), text % 8);
    product.text.clear();
    let colour = *chance.pick(&["red", "blue", "green"]);
    product.attributes = vec![
        ("colour".to_owned(), colour.to_owned()),
        ("price".to_owned(), chance.below(100).to_string()),
    ];
    product
}

/// A catalog of two segments, one of them with removed rows, and live vectors.
pub fn catalog() -> (TempDir, Catalog, Arc<Toy>) {
    let toy = Arc::new(Toy::with_dimensions("a", 64));
    let (directory, catalog) = common::catalog(&toy);
    let catalog = catalog.with_live_limit(1000);
    let mut chance = Chance(3);
    let products: Vec<Product> = (0..6500).map(|at| product(&mut chance, at)).collect();
    for part in [&products[..4200], &products[4200..6000], &products[6000..]] {
        catalog.put(part.iter().cloned()).unwrap();
        catalog.wait_until_indexed(&mut ()).unwrap();
    }
    let gone = products[4200..].iter().step_by(7);
    let gone: Vec<&str> = gone.map(|product| product.id.as_str()).collect();
    catalog.remove(gone).unwrap();
    (directory, catalog, toy)
}

/// A search that is to be asked in pages.
pub fn searched(catalog: &Catalog, search: &Search, offset: usize, top: usize) -> Vec<Found> {
    let page = search.clone().with_offset(offset).with_top(top);
    catalog.search(&page).unwrap().found
}

/// Results in the order of similarity, equal ones in the order of import.
fn assert_in_order(found: &[Found]) {
    let key = |found: &Found| (-found.similarity, found.product.product.id.clone());
    assert!(found.is_sorted_by(|a, b| key(a) < key(b)), "{found:#?}");
}

/// Fails unless pages of all sizes hold what one long search gives.
pub fn assert_pages_fit(catalog: &Catalog, search: &Search) {
    let all = searched(catalog, search, 0, 200);
    for size in [1, 7, 20, 64] {
        let offsets = (0..200).step_by(size);
        let pages = offsets.flat_map(|offset| searched(catalog, search, offset, size));
        let pages: Vec<Found> = pages.take(200).collect();
        assert!(pages == all, "pages of {size} of {search:?}");
    }
    let ids: BTreeSet<&str> = all.iter().map(|f| f.product.product.id.as_str()).collect();
    assert_eq!(ids.len(), all.len(), "{search:?}");
    for depth in DEPTHS.windows(2) {
        let end = depth[1].min(all.len());
        assert_in_order(&all[depth[0].min(end)..end]);
    }
    if search.exact {
        assert_in_order(&all);
    }
}

#[test]
fn pages_equal_one_long_search_by_every_plan() {
    let (_directory, catalog, toy) = catalog();
    let stats = catalog.stats().unwrap();
    assert!(stats.segments.len() > 1 && stats.live > 0, "{stats:?}");
    let queries = [
        Query::Vector(toy.vector("red kettle boil 7")),
        Query::Like("p00001".to_owned()),
    ];
    let filters = [
        None,
        Some("colour = red"),
        Some("colour = red or price < 70"),
        Some("price = 5"),
    ];
    let mut plans: BTreeMap<String, usize> = BTreeMap::new();
    for query in queries {
        for filter in filters {
            for (ef, oversample, exact) in [
                (None, None, false),
                (Some(1), Some(1), false),
                (None, None, true),
            ] {
                let search = Search::new(query.clone())
                    .with_filter(filter.map(str::to_owned))
                    .with_exact(exact)
                    .with_ef(ef)
                    .with_oversample(oversample);
                for step in catalog.search(&search).unwrap().steps {
                    *plans.entry(format!("{:?}", step.plan)).or_default() += 1;
                }
                assert_pages_fit(&catalog, &search);
            }
        }
    }
    for plan in [Plan::Exact, Plan::Scan, Plan::Graph, Plan::FilteredGraph] {
        assert!(plans.contains_key(&format!("{plan:?}")), "{plans:?}");
    }
}

#[test]
fn all_pages_of_a_filter_hold_every_match_once() {
    let (_directory, catalog, toy) = catalog();
    let mut search = Search::new(Query::Vector(toy.vector("blue shoe sole")));
    search.filter = Some("colour = blue and price < 50".to_owned());
    search.ef = Some(1);
    let matches = catalog.search(&search).unwrap().matches as usize;
    assert!(matches > 700, "{matches}");
    let pages = (0..matches).step_by(100);
    let found: Vec<Found> = pages
        .flat_map(|offset| searched(&catalog, &search, offset, 100))
        .collect();
    let ids: BTreeSet<String> = found.into_iter().map(|f| f.product.product.id).collect();
    assert_eq!(ids.len(), matches);
    assert!(searched(&catalog, &search, matches, 10).is_empty());
}

#[test]
fn pages_end_where_results_end() {
    let (_directory, catalog, toy) = catalog();
    let search = Search::new(Query::Vector(toy.vector("red hat")));
    assert!(searched(&catalog, &search, 99_990, 10).is_empty());
    assert_eq!(searched(&catalog, &search, 0, 100_000).len(), 6171);
    assert!(searched(&catalog, &search, 3, 0).is_empty());
    for (offset, top) in [(99_991, 10), (usize::MAX, 10), (0, usize::MAX)] {
        let page = search.clone().with_offset(offset).with_top(top);
        let refused = catalog.search(&page);
        assert!(matches!(refused, Err(Error::Argument(_))), "{refused:?}");
    }
}

/// What users met: 9,826 titles of which no two are alike, a filter of a third
/// of them, and pages of 20.
#[test]
fn no_product_is_on_two_pages_and_none_is_left_out() {
    let toy = Arc::new(Toy::with_dimensions("a", 96));
    let (_directory, catalog) = common::catalog(&toy);
    let mut chance = Chance(5);
    let products: Vec<Product> = (0..9826)
        .map(|at| {
            let leaf = chance.below(8);
            let mut product = common::product_of(&mut chance, &format!("p{at:05}"), leaf);
            product.title += &format!(" {at}");
            let colour = *chance.pick(&["red", "blue", "green"]);
            product.attributes = vec![("colour".to_owned(), colour.to_owned())];
            product
        })
        .collect();
    catalog.put(products).unwrap();
    catalog.wait_until_indexed(&mut ()).unwrap();
    assert_eq!(catalog.stats().unwrap().live, 0);
    let mut search = Search::new(Query::Text("hat".to_owned()));
    search.filter = Some("colour = red".to_owned());
    assert_pages_fit(&catalog, &search);
    let ids = |found: Vec<Found>| -> BTreeSet<String> {
        found.into_iter().map(|f| f.product.product.id).collect()
    };
    let found = ids(searched(&catalog, &search, 0, 200));
    search.exact = true;
    let exact = ids(searched(&catalog, &search, 0, 200));
    let missed = exact.difference(&found).count();
    assert!(missed <= 4, "{missed} of the best 200 are not found");
}
