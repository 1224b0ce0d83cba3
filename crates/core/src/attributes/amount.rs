//! Which values compare as numbers.

use super::money::amount_of_money;
use super::number::{plain, western};

/// The number that `text` is, if it is one (see [`Filter`](crate::Filter)): a plain one,
/// or an amount of money.
pub(crate) fn parse_number(text: &str) -> Option<f64> {
    let text = &*western(text.trim());
    plain(text).or_else(|| amount_of_money(text).map(|(amount, _)| amount))
}

/// Whether a value compares as a number in filters.
///
/// ```
/// use assort_core::is_number;
///
/// assert!(is_number("1.299,00 €") && !is_number("17 inch"));
/// ```
pub fn is_number(value: &str) -> bool {
    parse_number(value).is_some()
}

#[cfg(test)]
mod tests {
    use super::parse_number;

    #[test]
    fn numbers_are_told_from_texts() {
        for (text, number) in [
            ("5", 5.0),
            (" -5.50 ", -5.5),
            ("+.5", 0.5),
            ("1e3", 1000.0),
            ("1,299.00", 1299.0),
            ("-12,345,678", -12_345_678.0),
            ("1,5", 1.5),
            ("1.299,00", 1299.0),
            ("1.299.000", 1_299_000.0),
            ("1 299.00", 1299.0),
            ("1\u{202f}299,50", 1299.5),
            ("12'300", 12_300.0),
            ("19.99 USD", 19.99),
            ("EUR 12.00", 12.0),
            ("$24.50", 24.5),
            ("US$ 1,299", 1299.0),
            ("1.299,00 €", 1299.0),
            ("1 299,00 kr", 1299.0),
            ("￥128", 128.0),
            ("1.299,- €", 1299.0),
            ("Rs. 499/-", 499.0),
            ("₹ 12,34,567.50", 1_234_567.5),
            ("15 %", 15.0),
            ("−5,50", -5.5),
            ("1450 р.", 1450.0),
            ("1 299:-", 1299.0),
            ("١٬٢٩٩٫٥٠ ر.س", 1299.5),
            ("1.5万", 15_000.0),
            ("3万元", 30_000.0),
            ("¥2 万", 20_000.0),
            ("1.2亿", 120_000_000.0),
            ("999999999999999", 999_999_999_999_999.0),
        ] {
            assert_eq!(parse_number(text), Some(number), "{text}");
        }
        for text in [
            "",
            " ",
            "nan",
            "inf",
            "-inf",
            "1e999",
            "1,2345",
            ",123",
            "1,234,",
            "1.2,345",
            "1.2345,6",
            "1 2",
            "1 234,567.8",
            "5 cm",
            "5 XYZ",
            "$",
            "3 for $5",
            "1-2",
            "--1",
            "1.2.3",
            "1000000000000000",
            "五",
            // Several amounts, and prices of a unit, are no amount.
            "10-20 EUR",
            "$10 – $20",
            "from 5 to 7 €",
            "3.99/kg",
            "3.99 €/kg",
            "€ 4,50 / 100 g",
            "2 € je Stück",
            "1.2k",
            "1万5千",
        ] {
            assert_eq!(parse_number(text), None, "{text}");
        }
    }
}
