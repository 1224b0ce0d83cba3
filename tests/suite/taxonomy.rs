//! Trees of categories: read, shown, found, written and replaced.

use std::fmt::Write;
use std::time::Instant;

use crate::common::{self, Place, lines, text};

/// Makes a catalog of a taxonomy file; gives ids with paths.
fn categories(content: &str, words: &[&str]) -> Vec<(String, String)> {
    let place = Place::empty();
    place.write("tree", content);
    place.run("init shop --taxonomy tree").ended(0).said(words);
    let exported = place.run("taxonomy export shop --format jsonl").done();
    lines(&exported)
        .iter()
        .map(|object| {
            let path: Vec<String> = object["path"]
                .as_array()
                .unwrap()
                .iter()
                .map(text)
                .collect();
            (text(&object["id"]), path.join(" > "))
        })
        .collect()
}

fn pairs(known: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |&(id, path): &(&str, &str)| (id.to_owned(), path.to_owned());
    known.iter().map(owned).collect()
}

const TREE: [(&str, &str); 3] = [
    ("1", "Animals"),
    ("3", "Animals > Live"),
    ("2", "Arts, Fun"),
];

#[test]
fn every_published_format_is_read() {
    let google = "# Google_Product_Taxonomy_Version: 2021-09-21\n\
        1 - Animals\n3 - Animals > Live\n2 - Arts, Fun\n";
    assert_eq!(
        categories(google, &["Google taxonomy-with-ids"]),
        pairs(&TREE)
    );

    let shopify = "# Shopify Product Taxonomy - Categories\n\
        gid://shopify/TaxonomyCategory/ap   : Animals\n\
        gid://shopify/TaxonomyCategory/ap-1 : Animals > Live\n\
        gid://shopify/TaxonomyCategory/ae   : Arts, Fun\n";
    let found = categories(shopify, &["Shopify categories"]);
    let paths = [
        ("ap", "Animals"),
        ("ap-1", "Animals > Live"),
        ("ae", "Arts, Fun"),
    ];
    assert_eq!(found, pairs(&paths));

    let parents = "id,parent_id,name\n3,1,Live\n1,0,Animals\n2,,\"Arts, Fun\"\n";
    let mut found = categories(parents, &["comma-separated columns", "by parent"]);
    found.sort();
    let mut tree = pairs(&TREE);
    tree.sort();
    assert_eq!(found, tree);

    let jsonl = "{\"id\": 1, \"path\": [\"Animals\"]}\n\
        {\"id\": 3, \"path\": [\"Animals\", \"Live\"]}\n\
        {\"id\": 2, \"path\": [\"Arts, Fun\"]}\n";
    assert_eq!(categories(jsonl, &["JSON Lines"]), pairs(&TREE));

    let paths = "Animals > Live\nArts, Fun\n";
    let found = categories(paths, &["paths, one per line"]);
    let by_path = ["Animals", "Animals > Live", "Arts, Fun"].map(|path| (path, path));
    assert_eq!(found, pairs(&by_path));
}

#[test]
fn a_stated_separator_and_standard_input_are_obeyed() {
    let place = Place::empty();
    let ran = place.feed(
        "init shop --taxonomy - --separator ::",
        "A/B::C\nD::E > F\n",
    );
    ran.ended(0).said(&[
        "standard input: paths",
        "4 categories, 2 of them leaves, 2 levels",
    ]);
    let shown = place.run("taxonomy show shop").done();
    let names: Vec<&str> = shown
        .lines()
        .map(|line| line.split("  [").next().unwrap_or_default())
        .collect();
    assert_eq!(names, ["A/B", "  C", "D", "  E > F"]);
}

