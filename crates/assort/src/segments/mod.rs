//! Segments of a catalog: where their files are, and how they come and go.
//!
//! New vectors are *live*: in the store, and searched exactly. [`seal`] moves
//! them into a segment, [`merge`] makes few segments of many, and the
//! [`Keeper`] does both in the background when [`due`](policy::due).

mod compact;
mod keeper;
mod merge;
mod policy;
mod repair;
mod seal;
mod shelf;
#[cfg(test)]
mod tests;

pub(crate) use compact::merge_all;
pub(crate) use keeper::{Keeper, step};
pub(crate) use policy::{LIVE, MOST};
pub(crate) use repair::{broken, repair};
pub(crate) use seal::seal;
pub(crate) use shelf::Shelf;
