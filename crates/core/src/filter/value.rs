//! Fields and the conditions their values have to meet.

use std::cmp::Ordering;

use super::error::FilterError;
use super::expr::{Condition, Field, Order, Term};
use super::fields::Fields;
use crate::attributes::{AttributeKind, AttributeSchema, Dimension, Value, measured};
use crate::text::{fold, fold_chars};

/// A field that a filter looks at.
#[derive(Clone, Debug)]
pub enum FieldName {
    /// The product's own key.
    Id,
    /// The title.
    Title,
    /// The further text.
    Text,
    /// The attribute of that name; of a product without one of exactly this name, those
    /// whose folded names are equal.
    Attribute {
        /// The name as it was written.
        exact: String,
        /// The name without regard to case.
        folded: String,
    },
}

impl FieldName {
    fn bind(field: &Field) -> Self {
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
    fn any_value(&self, product: &impl Fields, passes: impl Fn(&str) -> bool) -> Option<bool> {
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

/// A condition on one field: what a value has to be, as the kind of the field reads it.
#[derive(Clone, Debug)]
pub struct FieldTest {
    name: FieldName,
    negated: bool,
    kind: AttributeKind,
    test: Test,
}

impl FieldTest {
    /// # Errors
    /// A [`FilterError`] for a value that the attribute's kind cannot read, where that has
    /// to be more or less.
    pub(super) fn bind(
        field: &Field,
        negated: bool,
        condition: &Condition,
        schema: &AttributeSchema,
        text: &str,
    ) -> Result<Self, FilterError> {
        let kind = match field {
            Field::Attribute(name) => schema.kind(name),
            _ => AttributeKind::Any,
        };
        let unreadable = |term: &Term, kind: AttributeKind| {
            let message = format!(
                "{field} is of the kind {kind}, and {:?} is not; write {}",
                term.text,
                kind.example()
            );
            FilterError::new(text, term.column, message)
        };
        if let Field::Attribute(_) = field
            && kind == AttributeKind::Any
            && let Some((term, dimension)) = amount_with_unit(condition)
        {
            let message = format!(
                "{field} has no kind, so that {:?} would be compared as text; it has to be of the kind {}",
                term.text, dimension
            );
            return Err(FilterError::new(text, term.column, message));
        }
        Ok(Self {
            name: FieldName::bind(field),
            negated,
            kind,
            test: Test::bind(field, condition, kind).map_err(|term| unreadable(term, kind))?,
        })
    }

    /// The field.
    pub fn name(&self) -> &FieldName {
        &self.name
    }

    /// Whether the condition is that a product has the field and no value of it passes.
    pub fn is_negated(&self) -> bool {
        self.negated
    }

    /// How values of the field are read.
    pub fn kind(&self) -> AttributeKind {
        self.kind
    }

    /// Whether every value passes.
    pub fn is_presence(&self) -> bool {
        matches!(self.test, Test::Present)
    }

    /// The keys of which a value has to be one, if nothing else passes.
    pub fn keys(&self) -> Option<&[String]> {
        match &self.test {
            Test::Key(keys) => Some(keys),
            _ => None,
        }
    }

    /// The least and the greatest that [`Value::as_number`] of a value can be which passes, if
    /// only values pass that are more than texts.
    pub fn bounds(&self) -> Option<(f64, f64)> {
        let (least, greatest) = match &self.test {
            Test::Range(low, high) => (low.read.extent()?.0, high.read.extent()?.1),
            Test::Order(Order::Less | Order::LessOrEqual, constant) => {
                (f64::NEG_INFINITY, constant.read.extent()?.1)
            }
            Test::Order(Order::Greater | Order::GreaterOrEqual, constant) => {
                (constant.read.extent()?.0, f64::INFINITY)
            }
            _ => return None,
        };
        // Amounts that differ by their rounding are the same.
        let slack = |bound: f64| 1e-8 * bound.abs();
        Some((least - slack(least), greatest + slack(greatest)))
    }

    /// Whether a value passes that [`Self::kind`] reads as `read`.
    #[inline]
    pub fn passes(&self, value: &str, read: Value) -> bool {
        self.test.holds(value, read)
    }

    pub(super) fn matches(&self, product: &impl Fields) -> bool {
        let passes = |value: &str| self.test.holds(value, self.kind.read(value));
        self.name.any_value(product, passes) == Some(!self.negated)
    }
}

/// What a value has to be.
#[derive(Clone, Debug)]
enum Test {
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
struct Constant {
    folded: String,
    read: Value,
    /// Whether only what is written like it equals it.
    literal: bool,
    /// Whether the kind of the attribute compares texts.
    orders_text: bool,
}

impl Test {
    fn bind<'t>(
        field: &Field,
        condition: &'t Condition,
        kind: AttributeKind,
    ) -> Result<Self, &'t Term> {
        let constant = |term: &'t Term| Constant::ordered(term, kind);
        Ok(match condition {
            Condition::Present => Self::Present,
            Condition::In(terms) if *field == Field::Id => {
                let mut keys: Vec<_> = terms.iter().map(|term| term.text.clone()).collect();
                keys.sort_unstable();
                Self::Key(keys)
            }
            Condition::In(terms) => {
                let constants = terms.iter().map(|term| Constant::equal(term, kind));
                Self::OneOf(constants.collect::<Result<_, _>>()?)
            }
            Condition::Range(low, high) => Self::Range(constant(low)?, constant(high)?),
            Condition::Order(order, term) => Self::Order(*order, constant(term)?),
            Condition::Contains(term) => Self::Contains(fold(&term.text)),
        })
    }

    fn holds(&self, value: &str, read: Value) -> bool {
        match self {
            Self::Present => true,
            Self::Key(keys) => keys.binary_search_by(|key| key.as_str().cmp(value)).is_ok(),
            Self::OneOf(constants) => constants
                .iter()
                .any(|constant| constant.equals(value, read)),
            Self::Range(low, high) => {
                low.order(value, read).is_some_and(Ordering::is_ge)
                    && high.order(value, read).is_some_and(Ordering::is_le)
            }
            Self::Order(order, constant) => {
                constant
                    .order(value, read)
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
    fn new(term: &Term, kind: AttributeKind) -> Self {
        Self {
            folded: fold(&term.text),
            read: kind.read_constant(&term.text),
            literal: term.literal && matches!(kind, AttributeKind::Any | AttributeKind::Text),
            orders_text: !kind.is_strict(),
        }
    }

    /// What values are to equal. A number without the unit that the kind needs would
    /// equal none.
    fn equal(term: &Term, kind: AttributeKind) -> Result<Self, &Term> {
        let constant = Self::new(term, kind);
        let lacks_unit = constant.read == Value::Text
            && matches!(kind, AttributeKind::Quantity(..))
            && AttributeKind::Any.reads(&term.text);
        if lacks_unit { Err(term) } else { Ok(constant) }
    }

    /// What values are to be more or less than.
    fn ordered(term: &Term, kind: AttributeKind) -> Result<Self, &Term> {
        let constant = Self::new(term, kind);
        let cannot = kind == AttributeKind::Boolean || constant.read == Value::Text;
        if kind.is_strict() && cannot {
            Err(term)
        } else {
            Ok(constant)
        }
    }

    fn equals(&self, value: &str, read: Value) -> bool {
        match read.equals(self.read) {
            Some(equal) if !self.literal => equal,
            _ => equal_folded(value, &self.folded),
        }
    }

    /// How the value stands to this constant, if the two can be ordered.
    fn order(&self, value: &str, read: Value) -> Option<Ordering> {
        match (read, self.read) {
            (Value::Text, Value::Text) if self.orders_text => {
                Some(fold_chars(value).cmp(self.folded.chars()))
            }
            _ => read.compare(self.read),
        }
    }
}

/// An amount with a unit that values are to be more or less than.
fn amount_with_unit(condition: &Condition) -> Option<(&Term, Dimension)> {
    let terms: &[&Term] = match condition {
        Condition::Order(_, term) => &[term],
        Condition::Range(low, high) => &[low, high],
        _ => &[],
    };
    terms
        .iter()
        .find_map(|term| Some((*term, measured(&term.text)?)))
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
