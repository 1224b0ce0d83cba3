//! Ways to read a value as a category, and lists that programs print into a cell.

use assort_core::SEPARATOR;
use serde_json::Value;

use crate::json::text_of;

/// Ways to read a list in a cell as a category.
pub(crate) fn listed(cell: &str) -> Vec<String> {
    printed_list(cell).map_or_else(Vec::new, |value| readings(&value))
}

/// The texts of a list in a cell, which are values of their own; none of a cell that is no
/// list of texts. An export writes several values of a product so.
///
/// ```
/// use assort_read::listed_texts;
///
/// let texts = listed_texts(r#"["red", "blue"]"#);
/// assert_eq!(texts, Some(vec!["red".to_owned(), "blue".to_owned()]));
/// assert_eq!(listed_texts("[red]"), None);
/// ```
pub fn listed_texts(cell: &str) -> Option<Vec<String>> {
    let Value::Array(list) = printed_list(cell)? else {
        return None;
    };
    let texts = list.into_iter().map(|one| match one {
        Value::String(text) => Some(text),
        _ => None,
    });
    texts.collect()
}

/// A list as programs print it: `["A", "B"]`, `['A', 'B']`.
fn printed_list(cell: &str) -> Option<Value> {
    if !cell.trim_start().starts_with('[') {
        return None;
    }
    let value = serde_json::from_str(cell);
    value
        .or_else(|_| serde_json::from_str(&cell.replace('\'', "\"")))
        .ok()
}

/// Ways to read a value as a category, the likeliest first: a list of names is the way
/// down to one, or several; lists of lists are several ways down; of objects their ids,
/// paths and names count.
pub(crate) fn readings(value: &Value) -> Vec<String> {
    let Value::Array(list) = value else {
        return vec![text_of(value, SEPARATOR)];
    };
    let is_flat = list.iter().all(|one| !one.is_array() && !one.is_object());
    let each = list.iter().flat_map(|one| match one {
        Value::Object(fields) => {
            let keys = [
                "id",
                "path",
                "fullName",
                "full_name",
                "name",
                "title",
                "slug",
            ];
            let values = keys.iter().filter_map(|key| fields.get(*key));
            values.map(|value| text_of(value, SEPARATOR)).collect()
        }
        one => vec![text_of(one, SEPARATOR)],
    });
    let each = each.filter(|text| !text.trim().is_empty());
    let whole = is_flat.then(|| text_of(value, SEPARATOR));
    let mut all: Vec<String> = whole.into_iter().chain(each).collect();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_that_were_printed_into_a_cell_are_read() {
        assert_eq!(listed(r#"["A", "B"]"#), ["A > B", "A", "B"]);
        assert_eq!(listed("['A', 'B']"), ["A > B", "A", "B"]);
        assert!(listed("[A").is_empty() && listed("A, B").is_empty());
    }

    #[test]
    fn a_category_is_read_in_every_way_that_makes_sense() {
        assert_eq!(readings(&json!("A > B")), ["A > B"]);
        assert_eq!(readings(&json!(7)), ["7"]);
        assert_eq!(readings(&json!(["A", "B"])), ["A > B", "A", "B"]);
        assert_eq!(readings(&json!(["A > B"])), ["A > B"]);
        assert_eq!(readings(&json!([["A", "B"], ["C"]])), ["A > B", "C"]);
        let objects = json!([{"id": 9, "name": "Shoes"}, {"name": "Sale"}]);
        assert_eq!(readings(&objects), ["9", "Shoes", "Sale"]);
        assert!(readings(&json!([])).iter().all(String::is_empty));
    }
}
