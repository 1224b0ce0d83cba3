//! Which row is whose parent: by a column of parents, by paths of keys, or by codes.

use std::collections::{BTreeSet, HashMap, HashSet};

use assort_core::{clean, fold};

use super::sheet::{Cell, Sheet};

/// What stands above a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Up {
    /// Nothing: it is a root.
    Root,
    /// That row.
    Row(usize),
    /// What no row is.
    Missing(String),
}

/// What stands above each row, and how well that fits.
#[derive(Clone, Debug)]
pub(super) struct Links {
    pub(super) ups: Vec<Up>,
    /// Rows that name a parent that is a row.
    pub(super) found: usize,
    /// What no row is, though rows name it as their parent.
    pub(super) missing: BTreeSet<String>,
    /// Whether parents are told by their names.
    pub(super) by_name: bool,
    /// The first row whose parent is the name of several rows.
    pub(super) shared: Option<usize>,
}

impl Links {
    pub(super) fn new(ups: Vec<Up>) -> Self {
        let found = ups.iter().filter(|up| matches!(up, Up::Row(_))).count();
        let missing = ups.iter().filter_map(|up| match up {
            Up::Missing(value) => Some(value.clone()),
            _ => None,
        });
        let missing = missing.collect();
        Self {
            ups,
            found,
            missing,
            by_name: false,
            shared: None,
        }
    }

    /// Whether some row has nothing above it.
    pub(super) fn has_roots(&self) -> bool {
        self.ups.contains(&Up::Root)
    }

    /// Whether nearly all rows that name a parent name a row, or all others name the
    /// one root that no row is.
    pub(super) fn fits(&self) -> bool {
        let named = self.ups.iter().filter(|up| **up != Up::Root).count();
        let hidden = !self.has_roots() && self.missing.len() == 1;
        self.found > 0 && (hidden || self.found * 10 >= named * 9)
    }

    /// Takes the one parent that all roots name, and no row is, for the root of all
    /// that files do not list.
    pub(super) fn hide_root(&mut self) -> Option<String> {
        if self.has_roots() || self.missing.len() != 1 {
            return None;
        }
        for up in &mut self.ups {
            if matches!(up, Up::Missing(_)) {
                *up = Up::Root;
            }
        }
        self.missing.pop_first()
    }

    /// Whether following the parents leads back to where it began.
    pub(super) fn has_circle(&self) -> bool {
        let mut ended = vec![false; self.ups.len()];
        for start in 0..self.ups.len() {
            let (mut at, mut way) = (start, HashSet::new());
            while !ended[at] {
                if !way.insert(at) {
                    return true;
                }
                match self.ups[at] {
                    Up::Row(up) => at = up,
                    _ => break,
                }
            }
            way.into_iter().for_each(|at| ended[at] = true);
        }
        false
    }
}

/// The rows by what they are called in one column.
#[derive(Debug)]
pub(super) struct Keys {
    exact: HashMap<String, usize>,
    folded: HashMap<String, Option<usize>>,
}

impl Keys {
    pub(super) fn new(sheet: &Sheet, column: usize) -> Self {
        let (mut exact, mut folded) = (HashMap::new(), HashMap::new());
        for (row, text) in sheet
            .texts(column)
            .enumerate()
            .filter(|(_, text)| !text.is_empty())
        {
            exact.entry(text.to_owned()).or_insert(row);
            let only = folded.entry(fold(&clean(text)));
            only.and_modify(|only| *only = None).or_insert(Some(row));
        }
        Self { exact, folded }
    }

    pub(super) fn get(&self, key: &str) -> Option<usize> {
        // Columns with gaps become floating numbers in some programs.
        let whole = key.strip_suffix(".0");
        let exact = self.exact.get(key);
        let exact = exact.or_else(|| self.exact.get(whole?));
        exact
            .copied()
            .or_else(|| self.folded.get(&fold(&clean(key))).copied().flatten())
    }

