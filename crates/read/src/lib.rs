//! Reading of taxonomy and product files.
//!
//! [`Input`] opens a file, whatever it is compressed with or encoded in.
//! [`ProductReader`] and [`Table`] take rows from it one at a time: a row that
//! cannot be used is reported with its line and the reading goes on.
//! [`read_taxonomy`] takes the whole file or, since half a tree is none,
//! refuses it. What cannot be read at all is an
//! [`Error::Input`](crate::Error::Input).

mod archive;
mod category_columns;
mod columns;
mod encoding;
mod error;
mod input;
mod json;
mod kind;
mod lines;
mod names;
mod objects;
mod products;
mod refusal;
mod row;
mod seen_ids;
mod separator;
mod splitter;
#[cfg(feature = "spreadsheets")]
mod spreadsheet;
mod table;
mod taxonomy;
mod taxonomy_rows;

#[cfg(test)]
mod dataset_tests;
#[cfg(test)]
mod robustness_tests;

pub use columns::{Columns, Mapping};
pub use error::{Error, Result, Unstated};
pub use input::Input;
pub use names::attribute_column;
pub use products::ProductReader;
pub use row::{ProductRow, Rejected, Row, UpdateRow};
pub use seen_ids::SeenIds;
pub use table::{Quoting, Record, RowError, Table};
pub use taxonomy::{TaxonomyFile, read_taxonomy};
