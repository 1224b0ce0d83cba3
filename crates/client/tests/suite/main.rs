//! The client against servers in this process: real ones, and one that has no room.

#![expect(
    clippy::unwrap_used,
    reason = "a failure in a helper of a test fails the test"
)]

mod calls;
mod common;
mod streams;
mod trouble;
