//! Finding the nearest rows.

pub(crate) mod effort;
pub(crate) mod filter_cache;
pub(crate) mod flat;
pub(crate) mod graph;
pub(crate) mod labelled;
pub(crate) mod live;
pub(crate) mod pages;
