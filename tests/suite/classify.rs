//! Filing, labelling and judging.

use std::collections::BTreeSet;

use crate::common::{Place, csv_records, json, lines, text};

#[test]
fn the_demo_prints_its_results_on_stdout_only() {
    let place = Place::empty();
    let ran = place.run("demo").ended(0);
    for words in [
        "products, ",
        "PRODUCT",
        "Search: wireless headphones where price < 60",
        "hierarchical",
        "ACCURACY",
    ] {
        assert!(ran.stdout.contains(words), "no `{words}` in {ran:#?}");
        assert!(!ran.stderr.contains(words), "`{words}` in {}", ran.stderr);
    }
    let left = std::fs::read_dir(place.path(".")).unwrap().count();
    assert_eq!(left, 0, "the demo left something behind");
}

#[test]
fn all_formats_tell_the_same_decisions() {
    let place = Place::with_shop();
    let objects = lines(&place.run("classify shop --top 2 --format jsonl").done());
    let ids: Vec<String> = objects.iter().map(|object| text(&object["id"])).collect();
    assert_eq!(ids, ["p2", "p4", "p6", "p7", "p8"]);
    let filed: Vec<String> = objects
        .iter()
        .map(|object| text(&object["category"]["id"]))
        .collect();
    let right = ["kettles", "knives", "headphones", "laptops", "laptops"];
    assert_eq!(filed, right);

    let records = csv_records(&place.run("classify shop --top 2 --format csv").done());
    assert_eq!(
        records[0],
        [
            "id",
            "title",
            "category_id",
            "category",
            "confidence",
            "margin",
            "alternatives",
            "confidence_is",
            "set"
        ]
    );
    let table = place.run("classify shop --top 2").done();
    let rows: Vec<&str> = table.lines().collect();
    assert_eq!(records.len(), objects.len() + 1);
    // Each product has a second line for its second alternative.
    assert_eq!(rows.len(), 2 * objects.len() + 1);
    for (at, object) in objects.iter().enumerate() {
        let (record, row) = (&records[at + 1], rows[2 * at + 1]);
        let path = text(&object["category"]["path"]);
        let confidence = object["confidence"].as_f64().unwrap();
        assert_eq!(record[0], text(&object["id"]));
        assert_eq!(record[1], text(&object["title"]));
        assert_eq!(record[2], text(&object["category"]["id"]));
        assert_eq!(record[3], path);
        assert_eq!(record[4].parse::<f64>().unwrap(), confidence);
        assert_eq!(
            record[5].parse::<f64>().unwrap(),
            object["margin"].as_f64().unwrap()
        );
        let alternatives = object["alternatives"].as_array().unwrap();
        let (other, sure) = record[6].split_once('=').unwrap();
        assert_eq!(other, text(&alternatives[1]["id"]));
        assert_eq!(
            sure.parse::<f64>().unwrap(),
            alternatives[1]["confidence"].as_f64().unwrap()
        );
        assert!(row.starts_with(&record[0]) && row.ends_with(&path), "{row}");
        assert!(row.contains(&format!(" {:.0}% ", 100.0 * confidence)));
    }
}

#[test]
fn a_file_a_stream_and_a_text_can_be_filed() {
    let place = Place::with_shop();
    let file = "sku,name\na,Water kettle with thermometer\n,Nothing\nb,Notebook computer\n";
    place.write("new.csv", file);
    let ran = place.run("classify shop new.csv --format jsonl -o out.jsonl");
    let ran = ran.ended(3).said(&[
        "new.csv: comma-separated, id=sku title=name",
        "rejected new.csv, line 3: no id",
        "2 products, 2 filed, 1 row rejected",
    ]);
    assert_eq!(ran.stdout, "");
    let written = place.read("out.jsonl");
    let filed: Vec<String> = lines(&written)
        .iter()
        .map(|object| text(&object["category"]["id"]))
        .collect();
    assert_eq!(filed, ["kettles", "laptops"]);
    let piped = place.feed("classify shop - --format jsonl", file).ended(3);
    assert_eq!(piped.stdout, written);
    let ran = place.run_with("classify shop --format jsonl --text", "Notebook computer");
    let told = json(&ran.done());
    assert_eq!(told["category"]["id"], "laptops");
    assert_eq!(told["alternatives"].as_array().unwrap().len(), 3);
    place.write("odd.csv", "id,name,about\nc,Model X,Notebook computer\n");
    let arguments = "classify shop odd.csv --text-columns about --format jsonl";
    assert_eq!(
        json(&place.run(arguments).done())["category"]["id"],
        "laptops"
    );
    // Nothing of this is kept.
    assert_eq!(place.stats()["products"], 8);
    assert_eq!(place.stats()["decided"], 0);
}

