//! Attributes by columns: a file derived from the store, and what has changed since.

mod build;
mod cache;
mod changed;
mod fields;
mod files;
mod matching;

pub(crate) use build::{build_columns, columns_are_due};
pub(crate) use cache::ColumnCache;
pub(crate) use changed::each_changed;
pub(crate) use fields::{EachProduct, filed_under};
pub(crate) use files::columns_file;
pub(crate) use matching::matching_rows;
