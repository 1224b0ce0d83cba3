//! What makes a tree look as if its file was read wrongly.

use std::collections::HashMap;

use assort_core::{CategoryIndex, Taxonomy};

use super::words::is_heading;
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
    let mut shortened = ids.filter(|id| is_shortened(id));
    let example = shortened.next()?;
    let ids = match shortened.count() + 1 {
        1 => "an id is a number".to_owned(),
        more => format!("{more} ids are numbers"),
    };
    Some(format!(
        "{ids} that a spreadsheet has shortened, such as `{example}`"
    ))
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
            (&["Tea > Green", "TEA > Black", "Cups"], "case alone"),
            (&["{\"name\": \"Tea\"}"], "JSON"),
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
