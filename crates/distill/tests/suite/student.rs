//! Students learn where a teacher points, are the same on any number of
//! threads, and are refused when they are not whole.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use assort_core::{EmbedError, Embedder, Input, Role, Space, composed_texts, vector};
use assort_distill::{
    Distilled, Error, Options, QueryEncoder, Student, StudentCard, Teacher, teach,
};
use proptest::prelude::*;

const DIMENSIONS: usize = 24;
const WORDS: [&str; 12] = [
    "kettle",
    "steel",
    "red",
    "blue",
    "shoe",
    "running",
    "lamp",
    "desk",
    "电水壶",
    "跑步鞋",
    "台灯",
    "glass",
];

/// A word's direction, the same each time.
fn direction(word: &str) -> Vec<f32> {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    let mut state = word.bytes().fold(17, fold);
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..DIMENSIONS).map(|_| next()).collect()
}

/// A teacher that sums the directions of words, and counts what it is asked.
struct Words {
    space: Space,
    asked: AtomicUsize,
}

impl Words {
    fn new(fingerprint: &str) -> Self {
        let space = Space {
            model: "words".into(),
            fingerprint: fingerprint.into(),
            dimensions: DIMENSIONS,
        };
        Self {
            space,
            asked: AtomicUsize::new(0),
        }
    }

    fn one(text: &str) -> Vec<f32> {
        let mut sum = vec![0.1; DIMENSIONS];
        for word in text.split(' ') {
            vector::add_scaled(&mut sum, &direction(word), 1.0);
        }
        vector::normalize(&mut sum);
        sum
    }
}

impl Embedder for Words {
    fn space(&self) -> &Space {
        &self.space
    }

    fn embed(&self, inputs: &[Input<'_>], _: Role) -> Result<Vec<f32>, EmbedError> {
        self.asked.fetch_add(inputs.len(), Ordering::SeqCst);
        let texts = composed_texts(inputs, &self.space)?;
        Ok(texts.iter().flat_map(|text| Self::one(text)).collect())
    }
}

fn embed(embedder: &dyn Embedder, texts: &[&str], role: Role) -> Result<Vec<f32>, EmbedError> {
    let inputs: Vec<Input<'_>> = texts.iter().map(|text| Input::plain(text)).collect();
    embedder.embed(&inputs, role)
}

/// All texts of three words.
fn texts() -> Vec<String> {
    let pairs = WORDS.iter().flat_map(|a| WORDS.map(|b| format!("{a} {b}")));
    pairs
        .flat_map(|pair| WORDS.map(|c| format!("{pair} {c}")))
        .collect()
}

fn options() -> Options {
    Options::default().with_buckets(4096).with_epochs(Some(30))
}

fn student(floor: f32, queries: QueryEncoder) -> Student {
    let texts = texts();
    let texts: Vec<&str> = texts.iter().map(String::as_str).step_by(2).collect();
    let teacher = Words::new("1");
    let targets = embed(&teacher, &texts, Role::Document).unwrap();
    let table = teach(&texts, &targets, DIMENSIONS, None, &options(), |_| true).unwrap();
    let card = StudentCard {
        floor,
        queries,
        ..StudentCard::default()
    };
    let student = Student::new(&table, teacher.space(), texts.len() as u64, card).unwrap();
    let (_, lengths) = student.embed(&texts);
    let usual = lengths.iter().sum::<f32>() / lengths.len() as f32;
    student.with_card(StudentCard { usual, ..card }).unwrap()
}

#[test]
fn a_student_points_where_its_teacher_points_on_texts_it_never_saw() {
    let student = student(0.0, QueryEncoder::Student);
    let all = texts();
    let unseen: Vec<&str> = all.iter().skip(1).step_by(2).map(String::as_str).collect();
    let truth = embed(&Words::new("1"), &unseen, Role::Document).unwrap();
    let (rows, known) = student.embed(&unseen);
    let pairs = rows.chunks(DIMENSIONS).zip(truth.chunks(DIMENSIONS));
    let cosines: f32 = pairs.map(|(a, b)| vector::dot(a, b)).sum();
    let mean = cosines / unseen.len() as f32;
    assert!(mean > 0.97, "{mean}");
    assert!(known.iter().all(|&usual| usual > 0.5));
    assert!(student.familiarity("quantum xylophone") < 0.3);
    assert_eq!(student.familiarity("?!"), 0.0);
}

#[test]
fn every_text_has_a_unit_vector_the_same_in_a_batch_and_alone() {
    let student = student(0.0, QueryEncoder::Student);
    let long = "steel ".repeat(20_000);
    let texts = ["red kettle", "", "?!", "quantum", long.as_str(), "电水壶"];
    let (rows, _) = student.embed(&texts);
    for (row, text) in rows.chunks(DIMENSIONS).zip(texts) {
        assert!((vector::dot(row, row) - 1.0).abs() < 1e-3, "{text:.20}");
        assert_eq!(student.embed(&[text]).0, row);
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let made = [1, 2, 3].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let make = || student(0.0, QueryEncoder::Student).digest();
        pool.unwrap().install(make)
    });
    assert_eq!(made[0], made[1]);
    assert_eq!(made[0], made[2]);
}

