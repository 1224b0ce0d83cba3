//! Fields and the conditions their values have to meet.

use std::cmp::Ordering;

use super::expr::{Condition, Field, Order, Term};
use super::fields::Fields;
use super::number::parse_number;
use crate::text::{fold, fold_chars};

/// A field that has values.
#[derive(Clone, Debug)]
pub(super) enum Name {
    Id,
    Title,
    Text,
    Attribute { exact: String, folded: String },
}

impl Name {
    pub(super) fn bind(field: &Field) -> Self {
        match field {
            Field::Id => Self::Id,
            Field::Title => Self::Title,
            Field::Text => Self::Text,
            Field::Attribute(name) => Self::Attribute {
                exact: name.clone(),
                folded: fold(name),
            },
        }
    }

    /// Whether any value of the field passes; `None` if the product lacks it.
    pub(super) fn any_value(
        &self,
        product: &impl Fields,
        passes: impl Fn(&str) -> bool,
    ) -> Option<bool> {
        let own = |value: &str| (!value.is_empty()).then(|| passes(value));
        let (exact, folded) = match self {
            Self::Id => return own(product.id()),
            Self::Title => return own(product.title()),
            Self::Text => return own(product.text()),
            Self::Attribute { exact, folded } => (exact, folded),
        };
        let any_named = |named: &dyn Fn(&str) -> bool| {
            product
                .attributes()
                .filter(|(name, _)| named(name))
                .map(|(_, value)| passes(value))
                .reduce(|one, other| one || other)
        };
        any_named(&|name| name == exact).or_else(|| any_named(&|name| equal_folded(name, folded)))
    }
}

/// What a value has to be.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Present,
    /// Exactly one of these sorted keys.
    Key(Vec<String>),
    OneOf(Vec<Constant>),
    Range(Constant, Constant),
    Order(Order, Constant),
    /// A text around this folded one.
    Contains(String),
}

/// A value of the expression, prepared for comparisons.
#[derive(Clone, Debug)]
pub(super) struct Constant {
    folded: String,
    number: Option<f64>,
    /// Whether only what is written like it equals it.
    literal: bool,
}

impl Test {
    pub(super) fn bind(field: &Field, condition: &Condition) -> Self {
        match condition {
            Condition::Present => Self::Present,
            Condition::In(terms) if *field == Field::Id => {
                let mut keys: Vec<_> = terms.iter().map(|term| term.text.clone()).collect();
                keys.sort_unstable();
                Self::Key(keys)
            }
            Condition::In(terms) => Self::OneOf(terms.iter().map(Constant::new).collect()),
            Condition::Range(low, high) => Self::Range(Constant::new(low), Constant::new(high)),
            Condition::Order(order, term) => Self::Order(*order, Constant::new(term)),
            Condition::Contains(term) => Self::Contains(fold(&term.text)),
        }
    }

    pub(super) fn holds(&self, value: &str) -> bool {
        match self {
            Self::Present => true,
            Self::Key(keys) => keys.binary_search_by(|key| key.as_str().cmp(value)).is_ok(),
            Self::OneOf(constants) => {
                let number = parse_number(value);
                constants
                    .iter()
                    .any(|constant| constant.equals(value, number))
            }
            Self::Range(low, high) => {
                let number = parse_number(value);
                low.order(value, number).is_some_and(Ordering::is_ge)
                    && high.order(value, number).is_some_and(Ordering::is_le)
            }
            Self::Order(order, constant) => {
                constant
                    .order(value, parse_number(value))
                    .is_some_and(|ordering| match order {
                        Order::Less => ordering.is_lt(),
                        Order::LessOrEqual => ordering.is_le(),
                        Order::Greater => ordering.is_gt(),
                        Order::GreaterOrEqual => ordering.is_ge(),
                    })
            }
            Self::Contains(part) => contains_folded(value, part),
        }
    }
}

impl Constant {
    fn new(term: &Term) -> Self {
        Self {
            folded: fold(&term.text),
            number: parse_number(&term.text),
            literal: term.literal,
        }
    }

    fn equals(&self, value: &str, number: Option<f64>) -> bool {
        match (number, self.number) {
            (Some(number), Some(constant)) if !self.literal => number == constant,
            _ => equal_folded(value, &self.folded),
        }
    }

    /// How the value stands to this constant, if the two can be ordered.
    fn order(&self, value: &str, number: Option<f64>) -> Option<Ordering> {
        match (number, self.number) {
            (Some(number), Some(constant)) => number.partial_cmp(&constant),
            (None, None) => Some(fold_chars(value).cmp(self.folded.chars())),
            _ => None,
        }
    }
}

/// `fold(text) == folded`, mostly without allocating.
fn equal_folded(text: &str, folded: &str) -> bool {
    if text.is_ascii() {
        // What is ASCII folds to ASCII.
        return text.eq_ignore_ascii_case(folded);
    }
    fold_chars(text).eq(folded.chars())
}

/// `fold(text).contains(folded)`, without allocating for ASCII.
fn contains_folded(text: &str, folded: &str) -> bool {
    if !text.is_ascii() {
        return fold(text).contains(folded);
    }
    let (text, part) = (text.as_bytes(), folded.as_bytes());
    part.is_empty()
        || text
            .windows(part.len())
            .any(|window| window.eq_ignore_ascii_case(part))
}
