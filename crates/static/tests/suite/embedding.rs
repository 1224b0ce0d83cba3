//! What a static embedding promises.

use std::sync::OnceLock;

use assort_static::{Bits, Card, Error, Piece, StaticEmbedding, Table};
use proptest::prelude::*;

const PIECES: [&str; 8] = ["", "▁", "▁red", "▁blue", "▁kettle", "s", "电", "水壶"];

/// Numbers without a pattern, from −1 to 1.
fn numbers(count: usize) -> Vec<f32> {
    let scattered = |i: usize| (i as u32).wrapping_mul(2_654_435_761) >> 8;
    (0..count)
        .map(|i| scattered(i + 1) as f32 / (1 << 23) as f32 - 1.0)
        .collect()
}

fn made(dimensions: usize, bits: Bits) -> StaticEmbedding {
    let pieces: Vec<Piece<'_>> = PIECES
        .iter()
        .zip(0u8..)
        .map(|(text, number)| Piece {
            text,
            score: -f32::from(number),
            is_known: number != 5 && number != 0,
        })
        .collect();
    let mut rows = numbers(PIECES.len() * dimensions);
    rows[..dimensions].fill(0.0);
    let card = Card {
        name: "toy".to_owned(),
        provenance: "made up".to_owned(),
    };
    let table = Table::rounded(dimensions, bits, &rows).unwrap();
    StaticEmbedding::new(&card, &pieces, 0, &table).unwrap()
}

fn toy() -> &'static StaticEmbedding {
    static TOY: OnceLock<StaticEmbedding> = OnceLock::new();
    TOY.get_or_init(|| made(128, Bits::Four))
}

fn cosine(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

#[test]
fn a_text_is_the_sum_of_its_pieces() {
    for dimensions in [64, 192, 512] {
        for (bits, least) in [(Bits::Four, 0.98), (Bits::Eight, 0.9999)] {
            let embedding = made(dimensions, bits);
            let row = embedding.embed(&["Red? red 电水壶"]);
            let rows = numbers(PIECES.len() * dimensions);
            // "▁", three unknown letters as one with the question mark, "▁red", "▁", "电", "水壶".
            assert_eq!(embedding.tokenize("Red? red 电水壶"), [1, 0, 2, 1, 6, 7]);
            let of = |piece: usize| &rows[piece * dimensions..][..dimensions];
            let mut sum = vec![0.0; dimensions];
            for piece in [1, 2, 1, 6, 7] {
                sum.iter_mut().zip(of(piece)).for_each(|(sum, v)| *sum += v);
            }
            let length = cosine(&sum, &sum).sqrt();
            assert!(cosine(&row, &sum) / length > least);
            assert!((cosine(&row, &row) - 1.0).abs() < 1e-5);
        }
    }
}

#[test]
fn an_embedding_comes_back_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("toy.static");
    for (dimensions, bits) in [(64, Bits::Four), (512, Bits::Eight)] {
        let embedding = made(dimensions, bits);
        embedding.save(&path).unwrap();
        let opened = StaticEmbedding::open(&path).unwrap();
        assert_eq!(opened.card(), embedding.card());
        assert_eq!((opened.pieces(), opened.dimensions()), (8, dimensions));
        assert_eq!(opened.digest(), embedding.digest());
        assert_eq!(opened.size() as u64, path.metadata().unwrap().len());
        let texts = ["red kettles", "电水壶 blue"];
        assert_eq!(opened.embed(&texts), embedding.embed(&texts));
    }
}

#[test]
fn what_is_known_of_a_text_is_told() {
    let toy = toy();
    assert_eq!(toy.known_share("red kettle"), 1.0);
    // Six letters of "▁kettle"; one letter alone says nothing, and numbers neither.
    assert_eq!(toy.known_share("kettles 5 1000"), 6.0 / 7.0);
    assert_eq!(toy.known_share("s"), 0.0);
    assert_eq!(toy.known_share("17-99"), 0.0);
    assert_eq!(toy.known_share("чайник"), 0.0);
    assert_eq!(toy.known_share(""), 0.0);
    assert!(!toy.is_known(99));
}

#[test]
fn texts_of_which_nothing_is_known_have_vectors_that_are_not_alike() {
    let texts = ["", "чайник", "สีแดง หม้อ", "чайник", "🍳"];
    let rows = toy().embed(&texts);
    let rows: Vec<&[f32]> = rows.chunks_exact(128).collect();
    for (at, row) in rows.iter().enumerate() {
        for (other, with) in texts.iter().zip(&rows) {
            let cosine = cosine(row, with);
            if *other == texts[at] {
                assert!((cosine - 1.0).abs() < 1e-5, "{other}: {cosine}");
            } else {
                assert!(cosine.abs() < 0.4, "{other} and {}: {cosine}", texts[at]);
            }
        }
    }
}