#[test]
fn kept_decisions_are_shown_and_searched_by() {
    let place = Place::with_shop();
    let ran = place.run("classify shop --apply").ended(0);
    ran.said(&["5 products, 5 filed, 5 decisions kept in the catalog"]);
    assert_eq!(place.stats()["decided"], 5);
    let shown = place.product("p4");
    assert_eq!(shown["decision"]["category"], "knives");
    assert_eq!(shown["decision"]["path"], "Kitchen > Knives");
    assert_eq!(shown["label"], serde_json::Value::Null);
    let shown = place.run("show shop p4").done();
    assert!(shown.contains("Kitchen > Knives ("), "{shown}");
    let ran = place.run_with(
        "search shop x --format jsonl --filter",
        "category under \"Kitchen\"",
    );
    let found: BTreeSet<String> = lines(&ran.done())
        .iter()
        .map(|found| text(&found["id"]))
        .collect();
    assert_eq!(Vec::from_iter(found), ["p1", "p2", "p3", "p4"]);
}

#[test]
fn what_is_not_sure_enough_is_unknown() {
    let place = Place::with_shop();
    let ran = place.run("classify shop --min-confidence 1 --apply --format jsonl");
    let ran = ran
        .ended(0)
        .said(&["5 products, 0 filed, 0 decisions kept"]);
    for object in lines(&ran.stdout) {
        assert_eq!(object["category"], serde_json::Value::Null);
        assert_eq!(object["alternatives"].as_array().unwrap().len(), 1);
    }
    let table = place.run("classify shop --min-confidence 1").done();
    assert!(
        table.contains("unknown, perhaps Kitchen > Kettles"),
        "{table}"
    );
    let records = csv_records(
        &place
            .run("classify shop --min-confidence 1 --format csv")
            .done(),
    );
    assert_eq!(records[1][2..4], ["", ""]);
    assert_eq!(place.stats()["decided"], 0);
}

#[test]
fn an_explanation_names_texts_and_neighbours() {
    let place = Place::with_shop();
    place.write(
        "pictured.csv",
        "id,title,image\np1,Electric kettle 1.7 l,images/p1.jpg\n",
    );
    place.run("import shop pictured.csv").done();
    let ran = place.run_with("classify shop --explain --text", "Steel kettle");
    let told = ran.done();
    for words in [
        "like its name: Kettles",
        "like p1, filed under Kitchen > Kettles: Electric kettle 1.7 l (picture images/p1.jpg)",
    ] {
        assert!(told.contains(words), "no `{words}` in {told}");
    }
    let ran = place.run_with(
        "classify shop --explain --format jsonl --text",
        "Steel kettle",
    );
    let told = json(&ran.done());
    let neighbor = &told["neighbors"][0];
    assert_eq!(neighbor["id"], "p1");
    assert_eq!(neighbor["title"], "Electric kettle 1.7 l");
    assert_eq!(neighbor["category"]["id"], "kettles");
    assert_eq!(neighbor["image"], "images/p1.jpg");
    let texts = told["texts"].as_array().unwrap();
    assert!(texts.iter().any(|text| text["kind"] == "name"), "{told}");
}

#[test]
fn labels_teach_and_can_be_cleared() {
    let place = Place::with_shop();
    let steep = |place: &Place| {
        let ran = place.run_with("classify shop --format jsonl --text", "Whistling kettle");
        text(&json(&ran.done())["category"]["id"])
    };
    assert_eq!(steep(&place), "kettles");
    // By path and by unique name; to teach nonsense shows that it is learned.
    place.write(
        "labels.csv",
        "sku,segment_files\np1,Electronics > Laptops\np2,Laptops\np7,laptops\n",
    );
    let ran = place.run("label shop labels.csv --id sku --category segment_files");
    ran.ended(0)
        .said(&["3 rows: 3 labels set, 0 unchanged, 0 rejected"]);
    assert_eq!(place.product("p2")["label"]["id"], "laptops");
    let ran = place.run_with(
        "classify shop --method neighbors --format jsonl --text",
        "Whistling kettle",
    );
    assert_eq!(json(&ran.done())["category"]["id"], "laptops");

    let ran = place.run("label shop labels.csv --id sku --clear").ended(0);
    ran.said(&["3 labels cleared"]);
    assert_eq!(place.stats()["labelled"], 2);
    assert_eq!(place.product("p2")["label"], serde_json::Value::Null);
    assert_eq!(steep(&place), "kettles");
    let ran = place.run("label shop labels.csv --id sku --clear").ended(0);
    ran.said(&["0 labels cleared, 3 unchanged"]);
}

