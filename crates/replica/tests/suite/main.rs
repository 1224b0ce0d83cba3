//! Replicas of a catalog that a server in this process serves.

#![expect(
    clippy::unwrap_used,
    reason = "a failure in a helper of a test fails the test"
)]

mod common;
mod server;
