//! The contract: nothing that has landed breaks, and everything keeps to its habits.

#![expect(
    clippy::unwrap_used,
    reason = "a failure in a helper of a test fails the test"
)]

mod breaking;
mod habits;
mod listing;
