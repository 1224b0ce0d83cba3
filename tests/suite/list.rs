//! Reading products out, and removing what matches.

use assort::Catalog;
use assort::core::Product;
use assort_embed::{Options, Spec};
use serde_json::Value;

use crate::common::{Place, TAXONOMY, csv_records, json, lines, text};

fn place() -> Place {
    let place = Place::with_shop();
    place.run("classify shop --apply").ended(0);
    place
}

#[test]
fn an_export_has_labels_decisions_and_attributes_and_reads_back() {
    let place = place();
    let told = place.run("export shop -o all.csv").ended(0);
    assert!(
        told.stderr.contains("8 products written"),
        "{}",
        told.stderr
    );
    let records = csv_records(&std::fs::read_to_string(place.path("all.csv")).unwrap());
    assert_eq!(records.len(), 9);
    let column = |name: &str| records[0].iter().position(|own| own == name).unwrap();
    for record in &records[1..] {
        // Each is labelled, or was decided on.
        let (label, decision) = (&record[column("label_id")], &record[column("decision_id")]);
        assert!(label.is_empty() != decision.is_empty(), "{record:?}");
        assert_eq!(
            decision.is_empty(),
            record[column("decision_confidence")].is_empty()
        );
    }
    let again = place.run("import shop all.csv --dry-run").ended(0);
    again.said(&[
        "category=label_id image=image attributes=brand,price",
        "8 rows: 0 would be added, 0 would be updated, 8 unchanged",
    ]);
}

/// Products that are hard to write down: values of many lines, with separators and
/// markup, and attributes of the names of everything else.
fn hard_products() -> Vec<Product> {
    let names = [
        "attributes.price",
        "category",
        "confidence",
        "decision",
        "Description",
        "id",
        "image",
        "label",
        "label_id",
        "method",
        "name",
        "price",
        "text",
        "title",
        "Größe, EU",
    ];
    let product = |at: usize| Product {
        id: format!("n{at}"),
        title: format!("Mug \"No. {}\", blue; 3\" <wide>", at % 4),
        text: "One line, & more.\nAnother\u{3000}line".replace('\u{3000}', " "),
        attributes: match at % 3 {
            0 => Vec::new(),
            _ => names
                .map(|name| (name, format!("of {name}")))
                .into_iter()
                .chain(["a,b", "x|y"].map(|value| ("tags", value.to_owned())))
                .chain([("note", "[\"one\"]".to_owned())])
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        },
        image: at.is_multiple_of(2).then(|| format!("img/{at}.jpg")),
    };
    (0..200).map(product).collect()
}

#[test]
fn what_is_exported_is_imported_as_it_was() {
    let place = Place::empty();
    place.write("tree.tsv", TAXONOMY);
    place.run("init shop --taxonomy tree.tsv").done();
    let catalog = Catalog::open(place.path("shop")).unwrap();
    let embedder = assort_embed::open(&Spec::Bundled, &Options::default()).unwrap();
    let catalog = catalog.with_embedder(embedder).unwrap();
    assert_eq!(catalog.put(hard_products()).unwrap().added, 200);
    drop(catalog);
    // The first hundred have no label, and one of the last has a decision.
    place.write("labels.csv", "id,category\nn150,kettles\nn199,kitchen\n");
    place.run("label shop labels.csv").done();
    place.run("classify shop --apply -o decisions.csv").done();
    let listed = |shop: &str| -> Vec<Value> {
        let list = format!("list {shop} --top 1000 --format jsonl");
        let mut objects = lines(&place.run(&list).done());
        for object in &mut objects {
            object["decision"] = Value::Null;
        }
        objects
    };
    let all = listed("shop");
    for format in ["csv", "tsv", "jsonl"] {
        let file = format!("all.{format}");
        place
            .run(&format!("export shop --format {format} -o {file}"))
            .done();
        let again = format!("again-{format}");
        place
            .run(&format!("init {again} --taxonomy tree.tsv"))
            .done();
        let ran = place.run(&format!("import {again} {file}")).ended(0);
        ran.said(&["200 added", "2 labels set"]);
        let read = listed(&again);
        for (read, written) in read.iter().zip(&all) {
            assert_eq!(read, written, "{format}");
        }
        assert_eq!(read.len(), 200);
    }
}

#[test]
fn all_formats_list_what_matches_a_filter() {
    let place = place();
    let list = |rest: &str| {
        let command = format!("list shop {rest} --filter");
        place.run_with(&command, "category under Kitchen").done()
    };
    let objects = lines(&list("--format jsonl"));
    let ids: Vec<String> = objects.iter().map(|object| text(&object["id"])).collect();
    assert_eq!(ids, ["p1", "p2", "p3", "p4"]);
    let csv = csv_records(&list("--format csv"));
    assert_eq!(csv.len(), 5);
    let cut = place.run("list shop --top 3 --format jsonl").ended(0);
    cut.said(&["3 products, and more follow: --top prints more, `assort export shop` all"]);
    let whole = place.run("list shop --top 8").ended(0);
    assert_eq!(whole.stderr, "");
    let table = list("--top 2");
    assert_eq!(table.lines().count(), 3, "{table}");
    assert!(table.contains("label") || table.contains("sure"), "{table}");
    place
        .run_with("list shop --filter", "colour =")
        .failed(2, &["filter"]);
}

#[test]
fn what_matches_is_removed_and_may_be_counted_before() {
    let place = place();
    let remove = |rest: &str| {
        let command = format!("remove shop {rest} --filter");
        place.run_with(&command, "category under Kitchen").ended(0)
    };
    let told = remove("--dry-run");
    assert!(told.stderr.contains("4 products would be removed"));
    assert_eq!(
        json(&place.run("stats shop --format json").done())["products"],
        8
    );
    let told = remove("");
    assert!(told.stderr.contains("4 products removed"));
    assert_eq!(
        json(&place.run("stats shop --format json").done())["products"],
        4
    );
    place.run("remove shop").ended(2);
}
