//! Training heads.

use crate::common::{Place, json};

/// A shop with labelled products, half of them of the wrong category if they are to
/// teach nothing.
fn labelled(place: &Place, sound: bool) {
    let words = ["north", "south", "east", "west", "home", "lake", "hill"];
    let mut rows = "id,title,category\n".to_owned();
    for at in 0..140 {
        let kind = at % 2;
        let title = ["Electric kettle", "Bread knife"][kind];
        let name = format!("{} {}", words[at / 2 % 7], words[at / 14 % 7]);
        let told = if sound { kind } else { at / 3 % 2 };
        let category = ["kettles", "knives"][told];
        rows.push_str(&format!("n{at},{title} {name},{category}\n"));
    }
    place.write("more.csv", rows);
    place.run("import shop more.csv").ended(0);
}

#[test]
fn a_trained_head_is_measured_told_and_in_force() {
    let place = Place::with_shop();
    labelled(&place, true);
    let ran = place
        .run("train shop --hidden 16 --epochs 5 --format json")
        .ended(0);
    let report = json(&ran.stdout);
    assert_eq!(report["in_force"], true, "{report}");
    assert_eq!(report["categories"], 3);
    assert!(report["labels"].as_u64() >= report["contents"].as_u64());
    assert!(report["held_out"].as_u64() > Some(0));
    assert!(report["accuracy"].as_f64() >= report["accuracy_without"].as_f64());
    let table = place.run("train shop --linear --heads 2 --epochs 3").done();
    for words in ["learned from", "held out", "weights", "head"] {
        assert!(table.contains(words), "no {words} in {table}");
    }
    // It is there for whoever comes next, a reader included.
    let filed = place.run("classify shop --text kettle --method head --format jsonl");
    assert!(filed.done().contains("Kettles"));
}

#[test]
fn an_explanation_names_the_words_that_carry_the_decision() {
    let place = Place::with_shop();
    labelled(&place, true);
    place.run("train shop --epochs 5").ended(0);
    place.write("new.csv", "id,title\nx,Large kettle lake\n");
    let told = place
        .run("classify shop new.csv --explain --format jsonl")
        .done();
    let decision = json(&told);
    assert_eq!(decision["words"][0]["word"], "kettle", "{decision}");
    let table = place.run("classify shop new.csv --explain").done();
    assert!(table.contains("carried by the words kettle"), "{table}");
}

#[test]
fn what_cannot_teach_is_refused_and_the_catalog_stays_as_it_was() {
    let place = Place::with_shop();
    place
        .run("train shop")
        .failed(2, &["at least 20 labelled products"]);
    labelled(&place, true);
    place
        .run("train shop --learning-rate 0")
        .failed(2, &["learning rates"]);
    let mut rows = "id,category\n".to_owned();
    (0..140).for_each(|at| rows.push_str(&format!("n{at},kettles\n")));
    place.write("same.csv", rows + "p1,kettles\np3,kettles\np5,kettles\n");
    place.run("label shop same.csv").ended(0);
    place.run("train shop").failed(2, &["two categories"]);
    place
        .run("classify shop --method head")
        .failed(2, &["no head", "assort train"]);
}

#[test]
fn sets_and_thresholds_need_trials() {
    let place = Place::with_shop();
    for option in ["--sets 0.9", "--target-precision 0.95"] {
        let ran = place.run(&format!("classify shop {option}"));
        ran.failed(2, &["not calibrated", "hundred labelled products"]);
    }
}

#[test]
fn wrong_labels_are_found_corrected_in_a_file_and_not_shown_again() {
    let place = Place::with_shop();
    labelled(&place, true);
    place.write("wrong.csv", "id,category\nn4,knives\nn7,kettles\n");
    place.run("label shop wrong.csv").ended(0);
    let table = place
        .run("audit-labels shop --top 2 --review review.csv")
        .done();
    assert!(table.contains("judged"), "{table}");
    let review = place.read("review.csv");
    let listed = |id: &str| {
        review
            .lines()
            .any(|line| line.starts_with(&format!("{id},")))
    };
    assert!(listed("n4") && listed("n7"), "{review}");
    let corrected = review
        .replace("Kitchen > Knives,Kitchen > Kettles", "Kitchen > Kettles,")
        .replace("Kitchen > Kettles,Kitchen > Knives", "Kitchen > Knives,");
    place.write("review.csv", corrected);
    let told = place.run("label shop review.csv").ended(0);
    assert!(told.stderr.contains("2 labels set"), "{}", told.stderr);
    let ran = place.run("audit-labels shop --except review.csv --format json");
    let report = json(&ran.done());
    let suspects = report["suspects"].as_array().unwrap();
    let again = |id| suspects.iter().any(|suspect| suspect["id"] == id);
    assert!(!again("n4") && !again("n7"), "{report}");
    assert_eq!(report["labels"].as_u64(), Some(143), "{report}");
}

#[test]
fn an_audit_of_few_labels_or_by_a_file_without_ids_is_refused() {
    let place = Place::with_shop();
    let ran = place.run("audit-labels shop").ended(2);
    assert!(ran.stderr.contains("at least 100"), "{}", ran.stderr);
    place.write("no.csv", "title\nx\n");
    let ran = place.run("audit-labels shop --except no.csv").ended(1);
    assert!(ran.stderr.contains("no.csv: no column"), "{}", ran.stderr);
}
