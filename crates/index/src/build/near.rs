//! The nearest rows of the level above, for each row of a level.
//!
//! They decide where a row stands, and which rows are compared with it: see [`super::lists`].

use rayon::prelude::*;

use super::source::{BATCH, Source};
use crate::Result;
use crate::graph::{Graph, NONE};
use crate::scratch::Scratch;
use crate::walk::{Way, descend, walk};

/// Rows above that are looked for: more lead to more of the rows that are near.
pub(super) const NEAREST: usize = 24;

/// For each row of a level its nearest rows above.
pub(super) struct Near {
    /// So many of each row, the nearest first; [`NONE`] where fewer were found.
    rows: Vec<u32>,
    width: usize,
    /// Rows above.
    pub(super) above: usize,
}

impl Near {
    /// Looks for those of the `rows` rows of a level. `above` is what the levels above were built
    /// from, and `graph` has their links; where there is none above, all rows have the same one.
    pub(super) fn find(
        above: &Source<'_>,
        graph: &Graph,
        rows: usize,
        observe: &(dyn Fn(usize) -> Result<()> + Sync),
    ) -> Result<Self> {
        let width = NEAREST.min(above.codes.rows());
        if width == 0 {
            return Ok(Self {
                rows: vec![0; rows],
                width: 1,
                above: 1,
            });
        }
        let mut near = vec![NONE; rows * width];
        let batches = near.par_chunks_mut(BATCH * width).enumerate();
        batches.try_for_each_init(
            || Finder::new(above, graph),
            |finder, (batch, near)| {
                observe(near.len() / width)?;
                let slots = (batch * BATCH) as u32..;
                let mut rows = slots.zip(near.chunks_exact_mut(width));
                rows.try_for_each(|(slot, near)| finder.find(slot, near))
            },
        )?;
        Ok(Self {
            rows: near,
            width,
            above: above.codes.rows(),
        })
    }

    /// The nearest rows above, the nearest first.
    pub(super) fn of(&self, slot: u32) -> &[u32] {
        let near = &self.rows[slot as usize * self.width..][..self.width];
        let found = near.iter().position(|&row| row == NONE);
        &near[..found.unwrap_or(self.width)]
    }

    /// One of them, counted from 0.
    pub(super) fn nth(&self, slot: u32, nearest: usize) -> Option<u32> {
        let at = slot as usize * self.width + nearest;
        let row = *self.rows.get(at).filter(|_| nearest < self.width)?;
        (row != NONE).then_some(row)
    }

    /// Puts the rows from slot `first` on in another order: of slots as they stand now.
    pub(super) fn reorder(&mut self, first: usize, order: &[u32]) {
        let of = |&slot: &u32| &self.rows[slot as usize * self.width..][..self.width];
        let moved: Vec<u32> = order.iter().flat_map(of).copied().collect();
        self.rows[first * self.width..].copy_from_slice(&moved);
    }
}

/// Walks through a graph, again and again.
struct Finder<'a, 's> {
    above: &'a Source<'s>,
    graph: &'a Graph,
    scratch: Scratch,
    vector: Vec<f32>,
}

impl<'a, 's> Finder<'a, 's> {
    fn new(above: &'a Source<'s>, graph: &'a Graph) -> Self {
        Self {
            above,
            graph,
            scratch: Scratch::default(),
            vector: vec![0.0; above.quantizer.dimensions()],
        }
    }

    fn find(&mut self, slot: u32, near: &mut [u32]) -> Result<()> {
        self.above.ordered.read(slot, &mut self.vector)?;
        let query = self.above.quantizer.query(&self.vector).coarse;
        let (graph, scratch) = (self.graph, &mut self.scratch);
        let records = self.above.codes.records();
        let lowest = graph.levels.len() - self.above.counts.len();
        let mut from = 0;
        for level in (lowest + 1..graph.levels.len()).rev() {
            from = descend(&graph.level(level), records, &query, from, scratch);
        }
        let way = Way {
            from,
            rows: self.above.codes.rows(),
            ef: near.len(),
            filter: None,
            budget: usize::MAX,
            ending: None,
        };
        walk(&graph.level(lowest), records, &query, way, scratch);
        for (place, id) in near.iter_mut().zip(scratch.pool.ids()) {
            *place = id;
        }
        Ok(())
    }
}