#[test]
fn an_exported_taxonomy_makes_the_same_catalog() {
    let place = Place::empty();
    let rows = [
        "{\"id\": \"a\", \"path\": [\"Home\"], \"aliases\": [\"house\", \"Haus\"], \"path_zh\": [\"家\"]}",
        "{\"id\": \"b\", \"path\": [\"Home\", \"Lamps\"], \"descriptions\": [\"Give light, \\\"bright\\\" or dim.\"], \
          \"examples\": [\"Desk lamp\", \"LED lamp\"], \"path_zh\": [\"家\", \"灯\"]}",
        "{\"id\": \"c\", \"path\": [\"Home\", \"Sheets, covers\"]}",
    ];
    place.write("tree.jsonl", rows.join("\n"));
    place.run("init first --taxonomy tree.jsonl").done();
    for format in ["tsv", "jsonl"] {
        let export = |shop: &str, as_format: &str| {
            let arguments = format!("taxonomy export {shop} --format {as_format}");
            place.run(&arguments).done()
        };
        let file = format!("tree.{format}");
        let arguments = format!("taxonomy export first --format {format} -o {file}");
        assert_eq!(place.run(&arguments).done(), "");
        assert_eq!(place.read(&file), export("first", format));
        place
            .run(&format!("init again-{format} --taxonomy {file}"))
            .done();
        for as_format in ["tsv", "jsonl", "paths"] {
            let again = export(&format!("again-{format}"), as_format);
            assert_eq!(export("first", as_format), again, "{format}");
        }
    }
}

#[test]
fn categories_are_shown_and_found() {
    let place = Place::with_shop();
    assert_eq!(
        place.run("taxonomy show shop").done(),
        "Kitchen  [kitchen]\n  Kettles  [kettles]\n  Knives  [knives]\n\
         Electronics  [electronics]\n  Headphones  [headphones]\n  Laptops  [laptops]\n"
    );
    let roots = place.run("taxonomy show shop --depth 1").done();
    assert_eq!(roots, "Kitchen  [kitchen]\nElectronics  [electronics]\n");
    let part = place
        .run_with("taxonomy show shop", "Kitchen > Knives")
        .done();
    assert_eq!(part, "Knives  [knives]\n");
    for (text, id) in [
        ("KETT", "kettles"),
        ("earbud", "headphones"),
        ("boiler", "kettles"),
    ] {
        let ran = place.run(&format!("taxonomy find shop {text}")).ended(0);
        let rows: Vec<&str> = ran.stdout.lines().collect();
        assert!(
            rows.len() == 1 && rows[0].ends_with(&format!("[{id}]")),
            "{text}: {rows:?}"
        );
        ran.said(&["1 category found"]);
    }
    let ran = place.run("taxonomy find shop sofa").ended(0);
    ran.said(&["0 categories found"]);
}

#[test]
fn a_replaced_taxonomy_keeps_labels_by_their_ids() {
    let place = Place::with_shop();
    place.write("old.tsv", common::TAXONOMY);
    place.write(
        "new.csv",
        "id,path\nkettles,Tea > Water kettles\nknives,Cutting\n",
    );
    let told = [
        "categories: 1 added, 4 gone, 2 renamed, 2 moved",
        "1 label names a category that goes",
    ];
    place
        .run("taxonomy import shop new.csv --dry-run")
        .ended(0)
        .said(&told);
    let asked = place.run("taxonomy import shop new.csv");
    asked.failed(2, &["1 label loses", "--yes"]);
    assert_eq!(place.product("p5")["label"]["id"], "headphones");
    let ran = place.run("taxonomy import shop new.csv --yes").ended(0);
    let ran = ran.said(&told);
    ran.said(&[
        "the catalog has 3 categories now",
        "1 label names a category that is gone",
    ]);
    assert_eq!(place.product("p1")["label"]["path"], "Tea > Water kettles");
    assert_eq!(place.product("p5")["label"], serde_json::Value::Null);
    let ran = place.run("classify shop --format jsonl").ended(0);
    assert_eq!(
        lines(&ran.stdout)[0]["category"]["path"],
        "Tea > Water kettles"
    );
    place.run("taxonomy import shop old.tsv").done();
    assert_eq!(place.product("p5")["label"]["id"], "headphones");
    place.run("check shop").done();
}

#[test]
fn labels_on_leaves_that_get_children_are_told() {
    let place = Place::with_shop();
    let more = format!(
        "{}whistling\tKitchen > Kettles > Whistling\n",
        common::TAXONOMY
    );
    place.write("more.tsv", more);
    let ran = place.run("taxonomy import shop more.tsv").ended(0);
    ran.said(&["categories: 1 added", "on a leaf that gets children"]);
}

#[test]
fn a_tree_that_looks_wrong_is_asked_about() {
    let place = Place::empty();
    let rows = (1..9).map(|at| format!("Tea - sort {at}\n"));
    place.write("tree.txt", rows.collect::<String>());
    let asked = place.run("init shop --taxonomy tree.txt");
    asked.failed(2, &["single level", "--yes", "--separator"]);
    assert!(!place.path("shop").exists());
    place.run("init shop --taxonomy tree.txt --yes").done();
    let ran = place.run_with("init cut --taxonomy tree.txt --separator", " - ");
    ran.ended(0)
        .said(&["9 categories", "2 levels", "most below `Tea`"]);
}

