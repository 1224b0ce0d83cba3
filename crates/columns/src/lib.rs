//! Columns of attribute values by row: filters as sets of rows, facets, and what an
//! attribute holds.
//!
//! A catalog's products are rows; a filter that looks at each of them costs the catalog,
//! whatever it finds. Columns keep, for each attribute, a code for each row and each
//! distinct value once: a condition is tested on the distinct values, and the codes say
//! which rows have them.
//!
//! ```
//! use assort_columns::{Builder, Columns, Lookup};
//! use assort_core::Filter;
//!
//! let mut builder = Builder::new(3);
//! builder.push(0, [("brand", "HP"), ("price", "9")], None, None);
//! builder.push(2, [("brand", "Ada"), ("price", "12")], None, None);
//! let columns = Columns::from_bytes(builder.finish()?.0)?;
//!
//! let filter = Filter::parse("price > 10", &Default::default(), |_, _| Ok(vec![]))?;
//! let lookup = Lookup { row: &|_| None, category: &|_| None };
//! let found = columns.filter(&filter, &lookup);
//! assert!(found.rows.iter().eq([2]) && found.unsure.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod builder;
mod column;
mod columns;
mod counts;
mod error;
mod file;
mod filter;

pub use builder::Builder;
pub use columns::Columns;
pub use counts::Counted;
pub use error::{Error, Result};
pub use filter::{Found, Lookup};
