//! Making one segment of everything, and giving back what is free.

use std::io::ErrorKind;

use assort_index::BuildOptions;

use super::merge::merge;
use super::merge_policy::{LIVE, MOST, sizes};
use super::seal::seal_locked;
use crate::state::State;
use crate::{Error, Result};

/// Rows that [`merge_all`] will write.
pub(crate) fn planned_rows_of_merging_all(state: &State) -> Result<u64> {
    let reader = state.store.read()?;
    let space = reader.space()?;
    let sizes = sizes(&reader, &space)?;
    let live = reader.live_vectors(&space)?;
    let sealed = if live >= LIVE || !sizes.is_empty() {
        live
    } else {
        0
    };
    let alive: u64 = sizes
        .iter()
        .map(|(_, rows, dead)| rows.saturating_sub(*dead))
        .sum();
    let pieces = sizes.len() as u64 + sealed.div_ceil(MOST as u64);
    let worn = sizes.iter().any(|(.., dead)| *dead > 0);
    let merged = if pieces > 1 || worn {
        alive + sealed
    } else {
        0
    };
    Ok(sealed + merged)
}

/// Seals what is live, unless it is so little that a scan is quicker, and
/// merges all segments into one.
pub(crate) fn merge_all(
    state: &State,
    options: &BuildOptions,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<()> {
    let _guard = state.lock_segments();
    let space = state.store.read()?.space()?;
    let segments = |state: &State| -> Result<Vec<u32>> {
        let all = state.store.read()?.segments()?;
        let own = all
            .into_iter()
            .filter(|(_, record)| record.generation == space.generation);
        Ok(own.map(|(number, _)| number).collect())
    };
    let live = state.store.read()?.live_vectors(&space)?;
    if live >= LIVE || (live > 0 && !segments(state)?.is_empty()) {
        while seal_locked(state, &space, options, stop)? > 0 {}
    }
    let numbers = segments(state)?;
    let reader = state.store.read()?;
    let worn = match numbers.as_slice() {
        [] => false,
        [only] => {
            // Rows that are dead, or that the store has lost.
            let mut held = 0;
            reader.each_sealed(&space, |_, sealed| {
                held += usize::from(sealed.segment == *only);
                Ok(())
            })?;
            state.segment_files.segment(*only, space.tag())?.len() != held
        }
        _ => true,
    };
    drop(reader);
    if worn {
        merge(state, &space, &numbers, options, stop)?;
    }
    Ok(())
}

/// Writes the store's file anew if most of it is free, once there is nothing to
/// seal or merge: vectors that were sealed leave much behind.
pub(crate) fn give_back(state: &State, stop: &(dyn Fn() -> bool + Sync)) -> Result<()> {
    if !state.store.is_bloated()? {
        return Ok(());
    }
    match state.rewrite(stop) {
        Ok(true) => Ok(()),
        // There will be another time.
        Ok(false) => {
            state.store.note_released();
            Ok(())
        }
        Err(Error::Interrupted) => {
            state.store.note_released();
            Err(Error::Interrupted)
        }
        // Nobody asked: what belongs to another user is left as it is.
        Err(Error::Io { source, .. }) if source.kind() == ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(error),
    }
}
