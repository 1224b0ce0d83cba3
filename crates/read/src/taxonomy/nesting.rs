//! Columns that are levels by what is in them: pairs of codes and names, and names that
//! nest in those of the column before.

use std::collections::{HashMap, HashSet};

use super::levels::{self, Level};
use super::sheet::Sheet;
use super::words::{Word, language, suffixed};

/// How long a name of a category is at most, in words.
const WORDS: usize = 8;

/// What names of columns have in them that tell something of a level, and are none.
const BESIDE: [&str; 21] = [
    "slug", "handle", "url", "link", "image", "bild", "icon", "seo", "meta", "manager", "owner",
    "buyer", "note", "comment", "keyword", "tag", "text", "desc", "title", "label", "name",
];

/// Gives levels the codes that stand beside their names, and the levels to the right of
/// the last one that their names do not tell.
pub(super) fn completed(sheet: &Sheet, mut levels: Vec<Level>) -> Vec<Level> {
    take_codes(sheet, &mut levels);
    while let Some(next) = next_level(sheet, &levels) {
        levels.push(next);
    }
    levels
}

/// Levels that are pairs of a code and a name each, whatever their columns are called:
/// `Ref, Shelf, Ref below, Board`.
pub(super) fn pairs(sheet: &Sheet) -> Option<Vec<Level>> {
    let columns: Vec<usize> = (0..sheet.columns.len())
        .filter(|column| !sheet.is_blank(*column))
        .collect();
    if columns.len() < 4 || columns.len() % 2 == 1 || sheet.rows.len() < 2 {
        return None;
    }
    let mut levels = Vec::new();
    for pair in columns.chunks(2) {
        let &[first, second] = pair else { return None };
        let (code, name) = match (is_code(sheet, first), is_code(sheet, second)) {
            (true, false) => (first, second),
            (false, true) => (second, first),
            _ => return None,
        };
        if !says_one(sheet, code, name) || !levels::may_be(&sheet.columns[name]) {
            return None;
        }
        levels.push(Level {
            name,
            code: Some(code),
            ..Level::default()
        });
    }
    let is_below = |pair: &[Level]| match (pair[0].code, pair[1].code) {
        (Some(above), Some(below)) => nests(sheet, below, above),
        _ => false,
    };
    // An id of each row stands beside a brand by chance: a code of a root is there once a root.
    let recurs = levels.first().is_some_and(|root| {
        let roots = distinct(sheet, root.name);
        roots < sheet.rows.len() && root.code.map(|code| distinct(sheet, code)) == Some(roots)
    });
    (recurs && levels.windows(2).all(is_below)).then_some(levels)
}

/// The columns right of one of names that are levels below it, which stands first of them.
pub(super) fn below_names(sheet: &Sheet, name: usize, id: Option<usize>) -> Option<Vec<Level>> {
    let filled = sheet.texts(name).filter(|text| !text.is_empty()).count();
    if distinct(sheet, name) == filled {
        return None;
    }
    let level = Level {
        name,
        ..Level::default()
    };
    let mut levels = vec![level];
    while let Some(next) = next_level(sheet, &levels).filter(|next| Some(next.name) != id) {
        levels.push(next);
    }
    (levels.len() > 1).then_some(levels)
}

/// Takes a column of codes beside one of names, if all levels have one on the same side.
fn take_codes(sheet: &Sheet, levels: &mut [Level]) {
    if levels.iter().any(|level| level.code.is_some()) {
        return;
    }
    let names: HashSet<usize> = levels.iter().map(|level| level.name).collect();
    let is_pair = |code: usize, name: usize| {
        code < sheet.columns.len()
            && !names.contains(&code)
            && is_code(sheet, code)
            && !is_code(sheet, name)
            && levels::may_be(&sheet.columns[code])
            && says_one(sheet, code, name)
    };
    let before = |name: usize| name.checked_sub(1);
    let behind = |name: usize| Some(name + 1);
    let sides: [&dyn Fn(usize) -> Option<usize>; 2] = [&before, &behind];
    for side in sides {
        let code = |level: &Level| side(level.name).filter(|code| is_pair(*code, level.name));
        let codes: Option<Vec<usize>> = levels.iter().map(code).collect();
        if let Some(codes) = codes {
            for (level, code) in levels.iter_mut().zip(codes) {
                level.code = Some(code);
            }
            return;
        }
    }
}

