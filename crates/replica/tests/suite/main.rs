//! Replicas of a catalog that a server in this process serves, or that is in an object store.

#![expect(
    clippy::unwrap_used,
    reason = "a failure in a helper of a test fails the test"
)]

mod common;
#[cfg(feature = "object-store")]
mod objects;
#[cfg(feature = "object-store")]
mod s3;
mod server;
#[cfg(feature = "object-store")]
mod sharded;