#[test]
fn an_embedding_inside_the_program_is_read_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("toy.static");
    toy().save(&path).unwrap();
    let bytes: &'static [u8] = std::fs::read(&path).unwrap().leak();
    let inside = StaticEmbedding::from_static(bytes).unwrap();
    assert_eq!(inside.digest(), toy().digest());
    assert_eq!(
        inside.embed_here(&[["red kettle", ""]]),
        toy().embed(&["red kettle"])
    );
    let cut = StaticEmbedding::from_static(&bytes[..bytes.len() - 1]).unwrap_err();
    assert!(matches!(cut, Error::NotStatic { .. }), "{cut}");
}

#[test]
fn what_is_no_embedding_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("toy.static");
    let missing = StaticEmbedding::open(&path).unwrap_err();
    assert!(matches!(missing, Error::Io { .. }), "{missing}");
    toy().save(&path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let refused = |bytes: &[u8], said: &str| {
        std::fs::write(&path, bytes).unwrap();
        let error = StaticEmbedding::open(&path).unwrap_err().to_string();
        assert!(error.contains("toy.static"), "{error}");
        assert!(error.contains(said), "{error}");
    };
    refused(b"", "0 bytes");
    refused(&whole[..whole.len() - 1], "cut short");
    refused(
        b"a file of another kind, or of another program",
        "does not begin",
    );
    let mut newer = whole.clone();
    newer[8] = 9;
    refused(&newer, "format 9");
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    refused(&changed, "have changed");
}

#[test]
fn pieces_that_cannot_be_told_apart_are_refused() {
    let refused = |pieces: &[(&str, f32)], unknown: u32, rows: usize, said: &str| {
        let piece = |&(text, score): &(_, f32)| Piece {
            text,
            score,
            is_known: true,
        };
        let pieces: Vec<Piece<'_>> = pieces.iter().map(piece).collect();
        let table = Table::rounded(64, Bits::Eight, &vec![0.5; rows * 64]).unwrap();
        let made = StaticEmbedding::new(&Card::default(), &pieces, unknown, &table);
        let error = made.unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    };
    refused(&[("", 0.0), ("a", -1.0), ("a", -2.0)], 0, 3, "both \"a\"");
    refused(&[("", 0.0), ("a\0", -1.0)], 0, 2, "piece 1");
    refused(&[("", 0.0), ("a", f32::NAN)], 0, 2, "piece 1, \"a\"");
    refused(&[("", 0.0)], 1, 1, "no piece 1");
    refused(&[("", 0.0)], 0, 2, "1 pieces were given with 2 rows");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_batch_gives_what_each_text_gives_alone(
        texts in prop::collection::vec("(red|blue|kettle|s|电|水壶| ){0,9}|\\PC{0,9}", 0..150),
    ) {
        let rows = toy().embed(&texts);
        prop_assert_eq!(rows.len(), texts.len() * 128);
        for (text, row) in texts.iter().zip(rows.chunks_exact(128)) {
            prop_assert_eq!(&toy().embed(&[text]), row);
            prop_assert!((cosine(row, row) - 1.0).abs() < 1e-4);
        }
    }

    #[test]
    fn every_embedding_is_read_as_it_was_written(
        pieces in prop::collection::btree_map("\\PC{0,5}", -20f32..0.0, 1..40),
        blocks in 1usize..9,
        is_fine: bool,
        known: u64,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.static");
        let bits = if is_fine { Bits::Eight } else { Bits::Four };
        let table = Table::rounded(64 * blocks, bits, &numbers(pieces.len() * 64 * blocks)).unwrap();
        let is_known = |number: usize| known >> (number % 64) & 1 == 1;
        let own: Vec<Piece<'_>> = pieces
            .iter()
            .enumerate()
            .map(|(number, (text, &score))| Piece { text, score, is_known: is_known(number) })
            .collect();
        let embedding = StaticEmbedding::new(&Card::default(), &own, 0, &table).unwrap();
        embedding.save(&path).unwrap();
        let opened = StaticEmbedding::open(&path).unwrap();
        for (number, piece) in own.iter().enumerate() {
            prop_assert_eq!(opened.is_known(number as u32), piece.is_known);
            prop_assert_eq!(opened.tokenize(piece.text), embedding.tokenize(piece.text));
        }
        let texts: Vec<&str> = own.iter().map(|piece| piece.text).collect();
        prop_assert_eq!(opened.embed(&texts), embedding.embed(&texts));
    }
}
