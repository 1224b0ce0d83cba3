//! Reading products out, and removing what matches.

use crate::common::{Place, csv_records, json, lines, text};

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
        assert_eq!(decision.is_empty(), record[column("confidence")].is_empty());
    }
    let again = place.run("import shop all.csv --dry-run --category label_id --attr - --text -");
    assert!(
        again.ended(0).stderr.contains("8"),
        "what was written is not read"
    );
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
