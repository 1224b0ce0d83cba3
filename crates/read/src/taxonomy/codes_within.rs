//! Codes that stand in the names: `10 - Home > 1010 - Kitchen`, `1:Home`, `Home|1`.

use std::collections::{HashMap, HashSet};

use assort_core::{CategoryRow, Place};

/// The longest code, in bytes.
const LONGEST: usize = 24;

/// What stands between a code and a name.
const BEHIND_CODES: [&str; 6] = [" - ", " – ", ": ", ":", " | ", " "];
const BEHIND_NAMES: [&str; 3] = [" | ", "|", " #"];

/// A name, and the code in it.
type Cut<'n> = (&'n str, &'n str);

/// Makes ids of the codes that all names have, each another one, where no row has an id.
/// Says how they stand, if they do.
pub(super) fn take(rows: &mut Vec<CategoryRow>) -> Option<String> {
    if rows.len() < 2 || rows.iter().any(|row| row.id.is_some()) {
        return None;
    }
    let before = BEHIND_CODES.map(|sign| (sign, true));
    let behind = BEHIND_NAMES.map(|sign| (sign, false));
    let mut ways = before.into_iter().chain(behind);
    let (sign, is_before) = ways.find(|(sign, is_before)| fits(rows, sign, *is_before))?;
    let mut made: Vec<CategoryRow> = Vec::with_capacity(rows.len());
    let mut known: HashSet<Vec<String>> = HashSet::new();
    for mut row in std::mem::take(rows) {
        let Place::Path(path) = &row.place else {
            continue;
        };
        let cut = path.iter().filter_map(|name| cut(name, sign, is_before));
        let mut whole = Vec::new();
        let mut id = String::new();
        for (name, code) in cut {
            // What stands above has a code of its own.
            if !whole.is_empty() && known.insert(whole.clone()) {
                made.push(CategoryRow {
                    line: row.line,
                    id: Some(std::mem::take(&mut id)),
                    place: Place::Path(whole.clone()),
                    ..CategoryRow::default()
                });
            }
            whole.push(name.to_owned());
            code.clone_into(&mut id);
        }
        known.insert(whole.clone());
        row.id = Some(id);
        row.place = Place::Path(whole);
        made.push(row);
    }
    *rows = made;
    let place = if is_before { "before" } else { "behind" };
    Some(format!("the codes {place} the names are ids"))
}

fn cut<'n>(name: &'n str, sign: &str, is_before: bool) -> Option<Cut<'n>> {
    let (own, code) = match is_before {
        true => {
            let (code, own) = name.split_once(sign)?;
            (own, code.trim_end_matches(['.', ')']))
        }
        false => name.rsplit_once(sign)?,
    };
    let (own, code) = (own.trim(), code.trim());
    let has_digit = code.bytes().any(|byte| byte.is_ascii_digit());
    let letters = code.bytes().filter(u8::is_ascii_alphabetic).count();
    let is_code = code
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b));
    let fits = has_digit && is_code && letters <= 3 && code.len() <= LONGEST;
    let is_name = own.contains(char::is_alphabetic) && !own.starts_with(['-', '–', ':', '|']);
    (fits && is_name).then_some((own, code))
}

/// Whether all names have a code, no two categories the same, and none is both another one's
/// name and its own.
fn fits(rows: &[CategoryRow], sign: &str, is_before: bool) -> bool {
    let mut codes: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut paths: HashMap<Vec<&str>, &str> = HashMap::new();
    let mut is_deep = false;
    for row in rows {
        let Place::Path(path) = &row.place else {
            return false;
        };
        let cut: Option<Vec<Cut<'_>>> =
            path.iter().map(|name| cut(name, sign, is_before)).collect();
        let Some(cut) = cut else { return false };
        for end in 1..=cut.len() {
            let names: Vec<&str> = cut[..end].iter().map(|(name, _)| *name).collect();
            let code = cut[end - 1].1;
            let known = codes.entry(code).or_insert_with(|| names.clone());
            // A blank alone is no sign of a code, unless codes tell what is above.
            let above = end.checked_sub(2).map(|above| cut[above].1);
            if sign == " " && above.is_some_and(|above| !code.starts_with(above)) {
                return false;
            }
            is_deep |= above.is_some();
            if *known != names || *paths.entry(names).or_insert(code) != code {
                return false;
            }
        }
    }
    codes.len() > 1 && (is_deep || sign != " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(paths: &[&str]) -> Vec<String> {
        let row = |path: &&str| CategoryRow {
            place: Place::Path(path.split(" > ").map(str::to_owned).collect()),
            ..CategoryRow::default()
        };
        let mut rows: Vec<CategoryRow> = paths.iter().map(row).collect();
        take(&mut rows);
        let tell = |row: &CategoryRow| match &row.place {
            Place::Path(path) => format!("{}={}", row.id.as_deref().unwrap_or("-"), path.join(">")),
            Place::Child { name, .. } => name.clone(),
        };
        rows.iter().map(tell).collect()
    }

    #[test]
    fn codes_in_names_are_ids() {
        for paths in [
            ["10 - Home", "10 - Home > 1010 - Pans"],
            ["10: Home", "10: Home > 1010: Pans"],
            ["10. Home", "10. Home > 1010 Pans"],
            ["Home|10", "Home|10 > Pans|1010"],
        ] {
            assert_eq!(told(&paths), ["10=Home", "1010=Home>Pans"], "{paths:?}");
        }
    }

    #[test]
    fn names_with_numbers_stay() {
        for paths in [
            ["Home", "Home > 2 Seater Sofas"],
            ["3 Piece Suits", "3 Piece Suits > 2 Button"],
            ["10 - Home", "10 - Garden"],
        ] {
            assert!(told(&paths)[0].starts_with("-="), "{paths:?}");
        }
    }
}
