//! Learning from products without labels: the catalog's mean, and prototypes
//! moved towards the products they attract.

use assort_core::{Prototypes, ROUNDS, SoftAssignments, vector};
use rayon::prelude::*;

use crate::snapshot::Snapshot;
use crate::{Error, Result};

/// Fewer products than this have no meaningful mean.
const ENOUGH_FOR_MEAN: usize = 100;

/// Products that prototypes are fitted to, at most.
const FIT_SAMPLE: usize = 20_000;

/// Multiplications that one round of fitting may take; with very many
/// categories the sample shrinks accordingly.
const FIT_BUDGET: usize = 30_000_000_000;

/// Products that are compared with the prototypes at a time.
const BLOCK: usize = 64;

/// Mean of all vectors; none if there are too few.
pub(super) fn mean(snapshot: &Snapshot) -> Result<Option<Vec<f32>>> {
    let dimensions = snapshot.dimensions();
    let (sum, count) = snapshot
        .chunks()
        .par_iter()
        .map(|chunk| {
            let mut sum = vec![0.0f32; dimensions];
            let mut count = 0usize;
            chunk.each(|_, vector| {
                vector::add_scaled(&mut sum, vector, 1.0);
                count += 1;
            })?;
            Ok::<_, Error>((sum, count))
        })
        .try_reduce(
            || (vec![0.0; dimensions], 0),
            |mut a, b| {
                vector::add_scaled(&mut a.0, &b.0, 1.0);
                Ok((a.0, a.1 + b.1))
            },
        )?;
    let mean = || sum.iter().map(|total| total / count as f32).collect();
    Ok((count >= ENOUGH_FOR_MEAN).then(mean))
}

/// Moves prototypes towards the products they attract.
pub(super) fn adapted(snapshot: &Snapshot, start: &Prototypes) -> Result<Prototypes> {
    let (_, rows) = sample(snapshot, start)?;
    let count = rows.len() / snapshot.dimensions();
    if count < ENOUGH_FOR_MEAN {
        return Ok(start.clone());
    }
    let share = count.div_ceil(rayon::current_num_threads()) * snapshot.dimensions();
    Ok((0..ROUNDS).fold(start.clone(), |prototypes, _| {
        let gathered: Vec<SoftAssignments> = rows
            .par_chunks(share)
            .map(|rows| {
                let mut assignments = SoftAssignments::empty(&prototypes);
                rows.chunks(BLOCK * snapshot.dimensions())
                    .for_each(|rows| assignments.gather(&prototypes, rows));
                assignments
            })
            .collect();
        let empty = SoftAssignments::empty(&prototypes);
        let assignments = gathered.iter().fold(empty, SoftAssignments::merged);
        assignments.maximised(start)
    }))
}

/// Products evenly spread over the catalog, as many as the budget allows: their rows,
/// and their vectors one after another.
pub(super) fn sample(snapshot: &Snapshot, prototypes: &Prototypes) -> Result<(Vec<u32>, Vec<f32>)> {
    let row_cost = prototypes.candidates().len() * prototypes.dimensions();
    let limit = FIT_SAMPLE.min(FIT_BUDGET / row_cost.max(1));
    let chunks = snapshot.chunks();
    // In order of rows, so that it does not matter which are sealed.
    let mut all: Vec<(u32, u32, u32)> = Vec::new();
    for (number, chunk) in (0..).zip(&chunks) {
        let rows = chunk.rows()?;
        all.extend(rows.into_iter().map(|(at, row)| (row, number, at)));
    }
    all.sort_unstable();
    let chosen: Vec<_> = spread(all.len(), limit).map(|at| all[at]).collect();
    let mut vectors = vec![0.0; chosen.len() * snapshot.dimensions()];
    vectors
        .par_chunks_exact_mut(snapshot.dimensions())
        .zip(&chosen)
        .try_for_each(|(row, (_, chunk, at))| chunks[*chunk as usize].read(*at, row))?;
    Ok((chosen.iter().map(|(row, _, _)| *row).collect(), vectors))
}

/// At most `limit` of `count` positions, evenly spread.
pub(super) fn spread(count: usize, limit: usize) -> impl Iterator<Item = usize> {
    let taken = count.min(limit);
    (0..taken).map(move |at| at * count / taken.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_even_and_within_its_limit() {
        assert_eq!(spread(10, 5).collect::<Vec<_>>(), [0, 2, 4, 6, 8]);
        assert_eq!(spread(3, 5).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(spread(0, 5).count(), 0);
    }
}
