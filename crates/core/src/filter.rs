//! Filters: which products a user means, written as an expression. The
//! language is described at [`Filter`].

mod attributes;
mod bound;
mod error;
mod expr;
mod fields;
mod lex;
mod number;
mod parse;
mod value;

#[cfg(test)]
mod tests;

pub use attributes::{AttributeUse, is_number};
pub use bound::Filter;
pub use error::FilterError;
pub use expr::FilterExpr;
pub use fields::Fields;