#[test]
fn columns_are_told_and_can_be_stated() {
    let place = Place::empty();
    place.write("tree.csv", "ref;up;word\n7;;Tea\n8;7;Green\n9;7;Black\n");
    let told = place.run("init shop --taxonomy tree.csv");
    told.failed(
        1,
        &["the columns are ref, up, word", "--id, --parent and --name"],
    );
    let stated = "init shop --taxonomy tree.csv --id ref --parent up --name word";
    let ran = place.run(stated).ended(0);
    ran.said(&[
        "semicolon-separated",
        "id=ref parent=up name=word, by parent",
    ]);
    let paths = place.run("taxonomy export shop --format paths").done();
    assert!(
        paths.ends_with("\nTea\nTea > Green\nTea > Black\n"),
        "{paths}"
    );
    let levels = "taxonomy import shop tree.csv --levels up,word --yes";
    place.run(levels).ended(1).said(&["tree.csv, line 2"]);
}

#[test]
fn every_export_is_read_back_as_the_same_tree() {
    for rows in [
        &[
            "Storage",
            "Storage|Disks > 1 TB",
            "Storage|\"cold\"",
            "Storage|A/C, small",
            "#1 gifts",
        ][..],
        &[
            "a>b",
            "a>c",
            "a/b",
            "a/c",
            "\"quoted\"",
            "ends,",
            "1 - one",
            "Category",
            "{x",
        ],
        &["1 - one", "2 - two", "3 - three|4 - four"],
        &["Path", "Path\\> x|\\"],
    ] {
        let place = Place::empty();
        let line = |path: &&str| {
            let names: Vec<&str> = path.split('|').collect();
            format!("{}\n", serde_json::json!({ "path": names }))
        };
        let file: String = rows.iter().map(line).collect();
        place.write("tree.jsonl", file);
        place.run("init first --taxonomy tree.jsonl --yes").done();
        let whole = place.run("taxonomy export first --format jsonl").done();
        for format in ["paths", "tsv", "jsonl"] {
            let file = format!("again.{format}");
            place
                .run(&format!(
                    "taxonomy export first --format {format} -o {file}"
                ))
                .done();
            let again = format!("again-{format}");
            place
                .run(&format!(
                    "init {again} --taxonomy {file} --yes --no-prepare"
                ))
                .done();
            let read = place
                .run(&format!("taxonomy export {again} --format jsonl"))
                .done();
            assert_eq!(read, whole, "{format}: {}", place.read(&file));
        }
    }
}

#[test]
fn aliases_with_the_sign_between_them_are_read_back() {
    let place = Place::empty();
    let tree = r#"{"id":"1","path":["Tea"],"aliases":["a|b","c\\d","e\\|f"],"examples":["x|y"]}"#;
    place.write("tree.jsonl", tree);
    place.run("init one --taxonomy tree.jsonl").done();
    place
        .run("taxonomy export one --format tsv -o tree.tsv")
        .done();
    place.run("init two --taxonomy tree.tsv").done();
    let export = |shop: &str| {
        let command = format!("taxonomy export {shop} --format jsonl");
        place.run(&command).done()
    };
    assert_eq!(export("two"), export("one"));
}

#[test]
fn a_quarter_of_a_million_categories_take_seconds() {
    let place = Place::empty();
    let mut tree = "id\tparent\tname\n".to_owned();
    for node in 0..250_000_u32 {
        let parent = node.checked_sub(1).map(|before| (before / 10).to_string());
        let parent = parent.unwrap_or_default();
        writeln!(tree, "{node}\t{parent}\tNode number {node}").unwrap();
    }
    place.write("tree.tsv", tree);
    let begun = Instant::now();
    let ran = place
        .run("init shop --taxonomy tree.tsv --no-prepare")
        .ended(0);
    ran.said(&["250,000 categories", "7 levels"]);
    let ran = place.run_with("taxonomy find shop", "node number 249999");
    assert!(ran.done().contains("249999"));
    let time = begun.elapsed();
    eprintln!("250,000 categories: made and searched in {time:?}");
    assert!(time.as_secs() < 40, "{time:?}");
}
