//! An embedded database that files products into a category tree.
//!
//! A [`Catalog`] is one directory: one taxonomy, all products, their vectors,
//! labels and decisions. It answers which category a product belongs to
//! ([`Catalog::classify`]), what is similar to it and what matches a text
//! ([`Catalog::search`]), and gets better with every label.
//!
//! The crate is synchronous. It never downloads anything, and asks an
//! [`core::Embedder`] for vectors; `assort-embed` has several.

mod blocks;
mod catalog;
mod classify;
mod distill;
mod embedding;
mod error;
mod evaluate;
mod find;
mod fit;
mod import;
mod indexing;
mod label;
mod maintain;
mod matching;
mod model;
mod neighbors;
mod part;
pub mod read;
mod reembed;
mod scan;
mod search;
mod segments;
mod shortlist;
mod snapshot;
mod state;
mod store;
mod vector_cache;
mod watch;

pub use assort_core as core;
pub(crate) use assort_core::Taxonomy;
pub use assort_distill as students;
pub use assort_index as index;
pub use catalog::{Catalog, StoredDecision, StoredProduct};
pub use classify::ClassifyOptions;
pub use distill::{Accuracy, DistillOptions, DistillReport, Distillation};
pub use error::{Error, Result};
pub use evaluate::Evaluation;
pub use import::{ImportOptions, ImportReport, InputRow};
pub use indexing::{IndexAudit, Tuning};
pub use label::{LabelOptions, LabelReport};
pub use maintain::{Problem, SegmentStats, Stats};
pub use reembed::ReembedReport;
pub use search::{Found, Page, Query, Search, Step};
pub use vector_cache::VectorCache;
pub use watch::{Progress, Watch};

/// The examples of the README are tests, too.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct ReadMe;