    /// Whether several rows are called so.
    pub(super) fn is_shared(&self, key: &str) -> bool {
        self.folded.get(&fold(&clean(key))) == Some(&None)
    }
}

/// Marks of databases for a root, where no row is called so.
pub(super) fn marks_root(value: &str) -> bool {
    let marks = [
        "", "0", "-1", "0.0", "-1.0", "null", "none", "nil", "nan", "n/a", "-", "\\n", "root", "#",
    ];
    marks.contains(&value.to_lowercase().as_str())
}

/// What a column of parents says, which names rows as the column `keys` does.
pub(super) fn by_parents(sheet: &Sheet, parent: usize, keys: usize) -> Links {
    let known = Keys::new(sheet, keys);
    let up = |(row, value): (usize, &str)| match known.get(value) {
        _ if value.is_empty() => Up::Root,
        Some(up) if up == row => Up::Root,
        // Of several rows of one name the row itself may be meant, too.
        _ if known.is_shared(value) && !known.exact.contains_key(value) => {
            Up::Missing(value.to_owned())
        }
        Some(up) => Up::Row(up),
        None if marks_root(value) => Up::Root,
        None => Up::Missing(value.to_owned()),
    };
    let links = Links::new(sheet.texts(parent).enumerate().map(up).collect());
    let shared = sheet.texts(parent).position(|value| known.is_shared(value));
    Links { shared, ..links }
}

/// What numbers of levels say of rows that stand below each other: the last row of a
/// level less stands above.
pub(super) fn by_depths(sheet: &Sheet, depth: usize) -> Option<Links> {
    let depths: Option<Vec<u32>> = sheet.texts(depth).map(|text| text.parse().ok()).collect();
    let depths = depths.filter(|depths| depths.len() > 2)?;
    let (first, most) = (*depths.first()?, *depths.iter().max()?);
    let steps = depths
        .windows(2)
        .all(|pair| pair[1] <= pair[0] + 1 && pair[1] >= first);
    // Rows that are sorted by their level say nothing of what is above them.
    let returns = depths.windows(2).any(|pair| pair[1] < pair[0]);
    if !steps || most == first || !(returns || depths.len() == (most - first + 1) as usize) {
        return None;
    }
    let mut above: Vec<usize> = Vec::new();
    let ups = depths.iter().enumerate().map(|(row, depth)| {
        above.truncate((depth - first) as usize);
        let up = above.last().map_or(Up::Root, |up| Up::Row(*up));
        above.push(row);
        up
    });
    Some(Links::new(ups.collect()))
}

/// The keys of a path of keys.
fn keys_of(cell: &Cell, separator: char) -> Vec<&str> {
    let parts: Vec<&str> = match cell {
        Cell::List(parts) => parts.iter().map(String::as_str).collect(),
        Cell::Text(text) => text.split(separator).collect(),
    };
    let parts = parts.into_iter().map(str::trim);
    parts.filter(|part| !part.is_empty()).collect()
}

/// What a column of paths says whose segments are not names but what rows are called
/// in the column `keys` (Magento's `1/2/3`), with or without the row itself at the end.
pub(super) fn by_key_paths(sheet: &Sheet, path: usize, keys: usize) -> Option<Links> {
    let known = Keys::new(sheet, keys);
    let rows = sheet.rows.len();
    ['/', ',', '>', '|', '.', ':', '-', ' ']
        .into_iter()
        .find_map(|separator| {
            let paths: Vec<Vec<&str>> = (0..rows)
                .map(|row| keys_of(sheet.cell(row, path), separator))
                .collect();
            let ends = |(row, path): &(usize, &Vec<&str>)| {
                path.last()
                    .is_some_and(|last| known.get(last) == Some(*row))
            };
            let own = paths.iter().enumerate().filter(ends).count() * 10 >= rows * 9;
            let from_end = usize::from(own);
            let up =
                |(row, path): (usize, &Vec<&str>)| match path.iter().rev().nth(from_end).copied() {
                    None => Up::Root,
                    Some(key) => match known.get(key) {
                        Some(up) if up == row => Up::Root,
                        Some(up) => Up::Row(up),
                        None if marks_root(key) => Up::Root,
                        None => Up::Missing(key.to_owned()),
                    },
                };
            let links = Links::new(paths.iter().enumerate().map(up).collect());
            (links.fits() && !links.has_circle()).then_some(links)
        })
}

