//! Amounts with a unit: `500 g`, `1,5 L`, `2x250ml`.

use super::number::{amount, plain};
use super::units::Unit;

/// The amount that a text is and its unit, if it is such a thing. A number of equal parts
/// (`2 x 250 ml`) is what they are together.
pub(super) fn parse_quantity(text: &str) -> Option<(f64, &'static Unit)> {
    let text = text.trim();
    single(text).or_else(|| multiple(text))
}

/// A number and what follows it.
fn single(text: &str) -> Option<(f64, &'static Unit)> {
    let end = text.rfind(|c: char| c.is_ascii_digit()).map(|at| at + 1)?;
    // The number of `m2` is its unit's.
    let end = match Unit::named(text[end..].trim()) {
        Some(_) => end,
        None => text[..end]
            .rfind(|c: char| !c.is_ascii_digit() && !".,'".contains(c))
            .and_then(|at| text[..at].rfind(|c: char| c.is_ascii_digit()))
            .map(|at| at + 1)?,
    };
    let unit = Unit::named(text[end..].trim())?;
    let number = text[..end].trim();
    let number = plain(number).or_else(|| amount(number, false))?;
    Some((number, unit))
}

/// `2 x 250 ml`, `250 ml x 2`.
fn multiple(text: &str) -> Option<(f64, &'static Unit)> {
    let at = text.find(['x', 'X', '×', '*'])?;
    let (before, behind) = (&text[..at], text[at..].chars().next()?.len_utf8());
    let (before, behind) = (before.trim(), text[at + behind..].trim());
    let count = |text: &str| text.parse::<u16>().ok().map(f64::from);
    let (count, (each, unit)) = match (count(before), count(behind)) {
        (Some(count), None) => (count, single(behind)?),
        (None, Some(count)) => (count, single(before)?),
        _ => return None,
    };
    Some((count * each, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_with_units_are_read_in_their_forms() {
        for (text, amount, symbol) in [
            ("500 g", 500.0, "g"),
            ("1,5 L", 1.5, "l"),
            ("2x250ml", 500.0, "ml"),
            ("6 × 0,33 l", 1.98, "l"),
            ("250 ml x 2", 500.0, "ml"),
            ("1.299 kg", 1.299, "kg"),
            ("1,299 g", 1299.0, "g"),
            ("15.6\"", 15.6, "in"),
            ("8 fl oz", 8.0, "fl oz"),
            ("12 m2", 12.0, "m²"),
            ("500克", 500.0, "g"),
            ("256GB", 256.0, "GB"),
            ("4000 mAh", 4000.0, "mAh"),
            ("-5 V", -5.0, "V"),
        ] {
            let read = parse_quantity(text);
            let read = read.map(|(amount, unit)| (amount, unit.symbol));
            assert_eq!(read, Some((amount, symbol)), "{text}");
        }
        for text in [
            "",
            "g",
            "500",
            "500 parsec",
            "1,2,3 kg",
            "5-6 kg",
            "3.99/kg",
            "€ 4,50 / 100 g",
            "10 g – 20 g",
            "1.5万",
            "2x3x4 cm",
            "NaN g",
            "kg 5",
            "5 g 3",
            "£9.99",
            "¥ 300",
        ] {
            assert_eq!(parse_quantity(text), None, "{text}");
        }
    }
}
