//! Ids that spreadsheets and programs have changed: shortened numbers (`1.23E+12`), fractions
//! (`100001.0`) and dates (`3-Jan`).

use std::collections::HashMap;

use crate::error::Unstated;
use crate::mended::Mend;
use crate::numbers::is_shortened;
use crate::refusal::Refusal;

/// Months as spreadsheets write them behind or before a number, in languages.
const MONTHS: &str = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec Mrz Mär Mai Okt Dez janv févr mars avr juin \
    juil août sept oct nov déc ene feb mar abr may jun jul ago sep dic gen mag giu lug ott set";

/// The shortest and the longest of such a date, in bytes.
const SHORTEST: usize = 5;
const LONGEST: usize = 19;

/// What the ids of a file are, as far as the first rows tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ids {
    /// Whether all are numbers, of which some have `.0` behind them, which comes off.
    whole: bool,
    /// Whether others than dates are among them, so that dates are none that somebody gave.
    mixed: bool,
}

impl Ids {
    /// What ids in a column are.
    ///
    /// # Errors
    /// Why a file is refused in which several have become the same.
    pub(crate) fn of(values: &[&str], column: &str) -> Result<Self, Refusal> {
        let ids = Self {
            whole: are_whole(values.iter().copied()),
            mixed: values.iter().any(|id| !is_date_by_numbers(id)),
        };
        let mut seen: HashMap<&str, &str> = HashMap::new();
        for &id in values {
            let read = ids.read(id);
            // A row that goes on with the product before has the same id, written alike.
            if let Some(before) = seen.insert(read, id)
                && (before != id || ids.mend(read).is_some())
            {
                return Err(collision(read, column));
            }
        }
        Ok(ids)
    }

    /// An id without the fraction that a program has put behind it.
    pub(crate) fn read(self, id: &str) -> &str {
        let whole = without_fraction(id).filter(|_| self.whole);
        whole.unwrap_or(id)
    }

    /// What was done to an id before, that cannot be undone.
    pub(crate) fn mend(self, id: &str) -> Option<Mend> {
        if is_shortened(id) {
            return Some(Mend::Shortened);
        }
        let is_date = is_date_by_months(id) || self.mixed && is_date_by_numbers(id);
        is_date.then_some(Mend::Dated)
    }
}

fn collision(id: &str, column: &str) -> Refusal {
    let how = match is_shortened(id) {
        true => "shortened",
        false => "changed",
    };
    let message = format!(
        "several rows have the id `{id}` in column `{column}`: a spreadsheet has {how} the ids; format the column as text there, and export the file again"
    );
    Refusal::until(Unstated::Id, message)
}

/// Whether all ids are whole numbers, of which some have `.0` behind them.
pub(crate) fn are_whole<'v>(mut ids: impl Iterator<Item = &'v str> + Clone) -> bool {
    let has_fraction = |id: &str| without_fraction(id).is_some();
    ids.clone().any(has_fraction) && ids.all(|id| has_fraction(id) || is_digits(id))
}

/// A whole number without the `.0` behind it.
pub(crate) fn without_fraction(id: &str) -> Option<&str> {
    id.strip_suffix(".0").filter(|whole| is_digits(whole))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text is a date as spreadsheets make it of `3-1` or `1/2024`: `3-Jan`, `Jan-24`,
/// `03. Jan`, `03-ene`.
pub(crate) fn is_date_by_months(text: &str) -> bool {
    // Most ids end here.
    if !(SHORTEST..=LONGEST).contains(&text.len()) || !text.contains(['-', ' ', '.']) {
        return false;
    }
    let is_month = |word: &str| MONTHS.split_whitespace().any(|month| month == word);
    let is_number = |word: &str| (1..=2).contains(&word.len()) && is_digits(word);
    let mut parts = text.split(['-', ' ', '.']).filter(|part| !part.is_empty());
    match (parts.next(), parts.next(), parts.next()) {
        (Some(one), Some(other), None) => {
            is_number(one) && is_month(other) || is_month(one) && is_number(other)
        }
        // With the year.
        (Some(day), Some(month), Some(year)) => {
            let is_year = [2, 4].contains(&year.len()) && is_digits(year);
            is_number(day) && is_month(month) && is_year && parts.next().is_none()
        }
        _ => false,
    }
}

/// Whether a sign stands where one stands in a date by numbers.
pub(crate) fn may_be_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_sign = |at: usize| bytes.get(at).is_some_and(|byte| b"-/.".contains(byte));
    bytes.len() > 7 && bytes[0].is_ascii_digit() && [1, 2, 4].into_iter().any(is_sign)
}

