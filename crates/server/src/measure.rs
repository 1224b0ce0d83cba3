//! How times are measured.

use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

/// Bounds of seconds: from half a millisecond to half a minute.
const SHORTEST: f64 = 0.0005;
const BOUNDS: u16 = 17;

/// Counts times by how long they were.
pub(crate) fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(SHORTEST, 2.0, BOUNDS))
}
