//! Making a segment of live vectors.

use std::sync::Arc;

use assort_index::{BuildOptions, Vectors};

use super::merge_policy::MOST;
use crate::snapshot::{Changes, Resealed};
use crate::state::State;
use crate::store::{NewSegment, Reader, SpaceRecord};
use crate::{Error, Result};

/// Live vectors, copied out of the store.
struct Live {
    dimensions: usize,
    /// Rows with the digests of their texts.
    rows: Vec<(u32, u128)>,
    coordinates: Vec<f32>,
}

impl Live {
    fn gather(reader: &Reader<'_>, space: &SpaceRecord) -> Result<Self> {
        let mut live = Self {
            dimensions: space.dimensions as usize,
            rows: Vec::new(),
            coordinates: Vec::new(),
        };
        reader.live_vectors_up_to(space, MOST, |row, view| {
            live.rows.push((row, view.text_hash));
            let from = live.coordinates.len();
            live.coordinates.resize(from + live.dimensions, 0.0);
            view.copy_to(&mut live.coordinates[from..]);
            Ok(())
        })?;
        Ok(live)
    }
}

impl Vectors for Live {
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
        out.copy_from_slice(&self.coordinates[at * self.dimensions..][..self.dimensions]);
        Ok(())
    }
}

/// Makes a segment of the live vectors of `space`, at most [`MOST`]; tells how
/// many there were. `stop` gives it up and changes nothing.
pub(crate) fn seal(
    state: &State,
    space: &SpaceRecord,
    options: &BuildOptions,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<usize> {
    let _guard = state.lock_segments();
    seal_locked(state, space, options, stop)
}

/// Makes a segment of live vectors if there are `limit` of them or more; tells
/// whether there were.
pub(crate) fn seal_over(
    state: &State,
    limit: u64,
    options: &BuildOptions,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<bool> {
    let _guard = state.lock_segments();
    let reader = state.store.read()?;
    let space = reader.space()?;
    let due = reader.live_vectors(&space)? >= limit;
    // While a commit is read, pages that later ones free cannot be used again.
    drop(reader);
    Ok(due && seal_locked(state, &space, options, stop)? > 0)
}

/// The same as [`seal`], when segments are locked.
pub(super) fn seal_locked(
    state: &State,
    space: &SpaceRecord,
    options: &BuildOptions,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<usize> {
    let live = Live::gather(&state.store.read()?, space)?;
    if live.is_empty() {
        return Ok(0);
    }
    let hashes = |at: usize| live.rows[at].1;
    build(state, space, &live, &hashes, &[], options, stop)?;
    Ok(live.len())
}

/// Builds a segment of `vectors` and commits it in place of the segments
/// `merged`, or of live vectors if there are none.
pub(super) fn build(
    state: &State,
    space: &SpaceRecord,
    vectors: &dyn Vectors,
    text_hash: &dyn Fn(usize) -> u128,
    merged: &[u32],
    options: &BuildOptions,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<()> {
    let segment_files = &state.segment_files;
    let number = state.store.read()?.next_segment()?;
    segment_files.make_folder()?;
    segment_files.close(number);
    let path = segment_files.path(number);
    let built = assort_index::build(
        segment_files.files(),
        &path,
        space.tag(),
        vectors,
        options,
        &|part| {
            state.written.built(vectors.len(), part);
            stop()
        },
    );
    let committed = built.map_err(Error::from).and_then(|()| {
        let committed = commit(state, space, number, vectors, text_hash, merged);
        if committed.is_err() {
            segment_files.discard(number);
        }
        committed
    });
    let rows = committed.as_ref().map_or(0, |()| vectors.len() as u64);
    state.written.ended(rows);
    committed?;
    merged.iter().for_each(|&old| segment_files.discard(old));
    Ok(())
}

fn commit(
    state: &State,
    space: &SpaceRecord,
    number: u32,
    vectors: &dyn Vectors,
    text_hash: &dyn Fn(usize) -> u128,
    merged: &[u32],
) -> Result<()> {
    let segment = state.segment_files.segment(number, space.tag())?;
    // What was written is read back once before anything depends on it.
    segment.verify()?;
    let mut rows: Vec<(u32, u128)> = (0..vectors.len())
        .map(|at| (vectors.row(at), text_hash(at)))
        .collect();
    rows.sort_unstable_by_key(|(row, _)| *row);
    let mut slots = Vec::with_capacity(rows.len());
    for slot in 0..segment.len() as u32 {
        let row = segment.row(slot);
        let at = row.and_then(|row| rows.binary_search_by_key(&row, |(row, _)| *row).ok());
        let Some(at) = at else {
            return Err(Error::Segment {
                path: segment.path().to_owned(),
                what: format!("the row in slot {slot} is not one that was written"),
            });
        };
        slots.push(rows[at]);
    }
    state.commit(|writer| {
        // The catalog may have moved to another space meanwhile.
        if !writer.has_space(space)? {
            return Err(Error::Interrupted);
        }
        let new = NewSegment {
            number,
            space,
            rows: &slots,
        };
        let dead = writer.add_segment(&new, merged)?;
        if writer.space()?.generation != space.generation {
            return Ok(Changes::default());
        }
        Ok(Changes {
            resealed: Some(Resealed {
                number,
                segment: Arc::clone(&segment),
                dead,
                merged: merged.to_vec(),
            }),
            ..Changes::default()
        })
    })
}
