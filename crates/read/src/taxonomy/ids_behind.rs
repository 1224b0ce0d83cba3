//! Ids in brackets behind the names of a list: `Kitchen [12]`, `Kitchen (12)`.

use std::collections::HashSet;

/// The longest id that is looked for, in bytes.
const LONGEST: usize = 40;

/// The ids that stand behind the names on all lines, each once, with the lines without them;
/// none if they do not. Numbers alone are ids in round brackets, which may hold anything.
pub(super) fn take(lines: &[&str]) -> Option<Vec<(String, String)>> {
    let cut: Option<Vec<(&str, &str)>> = lines.iter().map(|line| cut(line)).collect();
    let cut = cut.filter(|cut| cut.len() > 1)?;
    let ids: HashSet<&str> = cut.iter().map(|(id, _)| *id).collect();
    let without = |(id, name): &(&str, &str)| ((*id).to_owned(), without_ids(name, &ids));
    let found: Vec<(String, String)> = cut.iter().map(without).collect();
    let names: HashSet<&String> = found.iter().map(|(_, name)| name).collect();
    (ids.len() == cut.len() && names.len() == cut.len()).then_some(found)
}

/// The id at the end of a line, and what stands before it.
fn cut(line: &str) -> Option<(&str, &str)> {
    let (close, open) = match line.chars().next_back()? {
        ']' => (']', '['),
        ')' => (')', '('),
        _ => return None,
    };
    let (before, id) = line.strip_suffix(close)?.rsplit_once(open)?;
    let (before, id) = (before.trim_end(), id.trim());
    let is_number = id.bytes().all(|byte| byte.is_ascii_digit());
    let is_code = id.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
    let has_digit = id.bytes().any(|byte| byte.is_ascii_digit());
    let fits = has_digit && id.len() <= LONGEST && (is_number || (is_code && close == ']'));
    (fits && !before.is_empty()).then_some((id, before))
}

/// A path without the ids behind the names in it.
fn without_ids(path: &str, ids: &HashSet<&str>) -> String {
    let mut left = String::new();
    let mut rest = path;
    while let Some(at) = rest.find(['[', '(']) {
        let end = rest[at..].find([']', ')']).map(|end| at + end);
        let id = end.map(|end| rest[at + 1..end].trim());
        match end.filter(|_| id.is_some_and(|id| ids.contains(id))) {
            Some(end) => {
                left.push_str(rest[..at].trim_end());
                rest = &rest[end + 1..];
            }
            None => {
                left.push_str(&rest[..=at]);
                rest = &rest[at + 1..];
            }
        }
    }
    left + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_taken_where_all_lines_have_one() {
        let taken = |lines: &[&str]| {
            let found = take(lines)?.into_iter();
            Some(
                found
                    .map(|(id, name)| format!("{id}={name}"))
                    .collect::<Vec<_>>()
                    .join("; "),
            )
        };
        let told = |text: &str| Some(text.to_owned());
        let square = ["Home [A-1]", "Home [A-1] > Pots (big) [A-2]"];
        assert_eq!(taken(&square), told("A-1=Home; A-2=Home > Pots (big)"));
        assert_eq!(taken(&["Home (1)", "Pans (22)"]), told("1=Home; 22=Pans"));
        for other in [
            &["Home [1]", "Pans"] as &[&str],
            &["Home [1]", "Pans [1]"],
            &["Bags (5L)", "Pans (10L)"],
            &["Rings [6]", "Rings [8]"],
            &["Home [new]", "Pans [old]"],
            &["Home [1]"],
            &["[1]", "[2]"],
        ] {
            assert_eq!(taken(other), None, "{other:?}");
        }
    }
}
