//! The classifier of a catalog: what is learned from it, and how that is kept.

pub(crate) mod cache;
pub(crate) mod fit;
pub(crate) mod prototype_index;
