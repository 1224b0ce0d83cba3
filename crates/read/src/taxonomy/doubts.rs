//! What makes a tree look as if its file was read wrongly.

use std::collections::{HashMap, HashSet};

use assort_core::{CategoryIndex, Taxonomy};

use super::words::is_heading;
use crate::changed_ids::is_date_by_months;
use crate::missing::is_error;
use crate::numbers::is_shortened;

/// Signs that separate more often than they are part of a name, where most names have
/// them.
const SIGNS: [&str; 12] = [
    " - ", "/", "|", ",", ":", ">", ";", "_", "»", "\\", ".", "\t",
];

/// Trees with fewer categories say too little.
const FEW: usize = 3;

/// Reasons to ask whether a tree is the one that was meant, in words; none for most.
///
/// ```
/// use assort_core::Taxonomy;
///
/// let odd = Taxonomy::from_paths(["1001", "1002", "1003", "1004", "1005"])?;
/// assert_eq!(assort_read::doubts(&odd), ["most names are numbers, such as `1001`"]);
/// # Ok::<(), assort_core::TaxonomyError>(())
/// ```
pub fn doubts(tree: &Taxonomy) -> Vec<String> {
    let doubts = [
        flat(tree),
        headed(tree),
        numbered(tree),
        torn(tree),
        cased(tree),
        shortened(tree),
        dated(tree),
        missing(tree),
        parted(tree),
    ];
    doubts.into_iter().flatten().collect()
}

fn names(tree: &Taxonomy) -> impl Iterator<Item = &str> {
    tree.categories()
        .iter()
        .map(|category| category.name.as_str())
}

/// A single level whose names have a sign in them that may separate levels.
fn flat(tree: &Taxonomy) -> Option<String> {
    if tree.len() < FEW || tree.depth() > 1 {
        return None;
    }
    SIGNS.into_iter().find_map(|sign| {
        let having = names(tree).filter(|name| name.trim_matches('.').contains(sign));
        let count = having.count();
        let example = names(tree).find(|name| name.contains(sign))?;
        (count * 2 > tree.len()).then(|| {
            format!("there is a single level, though {count} names have `{}` in them, such as `{example}`", sign.trim())
        })
    })
}

/// A root that is the heading of a list rather than a category.
fn headed(tree: &Taxonomy) -> Option<String> {
    let mut roots =
        (0..tree.len() as CategoryIndex).filter(|index| tree.category(*index).parent.is_none());
    let first = roots.next()?;
    let only = roots.next().is_none();
    let name = &tree.category(first).name;
    let heads = tree.len() > 1 && is_heading(name) && (only || tree.is_leaf(first));
    heads.then(|| format!("the first category is `{name}`, which looks like a heading"))
}

/// Siblings that differ by case alone, and are one in all likelihood.
fn cased(tree: &Taxonomy) -> Option<String> {
    let mut known: HashMap<(Option<CategoryIndex>, String), &str> = HashMap::new();
    let mut twins = tree.categories().iter().filter_map(|category| {
        let key = (category.parent, category.name.to_lowercase());
        let first = *known.entry(key).or_insert(&category.name);
        (first != category.name).then_some((first, category.name.as_str()))
    });
    let (first, other) = twins.next()?;
    let more = twins.count();
    let more = if more > 0 {
        format!(", and so do {more} more")
    } else {
        String::new()
    };
    Some(format!(
        "`{first}` and `{other}` stand beside each other and differ by case alone{more}"
    ))
}

/// Ids that a spreadsheet has shortened, which no other file has.
fn shortened(tree: &Taxonomy) -> Option<String> {
    let ids = tree
        .categories()
        .iter()
        .map(|category| category.id.as_str());
    let (ids, example) = counted(
        ids.filter(|id| is_shortened(id)),
        "an id is a number",
        "ids are numbers",
    )?;
    Some(format!(
        "{ids} that a spreadsheet has shortened, such as `{example}`"
    ))
}

/// Ids or names of which a spreadsheet has made dates: `3-Jan` of `3-1`.
fn dated(tree: &Taxonomy) -> Option<String> {
    let texts = tree.categories().iter().flat_map(|category| {
        let name = category.name.as_str();
        [category.id.as_str(), name]
    });
    let dated = texts.filter(|text| is_date_by_months(text));
    let (what, example) = counted(
        dated,
        "an id or a name is a date",
        "ids and names are dates",
    )?;
    Some(format!(
        "{what} that a spreadsheet has made, such as `{example}`"
    ))
}

/// Names that are errors of a spreadsheet, or say that there is none.
fn missing(tree: &Taxonomy) -> Option<String> {
    let is_none = |name: &&str| {
        let has_letter = name.contains(char::is_alphanumeric);
        is_error(name) || !has_letter || ["NULL", "NaN", "nan", "\\N"].contains(name)
    };
    let (what, example) = counted(names(tree).filter(is_none), "1 name is", "names are")?;
    Some(format!("{what} none, such as `{example}`"))
}

/// How many there are, in words for one or for more, and the first of them.
fn counted<'t>(
    mut found: impl Iterator<Item = &'t str>,
    one: &str,
    more: &str,
) -> Option<(String, &'t str)> {
    let example = found.next()?;
    let told = match found.count() + 1 {
        1 => one.to_owned(),
        count => format!("{count} {more}"),
    };
    Some((told, example))
}

