//! The classifier of a catalog: what is learned from it, how that is kept, and
//! which one answers.
//!
//! [`category_texts`] gives the categories their vectors. [`fit`] moves
//! prototypes towards the catalog's products, and [`weights`] finds by its labels
//! how much each source of evidence counts and how far confidence can be trusted.
//! Both together are [`Learned`](learned::Learned), which [`models`] keeps in a file. A
//! [`Classifier`] answers by it, and [`cache`] says which one does.

pub(crate) mod cache;
mod category_texts;
mod classify;
mod fit;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod learned;
mod model_file;
mod models;
mod prototype_index;
mod reasons;
mod weights;

pub(crate) use cache::ClassifierCache;
pub(crate) use classify::{Asked, Classifier};
pub(crate) use models::calibrated;
pub(crate) use reasons::explain;