/// What a column of paths says that end in something else than the row's name, such
/// as the addresses `/home/pans`: the row whose path is the beginning stands above.
pub(super) fn by_beginnings(sheet: &Sheet, path: usize) -> Option<Links> {
    ['/', '>', '|', '.', ':'].into_iter().find_map(|separator| {
        let paths: Vec<Vec<&str>> = (0..sheet.rows.len())
            .map(|row| keys_of(sheet.cell(row, path), separator))
            .collect();
        let known: HashMap<&[&str], usize> = paths
            .iter()
            .enumerate()
            .map(|(row, path)| (&path[..], row))
            .collect();
        let up = |path: &Vec<&str>| match path.split_last() {
            None | Some((_, [])) => Up::Root,
            Some((_, above)) => match known.get(above) {
                Some(up) => Up::Row(*up),
                None => Up::Missing(above.join("/")),
            },
        };
        let links = Links::new(paths.iter().map(up).collect());
        (links.fits() && known.len() == paths.len()).then_some(links)
    })
}

/// The hierarchy that codes have in themselves, if nearly all do: `1.2` below `1`,
/// `91101500` below `91100000`, `A0101` below `A01`.
pub(super) fn by_codes(sheet: &Sheet, codes: usize) -> Option<Links> {
    let codes: Vec<&str> = sheet.texts(codes).collect();
    if codes.len() < 3
        || codes
            .iter()
            .any(|code| code.is_empty() || code.contains("://"))
    {
        return None;
    }
    // A check digit behind each code (`03100000-2`) says nothing.
    let bare = |code: &&str| -> Option<usize> {
        let body = code.strip_suffix(|c: char| c.is_ascii_digit())?;
        body.strip_suffix('-').map(str::len)
    };
    let lengths: Option<HashSet<usize>> = codes.iter().map(bare).collect();
    let codes = match lengths {
        Some(lengths) if lengths.len() == 1 && !lengths.contains(&1) => {
            codes.iter().map(|code| &code[..code.len() - 2]).collect()
        }
        _ => codes,
    };
    // Codes may be cut below a certain level only (`01`, `0102`, `0102.30`).
    let joined: Vec<String> = codes
        .iter()
        .map(|code| code.replace(['.', ' '], ""))
        .collect();
    let joined: Vec<&str> = joined.iter().map(String::as_str).collect();
    // Codes of one length may have signs between their places (`19-01-00-00`).
    let places: Vec<String> = codes
        .iter()
        .map(|code| code.replace(['.', '-', '/', ' '], ""))
        .collect();
    let places: Vec<&str> = places.iter().map(String::as_str).collect();
    let ways = [
        cut_codes(&codes),
        filled_codes(&places),
        lengthened_codes(&joined),
    ];
    let ways = ways.into_iter().flatten();
    ways.reduce(|best, other| {
        if other.found > best.found {
            other
        } else {
            best
        }
    })
}

/// `1`, `1.2`, `1.2.3`, with any one sign between the parts.
fn cut_codes(codes: &[&str]) -> Option<Links> {
    let known: HashMap<&str, usize> = codes.iter().copied().zip(0..).collect();
    ['.', '-', '/', '_'].into_iter().find_map(|sign| {
        let up = |code: &&str| match code.trim_end_matches(sign).rsplit_once(sign) {
            None => Up::Root,
            Some((above, _)) => match known
                .get(above)
                .or_else(|| known.get(&code[..=above.len()]))
            {
                Some(up) => Up::Row(*up),
                None => Up::Missing(above.to_owned()),
            },
        };
        let links = Links::new(codes.iter().map(up).collect());
        (links.has_roots() && links.fits()).then_some(links)
    })
}

