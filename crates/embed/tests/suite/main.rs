//! Embedders through the public API.
//!
//! One binary for all of them, because linking takes longer than running.

#![expect(
    clippy::unwrap_used,
    reason = "a failure in a helper of a test fails the test"
)]

mod embedders;
mod pictures;
mod runtime;
