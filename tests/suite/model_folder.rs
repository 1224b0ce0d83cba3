//! A whole catalog on a real ONNX model, from `init` to `reembed`.
//!
//! Needs ONNX Runtime and the folder `minilm-l6-int8` in the folder that
//! `ASSORT_MODELS` names, or in `../shared/models`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn assort(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_assort"))
        .args(args)
        .output()
        .unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(output: &Output) -> serde_json::Value {
    assert!(output.status.success(), "{}", stderr(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The model's folder as an embedder spec; says why where there is none, and
/// fails if `ASSORT_REQUIRE_MODELS` is set.
fn minilm() -> Option<String> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/models");
    let models = std::env::var_os("ASSORT_MODELS").map_or_else(beside, PathBuf::from);
    let folder = models.join("minilm-l6-int8");
    let why = if !folder.is_dir() {
        "no model folder minilm-l6-int8; set ASSORT_MODELS to the folder that holds it"
    } else if std::env::var_os("ORT_DYLIB_PATH").is_none() {
        "no ONNX Runtime; set ORT_DYLIB_PATH"
    } else {
        return Some(format!("dir:{}", folder.display()));
    };
    assert!(
        std::env::var_os("ASSORT_REQUIRE_MODELS").is_none(),
        "must not be skipped: {why}"
    );
    eprintln!("skipped: {why}");
    None
}

/// A catalog of a few lamps and kettles on `spec`.
fn shop(folder: &Path, spec: &str) -> String {
    let taxonomy = folder.join("taxonomy.txt");
    std::fs::write(&taxonomy, "Home > Lamps\nHome > Kettles\nGarden > Hoses\n").unwrap();
    let products = folder.join("products.csv");
    let rows = "id,title,category\n1,Desk lamp with dimmer,Lamps\n2,Floor lamp brass,\n3,Electric kettle 1.7 l,Kettles\n4,Garden hose 20 m,\n";
    std::fs::write(&products, rows).unwrap();
    let shop = folder.join("shop").display().to_string();
    let made = assort(&[
        "init",
        &shop,
        "--taxonomy",
        taxonomy.to_str().unwrap(),
        "--embedder",
        spec,
    ]);
    assert!(made.status.success(), "{}", stderr(&made));
    let imported = assort(&["import", &shop, products.to_str().unwrap()]);
    assert!(imported.status.success(), "{}", stderr(&imported));
    shop
}

fn filed(shop: &str, title: &str) -> String {
    let decision = json(&assort(&[
        "classify", shop, "--text", title, "--format", "jsonl",
    ]));
    decision["category"]["path"].as_str().unwrap().to_owned()
}

#[test]
fn a_catalog_on_a_model_folder_files_and_searches() {
    let Some(spec) = minilm() else { return };
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path(), &spec);
    assert_eq!(filed(&shop, "Reading lamp for the bedside"), "Home > Lamps");
    assert_eq!(filed(&shop, "Whistling tea kettle"), "Home > Kettles");
    let found = json(&assort(&[
        "search",
        &shop,
        "watering the lawn",
        "--top",
        "1",
        "--format",
        "jsonl",
    ]));
    assert_eq!(found["id"], "4");
}

#[test]
fn a_catalog_refuses_another_space_and_moves_to_it_when_told() {
    let Some(spec) = minilm() else { return };
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path(), "bundled");
    let stats = json(&assort(&["stats", &shop, "--format", "json"]));
    let space = stats["space"].as_str().unwrap();
    let refused = assort(&["search", &shop, "lamp", "--embedder", &spec]);
    assert_eq!(refused.status.code(), Some(1));
    let message = stderr(&refused);
    assert!(
        message.contains(space) && message.contains("minilm-l6-int8"),
        "{message}"
    );
    let moved = assort(&["reembed", &shop, "--embedder", &spec]);
    assert!(moved.status.success(), "{}", stderr(&moved));
    let stats = json(&assort(&["stats", &shop, "--format", "json"]));
    assert_eq!(stats["dimensions"], 384);
    assert!(
        stats["space"]
            .as_str()
            .unwrap()
            .starts_with("minilm-l6-int8")
    );
    assert!(assort(&["check", &shop]).status.success());
    assert_eq!(filed(&shop, "Reading lamp for the bedside"), "Home > Lamps");
}

#[test]
fn a_vector_cache_spares_the_model_what_it_did_for_another_catalog() {
    let Some(spec) = minilm() else { return };
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path(), &spec);
    let cache = folder.path().join("vectors").display().to_string();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let run = |args: &[&str]| {
        let output = assort(&[args, &["--vector-cache", &cache]].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        output.stdout
    };
    for other in ["one", "two"] {
        let (other, taxonomy) = (file(other), file("taxonomy.txt"));
        run(&["init", &other, "--taxonomy", &taxonomy, "--embedder", &spec]);
        run(&["import", &other, &file("products.csv")]);
        let filed = run(&[
            "classify",
            &other,
            "--text",
            "Tea kettle",
            "--format",
            "jsonl",
        ]);
        let plain = assort(&[
            "classify",
            &shop,
            "--text",
            "Tea kettle",
            "--format",
            "jsonl",
        ]);
        assert_eq!(filed, plain.stdout);
        assert!(std::fs::metadata(&cache).unwrap().len() > 0);
    }
    std::fs::write(file("notes.txt"), "not a cache").unwrap();
    let refused = assort(&[
        "search",
        &shop,
        "lamp",
        "--vector-cache",
        &file("notes.txt"),
    ]);
    assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
    assert!(
        stderr(&refused).contains("notes.txt"),
        "{}",
        stderr(&refused)
    );
}
