//! Columns say of a filter what looking at every product says.

use assort_columns::{Builder, Columns, Lookup};
use assort_core::{AttributeKind, AttributeSchema, CategoryIndex, Filter, Product};
use proptest::prelude::*;

#[derive(Clone, Debug)]
struct Stored {
    product: Product,
    label: Option<String>,
    decision: Option<String>,
}

fn category(id: &str) -> Option<CategoryIndex> {
    id.strip_prefix('c')?.parse().ok().filter(|at| *at < 4)
}

impl Stored {
    fn filed(&self) -> Option<CategoryIndex> {
        let of = |id: &Option<String>| id.as_deref().and_then(category);
        of(&self.label).or_else(|| of(&self.decision))
    }
}

fn stored() -> impl Strategy<Value = Option<Stored>> {
    let name = prop::sample::select(vec!["a", "A", "b", "weight", "c"]);
    let value = prop::sample::select(vec![
        "", "1", "1.0", "2", "10", "x", "X", "y", "500 g", "0.5 kg", "5 lb", "2x250ml",
    ]);
    let attributes = prop::collection::vec((name, value), 0..6);
    let id = prop::option::of(prop::sample::select(vec!["c0", "c1", "c2", "c3", "c9"]));
    let stored = (attributes, id.clone(), id, "[a-c]{0,2}").prop_map(
        |(attributes, label, decision, text)| {
            let attributes = attributes.into_iter();
            let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned()));
            Stored {
                product: Product {
                    title: "tea pot".into(),
                    text,
                    attributes: attributes.collect(),
                    ..Product::default()
                }
                .sorted(),
                label: label.map(str::to_owned),
                decision: decision.map(str::to_owned),
            }
        },
    );
    prop::option::weighted(0.9, stored)
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "a = x",
        "a != x",
        "A = 1",
        "has a",
        "not has A",
        "b in (1, y)",
        "b not in (1, y)",
        "a < 5",
        "b in 1..9",
        "b not between 1 and 9",
        "weight < 600 g",
        "weight = 500 g",
        "weight != 500 g",
        "has category",
        "category = c1",
        "category != c1",
        "category under c0",
        "a contains X",
        "category not under c0",
        "id = p3",
        "id != p3",
        "id in (p1, p70)",
        "has id",
        "title contains tea",
        "text = a",
        "not text = a",
        "has missing",
        "missing = 1",
        "c >= y",
        "id contains 3",
    ]);
    let leaf = leaf.prop_map(str::to_owned);
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|one| format!("not ({one})")),
            prop::collection::vec(inner.clone(), 2..4)
                .prop_map(|all| format!("({})", all.join(") and ("))),
            prop::collection::vec(inner, 2..4).prop_map(|all| format!("({})", all.join(") or ("))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn columns_agree_with_products(
        products in prop::collection::vec(stored(), 0..150),
        expression in expression(),
        spread in 1u32..40,
    ) {
        // Rows far apart make sparse columns.
        let row = |at: usize| at as u32 * spread;
        let mut products = products;
        for (at, stored) in products.iter_mut().enumerate() {
            if let Some(stored) = stored {
                stored.product.id = format!("p{at}");
            }
        }
        let mut builder = Builder::new(row(products.len()));
        for (at, stored) in products.iter().enumerate() {
            let Some(stored) = stored else { continue };
            let attributes = stored.product.attributes.iter();
            let attributes = attributes.map(|(name, value)| (name.as_str(), value.as_str()));
            builder.push(row(at), attributes, stored.label.as_deref(), stored.decision.as_deref());
        }
        let (bytes, digest) = builder.finish().unwrap();
        let columns = Columns::from_bytes(bytes).unwrap();
        prop_assert_eq!(columns.digest(), digest);

        let mass: AttributeKind = "mass".parse().unwrap();
        let schema: AttributeSchema = [("Weight", mass)].into_iter().collect();
        let resolve = |text: &str, subtree: bool| match (text, subtree) {
            ("c0", true) => Ok(vec![0, 1, 2]),
            (id, _) => category(id).map(|at| vec![at]).ok_or_else(String::new),
        };
        let filter = Filter::parse(&expression, &schema, resolve).unwrap();
        let lookup = Lookup {
            row: &|id| {
                let at: usize = id.strip_prefix('p')?.parse().ok()?;
                products.get(at)?.as_ref().map(|_| row(at))
            },
            category: &category,
        };
        let found = columns.filter(&filter, &lookup);
        for (at, stored) in products.iter().enumerate() {
            let matches = stored.as_ref().is_some_and(|stored| filter.matches(&(&stored.product, stored.filed())));
            let (sure, unsure) = (found.rows.contains(row(at)), found.unsure.contains(row(at)));
            prop_assert!(!(sure && unsure), "row {at} of {filter}");
            prop_assert!(unsure || sure == matches, "row {at} of {filter}: {stored:?}");
        }
        let all = products.iter().flatten().count();
        prop_assert_eq!(columns.alive().len(), all);
        prop_assert!(found.rows.len() + found.unsure.len() <= all);
    }

    #[test]
    fn damaged_files_are_refused(change in any::<(prop::sample::Index, u8)>(), cut in any::<prop::sample::Index>()) {
        let mut builder = Builder::new(70);
        (0..70).for_each(|row| builder.push(row, [("a", "x"), ("a", "y")], Some("c0"), None));
        let bytes = builder.finish().unwrap().0;
        let mut changed = bytes.clone();
        let at = change.0.index(bytes.len());
        changed[at] = change.1;
        // An older format number means the same.
        prop_assert!(changed == bytes || Columns::from_bytes(changed).is_err());
        prop_assert!(Columns::from_bytes(bytes[..cut.index(bytes.len())].to_vec()).is_err());
    }
}

