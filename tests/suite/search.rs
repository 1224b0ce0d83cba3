//! Finding products.

use crate::common::{Place, csv_records, lines, text};

fn ids(printed: &str) -> Vec<String> {
    lines(printed)
        .iter()
        .map(|found| text(&found["id"]))
        .collect()
}

#[test]
fn the_best_results_come_first_in_every_format() {
    let place = Place::with_shop();
    let ran = place.run_with("search shop --top 3 --format jsonl", "kettle");
    let ran = ran.ended(0).said(&["3 results of 8 products"]);
    let objects = lines(&ran.stdout);
    let likeness: Vec<f64> = objects
        .iter()
        .map(|object| object["similarity"].as_f64().unwrap())
        .collect();
    assert!(likeness.is_sorted_by(|a, b| a >= b), "{likeness:?}");
    assert!(likeness[0] > 0.5 && likeness[0] <= 1.0);
    let mut first = ids(&ran.stdout)[..2].to_vec();
    first.sort();
    assert_eq!(first, ["p1", "p2"]);

    let records = csv_records(&place.run("search shop kettle --top 3 --format csv").done());
    assert_eq!(records[0], ["similarity", "id", "title", "category"]);
    let table = place.run("search shop kettle --top 3").done();
    for ((record, row), object) in records[1..].iter().zip(table.lines().skip(1)).zip(&objects) {
        assert_eq!(record[0].parse::<f64>().unwrap(), object["similarity"]);
        assert_eq!(record[1], text(&object["id"]));
        assert_eq!(record[2], text(&object["title"]));
        assert_eq!(record[3], object["category"].as_str().unwrap_or_default());
        assert!(
            row.contains(&record[1]) && row.contains(&record[2]),
            "{row}"
        );
    }
    assert_eq!(records.len(), 4);
    assert_eq!(table.lines().count(), 4);
}

#[test]
fn a_page_is_the_tail_of_a_longer_search() {
    let place = Place::with_shop();
    let all = place.run("search shop steel --top 8 --format jsonl").done();
    let all: Vec<&str> = all.lines().collect();
    assert_eq!(all.len(), 8);
    let page = place
        .run("search shop steel --top 3 --offset 4 --format jsonl")
        .done();
    assert_eq!(Vec::from_iter(page.lines()), all[4..7]);
    let page = place
        .run("search shop steel --offset 6 --format jsonl")
        .done();
    assert_eq!(Vec::from_iter(page.lines()), all[6..]);
    assert_eq!(
        place
            .run("search shop steel --offset 8 --format jsonl")
            .done(),
        ""
    );
}

#[test]
fn a_product_is_like_others_but_never_itself() {
    let place = Place::with_shop();
    let found = place.run("search shop --like p7 --format jsonl").done();
    let found = ids(&found);
    assert_eq!(found.len(), 7);
    assert_eq!(found[0], "p8");
    assert!(!found.contains(&"p7".to_owned()));
}

#[test]
fn filters_narrow_a_search() {
    let place = Place::with_shop();
    for (filter, found) in [
        ("brand = \"Sono\"", &["p5", "p6"][..]),
        ("brand = \"Boilo\" and price < 20", &["p2"]),
        ("price >= 899", &["p7", "p8"]),
        ("category under \"Kitchen\"", &["p1", "p3"]),
        ("category = \"Electronics > Headphones\"", &["p5"]),
        ("not brand in (Sono, Compo, Boilo)", &["p3", "p4"]),
        ("brand = \"Nobody\"", &[]),
    ] {
        let ran = place.run_with("search shop x --format jsonl --filter", filter);
        let ran = ran.ended(0).said(&[&format!("of {}", found.len())]);
        let mut ids = ids(&ran.stdout);
        ids.sort();
        assert_eq!(ids, found, "{filter}");
    }
}

#[test]
fn a_shop_without_products_has_no_results() {
    let place = Place::empty();
    place.write("tree.txt", "A\n");
    place.run("init shop --taxonomy tree.txt").done();
    let ran = place.run("search shop mug --format jsonl").ended(0);
    assert_eq!(ran.stdout, "");
    ran.said(&["0 results of 0 products"]);
}

#[test]
fn a_product_is_shown_whole() {
    let place = Place::with_shop();
    let shown = place.run("show shop p1").done();
    let facts: Vec<Vec<&str>> = shown
        .lines()
        .map(|line| line.splitn(2, "  ").map(str::trim).collect())
        .collect();
    assert_eq!(
        facts,
        [
            ["id", "p1"],
            ["title", "Electric kettle 1.7 l"],
            ["text", "Boils fast."],
            ["brand", "Boilo"],
            ["price", "29.99"],
            ["label", "Kitchen > Kettles"],
        ]
    );
    assert_eq!(
        place.product("p1"),
        serde_json::json!({
            "id": "p1",
            "title": "Electric kettle 1.7 l",
            "text": "Boils fast.",
            "attributes": {"brand": "Boilo", "price": "29.99"},
            "image": null,
            "label": {"id": "kettles", "path": "Kitchen > Kettles"},
            "decision": null,
        })
    );
}
