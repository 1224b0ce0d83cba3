//! What the values of an attribute are, and how two of them compare.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use super::amount::parse_number;
use super::date::{DateOrder, Day, parse_date, parse_period};
use super::money::{Currency, amount_of_money, currency};

use super::number::western;
use super::quantity::parse_quantity;
use super::units::{Dimension, Unit};

/// What the values of an attribute are.
///
/// It is written and read as one word: `text`, `number`, `money`, `boolean`, `date`,
/// `date-month-first`, a [`Dimension`] such as `mass`, or a [`Unit`] such as `kg`, which
/// is the unit of values that name none.
///
/// ```
/// use assort_core::{AttributeKind, Dimension};
///
/// let kind: AttributeKind = "mass".parse()?;
/// assert_eq!(kind, AttributeKind::Quantity(Dimension::Mass, None));
/// assert!(kind.reads("0.5 kg") && !kind.reads("500 ml"));
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttributeKind {
    /// Numbers among themselves compare as numbers, all else as text.
    #[default]
    Any,
    /// Text, also where it looks like a number.
    Text,
    /// Numbers.
    Number,
    /// Amounts of money, in one currency or several.
    Money,
    /// Amounts of one dimension, and the unit of values that name none.
    Quantity(Dimension, Option<&'static Unit>),
    /// Yes or no.
    Boolean,
    /// Days.
    Date(DateOrder),
}

/// A value as its attribute's kind reads it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// What the kind cannot read, which is compared as text.
    Text,
    /// A number.
    Number(f64),
    /// An amount of money, and its currency if it names one.
    Money(f64, Option<Currency>),
    /// An amount in base units.
    Quantity(f64),
    /// Yes or no.
    Boolean(bool),
    /// The days from the first to the last; a value is one day.
    Days(Day, Day),
}

impl AttributeKind {
    /// What the kind makes of a value.
    pub fn read(self, value: &str) -> Value {
        let value = &*western(value);
        let read = match self {
            Self::Text => None,
            Self::Any | Self::Number => parse_number(value).map(Value::Number),
            Self::Money => money(value),
            Self::Quantity(dimension, unit) => quantity(value, dimension, unit),
            Self::Boolean => boolean(value).map(Value::Boolean),
            Self::Date(order) => parse_date(value, order).map(|day| Value::Days(day, day)),
        };
        read.unwrap_or(Value::Text)
    }

    /// What the kind makes of a value that others are compared with: a date may be a
    /// month or a year, too.
    pub(crate) fn read_constant(self, value: &str) -> Value {
        let period = match self {
            Self::Date(order) => parse_period(&western(value), order),
            _ => None,
        };
        period.map_or_else(
            || self.read(value),
            |(first, last)| Value::Days(first, last),
        )
    }

    /// Whether the kind can read a value.
    pub fn reads(self, value: &str) -> bool {
        self == Self::Text || self.read(value) != Value::Text
    }

    /// Whether values are only compared by what the kind reads, so that one that it
    /// cannot read is a mistake.
    pub(crate) fn is_strict(self) -> bool {
        !matches!(self, Self::Any | Self::Text)
    }

    /// What a value is that the kind can read, as in "write …".
    pub(crate) fn example(self) -> String {
        match self {
            Self::Any | Self::Text => "a text".to_owned(),
            Self::Number => "a number, such as 12.5".to_owned(),
            Self::Money => "an amount, such as 20 or \"20 EUR\"".to_owned(),
            Self::Quantity(dimension, _) => {
                let example = dimension.example();
                format!("an amount with its unit, such as \"{example}\"")
            }
            Self::Boolean => "yes or no".to_owned(),
            Self::Date(_) => "a date, such as 2024-05-31".to_owned(),
        }
    }
}

impl Value {
    /// Whether the value is what the constant says; none if one of them is a text.
    pub(crate) fn equals(self, constant: Self) -> Option<bool> {
        Some(match (self, constant) {
            (Self::Boolean(one), Self::Boolean(other)) => one == other,
            (Self::Text, _) | (_, Self::Text) => return None,
            _ => self.compare(constant) == Some(Ordering::Equal),
        })
    }

    /// How the value stands to the constant; none if the two cannot be ordered, as a text
    /// and a number, or euros and dollars.
    pub(crate) fn compare(self, constant: Self) -> Option<Ordering> {
        match (self, constant) {
            (Self::Number(one), Self::Number(other)) => one.partial_cmp(&other),
            (Self::Money(one, currency), Self::Money(other, wanted)) => {
                let fits = currency
                    .zip(wanted)
                    .is_none_or(|(one, other)| one.fits(other));
                one.partial_cmp(&other).filter(|_| fits)
            }
            (Self::Quantity(one), Self::Quantity(other)) => {
                // One pound is as much as 0.45359237 kg, however it is rounded.
                let same = (one - other).abs() <= 1e-9 * one.abs().max(other.abs());
                if same {
                    Some(Ordering::Equal)
                } else {
                    one.partial_cmp(&other)
                }
            }
            (Self::Days(day, _), Self::Days(first, last)) => Some(match day {
                day if day < first => Ordering::Less,
                day if day > last => Ordering::Greater,
                _ => Ordering::Equal,
            }),
            _ => None,
        }
    }

