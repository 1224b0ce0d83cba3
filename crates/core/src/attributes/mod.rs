//! What attributes hold: numbers, money, amounts with units, dates, yes or no.

mod amount;
mod date;
mod guess;
mod kind;
mod money;
mod named;
mod number;
mod quantity;
#[cfg(test)]
mod random_tests;
mod schema;
mod units;

pub use amount::is_number;
pub(crate) use amount::parse_number;
pub use date::{DateOrder, Day};
pub use guess::KindGuess;
pub use kind::{AttributeKind, Value};
pub(crate) use kind::{is_unit_word, measured};
pub use money::Currency;
pub use schema::AttributeSchema;
pub use units::{Dimension, Unit};