/// The level in the column right of the last one: names that nest in those of the last
/// one, under a name that is like those of the levels, or with values that recur and nest
/// nevertheless.
fn next_level(sheet: &Sheet, levels: &[Level]) -> Option<Level> {
    let last = levels.last()?;
    let (name, above) = (last.name + 1, last.name);
    let called = sheet.columns.get(name)?;
    let taken = levels.iter().any(|level| {
        level.name == name || level.code == Some(name) || level.definitions.contains(&name)
    });
    let other = [
        Word::Id,
        Word::Parent,
        Word::Path,
        Word::Aliases,
        Word::Examples,
    ];
    if taken
        || sheet.is_blank(name)
        || !levels::may_be(called)
        || other.iter().any(|word| word.means(called))
        || language(called).is_some()
        || suffixed(called).is_some()
        || tells_of_a_level(called)
        || !are_names(sheet, name)
    {
        return None;
    }
    let is_like = || {
        let mut levels = levels.iter();
        levels.any(|level| are_alike(&sheet.columns[level.name], called))
    };
    let recurs = || {
        let filled = sheet.texts(name).filter(|text| !text.is_empty()).count();
        let own = distinct(sheet, name);
        own < filled && own > distinct(sheet, above)
    };
    let is_level = nests(sheet, name, above) && (is_like() || recurs())
        || tells_rows_apart(sheet, name, levels);
    is_level.then(|| Level {
        name,
        ..Level::default()
    })
}

/// Whether rows are alike but for the names in a column, which hardly recur: `Department,
/// Group, Kind`.
fn tells_rows_apart(sheet: &Sheet, column: usize, levels: &[Level]) -> bool {
    let rows = (0..sheet.rows.len()).filter(|row| !sheet.text(*row, column).is_empty());
    let (mut above, mut whole, mut names) = (HashSet::new(), HashSet::new(), HashSet::new());
    let mut count = 0;
    for row in rows {
        let path: Vec<&str> = levels
            .iter()
            .map(|level| sheet.text(row, level.name))
            .collect();
        let name = sheet.text(row, column);
        whole.insert((path.clone(), name));
        above.insert(path);
        names.insert(name);
        count += 1;
    }
    let hardly_recur = names.len() * 5 >= count * 4;
    count * 2 > sheet.rows.len() && hardly_recur && whole.len() == count && above.len() < count
}

/// Whether a column says something of the level before it: its address, who is in charge.
fn tells_of_a_level(called: &str) -> bool {
    let called = called.to_lowercase();
    BESIDE.iter().any(|word| called.contains(word))
}

fn distinct(sheet: &Sheet, column: usize) -> usize {
    let texts = sheet.texts(column).filter(|text| !text.is_empty());
    texts.collect::<HashSet<_>>().len()
}

/// Whether a column has codes: no blank in any, and a digit in each.
fn is_code(sheet: &Sheet, column: usize) -> bool {
    let mut texts = sheet.texts(column).filter(|text| !text.is_empty());
    let code = |text: &str| !text.contains(' ') && text.bytes().any(|byte| byte.is_ascii_digit());
    !sheet.is_blank(column) && texts.all(code)
}

/// Whether each code stands beside one name, and none without.
fn says_one(sheet: &Sheet, code: usize, name: usize) -> bool {
    let mut known: HashMap<&str, &str> = HashMap::new();
    let mut pairs = sheet.texts(code).zip(sheet.texts(name));
    pairs.all(|(code, name)| {
        code.is_empty() == name.is_empty() && *known.entry(code).or_insert(name) == name
    })
}

/// Whether values stand below one value each, and none without.
fn nests(sheet: &Sheet, column: usize, above: usize) -> bool {
    let mut known: HashMap<&str, &str> = HashMap::new();
    let pairs = sheet.texts(column).zip(sheet.texts(above));
    let mut filled = pairs.filter(|(text, _)| !text.is_empty());
    filled.all(|(text, value)| {
        !value.is_empty() && text != value && *known.entry(text).or_insert(value) == value
    })
}

/// Whether a column has what may be names: short, with letters, and no addresses.
fn are_names(sheet: &Sheet, column: usize) -> bool {
    let mut texts = sheet.texts(column).filter(|text| !text.is_empty());
    texts.all(|text| {
        text.contains(char::is_alphabetic)
            && text.split_whitespace().count() <= WORDS
            && !text.contains("://")
            && !text.contains(['@', '\\'])
            && !text.ends_with(['.', '!', '?'])
    })
}

/// Whether two names of columns have a word or most of one in common: `소분류` and
/// `세분류`, `Kategoria` and `Podkategoria`.
fn are_alike(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_lowercase(), other.to_lowercase());
    let wide = |text: &str| text.chars().any(|sign| sign >= '\u{2e80}');
    let least = if wide(&one) { 2 } else { 5 };
    let signs: Vec<char> = one.chars().collect();
    let mut runs = signs
        .windows(least)
        .map(|run| run.iter().collect::<String>());
    runs.any(|run| run.chars().all(char::is_alphabetic) && other.contains(&run))
}
