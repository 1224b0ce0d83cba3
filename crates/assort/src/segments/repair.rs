//! Getting over the loss of a segment: its rows are known, and their products.

use std::collections::HashSet;

use assort_core::{Embedder, Role};

use crate::Result;
use crate::embedding::{Item, embed_all};
use crate::observer::Observer;
use crate::snapshot::Changes;
use crate::state::State;
use crate::store::SpaceRecord;

/// Products that are embedded and committed together.
const GROUP: usize = 2048;

/// The segments that cannot be used, each with the reason.
pub(crate) fn broken(state: &State, space: &SpaceRecord) -> Result<Vec<(u32, String)>> {
    let mut broken = Vec::new();
    for (number, record) in state.store.read()?.segments()? {
        if record.generation != space.generation {
            continue;
        }
        state.segment_files.close(number);
        let opened = state.segment_files.segment(number, space.tag());
        if let Err(error) = opened.and_then(|segment| Ok(segment.verify()?)) {
            broken.push((number, error.to_string()));
        }
    }
    Ok(broken)
}

/// Embeds the products of broken segments again, makes their vectors live,
/// and drops the segments. Returns how many there were; a stopped run goes on
/// where it was when run again.
pub(crate) fn repair(
    state: &State,
    space: &SpaceRecord,
    embedder: &dyn Embedder,
    numbers: &[u32],
    observer: &mut dyn Observer,
) -> Result<u64> {
    let _guard = state.lock_segments();
    let broken: HashSet<u32> = numbers.iter().copied().collect();
    let mut lost = Vec::new();
    state.store.read()?.each_sealed(space, |row, sealed| {
        if broken.contains(&sealed.segment) {
            lost.push(row);
        }
        Ok(())
    })?;
    state.forget();
    let mut done = 0;
    for rows in lost.chunks(GROUP) {
        let reader = state.store.read()?;
        let mut products = Vec::with_capacity(rows.len());
        for &row in rows {
            products.extend(reader.product(row)?.map(|product| (row, product)));
        }
        let items: Vec<(u32, Item<'_>)> = products
            .iter()
            .map(|(row, product)| (*row, Item::of_fields(&product.title, &product.text)))
            .collect();
        let own = items.iter().map(|(_, item)| *item);
        let made = embed_all(embedder, Role::Document, own, |_| !observer.stop())?;
        let vectors: Vec<(u32, u128, Vec<f32>)> = items
            .iter()
            .filter_map(|(row, item)| Some((*row, item.hash, made.get(&item.hash)?.clone())))
            .collect();
        done += vectors.len() as u64;
        state.commit_vectors(space, vectors)?;
        // What is in memory does not know these vectors.
        state.forget();
        observer.progress(crate::Progress::Repair {
            done,
            total: lost.len() as u64,
        });
        if observer.stop() {
            return Err(crate::Error::Interrupted);
        }
    }
    state.commit(|writer| {
        writer.drop_segments(numbers)?;
        Ok(Changes::default())
    })?;
    state.forget();
    numbers
        .iter()
        .for_each(|&number| state.segment_files.discard(number));
    Ok(done)
}
