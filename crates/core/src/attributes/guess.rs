//! Which kind an attribute is of, found from its values.

use super::date::{DateOrder, parse_date};
use super::kind::{AttributeKind, boolean};
use super::money::amount_of_money;
use super::named::{Named, named};
use super::number::western;
use super::quantity::parse_quantity;
use super::units::Dimension;

/// Values of an attribute that are looked at.
const LOOKED_AT: u32 = 1000;

/// Counts what the values of an attribute can be, to guess its kind.
///
/// ```
/// use assort_core::{AttributeKind, Dimension, KindGuess};
///
/// let mut guess = KindGuess::default();
/// ["500 g", "1,5 kg", "12 oz"].iter().for_each(|value| guess.see(value));
/// assert_eq!(guess.kind(), Some(AttributeKind::Quantity(Dimension::Mass, None)));
/// ```
#[derive(Clone, Debug, Default)]
pub struct KindGuess {
    seen: u32,
    booleans: u32,
    /// Words for yes and no that are no digits.
    boolean_words: u32,
    /// Words and letters for either.
    yes: u32,
    no: u32,
    amounts: u32,
    with_currency: u32,
    day_first: u32,
    month_first: u32,
    quantities: [u32; Dimension::ALL.len()],
}

impl KindGuess {
    /// Counts a value; those after the first thousand are passed over.
    pub fn see(&mut self, value: &str) {
        if self.seen >= LOOKED_AT || value.trim().is_empty() {
            return;
        }
        let value = &*western(value);
        self.seen += 1;
        if let Some(yes) = boolean(value) {
            self.booleans += 1;
            let is_digit = value.trim().bytes().all(|byte| byte.is_ascii_digit());
            let letters = if yes { &mut self.yes } else { &mut self.no };
            *letters += u32::from(!is_digit);
            self.boolean_words += u32::from(value.trim().chars().count() > 1);
            // `有` says as much as `yes`.
            self.boolean_words += u32::from(!value.is_ascii() && value.trim().chars().count() == 1);
        }
        if !value.contains(|c: char| c.is_ascii_digit()) {
            return;
        }
        if let Some((_, unit)) = parse_quantity(value) {
            let at = Dimension::ALL.iter().position(|one| *one == unit.dimension);
            at.into_iter().for_each(|at| self.quantities[at] += 1);
        } else if let Some((_, currency)) = amount_of_money(value.trim()) {
            let is_share = currency.is_some_and(|currency| currency.name() == "%");
            self.amounts += u32::from(!is_share);
            self.with_currency += u32::from(currency.is_some() && !is_share);
        } else {
            self.day_first += u32::from(parse_date(value, DateOrder::DayFirst).is_some());
            self.month_first += u32::from(parse_date(value, DateOrder::MonthFirst).is_some());
        }
    }

    /// The kind that nineteen values of twenty are of, where the `name` of the attribute says
    /// what the values do not: the unit or the currency of bare numbers (`weight (g)`), or that
    /// 1 and 0 are yes and no (`in_stock`).
    ///
    /// ```
    /// use assort_core::KindGuess;
    ///
    /// let mut guess = KindGuess::default();
    /// ["500", "1500"].iter().for_each(|value| guess.see(value));
    /// let kind = guess.kind_of("weight (g)").map(|kind| kind.to_string());
    /// assert_eq!((guess.kind(), kind.as_deref()), (None, Some("g")));
    /// ```
    pub fn kind_of(&self, name: &str) -> Option<AttributeKind> {
        let bare = self.amounts - self.with_currency;
        let of = |dimension: Dimension| {
            let mut counts = Dimension::ALL.into_iter().zip(self.quantities);
            counts
                .find(|(one, _)| *one == dimension)
                .map_or(0, |(_, count)| count)
        };
        match named(name) {
            Named::Unit(unit) if bare > 0 && self.are_most(bare + of(unit.dimension)) => {
                Some(AttributeKind::Quantity(unit.dimension, Some(unit)))
            }
            Named::Money if self.are_most(self.amounts) => Some(AttributeKind::Money),
            Named::Boolean if self.are_most(self.booleans) => Some(AttributeKind::Boolean),
            _ => self.kind(),
        }
    }

