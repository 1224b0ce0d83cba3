//! An embedded database that files products into a category tree.

mod error;
pub mod read;

pub use assort_core as core;
pub use error::{Error, Result};
