//! What every embedder promises, held against each one that is at hand.
//!
//! Model folders are looked for in the folder `ASSORT_MODELS` names, or else in
//! `shared/models` beside the repository.

use std::path::{Path, PathBuf};

use assort_core::{EmbedError, Embedder, Input, Role, Space, TextInput};
use assort_embed::{
    Error, Options, Pooling, Prompts, Spec, StoredSpec, list, open, prompts, reopen,
};
use assort_static::{Bits, Card, Piece, StaticEmbedding, Table};

/// Texts of many lengths, scripts and oddities, so that sorting, padding,
/// cutting and blank texts all happen within one call.
fn texts() -> Vec<String> {
    let words = [
        "red",
        "steel water bottle 500 ml",
        "跑步鞋 女式",
        "кофемолка",
        "USB-C ⚡ cable, 2 m",
        "Halskette",
    ];
    let mut texts: Vec<String> = (0..70)
        .map(|i| vec![words[i % words.len()]; 1 + i * 7 % 11].join(" "))
        .collect();
    texts.extend(["", " \t", "\u{200b}", "🏳️‍🌈", "?"].map(str::to_owned));
    texts.push("endless text ".repeat(20_000));
    texts
}

fn embed(embedder: &dyn Embedder, texts: &[&str]) -> Result<Vec<f32>, EmbedError> {
    let inputs: Vec<Input<'_>> = texts.iter().map(|text| Input::plain(text)).collect();
    embedder.embed(&inputs, Role::Document)
}

fn assert_keeps_its_promises(embedder: &dyn Embedder) {
    let texts = texts();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let dimensions = embedder.space().dimensions;
    let rows = embed(embedder, &texts).unwrap();
    assert_eq!(rows.len(), texts.len() * dimensions);
    for (text, row) in texts.iter().zip(rows.chunks_exact(dimensions)) {
        let norm: f32 = row.iter().map(|v| v * v).sum();
        assert!((norm - 1.0).abs() < 1e-4, "norm² {norm} of {text:.40}");
        let alone = embed(embedder, &[text]).unwrap();
        let apart = row.iter().zip(&alone).map(|(a, b)| (a - b).abs());
        let apart = apart.fold(0.0, f32::max);
        assert!(apart <= 1e-5, "{text:.40} is {apart} from itself alone");
    }
    assert!(embed(embedder, &[]).unwrap().is_empty());
}

/// Says why a test is skipped; where `ASSORT_REQUIRE_MODELS` is set, nothing is.
pub(crate) fn skipped(why: &str) {
    assert!(
        std::env::var_os("ASSORT_REQUIRE_MODELS").is_none(),
        "must not be skipped: {why}"
    );
    eprintln!("skipped: {why}");
}

fn model_folder(name: &str) -> Option<PathBuf> {
    let models = std::env::var_os("ASSORT_MODELS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/models"),
        PathBuf::from,
    );
    let folder = models.join(name);
    if !folder.is_dir() {
        skipped(&format!(
            "no model folder {name}; set ASSORT_MODELS to the folder that holds it"
        ));
        return None;
    }
    Some(folder)
}

/// The embedder of a model folder, if the folder and ONNX Runtime are here.
fn open_folder(name: &str, options: &Options) -> Option<std::sync::Arc<dyn Embedder>> {
    match open(&Spec::Dir(model_folder(name)?), options) {
        Err(Error::RuntimeMissing { cause }) => {
            skipped(&format!("{name} needs ONNX Runtime, {cause}"));
            None
        }
        opened => Some(opened.unwrap()),
    }
}

#[test]
fn bundled_keeps_its_promises() {
    let embedder = open(&Spec::Bundled, &Options::default()).unwrap();
    assert_keeps_its_promises(&*embedder);
}

#[test]
fn bundled_reads_more_than_english_and_tells_what_it_does_not_know() {
    let embedder = open(&Spec::Bundled, &Options::default()).unwrap();
    let known = |text| embedder.known_share(TextInput::plain(text)).unwrap();
    for text in [
        "red kettle",
        "不锈钢水壶",
        "Wasserkocher aus Edelstahl",
        "셔츠",
        "남성 바지",
        "หม้อเหล็ก",
        "鋳鉄製土鍋",
    ] {
        assert!(known(text) > 0.5, "{text}: {}", known(text));
    }
    // Greek, Hindi and Hebrew were not taught, Linear B is no script of shops, and single letters and
    // numbers say nothing.
    for strange in [
        "Καπέλο μάλλινο",
        "टोपी ऊनी",
        "כובע צמר",
        "\u{10000}\u{10001}\u{10002}\u{10003}",
        "xqzv wvqk",
        "9917 3321",
    ] {
        assert!(known(strange) < 0.1, "{strange}: {}", known(strange));
    }
}

