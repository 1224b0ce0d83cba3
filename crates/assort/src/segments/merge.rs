//! Making one segment of several, without what is dead in them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use assort_index::{BuildOptions, Segment, Vectors};

use super::seal::build;
use crate::Result;
use crate::snapshot::Changes;
use crate::state::State;
use crate::store::SpaceRecord;

/// The rows of some segments that are alive.
struct Alive {
    segments: Vec<Arc<Segment>>,
    dimensions: usize,
    /// Row, segment and slot of each.
    rows: Vec<(u32, u32, u32)>,
    hashes: Vec<u128>,
    /// Vectors that were read.
    read: AtomicUsize,
}

/// Vectors that are read between two returns of their memory: a merge reads all
/// of them several times, here and there, and the system brings 64 KiB of the
/// file for each.
const TOGETHER: usize = 1 << 11;

impl Alive {
    /// What the store says is in the segments.
    fn gather(state: &State, space: &SpaceRecord, numbers: &[u32]) -> Result<Self> {
        let segments = numbers
            .iter()
            .map(|&number| state.segment_files.segment(number, space.tag()))
            .collect::<Result<Vec<_>>>()?;
        let mut alive = Self {
            segments,
            dimensions: space.dimensions as usize,
            rows: Vec::new(),
            hashes: Vec::new(),
            read: AtomicUsize::new(0),
        };
        let (mut rows, mut hashes) = (Vec::new(), Vec::new());
        state.store.read()?.each_sealed(space, |row, sealed| {
            let Some(at) = numbers.iter().position(|&number| number == sealed.segment) else {
                return Ok(());
            };
            let segment = &alive.segments[at];
            match segment.slot(row) {
                Some(slot) => {
                    rows.push((row, at as u32, slot));
                    hashes.push(sealed.text_hash);
                    Ok(())
                }
                None => {
                    segment.verify()?;
                    Err(crate::Error::Segment {
                        path: segment.path().to_owned(),
                        what: format!("the row {row} is not in it"),
                    })
                }
            }
        })?;
        (alive.rows, alive.hashes) = (rows, hashes);
        Ok(alive)
    }
}

impl Vectors for Alive {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn row(&self, at: usize) -> u32 {
        self.rows[at].0
    }

    fn read(&self, at: usize, out: &mut [f32]) -> assort_index::Result<()> {
        let (_, segment, slot) = self.rows[at];
        if self.read.fetch_add(1, Ordering::Relaxed) % TOGETHER == TOGETHER - 1 {
            self.segments.iter().for_each(|segment| segment.release());
        }
        self.segments[segment as usize].vector(slot, out)
    }
}

/// Makes one segment of those of `numbers`, when segments are locked; what is
/// dead is left out, and where nothing is alive they are only dropped.
pub(super) fn merge(
    state: &State,
    space: &SpaceRecord,
    numbers: &[u32],
    options: &BuildOptions,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<()> {
    let alive = Alive::gather(state, space, numbers)?;
    if alive.is_empty() {
        state.commit(|writer| {
            writer.drop_segments(numbers)?;
            Ok(Changes {
                dropped: numbers.to_vec(),
                ..Changes::default()
            })
        })?;
        numbers
            .iter()
            .for_each(|&old| state.segment_files.discard(old));
        return Ok(());
    }
    let hashes = |at: usize| alive.hashes[at];
    build(state, space, &alive, &hashes, numbers, options, stop)
}