/// A root without children whose name begins with that of another root and a sign that may
/// separate: a path that is written in another way than the others.
fn parted(tree: &Taxonomy) -> Option<String> {
    let indexes = 0..tree.len() as CategoryIndex;
    let roots = indexes.filter(|index| tree.category(*index).parent.is_none());
    let roots: Vec<CategoryIndex> = roots.collect();
    let known: HashSet<&str> = roots
        .iter()
        .filter(|root| !tree.is_leaf(**root))
        .map(|root| tree.category(*root).name.as_str())
        .collect();
    let parted = roots.iter().find_map(|root| {
        let name = &tree.category(*root).name;
        let mut signs = ["/", "|", ">", "»", "\\", "::"].into_iter();
        let sign = signs.find(|sign| {
            let before = name.split_once(sign).map(|(before, _)| before.trim());
            before.is_some_and(|before| known.contains(before))
        })?;
        tree.is_leaf(*root).then_some((name, sign))
    });
    parted.map(|(name, sign)| {
        format!("`{name}` is a root, though it looks like a path that `{sign}` separates")
    })
}

fn numbered(tree: &Taxonomy) -> Option<String> {
    let number = |name: &&str| {
        name.bytes()
            .all(|byte| byte.is_ascii_digit() || b".- ".contains(&byte))
    };
    let count = names(tree).filter(number).count();
    let example = names(tree).find(|name| number(name))?;
    (count * 2 > tree.len() && tree.len() >= FEW)
        .then(|| format!("most names are numbers, such as `{example}`"))
}

/// Names with quotes or delimiters at their ends, or with the signs of JSON.
fn torn(tree: &Taxonomy) -> Option<String> {
    let ends = |name: &&str| {
        let quotes = name.matches('"').count();
        let open = name.starts_with('"') && (quotes == 1 || name.ends_with('"'));
        let open = open || name.len() > 2 && name.starts_with('\'') && name.ends_with('\'');
        open || name.ends_with([',', ';']) || name.contains("\":") || name.starts_with(['{', '['])
    };
    let mut torn = names(tree).filter(ends);
    let example = torn.next()?;
    let more = torn.count() + 1;
    let names = if more == 1 {
        "name looks"
    } else {
        "names look"
    };
    Some(format!(
        "{more} {names} like a part of a table or of JSON, such as `{example}`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubt(paths: &[&str]) -> String {
        doubts(&Taxonomy::from_paths(paths).unwrap()).join("; ")
    }

    #[test]
    fn trees_that_were_read_wrongly_are_doubted() {
        for (paths, word) in [
            (
                &[
                    "Tea - Green",
                    "Tea - Black",
                    "Cups - Big",
                    "Cups - Small",
                    "Pots",
                ][..],
                "single level",
            ),
            (&["Category > Tea", "Category > Cups"], "heading"),
            (&["Kategorie", "Tee", "Tee > Grün"], "heading"),
            (&["1", "1 > 2", "1 > 3", "4", "5"], "numbers"),
            (&["\"Tea", "Cups"], "table"),
            (&["'Tea'", "'Cups'"], "table"),
            (&["Tea", "=====", "Cups"], "such as `=====`"),
            (&["Tea > Green", "TEA > Black", "Cups"], "case alone"),
            (&["{\"name\": \"Tea\"}"], "JSON"),
            (&["Tea > Green", "#REF!"], "1 name is none"),
            (&["Tea > NULL", "Cups"], "such as `NULL`"),
            (&["Tea > Green", "Tea/Black"], "`/` separates"),
        ] {
            assert!(doubt(paths).contains(word), "{paths:?}: {}", doubt(paths));
        }
    }

    #[test]
    fn ids_that_a_spreadsheet_shortened_are_doubted() {
        let row = assort_core::CategoryRow {
            id: Some("1.23E+12".to_owned()),
            place: assort_core::Place::Path(vec!["Tea".to_owned()]),
            ..assort_core::CategoryRow::default()
        };
        let tree = Taxonomy::from_rows(vec![row]).unwrap();
        assert!(doubts(&tree)[0].contains("such as `1.23E+12`"));
    }

    #[test]
    fn dates_that_a_spreadsheet_made_are_doubted() {
        let told = doubt(&["Shoes > 3-Apr", "Shoes > 5-Jun", "Hats"]);
        assert!(told.starts_with("2 ids and names are dates"), "{told}");
        assert_eq!(doubt(&["Calendars > Jan-Feb", "Calendars > Jan"]), "");
    }

    #[test]
    fn ordinary_trees_are_not_doubted() {
        for paths in [
            &["Tea > Green", "Tea > Black", "Cups"][..],
            &["Tea", "Cups", "Pots", "Tea, Coffee", "Arts/Crafts"],
            &["Tubes > 1\" tubes", "Tubes > 2\" tubes", "Mr. Coffee"],
            &["Size > 10", "Size > 12", "Colour > Red"],
        ] {
            assert_eq!(doubt(paths), "", "{paths:?}");
        }
    }
}
