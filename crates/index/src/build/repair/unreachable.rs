//! Linking rows that can be reached, but by a way that no walk goes.
//!
//! That happens to rows that few links lead to, or none from near them. Those
//! are looked for by their own vectors, and linked if not found.

use rayon::prelude::*;

use super::{Memory, REPAIR_EF, Repair};
use crate::build::Builder;
use crate::walk::Links;
use crate::{Error, Result};

/// Rows a walk keeps while it looks again for a row it did not find: among
/// many of the same four bits it may just not have kept it.
const WIDE_EF: usize = 1024;

/// Links to a row below which it is looked for.
const DOUBTFUL_LINKS: u32 = 8;

/// Rounds of looking for rows.
const ROUNDS: usize = 4;

impl Repair<'_, '_> {
    /// Links every row that no walk leads to, of those where that may be.
    pub(super) fn find(
        &mut self,
        builder: Builder,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<()> {
        let mut doubtful = self.doubtful(builder);
        for _ in 0..ROUNDS {
            let unreachable = self.unreachable(&doubtful)?;
            doubtful.clear();
            for id in unreachable {
                if stop() {
                    return Err(Error::Interrupted);
                }
                if let Some(place) = self.place_near(id)? {
                    // One may find the way to a row by taking it from another.
                    doubtful.push(id);
                    doubtful.extend(self.link(place, id));
                }
            }
        }
        Ok(())
    }

    /// Rows that few links lead to, or whose nearest one has no link back. The
    /// reference builder keeps the nearest rows as links, which closes
    /// clusters off: there it is all rows.
    fn doubtful(&self, builder: Builder) -> Vec<u32> {
        let rows = (0..self.incoming.len() as u32).into_par_iter();
        let doubtful = rows.filter(|&id| {
            let sure = builder == Builder::Native
                && self.incoming[id as usize] >= DOUBTFUL_LINKS
                && self.is_answered(id);
            // Duplicates are found by the first of them.
            !sure && self.source.duplicates.first(id).is_none()
        });
        doubtful.collect()
    }

    /// Whether the nearest row that a row has a link to has one back.
    fn is_answered(&self, id: u32) -> bool {
        let (level, bytes) = (self.graph.level(self.level), &self.source.codes.bytes);
        let own = bytes.row(id);
        let nearest = level
            .links(id)
            .min_by_key(|&link| own.distance(bytes.row(link)));
        nearest.is_some_and(|nearest| level.links(nearest).any(|back| back == id))
    }

    fn unreachable(&self, doubtful: &[u32]) -> Result<Vec<u32>> {
        let unreachable = doubtful.par_iter().map_init(
            || Memory::new(self.source),
            |memory, &id| {
                let found =
                    self.finds(id, REPAIR_EF, memory)? || self.finds(id, WIDE_EF, memory)?;
                Ok((!found).then_some(id))
            },
        );
        unreachable.filter_map(Result::transpose).collect()
    }

    fn finds(&self, id: u32, ef: usize, memory: &mut Memory) -> Result<bool> {
        self.walk_to(id, ef, memory)?;
        Ok(memory.scratch.pool.ids().any(|found| found == id))
    }
}
