//! Segments through the public API of the index: built, opened, searched, damaged.
//!
//! One binary for all of them, because linking takes longer than running.

#![expect(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a failure in a helper of a test fails the test"
)]

mod builders;
mod common;
mod damage;
mod faults;
mod format;
mod reach;
mod search;
