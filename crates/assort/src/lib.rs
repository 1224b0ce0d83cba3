//! An embedded database that files products into a category tree.
//!
//! A [`Catalog`] is one directory: one taxonomy, all products, their vectors,
//! labels and decisions. It answers which category a product belongs to
//! ([`Catalog::classify`]), what is similar to it and what matches a text
//! ([`Catalog::search`]), and gets better with every label.
//!
//! It never downloads anything, and asks a [`core::Embedder`] for vectors;
//! `assort-embed` has several, and opens again the one that a catalog was made
//! with.
//!
//! # From asynchronous code
//!
//! The crate is synchronous: a call works, or waits for a disk or an embedder,
//! until it is done. Call it where a thread may wait, with tokio inside
//! `spawn_blocking`; one open catalog serves all threads.
//!
//! ```ignore
//! let catalog = Arc::new(Catalog::open("shop")?.with_embedder(embedder)?);
//! // For every request:
//! let catalog = Arc::clone(&catalog);
//! let decisions = tokio::task::spawn_blocking(move || {
//!     catalog.classify(&products, &ClassifyOptions::default())
//! })
//! .await??;
//! ```
//!
//! An embedder that calls a service does the reverse: [`core::Embedder::embed`] is
//! called on such a thread, and waits for the answer with
//! `tokio::runtime::Handle::block_on`, on a handle that it was given when it was
//! made. Long work is stopped by [`Observer::stop`], not by dropping its future.

mod catalog;
mod classifier;
mod columns;
pub mod copies;
mod embedding;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod import_report;
mod input_row;
mod knn;
mod locks;
mod observer;
mod pack;
mod priority;
mod segments;
mod snapshot;
mod state;
mod store;
mod task;
mod written;

pub use assort_core as core;
pub use assort_core::ErrorKind;
pub(crate) use assort_core::Taxonomy;
pub use assort_distill as students;
pub use assort_head as heads;
pub use assort_index::{Audit, Degrees, Plan};
pub use assort_read as read;
pub use catalog::attributes::AttributeSummary;
pub use catalog::combine::CombineReport;
pub use catalog::crosswalk::{CrosswalkOptions, SourceCategory};
pub use catalog::distill::{
    Accuracy, Adoption, DistillOptions, DistillOutcome, DistillReport, Distillation,
};
pub use catalog::duplicates::Duplicates;
pub use catalog::evaluate::{
    CrossValidateOptions, CrossValidation, EvaluateOptions, Evaluation, Fold, FoldFigure,
    LearningPoint, MethodComparison, Overlap, PictureUse, SetReport,
};
pub use catalog::facets::Facet;
pub use catalog::filter_fields::FilterField;
pub use catalog::groups::{Group, GroupBy};
pub use catalog::import::ImportOptions;
pub use catalog::indexing::{IndexAudit, Tuning};
pub use catalog::label::{LabelOptions, LabelReport};
pub use catalog::maintain::{Problem, ProblemKind, SegmentStats, Stats};
pub use catalog::pictures::{OpenedPicture, PictureReport, PictureSource, TakePictures};
pub use catalog::reembed::ReembedReport;
pub use catalog::search::{Found, Page, Query, Search, Step};
pub use catalog::{Catalog, Health, StoredDecision, StoredProduct};
pub use classifier::ClassifyOptions;
pub use classifier::audit_labels::{ConflictingLabel, LabelAudit, LabelConflict, SuspectLabel};
pub use classifier::train_heads::{TrainHeads, TrainReport};
pub use error::{Error, Maintenance, Result};
pub use import_report::{ForeignCategories, ImportReport, SOURCE_CATEGORY};
pub use input_row::InputRow;
pub use observer::{Observer, Progress};
pub use pack::{Pack, PackReport};
pub use priority::lower_priority;
pub use task::TaskState;

/// The examples of the README are tests, too.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct ReadMe;
