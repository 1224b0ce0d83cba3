//! Finding products.

use crate::common::{Place, csv_records, json, lines, text};

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
fn results_are_similar_enough_and_say_so() {
    let place = Place::with_shop();
    let all = lines(&place.run("search shop kettle --format jsonl").done());
    let least = all[1]["similarity"].as_f64().unwrap() - 0.001;
    let ran = place.run(&format!(
        "search shop kettle --min-similarity {least} --format jsonl"
    ));
    let ran = ran
        .ended(0)
        .said(&["2 results with a similarity of", "of 8 products"]);
    assert_eq!(lines(&ran.stdout), all[..2]);
    let ran = place
        .run("search shop kettle --min-similarity -1 --quiet")
        .ended(0);
    assert_eq!((ran.stdout.lines().count(), ran.stderr.as_str()), (9, ""));
    let refused = place.run("search shop kettle --min-similarity 2");
    refused.failed(2, &["between -1 and 1"]);
}

#[test]
fn groups_are_shown_in_every_format() {
    let place = Place::with_shop();
    let search = "search shop kettle --group-by brand --group-size 2";
    let ran = place.run(&format!("{search} --format jsonl")).ended(0);
    let ran = ran.said(&["8 results in 4 groups of 8 products"]);
    let objects = lines(&ran.stdout);
    let numbers: Vec<u64> = objects
        .iter()
        .map(|object| object["group"]["number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [1, 1, 2, 2, 3, 3, 4, 4]);
    assert!(
        objects
            .iter()
            .all(|object| object["group"]["value"] == object["attributes"]["brand"])
    );
    assert_eq!(text(&objects[0]["group"]["value"]), "Boilo");

    let page = place.run(&format!("{search} --offset 1 --top 2 --format jsonl"));
    assert_eq!(lines(&page.done()), objects[2..6]);

    let records = csv_records(&place.run(&format!("{search} --format csv")).done());
    assert_eq!(records[0][4..], ["group", "group_value"]);
    assert_eq!(records[1][4..], ["1", "Boilo"]);
    let table = place.run(search).done();
    assert!(
        table.lines().next().unwrap().starts_with("GROUP"),
        "{table}"
    );
    assert!(
        table.lines().nth(1).unwrap().starts_with("1 Boilo"),
        "{table}"
    );

    let ran = place.run("search shop kettle --group-by colr").ended(0);
    ran.said(&["note: none of them has the attribute `colr`"]);
    let alone = place.run("search shop kettle --group-size 2").ended(2);
    alone.said(&["--group-by"]);
}

#[test]
fn variants_are_one_result() {
    let place = Place::with_shop();
    let rows: String = (1..=20)
        .map(|at| format!("v{at},\"Kettle Aero, red, {at} l\"\n"))
        .collect();
    place.write("variants.csv", format!("id,title\n{rows}"));
    place.run("import shop variants.csv").done();
    let ran = place.run("search shop kettle --group-by content --format jsonl");
    let found = ids(&ran
        .ended(0)
        .said(&["9 results in 9 groups of 28 products"])
        .stdout);
    assert_eq!(found.iter().filter(|id| id.starts_with('v')).count(), 1);
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

#[test]
fn products_that_are_nearly_the_same_are_grouped() {
    let place = Place::with_shop();
    place.write(
        "twins.csv",
        "id,title\nt1,Zebra striped umbrella\nt2,Zebra striped umbrella\nt3,Zebra striped umbrella\n",
    );
    place.run("import shop twins.csv").done();
    let told = place
        .run("duplicates shop --min-similarity 0.999 --format json")
        .ended(0);
    let groups = json(&told.stdout);
    let products = groups["groups"][0]["products"].as_array().unwrap();
    let ids: Vec<&str> = products
        .iter()
        .filter_map(|one| one["id"].as_str())
        .collect();
    assert_eq!(ids, ["t1", "t2", "t3"]);
    let told = place.run("duplicates shop --min-similarity 0.999").ended(0);
    assert!(told.stdout.contains("Zebra striped umbrella"), "{told:?}");
    assert!(told.stderr.contains("1 group of 3 products"), "{told:?}");
    place
        .run("duplicates shop --by picture")
        .failed(2, &["assort pictures"]);
    place
        .run("duplicates shop --min-similarity 2")
        .failed(2, &["between -1 and 1"]);
}
