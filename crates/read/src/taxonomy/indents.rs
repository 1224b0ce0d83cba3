//! Names that are set in below others: by marks, by blanks in a column, or by drawn lines.

use super::sheet::{Cell, Sheet};
use super::words::Word;

/// Signs that set in what follows them, one or several a level.
const MARKS: [char; 11] = ['-', '*', '+', '.', '>', '–', '—', '_', '~', '=', '•'];

/// Signs before the names of a list, which begin no name.
pub(super) const BULLETS: [char; 11] = ['•', '◦', '▪', '‣', '○', '●', '■', '□', '▸', '►', '∙'];

/// Beginnings of the names in trees that are drawn in ASCII.
const BRANCHES: [&str; 5] = ["|--", "`--", "+--", "\\--", "|__"];

/// How far texts are set in by the mark that one of them begins with, in levels below the
/// first, and the mark. None if marks of one kind are rare, or one skips a level.
pub(super) fn depths_by_marks(texts: &[&str]) -> Option<(char, Vec<usize>)> {
    let mark = texts
        .iter()
        .find_map(|text| text.chars().next().filter(|sign| MARKS.contains(sign)))?;
    let depths: Vec<usize> = texts.iter().map(|text| marks(text, mark)).collect();
    let first = depths.first().copied()?;
    let marked = depths.iter().filter(|depth| **depth > 0).count();
    let above = depths.iter().any(|depth| *depth < first);
    let plain = texts
        .iter()
        .all(|text| !without_marks(text, mark).is_empty());
    if first > 1 || marked * 3 < texts.len() || above || !plain {
        return None;
    }
    // Two marks may stand for a level (`..Pans`, `....Woks`).
    let step = depths
        .iter()
        .map(|depth| depth - first)
        .filter(|depth| *depth > 0)
        .min()
        .unwrap_or(1);
    let depths: Vec<usize> = depths.iter().map(|depth| depth - first).collect();
    let even = depths.iter().all(|depth| depth % step == 0);
    let depths: Vec<usize> = depths
        .iter()
        .map(|depth| if even { depth / step } else { *depth })
        .collect();
    let skips = depths.windows(2).any(|pair| pair[1] > pair[0] + 1);
    (!skips).then_some((mark, depths))
}

/// The marks that a text begins with, perhaps with blanks between them.
pub(super) fn marks(text: &str, mark: char) -> usize {
    let beginning = text
        .chars()
        .take_while(|sign| *sign == mark || *sign == ' ');
    beginning.filter(|sign| *sign == mark).count()
}

/// A text without the marks that it begins with.
pub(super) fn without_marks(text: &str, mark: char) -> &str {
    text.trim_start_matches(|sign: char| sign == mark || sign.is_whitespace())
        .trim_end()
}

/// The signs before the name on a line of a tree that is drawn in ASCII (`|   |-- Pans`).
pub(super) fn drawn(line: &str) -> Option<usize> {
    let name = line.trim_start_matches(['|', ' ', '\t', '\u{a0}']);
    let before = line.len() - name.len();
    // The line of the branch itself was taken for one that goes on.
    let from = line[..before]
        .trim_end()
        .rfind('|')
        .filter(|_| name.starts_with(['-', '_']));
    let from = from.unwrap_or(before);
    let branch = BRANCHES
        .iter()
        .find(|branch| line[from..].starts_with(**branch))?;
    let rest = line[from + branch.len()..].trim_start_matches(['-', '_']);
    let name = rest.trim_start();
    (name.len() < rest.len() && !name.is_empty()).then(|| line.len() - name.len())
}

/// Puts rows of a table below others whose names are set in less, by marks or blanks, and
/// takes these off. Returns the column of the names, if there is one.
pub(super) fn set_in(sheet: &mut Sheet) -> Option<usize> {
    let placed = [Word::Parent, Word::Path]
        .iter()
        .any(|word| !word.among(&sheet.columns).is_empty());
    let nested = sheet.rows.iter().any(|row| row.outer.is_some());
    if placed || nested || !sheet.named || sheet.rows.len() < 3 {
        return None;
    }
    let column = Word::Name
        .among(&sheet.columns)
        .into_iter()
        .find(|column| !sheet.is_blank(*column))?;
    let raw: Vec<&str> = (0..sheet.rows.len())
        .map(|row| match sheet.cell(row, column) {
            Cell::Text(text) => text.as_str(),
            Cell::List(_) => "",
        })
        .collect();
    let blanks: Vec<usize> = raw
        .iter()
        .map(|text| text.chars().take_while(|sign| sign.is_whitespace()).count())
        .collect();
    let (names, depths): (Vec<String>, Vec<usize>) = if blanks.iter().any(|blanks| *blanks > 1) {
        let names = raw.iter().map(|text| text.trim().to_owned());
        (names.collect(), blanks)
    } else {
        let (mark, depths) = depths_by_marks(&raw)?;
        let names = raw.iter().map(|text| without_marks(text, mark).to_owned());
        (names.collect(), depths)
    };
    let flat = depths.iter().all(|depth| Some(depth) == depths.first());
    if flat || depths.first() != Some(&0) {
        return None;
    }
    let mut above: Vec<(usize, usize)> = Vec::new();
    for (row, (name, depth)) in names.into_iter().zip(depths).enumerate() {
        above.retain(|(indent, _)| *indent < depth);
        let own = &mut sheet.rows[row];
        own.outer = above.last().map(|(_, row)| *row);
        if let Some(cell) = own.cells.get_mut(column) {
            *cell = Cell::Text(name);
        }
        above.push((depth, row));
    }
    Some(column)
}
