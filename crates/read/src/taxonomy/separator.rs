//! How the names of a category path are separated.

use std::collections::{HashMap, HashSet};

use assort_core::{clean, split_path};

/// From the one that hardly ever is part of a name to the one that often is. Cleaned
/// text has these for their full-width forms, too.
const CANDIDATES: [&str; 27] = [
    " > ", " -> ", "->", " => ", "=>", ">>", ">", "»", "›", "→", "➔", "➜", "⇒", "▸", " :: ", "::",
    " / ", "///", "/", " | ", "|", "\\", " -- ", "--", ":", ";", ",",
];

/// Signs that are rare in names: a fifth of the paths says enough.
const ARROWS: [&str; 14] = [
    " > ", " -> ", "->", " => ", "=>", ">>", ">", "»", "›", "→", "➔", "➜", "⇒", "▸",
];

/// Signs that names have often: nearly all of the paths must make a tree by them.
const WEAK: [&str; 7] = ["\\", " -- ", "--", ":", ";", ",", "::"];

/// The separator the paths use, if they use one.
///
/// Names may contain any separator (`Arts/Crafts`, `5/8 inch`), so one counts
/// only if it makes a tree: at least half of the paths that contain it begin
/// like another path. The arrows, rare in names, also count if a fifth of the
/// paths contain them; of signs that are common in names, nine in ten must stand
/// below another path, or all begin like others.
pub(super) fn detect<'a>(paths: impl Iterator<Item = &'a str>) -> Option<&'static str> {
    let paths: Vec<String> = paths.map(|path| hidden(&clean(path))).collect();
    CANDIDATES
        .into_iter()
        .find(|separator| separates(&paths, separator))
}

/// The path with what is escaped taken out of sight.
fn hidden(path: &str) -> String {
    let mut seen = String::with_capacity(path.len());
    let mut signs = path.chars().peekable();
    while let Some(sign) = signs.next() {
        seen.push(sign);
        let escaped = |next: &char| sign == '\\' && !next.is_alphanumeric() && *next != ' ';
        if signs.next_if(escaped).is_some() {
            seen.push('\u{1}');
        }
    }
    seen
}

fn separates(paths: &[String], separator: &str) -> bool {
    let containing = || {
        paths
            .iter()
            .filter(|path| bare(path, separator).contains(separator))
    };
    let count = containing().count();
    if count == 0 || (separator == "\\" && containing().any(|path| path.contains('\u{1}'))) {
        return false;
    }
    if ARROWS.contains(&separator) && count * 5 >= paths.len() {
        return true;
    }
    let mut roots: HashMap<&str, usize> = HashMap::new();
    for path in paths {
        *roots.entry(root(path, separator)).or_default() += 1;
    }
    let alike = |path: &&String| {
        let uses = roots.get(root(path, separator));
        uses.is_some_and(|&uses| uses > 1)
    };
    let shared = containing().filter(alike).count();
    if !WEAK.contains(&separator) {
        return shared * 2 >= count;
    }
    let whole: HashSet<String> = paths.iter().map(|path| joined(path, separator)).collect();
    let below = |path: &&String| {
        let path = joined(path, separator);
        path.rsplit_once('\u{2}')
            .is_some_and(|(parent, _)| whole.contains(parent))
    };
    let below = containing().filter(below).count();
    // Of those that are rarer in names, half of the paths may be without.
    let least = if [";", "::", "\\"].contains(&separator) {
        paths.len().div_ceil(2)
    } else {
        paths.len()
    };
    let all = count >= least && shared == count && count > 2;
    below * 10 >= count * 9 || all
}

fn joined(path: &str, separator: &str) -> String {
    let names = bare(path, separator).split(separator).map(str::trim);
    names.collect::<Vec<_>>().join("\u{2}")
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
    let sign = separator.trim();
    if !matches!(sign, "/" | "|" | "\\" | ":" | "::") {
        return path;
    }
    let path = path.strip_prefix(sign).unwrap_or(path);
    path.strip_suffix(sign).unwrap_or(path)
}

/// The cleaned segments of a path. A refusal is a message for the user.
pub(super) fn split(path: &str, separator: Option<&str>) -> Result<Vec<String>, String> {
    let whole = clean(path);
    let Some(separator) = separator else {
        return segments([whole.as_str()].into_iter(), path);
    };
    let cleaned = bare(&whole, separator);
    // ` > ` needs its spaces, so a doubled or dangling arrow sticks to a name.
    let stray = |segment: &str| {
        segment.trim() == ">" || segment.starts_with("> ") || segment.ends_with(" >")
    };
    if separator == " > " && cleaned.split(separator).any(stray) {
        return Err(empty_segment(path));
    }
    let names = split_path(cleaned, separator);
    segments(names.iter().map(String::as_str), path)
}

/// The cleaned names; `path` is what they came from, for the message.
pub(super) fn segments<'a>(
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
                ["A b", "A b,C", "A b,C,D e", "F", "F,G", "F,H"].map(|p| p.replace(',', separator));
            let paths: Vec<_> = paths.iter().map(String::as_str).collect();
            assert_eq!(detect_in(&paths), Some(separator));
        }
        assert_eq!(detect_in(&["/A/B", "/A/C"]), Some("/"));
        assert_eq!(detect_in(&["甲", "甲＞乙"]), Some(">"));
        assert_eq!(detect_in(&["A &amp; B", "A &amp; B &gt; C"]), Some(" > "));
    }

    #[test]
    fn signs_in_names_are_no_separators() {
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
        assert_eq!(
            detect_in(&["Nuts, Dried", "Nuts, Fresh", "Tea", "Oil"]),
            None
        );
        assert_eq!(detect_in(&["Tom &amp; Co", "Tom &amp; Sons"]), None);
        assert_eq!(detect_in(&["A;B;C", "A;D", "A;E", "F"]), Some(";"));
        assert_eq!(detect_in(&["A \\/ B", "A \\/ C"]), None);
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
        for (path, separator, names) in [
            (" A &amp; B > C/D ", Some(" > "), ["A & B", "C/D"]),
            ("A &amp; B &gt; C", Some(" > "), ["A & B", "C"]),
            ("A>>B", Some(">>"), ["A", "B"]),
            ("甲＞乙", Some(">"), ["甲", "乙"]),
            ("/A/B/", Some("/"), ["A", "B"]),
            (r"A/B \/ C", Some("/"), ["A", "B / C"]),
            (r"A > B \> C", Some(" > "), ["A", "B > C"]),
            ("Disks > >1 TB", Some(" > "), ["Disks", ">1 TB"]),
        ] {
            assert_eq!(split(path, separator).unwrap(), names, "{path}");
        }
        assert_eq!(split("A > B", None).unwrap(), ["A > B"]);
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