#[test]
fn a_saved_student_opens_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.student");
    let student = student(0.25, QueryEncoder::Teacher);
    student.save(&file).unwrap();
    let back = Student::open(&file).unwrap();
    assert_eq!(back.digest(), student.digest());
    assert_eq!(back.card(), student.card());
    assert_eq!(back.teacher(), student.teacher());
    assert_eq!(back.embed(&["red shoe"]), student.embed(&["red shoe"]));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

fn refused(file: &Path, bytes: &[u8]) -> String {
    std::fs::write(file, bytes).unwrap();
    let message = Student::open(file).unwrap_err().to_string();
    assert!(message.contains("a.student"), "{message}");
    message
}

#[test]
fn a_file_that_is_not_whole_is_refused_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.student");
    student(0.0, QueryEncoder::Student).save(&file).unwrap();
    let whole = std::fs::read(&file).unwrap();
    let strange = "cannot be used as a student";
    for length in [0, 1, 31, 32, 100, 5000, whole.len() - 1] {
        assert!(refused(&file, &whole[..length]).contains(strange));
    }
    for at in [0, 12, 17, 40, 300, whole.len() / 2, whole.len() - 1] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        assert!(refused(&file, &changed).contains(strange), "{at}");
    }
    let mut newer = whole.clone();
    newer[8] = 9;
    assert!(refused(&file, &newer).contains("use a newer Assort"));
    assert!(refused(&file, b"title,price\n").contains("bytes"));
    std::fs::remove_file(&file).unwrap();
    assert!(matches!(Student::open(&file), Err(Error::Io { .. })));
}

fn pair(floor: f32, queries: QueryEncoder, teacher: &Arc<Words>) -> Distilled {
    let teacher = Arc::clone(teacher);
    let open = move || Ok(Arc::clone(&teacher) as Arc<dyn Embedder>);
    Distilled::with_teacher(Arc::new(student(floor, queries)), None, Box::new(open))
}

#[test]
fn what_the_student_hardly_knows_goes_to_the_teacher() {
    let teacher = Arc::new(Words::new("1"));
    let distilled = pair(0.5, QueryEncoder::Student, &teacher);
    let texts = ["red kettle", "quantum xylophone", "blue shoe"];
    let rows = embed(&distilled, &texts, Role::Document).unwrap();
    assert_eq!(teacher.asked.load(Ordering::SeqCst), 1);
    let own = Words::one("quantum xylophone");
    assert_eq!(rows[DIMENSIONS..2 * DIMENSIONS], own);
    assert_eq!(
        embed(&distilled, &texts[2..], Role::Document).unwrap(),
        rows[2 * DIMENSIONS..]
    );
}

#[test]
fn queries_go_to_the_encoder_that_is_better_at_them() {
    let teacher = Arc::new(Words::new("1"));
    let by_student = pair(0.0, QueryEncoder::Student, &teacher);
    embed(&by_student, &["red kettle"], Role::Query).unwrap();
    assert_eq!(teacher.asked.load(Ordering::SeqCst), 0);
    let by_teacher = pair(0.0, QueryEncoder::Teacher, &teacher);
    let row = embed(&by_teacher, &["red kettle"], Role::Query).unwrap();
    assert_eq!(row, Words::one("red kettle"));
    assert_ne!(by_student.space(), by_teacher.space());
}

#[test]
fn a_teacher_of_another_space_is_refused() {
    let other = Arc::new(Words::new("2"));
    let distilled = pair(0.5, QueryEncoder::Teacher, &other);
    let error = embed(&distilled, &["red"], Role::Query).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("give it the teacher it had"), "{error}");
    // What needs no teacher goes on.
    assert!(embed(&distilled, &["red kettle"], Role::Document).is_ok());
    let teacher = Teacher::new(other, |file, _| file.display().to_string());
    let refused = teacher.pair(Arc::clone(distilled.student()));
    assert!(
        matches!(refused.err(), Some(Error::Argument(what)) if what.contains("teacher it had"))
    );
}

#[test]
fn a_stopped_or_senseless_lesson_gives_no_table() {
    let texts = ["a b", "b c"];
    let targets = [1.0, 0.0, 0.0, 1.0];
    let stopped = teach(&texts, &targets, 2, None, &options(), |_| false);
    assert!(matches!(stopped, Err(Error::Interrupted)));
    let nothing = options().with_buckets(0);
    let never = options().with_epochs(Some(0));
    for (texts, targets, options) in [
        (&texts[..0], &targets[..0], &options()),
        (&texts[..], &targets[..2], &options()),
        (&texts[..], &targets[..], &nothing),
        (&texts[..], &targets[..], &never),
    ] {
        let made = teach(texts, targets, 2, None, options, |_| true);
        assert!(matches!(made, Err(Error::Argument(_))));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_is_too_strange(text: String) {
        static STUDENT: OnceLock<Student> = OnceLock::new();
        let student = STUDENT.get_or_init(|| student(0.0, QueryEncoder::Student));
        let (row, known) = student.embed(&[&text]);
        prop_assert!((vector::dot(&row, &row) - 1.0).abs() < 1e-3);
        prop_assert!(known[0] >= 0.0 && known[0].is_finite());
        prop_assert_eq!(known[0], student.familiarity(&text));
    }
}
