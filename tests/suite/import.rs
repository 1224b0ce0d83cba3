//! Products on their way into a catalog.

use std::io::Write;

use crate::common::{self, Place, csv_records};

const CSV: &str = "id,title,description,brand\n\
    n1,\"Mug, blue\",For tea.,Potto\n\
    n2,Cup,,\n";

const TSV: &str = "id\ttitle\tdescription\tbrand\n\
    n1\tMug, blue\tFor tea.\tPotto\n\
    n2\tCup\t\t\n";

const JSONL: &str = "{\"id\": \"n1\", \"title\": \"Mug, blue\", \"description\": \"For tea.\", \"brand\": \"Potto\"}\n\
    {\"id\": \"n2\", \"title\": \"Cup\"}\n";

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn every_format_gives_the_same_products() {
    let mut contents = Vec::new();
    let zstd = zstd::stream::encode_all(JSONL.as_bytes(), 1).unwrap();
    for (file, bytes) in [
        ("new.csv", CSV.into()),
        ("new.tsv", TSV.into()),
        ("new.jsonl", JSONL.into()),
        ("new.csv.gz", gzip(CSV)),
        ("new.jsonl.zst", zstd),
    ] {
        let place = Place::with_shop();
        place.write(file, bytes);
        let ran = place.run(&format!("import shop {file}")).ended(0);
        assert_eq!(ran.stdout, "");
        ran.said(&[&format!("{file}: "), "id=id title=title", "2 added"]);
        contents.push(place.content());
    }
    let place = Place::with_shop();
    let ran = place.feed("import shop -", CSV).ended(0);
    ran.said(&["standard input: comma-separated", "2 added"]);
    contents.push(place.content());
    assert!(contents[0].contains("Mug, blue"));
    contents.dedup();
    assert_eq!(contents.len(), 1, "{contents:#?}");
}

#[test]
fn several_files_are_one_import() {
    let place = Place::with_shop();
    place.write("a.csv", "id,title\na,Mug\nb,Cup\n");
    place.write("b.tsv", "sku\tname\nc\tBowl\nb\tCup again\n");
    let ran = place.run("import shop a.csv b.tsv").ended(3);
    ran.said(&[
        "a.csv: comma-separated, id=id title=title",
        "b.tsv: tab-separated, id=sku title=name",
        "rejected b.tsv, line 3: the id `b` is repeated",
        "4 rows: 3 added, 0 updated, 0 unchanged, 1 rejected",
    ]);
    assert_eq!(place.stats()["products"], 11);
    assert_eq!(place.product("b")["title"], "Cup");
}

#[test]
fn columns_mean_what_is_said_of_them() {
    let place = Place::with_shop();
    let file = "code,what,more,even_more,hue,size,segment_files,photo\n\
        x1,Mug,For tea.,And coffee.,blue,L,Kitchen > Kettles,x1.jpg\n";
    place.write("odd.csv", file);
    let ran = place.run(
        "import shop odd.csv --id code --title what --text more,even_more --attr hue \
         --category segment_files --image photo",
    );
    ran.ended(0).said(&[
        "id=code title=what text=more,even_more category=segment_files image=photo attributes=hue ignored=size",
        "1 added, 0 updated, 0 unchanged, 1 label set",
    ]);
    let product = place.product("x1");
    assert_eq!(product["text"], "For tea.\nAnd coffee.");
    assert_eq!(product["attributes"], serde_json::json!({"hue": "blue"}));
    assert_eq!(product["image"], "x1.jpg");
    assert_eq!(product["label"]["id"], "kettles");

    place.write("bare.csv", "name\nBowl\n");
    let ran = place.run("import shop bare.csv --id # --title name");
    ran.ended(0).said(&["id=# title=name"]);
    assert_eq!(place.product("1")["title"], "Bowl");
}

#[test]
fn an_unchanged_row_costs_nothing_and_a_changed_one_is_updated() {
    let place = Place::with_shop();
    place.write("products.csv", common::PRODUCTS);
    let before = place.content();
    let ran = place.run("import shop products.csv").ended(0);
    ran.said(&["8 rows: 0 added, 0 updated, 8 unchanged"]);
    assert_eq!(before, place.content());
    let changed = common::PRODUCTS.replace("Boilo,19,", "Boilo,18,");
    place.write("products.csv", changed);
    let ran = place.run("import shop products.csv").ended(0);
    ran.said(&["8 rows: 0 added, 1 updated, 7 unchanged"]);
    assert_eq!(place.product("p2")["attributes"]["price"], "18");
}

#[test]
fn a_dry_run_counts_and_changes_nothing() {
    let place = Place::with_shop();
    let file = "id,title,category\np1,Kettle,kettles\nnew,Mug,kitchen\n,Cup,\n";
    place.write("a.csv", file);
    let before = place.content();
    let ran = place.run("import shop a.csv --dry-run").ended(3);
    ran.said(&[
        "a.csv, line 4: no id",
        "3 rows: 1 would be added, 1 would be updated, 0 unchanged, 1 label would be set, 1 rejected",
    ]);
    place.write("a.csv", "id,title\np1,Kettle\n");
    let ran = place.run("import shop a.csv --dry-run --prune").ended(0);
    ran.said(&["1 would be updated, 0 unchanged, 7 would be removed"]);
    assert_eq!(before, place.content());
    assert!(!place.path("shop/rejects.csv").exists());
}

