//! Labelled products near a product.

use assort_core::vector::dot;
use assort_core::{NEIGHBORS, Neighbor, Prototypes};
use rayon::prelude::*;

use crate::Result;
use crate::knn::graph::{Effort, nearest};
use crate::snapshot::RowFilter;
use crate::snapshot::Snapshot;

/// Neighbours by plain similarity from which the voters are chosen by
/// centered similarity.
const VOTER_POOL: usize = 3 * NEIGHBORS;

/// The voters for each of `queries`, nearest first. `without` names a row each
/// query must not find: a product has no vote on itself.
pub(crate) fn voters(
    snapshot: &Snapshot,
    prototypes: &Prototypes,
    queries: &[f32],
    without: &[Option<u32>],
    effort: Effort,
) -> Result<Vec<Vec<Neighbor>>> {
    let found = nearest(
        snapshot,
        queries,
        VOTER_POOL,
        RowFilter::Labelled,
        without,
        effort,
    )?;
    let rows = queries.par_chunks_exact(snapshot.dimensions());
    rows.zip(found)
        .map(|(query, hits)| {
            let query = prototypes.center(query);
            let mut voters = Vec::with_capacity(hits.len());
            for hit in hits {
                let (vector, label) = (snapshot.vector(hit.row)?, snapshot.label(hit.row));
                let Some((vector, category)) = vector.zip(label) else {
                    continue;
                };
                voters.push(Neighbor {
                    row: hit.row,
                    category,
                    similarity: dot(&query, &prototypes.center(&vector)),
                });
            }
            voters.sort_unstable_by(|a, b| {
                b.similarity
                    .total_cmp(&a.similarity)
                    .then(a.row.cmp(&b.row))
            });
            voters.truncate(NEIGHBORS);
            Ok(voters)
        })
        .collect()
}
