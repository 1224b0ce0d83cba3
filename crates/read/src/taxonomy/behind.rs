//! Rows behind a tree that are no categories: totals, and what programs say of an export.

use crate::footers::{begins_footer, is_figure, is_whole_footer};
use crate::totals::is_word;

use super::sheet::{Cell, Sheet};

/// How many rows are looked at.
const MOST: usize = 4;

/// Takes such rows off the end of a sheet, and tells them in its format.
pub(super) fn leave_out(sheet: &mut Sheet) {
    let mut left = Vec::new();
    while left.len() < MOST
        && sheet.rows.len() > 1
        && let Some(text) = footer(sheet, sheet.rows.len() - 1)
    {
        left.push(text);
        sheet.rows.pop();
    }
    let Some(first) = left.pop() else { return };
    let rows = match left.len() {
        0 => "1 row".to_owned(),
        more => format!("{} rows", more + 1),
    };
    sheet.format += &format!(" ({rows} behind the categories left out: `{first}`)");
}

/// What the row says, if it is no category.
fn footer(sheet: &Sheet, row: usize) -> Option<String> {
    if sheet.rows[row].outer.is_some() {
        return None;
    }
    let cells = (0..sheet.columns.len()).map(|column| sheet.cell(row, column));
    let texts = cells.map(|cell| match cell {
        Cell::Text(text) => Some(text.trim()),
        // A path of one name is that of a root.
        Cell::List(names) if names.len() < 2 => Some(names.first().map_or("", String::as_str)),
        Cell::List(_) => None,
    });
    let filled: Option<Vec<&str>> = texts.collect();
    let filled: Vec<&str> = filled?
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect();
    let (first, rest) = filled.split_first()?;
    // A row of the table has something beside its name.
    let is_alone = rest.is_empty();
    let is_said = is_whole_footer(first) || is_word(first) || begins_footer(first) && !is_alone;
    let is_footer = is_said && rest.iter().all(|text| is_figure(text));
    is_footer.then(|| filled.join(" "))
}
