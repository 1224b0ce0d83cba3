//! `assort evaluate`: comparison, cross-validation, CSV and the report.

use serde_json::Value;

use crate::common::{Place, csv_records, json};

/// Held-out products with their categories.
const TRUTH: &str = "id,title,category\n\
    t1,Travel kettle,kettles\n\
    t2,Bread knife,knives\n\
    t3,Steak knife,knives\n\
    t4,Noise cancelling headphones,knives\n\
    t5,Water boiler,kettles\n";

fn place() -> Place {
    let place = Place::with_shop();
    place.write("truth.csv", TRUTH);
    place
}

#[test]
fn csv_has_a_line_for_every_category() {
    let place = place();
    let told = place.run("evaluate shop truth.csv --format csv").done();
    let records = csv_records(&told);
    assert_eq!(
        records[0],
        [
            "category_id",
            "category",
            "precision",
            "recall",
            "f1-score",
            "support",
            "decided",
            "taken_for_id",
            "taken_for",
            "taken_for_count"
        ]
    );
    // The largest first.
    assert_eq!(records[1][..2], ["knives", "Kitchen > Knives"]);
    assert_eq!(records[1][3], "0.6667");
    assert_eq!(records[1][5..8], ["3", "2", "headphones"]);
    assert_eq!(records[2][..1], ["kettles"]);
    assert_eq!(
        records[3][..6],
        [
            "headphones",
            "Electronics > Headphones",
            "0.0000",
            "0.0000",
            "0.0000",
            "0"
        ]
    );
    assert_eq!(records.len(), 4);
}

#[test]
fn two_methods_are_compared() {
    let place = place();
    let arguments = "evaluate shop truth.csv --method auto --compare zero-shot";
    let report = json(&place.run(&format!("{arguments} --format json")).done());
    let comparison = &report["comparison"];
    assert_eq!(comparison["method"], "zero-shot");
    assert_eq!(comparison["accuracy"]["first"], report["accuracy"]);
    assert_eq!(comparison["groups"], 5);
    let counts = [
        "both_right",
        "only_first_right",
        "only_second_right",
        "none_right",
    ];
    let counts = counts.map(|name| comparison[name].as_u64().unwrap());
    assert_eq!(counts.iter().sum::<u64>(), 5);
    assert_eq!(report["products_per_second"], Value::Null);
    let table = place.run(arguments).done();
    for words in ["95% INTERVAL", "right by auto alone:"] {
        assert!(table.contains(words), "no `{words}` in {table}");
    }
}

#[test]
fn labels_of_the_catalog_are_cross_validated() {
    let place = place();
    place.write(
        "labels.csv",
        "id,category\np2,kettles\np4,knives\np6,headphones\np7,laptops\np8,laptops\n",
    );
    place.run("label shop labels.csv").done();
    place.run("classify shop --text kettle").done();
    let before = place.content();
    let ran = place.run("evaluate shop --folds 2 --learning-curve --format json");
    let ran = ran
        .ended(0)
        .said(&["part 1 of 2: filed by", "part 2 of 2: filed by"]);
    let report = json(&ran.stdout);
    assert_eq!(report["products"], 8);
    assert_eq!(report["overlap"]["products"], 0);
    let parts = &report["cross_validation"];
    let folds = parts["folds"].as_array().unwrap();
    assert_eq!(folds.len(), 2);
    for fold in folds {
        assert_eq!(fold["products"], 4);
        assert_eq!(fold["labels"], 4);
    }
    assert_eq!(parts["learning_curve"].as_array().unwrap().len(), 5);
    assert!(parts["over_folds"]["accuracy"]["std"].is_number());
    assert_eq!(place.content(), before);
    let table = place.run("evaluate shop --folds 3").done();
    assert!(table.contains("± std"), "{table}");
    assert!(
        table.contains("fewer different products than parts"),
        "{table}"
    );
}

