//! Learning from products without labels: the catalog's mean, and prototypes
//! moved towards the products they attract.

use assort_core::{Prototypes, ROUNDS, SoftAssignments};
use rayon::prelude::*;

use super::content::{Groups, Words, words};
use crate::Result;
use crate::snapshot::Snapshot;
use crate::store::Reader;

/// Fewer contents than this have no meaningful mean.
const ENOUGH_FOR_MEAN: usize = 100;

/// Products that are looked at, at most.
const FIT_SAMPLE: usize = 20_000;

/// Multiplications that one round of fitting prototypes may take; with very many
/// categories the sample shrinks accordingly.
const FIT_BUDGET: usize = 30_000_000_000;

/// Products that are compared with the prototypes at a time.
const BLOCK: usize = 64;

/// Products that are learned from without labels, one of each content.
pub(super) struct Sample {
    pub(super) words: Vec<Words>,
    /// Their vectors, one after another.
    pub(super) vectors: Vec<f32>,
}

/// Products evenly spread over the catalog, as many as the budget for so many candidates
/// allows.
pub(super) fn sample(
    reader: &Reader<'_>,
    snapshot: &Snapshot,
    candidates: usize,
) -> Result<Sample> {
    let dimensions = snapshot.dimensions();
    let limit = FIT_SAMPLE.min(FIT_BUDGET / (candidates * dimensions).max(1));
    let chunks = snapshot.chunks();
    // In order of rows, so that it does not matter which are sealed.
    let mut all: Vec<(u32, u32, u32)> = Vec::new();
    for (number, chunk) in (0..).zip(&chunks) {
        let rows = chunk.rows()?;
        all.extend(rows.into_iter().map(|(at, row)| (row, number, at)));
    }
    all.sort_unstable();
    let spread: Vec<_> = spread(all.len(), limit).map(|at| all[at]).collect();
    let rows: Vec<u32> = spread.iter().map(|(row, _, _)| *row).collect();
    let words = words(reader, &rows)?;
    let groups = Groups::of(&words);
    let both = words.into_iter().zip(spread).enumerate();
    let (words, chosen): (Vec<Words>, Vec<_>) = both
        .filter(|(at, _)| groups.is_first(*at))
        .map(|(_, one)| one)
        .unzip();
    let mut vectors = vec![0.0; chosen.len() * dimensions];
    vectors
        .par_chunks_exact_mut(dimensions)
        .zip(&chosen)
        .try_for_each(|(row, (_, chunk, at))| chunks[*chunk as usize].read(*at, row))?;
    Ok(Sample { words, vectors })
}

/// Mean of the vectors; none if there are too few.
pub(super) fn mean(sample: &Sample, dimensions: usize) -> Option<Vec<f32>> {
    let count = sample.words.len();
    (count >= ENOUGH_FOR_MEAN).then(|| {
        let mut sum = vec![0.0f64; dimensions];
        for row in sample.vectors.chunks_exact(dimensions) {
            let both = sum.iter_mut().zip(row);
            both.for_each(|(sum, value)| *sum += f64::from(*value));
        }
        sum.iter().map(|sum| (sum / count as f64) as f32).collect()
    })
}

/// Prototypes moved towards the products they attract.
pub(super) fn adapted(sample: &Sample, start: &Prototypes) -> Prototypes {
    let dimensions = start.dimensions();
    let share = sample.words.len().div_ceil(rayon::current_num_threads()) * dimensions;
    (0..ROUNDS).fold(start.clone(), |prototypes, _| {
        let gathered: Vec<SoftAssignments> = sample
            .vectors
            .par_chunks(share.max(1))
            .map(|rows| {
                let mut assignments = SoftAssignments::empty(&prototypes);
                rows.chunks(BLOCK * dimensions)
                    .for_each(|rows| assignments.gather(&prototypes, rows));
                assignments
            })
            .collect();
        let empty = SoftAssignments::empty(&prototypes);
        let assignments = gathered.iter().fold(empty, SoftAssignments::merged);
        assignments.maximised(start)
    })
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
