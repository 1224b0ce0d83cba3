//! Segments of a catalog: where their files are, and how they come and go.
//!
//! New vectors are *live*: in the store, and compared with each query. [`seal`] moves
//! them into a segment, [`merge`] makes few segments of many, and the
//! [`Background`] does both in the background when [`due`](merge_policy::due).

mod background;
mod compact;
mod merge;
mod merge_policy;
mod repair;
mod seal;
#[cfg(test)]
mod tests;

pub(crate) use background::{Background, step};
pub(crate) use compact::{give_back, merge_all, planned_rows_of_merging_all};
pub(crate) use merge_policy::{BACKLOG, LIVE, MOST, planned_rows};
pub(crate) use repair::{broken, repair};
pub(crate) use seal::{seal, seal_over};