#[test]
fn a_shop_without_labels_files_by_its_categories_alone() {
    let place = Place::empty();
    place.write("tree.txt", "Kitchen > Kettles\nKitchen > Knives\n");
    place.run("init shop --taxonomy tree.txt").done();
    place.write("a.csv", "id,title\n1,Electric kettle\n");
    let told = place.run("classify shop a.csv --format jsonl").done();
    assert_eq!(json(&told)["category"]["path"], "Kitchen > Kettles");
    let ran = place.run("classify shop a.csv --method neighbors");
    ran.failed(2, &["no product has a label yet", "assort label"]);
}

#[test]
fn an_evaluation_has_these_figures_and_no_others() {
    let place = Place::with_shop();
    let truth = "id,title,category\n\
        t1,Travel kettle,kettles\n\
        t2,Bread knife,Kitchen > Knives\n\
        t3,Noise cancelling headphones,knives\n";
    place.write("truth.csv", truth);
    let report = json(&place.run("evaluate shop truth.csv --format json").done());
    let scores = [
        "accuracy",
        "balanced_accuracy",
        "weighted_precision",
        "weighted_recall",
        "weighted_f1",
        "macro_precision",
        "macro_recall",
        "macro_f1",
    ];
    let counts = ["method", "products", "decided", "decided_above", "coverage"];
    let others = [
        "mean_weighted_f1",
        "hierarchical_precision",
        "hierarchical_recall",
        "hierarchical_f1",
        "levels",
        "calibrated",
        "mean_confidence",
        "ece",
        "reliability",
        "coverage_at_precision",
        "risk_coverage_area",
        "risk_coverage",
        "top5_accuracy",
        "log_loss",
        "auc",
        "overlap",
        "sets",
        "errors",
        "confusions",
        "siblings",
        "categories",
        "comparison",
        "cross_validation",
        "pictures",
        "rejected",
        "seconds",
        "products_per_second",
    ];
    let keys: Vec<&String> = report.as_object().unwrap().keys().collect();
    let all: Vec<&str> = [&counts[..], &scores, &others].concat();
    assert_eq!(keys, all);
    assert_eq!(report["products"], 3);
    assert_eq!(report["decided"], 3);
    assert_eq!(report["coverage"], 1.0);
    assert_eq!(report["accuracy"], 0.6667);
    let levels = report["levels"].as_array().unwrap();
    assert_eq!(levels.len(), 2);
    for (at, level) in levels.iter().enumerate() {
        let keys: Vec<&String> = level.as_object().unwrap().keys().collect();
        let figures: Vec<&str> = [&["level"][..], &scores, &["error_share"]].concat();
        assert_eq!(keys, figures);
        assert_eq!(level["level"], at + 1);
    }
    let table = place.run("evaluate shop truth.csv").done();
    // One mistake of three, and it parts on the first level.
    assert_eq!(report["errors"], 1);
    assert_eq!(report["siblings"]["share"], 0.0);
    assert_eq!(report["levels"][0]["error_share"], 1.0);
    // All kettles are found, and half of the knives.
    assert_eq!(report["balanced_accuracy"], 0.75);
    assert_eq!(report["categories"].as_array().unwrap().len(), 3);
    for words in [
        "0.6667",
        "WAS TAKEN FOR",
        "Electronics > Headphones",
        "of 1 mistake stay among",
        "TAKEN MOST OFTEN FOR",
    ] {
        assert!(table.contains(words), "no `{words}` in {table}");
    }
    let unsure = place.run("evaluate shop truth.csv --format json --min-confidence 1");
    let unsure = json(&unsure.done());
    assert_eq!(
        (&unsure["decided"], &unsure["coverage"]),
        (&0.into(), &0.0.into())
    );
}
