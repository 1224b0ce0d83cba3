//! A part of a catalog's vectors, wherever they are.

use std::ops::Range;

use crate::Result;
use crate::snapshot::live::Block;
use crate::snapshot::{Sealed, Snapshot};

/// Some rows that lie together.
pub(crate) struct Chunk<'a> {
    snapshot: &'a Snapshot,
    place: Place<'a>,
}

enum Place<'a> {
    Live(&'a Block),
    Sealed(&'a Sealed, Range<u32>),
}

impl<'a> Chunk<'a> {
    pub(crate) fn live(snapshot: &'a Snapshot, block: &'a Block) -> Self {
        let place = Place::Live(block);
        Self { snapshot, place }
    }

    pub(crate) fn sealed(snapshot: &'a Snapshot, sealed: &'a Sealed, slots: Range<u32>) -> Self {
        let place = Place::Sealed(sealed, slots);
        Self { snapshot, place }
    }

    /// The rows that are there, each with its position in this part.
    pub(crate) fn rows(&self) -> Result<Vec<(u32, u32)>> {
        match &self.place {
            Place::Live(block) => {
                let positions = block.positions();
                Ok(positions.map(|at| (at as u32, block.row(at))).collect())
            }
            Place::Sealed(sealed, slots) => {
                let alive = slots.clone().filter(|&slot| sealed.is_alive(slot));
                let rows: Vec<_> = alive
                    .filter_map(|slot| Some((slot, sealed.segment.row(slot)?)))
                    .collect();
                sealed.segment.intact()?;
                Ok(rows)
            }
        }
    }

    /// Writes the coordinates at a position to `out`.
    pub(crate) fn read(&self, at: u32, out: &mut [f32]) -> Result<()> {
        match &self.place {
            Place::Live(block) => out.copy_from_slice(block.vector(at as usize)),
            Place::Sealed(sealed, _) => sealed.segment.vector(at, out)?,
        }
        Ok(())
    }

    /// What it is a part of.
    pub(crate) fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }

    /// Visits rows with their vectors.
    pub(crate) fn each(&self, mut visit: impl FnMut(u32, &[f32])) -> Result<()> {
        let mut vector = vec![0.0; self.snapshot.dimensions()];
        for (at, row) in self.rows()? {
            self.read(at, &mut vector)?;
            visit(row, &vector);
        }
        Ok(())
    }
}
