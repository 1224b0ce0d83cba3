//! Segments of every released format stay readable: `fixtures` keeps one of
//! each, made once by the version that wrote it first, and never again.
//!
//! `ASSORT_WRITE_FIXTURES=1 cargo test -p assort-index format` makes
//! the one of the current format if it is missing.

use std::path::PathBuf;

use assort_files::Disk;
use assort_index::{BuildOptions, SearchParams, Searcher, Segment, audit, build};

use crate::common::{Chance, Data, SPACE, naive, temporary};

const ROWS: usize = 60;
const DIMENSIONS: usize = 20;

/// The format that is written, as in the header of a segment.
const FORMAT: u32 = 1;

fn fixture(format: u32) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    folder.join(format!("v{format}.seg"))
}

/// What every fixture was made of: rows 7, 17, 27 and so on.
fn data() -> Data {
    let mut data = Data::clustered(ROWS, DIMENSIONS, 10, 2026);
    data.rows.iter_mut().for_each(|row| *row = *row * 10 + 7);
    data
}

fn write_missing() {
    let path = fixture(FORMAT);
    if path.exists() || std::env::var_os("ASSORT_WRITE_FIXTURES").is_none() {
        return;
    }
    let options = BuildOptions {
        m: 4,
        ..BuildOptions::default()
    };
    let built = build(&Disk, &path, SPACE, &data(), &options, &|_| false);
    assert!(built.is_ok(), "{built:?}");
}

/// Best rows for directions by chance, written down when the first fixture was.
const KNOWN: [[u32; 3]; 4] = [
    [357, 497, 537],
    [287, 327, 347],
    [477, 47, 177],
    [117, 597, 327],
];

#[test]
fn a_segment_of_every_format_is_read() {
    write_missing();
    for format in 1..=FORMAT {
        let segment = Segment::open(&fixture(format), SPACE);
        assert!(segment.is_ok(), "format {format}: {:?}", segment.err());
        segment.into_iter().for_each(|segment| check(&segment));
    }
}

fn check(segment: &Segment) {
    assert!(segment.verify().is_ok());
    assert_eq!((segment.len(), segment.dimensions()), (ROWS, DIMENSIONS));
    let data = data();
    let mut vector = vec![0.0; DIMENSIONS];
    for (&row, truth) in data.rows.iter().zip(&data.vectors) {
        let slot = segment.slot(row);
        assert_eq!(slot.and_then(|slot| segment.row(slot)), Some(row));
        let read = slot.map(|slot| segment.vector(slot, &mut vector));
        assert!(matches!(read, Some(Ok(()))), "row {row}");
        let near = vector.iter().zip(truth).all(|(a, b)| (a - b).abs() < 1e-3);
        assert!(near, "row {row}");
    }
    let mut chance = Chance(4);
    let mut searcher = Searcher::default();
    for known in KNOWN {
        let query = chance.direction(DIMENSIONS);
        let best: Vec<u32> = naive(&data, &query, 3, |_| true)
            .iter()
            .map(|hit| hit.row)
            .collect();
        assert_eq!(best, known);
        for (exact, ef) in [(true, 1), (false, 1), (false, 128)] {
            let search = SearchParams {
                exact,
                ef,
                ..SearchParams::new(3)
            };
            let hits = searcher
                .search(segment, &query, &search)
                .unwrap_or_default();
            let rows: Vec<u32> = hits.iter().map(|hit| hit.row).collect();
            assert_eq!(rows, known, "exact {exact}, ef {ef}");
        }
    }
    assert!(audit(segment, None, None).is_ok_and(|audit| audit.is_clean()));
}

#[test]
fn a_shifted_segment_says_the_same_of_other_rows() -> Result<(), assort_index::Error> {
    let segment = Segment::open(&fixture(FORMAT), SPACE)?;
    let directory = temporary();
    let path = directory.path().join("shifted.seg");
    segment.write_shifted(&Disk, &path, 1_000)?;
    let shifted = Segment::open(&path, SPACE)?;
    shifted.verify()?;
    for slot in 0..ROWS as u32 {
        assert_eq!(shifted.row(slot), segment.row(slot).map(|row| row + 1_000));
    }
    for row in data().rows {
        assert_eq!(shifted.slot(1_000 + row), segment.slot(row));
    }
    let refused = segment.write_shifted(&Disk, &path, u32::MAX - 100);
    assert!(
        matches!(refused, Err(assort_index::Error::Argument(_))),
        "{refused:?}"
    );
    Ok(())
}
