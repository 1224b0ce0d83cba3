//! Building a graph with the crate hnsw_rs, to compare our own builder with.
//!
//! hnsw_rs draws the levels of its rows by chance; ours follow from the slots.
//! So each of our levels is a graph of its own there, and of that graph only
//! the links of its lowest level are taken, which has all rows. Nothing is
//! added here; what hnsw_rs loses, [`super::repair`] finds again.
//!
//! Rows go in one at a time, in an order of chance. One at a time, because
//! hnsw_rs keeps a new row locked while it locks others, so that two threads
//! could wait for each other for ever; by chance, because our slots are sorted.
//!
//! It is fenced in: a distance is a whole number that cannot be negative or
//! NaN, settings stay below those it ends the process for, none of its
//! functions that print is called, and a panic ends here.

use std::panic::{AssertUnwindSafe, catch_unwind};

use hnsw_rs::prelude::{Distance, Hnsw};

use super::BuildOptions;
use super::order::shuffled;
use super::source::Source;
use crate::codes::Bytes;
use crate::graph::{Graph, NONE, stride};
use crate::{Error, Result};

/// Levels it may use, all that it has.
const LAYERS: usize = 16;

/// Fewest links it can work with.
const FEWEST_LINKS: usize = 2;

/// Rows inserted between two looks at `stop`.
const STOP_EVERY: usize = 64;

/// Builds the levels with those numbers of rows.
pub(super) fn build(
    source: &Source<'_>,
    options: &BuildOptions,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Graph> {
    let levels = source.counts.iter().enumerate().map(|(level, &rows)| {
        let stride = stride(options.m, level);
        let built = catch_unwind(AssertUnwindSafe(|| {
            links(source, rows, stride, options, stop)
        }));
        built.unwrap_or_else(|_| Err(Error::Fault("the builder hnsw_rs panicked".to_owned())))
    });
    Ok(Graph {
        m: options.m,
        levels: levels.collect::<Result<_>>()?,
    })
}

/// The links of one level.
fn links(
    source: &Source<'_>,
    rows: usize,
    stride: usize,
    options: &BuildOptions,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<u32>> {
    let distance = ByBytes(&source.codes.bytes);
    // On its lowest level a row keeps twice as many links as it is told.
    let most = (stride / 2).max(FEWEST_LINKS);
    let graph = Hnsw::<u32, _>::new(most, rows, LAYERS, options.ef_construction, distance);
    let mut order = shuffled(rows, options.seed);
    order.retain(|&id| source.duplicates.first(id).is_none());
    for (turn, id) in order.into_iter().enumerate() {
        if turn % STOP_EVERY == 0 && stop() {
            return Err(Error::Interrupted);
        }
        graph.insert((&[id], id as usize));
    }
    let mut links = vec![NONE; rows * stride];
    let points = graph.get_point_indexation();
    for point in (0..LAYERS).flat_map(|layer| points.get_layer_iterator(layer)) {
        let id = point.get_origin_id();
        let found = point.get_neighborhood_id();
        let found = found.first().map(Vec::as_slice).unwrap_or_default();
        let others = found
            .iter()
            .map(|link| link.d_id)
            .filter(|&other| other != id);
        for (place, other) in links[id * stride..][..stride].iter_mut().zip(others) {
            *place = other as u32;
        }
    }
    Ok(links)
}

/// Distance of rows that are given by their ids.
struct ByBytes<'a>(&'a Bytes);

impl Distance<u32> for ByBytes<'_> {
    fn eval(&self, a: &[u32], b: &[u32]) -> f32 {
        match (a.first(), b.first()) {
            (Some(&a), Some(&b)) => self.0.row(a).distance(self.0.row(b)) as f32,
            _ => 0.0,
        }
    }
}
