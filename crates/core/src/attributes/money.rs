//! Amounts of money, and in which currency they are.

use super::number::amount;

/// A currency: a code of ISO 4217, or a sign that several currencies share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency(&'static str);

impl Currency {
    /// Its code, such as `EUR`, or the sign where that does not tell which one it is,
    /// such as `kr`.
    pub fn name(self) -> &'static str {
        self.0
    }

    /// Whether the two may be the same: `kr` may be SEK, EUR is no USD.
    pub(super) fn fits(self, other: Self) -> bool {
        let may_be = |sign: Self, code: Self| {
            let shared = SHARED.iter().find(|(shared, _)| *shared == sign.0);
            shared.is_some_and(|(_, codes)| codes.contains(&code.0))
        };
        self == other || may_be(self, other) || may_be(other, self)
    }
}

/// Signs that several currencies have, and the codes of those.
const SHARED: [(&str, &[&str]); 4] = [
    (
        "$",
        &[
            "USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP", "UYU",
        ],
    ),
    ("¥", &["JPY", "CNY"]),
    ("kr", &["SEK", "NOK", "DKK", "ISK"]),
    ("Rs", &["INR", "PKR", "LKR"]),
];

/// Signs and names of currencies besides three letters of ISO 4217.
const SIGNS: [(&str, &str); 50] = [
    ("$", "$"),
    ("＄", "$"),
    ("US$", "USD"),
    ("CA$", "CAD"),
    ("C$", "CAD"),
    ("A$", "AUD"),
    ("AU$", "AUD"),
    ("NZ$", "NZD"),
    ("HK$", "HKD"),
    ("S$", "SGD"),
    ("NT$", "TWD"),
    ("MX$", "MXN"),
    ("R$", "BRL"),
    ("€", "EUR"),
    ("£", "GBP"),
    ("¥", "¥"),
    ("￥", "¥"),
    ("元", "CNY"),
    ("RMB", "CNY"),
    ("円", "JPY"),
    ("₹", "INR"),
    ("₽", "RUB"),
    ("руб", "RUB"),
    ("руб.", "RUB"),
    ("р", "RUB"),
    ("р.", "RUB"),
    ("ر.س", "SAR"),
    ("د.إ", "AED"),
    ("ج.م", "EGP"),
    ("₩", "KRW"),
    ("원", "KRW"),
    ("₪", "ILS"),
    ("₺", "TRY"),
    ("₴", "UAH"),
    ("₫", "VND"),
    ("₱", "PHP"),
    ("฿", "THB"),
    ("₦", "NGN"),
    ("₵", "GHS"),
    ("kr", "kr"),
    ("kr.", "kr"),
    ("zł", "PLN"),
    ("Kč", "CZK"),
    ("Ft", "HUF"),
    ("lei", "RON"),
    ("лв", "BGN"),
    ("Rs", "Rs"),
    ("Rs.", "Rs"),
    ("Fr.", "CHF"),
    ("%", "%"),
];

/// Codes of ISO 4217 that shops use.
const CODES: [&str; 60] = [
    "AED", "ARS", "AUD", "BDT", "BGN", "BHD", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK",
    "DKK", "EGP", "EUR", "GBP", "GEL", "GHS", "HKD", "HUF", "IDR", "ILS", "INR", "ISK", "JOD",
    "JPY", "KES", "KRW", "KWD", "KZT", "LKR", "MAD", "MXN", "MYR", "NGN", "NOK", "NZD", "OMR",
    "PEN", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SEK", "SGD", "THB", "TND",
    "TRY", "TWD", "UAH", "USD", "UYU", "UZS", "VND", "ZAR",
];

/// The amount that a text is, and its currency if it names one. A share of a hundred
/// (`15 %`) counts as an amount, too.
pub(super) fn amount_of_money(text: &str) -> Option<(f64, Option<Currency>)> {
    let is_digit = |c: char| c.is_ascii_digit();
    let first = text.find(is_digit)?;
    // A sign or a point before the digits is theirs, that of `Rs.` is not.
    let before = text[..first].trim_end_matches(['+', '-', '.']);
    let start = match before.ends_with(char::is_alphabetic) {
        true => first,
        false => before.len(),
    };
    let end = text.rfind(is_digit)? + 1;
    let (before, number) = (text[..start].trim(), text.get(start..end)?);
    let (behind, times) = without_factor(&text[end..]);
    let undashed = without_dash(behind);
    let is_whole = undashed.len() < behind.len();
    let named = match (before, undashed.trim()) {
        ("", "") => None,
        ("", one) | (one, "") => Some(currency(one)?),
        _ => return None,
    };
    Some((amount(number, is_whole)? * times, named))
}

/// Words behind a number for how many times it is meant. A letter such as `k` may as well be
/// a unit, or a part of a code.
const FACTORS: [(char, f64); 6] = [
    ('万', 1e4),
    ('萬', 1e4),
    ('만', 1e4),
    ('亿', 1e8),
    ('億', 1e8),
    ('억', 1e8),
];

/// What follows such a word, and how many times it says.
fn without_factor(behind: &str) -> (&str, f64) {
    let bare = behind.trim_start();
    let mut found = FACTORS
        .iter()
        .filter_map(|(word, times)| Some((bare.strip_prefix(*word)?, *times)));
    found.next().unwrap_or((behind, 1.0))
}

/// What follows the dash that stands for no cents (`1.299,-`, `499/-`).
fn without_dash(behind: &str) -> &str {
    let dashed = behind.strip_prefix([',', '.', '/', ':']);
    let dashed = dashed.and_then(|rest| rest.strip_prefix(['-', '–', '—']));
    dashed.unwrap_or(behind)
}

/// The currency that is called so.
pub(crate) fn currency(text: &str) -> Option<Currency> {
    let sign = SIGNS.iter().find(|(sign, _)| *sign == text);
    let code = || CODES.into_iter().find(|code| *code == text);
    sign.map(|(_, name)| *name).or_else(code).map(Currency)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn currencies_are_told_apart_where_their_signs_do() {
        let of = |text| {
            amount_of_money(text)
                .and_then(|(_, currency)| currency)
                .unwrap()
        };
        assert!(of("5 €").fits(of("EUR 7")) && of("$5").fits(of("5 CAD")));
        assert!(of("5 kr").fits(of("5 SEK")) && of("￥5").fits(of("5 CNY")));
        assert!(!of("5 €").fits(of("$5")) && !of("5 SEK").fits(of("5 NOK")));
        assert_eq!(amount_of_money("5"), Some((5.0, None)));
        assert_eq!(amount_of_money("5 XYZ"), None);
        assert_eq!(of("US$ 5").name(), "USD");
    }
}
