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
    for value in values {
        all += 1;
        let Some((_, number, behind)) = parts(value) else {
            continue;
        };
        match mark(number, behind) {
            Mark::Point => points += 1,
            Mark::Comma => commas += 1,
            Mark::Either => {
                unclear[0] += u32::from(number.contains('.'));
                unclear[1] += u32::from(number.contains(','));
            }
            Mark::Nothing => continue,
        }
        numbers += 1;
    }
    if numbers * 10 < all * 9 {
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
/// no number stays.
pub(crate) fn with_point(value: &str) -> String {
    let Some((before, number, behind)) = parts(value) else {
        return value.to_owned();
    };
    let decimal = match mark(number, behind) {
        Mark::Point => '.',
        _ => ',',
    };
    let point = number
        .rfind(decimal)
        .filter(|_| number.matches(decimal).count() == 1);
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
    // Nothing separates thousands behind a zero.
    match number.as_bytes() {
        [b'0', b'.', rest @ ..] if rest.iter().all(u8::is_ascii_digit) => return Mark::Point,
        [b'0', b',', rest @ ..] if rest.iter().all(u8::is_ascii_digit) => return Mark::Comma,
        _ => {}
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
        ] {
            assert_eq!(with_point(value), number);
        }
    }
}
