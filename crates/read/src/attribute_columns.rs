//! Names for columns of attributes.

use crate::language::without_language;
use crate::listed_facts::may_list;
use crate::names::{
    ID, IMAGE, OF_ATTRIBUTES, OR_TITLE, TEXT, TITLE, attribute, is_no_attribute, plain,
};
use crate::paired::is_of_pair;

/// A name for the column of an attribute by which a [`ProductReader`](crate::ProductReader) knows it
/// again: its own, or `attributes.NAME` where a column of its own name would be taken
/// for something else.
///
/// ```
/// use assort_read::attribute_column;
///
/// assert_eq!(attribute_column("price"), "price");
/// assert_eq!(attribute_column("Category"), "attributes.Category");
/// assert_eq!(attribute_column("Option1 Value"), "attributes.Option1 Value");
/// ```
pub fn attribute_column(name: &str) -> String {
    let simple = plain(name);
    let is = |simple: &str| {
        let mut all = [ID, TITLE, OR_TITLE, TEXT, IMAGE].iter();
        all.any(|names| names.contains(&simple))
    };
    let in_language = || without_language(name).is_some_and(|stem| is(&plain(stem)));
    let means_more = is(&simple) || is_no_attribute(&simple) || in_language();
    match means_more || attribute(name) != name || is_of_pair(name) || may_list(name) {
        true => format!("{OF_ATTRIBUTES}{name}"),
        false => name.to_owned(),
    }
}
