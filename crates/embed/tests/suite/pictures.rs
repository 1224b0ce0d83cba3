//! Folders with models of pictures, which the tests write themselves.

use std::path::Path;
use std::sync::Arc;

use assort_core::{Embedder, Input, Modality, Pixels, Role};
use assort_embed::{Error, Options, Pooling, Spec, StoredSpec, describe, open, reopen};
use assort_testkit::onnx::{MEANS, Node, Number, PLAIN, Small};
use tempfile::TempDir;

use crate::embedders::skipped;

fn node<'a>(operator: &'a str, from: &'a str, to: &'a str) -> Node<'a> {
    Node {
        operator,
        from,
        to,
        attribute: None,
    }
}

fn folder(model: &Small<'_>, settings: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("model.onnx"), model.bytes()).unwrap();
    std::fs::write(folder.path().join("preprocessor_config.json"), settings).unwrap();
    folder
}

/// The embedder of a folder, if ONNX Runtime is here.
fn opened(folder: &Path, options: &Options) -> Option<Arc<dyn Embedder>> {
    match open(&Spec::Dir(folder.to_owned()), options) {
        Err(Error::RuntimeMissing { cause }) => {
            skipped(&format!("a model of pictures needs ONNX Runtime, {cause}"));
            None
        }
        opened => Some(opened.unwrap()),
    }
}

fn filled(rgb: [u8; 3]) -> Pixels {
    Pixels::new(3, 2, rgb.repeat(6)).unwrap()
}

/// Pictures of one colour each, more than one micro-batch.
fn colours() -> Vec<[u8; 3]> {
    (0..23).map(|i| [200 - i, i * 9, 7 * i + 1]).collect()
}

/// Holds that the model gives the direction of each picture's mean colour.
#[track_caller]
fn assert_gives_mean_colours(embedder: &dyn Embedder) {
    assert_eq!(embedder.space().dimensions, 3);
    let pictures: Vec<Pixels> = colours().into_iter().map(filled).collect();
    let inputs: Vec<Input<'_>> = pictures.iter().map(Input::Image).collect();
    let rows = embedder.embed(&inputs, Role::Document).unwrap();
    for (colour, row) in colours().iter().zip(rows.chunks_exact(3)) {
        let colour = colour.map(f32::from);
        let length = colour.iter().map(|v| v * v).sum::<f32>().sqrt();
        for (value, made) in colour.iter().zip(row) {
            assert!((value / length - made).abs() < 1e-5, "{colour:?}: {row:?}");
        }
    }
    assert!(embedder.embed(&[], Role::Document).unwrap().is_empty());
}

#[test]
fn models_of_all_layouts_batches_and_outputs_read_pictures() {
    let pool = [node("GlobalAveragePool", "pictures", "out")];
    let flat = [
        node("GlobalAveragePool", "pictures", "pooled"),
        node("Flatten", "pooled", "out"),
    ];
    let same = [node("Identity", "pictures", "out")];
    let cast = [Node {
        attribute: Some(("to", Number::One(1))),
        ..node("Cast", "pictures", "out")
    }];
    for (numbers, input, nodes, dimensions) in [
        (1, &[0, 3, 0, 0], &pool[..], 4),
        (1, &[0, 3, 4, 4], &flat[..], 2),
        (1, &[1, 3, 4, 4], &flat[..], 2),
        (1, &[5, 3, 4, 4], &pool[..], 4),
        (1, &[0, 4, 4, 3], &same[..], 4),
        (1, &[1, 0, 0, 3], &same[..], 4),
        (2, &[0, 4, 4, 3], &cast[..], 4),
    ] {
        let outputs = [("out", dimensions)];
        let model = Small {
            numbers,
            input,
            nodes,
            outputs: &outputs,
        };
        let folder = folder(&model, PLAIN);
        let Some(embedder) = opened(folder.path(), &Options::default()) else {
            return;
        };
        assert_gives_mean_colours(&*embedder);
    }
}