    /// The least and the greatest that [`Self::as_number`] is of a value that is the same; none
    /// for a text.
    pub(crate) fn extent(self) -> Option<(f64, f64)> {
        match self {
            Self::Days(first, last) => Some((first.ordinal(), last.ordinal())),
            other => other.as_number().map(|number| (number, number)),
        }
    }

    /// The value as a number, for what sorts or counts by size: an amount, a day, 1 for
    /// yes; none for a text.
    pub fn as_number(self) -> Option<f64> {
        match self {
            Self::Text => None,
            Self::Number(number) | Self::Money(number, _) | Self::Quantity(number) => Some(number),
            Self::Boolean(yes) => Some(f64::from(u8::from(yes))),
            Self::Days(first, _) => Some(first.ordinal()),
        }
    }
}

fn money(value: &str) -> Option<Value> {
    let named = amount_of_money(value.trim());
    let plain = || parse_number(value).map(|amount| (amount, None));
    let (amount, currency) = named.or_else(plain)?;
    // A share is no amount of money.
    let is_share = currency.is_some_and(|currency| currency.name() == "%");
    (!is_share).then_some(Value::Money(amount, currency))
}

fn quantity(value: &str, dimension: Dimension, unit: Option<&Unit>) -> Option<Value> {
    if let Some((amount, unit)) = parse_quantity(value) {
        return (unit.dimension == dimension).then_some(Value::Quantity(amount * unit.size));
    }
    let amount = parse_number(value)
        .filter(|_| amount_of_money(value.trim()).is_none_or(|(_, named)| named.is_none()))?;
    Some(Value::Quantity(amount * unit?.size))
}

/// Words for yes and no.
const BOOLEANS: [(&str, bool); 34] = [
    ("yes", true),
    ("no", false),
    ("true", true),
    ("false", false),
    ("y", true),
    ("n", false),
    ("t", true),
    ("f", false),
    ("on", true),
    ("off", false),
    ("1", true),
    ("0", false),
    ("ja", true),
    ("nein", false),
    ("oui", true),
    ("non", false),
    ("sí", true),
    ("si", true),
    ("sì", true),
    ("sim", true),
    ("não", false),
    ("nee", false),
    ("nej", false),
    ("tak", true),
    ("nie", false),
    ("ano", true),
    ("да", true),
    ("нет", false),
    ("是", true),
    ("否", false),
    ("有", true),
    ("无", false),
    ("はい", true),
    ("いいえ", false),
];

pub(super) fn boolean(value: &str) -> Option<bool> {
    let small = value.trim().to_lowercase();
    let known = BOOLEANS.iter().find(|(word, _)| *word == small);
    known.map(|(_, yes)| *yes)
}

/// What an amount with a unit measures; none of another text.
pub(crate) fn measured(text: &str) -> Option<Dimension> {
    parse_quantity(&western(text)).map(|(_, unit)| unit.dimension)
}

/// Whether `text` names a unit or a currency that may stand behind a number.
pub(crate) fn is_unit_word(text: &str) -> bool {
    Unit::named(text).is_some() || currency(text).is_some()
}

impl fmt::Display for AttributeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "any",
            Self::Text => "text",
            Self::Number => "number",
            Self::Money => "money",
            Self::Quantity(_, Some(unit)) => unit.symbol,
            Self::Quantity(dimension, None) => dimension.name(),
            Self::Boolean => "boolean",
            Self::Date(DateOrder::DayFirst) => "date",
            Self::Date(DateOrder::MonthFirst) => "date-month-first",
        })
    }
}

impl FromStr for AttributeKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = match text {
            "any" => Some(Self::Any),
            "text" => Some(Self::Text),
            "number" => Some(Self::Number),
            "money" => Some(Self::Money),
            "boolean" => Some(Self::Boolean),
            "date" => Some(Self::Date(DateOrder::DayFirst)),
            "date-month-first" => Some(Self::Date(DateOrder::MonthFirst)),
            _ => None,
        };
        let dimension = || Dimension::ALL.into_iter().find(|one| one.name() == text);
        let dimension = || dimension().map(|one| Self::Quantity(one, None));
        let unit = || Unit::named(text).map(|unit| Self::Quantity(unit.dimension, Some(unit)));
        named.or_else(dimension).or_else(unit).ok_or_else(|| {
            let dimensions = Dimension::ALL.map(Dimension::name).join(", ");
            format!(
                "{text:?} is no kind of attribute: expected any, text, number, money, boolean, date, \
                 date-month-first, {dimensions}, or a unit such as kg"
            )
        })
    }
}