#[test]
fn a_catalog_of_the_former_bundled_is_recognised_by_its_space() {
    let folder = tempfile::tempdir().unwrap();
    let former = Space {
        model: "bundled".to_owned(),
        fingerprint: "9067dd4d261f419c80ac6f1b09bd330d".to_owned(),
        dimensions: 384,
    };
    let stored = StoredSpec::of_catalog("bundled", folder.path(), &former).unwrap();
    assert_eq!(stored.spec, Spec::BundledEnglish);
    match reopen("bundled", folder.path(), &former, &Options::default()) {
        Ok(embedder) => assert_eq!(*embedder.space(), former),
        Err(Error::NotCompiled { spec }) => assert_eq!(spec, "bundled-english"),
        Err(other) => panic!("{other}"),
    }
    let embedder = open(&Spec::Bundled, &Options::default()).unwrap();
    let stored = StoredSpec::of_catalog("bundled", folder.path(), embedder.space()).unwrap();
    assert_eq!(stored.spec, Spec::Bundled);
}

#[cfg(feature = "bundled-english")]
#[test]
fn the_former_bundled_keeps_its_promises() {
    let embedder = open(&Spec::BundledEnglish, &Options::default()).unwrap();
    assert_keeps_its_promises(&*embedder);
    let known = embedder.known_share(TextInput::plain("水壶 ab"));
    assert_eq!(known, Some(0.5));
}

#[test]
fn bundled_refuses_to_be_varied() {
    let options = Options::default().with_max_length(Some(64));
    let refused = open(&Spec::Bundled, &options).err().unwrap();
    assert!(matches!(refused, Error::Fixed { .. }), "{refused}");
}

/// A small static embedding in a file.
fn static_file(folder: &Path, name: &str) -> Spec {
    let texts = ["", "▁red", "▁steel", "▁", "water", "跑步鞋", "е", "s"];
    let pieces = texts.map(|text| Piece {
        text,
        score: -1.0,
        is_known: true,
    });
    let numbers = (0..texts.len() * 64).map(|i| (i as f32).sin());
    let rows: Vec<f32> = numbers.collect();
    let table = Table::rounded(64, Bits::Four, &rows).unwrap();
    let card = Card {
        name: name.to_owned(),
        provenance: String::new(),
    };
    let path = folder.join(format!("{name}.static"));
    let embedding = StaticEmbedding::new(&card, &pieces, 0, &table).unwrap();
    embedding.save(&path).unwrap();
    Spec::Static(path)
}

#[test]
fn a_static_embedding_keeps_its_promises() {
    let folder = tempfile::tempdir().unwrap();
    let spec = static_file(folder.path(), "toy");
    let embedder = open(&spec, &Options::default()).unwrap();
    assert_eq!(embedder.space().model, "toy");
    assert_eq!(embedder.space().dimensions, 64);
    assert_keeps_its_promises(&*embedder);
    let stored = StoredSpec::new(&spec, &Options::default()).to_string();
    let space = embedder.space();
    let again = reopen(&stored, folder.path(), space, &Options::default()).unwrap();
    assert_eq!(again.space(), embedder.space());
    let other = static_file(folder.path(), "other");
    let other = open(&other, &Options::default()).unwrap();
    assert_ne!(other.space().fingerprint, embedder.space().fingerprint);
}

#[test]
fn a_static_embedding_that_cannot_be_opened_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let spec = static_file(folder.path(), "toy");
    let options = Options::default().with_pooling(Some(Pooling::Cls));
    let refused = open(&spec, &options).err().unwrap().to_string();
    assert!(refused.contains("sums all pieces"), "{refused}");
    let path = folder.path().join("toy.static");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let damaged = open(&spec, &Options::default()).err().unwrap();
    assert!(damaged.to_string().contains("toy.static"), "{damaged}");
    assert_eq!(damaged.kind(), assort_core::ErrorKind::Damaged);
}

#[test]
fn minilm_folder_keeps_its_promises() {
    let Some(embedder) = open_folder("minilm-l6-int8", &Options::default()) else {
        return;
    };
    assert_eq!(embedder.space().model, "minilm-l6-int8");
    assert_eq!(embedder.space().dimensions, 384);
    assert_keeps_its_promises(&*embedder);
}

#[test]
fn use_folder_keeps_its_promises() {
    let Some(embedder) = open_folder("use-multilingual", &Options::default()) else {
        return;
    };
    assert_eq!(embedder.space().dimensions, 512);
    assert_keeps_its_promises(&*embedder);
}

#[test]
fn callers_may_share_an_embedder() {
    let options = Options::default().with_threads(Some(2));
    let Some(embedder) = open_folder("minilm-l6-int8", &options) else {
        return;
    };
    let texts = ["red shoes", "steel bottle", "garden hose"].repeat(30);
    let expected = embed(&*embedder, &texts).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(embed(&*embedder, &texts).unwrap().len(), expected.len()));
        }
    });
}

