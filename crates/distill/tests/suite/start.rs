//! Students that start from a static embedding know more at once, are files of
//! their own, and are refused when what they started from is damaged; students of
//! older formats open as ever.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use assort_core::{Space, chance, vector};
use assort_distill::{Error, Options, StaticEmbedding, Student, StudentCard, Table, teach};
use assort_static::{Bits, Card, Piece};
use proptest::prelude::*;

const DIMENSIONS: usize = 24;
const WIDTH: usize = 64;
const WORDS: [&str; 16] = [
    "kettle",
    "steel",
    "red",
    "blue",
    "shoe",
    "running",
    "lamp",
    "desk",
    "glass",
    "bread",
    "knife",
    "green",
    "电水壶",
    "跑步鞋",
    "台灯",
    "茶",
];

/// Words that no text is taught of.
const UNSEEN: [&str; 3] = ["lamp", "green", "跑步鞋"];

/// Numbers of a seed, from −1 to 1.
fn numbers(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(chance::FACTOR);
        (chance::mix(state) >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// What words can mean: fewer directions than there are words to learn them from.
const MEANINGS: usize = 6;

/// The row of a word in the static embedding.
fn row(word: usize) -> Vec<f32> {
    let mut row = vec![0.0; WIDTH];
    for (meaning, factor) in (0..).zip(numbers(word as u64 + 100, MEANINGS)) {
        vector::add_scaled(&mut row, &numbers(meaning + 500, WIDTH), factor);
    }
    row
}

/// Where the teacher puts a text: a linear map of its words' rows.
fn truth(words: &[usize]) -> Vec<f32> {
    static MAP: OnceLock<Vec<f32>> = OnceLock::new();
    let map = MAP.get_or_init(|| numbers(7, WIDTH * DIMENSIONS));
    let mut sum = vec![0.0; DIMENSIONS];
    for &word in words {
        for (value, map) in row(word).iter().zip(map.chunks_exact(DIMENSIONS)) {
            vector::add_scaled(&mut sum, map, *value);
        }
    }
    vector::normalize(&mut sum);
    sum
}

fn embedding() -> StaticEmbedding {
    let texts: Vec<String> = WORDS.iter().map(|word| format!("▁{word}")).collect();
    let named = texts.iter().map(String::as_str);
    let pieces: Vec<Piece<'_>> = [""]
        .into_iter()
        .chain(named)
        .map(|text| Piece {
            text,
            score: -1.0,
            is_known: !text.is_empty(),
        })
        .collect();
    let mut rows = vec![0.0; WIDTH];
    rows.extend((0..WORDS.len()).flat_map(row));
    let table = assort_static::Table::rounded(WIDTH, Bits::Four, &rows).unwrap();
    StaticEmbedding::new(&Card::default(), &pieces, 0, &table).unwrap()
}

/// Texts of two words, as numbers of words.
fn pairs() -> Vec<[usize; 2]> {
    let words = 0..WORDS.len();
    words
        .clone()
        .flat_map(|one| words.clone().map(move |other| [one, other]))
        .collect()
}

fn text(words: &[usize]) -> String {
    let words: Vec<&str> = words.iter().map(|&word| WORDS[word]).collect();
    words.join(" ")
}

fn table(start: Option<&StaticEmbedding>) -> Table {
    let is_seen = |pair: &[usize; 2]| pair.iter().all(|&word| !UNSEEN.contains(&WORDS[word]));
    let seen: Vec<[usize; 2]> = pairs().into_iter().filter(is_seen).collect();
    let texts: Vec<String> = seen.iter().map(|pair| text(pair)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let targets: Vec<f32> = seen.iter().flat_map(|pair| truth(pair)).collect();
    let options = Options::default().with_buckets(512).with_epochs(4);
    teach(&texts, &targets, DIMENSIONS, start, &options, |_| true).unwrap()
}

fn student(start: Option<&StaticEmbedding>) -> Student {
    let space = Space {
        model: "teacher".into(),
        fingerprint: "1".into(),
        dimensions: DIMENSIONS,
    };
    Student::new(&table(start), &space, 144, StudentCard::default()).unwrap()
}

/// Mean cosine with the teacher's vectors.
fn cosine(student: &Student, of: &[Vec<usize>]) -> f32 {
    let cosines = of.iter().map(|words| {
        let (row, _) = student.embed(&[&text(words)]);
        vector::dot(&row, &truth(words))
    });
    cosines.sum::<f32>() / of.len() as f32
}

#[test]
fn words_that_no_text_had_mean_something() {
    let unseen: Vec<Vec<usize>> = (0..WORDS.len())
        .filter(|&word| UNSEEN.contains(&WORDS[word]))
        .map(|word| vec![word])
        .collect();
    let seen: Vec<Vec<usize>> = vec![vec![0, 2], vec![1, 12], vec![3, 4]];
    let (from_zero, started) = (student(None), student(Some(&embedding())));
    assert!(cosine(&started, &seen) > 0.9);
    assert!(cosine(&started, &seen) > cosine(&from_zero, &seen));
    assert!(cosine(&started, &unseen) > 0.7);
    assert!(cosine(&from_zero, &unseen) < 0.5);
}

#[test]
fn a_text_of_nothing_known_has_a_unit_vector() {
    let student = student(Some(&embedding()));
    for text in ["", "?!", "quantum", "▁", "\u{1}"] {
        let (row, _) = student.embed(&[text]);
        assert!((vector::dot(&row, &row) - 1.0).abs() < 1e-3, "{text:?}");
    }
}

#[test]
fn the_table_and_its_student_point_alike() {
    let embedding = embedding();
    let (table, student) = (table(Some(&embedding)), student(Some(&embedding)));
    for words in [vec![0, 1], vec![6], vec![6, 0], vec![12, 13]] {
        let (row, _) = student.embed(&[&text(&words)]);
        let cosine = vector::dot(&row, &table.embed(&text(&words)));
        assert!(cosine > 0.999, "{cosine}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let embedding = embedding();
    let made = [1, 2, 3].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(|| student(Some(&embedding)).digest())
    });
    assert_eq!(made[0], made[1]);
    assert_eq!(made[0], made[2]);
}

/// The version of the format that a student's file says.
fn format(file: &Path) -> u8 {
    std::fs::read(file).unwrap()[8]
}

#[test]
fn a_saved_student_opens_as_it_was_without_what_it_started_from() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.student");
    for (start, expected) in [(None, 1), (Some(embedding()), 2)] {
        let student = student(start.as_ref());
        drop(start);
        let card = StudentCard {
            usual: 0.5,
            ..student.card()
        };
        let student = student.with_card(card).unwrap();
        student.save(&file).unwrap();
        assert_eq!(format(&file), expected);
        let back = Student::open(&file).unwrap();
        assert_eq!(back.digest(), student.digest());
        let texts = ["red kettle", "lamp", "quantum 茶"];
        assert_eq!(back.embed(&texts), student.embed(&texts));
        std::fs::remove_file(&file).unwrap();
    }
}

fn fixture(format: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/v{format}.student"))
}

/// Of each fixture: a text, and its first coordinates as they were when the file was
/// written.
#[test]
fn students_of_every_format_open_and_point_where_they_did() {
    let known: [(u32, &str, [f32; 3]); 2] = [
        (1, "deluxe pack", [0.07184401, -0.026838617, -0.14116168]),
        (2, "red lamp", [-0.001184321, 0.04135078, 0.4721853]),
    ];
    for (version, text, expected) in known {
        let file = fixture(version);
        if !file.exists() {
            student(Some(&embedding())).save(&file).unwrap();
            panic!("{} was missing: commit it", file.display());
        }
        assert_eq!(u32::from(format(&file)), version);
        let student = Student::open(&file).unwrap();
        let (row, _) = student.embed(&[text]);
        for (value, expected) in row.iter().zip(expected) {
            assert!(
                (value - expected).abs() < 1e-5,
                "{version}: {:?}",
                &row[..3]
            );
        }
    }
}

#[test]
fn a_changed_or_cut_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.student");
    student(Some(&embedding())).save(&file).unwrap();
    let whole = std::fs::read(&file).unwrap();
    for at in (32..whole.len()).step_by(whole.len() / 97) {
        let mut changed = whole.clone();
        changed[at] ^= 4;
        std::fs::write(&file, changed).unwrap();
        assert!(matches!(
            Student::open(&file),
            Err(Error::NotAStudent { .. })
        ));
        std::fs::write(&file, &whole[..at]).unwrap();
        assert!(matches!(
            Student::open(&file),
            Err(Error::NotAStudent { .. })
        ));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_batch_gives_what_single_texts_give(texts in prop::collection::vec("(red|lamp|茶| |[a-z]|.){0,9}", 1..8)) {
        static STUDENT: OnceLock<Student> = OnceLock::new();
        let student = STUDENT.get_or_init(|| student(Some(&embedding())));
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (rows, known) = student.embed(&texts);
        for ((row, known), text) in rows.chunks(DIMENSIONS).zip(known).zip(texts) {
            prop_assert!((vector::dot(row, row) - 1.0).abs() < 1e-3);
            prop_assert_eq!(&student.embed(&[text]).0, row);
            prop_assert_eq!(known, student.familiarity(text));
        }
    }
}
