//! The command line, as its users meet it.
//!
//! One binary for all of them, because linking takes longer than running.

#![expect(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a failure in a helper of a test fails the test"
)]

mod bad_input;
mod classify;
mod common;
mod distill;
mod import;
mod index;
mod model_folder;
mod process;
mod search;
mod taxonomy;