#[test]
fn the_vectors_of_parts_are_pooled_as_it_is_said() {
    // Each pixel of a row is a part, with its three channels the other way round.
    let nodes = [
        Node {
            attribute: Some(("axes", Number::Many(&[1]))),
            ..node("Squeeze", "pictures", "last_hidden_state")
        },
        node("Identity", "last_hidden_state", "aside"),
    ];
    let model = Small {
        numbers: 1,
        input: &[0, 1, 4, 3],
        nodes: &nodes,
        outputs: &[("aside", 3), ("last_hidden_state", 3)],
    };
    let settings = r#"{"size": {"width": 4, "height": 1}, "resample": 0, "do_normalize": false}"#;
    let folder = folder(&model, settings);
    let row = |rgb: [[u8; 3]; 4]| Pixels::new(4, 1, rgb.concat()).unwrap();
    let picture = row([[255, 0, 0], [0, 255, 0], [0, 255, 0], [0, 255, 0]]);
    for (pooling, expected) in [
        (None, [1.0, 0.0, 0.0]),
        (Some(Pooling::Cls), [1.0, 0.0, 0.0]),
        (Some(Pooling::Mean), [0.1f32.sqrt(), 0.9f32.sqrt(), 0.0]),
    ] {
        let options = Options::default().with_pooling(pooling);
        let Some(embedder) = opened(folder.path(), &options) else {
            return;
        };
        let made = embedder
            .embed(&[Input::Image(&picture)], Role::Query)
            .unwrap();
        let apart = made.iter().zip(expected).map(|(a, b)| (a - b).abs());
        assert!(apart.fold(0.0, f32::max) < 1e-6, "{made:?}");
    }
}

#[test]
fn weights_and_preparation_decide_the_space() {
    let plain = folder(&MEANS, PLAIN);
    let Some(embedder) = opened(plain.path(), &Options::default()) else {
        return;
    };
    let stored = StoredSpec::new(&Spec::Dir(plain.path().to_owned()), &Options::default());
    let again = reopen(
        &stored.to_string(),
        Path::new(""),
        embedder.space(),
        &Options::default(),
    );
    assert_eq!(again.unwrap().space(), embedder.space());
    let other = folder(
        &MEANS,
        r#"{"size": 4, "resample": 2, "do_normalize": false}"#,
    );
    let other = opened(other.path(), &Options::default()).unwrap();
    assert_ne!(other.space().fingerprint, embedder.space().fingerprint);
}

#[test]
fn a_model_of_pictures_reads_no_texts_and_says_so() {
    let folder = folder(&MEANS, PLAIN);
    let Some(embedder) = opened(folder.path(), &Options::default()) else {
        return;
    };
    assert!(embedder.reads(Modality::Image) && !embedder.reads(Modality::Text));
    let picture = filled([1, 2, 3]);
    let mixed = [Input::Image(&picture), Input::plain("red kettle")];
    let refused = embedder.embed(&mixed, Role::Query).unwrap_err().to_string();
    assert!(refused.contains("kind text"), "{refused}");
    let options = Options::default().with_max_length(Some(20));
    let refused = open(&Spec::Dir(folder.path().to_owned()), &options)
        .err()
        .unwrap();
    assert!(refused.to_string().contains("no tokens"), "{refused}");
}

#[test]
fn a_black_picture_has_no_direction_in_such_a_model_and_that_is_told() {
    let folder = folder(&MEANS, PLAIN);
    let Some(embedder) = opened(folder.path(), &Options::default()) else {
        return;
    };
    let black = filled([0; 3]);
    let refused = embedder.embed(&[Input::Image(&black)], Role::Query);
    assert!(refused.unwrap_err().to_string().contains("zero"));
}

#[test]
fn a_model_of_pictures_is_described_without_running_it() {
    let folder = folder(&MEANS, PLAIN);
    let told = describe(&Spec::Dir(folder.path().to_owned()), None).unwrap();
    assert_eq!(
        told.description,
        "a model of pictures: 4 × 4, nearest, mean 0 0 0, deviation 1 1 1 \
         (preprocessor_config.json)"
    );
    assert!(told.bytes > Some(100) && !told.prompts.are_added());
}

#[test]
fn a_model_that_takes_or_says_what_cannot_be_is_refused_by_its_file() {
    let strange = Small {
        numbers: 7,
        ..MEANS
    };
    let refused = |model: &Small<'_>, settings: &str| {
        let folder = folder(model, settings);
        let spec = Spec::Dir(folder.path().to_owned());
        open(&spec, &Options::default()).err().unwrap().to_string()
    };
    let numbers = refused(&strange, PLAIN);
    assert!(numbers.contains("model.onnx does not work"), "{numbers}");
    let size = refused(&MEANS, r#"{"size": 5}"#);
    assert!(size.contains("the model takes 4 × 4"), "{size}");
}