/// Whether a text is a date by numbers: `2024-01-03`, `03/01/2024`, `03.01.2024`, also with a
/// time of zeros.
fn is_date_by_numbers(text: &str) -> bool {
    // Most ids end here.
    if !may_be_date(text) || text.len() > LONGEST {
        return false;
    }
    let date = text.split([' ', 'T']).next().unwrap_or_default();
    let time = &text[date.len()..];
    let is_start = time.is_empty() || time[1..].bytes().all(|byte| b"0:".contains(&byte));
    let signs: Vec<&str> = date.matches(['-', '/', '.']).collect();
    let parts: Vec<&str> = date.split(['-', '/', '.']).collect();
    let [one, two, three] = parts[..] else {
        return false;
    };
    let number = |part: &str, most: u32| {
        let number: Option<u32> = part.parse().ok();
        part.len() <= 2 && number.is_some_and(|number| (1..=most).contains(&number))
    };
    let year = |part: &str| part.len() == 4 && is_digits(part) && ("1900".."2100").contains(&part);
    let is_date = year(one) && number(two, 12) && number(three, 31)
        || year(three) && number(one, 31) && number(two, 31);
    is_start && signs[0] == signs[1] && is_date
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&'static str]) -> Result<Ids, String> {
        Ids::of(values, "sku").map_err(|refusal| refusal.message)
    }

    #[test]
    fn dates_are_told_from_ids() {
        for text in [
            "3-Jan", "Jan-03", "03. Jan", "03-ene", "12-Mrz", "3-Jan-24", "1-Mai",
        ] {
            assert!(is_date_by_months(text), "{text}");
        }
        for text in [
            "MAR-01",
            "3-Janus",
            "Jan",
            "A-Jan",
            "12-MAR",
            "3-1",
            "Jan-2024x",
            "K-03",
        ] {
            assert!(!is_date_by_months(text), "{text}");
        }
        for text in [
            "2024-01-03",
            "03/01/2024",
            "3.1.2024",
            "2024-01-03 00:00:00",
            "2024-01-03T00:00:00",
        ] {
            assert!(is_date_by_numbers(text), "{text}");
        }
        for text in [
            "2024-13-03",
            "10-20-3000",
            "2024-01",
            "2024-01-03-7",
            "1.2.2024-x",
            "12345678",
        ] {
            assert!(!is_date_by_numbers(text), "{text}");
        }
    }

    #[test]
    fn fractions_come_off_where_all_ids_are_numbers() {
        let ids = of(&["100001", "100002.0"]).unwrap();
        assert_eq!(ids.read("100002.0"), "100002");
        let ids = of(&["1.0", "1.5"]).unwrap();
        assert_eq!(ids.read("1.0"), "1.0");
        assert!(of(&["7", "7.0"]).unwrap_err().contains("the id `7`"));
        assert!(of(&["7.0", "7"]).is_err());
        assert!(of(&["7", "7", "8.0"]).is_ok());
    }

    #[test]
    fn changed_ids_that_are_the_same_are_refused() {
        assert!(
            of(&["3-Jan", "3-Jan", "K-1"])
                .unwrap_err()
                .contains("`3-Jan`")
        );
        assert!(of(&["1.23E+12", "1.23E+12"]).is_err());
        let dates = of(&["2024-01-03", "2024-01-04", "2024-01-03"]).unwrap();
        assert_eq!(dates.mend("2024-01-03"), None);
        let ids = of(&["13-45", "2024-01-03"]).unwrap();
        assert_eq!(ids.mend("2024-01-03"), Some(Mend::Dated));
        assert_eq!(ids.mend("13-45"), None);
    }
}
