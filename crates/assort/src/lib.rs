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
mod classifier;
mod embedding;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod knn;
mod observer;
pub mod read;
mod segments;
mod snapshot;
mod state;
mod store;
mod vector_cache;

pub use assort_core as core;
pub(crate) use assort_core::Taxonomy;
pub use assort_distill as students;
pub use assort_index as index;
pub use catalog::classify::ClassifyOptions;
pub use catalog::distill::{Accuracy, DistillOptions, DistillReport, Distillation};
pub use catalog::evaluate::Evaluation;
pub use catalog::import::{ImportOptions, ImportReport, InputRow};
pub use catalog::indexing::{IndexAudit, Tuning};
pub use catalog::label::{LabelOptions, LabelReport};
pub use catalog::maintain::{Problem, SegmentStats, Stats};
pub use catalog::reembed::ReembedReport;
pub use catalog::search::{Found, Page, Query, Search, Step};
pub use catalog::{Catalog, StoredDecision, StoredProduct};
pub use error::{Error, Result};
pub use observer::{Observer, Progress};
pub use vector_cache::VectorCache;

/// The examples of the README are tests, too.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct ReadMe;
