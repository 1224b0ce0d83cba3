//! Elements of XML that are categories, with the categories in them as `children`.

use serde_json::{Map, Value};

use crate::objects::is_attribute;

use super::words::Word;

/// The key of the categories below one.
const CHILDREN: &str = "children";

/// An element of XML called `name` as an object whose `children` are the elements of its
/// kind in it: those of its name, or those that have a code and a name as it has. Whether one
/// of several names was taken is put in `several`.
pub(super) fn as_tree(
    element: &Map<String, Value>,
    name: &str,
    several: &mut bool,
) -> Map<String, Value> {
    let mut own = Map::new();
    let mut children = Vec::new();
    for (key, value) in element {
        let inner = match value {
            _ if key == name => Some((value, name)),
            Value::Object(holder) if holder.len() == 1 => {
                holder.get(name).map(|inner| (inner, name))
            }
            _ => None,
        };
        let inner = inner.or_else(|| are_coded(element, key, value).then_some((value, key)));
        match inner {
            Some((inner, name)) => {
                children.extend(each(inner).map(|inner| child(inner, name, several)));
            }
            None => drop(own.insert(key.clone(), told_name(key, value, several))),
        }
    }
    if !children.is_empty() {
        own.insert(CHILDREN.to_owned(), Value::Array(children));
    }
    own
}

fn child(value: &Value, name: &str, several: &mut bool) -> Value {
    match value {
        Value::Object(element) => Value::Object(as_tree(element, name, several)),
        other => other.clone(),
    }
}

fn each(value: &Value) -> impl Iterator<Item = &Value> {
    let values = match value {
        Value::Array(values) => values.as_slice(),
        single => std::slice::from_ref(single),
    };
    values.iter()
}

/// Whether the elements below one have a code and a name, as it has.
fn are_coded(element: &Map<String, Value>, key: &str, value: &Value) -> bool {
    let coded = |value: &Value| value.as_object().is_some_and(is_chain);
    is_chain(element) && !is_attribute(key) && each(value).all(coded)
}

fn is_chain(element: &Map<String, Value>) -> bool {
    let has = |key: &str| element.get(key).is_some_and(Value::is_string);
    has("code") && ["text", "name", "title"].into_iter().any(has)
}

/// The first of the names that elements have as values of their own
/// (`<Name Value="Pans" langid="1"/>`), else the value as it is.
fn told_name(key: &str, value: &Value, several: &mut bool) -> Value {
    let text = |value: &Value| {
        let fields = value.as_object()?;
        let mut values = fields
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case("value"));
        values.next().map(|(_, text)| text.clone())
    };
    if Word::Name.means(key)
        && let Value::Array(names) = value
        && let Some(first) = names.iter().find(|_| names.iter().all(Value::is_string))
    {
        *several = true;
        return first.clone();
    }
    if !Word::Name.means(key) || (value.is_array() && !each(value).all(|one| text(one).is_some())) {
        return value.clone();
    }
    match each(value).next().and_then(text) {
        Some(first) => {
            *several |= each(value).count() > 1;
            first
        }
        None => value.clone(),
    }
}
