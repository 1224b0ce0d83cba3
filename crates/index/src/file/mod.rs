//! Segment files: how bytes lie in them, how they are written, and how they
//! are read in place. `docs/format.md` describes the same for readers.

#[cfg(target_endian = "big")]
compile_error!("segments are little-endian and read in place; this machine is big-endian");

mod blocks;
mod header;
mod write;

pub(crate) use blocks::Blocks;
pub(crate) use header::{DIMENSIONS, Header, M, Section};
pub(crate) use write::write;

/// Boundary that every section starts on.
pub(crate) const ALIGNMENT: usize = 64;

/// Bytes that share a checksum.
pub(crate) const BLOCK: usize = 16 << 10;

/// Newest format that is read, and the one that is written.
pub(crate) const FORMAT: u32 = 1;