#[test]
fn a_million_distinct_long_values_cost_no_dictionary() {
    let rows = 20_000;
    let mut builder = Builder::new(rows);
    for row in 0..rows {
        let link = format!("https://shop.example/products/{row:0>80}?from=feed");
        builder.push(row, [("link", link.as_str()), ("brand", "HP")], None, None);
    }
    let (bytes, _) = builder.finish().unwrap();
    assert!(bytes.len() < 64 * rows as usize, "{}", bytes.len());
    let columns = Columns::from_bytes(bytes).unwrap();
    let lookup = Lookup {
        row: &|_| None,
        category: &|_| None,
    };
    let find = |text: &str| {
        let filter =
            Filter::parse(text, &AttributeSchema::default(), |_, _| Ok(Vec::new())).unwrap();
        columns.filter(&filter, &lookup)
    };
    assert_eq!(find("has link").rows.len(), rows as usize);
    assert_eq!(find("link = x and brand = Ada").unsure.len(), 0);
    assert_eq!(find("link = x").unsure.len(), rows as usize);
}

#[test]
fn values_are_counted_in_some_rows() {
    let mut builder = Builder::new(3);
    builder.push(
        0,
        [("brand", "HP"), ("colour", "red"), ("colour", "blue")],
        Some("c1"),
        Some("c2"),
    );
    builder.push(1, [("brand", "HP")], None, Some("c2"));
    builder.push(
        2,
        [("brand", "Ada"), ("colour", "red")],
        Some("gone"),
        Some("c2"),
    );
    let columns = Columns::from_bytes(builder.finish().unwrap().0).unwrap();
    let counted = columns.count(columns.alive(), |_| true);
    let told: Vec<_> = counted
        .iter()
        .map(|one| (one.name, one.present, one.values.clone().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("brand", 3, vec![("Ada", 1), ("HP", 2)]),
            ("colour", 2, vec![("blue", 1), ("red", 2)]),
        ]
    );
    let filed = columns.count_filed(columns.alive(), |id| category(id).is_some());
    assert_eq!(filed, [("c1", 1), ("c2", 2)]);
}
