//! Which texts are numbers.

/// More digits than these are not safe in an `f64`, and are codes anyway.
const MAX_INTEGER_DIGITS: usize = 15;

/// The number that `text` is, if it is one (see [`Filter`](super::Filter)): a plain one,
/// or an amount of money.
pub(super) fn parse_number(text: &str) -> Option<f64> {
    let text = text.trim();
    plain(text).or_else(|| {
        let (number, is_whole) = without_currency(text)?;
        amount(number, is_whole)
    })
}

/// A number as programs write it.
fn plain(text: &str) -> Option<f64> {
    // Also keeps out `inf` and `nan`, which the parser would take.
    if !text.starts_with(|c: char| matches!(c, '0'..='9' | '+' | '-' | '.')) {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    let integer = !text.contains(['.', 'e', 'E']);
    (number.is_finite() && (!integer || is_safe(text))).then_some(number)
}

fn is_safe(text: &str) -> bool {
    text.bytes().filter(u8::is_ascii_digit).count() <= MAX_INTEGER_DIGITS
}

/// A number as people write it: thousands may be separated, and the decimal mark may be
/// a comma. A single comma before three digits separates thousands, as all marks do in a
/// number that is known to be whole.
fn amount(text: &str, is_whole: bool) -> Option<f64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1.0, digits),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let mark = digits.rfind(['.', ',']);
    let mark = mark.filter(|&at| !is_whole && is_decimal(digits, at));
    let (whole, fraction) = match mark {
        Some(at) => (&digits[..at], &digits[at + 1..]),
        None => (digits, ""),
    };
    let first = whole.split(is_separator).next()?;
    let mut separators = whole.chars().filter(|c| is_separator(*c));
    let separator = separators.next();
    let proper = is_digits(first)
        && (separator.is_none() || (1..=3).contains(&first.len()))
        && separators.all(|other| Some(other) == separator)
        && are_groups(&whole[first.len()..], separator)
        && (mark.is_none() || is_digits(fraction));
    if !proper || (mark.is_none() && !is_safe(whole)) {
        return None;
    }
    let whole = whole.replace(is_separator, "");
    let number: f64 = format!("{whole}.{fraction}").parse().ok()?;
    Some(sign * number)
}

/// Whether what follows the first group of digits are groups of three, or of two with
/// three in the last, as in India.
fn are_groups(rest: &str, separator: Option<char>) -> bool {
    let groups = rest.split(is_separator).skip(1);
    let lengths: Vec<usize> = groups
        .map(|group| if is_digits(group) { group.len() } else { 0 })
        .collect();
    let Some((last, before)) = lengths.split_last() else {
        return true;
    };
    let of = |length: usize| before.iter().all(|one| *one == length);
    *last == 3 && (of(3) || (of(2) && separator == Some(',')))
}

/// Whether the mark at that place, the last of its kind, is a decimal one.
fn is_decimal(digits: &str, at: usize) -> bool {
    let mark = &digits[at..=at];
    if digits.matches(mark).count() > 1 {
        return false;
    }
    let behind = digits.len() - at - 1;
    // Another mark before it separates thousands.
    let other = if mark == "," { '.' } else { ',' };
    mark == "." || behind < 3 || digits[..at].contains(other)
}

fn is_separator(c: char) -> bool {
    matches!(
        c,
        ',' | '.' | '\'' | '’' | ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}'
    )
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Signs and names of currencies besides three letters of ISO 4217.
const CURRENCIES: [&str; 33] = [
    "%", "$", "€", "£", "¥", "₹", "₽", "₩", "₪", "₺", "₴", "₫", "₱", "฿", "₦", "₵", "￥", "＄",
    "元", "円", "원", "kr", "kr.", "zł", "Kč", "Ft", "lei", "лв", "руб", "руб.", "Rs", "Rs.",
    "Fr.",
];

/// Codes of ISO 4217 that shops use.
const CODES: &str = " AED ARS AUD BDT BGN BHD BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP GEL HKD HUF \
    IDR ILS INR ISK JOD JPY KES KRW KWD KZT LKR MAD MXN MYR NGN NOK NZD OMR PEN PHP PKR PLN QAR RMB RON \
    RSD RUB SAR SEK SGD THB TND TRY TWD UAH USD UYU UZS VND ZAR ";

/// The text without the currency before or behind it, and whether a dash stands for its
/// cents.
fn without_currency(text: &str) -> Option<(&str, bool)> {
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
    let undashed = without_dash(&text[end..]);
    let is_whole = undashed.len() < text.len() - end;
    let behind = undashed.trim();
    let fits = match (before, behind) {
        ("", "") => true,
        ("", one) | (one, "") => is_currency(one),
        _ => false,
    };
    fits.then_some((number, is_whole))
}

/// What follows the dash that stands for no cents (`1.299,-`, `499/-`).
fn without_dash(behind: &str) -> &str {
    let dashed = behind.strip_prefix([',', '.', '/']);
    let dashed = dashed.and_then(|rest| rest.strip_prefix(['-', '–', '—']));
    dashed.unwrap_or(behind)
}

fn is_currency(text: &str) -> bool {
    let is_code = |text: &str| text.len() == 3 && CODES.contains(&format!(" {text} "));
    // `US$`, `R$`, `CA$`.
    let letters = text.strip_suffix('$').unwrap_or("-");
    let is_dollar = letters.len() <= 2 && letters.bytes().all(|byte| byte.is_ascii_uppercase());
    CURRENCIES.contains(&text) || is_dollar || is_code(text)
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
        ] {
            assert_eq!(parse_number(text), None, "{text}");
        }
    }
}
