//! How far the work on segments is, in rows that are written.

use std::sync::atomic::{AtomicU64, Ordering};

/// Rows written into segments since the catalog was opened. Whoever seals or
/// merges counts here, in whichever thread; whoever waits reads.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// Rows of segments that are committed.
    committed: AtomicU64,
    /// Rows that the segment being built counts for, by the part that is done.
    building: AtomicU64,
    /// Rows that the segment being built will have; 0 if none is.
    planned: AtomicU64,
}

impl Written {
    /// Rows of segments that are committed.
    pub(crate) fn committed(&self) -> u64 {
        self.committed.load(Ordering::Relaxed)
    }

    /// Rows that the segment being built counts for.
    pub(crate) fn building(&self) -> u64 {
        self.building.load(Ordering::Relaxed)
    }

    /// Part of the segment being built that is done; none if none is built.
    pub(crate) fn part(&self) -> Option<f64> {
        let planned = self.planned.load(Ordering::Relaxed);
        (planned > 0).then(|| self.building() as f64 / planned as f64)
    }

    /// Notes that a `part` of the segment being built, of `rows`, is done.
    pub(crate) fn built(&self, rows: usize, part: f64) {
        let done = (rows as f64 * part.clamp(0.0, 1.0)) as u64;
        self.building.store(done, Ordering::Relaxed);
        self.planned.store(rows as u64, Ordering::Relaxed);
    }

    /// Notes the end of a build: `rows` were committed, none if it failed.
    pub(crate) fn ended(&self, rows: u64) {
        self.planned.store(0, Ordering::Relaxed);
        self.building.store(0, Ordering::Relaxed);
        self.committed.fetch_add(rows, Ordering::Relaxed);
    }
}
