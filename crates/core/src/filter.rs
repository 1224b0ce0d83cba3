//! Filters: which products a user means, written as an expression. The
//! language is described at [`Filter`].

mod attributes;
mod bound;
mod error;
mod expr;
mod fields;
mod lex;
mod parse;
mod value;

#[cfg(test)]
mod tests;

pub use attributes::AttributeUse;
pub use bound::{Filter, FilterNode};
pub use error::FilterError;
pub use expr::FilterExpr;
pub use fields::Fields;
pub use value::{FieldName, FieldTest};
