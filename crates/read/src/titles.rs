//! Which columns have titles, also in several languages.

use crate::mapping::Mapping;
use crate::named::Named;
use crate::names::{OR_TITLE, TITLE};
use crate::sample::Sample;

/// The first column of such a name whose values are texts in half of the rows, or else the
/// first of such a name; or else a description. Of columns that are called alike in several
/// languages it is the one that most rows have.
pub(crate) fn title(named: &Named<'_>, mapping: &Mapping, sample: &Sample) -> Option<usize> {
    if named.guessed(TITLE).next().is_none() {
        let is_needed = mapping.require_title && !mapping.updates;
        return named.guessed(OR_TITLE).next().filter(|_| is_needed);
    }
    let mut candidates = named.guessed(TITLE);
    let is_text = |value: &str| value.chars().any(char::is_alphabetic) && !is_url(value);
    let count = |column: usize| {
        let texts = sample.values(column).filter(|value| is_text(value));
        texts.count()
    };
    let fits = |column: &usize| count(*column) * 2 >= sample.len();
    let first = named.guessed(TITLE).next();
    let found = candidates.find(fits).or(first)?;
    if fits(&found) && !named.is_in_a_language(found) {
        return Some(found);
    }
    let others = named.in_other_languages(found);
    let most = |best: usize, other: usize| match count(other) > count(best) {
        true => other,
        false => best,
    };
    Some(others.fold(found, most))
}

pub(crate) fn is_url(value: &str) -> bool {
    value.starts_with("http://") || value.starts_with("https://")
}
