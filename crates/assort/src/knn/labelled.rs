//! Labelled products near a product.

use std::borrow::Cow;

use assort_core::vector::dot;
use assort_core::{NEIGHBORS, Neighbor, Prototypes};
use rayon::prelude::*;

use crate::Result;
use crate::knn::effort::Effort;
use crate::knn::graph::nearest;
use crate::snapshot::RowFilter;
use crate::snapshot::Snapshot;

/// Neighbours by plain similarity from which the voters are chosen by
/// centered similarity; more where too few of them say something of their own.
const VOTER_POOLS: [usize; 3] = [3 * NEIGHBORS, 12 * NEIGHBORS, 48 * NEIGHBORS];

/// With fewer voters than this more are looked for.
const FEW_VOTERS: usize = NEIGHBORS / 3;

/// Products of one category that are more similar than this say the same, and vote
/// once. Variants of a title lie above, see `docs/classification.md`.
pub(crate) const SAME_CONTENT: f32 = 0.985;

/// Whose labels may not speak for a query: by its number and a row.
pub(crate) type IsOut<'a> = dyn Fn(usize, u32) -> bool + Sync + 'a;

/// The voters for each of `queries`, nearest first, one for each content. `without`
/// names a row each query must not find: a product has no vote on itself; nor has one
/// that `is_out` names.
pub(crate) fn voters(
    snapshot: &Snapshot,
    prototypes: &Prototypes,
    queries: &[f32],
    without: &[Option<u32>],
    is_out: &IsOut<'_>,
    effort: Effort,
) -> Result<Vec<Vec<Neighbor>>> {
    let dimensions = snapshot.dimensions();
    let mut all: Vec<Vec<Neighbor>> = vec![Vec::new(); without.len()];
    let mut open: Vec<usize> = (0..without.len()).collect();
    for pool in VOTER_POOLS {
        let asked: Cow<'_, [f32]> = match open.len() == without.len() {
            true => Cow::Borrowed(queries),
            false => open
                .iter()
                .flat_map(|&at| &queries[at * dimensions..][..dimensions])
                .copied()
                .collect(),
        };
        let own: Vec<Option<u32>> = open.iter().map(|&at| without[at]).collect();
        let found = nearest(snapshot, &asked, pool, RowFilter::Labelled, &own, effort)?;
        let chosen: Vec<(Vec<Neighbor>, bool)> = asked
            .par_chunks_exact(dimensions)
            .zip(found)
            .zip(&open)
            .map(|((query, hits), &at)| {
                let is_all = hits.len() < pool;
                let rows = hits.iter().map(|hit| hit.row);
                let rows = rows.filter(|&row| !is_out(at, row));
                let voters = of_their_own(snapshot, prototypes, query, rows)?;
                let enough = is_all || voters.len() >= FEW_VOTERS;
                Ok((voters, enough))
            })
            .collect::<Result<_>>()?;
        let mut still = Vec::new();
        for (&at, (voters, enough)) in open.iter().zip(chosen) {
            all[at] = voters;
            if !enough {
                still.push(at);
            }
        }
        open = still;
        if open.is_empty() {
            break;
        }
    }
    Ok(all)
}

/// The nearest of `rows` by centered similarity, one for each content.
fn of_their_own(
    snapshot: &Snapshot,
    prototypes: &Prototypes,
    query: &[f32],
    rows: impl Iterator<Item = u32>,
) -> Result<Vec<Neighbor>> {
    let query = prototypes.center(query);
    let mut near: Vec<(Neighbor, Vec<f32>)> = Vec::new();
    for row in rows {
        let (vector, label) = (snapshot.vector(row)?, snapshot.label(row));
        let Some((vector, category)) = vector.zip(label) else {
            continue;
        };
        let vector = prototypes.center(&vector);
        let similarity = dot(&query, &vector);
        let voter = Neighbor {
            row,
            category,
            similarity,
        };
        near.push((voter, vector));
    }
    near.sort_unstable_by(|(a, _), (b, _)| {
        b.similarity
            .total_cmp(&a.similarity)
            .then(a.row.cmp(&b.row))
    });
    let mut voters: Vec<(Neighbor, Vec<f32>)> = Vec::new();
    for (voter, vector) in near {
        let says_the_same = |(other, known): &(Neighbor, Vec<f32>)| {
            other.category == voter.category && dot(known, &vector) > SAME_CONTENT
        };
        if voters.len() < NEIGHBORS && !voters.iter().any(says_the_same) {
            voters.push((voter, vector));
        }
    }
    Ok(voters.into_iter().map(|(voter, _)| voter).collect())
}
