//! How many texts run through a model at once, found by trying on the first
//! large calls: it depends on the model, the machine and the texts.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Sizes that are tried. Results do not depend on them.
const SIZES: [usize; 4] = [32, 16, 64, 8];

/// Times that each is tried; texts differ.
const ROUNDS: usize = 2;

/// Texts of a call from which times can be told.
const LARGE: usize = 128;

/// The size of micro-batches.
pub(crate) enum MicroBatch {
    /// Always this one.
    Fixed(usize),
    /// The quickest of some.
    Tried(Mutex<Trials>),
}

/// What was found out so far.
#[derive(Default)]
pub(crate) struct Trials {
    /// Large calls that were timed.
    calls: usize,
    /// Seconds and bytes of the texts, for each size.
    spent: [(f64, f64); SIZES.len()],
}

impl MicroBatch {
    /// The quickest is to be found.
    pub(crate) fn tried() -> Self {
        Self::Tried(Mutex::default())
    }

    /// The size for a call.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Fixed(size) => *size,
            Self::Tried(trials) => {
                let trials = trials.lock().unwrap_or_else(PoisonError::into_inner);
                SIZES[trials.next()]
            }
        }
    }

    /// Takes in how long a call took with texts of so many bytes.
    pub(crate) fn took(&self, size: usize, texts: usize, bytes: usize, time: Duration) {
        let Self::Tried(trials) = self else { return };
        let mut trials = trials.lock().unwrap_or_else(PoisonError::into_inner);
        if texts >= LARGE && trials.calls < ROUNDS * SIZES.len() {
            trials.calls += 1;
            if let Some(at) = SIZES.iter().position(|&other| other == size) {
                trials.spent[at].0 += time.as_secs_f64();
                trials.spent[at].1 += bytes.max(1) as f64;
            }
        }
    }
}

impl Trials {
    /// The size to take next: each in turn, then the quickest.
    fn next(&self) -> usize {
        if self.calls < ROUNDS * SIZES.len() {
            return self.calls % SIZES.len();
        }
        let pace = |at: usize| {
            let (seconds, bytes) = self.spent[at];
            if bytes > 0.0 {
                seconds / bytes
            } else {
                f64::INFINITY
            }
        };
        let all = 0..SIZES.len();
        all.min_by(|&a, &b| pace(a).total_cmp(&pace(b)))
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quickest_size_is_kept() {
        let batch = MicroBatch::tried();
        // Small calls tell nothing.
        batch.took(batch.size(), 1, 10, Duration::from_secs(9));
        let mut seen = Vec::new();
        for _ in 0..ROUNDS * SIZES.len() {
            let size = batch.size();
            seen.push(size);
            let slow = if size == 16 { 1 } else { 3 };
            batch.took(size, 256, 10_000, Duration::from_millis(slow));
        }
        assert!(SIZES.iter().all(|size| seen.contains(size)));
        assert_eq!(batch.size(), 16);
        batch.took(16, 256, 10, Duration::from_secs(100));
        assert_eq!(batch.size(), 16);
        assert_eq!(MicroBatch::Fixed(1).size(), 1);
    }
}
