//! Numbers of products behind the names of a list, which are no ids: `Kitchen (12)`.

use std::collections::HashMap;

/// The lines without the numbers behind them, if nearly all have one, and these count what is
/// below the names: several are the same, or each is the sum of those below it or more.
/// `depths` are those of the lines that are set in; lines that are paths are not.
pub(super) fn take(
    lines: &[&str],
    depths: &[usize],
    separator: Option<&str>,
) -> Option<Vec<String>> {
    let cut: Vec<(&str, Option<u64>)> = lines.iter().map(|line| cut(line)).collect();
    let counted = cut.iter().filter(|(_, count)| count.is_some()).count();
    if counted < 2 || counted * 10 < lines.len() * 9 {
        return None;
    }
    let mut seen = HashMap::new();
    let counts = cut.iter().filter_map(|(_, count)| *count);
    counts.for_each(|count| *seen.entry(count).or_insert(0) += 1);
    let repeat = seen.values().any(|times| *times > 1);
    if !repeat && !are_sums(&above(&cut, depths, separator), &cut) {
        return None;
    }
    let names = cut.iter().map(|(name, _)| match separator {
        Some(separator) => {
            let parts = name.split(separator).map(|part| self::cut(part).0);
            parts.collect::<Vec<_>>().join(separator)
        }
        None => (*name).to_owned(),
    });
    Some(names.collect())
}

/// A name without the number in brackets behind it, and the number.
fn cut(line: &str) -> (&str, Option<u64>) {
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
fn above(
    cut: &[(&str, Option<u64>)],
    depths: &[usize],
    separator: Option<&str>,
) -> Vec<Option<usize>> {
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

/// Whether no number is less than the sum of those below it, and some are above others.
fn are_sums(above: &[Option<usize>], cut: &[(&str, Option<u64>)]) -> bool {
    let mut sums: HashMap<usize, u64> = HashMap::new();
    for (up, (_, count)) in above.iter().zip(cut) {
        if let (Some(up), Some(count)) = (up, count) {
            let sum = sums.entry(*up).or_default();
            *sum = sum.saturating_add(*count);
        }
    }
    let fits = |(up, sum): (&usize, &u64)| cut[*up].1.is_some_and(|own| own >= *sum);
    !sums.is_empty() && sums.iter().all(fits)
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
        let paths = ["Home (1,200)", "Home > Pans (1,000)", "Garden (7)"];
        let taken = take(&paths, &[0, 0, 0], Some(" > ")).unwrap();
        assert_eq!(taken, ["Home", "Home > Pans", "Garden"]);
    }
}
