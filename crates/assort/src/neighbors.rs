//! Labelled products near a product.

use assort_core::vector::dot;
use assort_core::{NEIGHBORS, Neighbor, Prototypes};

use crate::scan::{Among, nearest};
use crate::snapshot::Snapshot;

/// Neighbours by plain similarity from which the voters are chosen by
/// centered similarity.
const POOL: usize = 3 * NEIGHBORS;

/// The voters for each of `queries`, nearest first. `without` names a row each
/// query must not find: a product has no vote on itself.
pub(crate) fn voters(
    snapshot: &Snapshot,
    prototypes: &Prototypes,
    queries: &[f32],
    without: &[Option<u32>],
) -> Vec<Vec<Neighbor>> {
    let found = nearest(snapshot, queries, POOL, Among::Labelled, without);
    let rows = queries.chunks_exact(snapshot.dimensions());
    rows.zip(found)
        .map(|(query, hits)| {
            let query = prototypes.center(query);
            let mut voters: Vec<Neighbor> = hits
                .into_iter()
                .filter_map(|hit| {
                    let vector = prototypes.center(snapshot.vector(hit.row)?);
                    Some(Neighbor {
                        row: hit.row,
                        category: snapshot.label(hit.row)?,
                        similarity: dot(&query, &vector),
                    })
                })
                .collect();
            voters.sort_unstable_by(|a, b| {
                b.similarity
                    .total_cmp(&a.similarity)
                    .then(a.row.cmp(&b.row))
            });
            voters.truncate(NEIGHBORS);
            voters
        })
        .collect()
}
