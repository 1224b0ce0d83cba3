//! What programs write in place of an id that is not there.

/// Marks that are no id of anything.
const MARKS: [&str; 14] = [
    "n/a", "#n/a", "#nv", "#ref!", "#value!", "#name?", "#null!", "#div/0!", "(null)", "<null>",
    "<na>", "\\n", "-", "--",
];

/// What spreadsheets write in place of what they could not calculate or find.
const ERRORS: [&str; 17] = [
    "#n/a",
    "#nv",
    "#n/d",
    "#ref!",
    "#bezug!",
    "#¡ref!",
    "#value!",
    "#wert!",
    "#valeur!",
    "#¡valor!",
    "#name?",
    "#nom?",
    "#null!",
    "#div/0!",
    "#num!",
    "#spill!",
    "#calc!",
];

/// Words that could be an id, where ids are words.
const WORDS: [&str; 5] = ["null", "none", "nan", "nil", "undefined"];

/// The longest of both.
const LONGEST: usize = 9;

/// Whether what stands in place of an id is a mark for none.
pub(crate) fn is_mark(id: &str) -> bool {
    is_among(id, &MARKS) || is_too_narrow(id)
}

/// Whether a value of an attribute says that there is none, as databases write it.
pub(crate) fn is_null(value: &str) -> bool {
    const NULLS: [&str; 8] = [
        "NULL", "null", "NaN", "nan", "\\N", "(null)", "<null>", "<NA>",
    ];
    value.len() <= 6 && value.starts_with(['N', 'n', '\\', '(', '<']) && NULLS.contains(&value)
}

/// Whether a cell has an error of a spreadsheet, and nothing else.
pub(crate) fn is_error(cell: &str) -> bool {
    cell.starts_with('#')
        && (is_too_narrow(cell) || ERRORS.contains(&cell.trim().to_lowercase().as_str()))
        || is_formula(cell)
}

/// Whether a column was too narrow for a number: `########`.
fn is_too_narrow(cell: &str) -> bool {
    cell.len() > 2 && cell.bytes().all(|byte| byte == b'#')
}

/// Whether a cell has a formula in place of what it gives: `=CONCATENATE("a","b")`.
fn is_formula(cell: &str) -> bool {
    let Some((function, rest)) = cell.strip_prefix('=').and_then(|cell| cell.split_once('('))
    else {
        return false;
    };
    let is_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'.';
    !function.is_empty() && function.bytes().all(is_name) && rest.ends_with(')')
}

/// Whether it is a word for none.
pub(crate) fn is_word(id: &str) -> bool {
    is_among(id, &WORDS)
}

fn is_among(id: &str, known: &[&str]) -> bool {
    // Most ids have a digit at their end.
    let may_be = id.len() <= LONGEST && !id.ends_with(|c: char| c.is_ascii_digit());
    may_be && known.iter().any(|one| one.eq_ignore_ascii_case(id))
}

/// Whether the words mean that there is no id: several rows have one, or the other `ids`
/// are no words.
pub(crate) fn are_words(ids: &[&str]) -> bool {
    let words = ids.iter().filter(|id| is_word(id)).count();
    let is_other = |id: &&&str| !is_mark(id) && !is_word(id);
    let others: Vec<&str> = ids.iter().filter(is_other).copied().collect();
    let has_digits = |id: &&&str| id.contains(char::is_numeric);
    let with_digits = others.iter().filter(has_digits).count();
    words > 1 || (!others.is_empty() && with_digits * 2 >= others.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_none_are_told_from_ids_that_are_words() {
        assert!(is_error("#REF!") && is_error("####") && is_error("=SUM(A1:A2)"));
        assert!(!is_error("#1 Mug") && !is_error("=7") && !is_error("=(a)") && is_mark("###"));
        assert!(is_mark("#N/A") && is_mark("n/a") && is_word("NULL") && is_word("None"));
        assert!(!is_mark("A/N") && !is_word("nullify") && !is_word("Null0"));
        assert!(are_words(&["P1", "NULL", "P2"]));
        assert!(are_words(&["red", "null", "null"]));
        assert!(!are_words(&["red", "none", "blue"]));
        assert!(!are_words(&["NULL"]));
    }
}