/// Codes of one length with zeros in the places that are not filled.
fn filled_codes(codes: &[&str]) -> Option<Links> {
    let length = codes[0].len();
    let fitting =
        |code: &&str| code.len() == length && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if length < 4 || !codes.iter().all(fitting) || are_counted(codes) {
        return None;
    }
    let filled: Vec<usize> = codes
        .iter()
        .map(|code| code.trim_end_matches('0').len().max(1))
        .collect();
    // Places of two digits end in a zero now and then; places of one digit make half
    // of the codes odd.
    let odd = filled
        .iter()
        .filter(|filled| **filled > 1 && **filled % 2 == 1)
        .count();
    let step = if length % 2 == 1 || odd * 10 > codes.len() * 3 {
        1
    } else {
        2
    };
    let least = if length > 6 { 2 } else { step };
    let bodies = codes
        .iter()
        .zip(filled)
        .map(|(code, filled)| &code[..filled.max(least).next_multiple_of(step).min(length)]);
    let bodies: Vec<&str> = bodies.collect();
    below_beginnings(&bodies, 1)
}

/// Codes that grow longer from level to level.
fn lengthened_codes(codes: &[&str]) -> Option<Links> {
    let plain = |code: &&str| code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let shortest = codes.iter().map(|code| code.len()).min()?;
    let certain = shortest > 1
        || codes
            .iter()
            .all(|code| code.starts_with(|c: char| c.is_ascii_alphabetic()));
    if !certain || !codes.iter().all(plain) || are_counted(codes) {
        return None;
    }
    below_beginnings(codes, shortest)
}

/// Links of codes to the longest other code that they begin with; all roots have to be
/// of one length, and there have to be several parents.
fn below_beginnings(bodies: &[&str], shortest: usize) -> Option<Links> {
    let known: HashMap<&str, usize> = bodies.iter().copied().zip(0..).collect();
    if known.len() < bodies.len() || bodies.iter().any(|body| !body.is_ascii()) {
        return None;
    }
    let above = |body: &&str| {
        let beginnings = (shortest..body.len()).rev().map(|end| &body[..end]);
        beginnings
            .into_iter()
            .find_map(|beginning| known.get(beginning).copied())
    };
    let ups: Vec<Option<usize>> = bodies.iter().map(above).collect();
    let parents: HashSet<usize> = ups.iter().flatten().copied().collect();
    let roots = || {
        bodies
            .iter()
            .zip(&ups)
            .filter(|(_, up)| up.is_none())
            .map(|(body, _)| body.len())
    };
    let (least, most) = (roots().min()?, roots().max()?);
    let rows = bodies.len();
    // A few codes whose parent is left out are no harm to what the others say.
    let uneven = roots().filter(|length| *length > least).count();
    let fits =
        parents.len() > 1 && roots().count() * 2 <= rows && (least == most || uneven * 20 <= rows);
    fits.then(|| {
        Links::new(
            ups.into_iter()
                .map(|up| up.map_or(Up::Root, Up::Row))
                .collect(),
        )
    })
}

