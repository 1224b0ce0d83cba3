//! A catalog learns a fast encoder from a slow one, from the command line.

use serde_json::Value;

use crate::common::{Place, TAXONOMY};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A file of 600 products with different titles.
fn products() -> String {
    let mut text = String::from("id,title,category\n");
    let kinds = [
        ("kettle", "kettles"),
        ("bread knife", "knives"),
        ("headphones", "headphones"),
        ("laptop", "laptops"),
    ];
    let colours = [
        "red", "blue", "green", "black", "white", "silver", "grey", "pink", "gold", "brown",
    ];
    let makes = [
        "Ardo", "Belo", "Caro", "Duno", "Elro", "Fino", "Gero", "Halo", "Iro", "Jano", "Kilo",
        "Lumo", "Mino", "Nero", "Oslo",
    ];
    for (kind, category) in kinds {
        for colour in colours {
            for make in makes {
                let id = format!("{kind}-{colour}-{make}").replace(' ', "-");
                text.push_str(&format!("{id},{make} {kind} in {colour},{category}\n"));
            }
        }
    }
    text
}

#[test]
fn a_new_catalog_is_imported_by_a_student_that_can_be_made_anew_and_exported() {
    let place = Place::empty();
    place.write("taxonomy.tsv", TAXONOMY);
    place.write("products.csv", products());
    place.run("init shop --taxonomy taxonomy.tsv").done();
    place
        .run("import shop products.csv --fast --min-quality 0.5")
        .done();
    let stats = json(&place.run("stats shop --format json").done());
    assert_eq!(stats["products"], 600);
    assert!(
        stats["embedder"]
            .as_str()
            .unwrap()
            .starts_with("distilled:students/")
    );
    assert!(stats["student"]["familiarity"].as_f64().unwrap() > 0.5);
    let space = stats["space"].clone();
    assert!(place.run("stats shop").done().contains("times as well"));
    let found = place.run("search shop kettle --top 3").done();
    assert!(found.contains("kettle"), "{found}");
    place.run("check shop").done();
    place.run("import shop products.csv --fast").failed(
        2,
        &["--fast is for a catalog without products", "assort distill"],
    );

    // The same student again, and not good enough: the catalog still has it.
    place
        .run("distill shop --min-quality 0.9999")
        .ended(1)
        .said(&["--min-quality"]);
    assert!(
        place
            .run("search shop kettle --top 3")
            .done()
            .contains("kettle")
    );

    // Another seed gives another student; the catalog stays as it is.
    let report = place
        .run(
            "distill shop --no-adopt --seed 2 --min-quality 0.5 --export out.student --format json",
        )
        .done();
    let report = json(&report);
    assert_eq!(
        report["taught"], 0,
        "the teacher was asked before: {report}"
    );
    assert!(
        report["accuracy"]["neighbor"].as_f64().unwrap() > 0.8,
        "{report}"
    );
    let now = json(&place.run("stats shop --format json").done());
    assert_eq!(now["space"], space);
    place
        .run("distill shop --seed 3 --min-quality 0.9999")
        .ended(1)
        .said(&["--min-quality", "stays as it is"]);
    place.run("reembed shop --distilled").done();
    let now = json(&place.run("stats shop --format json").done());
    assert_ne!(now["space"], space);
    place
        .run("reembed shop --distilled")
        .failed(2, &["no student waits", "assort distill shop"]);

    place
        .run("init other --taxonomy taxonomy.tsv --embedder distilled:out.student")
        .done();
    place.run("import other products.csv").done();
    assert!(
        place
            .run("search other kettle --top 3")
            .done()
            .contains("kettle")
    );
    let whole = std::fs::read(place.path("out.student")).unwrap();
    place.write("out.student", &whole[..whole.len() / 2]);
    place
        .run("search other kettle")
        .failed(1, &["out.student", "cut short"]);
    place.run("stats other").done();
}

#[test]
fn a_student_starts_from_what_it_is_told_to() {
    let place = Place::empty();
    place.write("taxonomy.tsv", TAXONOMY);
    place.write("products.csv", products());
    place.run("init shop --taxonomy taxonomy.tsv").done();
    place.run("import shop products.csv").done();
    let size = |options: &str, said: &str| {
        let made = place.run(&format!(
            "distill shop --no-adopt --min-quality 0 --epochs 1 --buckets 1024 --format json {options}"
        ));
        json(&made.said(&[said]).done())["bytes"].as_u64().unwrap()
    };
    let from_nothing = size("--start none", "the student starts from nothing");
    let started = size("", "the student starts from the static embedding");
    assert!(
        started > from_nothing + 1_000_000,
        "{started} {from_nothing}"
    );
    for (start, told) in [
        ("static:missing.static", "missing.static"),
        ("fastembed:all-MiniLM-L6-v2", "is no static embedding"),
        ("nothing", "names no embedder"),
    ] {
        let refused = place.run(&format!("distill shop --no-adopt --start {start}"));
        refused.said(&[told]);
    }
}

#[test]
fn a_shop_of_few_products_is_told_so() {
    let place = Place::with_shop();
    place
        .run("distill shop")
        .failed(2, &["8 distinct products", "500 at least"]);
    let stats = json(&place.run("stats shop --format json").done());
    assert_eq!(stats["embedder"], "bundled");
}
