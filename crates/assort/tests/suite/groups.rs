//! Results that are similar enough, and groups of results, by every plan.

use std::collections::{BTreeMap, BTreeSet};

use assort::core::{Product, content_key};
use assort::{Catalog, Error, Found, GroupBy, ImportOptions, Plan, Query, Search};
use assort_testkit::Chance;

use crate::common::{self, path};
use crate::pages::{self, searched};

/// Searches of a catalog by every plan, and which plans those were.
fn searches(catalog: &Catalog, vector: &[f32]) -> Vec<Search> {
    let queries = [
        Query::Vector(vector.to_vec()),
        Query::Like("p00001".to_owned()),
    ];
    let filters = [None, Some("colour = red or price < 70"), Some("price = 5")];
    let mut plans: BTreeMap<String, usize> = BTreeMap::new();
    let mut all = Vec::new();
    for query in &queries {
        for filter in filters {
            if filter.is_some() && matches!(query, Query::Like(_)) {
                continue;
            }
            for (ef, exact) in [(None, false), (Some(1), false), (None, true)] {
                let search = Search::new(query.clone())
                    .with_filter(filter.map(str::to_owned))
                    .with_exact(exact)
                    .with_ef(ef);
                for step in catalog.search(&search).unwrap().steps {
                    *plans.entry(format!("{:?}", step.plan)).or_default() += 1;
                }
                all.push(search);
            }
        }
    }
    for plan in [Plan::Exact, Plan::Scan, Plan::Graph, Plan::FilteredGraph] {
        assert!(plans.contains_key(&format!("{plan:?}")), "{plans:?}");
    }
    all
}

fn id(found: &Found) -> String {
    found.product.product.id.clone()
}

#[test]
fn what_is_similar_enough_is_found_in_pages_that_fit() {
    let (_directory, catalog, toy) = pages::catalog();
    let (mut missed, mut there) = (0, 0);
    for search in searches(&catalog, &toy.vector("red kettle boil 7")) {
        let all = searched(&catalog, &search.clone().with_exact(true), 0, 100_000);
        for at in [3, 300] {
            let Some(least) = all.get(at).map(|found| found.similarity) else {
                continue;
            };
            // So low that rounding does not decide.
            let search = search.clone().with_min_similarity(least - 1e-5);
            let right = all.iter().filter(|found| found.similarity >= least - 1e-5);
            let right: Vec<String> = right.map(id).collect();
            let found = searched(&catalog, &search, 0, 100_000);
            let ids: Vec<String> = found.iter().map(id).collect();
            if search.exact {
                assert_eq!(ids, right, "{search:?}");
            }
            let right: BTreeSet<String> = right.into_iter().collect();
            assert!(ids.iter().all(|id| right.contains(id)), "{search:?}");
            if search.ef.is_none() {
                missed += right.len() - found.len();
                there += right.len();
            }
            let pages = (0..found.len() + 20).step_by(20);
            let pages: Vec<Found> = pages
                .flat_map(|offset| searched(&catalog, &search, offset, 20))
                .collect();
            assert!(pages == found, "{search:?}");
        }
    }
    assert!(missed * 200 <= there, "{missed} of {there} are missed");
}

#[test]
fn nothing_is_similar_enough_to_an_impossible_least() {
    let (_directory, catalog, toy) = pages::catalog();
    let search = Search::new(Query::Vector(toy.vector("nothing of the kind")));
    let page = catalog
        .search(&search.clone().with_min_similarity(1.0))
        .unwrap();
    assert_eq!((page.found.len(), page.matches), (0, 6171));
    for least in [f32::NAN, 1.5, -2.0] {
        let refused = catalog.search(&search.clone().with_min_similarity(least));
        assert!(matches!(refused, Err(Error::Argument(_))), "{refused:?}");
    }
    let refused = catalog.search(&search.with_group_size(0));
    assert!(matches!(refused, Err(Error::Argument(_))), "{refused:?}");
}

/// What a product is grouped by, in other words.
fn key(by: &GroupBy, product: &Product) -> String {
    match by {
        GroupBy::Content => content_key(&product.title).to_string(),
        GroupBy::Attribute(name) => product.attribute(name).unwrap().to_owned(),
        other => panic!("{other:?}"),
    }
}

/// Groups of results: the ids of their members.
fn naive(all: &[Found], by: &GroupBy, size: usize) -> Vec<Vec<String>> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for found in all {
        let product = &found.product.product;
        let key = key(by, product);
        let at = groups.iter().position(|(known, _)| *known == key);
        let at = at.unwrap_or_else(|| {
            groups.push((key, Vec::new()));
            groups.len() - 1
        });
        if groups[at].1.len() < size {
            groups[at].1.push(product.id.clone());
        }
    }
    groups.into_iter().map(|(_, members)| members).collect()
}

