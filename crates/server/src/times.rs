//! Times that can be changed while a server runs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Times that an operator may change. Each is kept in milliseconds.
pub(crate) struct Times {
    slow: AtomicU64,
    drain: AtomicU64,
}

/// Stands for no time at which a call is slow.
const NEVER: u64 = u64::MAX;

impl Times {
    pub(crate) fn new(slow: Option<Duration>, drain: Duration) -> Self {
        let times = Self {
            slow: AtomicU64::default(),
            drain: AtomicU64::default(),
        };
        times.set(slow, drain);
        times
    }

    pub(crate) fn set(&self, slow: Option<Duration>, drain: Duration) {
        self.slow
            .store(slow.map_or(NEVER, milliseconds), Ordering::Relaxed);
        self.drain.store(milliseconds(drain), Ordering::Relaxed);
    }

    /// Whether a call that took so long is told in the log.
    pub(crate) fn is_slow(&self, took: Duration) -> bool {
        let slow = self.slow.load(Ordering::Relaxed);
        slow != NEVER && took > Duration::from_millis(slow)
    }

    /// How long calls may go on once the server is told to end.
    pub(crate) fn drain(&self) -> Duration {
        Duration::from_millis(self.drain.load(Ordering::Relaxed))
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(NEVER - 1)
}
