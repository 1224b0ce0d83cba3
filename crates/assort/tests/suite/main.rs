//! The engine through its public API, on toy products.
//!
//! One binary for all of them, because linking takes longer than running.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a failure in a helper of a test fails the test"
)]

mod attributes;
mod churn;
mod classify;
mod combine;
mod common;
mod compat;
mod copies;
mod crash;
mod cross_validate;
mod damage;
mod distill;
mod dump;
mod groups;
mod import;
mod live;
mod model;
mod pack;
mod pages;
mod pictures;
mod processes;
mod product_pictures;
mod source_categories;
mod update;
