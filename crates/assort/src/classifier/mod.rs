//! The classifier of a catalog: what is learned from it, how that is kept, and
//! which one answers.
//!
//! [`category_texts`] gives the categories their vectors. [`fit`] moves
//! prototypes towards the catalog's products, [`self_training`] learns their words
//! without labels and [`train`] with them, [`source_categories`] what a shop's own categories
//! mean, and [`trials`] find by labels how much each
//! source of evidence counts and how far confidence can be trusted. All together are
//! [`Learned`](learned::Learned), which [`models`] keeps in a file. A [`Classifier`]
//! answers by it, and [`cache`] says which one does. [`apart`] makes some that learned
//! from a part of the labels, to be measured on the others; [`audit_labels`] judges the
//! labels themselves.

pub(crate) mod apart;
pub(crate) mod audit_labels;
pub(crate) mod cache;
mod carrying;
mod category_texts;
mod classify;
mod content;
mod decide;
mod fit;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod heads;
mod labelled;
mod learn;
mod learned;
mod model_file;
mod models;
mod pictures;
mod portable;
mod priors;
mod prototype_index;
mod reasons;
mod recipes;
mod self_training;
mod source_categories;
mod text_examples;
mod train;
pub(crate) mod train_heads;
mod trials;

pub(crate) use apart::{Apart, LearnedApart};
pub(crate) use cache::ClassifierCache;
pub(crate) use classify::{Classifier, Decided, Queries};
pub(crate) use content::{Words, source_categories, words};
pub use decide::ClassifyOptions;
pub(crate) use decide::decide;
pub(crate) use models::{calibrated, model_files};
pub(crate) use portable::PortableModel;
pub(crate) use reasons::{KnownEvidence, KnownProduct, StoredEvidence};