#[test]
fn arguments_that_cannot_be_meant_are_refused() {
    let place = place();
    place.refuses(
        2,
        "evaluate shop --folds 1",
        &["cannot be divided into 1 parts", "--folds"],
    );
    place.refuses(2, "evaluate shop --folds 9", &["are 3"]);
    for arguments in [
        "evaluate shop",
        "evaluate shop truth.csv --folds 2",
        "evaluate shop truth.csv --learning-curve",
        "evaluate shop truth.csv --compare sideways",
    ] {
        assert_eq!(place.run(arguments).code, Some(2), "{arguments}");
    }
    let words = ["the report cannot be written to", "choose another file"];
    place.refuses(
        2,
        "evaluate shop truth.csv --report nowhere/report.html",
        &words,
    );
    place.refuses(2, "evaluate shop truth.csv --report shop", &words);
    place.refuses(2, "evaluate shop truth.csv --report -", &words);
}

#[test]
fn a_report_is_one_whole_page_without_script_or_network() {
    let place = Place::empty();
    place.write(
        "tree.tsv",
        "id\tpath\nscript\tKitchen > Alerts <3 'scripts'\nknives\tKitchen > Knives & \"forks\"\nkettles\tHome > 电热水壶和其他非常长的类别名称\n",
    );
    place.write(
        "products.csv",
        "id,title,category\n1,Alert script,script\n2,Bread knife,knives\n3,电热水壶,kettles\n4,Script,script\n5,Butter knife,knives\n6,水壶,kettles\n",
    );
    // The taxonomy takes markup out of names; those of files can have it.
    place.run("init <script>shop --taxonomy tree.tsv").done();
    place.run("import <script>shop products.csv").done();
    place.write("<b>held-out.csv", "id,title,category\na,Knife,script\nb,Steak knife,knives\nc,Script,script\nd,水壶,kettles\n");
    let arguments = "evaluate <script>shop <b>held-out.csv --compare zero-shot --report report.html --format json";
    let ran = place
        .run(arguments)
        .ended(0)
        .said(&["the report is in report.html"]);
    assert_eq!(json(&ran.stdout)["products"], 4);
    let page = place.read("report.html");
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"));
    assert!(!page.contains("<script"), "names are escaped");
    assert!(page.contains("Evaluation of &lt;script&gt;shop"));
    assert!(page.contains("&lt;b&gt;held-out.csv") && !page.contains("<b>"));
    assert!(page.contains("Alerts &lt;3 'scripts'"));
    assert!(page.contains("Knives &amp; &quot;forks&quot;"));
    assert!(page.contains("电热水壶和其他非常长的类别名称"));
    for outside in [
        "http:", "https:", "url(", "<link", "<img", "@import", "src=", "href=",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
    for part in [
        "prefers-color-scheme: dark",
        "@media print",
        "<svg",
        "<h2>auto compared with zero-shot</h2>",
        "<h2>Levels</h2>",
        "<h2>Confidence</h2>",
        "<h2>Mistakes</h2>",
        "<h2>Every category</h2>",
        "Not measured.",
    ] {
        assert!(page.contains(part), "no {part}");
    }
    // Every element that is opened is closed, as SVG has to be.
    for element in [
        "svg", "table", "section", "figure", "g", "rect", "line", "path", "td", "tr",
    ] {
        let opened = page.matches(&format!("<{element} ")).count()
            + page.matches(&format!("<{element}>")).count();
        assert_eq!(
            opened,
            page.matches(&format!("</{element}>")).count(),
            "{element}"
        );
    }
    assert!(!page.contains("NaN") && !page.contains("inf\""));
    let ran = place.run("evaluate <script>shop --folds 2 --learning-curve --report folds.html");
    ran.done();
    let page = place.read("folds.html");
    for part in [
        "<h2>Cross-validation</h2>",
        "mean ± standard deviation",
        "labels learned from",
    ] {
        assert!(page.contains(part), "no {part}");
    }
    assert!(!page.contains("NaN"));
}