/// Whether the codes are numbers that were counted up, which begin alike by chance.
fn are_counted(codes: &[&str]) -> bool {
    let numbers: Option<Vec<u64>> = codes.iter().map(|code| code.parse().ok()).collect();
    let Some(numbers) = numbers else { return false };
    let (Some(least), Some(most)) = (numbers.iter().min(), numbers.iter().max()) else {
        return false;
    };
    most - least < 2 * numbers.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::taxonomy::sheet::SheetRow;

    fn sheet(rows: &[&str]) -> Sheet {
        let rows = rows.iter().zip(2..).map(|(row, line)| SheetRow {
            line,
            cells: row
                .split(',')
                .map(|cell| Cell::Text(cell.to_owned()))
                .collect(),
            outer: None,
        });
        let rows: Vec<SheetRow> = rows.collect();
        let columns = (0..rows[0].cells.len())
            .map(|at| format!("c{at}"))
            .collect();
        Sheet {
            file: String::new(),
            columns,
            rows,
            format: String::new(),
            named: true,
        }
    }

    fn ups(links: &Links) -> Vec<Option<usize>> {
        let tell = |up: &Up| match up {
            Up::Row(row) => Some(*row),
            _ => None,
        };
        links.ups.iter().map(tell).collect()
    }

    #[test]
    fn parents_are_found_by_any_key_and_roots_by_their_marks() {
        let links = by_parents(&sheet(&["7,0", "8,7", "9,9", "10,7.0"]), 1, 0);
        assert_eq!(ups(&links), [None, Some(0), None, Some(0)]);
        assert!(links.fits() && links.has_roots());
        let mut links = by_parents(&sheet(&["Tea,Shop", "Green,Tea", "Cups,Shop"]), 1, 0);
        assert!(links.fits() && !links.has_roots());
        assert_eq!(links.hide_root(), Some("Shop".to_owned()));
        assert_eq!(ups(&links), [None, Some(0), None]);
        assert!(by_parents(&sheet(&["1,2", "2,1"]), 1, 0).has_circle());
    }

    #[test]
    fn paths_of_keys_are_followed() {
        for paths in [["7", "7/8", "7/8/9"], ["", "7", "7/8"]] {
            let rows: Vec<String> = ["7", "8", "9"]
                .iter()
                .zip(paths)
                .map(|(id, path)| format!("{id},{path}"))
                .collect();
            let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
            let links = by_key_paths(&sheet(&rows), 1, 0).unwrap();
            assert_eq!(ups(&links), [None, Some(0), Some(1)]);
        }
        assert!(by_key_paths(&sheet(&["7,Tea", "8,Tea/Cups"]), 1, 0).is_none());
        let links = by_beginnings(&sheet(&["/tea", "/tea/green", "/cups"]), 0).unwrap();
        assert_eq!(ups(&links), [None, Some(0), None]);
    }

    fn codes(codes: &[&str]) -> Option<Vec<Option<usize>>> {
        by_codes(&sheet(codes), 0).map(|links| ups(&links))
    }

    #[test]
    fn codes_with_a_hierarchy_in_them_are_seen() {
        let tree = Some(vec![None, Some(0), Some(1), Some(1), None, Some(4)]);
        assert_eq!(codes(&["1", "1.2", "1.2.1", "1.2.10", "3", "3.1"]), tree);
        assert_eq!(codes(&["A", "A-1", "A-1-1", "A-1-2", "B", "B-1"]), tree);
        assert_eq!(
            codes(&[
                "30000000", "30120000", "30121500", "30121600", "41000000", "41100000"
            ]),
            tree
        );
        assert_eq!(
            codes(&["01", "0102", "010203", "010204", "07", "0701"]),
            tree
        );
        assert_eq!(codes(&["A", "A01", "A0101", "A0102", "C", "C03"]), tree);
        assert_eq!(
            codes(&["01", "0102", "0102.30", "0102.40", "07", "0701"]),
            tree
        );
        let places = [
            "03000000-1",
            "03100000-2",
            "03110000-5",
            "03120000-8",
            "30000000-9",
            "30100000-0",
        ];
        assert_eq!(codes(&places), tree);
    }

    #[test]
    fn numbers_that_begin_alike_by_chance_have_none() {
        let counted: Vec<String> = (1000..1300).map(|n| n.to_string()).collect();
        let counted: Vec<&str> = counted.iter().map(String::as_str).collect();
        assert_eq!(codes(&counted), None);
        let short: Vec<String> = (1..40).map(|n| n.to_string()).collect();
        let short: Vec<&str> = short.iter().map(String::as_str).collect();
        assert_eq!(codes(&short), None);
        assert_eq!(codes(&["5181", "1604", "2271", "9932"]), None);
        assert_eq!(codes(&["ab-1", "cd-2", "ef-3"]), None);
    }
}
