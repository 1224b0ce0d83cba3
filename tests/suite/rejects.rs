//! Where rejected rows go, for every command that reads rows.

use crate::common::{Place, csv_records};

/// A product without an id, and one that is right.
const FILE: &str = "id,title,category\n,No id,knives\np2,Kettle,kettles\n";

#[test]
fn rejected_rows_of_every_command_are_listed_in_a_file_of_its_own() {
    let place = Place::with_shop();
    place.write("a.csv", FILE);
    for (command, list) in [
        ("import", "shop/rejects.csv"),
        ("classify", "shop/rejects-classify.csv"),
        ("label", "shop/rejects-label.csv"),
        ("evaluate", "shop/rejects-evaluate.csv"),
    ] {
        let ran = place.run(&format!("{command} shop a.csv")).ended(3);
        ran.said(&[&format!("1 rejected row is listed in {list}")]);
        let header = ["file", "line", "id", "reason"];
        let row = ["a.csv", "2", "", "no id in column `id`"];
        assert_eq!(csv_records(&place.read(list)), [header, row], "{command}");

        let named = format!("{command} shop a.csv --rejects named.csv");
        place.run(&named).ended(3).said(&["listed in named.csv"]);
        assert_eq!(csv_records(&place.read("named.csv")), [header, row]);

        // A run without rejects leaves no list of an earlier one.
        place.write("good.csv", "id,title,category\np3,Knife,knives\n");
        place.run(&format!("{command} shop good.csv")).done();
        assert!(!place.path(list).exists(), "{command}");
    }
}

#[test]
fn a_dry_run_leaves_no_list_unless_one_is_named() {
    let place = Place::with_shop();
    place.write("a.csv", FILE);
    let ran = place.run("import shop a.csv --dry-run").ended(3);
    ran.said(&["1 rejected row is listed nowhere; name a file with --rejects"]);
    assert!(!place.path("shop/rejects.csv").exists());
    let ran = place
        .run("import shop a.csv --dry-run --rejects b.csv")
        .ended(3);
    ran.said(&["1 rejected row is listed in b.csv"]);
    assert_eq!(csv_records(&place.read("b.csv")).len(), 2);
}

#[test]
fn rejected_updates_are_listed_too() {
    let place = Place::with_shop();
    place.write("prices.csv", "id,price\np1,1\nnew,2\n");
    let ran = place.run("import shop prices.csv --update").ended(3);
    ran.said(&["1 rejected row is listed in shop/rejects.csv"]);
    let reason = "the catalog has no product with the id `new`";
    let row = ["prices.csv", "3", "new", reason];
    assert_eq!(csv_records(&place.read("shop/rejects.csv"))[1], row);
}

#[test]
fn what_a_row_needs_is_in_the_list() {
    let place = Place::with_shop();
    place.write("quotes.csv", "id\ttitle\nbad\t\"Mug\tblue\"\nnew\tMug\n");
    place.run("classify shop quotes.csv").ended(3);
    let list = csv_records(&place.read("shop/rejects-classify.csv"));
    let reason = "has 3 columns, the header has 2; perhaps quotes enclose tabs or line breaks; \
        pass --quoting on if they do";
    assert_eq!(list[1], ["quotes.csv", "2", "", reason]);
}

#[test]
fn a_strict_command_lists_what_it_refused() {
    let place = Place::with_shop();
    place.write("a.csv", FILE);
    for (command, list) in [
        ("import", "shop/rejects.csv"),
        ("label", "shop/rejects-label.csv"),
    ] {
        let ran = place.run(&format!("{command} shop a.csv --strict"));
        ran.ended(1)
            .said(&["listed in", list, "because of --strict"]);
        assert_eq!(csv_records(&place.read(list)).len(), 2);
    }
}

#[test]
fn a_list_that_was_asked_for_must_be_written() {
    let place = Place::with_shop();
    place.write("a.csv", FILE);
    for command in ["import", "classify", "label", "evaluate"] {
        let ran = place.run(&format!("{command} shop a.csv --rejects gone/list.csv"));
        let words = ["gone/list.csv cannot be written", "--rejects"];
        ran.ended(1).said(&words);
    }
}