#[test]
fn pooling_and_length_decide_the_space() {
    let opened = |pooling, max_length| {
        let options = Options::default()
            .with_pooling(pooling)
            .with_max_length(max_length)
            .with_threads(Some(1));
        open_folder("minilm-l6-int8", &options).map(|e| e.space().clone())
    };
    let Some(plain) = opened(None, None) else {
        return;
    };
    assert_eq!(opened(Some(Pooling::Mean), Some(512)), Some(plain.clone()));
    assert_ne!(opened(Some(Pooling::Cls), None), Some(plain.clone()));
    assert_ne!(opened(None, Some(64)), Some(plain));
}

#[test]
fn damaged_files_are_named() {
    let Some(model) = model_folder("minilm-l6-int8") else {
        return;
    };
    for damaged in ["model.onnx", "tokenizer.json"] {
        let folder = tempfile::tempdir().unwrap();
        for file in ["model.onnx", "tokenizer.json", "tokenizer_config.json"] {
            let mut bytes = std::fs::read(model.join(file)).unwrap();
            if file == damaged {
                bytes.truncate(bytes.len() / 2);
            }
            std::fs::write(folder.path().join(file), bytes).unwrap();
        }
        let spec = Spec::Dir(folder.path().to_owned());
        match open(&spec, &Options::default()).err().unwrap() {
            Error::RuntimeMissing { cause } => {
                skipped(&format!("ONNX Runtime, {cause}"));
            }
            error => {
                let message = error.to_string();
                assert!(
                    message.contains(&format!("{damaged} is not valid")),
                    "{message}"
                );
            }
        }
    }
}

/// A folder with the files of a model, and some of its own.
#[cfg(unix)]
fn folder_like(model: &Path, files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(model).unwrap() {
        let file = file.unwrap();
        std::os::unix::fs::symlink(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[cfg(unix)]
#[test]
fn prompts_stand_before_texts_by_their_role_and_make_another_space() {
    let options = Options::default();
    let Some(plain) = open_folder("minilm-l6-int8", &options) else {
        return;
    };
    let model = model_folder("minilm-l6-int8").unwrap();
    let prompts = r#"{"prompts": {"query": "query: ", "document": "passage: "}}"#;
    let folder = folder_like(&model, &[("config_sentence_transformers.json", prompts)]);
    let spec = Spec::Dir(folder.path().to_owned());
    let prompted = open(&spec, &options).unwrap();
    for (role, prompt) in [(Role::Query, "query: "), (Role::Document, "passage: ")] {
        let expected = embed(&*plain, &[&format!("{prompt}red shoes")]).unwrap();
        let made = prompted.embed(&[Input::plain("red shoes")], role).unwrap();
        assert_eq!(made, expected);
    }
    assert_ne!(
        prompted.space().fingerprint,
        plain.space().fingerprint,
        "vectors differ"
    );
    assert_keeps_its_promises(&*prompted);

    // A new catalog keeps that it has prompts, and one from before there were any goes
    // on without.
    let stored = StoredSpec::new(&spec, &options).to_string();
    assert!(stored.ends_with(",prompts=model"), "{stored}");
    let again = reopen(&stored, Path::new(""), prompted.space(), &options).unwrap();
    assert_eq!(again.space(), prompted.space());
    let before = stored.strip_suffix(",prompts=model").unwrap();
    let before = reopen(before, Path::new(""), plain.space(), &options).unwrap();
    assert_eq!(before.space().fingerprint, plain.space().fingerprint);
}

#[test]
fn a_prompt_that_the_tokenizer_writes_is_not_written_twice() {
    let Some(folder) = model_folder("e5-small-multilingual") else {
        return;
    };
    let spec = Spec::Dir(folder);
    let prompts = prompts(&spec).unwrap();
    assert_eq!(prompts, Prompts::Tokenizer("query: ".to_owned()));
    let stored = StoredSpec::new(&spec, &Options::default());
    assert!(!stored.prompts, "{stored}");
}

#[test]
fn all_models_are_listed_the_bundled_first() {
    let cache = tempfile::tempdir().unwrap();
    let listed = list(Some(cache.path()));
    assert!(listed.len() > 40, "{}", listed.len());
    assert_eq!(
        (listed[0].spec.as_str(), listed[0].cached),
        ("bundled", true)
    );
    let others = listed
        .iter()
        .skip_while(|model| model.spec.starts_with("bundled"));
    for model in others {
        assert!(!model.cached && model.dimensions > Some(0));
        assert!(model.spec.starts_with("fastembed:"), "{}", model.spec);
    }
}