#[test]
fn a_strict_import_reads_standard_input_twice() {
    let place = Place::with_shop();
    let before = place.content();
    let ran = place.feed("import shop - --strict", &format!("{CSV},Nameless,,\n"));
    let ran = ran.said(&["rejected standard input, line 4: no id"]);
    ran.failed(1, &["1 row is bad", "--strict"]);
    assert_eq!(before, place.content());
    let ran = place.feed("import shop - --strict", CSV).ended(0);
    let ran = ran.said(&["2 rows: 2 added"]);
    assert_eq!(ran.stderr.matches("standard input: ").count(), 1);
    assert_eq!(place.product("n1")["title"], "Mug, blue");
}

#[test]
fn an_update_changes_what_the_file_has_columns_for() {
    let place = Place::with_shop();
    place.run("classify shop --apply").done();
    let before = place.product("p2");
    place.write(
        "feed.csv",
        "id,price,brand,category\np2,17,,kettles\nnew,1,,\np3,45,Sharpo,\np1,,Boilo,knives\n",
    );
    let ran = place.run("import shop feed.csv --update").ended(3);
    ran.said(&[
        "category=category attributes=price,brand",
        "rejected feed.csv, line 3: the catalog has no product with the id `new`",
        "4 rows: 0 added, 2 updated, 1 unchanged, 2 labels set, 1 rejected",
    ]);
    let mut after = before;
    after["attributes"] = serde_json::json!({"price": "17"});
    after["label"] = serde_json::json!({"id": "kettles", "path": "Kitchen > Kettles"});
    assert_eq!(place.product("p2"), after);
    let first = place.product("p1");
    assert_eq!(first["attributes"], serde_json::json!({"brand": "Boilo"}));
    assert_eq!(first["label"]["id"], "knives");
    assert_eq!(first["text"], "Boils fast.");
    assert_eq!(place.product("p3")["label"]["id"], "knives");

    // An object names what it changes.
    place.write(
        "feed.jsonl",
        "{\"id\": \"p1\", \"title\": \"Kettle\"}\n{\"id\": \"p2\", \"price\": null}\n",
    );
    place.run("import shop feed.jsonl --update").done();
    assert_eq!(place.product("p1")["title"], "Kettle");
    assert_eq!(place.product("p1")["text"], "Boils fast.");
    assert_eq!(place.product("p2")["attributes"], serde_json::json!({}));
    let both = place.run("import shop feed.csv --update --prune").ended(2);
    both.said(&["'--update' cannot be used with '--prune'"]);
    place.write("ids.csv", "id\np1\n");
    place.refuses(1, "import shop ids.csv --update", &["what changes"]);
}

#[test]
fn pruning_removes_what_the_files_do_not_have() {
    let place = Place::with_shop();
    place.write("a.csv", "id,title\np1,Kettle\nnew,Mug\n");
    place.write("bad.csv", "id,title\n,Cup\n");
    let ran = place.run("import shop a.csv bad.csv --prune").ended(3);
    ran.said(&["nothing was pruned"]);
    assert_eq!(place.stats()["products"], 9);
    let ran = place.run("import shop a.csv --prune").ended(0);
    ran.said(&["2 unchanged", "7 removed"]);
    assert_eq!(place.stats()["products"], 2);
    place.run("check shop").done();
}

#[test]
fn rejected_rows_are_listed_in_a_file() {
    let place = Place::with_shop();
    let mut file = "id,title,category\n,No id,\nq,,Cups\n".to_owned();
    for row in 0..6 {
        file += &format!("r{row},,\n");
    }
    place.write("a.csv", file);
    let ran = place.run("import shop a.csv").ended(3);
    let ran = ran.said(&["listed in shop/rejects.csv", "8 rejected"]);
    // The first few are shown, the others are only in the list.
    assert_eq!(ran.stderr.matches("rejected a.csv, line ").count(), 5);
    let list = csv_records(&place.read("shop/rejects.csv"));
    assert_eq!(list.len(), 9);
    assert_eq!(list[0], ["file", "line", "id", "reason"]);
    assert_eq!(list[1], ["a.csv", "2", "", "no id in column `id`"]);
    assert_eq!(list[2], ["a.csv", "3", "q", "no title"]);
    assert_eq!(list[8], ["a.csv", "9", "r5", "no title"]);

    let ran = place.run("import shop a.csv --rejects bad.csv").ended(3);
    ran.said(&["listed in bad.csv"]);
    assert_eq!(csv_records(&place.read("bad.csv")), list);

    // An import without rejects leaves no list of an earlier one.
    place.write("good.csv", "id,title\ng,Good\n");
    place.run("import shop good.csv").done();
    assert!(!place.path("shop/rejects.csv").exists());
}

#[test]
fn a_quiet_import_says_nothing() {
    let place = Place::with_shop();
    place.write("a.csv", "id,title\na,Mug\n");
    let ran = place.run("--quiet import shop a.csv").ended(0);
    assert_eq!((ran.stdout, ran.stderr), (String::new(), String::new()));
}

#[test]
fn products_with_the_content_of_another_one_are_counted() {
    let place = Place::with_shop();
    place.write("a.csv", "id,title\na,Mug\nb,Mug\n");
    let ran = place.run("import shop a.csv").ended(0);
    ran.said(&["2 added", "1 with the content of another one"]);
}

#[test]
fn removed_products_are_gone() {
    let place = Place::with_shop();
    place
        .run("remove shop p1 p2")
        .ended(0)
        .said(&["2 products removed"]);
    place.run("show shop p1").failed(1, &["`p1`"]);
    assert_eq!(place.stats()["products"], 6);
    assert_eq!(place.stats()["labelled"], 2);
    let found = place.run("search shop kettle --format jsonl").done();
    assert!(!found.contains("\"p1\""), "{found}");
}
