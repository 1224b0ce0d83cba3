//! The command line, as its users meet it.
//!
//! One binary for all of them, because linking takes longer than running.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a failure in a helper of a test fails the test"
)]

mod attributes;
mod bad_input;
mod classify;
mod common;
#[cfg(all(feature = "serve", unix))]
mod configuration;
mod copies;
mod distill;
mod evaluate;
mod feeds;
mod house;
mod import;
mod imports;
mod index;
mod list;
mod model_folder;
mod objects;
#[cfg(feature = "pictures")]
mod pictures;
mod process;
mod rejects;
mod remedies;
#[cfg(all(feature = "client", feature = "serve", unix))]
mod remote;
mod search;
#[cfg(all(feature = "serve", unix))]
mod serve;
mod sharded;
mod static_embedding;
mod taxonomy;
mod train;
