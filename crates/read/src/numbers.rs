//! Numbers with a decimal comma, which some columns have, made ones with a point.

/// How the numbers of a column are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writing {
    /// With a decimal comma.
    Comma,
    /// With a decimal point.
    Point,
    /// With one sign before three digits in each number that has a sign, which could be
    /// the decimal mark or separate thousands.
    Unclear(char),
    /// Without any sign, or it is not numbers that the column has.
    Other,
}

/// How the numbers of a column are written: nearly all values are numbers, some only by
/// one decimal mark and none by the other.
pub(crate) fn writing<'a>(values: impl Iterator<Item = &'a str>) -> Writing {
    let (mut all, mut numbers, mut commas, mut points) = (0u32, 0u32, 0u32, 0u32);
    let mut unclear = [0u32; 2];
    let mut dotted = false;
    for value in values {
        all += 1;
        let Some((_, number, behind)) = parts(value) else {
            continue;
        };
        match mark(number, behind) {
            Mark::Point => points += 1,
            // Points between thousands say nothing of the decimal mark: part numbers and
            // addresses look the same.
            Mark::Grouped => {}
            Mark::Comma => commas += 1,
            Mark::Either => {
                unclear[0] += u32::from(number.contains('.'));
                unclear[1] += u32::from(number.contains(','));
            }
            Mark::Nothing => {
                dotted |= number.contains('.');
                continue;
            }
        }
        numbers += 1;
    }
    // A date, a version or an address by points is among them.
    if dotted || numbers * 10 < all * 9 {
        return Writing::Other;
    }
    match (commas, points, unclear) {
        (1.., 0, _) => Writing::Comma,
        (_, 1.., _) => Writing::Point,
        (0, 0, [(2..), 0]) => Writing::Unclear('.'),
        (0, 0, [0, (2..)]) => Writing::Unclear(','),
        _ => Writing::Other,
    }
}

/// Whether a value is a number by a decimal comma alone, or by a decimal point alone.
pub(crate) fn is_by(value: &str, writing: Writing) -> bool {
    // Most values have neither.
    let sign = match writing {
        Writing::Comma => b',',
        Writing::Point => b'.',
        Writing::Unclear(_) | Writing::Other => return false,
    };
    if !value.bytes().any(|byte| byte == sign) {
        return false;
    }
    let Some((_, number, behind)) = parts(value) else {
        return false;
    };
    match writing {
        // What has points alone, such as a version, need not be a number.
        Writing::Comma => mark(number, behind) == Mark::Comma && number.contains(','),
        Writing::Point => mark(number, behind) == Mark::Point,
        Writing::Unclear(_) | Writing::Other => false,
    }
}

/// A value of a column with decimal commas with a decimal point and without separators of
/// thousands: `1.299,00 €` is `1299.00 €`. A number by a decimal point keeps it. What is
/// no number, or has signs elsewhere than between thousands (`31.12.2024`), stays.
pub(crate) fn with_point(value: &str) -> String {
    written(value).unwrap_or_else(|| value.to_owned())
}

fn written(value: &str) -> Option<String> {
    let (before, number, behind) = parts(value)?;
    let decimal = match mark(number, behind) {
        Mark::Nothing => return None,
        Mark::Point => '.',
        _ => ',',
    };
    let point = number
        .rfind(decimal)
        .filter(|_| number.matches(decimal).count() == 1);
    let (whole, fraction) = number.split_at(point.unwrap_or(number.len()));
    let fraction = fraction.trim_start_matches(decimal);
    if !is_whole(whole) || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut digits: String = whole.chars().filter(char::is_ascii_digit).collect();
    if point.is_some() {
        digits.push('.');
        digits.push_str(fraction);
    }
    let behind = match is_dash(behind) {
        true => behind.trim_start_matches([',', '-', '–', '—']),
        false => behind,
    };
    Some(format!("{before}{digits}{behind}"))
}

/// Whether digits are a whole number, perhaps with signs between its thousands.
fn is_whole(digits: &str) -> bool {
    digits.bytes().all(|byte| byte.is_ascii_digit()) || is_grouped(digits)
}

/// Whether signs stand before each three digits, and nowhere else.
fn is_grouped(digits: &str) -> bool {
    let mut groups = digits.split(|c: char| !c.is_ascii_digit());
    let first = groups.next().unwrap_or_default();
    let is_first = (1..=3).contains(&first.len()) && !first.starts_with('0');
    is_first && groups.all(|group| group.len() == 3)
}

