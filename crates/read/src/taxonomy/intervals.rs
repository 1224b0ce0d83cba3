//! Nested sets: a row stands below another whose interval encloses its own.

use crate::names::plain;

use super::links::{Links, Up};
use super::sheet::Sheet;

/// Names of the columns of the beginnings and of the ends of intervals.
const NAMES: [(&str, &[&str]); 6] = [
    ("lft", &["rgt", "rght"]),
    ("left", &["right"]),
    ("lhs", &["rhs"]),
    ("leftid", &["rightid"]),
    ("treeleft", &["treeright"]),
    ("nodeleft", &["noderight"]),
];

/// The columns of the beginnings and the ends of intervals, if both hold numbers.
pub(super) fn columns(sheet: &Sheet) -> Option<(usize, usize)> {
    let at = |names: &[&str]| {
        let is = |column: &String| names.contains(&plain(column).as_str());
        let at = sheet.columns.iter().position(is)?;
        let mut texts = sheet.texts(at);
        texts.any(|text| text.parse::<i64>().is_ok()).then_some(at)
    };
    NAMES
        .iter()
        .find_map(|(left, right)| Some((at(&[*left])?, at(right)?)))
}

/// What stands above each row by its interval.
///
/// # Errors
/// The first row whose interval is none, or crosses another one, and why.
pub(super) fn by_intervals(
    sheet: &Sheet,
    left: usize,
    right: usize,
) -> Result<Links, (usize, String)> {
    let mut rows = Vec::with_capacity(sheet.rows.len());
    for row in 0..sheet.rows.len() {
        rows.push((number(sheet, row, left)?, number(sheet, row, right)?, row));
    }
    rows.sort_unstable();
    let mut ups = vec![Up::Root; sheet.rows.len()];
    let mut open: Vec<(i64, i64, usize)> = Vec::new();
    for own in rows {
        let (from, to, row) = own;
        open.retain(|(_, end, _)| *end > from);
        let above = open.last().copied();
        let is_within = above.is_none_or(|(start, end, _)| start < from && to < end);
        if from >= to || !is_within {
            let [left, right] = [left, right].map(|at| &sheet.columns[at]);
            let other = match above.filter(|_| from < to) {
                Some((start, end, _)) => format!("crosses that from {start} to {end}"),
                None => "ends before it begins".to_owned(),
            };
            let message = format!(
                "the interval from {from} to {to} in columns `{left}` and `{right}` {other}"
            );
            return Err((row, message));
        }
        if let Some((_, _, above)) = above {
            ups[row] = Up::Row(above);
        }
        open.push(own);
    }
    Ok(Links::new(ups))
}

fn number(sheet: &Sheet, row: usize, column: usize) -> Result<i64, (usize, String)> {
    let text = sheet.text(row, column);
    let number = text.strip_suffix(".0").unwrap_or(text).parse();
    number.map_err(|_| {
        let column = &sheet.columns[column];
        (
            row,
            format!("column `{column}` has `{text}`, where the interval of the row has a number"),
        )
    })
}
