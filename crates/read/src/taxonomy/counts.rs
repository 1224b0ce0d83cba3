//! Numbers of products behind the names of a list, which are no ids: `Kitchen (12)`.

use std::collections::{HashMap, HashSet};

use assort_core::{CategoryRow, Place, print_path};

/// A name, and the number behind it.
type Cut<'n> = (&'n str, Option<u64>);

/// The lines without the numbers behind them, if nearly all have one, and these count what is
/// below the names: several are the same, or each is the sum of those below it or more.
/// `depths` are those of the lines that are set in; lines that are paths are not.
pub(super) fn take(
    lines: &[&str],
    depths: &[usize],
    separator: Option<&str>,
) -> Option<Vec<String>> {
    let cut: Vec<Cut<'_>> = lines.iter().map(|line| cut(line)).collect();
    are_counts(&cut, || above(&cut, depths, separator)).then(|| {
        let names = cut.iter().map(|(name, _)| match separator {
            Some(separator) => {
                let parts = name.split(separator).map(|part| self::cut(part).0);
                parts.collect::<Vec<_>>().join(separator)
            }
            None => (*name).to_owned(),
        });
        names.collect()
    })
}

/// Takes such numbers off the names of rows. Says so, if there are any.
pub(super) fn take_of_rows(rows: &mut [CategoryRow]) -> Option<String> {
    let name = |row: &CategoryRow| match &row.place {
        Place::Child { name, .. } => name.clone(),
        Place::Path(path) => path.last().cloned().unwrap_or_default(),
    };
    let names: Vec<String> = rows.iter().map(name).collect();
    let cut: Vec<Cut<'_>> = names.iter().map(|name| cut(name)).collect();
    let up = |row: &CategoryRow| match &row.place {
        Place::Child { parent, .. } => parent.clone(),
        Place::Path(path) => Some(print_path(path.split_last()?.1)).filter(|path| !path.is_empty()),
    };
    let key = |row: &CategoryRow| match &row.place {
        Place::Child { .. } => row.id.clone(),
        Place::Path(path) => Some(print_path(path)),
    };
    let above = || {
        let keys = rows
            .iter()
            .enumerate()
            .filter_map(|(at, row)| Some((key(row)?, at)));
        let keys: HashMap<String, usize> = keys.collect();
        let ups = rows.iter().map(|row| keys.get(&up(row)?).copied());
        ups.collect()
    };
    if !are_counts(&cut, above) {
        return None;
    }
    for row in rows {
        match &mut row.place {
            Place::Child { name, .. } => *name = self::cut(name).0.to_owned(),
            Place::Path(path) => {
                path.iter_mut()
                    .for_each(|name| *name = self::cut(name).0.to_owned());
            }
        }
    }
    Some("the numbers behind the names are left out".to_owned())
}

/// Whether the numbers of names count what is below them.
fn are_counts(cut: &[Cut<'_>], above: impl FnOnce() -> Vec<Option<usize>>) -> bool {
    let counted = cut.iter().filter(|(_, count)| count.is_some()).count();
    if counted < 2 || counted * 10 < cut.len() * 9 {
        return false;
    }
    let mut seen = HashSet::new();
    let mut counts = cut.iter().filter_map(|(_, count)| *count);
    counts.any(|count| !seen.insert(count)) || are_sums(&above(), cut)
}

/// A name without the number in brackets behind it, and the number.
fn cut(line: &str) -> Cut<'_> {
    let cut = || {
        let close = line.trim_end().chars().next_back()?;
        let open = match close {
            ')' => '(',
            ']' => '[',
            _ => return None,
        };
        let (name, number) = line.trim_end().strip_suffix(close)?.rsplit_once(open)?;
        let digits: String = number
            .chars()
            .filter(|sign| !",. ".contains(*sign))
            .collect();
        let number: u64 = digits.parse().ok()?;
        (!name.trim().is_empty()).then(|| (name.trim_end(), number))
    };
    cut().map_or((line, None), |(name, number)| (name, Some(number)))
}

/// The line above each one.
fn above(cut: &[Cut<'_>], depths: &[usize], separator: Option<&str>) -> Vec<Option<usize>> {
    if let Some(separator) = separator {
        let bare = |path: &str| {
            let parts = path.split(separator).map(|part| self::cut(part).0.trim());
            parts.map(str::to_owned).collect::<Vec<_>>()
        };
        let paths: Vec<Vec<String>> = cut.iter().map(|(path, _)| bare(path)).collect();
        let known: HashMap<&[String], usize> = paths
            .iter()
            .enumerate()
            .map(|(at, path)| (&path[..], at))
            .collect();
        let up = |path: &Vec<String>| known.get(&path[..path.len() - 1]).copied();
        return paths.iter().map(up).collect();
    }
    let mut way: Vec<usize> = Vec::new();
    let rows = depths.iter().enumerate().map(|(at, depth)| {
        while way.last().is_some_and(|last| depths[*last] >= *depth) {
            way.pop();
        }
        let up = way.last().copied();
        way.push(at);
        up
    });
    rows.collect()
}

/// Whether no number is less than the sum of those below it, and some are above others. One
/// id may be less than another one by chance, but hardly two of them together.
fn are_sums(above: &[Option<usize>], cut: &[Cut<'_>]) -> bool {
    let mut sums: HashMap<usize, (u64, u32)> = HashMap::new();
    for (up, (_, count)) in above.iter().zip(cut) {
        if let (Some(up), Some(count)) = (up, count) {
            let (sum, number) = sums.entry(*up).or_default();
            *sum = sum.saturating_add(*count);
            *number += 1;
        }
    }
    let own = |up: &usize| cut[*up].1.unwrap_or_default();
    let fits = sums.iter().all(|(up, (sum, _))| own(up) >= *sum);
    let mut tells = sums.iter();
    fits && tells.any(|(up, (sum, number))| *number > 1 || own(up) == *sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_told_from_ids() {
        let lines = [
            "Home (120)",
            "Kitchen (80)",
            "Pans (45)",
            "Bath (40)",
            "Garden (7)",
        ];
        let taken = take(&lines, &[0, 1, 2, 1, 0], None).unwrap();
        assert_eq!(taken, ["Home", "Kitchen", "Pans", "Bath", "Garden"]);
        // Ids grow on the way down.
        assert_eq!(
            take(&["Home (1)", "Kitchen (2)", "Pans (3)"], &[0, 1, 2], None),
            None
        );
        assert!(take(&["Home (2)", "Pans (1)", "Pots (1)"], &[0, 1, 1], None).is_some());
        assert_eq!(
            take(&["Home (2)", "Batteries", "Pots"], &[0, 1, 1], None),
            None
        );
        let paths = ["Home (9)", "Home (9) > Pans [1,000]"];
        assert_eq!(take(&paths, &[0, 0], Some(" > ")), None);
        let paths = ["Home (1,200)", "Home > Pans (1,000)", "Home > Pots (7)"];
        let taken = take(&paths, &[0, 0, 0], Some(" > ")).unwrap();
        assert_eq!(taken, ["Home", "Home > Pans", "Home > Pots"]);
        assert_eq!(take(&["Food (422)", "Drinks (413)"], &[0, 1], None), None);
    }
}
