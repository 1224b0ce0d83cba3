//! Which texts of a file are categories of the taxonomy, and by what: a number of another
//! taxonomy, or of a weight, can be an id of this one by chance.

use assort_core::{CategoryIndex, LIST_SEPARATORS, Taxonomy, fold};

use crate::sample::Sample;

/// Whether a source's way to write a category, or one of the others, is of the taxonomy:
/// by id, path or name, also in a list.
pub(crate) fn is_category(taxonomy: &Taxonomy, readings: &[String]) -> bool {
    let Some((text, more)) = readings.split_first() else {
        return false;
    };
    taxonomy.read_categories(text, more).is_ok()
}

/// The category that a text is as a whole, by its path or its name.
pub(crate) fn by_name(taxonomy: &Taxonomy, text: &str) -> Option<CategoryIndex> {
    let letters = text.chars().filter(|c| c.is_alphabetic()).take(2).count();
    if letters < 2 {
        return None;
    }
    let found = taxonomy.resolve(text).ok()?;
    (!is_id(taxonomy, found, text)).then_some(found)
}

/// The part of a column's values that are categories as a whole, by their paths or names.
pub(crate) fn share_by_name(taxonomy: &Taxonomy, sample: &Sample, column: usize) -> Option<f64> {
    sample.share(column, |readings| {
        let text = readings.first();
        text.is_some_and(|text| by_name(taxonomy, text).is_some())
    })
}

/// Whether a text, or one in the list that it is, is an id of the taxonomy, and no name.
pub(crate) fn has_id(taxonomy: &Taxonomy, text: &str) -> bool {
    let parts = std::iter::once(text).chain(text.split(LIST_SEPARATORS));
    parts.map(str::trim).any(|part| {
        let found = taxonomy.resolve(part);
        found.is_ok_and(|found| is_id(taxonomy, found, part))
    })
}

/// Whether a text means a category by its id, whole or short, and not by its name.
fn is_id(taxonomy: &Taxonomy, category: CategoryIndex, text: &str) -> bool {
    let path = taxonomy.path(category);
    let category = taxonomy.category(category);
    let last = |text: &str| {
        text.rsplit('/')
            .next()
            .map(str::trim)
            .unwrap_or_default()
            .to_owned()
    };
    let text = text.trim();
    let whole = text.split_once('.').map_or(text, |(whole, rest)| {
        match rest.bytes().all(|byte| byte == b'0') {
            true => whole,
            false => text,
        }
    });
    let is_name = |own: &str| fold(own) == fold(&last(text)) || fold(own) == fold(text);
    last(&category.id) == last(whole) && !is_name(&category.name) && !is_name(&path)
}

#[cfg(test)]
mod tests {
    use assort_core::{CategoryRow, Place};

    use super::*;

    #[test]
    fn ids_and_names_are_told_apart() {
        let row = |id: &str, path: &[&str]| CategoryRow {
            id: Some(id.to_owned()),
            place: Place::Path(path.iter().map(|&name| name.to_owned()).collect()),
            ..CategoryRow::default()
        };
        let rows = vec![
            row("1", &["Home"]),
            row("hats", &["Hats"]),
            row("tp-1", &["Tops"]),
        ];
        let taxonomy = Taxonomy::from_rows(rows).unwrap();
        for text in ["Home", "home", "hats", "Tops"] {
            assert!(by_name(&taxonomy, text).is_some(), "{text}");
            assert!(!has_id(&taxonomy, text), "{text}");
        }
        for text in ["1", "1.0", "1,5 kg", "tp-1", "Hats, 1"] {
            assert!(by_name(&taxonomy, text).is_none(), "{text}");
            assert!(has_id(&taxonomy, text), "{text}");
        }
        assert!(!has_id(&taxonomy, "2,5 kg"));
    }
}
