//! Segment files.

use std::error::Error;

use assort_files::Disk;
use assort_index::{
    Bitmap, BuildOptions, SearchParams, Searcher, Segment, SlotFilter, Vectors, audit, build,
};
use xxhash_rust::xxh3::xxh3_64;

use super::written;

/// Bytes of a segment's header, and those that share a checksum; see
/// `docs/format.md`.
const HEADER: usize = 4096;
const BLOCK: usize = 16_384;

/// Opens a segment and searches it in every way, first as it is, then with its
/// checksums made right, so that what they guard is looked at, too.
pub fn segment(bytes: &[u8]) -> bool {
    let as_it_is = search(bytes);
    let mut resealed = bytes.to_vec();
    reseal(&mut resealed);
    search(&resealed) || as_it_is
}

fn search(bytes: &[u8]) -> bool {
    let Some(space) = bytes.get(16..).and_then(<[u8]>::first_chunk) else {
        return false;
    };
    let Some(file) = written(bytes) else {
        return false;
    };
    let Ok(segment) = Segment::open(file.path(), u128::from_le_bytes(*space)) else {
        return false;
    };
    let mut query = vec![0.0; segment.dimensions()];
    query.iter_mut().step_by(3).for_each(|value| *value = 0.5);
    let mut slots = Bitmap::below(segment.len());
    (0..segment.len() as u32).step_by(8).for_each(|slot| {
        slots.remove(slot);
    });
    let most = SlotFilter::from(slots);
    let mut searcher = Searcher::default();
    let mut sound = segment.verify().is_ok();
    for (k, ef, exact) in [(1, 1, false), (3, 2, false), (10, 500, false), (5, 1, true)] {
        for filter in [None, Some(&most)] {
            let params = SearchParams {
                ef,
                exact,
                filter,
                ..SearchParams::new(k)
            };
            match searcher.search(&segment, &query, &params) {
                Ok(hits) => assert!(hits.len() <= k),
                Err(_) => sound = false,
            }
        }
    }
    let mut vector = vec![0.0; segment.dimensions()];
    for slot in [0, segment.len() as u32 / 2, u32::MAX] {
        let _ = segment.vector(slot, &mut vector);
        let _ = segment.row(slot).and_then(|row| segment.slot(row));
    }
    sound && audit(&segment, None, Some(10)).is_ok()
}

/// Makes all checksums right, those of the blocks first.
fn reseal(bytes: &mut [u8]) {
    if bytes.len() < HEADER {
        return;
    }
    let (head, rest) = bytes.split_at_mut(HEADER);
    let blocks = rest.len().div_ceil(BLOCK + 8);
    let Some(body) = rest.len().checked_sub(8 * blocks) else {
        return;
    };
    let (body, sums) = rest.split_at_mut(body);
    for (block, sum) in body.chunks(BLOCK).zip(sums.chunks_exact_mut(8)) {
        sum.copy_from_slice(&xxh3_64(block).to_le_bytes());
    }
    head[168..176].copy_from_slice(&xxh3_64(sums).to_le_bytes());
    let (fields, sum) = head.split_at_mut(HEADER - 8);
    sum.copy_from_slice(&xxh3_64(fields).to_le_bytes());
}

/// Vectors around a circle, so many that their graph is walked.
struct Circle(usize);

impl Vectors for Circle {
    fn len(&self) -> usize {
        self.0
    }

    fn dimensions(&self) -> usize {
        3
    }

    fn row(&self, at: usize) -> u32 {
        2 * at as u32 + 1
    }

    fn read(&self, at: usize, out: &mut [f32]) -> assort_index::Result<()> {
        let angle = at as f32 * 0.7;
        out.copy_from_slice(&[angle.sin(), angle.cos(), 0.0]);
        Ok(())
    }
}

pub(super) fn seeds() -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("seed.seg");
    let options = BuildOptions {
        m: 2,
        ef_construction: 10,
        ..BuildOptions::default()
    };
    let sizes = [1, 20, 320];
    let made = sizes.map(|rows| {
        build(&Disk, &path, 7, &Circle(rows), &options, &|_| false)?;
        Ok(std::fs::read(&path)?)
    });
    made.into_iter().collect()
}
