//! A damaged segment gives errors, never wrong answers, and never panics.

use std::fs;
use std::path::Path;

use assort_index::{BuildOptions, Error, Hit, Result, SearchParams, Searcher, Segment, SlotFilter};

use crate::common::{Chance, Data, SPACE, built, temporary};

const ROWS: usize = 500;
const DIMENSIONS: usize = 40;

fn data() -> Data {
    let mut data = Data::clustered(ROWS, DIMENSIONS, 50, 11);
    data.rows.iter_mut().for_each(|row| *row = *row * 3 + 5);
    data
}

/// A whole segment file.
fn whole(directory: &Path) -> Vec<u8> {
    let options = BuildOptions {
        m: 6,
        ..BuildOptions::default()
    };
    fs::read(built(directory, &data(), &options).path()).unwrap_or_default()
}

/// What a segment says: hits by every plan, rows, slots and vectors.
#[derive(Clone, Debug, Default, PartialEq)]
struct Answers {
    hits: Vec<Vec<Hit>>,
    rows: Vec<Option<u32>>,
    vectors: Vec<Vec<f32>>,
}

fn ask(path: &Path) -> Result<Answers> {
    let segment = Segment::open(path, SPACE)?;
    let mut searcher = Searcher::default();
    let mut chance = Chance(1);
    let mut answers = Answers::default();
    let few: SlotFilter = (0..ROWS as u32).filter(|slot| slot % 9 == 0).collect();
    let many: SlotFilter = (0..ROWS as u32).filter(|slot| slot % 9 != 0).collect();
    for turn in 0..8 {
        let query = chance.direction(DIMENSIONS);
        let search = SearchParams {
            // With such a little, graphs are walked.
            ef: if turn % 2 == 0 { 3 } else { 100 },
            filter: [None, Some(&few), Some(&many)][turn % 3],
            exact: turn == 7,
            ..SearchParams::new(3)
        };
        answers
            .hits
            .push(searcher.search(&segment, &query, &search)?.to_vec());
    }
    for at in 0..20 {
        answers.rows.push(segment.row(at * 7));
        answers.rows.push(segment.slot(at * 30 + 5));
        let mut vector = vec![0.0; DIMENSIONS];
        segment.vector(at * 11, &mut vector)?;
        answers.vectors.push(vector);
    }
    segment.intact()?;
    Ok(answers)
}

#[test]
fn a_flipped_byte_is_an_error_or_makes_no_difference() {
    let directory = temporary();
    let bytes = whole(directory.path());
    let path = directory.path().join("damaged.seg");
    fs::write(&path, &bytes).unwrap_or_default();
    let truth = ask(&path).unwrap_or_default();
    assert_eq!(truth.hits.len(), 8);
    let mut chance = Chance(2);
    let fields = (0..200).chain(4080..4096);
    let anywhere = (0..600).map(|_| 4096 + chance.below(bytes.len() - 4096));
    let sums = bytes.len() - 40..bytes.len();
    let mut refused = 0;
    for at in fields.chain(anywhere).chain(sums) {
        let mut damaged = bytes.clone();
        damaged[at] ^= [1, 0x80, 0xff][at % 3];
        fs::write(&path, &damaged).unwrap_or_default();
        match ask(&path) {
            Ok(answers) => assert_eq!(answers, truth, "byte {at}"),
            Err(Error::Damaged { .. } | Error::NewerFormat { .. }) => refused += 1,
            Err(error) => panic!("byte {at}: {error}"),
        }
        let verified = Segment::open(&path, SPACE).and_then(|segment| segment.verify());
        assert!(verified.is_err(), "byte {at} of {}", bytes.len());
    }
    // A header, and what every search reads.
    assert!(refused > 400, "{refused}");
}

#[test]
fn damage_is_not_forgotten() {
    let directory = temporary();
    let mut bytes = whole(directory.path());
    let path = directory.path().join("damaged.seg");
    let last_vector = bytes.len() - 1000;
    bytes[last_vector] ^= 1;
    fs::write(&path, &bytes).unwrap_or_default();
    let segment = Segment::open(&path, SPACE);
    assert!(segment.is_ok_and(|segment| {
        let mut searcher = Searcher::default();
        // The whole vector of what it finds is far from the damaged one.
        let mut query = [0.0; DIMENSIONS];
        assert!(segment.vector(0, &mut query).is_ok());
        let search = SearchParams::new(1);
        assert!(searcher.search(&segment, &query, &search).is_ok());
        assert!(segment.verify().is_err());
        assert!(segment.intact().is_err());
        searcher.search(&segment, &query, &search).is_err()
    }));
}

#[test]
fn a_file_of_another_length_is_refused() {
    let directory = temporary();
    let bytes = whole(directory.path());
    let path = directory.path().join("cut.seg");
    let mut chance = Chance(3);
    let random = (0..100).map(|_| chance.below(bytes.len()));
    let edges = [0, 1, 8, 4095, 4096, 4097, bytes.len() - 1];
    for length in random.chain(edges) {
        fs::write(&path, &bytes[..length]).unwrap_or_default();
        let opened = Segment::open(&path, SPACE);
        assert!(
            matches!(opened, Err(Error::Damaged { .. })),
            "{length} bytes"
        );
    }
    let longer = [&bytes[..], &[0; 64]].concat();
    fs::write(&path, longer).unwrap_or_default();
    assert!(matches!(
        Segment::open(&path, SPACE),
        Err(Error::Damaged { .. })
    ));
}

#[test]
fn another_space_or_no_segment_at_all_is_refused() {
    let directory = temporary();
    let bytes = whole(directory.path());
    let path = directory.path().join("test.seg");
    assert!(Segment::open(&path, SPACE).is_ok());
    let other = Segment::open(&path, SPACE + 1);
    assert!(other.is_err_and(|error| error.to_string().contains("another space")));
    let missing = Segment::open(&directory.path().join("none.seg"), SPACE);
    assert!(missing.is_err_and(|error| error.to_string().contains("missing")));
    assert!(Segment::open(directory.path(), SPACE).is_err());

    let mut newer = bytes.clone();
    newer[8] = 2;
    fs::write(&path, newer).unwrap_or_default();
    let opened = Segment::open(&path, SPACE);
    assert!(matches!(opened, Err(Error::NewerFormat { found: 2, .. })));

    let mut text = bytes;
    text[..8].copy_from_slice(b"%PDF-1.4");
    fs::write(&path, text).unwrap_or_default();
    let opened = Segment::open(&path, SPACE);
    assert!(opened.is_err_and(|error| error.to_string().contains("not a segment")));
}
