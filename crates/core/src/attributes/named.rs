//! What the name of an attribute says of values that do not say it themselves.

use super::money::currency;
use super::units::Unit;

/// What the values of an attribute are, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// Amounts in a unit: `weight (g)`.
    Unit(&'static Unit),
    /// Amounts of money: `price (EUR)`.
    Money,
    /// Yes or no: `in_stock`, `is_active`.
    Boolean,
    Nothing,
}

/// First words of names that ask whether something is so.
const ASKING: [&str; 9] = [
    "is", "has", "can", "allow", "allows", "ist", "hat", "est", "es",
];

/// Names of what is so or is not, without signs between their words.
const SO_OR_NOT: [&str; 30] = [
    "instock",
    "onstock",
    "onsale",
    "active",
    "available",
    "enabled",
    "disabled",
    "visible",
    "published",
    "featured",
    "discontinued",
    "taxable",
    "returnable",
    "refundable",
    "deleted",
    "hidden",
    "isnew",
    "backordersallowed",
    "aktiv",
    "lagernd",
    "verfügbar",
    "lieferbar",
    "sichtbar",
    "enstock",
    "disponible",
    "actif",
    "activo",
    "attivo",
    "有货",
    "上架",
];

/// What a name says of the values of its attribute.
pub(super) fn named(name: &str) -> Named {
    if let Some(unit) = in_brackets(name) {
        let money = || currency(unit).filter(|currency| currency.name() != "%");
        return match Unit::named(unit) {
            Some(unit) => Named::Unit(unit),
            None if money().is_some() => Named::Money,
            None => Named::Nothing,
        };
    }
    match is_so_or_not(name) {
        true => Named::Boolean,
        false => Named::Nothing,
    }
}

/// What stands in brackets at the end of a name.
fn in_brackets(name: &str) -> Option<&str> {
    let name = name.trim_end();
    let inner = |open: char, close: char| name.strip_suffix(close)?.rsplit_once(open);
    let found = inner('(', ')')
        .or_else(|| inner('[', ']'))
        .or_else(|| inner('（', '）'));
    found.map(|(_, inner)| inner.trim())
}

fn is_so_or_not(name: &str) -> bool {
    let small = name.trim().to_lowercase();
    let mut words = small.split(|c: char| !c.is_alphanumeric());
    let asks = words.next().is_some_and(|first| ASKING.contains(&first)) && words.next().is_some();
    // `isActive`
    let camel = ["is", "has"].into_iter().any(|word| {
        let rest = name.trim().strip_prefix(word);
        rest.is_some_and(|rest| rest.starts_with(char::is_uppercase))
    });
    let joined: String = small.chars().filter(|c| c.is_alphanumeric()).collect();
    asks || camel || small.starts_with("是否") || SO_OR_NOT.contains(&joined.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_units_money_and_whether_something_is_so() {
        let unit = |name: &str| match named(name) {
            Named::Unit(unit) => unit.symbol.to_owned(),
            other => format!("{other:?}"),
        };
        for (name, said) in [
            ("weight (g)", "g"),
            ("Gewicht [kg]", "kg"),
            ("长度（厘米）", "cm"),
            ("price (EUR)", "Money"),
            ("Preis in [€]", "Money"),
            ("discount (%)", "Nothing"),
            ("colour (main)", "Nothing"),
            ("in_stock", "Boolean"),
            ("Is Active", "Boolean"),
            ("hasBattery", "Boolean"),
            ("是否进口", "Boolean"),
            ("island", "Nothing"),
            ("issue", "Nothing"),
            ("is", "Nothing"),
            ("stock", "Nothing"),
        ] {
            assert_eq!(unit(name), said, "{name}");
        }
    }
}
