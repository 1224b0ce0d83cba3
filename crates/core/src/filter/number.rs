//! Which texts are numbers.

/// More digits than these are not safe in an `f64`, and are codes anyway.
const MAX_INTEGER_DIGITS: usize = 15;

/// The number that `text` is, if it is one (see [`Filter`](super::Filter)).
pub(super) fn parse_number(text: &str) -> Option<f64> {
    let text = text.trim();
    // Also keeps out `inf` and `nan`, which the parser would take.
    if !text.starts_with(|c: char| matches!(c, '0'..='9' | '+' | '-' | '.')) {
        return None;
    }
    let number = if text.contains(',') {
        without_thousands(text)?.parse()
    } else {
        text.parse()
    };
    let number: f64 = number.ok().filter(|number: &f64| number.is_finite())?;
    let integer = !text.contains(['.', 'e', 'E']);
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (!integer || digits <= MAX_INTEGER_DIGITS).then_some(number)
}

/// `text` without its commas, if they separate thousands.
fn without_thousands(text: &str) -> Option<String> {
    let (integer, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut groups = integer.trim_start_matches(['+', '-']).split(',');
    let first = groups.next()?;
    let proper = (1..=3).contains(&first.len())
        && groups.all(|group| group.len() == 3)
        && !fraction.contains(',');
    proper.then(|| text.replace(',', ""))
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
            "1,5",
            "1,2345",
            ",123",
            "1,234,",
            "1.2,345",
            "5 cm",
            "$5",
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
