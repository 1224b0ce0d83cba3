//! Numbers and days as texts, quicker than by formatting, where they are of the usual kind.

/// Digits of a number that surely no other number of eight bytes is written with.
const EXACT: f64 = 1e15;

/// The first of January of year 0, and the last of December of 9999, from 1970.
const FIRST_DAY: i64 = -719_528;
const LAST_DAY: i64 = 2_932_896;

const DAYS_OF_ERA: u64 = 146_097;

/// From the March before the year 0 by 400 years to the first day.
const DAYS_TO_ERA: i64 = 146_097 - 60;
const YEARS_TO_ERA: u64 = 400;

/// Room for what is written.
const ROOM: usize = 24;

/// A short text, written from its end.
pub(super) struct Digits {
    bytes: [u8; ROOM],
    start: usize,
}

impl Digits {
    fn new() -> Self {
        Self {
            bytes: [0; ROOM],
            start: ROOM,
        }
    }

    fn push(&mut self, byte: u8) {
        if self.start > 0 {
            self.start -= 1;
            self.bytes[self.start] = byte;
        }
    }

    /// Puts at least so many digits before what is there.
    fn number(&mut self, mut number: u64, least: usize) {
        let mut written = 0;
        while number > 0 || written < least {
            self.push(b'0' + (number % 10) as u8);
            number /= 10;
            written += 1;
        }
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[self.start..]).unwrap_or_default()
    }
}

/// A whole number.
pub(super) fn whole(number: i64) -> Digits {
    let mut digits = Digits::new();
    digits.number(number.unsigned_abs(), 1);
    if number < 0 {
        digits.push(b'-');
    }
    digits
}

/// A number with two decimals at most, as prices are; none if it is another, of many digits,
/// or zero, which has a sign.
///
/// Two texts of up to fifteen digits are two numbers: a text that reads as the number is
/// its shortest.
pub(super) fn hundredths(number: f64) -> Option<Digits> {
    let hundredths = (number * 100.0).round();
    let fits = hundredths != 0.0 && hundredths.abs() < EXACT && hundredths / 100.0 == number;
    if !fits {
        return None;
    }
    let size = hundredths.abs() as u64;
    let mut digits = Digits::new();
    let cents = size % 100;
    if cents > 0 {
        match cents % 10 {
            0 => digits.number(cents / 10, 1),
            _ => digits.number(cents, 2),
        }
        digits.push(b'.');
    }
    digits.number(size / 100, 1);
    if hundredths < 0.0 {
        digits.push(b'-');
    }
    Some(digits)
}

/// A day as ISO 8601 has it, counted from the first of 1970; none if its year has not four
/// digits.
pub(super) fn day(day: i64) -> Option<Digits> {
    if !(FIRST_DAY..=LAST_DAY).contains(&day) {
        return None;
    }
    // Days of eras of 400 years, which begin in March, so that leap days end years.
    let day = (day - FIRST_DAY + DAYS_TO_ERA) as u64;
    let (era, day) = (day / DAYS_OF_ERA, day % DAYS_OF_ERA);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let is_next = month >= 10;
    let mut digits = Digits::new();
    digits.number(day - (153 * month + 2) / 5 + 1, 2);
    digits.push(b'-');
    digits.number(if is_next { month - 9 } else { month + 3 }, 2);
    digits.push(b'-');
    digits.number(year + era * 400 + u64::from(is_next) - YEARS_TO_ERA, 4);
    Some(digits)
}

#[cfg(test)]
mod tests {
    use arrow_array::temporal_conversions::as_date;
    use arrow_array::types::Date32Type;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_are_written_as_by_formatting(number: i64, cents in -1_000_000_000i64..1_000_000_000) {
            let written = whole(number);
            prop_assert_eq!(written.as_str(), number.to_string());
            for number in [cents as f64 / 100.0, cents as f64, number as f64 / 100.0] {
                let written = hundredths(number);
                prop_assert!(written.is_some() || cents == 0 || number.abs() >= EXACT / 100.0);
                if let Some(written) = written {
                    prop_assert_eq!(written.as_str(), number.to_string());
                }
            }
        }

        #[test]
        fn numbers_of_all_kinds_are_written_as_by_formatting(number: f64, exponent in -12i32..12) {
            for number in [number, number.fract() * 10f64.powi(exponent), f64::from(exponent) / 8.0] {
                if let Some(written) = hundredths(number) {
                    prop_assert_eq!(written.as_str(), number.to_string());
                }
            }
        }
    }

    #[test]
    fn numbers_at_the_ends_are_written_or_left() {
        for number in [0, i64::MIN, i64::MAX, -1, 10] {
            assert_eq!(whole(number).as_str(), number.to_string());
        }
        for number in [0.0, -0.0, f64::NAN, f64::INFINITY, 1e13, 0.001, 0.1 + 0.2] {
            assert!(hundredths(number).is_none(), "{number}");
        }
    }

    #[test]
    fn days_are_written_as_by_formatting() {
        for at in (FIRST_DAY..=LAST_DAY).step_by(3).chain([LAST_DAY]) {
            let date = as_date::<Date32Type>(at).unwrap();
            assert_eq!(day(at).unwrap().as_str(), date.to_string());
        }
        for at in [FIRST_DAY - 1, LAST_DAY + 1, i64::MIN, i64::MAX] {
            assert!(day(at).is_none());
        }
    }
}
