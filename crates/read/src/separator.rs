//! How the segments of a category path are separated.

use std::collections::HashMap;

use assort_core::clean;

/// From the one that hardly ever is part of a name to the one that often is.
const CANDIDATES: [&str; 5] = [" > ", ">>", ">", "/", "|"];

/// The separator the paths use, if they use one.
///
/// Names may contain any separator (`Arts/Crafts`, `5/8 inch`), so one counts
/// only if it makes a tree: at least half of the paths that contain it begin
/// like another path. The arrows, rare in names, also count if a fifth of the
/// paths contain them.
pub(crate) fn detect<'a>(paths: impl Iterator<Item = &'a str> + Clone) -> Option<&'static str> {
    let total = paths.clone().count();
    CANDIDATES.into_iter().find(|&separator| {
        let containing = paths.clone().filter(|path| path.contains(separator));
        let count = containing.clone().count();
        if count == 0 {
            return false;
        }
        if separator.contains('>') && count * 5 >= total {
            return true;
        }
        let mut roots: HashMap<&str, usize> = HashMap::new();
        for path in paths.clone() {
            *roots.entry(root(path, separator)).or_default() += 1;
        }
        let shared = containing
            .filter(|path| {
                roots
                    .get(root(path, separator))
                    .is_some_and(|&uses| uses > 1)
            })
            .count();
        shared * 2 >= count
    })
}

fn root<'a>(path: &'a str, separator: &str) -> &'a str {
    let path = bare(path, separator);
    path.split_once(separator)
        .map_or(path, |(root, _)| root)
        .trim()
}

/// The path without the separators files put around it, as in `/A/B`.
fn bare<'a>(path: &'a str, separator: &str) -> &'a str {
    let path = path.trim();
    if !matches!(separator, "/" | "|") {
        return path;
    }
    let path = path.strip_prefix(separator).unwrap_or(path);
    path.strip_suffix(separator).unwrap_or(path)
}

/// The cleaned segments of a path. A refusal is a message for the user.
pub(crate) fn split(path: &str, separator: Option<&str>) -> Result<Vec<String>, String> {
    let Some(separator) = separator else {
        return segments([path].into_iter(), path);
    };
    let path = bare(path, separator);
    // ` > ` needs its spaces, so a doubled or dangling arrow sticks to a name.
    let stray = |segment: &str| {
        segment.trim() == ">" || segment.starts_with("> ") || segment.ends_with(" >")
    };
    if separator == " > " && path.split(separator).any(stray) {
        return Err(empty_segment(path));
    }
    segments(path.split(separator), path)
}

/// The cleaned names; `path` is what they came from, for the message.
pub(crate) fn segments<'a>(
    names: impl Iterator<Item = &'a str>,
    path: &str,
) -> Result<Vec<String>, String> {
    let names: Vec<String> = names.map(clean).collect();
    if names.is_empty() || names.iter().any(String::is_empty) {
        return Err(empty_segment(path));
    }
    Ok(names)
}

fn empty_segment(path: &str) -> String {
    format!("the path `{path}` has an empty segment")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect_in(paths: &[&str]) -> Option<&'static str> {
        detect(paths.iter().copied())
    }

    #[test]
    fn every_separator_is_detected() {
        for separator in CANDIDATES {
            let paths =
                ["A b", "A b,C", "A b,C,D e", "F,G", "F,H"].map(|p| p.replace(',', separator));
            let paths: Vec<_> = paths.iter().map(String::as_str).collect();
            assert_eq!(detect_in(&paths), Some(separator));
        }
        assert_eq!(detect_in(&["/A/B", "/A/C"]), Some("/"));
    }

    #[test]
    fn slashes_in_names_are_no_separators() {
        let below = [
            "Arts/Crafts/Needlework > Supplies",
            "Arts/Crafts/Needlework > Kits",
            "Food/Drink",
        ];
        assert_eq!(detect_in(&below), Some(" > "));
        assert_eq!(
            detect_in(&["Arts/Crafts", "Food/Drink", "Toys/Games", "Pets"]),
            None
        );
    }

    #[test]
    fn a_rare_arrow_is_no_separator_in_a_tree_of_slashes() {
        let mut paths = vec!["Drives/Size > 1 TB"];
        paths.extend([
            "Drives/New",
            "Drives/Used",
            "Pens/New",
            "Pens/Used",
            "Pens/Old",
        ]);
        assert_eq!(detect_in(&paths), Some("/"));
    }

    #[test]
    fn paths_are_split_into_clean_names() {
        assert_eq!(
            split(" A &amp; B > C/D ", Some(" > ")).unwrap(),
            ["A & B", "C/D"]
        );
        assert_eq!(split("A>>B", Some(">>")).unwrap(), ["A", "B"]);
        assert_eq!(split("/A/B/", Some("/")).unwrap(), ["A", "B"]);
        assert_eq!(split("A > B", None).unwrap(), ["A > B"]);
        assert_eq!(
            split("Disks > >1 TB", Some(" > ")).unwrap(),
            ["Disks", ">1 TB"]
        );
    }

    #[test]
    fn empty_segments_are_refused() {
        for path in ["A >  > B", "A > > B", "A > ", "> A", "A > &nbsp; > B", ""] {
            assert!(split(path, Some(" > ")).is_err(), "{path:?}");
        }
        assert!(split("A//B", Some("/")).is_err());
        assert!(split(" ", None).is_err());
    }
}
