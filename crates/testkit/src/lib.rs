//! What the tests of all crates share.
//!
//! - [`Chance`]: numbers that look random and are the same for the same seed.
//! - [`toy`]: embedders that need no model, and misbehave on demand.
//! - [`disk`]: a file system that fails at a chosen operation.
//! - `dump`: a catalog as text, for snapshots (feature `dump`).
//! - `onnx`: small models of pictures as files (feature `onnx`).

mod chance;
pub mod disk;
#[cfg(feature = "dump")]
mod dump;
#[cfg(feature = "onnx")]
pub mod onnx;
pub mod toy;

pub use chance::{Chance, normalized};
#[cfg(feature = "dump")]
pub use dump::dump;