/// What a number says about its decimal mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Point,
    Comma,
    /// It would be a number by either.
    Either,
    /// A whole number with points between its thousands.
    Grouped,
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
        return if is_whole(number) {
            Mark::Comma
        } else {
            Mark::Nothing
        };
    }
    // Nothing separates thousands behind a zero.
    match number.as_bytes() {
        [b'0', b'.', rest @ ..] if rest.iter().all(u8::is_ascii_digit) => return Mark::Point,
        [b'0', b',', rest @ ..] if rest.iter().all(u8::is_ascii_digit) => return Mark::Comma,
        _ => {}
    }
    let (commas, points) = (number.matches(',').count(), number.matches('.').count());
    let tail = |mark: char| number.rsplit(mark).next().map_or(0, str::len);
    let before = |mark: char| {
        number
            .rsplit_once(mark)
            .is_some_and(|(whole, _)| is_whole(whole))
    };
    match (commas, points) {
        (0, 0) => Mark::Either,
        (1, _) if points > 0 && number.rfind(',') > number.rfind('.') => match before(',') {
            true => Mark::Comma,
            false => Mark::Nothing,
        },
        (_, 1) if commas > 0 && number.rfind('.') > number.rfind(',') => Mark::Point,
        (1, 0) if tail(',') != 3 => Mark::Comma,
        (0, 1) if tail('.') != 3 => Mark::Point,
        (1, 0) | (0, 1) => Mark::Either,
        (0, _) if is_grouped(number) => Mark::Grouped,
        (_, 0) if is_grouped(number) => Mark::Point,
        _ => Mark::Nothing,
    }
}

/// Whether a number is written as spreadsheets write one that has many digits, with few of
/// them: `1.23E+12`.
pub(crate) fn is_shortened(text: &str) -> bool {
    let Some((digits, zeros)) = text.split_once('+') else {
        return false;
    };
    let Some(digits) = digits.strip_suffix(['E', 'e']) else {
        return false;
    };
    let (whole, part) = digits.split_once(['.', ',']).unwrap_or((digits, "0"));
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    whole.len() == 1 && [whole, part, zeros].into_iter().all(are_digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_with_decimal_commas_are_told() {
        let told = |values: &[&str]| writing(values.iter().copied()) == Writing::Comma;
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
    fn dates_versions_and_addresses_prove_no_decimal_comma() {
        let told = |values: &[&str]| writing(values.iter().copied());
        for values in [
            ["31.12.2024", "01.06.2024"],
            ["10.0.0.1", "192.168.100.200"],
            ["1.2.3", "12.0.1"],
            ["12.345.678", "98.765.432"],
            ["0203.12.00", "8471.30.00"],
            ["7,5", "1.2.3"],
        ] {
            assert_eq!(told(&values), Writing::Other, "{values:?}");
        }
        assert_eq!(told(&["12.345.678", "7,5"]), Writing::Comma);
        assert_eq!(told(&["12.345.678", "980,-"]), Writing::Comma);
    }

    #[test]
    fn numbers_that_could_be_written_either_way_are_unclear() {
        let told = |values: &[&str]| writing(values.iter().copied());
        assert_eq!(told(&["1.299", "899", "2.450"]), Writing::Unclear('.'));
        assert_eq!(told(&["1,299 kr", "2,450 kr"]), Writing::Unclear(','));
        assert_eq!(told(&["1.299", "0.125"]), Writing::Point);
        assert_eq!(told(&["1,299", "0,125"]), Writing::Comma);
        assert_eq!(told(&["1,299", "1.299"]), Writing::Other);
        assert_eq!(told(&["1.299", "899"]), Writing::Other);
        assert_eq!(told(&["9.99", "7,5"]), Writing::Point);
        assert_eq!(told(&["899", "7"]), Writing::Other);
        assert!(is_by("1.299,00", Writing::Comma) && is_by("9.99", Writing::Point));
        assert!(!is_by("1.2.3", Writing::Comma) && !is_by("1.299", Writing::Point));
    }

    #[test]
    fn their_numbers_get_a_point() {
        for (value, number) in [
            ("2.450,00 €", "2450.00 €"),
            ("1.100", "1100"),
            ("7,5", "7.5"),
            ("1.100,-", "1100"),
            // Those of another writing are what they are.
            ("1,299.00", "1299.00"),
            ("9.99", "9.99"),
            ("€ 1 200,00", "€ 1200.00"),
            ("on request", "on request"),
            // Points elsewhere than between thousands are no separators.
            ("31.12.2024", "31.12.2024"),
            ("10.0.0.1", "10.0.0.1"),
            ("1.2.3", "1.2.3"),
            ("12.34.567,5", "12.34.567,5"),
            ("030 1234567", "030 1234567"),
            ("1.000.000", "1000000"),
            ("1,299,000", "1299000"),
        ] {
            assert_eq!(with_point(value), number);
        }
    }

    #[test]
    fn numbers_that_a_spreadsheet_shortened_are_known() {
        for text in ["1.23E+12", "1,23E+12", "4E+15", "8.8e+07"] {
            assert!(is_shortened(text), "{text}");
        }
        for text in [
            "1E5", "12.3E+12", "E+12", "1.E+12", "1.2E+", "A+B", "1.2+3", "1+1",
        ] {
            assert!(!is_shortened(text), "{text}");
        }
    }
}
