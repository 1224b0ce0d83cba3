//! Days of the calendar.

/// Which part of `3/4/2024` is the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DateOrder {
    /// The first.
    DayFirst,
    /// The second, as in the United States.
    MonthFirst,
}

/// A day as a number that grows with time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(u32);

impl Day {
    /// The day of that date; none where the calendar has none, and before the year 1.
    pub(super) fn new(year: u32, month: u32, day: u32) -> Option<Self> {
        let leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            2 => 28 + u32::from(leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => 0,
        };
        let exists = (1..=9999).contains(&year) && (1..=days).contains(&day);
        exists.then_some(Self(year << 9 | month << 5 | day))
    }

    /// A number that grows with time, nearly evenly: years, months and days of 372 to a year.
    pub(super) fn ordinal(self) -> f64 {
        let (year, month, day) = (self.0 >> 9, self.0 >> 5 & 15, self.0 & 31);
        f64::from(year * 372 + (month - 1) * 31 + day - 1)
    }

    /// The date as ISO 8601 writes it.
    pub fn iso(self) -> String {
        let (year, month, day) = (self.0 >> 9, self.0 >> 5 & 15, self.0 & 31);
        format!("{year:04}-{month:02}-{day:02}")
    }
}

/// The first and the last day that a text means: a date, a month (`2024-05`) or a year.
pub(super) fn parse_period(text: &str, order: DateOrder) -> Option<(Day, Day)> {
    if let Some(day) = parse_date(text, order) {
        return Some((day, day));
    }
    let (year, month) = match text.trim().split_once('-') {
        Some((year, month)) => (year, Some(number(month, 2)?)),
        None => (text.trim(), None),
    };
    let year = number(year, 4).filter(|_| year.len() == 4)?;
    let (first, last) = month.map_or((1, 12), |month| (month, month));
    let end = (28..=31).rev().find_map(|day| Day::new(year, last, day));
    Some((Day::new(year, first, 1)?, end?))
}

/// The day that a text is, whatever time it adds: of ISO 8601, `2024/5/3`, `3.5.2024`,
/// `2024年5月3日`, `3 May 2024`, `May 3, 2024`, and `3/5/2024` by the order of its parts.
pub(super) fn parse_date(text: &str, order: DateOrder) -> Option<Day> {
    let text = without_time(text.trim());
    if let Some((year, rest)) = text.split_once('年') {
        let (month, day) = rest.strip_suffix('日')?.split_once('月')?;
        return Day::new(number(year, 4)?, number(month, 2)?, number(day, 2)?);
    }
    if text.contains(char::is_alphabetic) {
        return with_name_of_month(text);
    }
    let mark = text.chars().find(|c| matches!(c, '-' | '/' | '.'))?;
    let mut parts = text.split(mark);
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    if first.len() == 4 {
        return Day::new(number(first, 4)?, number(second, 2)?, number(third, 2)?);
    }
    let (first, second) = (number(first, 2)?, number(second, 2)?);
    let year = number(third, 4).filter(|_| third.len() == 4)?;
    // Dates with points have their day first everywhere.
    let day_first = order == DateOrder::DayFirst || mark == '.';
    let (day, month) = if day_first {
        (first, second)
    } else {
        (second, first)
    };
    Day::new(year, month, day)
}

/// `2024-05-03T12:00:00Z` and `2024-05-03 12:00` without the time.
fn without_time(text: &str) -> &str {
    let cut = text.split_once(['T', ' ']);
    let is_time = |time: &str| {
        time.starts_with(|c: char| c.is_ascii_digit())
            && time.get(..5).is_some_and(|t| t.contains(':'))
    };
    cut.filter(|(_, time)| is_time(time))
        .map_or(text, |(date, _)| date)
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

fn with_name_of_month(text: &str) -> Option<Day> {
    let mut words = text
        .split([' ', ',', '-', '.'])
        .filter(|word| !word.is_empty());
    let (first, second, year) = (words.next()?, words.next()?, words.next()?);
    let year = number(year, 4).filter(|_| words.next().is_none() && year.len() == 4)?;
    let month = |word: &str| {
        let word = word.to_ascii_lowercase();
        let at = MONTHS
            .iter()
            .position(|name| word.len() >= 3 && name.starts_with(&word));
        at.map(|at| at as u32 + 1)
    };
    let (month, day) = match month(first) {
        Some(month) => (month, second),
        None => (month(second)?, first),
    };
    Day::new(year, month, number(day, 2)?)
}

/// A number of at most so many digits.
fn number(text: &str, digits: usize) -> Option<u32> {
    let fits = (1..=digits).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| fits)
}

#[cfg(test)]
mod tests {
    use super::DateOrder::{DayFirst, MonthFirst};
    use super::*;

    #[test]
    fn dates_are_read_in_their_forms() {
        let day = Day::new(2024, 5, 3);
        for text in [
            "2024-05-03",
            "2024/5/3",
            "2024-05-03T23:59:59Z",
            "2024-05-03 08:00",
            "3.5.2024",
            "03.05.2024",
            "3/5/2024",
            "2024年5月3日",
            "3 May 2024",
            "May 3, 2024",
            "03-May-2024",
        ] {
            assert_eq!(parse_date(text, DayFirst), day, "{text}");
        }
        assert_eq!(parse_date("5/3/2024", MonthFirst), day);
        for text in [
            "0000-01-01",
            "2024-02-30",
            "2023-02-29",
            "2024-13-01",
            "1.2",
            "1.2.24",
            "20240503",
            "2024",
            "3/5/2024/1",
            "13/13/2024",
            "May 2024",
            "",
            "-",
            "2024--03",
        ] {
            assert_eq!(parse_date(text, DayFirst), None, "{text}");
        }
        assert!(Day::new(2024, 12, 31) < Day::new(2025, 1, 1));
    }

    #[test]
    fn months_and_years_are_periods() {
        let period = |text| parse_period(text, DayFirst);
        assert_eq!(
            period("2024-02"),
            Day::new(2024, 2, 1).zip(Day::new(2024, 2, 29))
        );
        assert_eq!(
            period("2024"),
            Day::new(2024, 1, 1).zip(Day::new(2024, 12, 31))
        );
        assert_eq!(period("0"), None);
        assert_eq!(period("2024-13"), None);
    }
}
