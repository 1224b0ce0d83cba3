//! How long work waits, by how long earlier work took.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Each piece of work counts an eighth, and what was before it the rest.
const SHARE: u64 = 8;

/// How much longer than usual it may take.
const MARGIN: f64 = 1.2;

/// The usual time of a piece of work, which follows what it took lately.
#[derive(Default)]
pub(crate) struct Pace(AtomicU64);

impl Pace {
    /// Takes note of what `pieces` of work took together.
    pub(crate) fn note(&self, took: Duration, pieces: usize) {
        let pieces = u64::try_from(pieces).unwrap_or(u64::MAX).max(1);
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX) / pieces;
        let usual = self.0.load(Ordering::Relaxed);
        let next = match usual {
            0 => took,
            _ => usual - usual / SHARE + took / SHARE,
        };
        // Of two at the same time, one may be lost.
        self.0.store(next, Ordering::Relaxed);
    }

    /// Whether work that stands behind `waiting` others, which `threads` do at a time,
    /// is likely to be done by a deadline.
    pub(crate) fn in_time(
        &self,
        waiting: usize,
        threads: usize,
        deadline: Option<Instant>,
    ) -> bool {
        let Some(deadline) = deadline else {
            return true;
        };
        let usual = Duration::from_nanos(self.0.load(Ordering::Relaxed));
        // Those at work, those that wait, and its own.
        let turns = u32::try_from(waiting / threads.max(1) + 2).unwrap_or(u32::MAX);
        let wait = usual.saturating_mul(turns).as_secs_f64() * MARGIN;
        // Whoever comes late is told so, not that there is too much to do.
        waiting == 0
            || deadline
                .saturating_duration_since(Instant::now())
                .as_secs_f64()
                >= wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_taken_that_is_likely_to_be_done_in_time() {
        let pace = Pace::default();
        let second = Some(Instant::now() + Duration::from_secs(1));
        assert!(pace.in_time(1_000, 1, second));
        pace.note(Duration::from_millis(200), 2);
        assert!(pace.in_time(6, 1, second));
        assert!(!pace.in_time(20, 1, second));
        assert!(pace.in_time(20, 4, second));
        assert!(pace.in_time(20, 1, None));
        // It follows what is so by now.
        (0..60).for_each(|_| pace.note(Duration::from_millis(1), 1));
        assert!(pace.in_time(500, 1, second));
    }
}
