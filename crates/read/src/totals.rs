//! Rows of totals at the end of a table, which are no products.

use assort_core::is_number;

use crate::changed_ids::may_be_date;
use crate::columns::Columns;
use crate::footers::{begins_footer, is_figure, is_whole_footer};
use crate::mapping::IdSource;
use crate::names::is_plainly;

/// What stands before totals.
const WORDS: &[&str] = &[
    "total",
    "totals",
    "grandtotal",
    "subtotal",
    "sum",
    "overalltotal",
    "summe",
    "summen",
    "gesamt",
    "gesamtsumme",
    "zwischensumme",
    "endsumme",
    "insgesamt",
    "totalgénéral",
    "totalgeneral",
    "soustotal",
    "somme",
    "suma",
    "sumatotal",
    "totale",
    "totalegenerale",
    "totaal",
    "totalt",
    "razem",
    "ogółem",
    "celkem",
    "összesen",
    "toplam",
    "итого",
    "всего",
    "合计",
    "总计",
    "小计",
    "总和",
    "合計",
    "総計",
    "總計",
    "小計",
    "합계",
    "총계",
    "المجموع",
    "الإجمالي",
];

/// The longest of the words, with signs around it, in bytes.
const LONGEST: usize = 40;

/// The word for which a row looks like totals: it stands in place of the id or the title,
/// and all other cells are empty or amounts. `cell` gives that of a column.
pub(crate) fn word_of_totals<'v>(
    columns: &Columns,
    id: &str,
    cell: impl Fn(usize) -> Option<&'v str>,
) -> Option<String> {
    if let Some(footer) = footer(columns, id, &cell) {
        return Some(footer);
    }
    let has_id = !id.is_empty() && columns.id != IdSource::RowNumber;
    if has_id && !is_word(id) {
        return None;
    }
    let title = columns.title.and_then(&cell).unwrap_or_default().trim();
    let word = if has_id { id } else { title };
    let is_title = |at: usize| columns.title == Some(at) && is_word(title);
    let is_other = |at: &usize| columns.id != IdSource::Column(*at) && !is_title(*at);
    let mut others = (0..columns.names.len()).filter(is_other);
    let fits = is_word(word) && others.all(|at| cell(at).is_none_or(is_of_sums));
    fits.then(|| word.to_owned())
}

/// What a row says of the export, and of no product: such a text stands in place of the id or
/// the title, and all other cells are empty, numbers or dates.
fn footer<'v>(
    columns: &Columns,
    id: &str,
    cell: &impl Fn(usize) -> Option<&'v str>,
) -> Option<String> {
    // Few ids have such signs, and no other is looked at.
    let has_id = !id.is_empty() && columns.id != IdSource::RowNumber;
    if has_id && !may_be_date(id) && !id.contains([' ', '(', ':', '：']) {
        return None;
    }
    let title = columns.title.and_then(cell).unwrap_or_default().trim();
    let (text, at) = match has_id {
        true if is_whole_footer(id) || begins_footer(id) => match columns.id {
            IdSource::Column(at) => (id, Some(at)),
            IdSource::RowNumber => return None,
        },
        // `Generated on` in the first column, and the date in that of the ids.
        true if begins_footer(title) && is_figure(id) => (title, columns.title),
        false if is_whole_footer(title) => (title, columns.title),
        _ => return None,
    };
    let mut others = (0..columns.names.len()).filter(|other| Some(*other) != at);
    let fits = others.all(|other| cell(other).is_none_or(|cell| is_figure(cell.trim())));
    fits.then(|| text.to_owned())
}

/// Whether a text is what stands before totals.
pub(crate) fn is_word(text: &str) -> bool {
    // Most ids are told by their end or their first letter.
    let may_be = text.len() <= LONGEST && !text.ends_with(|c: char| c.is_ascii_digit());
    let first = text
        .chars()
        .find(|c| c.is_alphanumeric())
        .filter(|_| may_be);
    let Some(first) = first.and_then(|first| first.to_lowercase().next()) else {
        return false;
    };
    let byte = first.encode_utf8(&mut [0; 4]).as_bytes().first().copied();
    let begins = |word: &&&str| word.as_bytes().first().copied() == byte;
    WORDS
        .iter()
        .filter(begins)
        .any(|word| is_plainly(text, word))
}

/// Whether a cell is empty, an amount or the name of a currency.
fn is_of_sums(cell: &str) -> bool {
    let is_currency = || is_number(&format!("1 {}", cell.trim()));
    !cell.contains(char::is_alphabetic) || is_number(cell) || is_currency()
}