fn grouped(found: &[Found]) -> Vec<Vec<String>> {
    let same = |a: &Found, b: &Found| a.group == b.group;
    let ids = |group: &[Found]| group.iter().map(id).collect();
    found.chunk_by(same).map(ids).collect()
}

#[test]
fn groups_are_those_of_all_results_in_pages_that_fit() {
    let (_directory, catalog, toy) = pages::catalog();
    for search in searches(&catalog, &toy.vector("red kettle boil 7")) {
        let all = searched(&catalog, &search, 0, 100_000);
        for (by, size) in [
            (GroupBy::Content, 1),
            (GroupBy::Content, 3),
            (GroupBy::Attribute("price".to_owned()), 1),
            (GroupBy::Attribute("colour".to_owned()), 40),
        ] {
            let search = search
                .clone()
                .with_group_by(by.clone())
                .with_group_size(size);
            let found = searched(&catalog, &search, 0, 80);
            let mut expected = naive(&all, &by, size);
            expected.truncate(80);
            assert!(grouped(&found) == expected, "{search:?}");
            let numbers = found
                .iter()
                .map(|found| found.group.as_ref().unwrap().number);
            assert!(numbers.is_sorted() && found[0].group.as_ref().unwrap().number == 1);
            let pages = (0..80).step_by(20);
            let pages: Vec<Found> = pages
                .flat_map(|offset| searched(&catalog, &search, offset, 20))
                .collect();
            assert!(pages == found, "{search:?}");
        }
    }
}

#[test]
fn groups_hold_only_what_is_similar_enough() {
    let (_directory, catalog, toy) = pages::catalog();
    let search = Search::new(Query::Vector(toy.vector("red kettle boil 7"))).with_exact(true);
    let all = searched(&catalog, &search, 0, 300);
    let search = search
        .with_min_similarity(all[299].similarity)
        .with_group_by(GroupBy::Attribute("colour".to_owned()))
        .with_group_size(10_000);
    let found = searched(&catalog, &search, 0, 10);
    assert_eq!(grouped(&found).len(), 3);
    assert!(found.len() >= 300);
    assert!(
        found
            .iter()
            .all(|found| found.similarity >= all[299].similarity)
    );
}

#[test]
fn a_product_without_the_field_is_a_group_of_its_own() {
    let toy = std::sync::Arc::new(assort_testkit::toy::Toy::new("a"));
    let (_directory, catalog) = common::catalog(&toy);
    let mut chance = Chance(9);
    let product = |chance: &mut Chance, at: usize, brands: &[&str]| {
        let mut product = common::product_of(chance, &format!("p{at}"), 0);
        let brands = brands
            .iter()
            .map(|brand| ("Brand".to_owned(), (*brand).to_owned()));
        product.attributes = brands.collect();
        product
    };
    let brands: [&[&str]; 6] = [&["Ada"], &["ADA"], &[], &[], &["Ada", "Bob"], &["Bob"]];
    let products: Vec<Product> = brands
        .iter()
        .enumerate()
        .map(|(at, brands)| product(&mut chance, at, brands))
        .collect();
    let labels = [
        Some(path(0)),
        Some(path(0)),
        Some(path(1)),
        None,
        None,
        None,
    ];
    let rows = common::rows(products.into_iter().zip(labels));
    catalog
        .import(rows, &ImportOptions::default(), &|| None, &mut ())
        .unwrap();
    let search = Search::new(Query::Vector(toy.vector("kettle"))).with_group_size(9);
    let values = |by: GroupBy| -> Vec<(Option<String>, usize)> {
        let search = search.clone().with_group_by(by);
        let found = catalog.search(&search).unwrap().found;
        let groups = found.chunk_by(|a, b| a.group == b.group);
        let value = |group: &[Found]| group[0].group.clone().unwrap().value;
        let mut values: Vec<_> = groups.map(|group| (value(group), group.len())).collect();
        values.sort();
        values
    };
    let mut by_brand = values("brand".parse().unwrap());
    for (value, _) in &mut by_brand {
        *value = value.as_ref().map(|value| value.to_lowercase());
    }
    by_brand.sort();
    let some = |value: &str| Some(value.to_owned());
    assert_eq!(
        by_brand,
        [
            (None, 1),
            (None, 1),
            (some("ada"), 2),
            (some("ada, bob"), 1),
            (some("bob"), 1)
        ]
    );
    assert_eq!(
        values("category".parse().unwrap()),
        [
            (None, 1),
            (None, 1),
            (None, 1),
            (Some(path(0)), 2),
            (Some(path(1)), 1)
        ]
    );
}
