//! The one grammar of paths: how the names of a path are joined in print, and cut again.
//!
//! Names are joined by ` > `. A `>` of a name that would separate (it has a space or
//! nothing on either side) is printed as `\>`, and a `\` before a `>` or a `\` as `\\`.

use super::SEPARATOR;

/// A path as it is printed, from the names of its categories.
///
/// ```
/// use assort_core::{parse_path, print_path};
///
/// let path = print_path(["Storage", "Disks > 1 TB"]);
/// assert_eq!(path, r"Storage > Disks \> 1 TB");
/// assert_eq!(parse_path(&path), ["Storage", "Disks > 1 TB"]);
/// ```
pub fn print_path<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> String {
    let mut path = String::new();
    for (at, name) in names.into_iter().enumerate() {
        if at > 0 {
            path.push_str(SEPARATOR);
        }
        push_escaped(&mut path, name.as_ref());
    }
    path
}

/// The names of a path that [`print_path`] has made.
pub fn parse_path(path: &str) -> Vec<String> {
    split_path(path, SEPARATOR)
}

/// The names of a path that is cut at `separator`, untrimmed. The separator's first
/// sign stands for itself after a `\`, and so does a `\`, unless the separator has one.
///
/// ```
/// use assort_core::split_path;
///
/// assert_eq!(split_path(r"Books/Crime \/ Noir", "/"), ["Books", "Crime / Noir"]);
/// ```
pub fn split_path(path: &str, separator: &str) -> Vec<String> {
    let sign = separator.trim_start().chars().next();
    let escapes = sign.is_some() && !separator.contains('\\');
    let (mut names, mut name) = (Vec::new(), String::new());
    let mut rest = path;
    while let Some(first) = rest.chars().next() {
        if !separator.is_empty()
            && let Some(after) = rest.strip_prefix(separator)
        {
            names.push(std::mem::take(&mut name));
            rest = after;
            continue;
        }
        rest = &rest[first.len_utf8()..];
        let escaped = rest
            .chars()
            .next()
            .filter(|&next| escapes && first == '\\' && (next == '\\' || Some(next) == sign));
        name.push(escaped.unwrap_or(first));
        rest = &rest[escaped.map_or(0, char::len_utf8)..];
    }
    names.push(name);
    names
}

fn push_escaped(path: &mut String, name: &str) {
    let mut before = None;
    let mut rest = name.chars().peekable();
    while let Some(sign) = rest.next() {
        let next = rest.peek();
        let blank = |sign: Option<char>| sign.is_none_or(|sign| sign == ' ');
        let separates = sign == '>' && blank(before) && blank(next.copied());
        let escapes = sign == '\\' && matches!(next, Some('>' | '\\'));
        if separates || escapes {
            path.push('\\');
        }
        path.push(sign);
        before = Some(sign);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::taxonomy::{CategoryRow, Place, Taxonomy};
    use crate::text::clean;

    #[test]
    fn names_without_a_separator_are_printed_as_they_are() {
        for name in [
            "A/C",
            "a>b",
            "->",
            ">1 TB",
            r"C:\Users",
            "Snacks, \"fresh\" | cold",
        ] {
            assert_eq!(print_path([name]), name);
        }
        assert_eq!(print_path(["A > B", ">", r"\>"]), r"A \> B > \> > \\>");
    }

    #[test]
    fn every_separator_can_be_escaped() {
        assert_eq!(split_path(r"A|B\|C", "|"), ["A", "B|C"]);
        assert_eq!(split_path(r"A :: B\:: C", " :: "), ["A", "B:: C"]);
        assert_eq!(split_path(r"A\B\\C", r"\"), ["A", "B", "", "C"]);
        assert_eq!(split_path(r"A\B", "/"), [r"A\B"]);
    }

    /// Names with all that could be taken for a separator or an escape.
    fn name() -> impl Strategy<Value = String> {
        let signs = prop::sample::select(vec![
            ">", "\\", " ", "/", "|", "a", "é", ">>", " > ", ",", "\"", "#", "-", ":", "＞",
        ]);
        let name = prop::collection::vec(signs, 1..8).prop_map(|signs| clean(&signs.concat()));
        name.prop_filter("names are not empty", |name| !name.is_empty())
    }

    proptest! {
        #[test]
        fn what_is_printed_is_parsed_as_it_was(names in prop::collection::vec(name(), 1..5)) {
            prop_assert_eq!(parse_path(&print_path(&names)), names);
        }

        #[test]
        fn every_tree_is_made_again_of_its_printed_paths(
            paths in prop::collection::vec(prop::collection::vec(name(), 1..4), 1..12)
        ) {
            let rows = paths.into_iter().map(|path| CategoryRow {
                place: Place::Path(path),
                ..CategoryRow::default()
            });
            let tree = Taxonomy::from_rows(rows.collect()).unwrap();
            let printed = |tree: &Taxonomy| -> Vec<String> {
                (0..tree.len() as u32).map(|index| tree.path(index)).collect()
            };
            let again = Taxonomy::from_paths(printed(&tree)).unwrap();
            prop_assert_eq!(tree.categories(), again.categories());
            for (index, path) in printed(&tree).iter().enumerate() {
                prop_assert_eq!(tree.resolve(path), Ok(index as u32), "{}", path);
            }
        }
    }
}
