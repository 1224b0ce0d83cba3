//! Numbers with a decimal comma, which some columns have, made ones with a point.

/// Whether the values of a column are numbers with decimal commas: nearly all are
/// numbers, some only with a comma, and none only with a point.
pub(crate) fn has_decimal_commas<'a>(values: impl Iterator<Item = &'a str>) -> bool {
    let (mut all, mut numbers, mut commas) = (0u32, 0u32, 0u32);
    for value in values {
        all += 1;
        let Some((_, number, behind)) = parts(value) else {
            continue;
        };
        match mark(number, behind) {
            Mark::Point => return false,
            Mark::Comma => commas += 1,
            Mark::Either => {}
            Mark::Nothing => continue,
        }
        numbers += 1;
    }
    commas > 0 && numbers * 10 >= all * 9
}

/// A value of such a column with a decimal point and without separators of thousands:
/// `1.299,00 €` is `1299.00 €`. What is no number stays.
pub(crate) fn with_point(value: &str) -> String {
    let Some((before, number, behind)) = parts(value) else {
        return value.to_owned();
    };
    let point = number
        .rfind(',')
        .filter(|_| number.matches(',').count() == 1);
    let digits: String = number
        .char_indices()
        .filter_map(|(at, c)| match c {
            _ if Some(at) == point => Some('.'),
            '0'..='9' => Some(c),
            _ => None,
        })
        .collect();
    let behind = match is_dash(behind) {
        true => behind.trim_start_matches([',', '-', '–', '—']),
        false => behind,
    };
    format!("{before}{digits}{behind}")
}

/// What a number says about its decimal mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Point,
    Comma,
    /// It would be a number by either.
    Either,
    /// It is no number.
    Nothing,
}

/// A short text around one number: what precedes it, it, and what follows.
fn parts(value: &str) -> Option<(&str, &str, &str)> {
    let value = value.trim();
    let start = value.find(|c: char| c.is_ascii_digit())?;
    let end = value.rfind(|c: char| c.is_ascii_digit())? + 1;
    let (before, behind) = (&value[..start], &value[end..]);
    let number = &value[start..end];
    let is_number = number
        .chars()
        .all(|c| c.is_ascii_digit() || ".,'’".contains(c) || c.is_whitespace());
    let is_unit = |text: &str| text.chars().count() <= 6 && !text.contains(['.', ',']);
    let is_unit = |text: &str| is_unit(text) || is_dash(text);
    (is_number && is_unit(before) && is_unit(behind)).then_some((before, number, behind))
}

/// Whether a number is followed by the dash that stands for no cents: `1.299,-`.
fn is_dash(behind: &str) -> bool {
    behind.starts_with([',']) && behind[1..].starts_with(['-', '–', '—'])
}

fn mark(number: &str, behind: &str) -> Mark {
    if is_dash(behind) && !number.contains(',') {
        return Mark::Comma;
    }
    let (commas, points) = (number.matches(',').count(), number.matches('.').count());
    let tail = |mark: char| number.rsplit(mark).next().map_or(0, str::len);
    match (commas, points) {
        (0, 0) => Mark::Either,
        (1, _) if points > 0 && number.rfind(',') > number.rfind('.') => Mark::Comma,
        (_, 1) if commas > 0 && number.rfind('.') > number.rfind(',') => Mark::Point,
        (1, 0) if tail(',') != 3 => Mark::Comma,
        (0, 1) if tail('.') != 3 => Mark::Point,
        (1, 0) | (0, 1) => Mark::Either,
        (0, _) => Mark::Comma,
        (_, 0) => Mark::Point,
        _ => Mark::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_with_decimal_commas_are_told() {
        let told = |values: &[&str]| has_decimal_commas(values.iter().copied());
        assert!(told(&["2.450,00 €", "7,5", "1.100", "8"]));
        assert!(told(&["1.100,-", "890,– €"]));
        assert!(told(&["kr 3,00", "1 200,00 kr", "1.000.000"]));
        assert!(!told(&["2,450.00", "7,5"]));
        assert!(!told(&["1.100", "8", "2.300"]));
        assert!(!told(&["1,5 to 2", "S,M", "7,5"]));
        assert!(!told(&["9.99", "1,299"]));
        assert!(!told(&[]));
    }

    #[test]
    fn their_numbers_get_a_point() {
        for (value, number) in [
            ("2.450,00 €", "2450.00 €"),
            ("1.100", "1100"),
            ("7,5", "7.5"),
            ("1.100,-", "1100"),
            ("€ 1 200,00", "€ 1200.00"),
            ("on request", "on request"),
        ] {
            assert_eq!(with_point(value), number);
        }
    }
}