    fn are_most(&self, count: u32) -> bool {
        self.seen > 0 && count * 20 >= self.seen * 19
    }

    /// The kind that nineteen values of twenty are of, if it compares otherwise than
    /// [`AttributeKind::Any`] does.
    pub fn kind(&self) -> Option<AttributeKind> {
        let most = |count: u32| self.are_most(count);
        // Letters alone may be sizes or grades, unless there are both and nothing else.
        let of_letters = self.yes > 0 && self.no > 0 && self.yes + self.no == self.seen;
        if most(self.booleans) && (self.boolean_words * 2 > self.seen || of_letters) {
            return Some(AttributeKind::Boolean);
        }
        if most(self.amounts) && self.with_currency > 0 {
            return Some(AttributeKind::Money);
        }
        if most(self.day_first.max(self.month_first)) {
            let order = match self.month_first > self.day_first {
                true => DateOrder::MonthFirst,
                false => DateOrder::DayFirst,
            };
            return Some(AttributeKind::Date(order));
        }
        let at = self.quantities.iter().position(|count| most(*count))?;
        Some(AttributeKind::Quantity(Dimension::ALL[at], None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(values: &[&str]) -> String {
        let mut guess = KindGuess::default();
        values.iter().for_each(|value| guess.see(value));
        guess.kind().unwrap_or_default().to_string()
    }

    #[test]
    fn kinds_are_found_from_values() {
        for (kind, values) in [
            ("money", &["1.299,00 €", "12 €", "9,99 €"] as &[&str]),
            ("money", &["19.99", "20.00 USD"]),
            ("mass", &["500 g", "1 kg", "", "2 lb"]),
            ("volume", &["1,5 L", "2x250ml"]),
            ("boolean", &["yes", "no", "no"]),
            ("boolean", &["是", "否"]),
            ("date", &["2024-05-31", "2024-06-01"]),
            ("date", &["31/05/2024", "01/06/2024"]),
            ("date-month-first", &["05/31/2024", "01/06/2024"]),
            ("any", &["1", "0", "1"]),
            ("any", &["12", "13.5"]),
            ("any", &["500 g", "250 ml"]),
            ("any", &["S", "M", "L"]),
            ("any", &["M", "n", "N"]),
            ("any", &["n", "n"]),
            ("boolean", &["Y", "N", "n"]),
            ("money", &["١٬٢٩٩ ر.س", "٩٩٫٥٠ ر.س"]),
            ("mass", &["−5 g", "१२ kg"]),
            ("any", &["red", "500 g", "12"]),
            ("any", &["10 %", "20 %"]),
            ("any", &[]),
            ("any", &["0000-01-01"]),
        ] {
            assert_eq!(guess(values), kind, "{values:?}");
        }
    }

    #[test]
    fn names_say_what_bare_values_are() {
        for (name, kind, values) in [
            ("weight (g)", "g", &["500", "1500.5"] as &[&str]),
            ("Gewicht [kg]", "kg", &["1,5", "500 g"]),
            ("weight (g)", "any", &["500", "red"]),
            ("weight (g)", "mass", &["500 g", "2 kg"]),
            ("weight (g)", "any", &["500 ml", "2"]),
            ("price (EUR)", "money", &["19.99", "5"]),
            ("price", "any", &["19.99", "5"]),
            ("in_stock", "boolean", &["1", "0", "1"]),
            ("is_active", "boolean", &["1", "1"]),
            ("in_stock", "any", &["1", "0", "12"]),
            ("size", "any", &["1", "0"]),
        ] {
            let mut guess = KindGuess::default();
            values.iter().for_each(|value| guess.see(value));
            let found = guess.kind_of(name).unwrap_or_default().to_string();
            assert_eq!(found, kind, "{name} {values:?}");
        }
    }
}
