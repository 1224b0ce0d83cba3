//! Reading of taxonomy and product files.
//!
//! [`Input`] opens a file, whatever it is compressed with or encoded in;
//! [`ProductReader`] and [`Table`] take rows from it one at a time. A row that
//! cannot be used is reported with its line and the reading goes on; only a
//! file that cannot be read at all is an [`Error`](crate::Error).

mod columns;
mod input;
mod json;
mod lines;
mod products;
mod table;

pub use columns::{Columns, Mapping};
pub use input::Input;
pub use products::{MAX_ID, ProductReader, ProductRow, Rejected};
pub use table::{Quoting, Record, RowError, Table};
