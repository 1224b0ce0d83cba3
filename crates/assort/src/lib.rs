//! An embedded database that files products into a category tree.
//!
//! A [`Catalog`] is one directory: one taxonomy, all products, their vectors,
//! labels and decisions. It answers which category a product belongs to
//! ([`Catalog::classify`]), what is similar to it and what matches a text
//! ([`Catalog::search`]), and gets better with every label.
//!
//! The crate is synchronous. It never downloads anything, and asks an
//! [`core::Embedder`] for vectors; `assort-embed` has several.

mod catalog;
mod classify;
mod embedding;
mod error;
mod evaluate;
mod fit;
mod import;
mod label;
mod maintain;
mod model;
mod neighbors;
pub mod read;
mod reembed;
mod scan;
mod search;
mod snapshot;
mod store;
mod watch;

pub use assort_core as core;
pub(crate) use assort_core::Taxonomy;
pub use catalog::{Catalog, StoredDecision, StoredProduct};
pub use classify::ClassifyOptions;
pub use error::{Error, Result};
pub use evaluate::Evaluation;
pub use import::{ImportOptions, ImportReport, InputRow};
pub use label::{LabelOptions, LabelReport};
pub use maintain::{Problem, Stats};
pub use reembed::ReembedReport;
pub use search::{Found, Page, Query, Search};
pub use watch::{Progress, Watch};

/// The examples of the README are tests, too.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct ReadMe;
