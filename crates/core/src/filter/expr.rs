//! What an expression says, before its categories are looked up.

use std::fmt::{self, Display, Write};

use super::lex::is_bare;
use crate::attributes::{is_unit_word, parse_number};

/// A filter that still names its categories; [`bind`](FilterExpr::bind) makes
/// it a [`Filter`](super::Filter).
///
/// Prints as an expression that parses to an equal one.
#[derive(Clone, Debug)]
pub struct FilterExpr {
    pub(super) text: String,
    pub(super) root: Expr,
}

/// Expressions are equal if they say the same, however they are laid out.
impl PartialEq for FilterExpr {
    fn eq(&self, other: &Self) -> bool {
        self.root == other.root
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    Or(Vec<Expr>),
    And(Vec<Expr>),
    Not(Box<Expr>),
    Predicate(Predicate),
}

/// A condition on one field. If `negated`, the field has to be there and the
/// condition has to fail.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Predicate {
    Field {
        field: Field,
        negated: bool,
        condition: Condition,
    },
    Category {
        negated: bool,
        place: Place,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Id,
    Title,
    Text,
    Attribute(String),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    Present,
    /// One of these; `=` is a list of one.
    In(Vec<Term>),
    /// Both ends included.
    Range(Term, Term),
    Order(Order, Term),
    Contains(Term),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    Anywhere,
    /// One of these; `=` is a list of one.
    In(Vec<Term>),
    Under(Term),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A value and the column it was written in.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pub(super) text: String,
    /// Whether it is a number in quotes, which equals only what is written like it.
    pub(super) literal: bool,
    pub(super) column: usize,
}

impl Term {
    /// A value as it was written, in quotes or not.
    pub(super) fn new(text: String, quoted: bool, column: usize) -> Self {
        let is_number = parse_number(&text).is_some();
        let text = match is_number && !quoted {
            // A dot at the end would run into that of a range when it is printed.
            true => text.trim_end_matches('.').to_owned(),
            false => text,
        };
        Self {
            text,
            literal: is_number && quoted,
            column,
        }
    }
}

/// The column says where, not what.
impl PartialEq for Term {
    fn eq(&self, other: &Self) -> bool {
        (&self.text, self.literal) == (&other.text, other.literal)
    }
}

/// The name of the field that is a place in the taxonomy.
pub(super) const CATEGORY: &str = "category";

impl Field {
    /// The field other than [`CATEGORY`] that a name without backquotes stands for.
    pub(super) fn named(name: String) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "id" => Self::Id,
            "title" => Self::Title,
            "text" => Self::Text,
            _ => Self::Attribute(name),
        }
    }
}

impl Order {
    pub(super) const ALL: [Self; 4] = [
        Self::Less,
        Self::LessOrEqual,
        Self::Greater,
        Self::GreaterOrEqual,
    ];

    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

impl Display for FilterExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}

impl Expr {
    /// Writes the expression, in parentheses if it binds as loosely as the one
    /// around it.
    fn write_within(&self, f: &mut fmt::Formatter<'_>, around: u8) -> fmt::Result {
        let binding = match self {
            Self::Or(_) => 1,
            Self::And(_) => 2,
            Self::Not(_) => 3,
            Self::Predicate(_) => 4,
        };
        if binding < around {
            write!(f, "({self})")
        } else {
            self.fmt(f)
        }
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parts, word, around) = match self {
            Self::Or(parts) => (parts, " or ", 2),
            Self::And(parts) => (parts, " and ", 3),
            Self::Not(inner) => {
                f.write_str("not ")?;
                return inner.write_within(f, 3);
            }
            Self::Predicate(predicate) => return predicate.fmt(f),
        };
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                f.write_str(word)?;
            }
            part.write_within(f, around)?;
        }
        Ok(())
    }
}

impl Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field {
                field,
                negated,
                condition,
            } => {
                let not = if *negated { "not " } else { "" };
                match condition {
                    Condition::Present => write!(f, "has {field}"),
                    Condition::In(terms) => write_in(f, field, *negated, terms),
                    Condition::Range(low, high) => write!(f, "{field} {not}in {low}..{high}"),
                    Condition::Order(order, term) => write!(f, "{field} {} {term}", order.symbol()),
                    Condition::Contains(term) => write!(f, "{field} {not}contains {term}"),
                }
            }
            Self::Category { negated, place } => match place {
                Place::Anywhere => write!(f, "has {CATEGORY}"),
                Place::In(terms) => write_in(f, &CATEGORY, *negated, terms),
                Place::Under(term) if *negated => write!(f, "{CATEGORY} not under {term}"),
                Place::Under(term) => write!(f, "{CATEGORY} under {term}"),
            },
        }
    }
}

fn write_in(
    f: &mut fmt::Formatter<'_>,
    field: &impl Display,
    negated: bool,
    terms: &[Term],
) -> fmt::Result {
    if let [term] = terms {
        let symbol = if negated { "!=" } else { "=" };
        return write!(f, "{field} {symbol} {term}");
    }
    let not = if negated { "not " } else { "" };
    write!(f, "{field} {not}in (")?;
    for (at, term) in terms.iter().enumerate() {
        let comma = if at > 0 { ", " } else { "" };
        write!(f, "{comma}{term}")?;
    }
    f.write_char(')')
}

impl Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id => f.write_str("id"),
            Self::Title => f.write_str("title"),
            Self::Text => f.write_str("text"),
            // A bare name of an own field would not mean the attribute.
            Self::Attribute(name)
                if is_bare(name)
                    && !name.eq_ignore_ascii_case(CATEGORY)
                    && matches!(Self::named(name.clone()), Self::Attribute(_)) =>
            {
                f.write_str(name)
            }
            Self::Attribute(name) => write_quoted(f, name, '`'),
        }
    }
}

impl Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A number would be another value in quotes.
        let is_number = || parse_number(&self.text).is_some();
        let with_unit = || {
            let parts = self.text.split_once(' ');
            parts.is_some_and(|(number, unit)| {
                is_bare(number) && is_bare(unit) && is_unit_word(unit)
            })
        };
        if !self.literal && is_number() && (is_bare(&self.text) || with_unit()) {
            f.write_str(&self.text)
        } else {
            write_quoted(f, &self.text, '"')
        }
    }
}

fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str, quote: char) -> fmt::Result {
    f.write_char(quote)?;
    for c in text.chars() {
        match c {
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            '\\' => f.write_str("\\\\")?,
            c if c == quote => write!(f, "\\{c}")?,
            c => f.write_char(c)?,
        }
    }
    f.write_char(quote)
}
