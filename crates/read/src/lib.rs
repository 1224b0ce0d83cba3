//! Reading of taxonomy and product files.
//!
//! [`Input`] opens a file, whatever it is compressed with or encoded in.
//! [`ProductReader`] and [`Table`] take rows from it one at a time: a row that
//! cannot be used is reported with its line and the reading goes on.
//! [`read_taxonomy`] takes the whole file or, since half a tree is none,
//! refuses it. What cannot be read at all is an
//! [`Error::Input`].

mod archive;
mod attribute_columns;
#[cfg(feature = "parquet")]
mod beside;
mod changed_ids;
mod choice;
mod column_words;
#[cfg(feature = "parquet")]
mod columnar;
mod columns;
mod dialect;
mod encoding;
mod error;
mod facts;
mod footers;
mod input;
mod join;
mod json;
mod kind;
mod known;
mod language;
mod last_rows;
mod late;
mod levels;
mod lines;
mod listed_facts;
mod maker;
mod mapping;
mod mended;
mod mends;
#[cfg(feature = "spreadsheets")]
mod merged_cells;
mod missing;
mod named;
mod names;
mod numbers;
mod objects;
#[cfg(feature = "parquet")]
mod packed;
mod paired;
mod products;
mod quotes;
mod raw;
mod readings;
mod records;
mod refusal;
mod row;
mod sample;
mod seen_ids;
mod splitter;
#[cfg(feature = "spreadsheets")]
mod spreadsheet;
mod table;
mod tally;
mod taxonomy;
mod titles;
mod totals;
mod translated;
mod values;
mod vectors;

#[cfg(test)]
mod dataset_tests;
#[cfg(test)]
mod export_tests;
#[cfg(test)]
mod mended_tests;
#[cfg(test)]
mod platform_tests;
#[cfg(test)]
mod robustness_tests;

pub use attribute_columns::attribute_column;
pub use columns::Columns;
pub use error::{Error, Result, Unstated};
pub use input::Input;
pub use mapping::Mapping;
pub use mended::{Mend, Mended};
pub use names::is_category_name;
pub use products::ProductReader;
pub use readings::listed_texts;
pub use row::{ProductRow, Rejected, Row, UpdateRow};
pub use seen_ids::{ByDigest, SeenIds};
pub use table::{Bent, Quoting, Record, RowError, Table};
pub use tally::{Otherwise, Tally};
pub use taxonomy::{DECLARED_PATHS, TaxonomyFile, TaxonomyOptions, doubts, read_taxonomy};
