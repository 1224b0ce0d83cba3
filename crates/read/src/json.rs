//! Values of JSON as columns of text.

use std::collections::HashMap;

use assort_core::SEPARATOR;
use serde_json::{Map, Value};

use crate::facts::{add, facts, is_in_facts, is_of_facts};
use crate::translated::by_language;

/// An object of a file.
pub(crate) type Object = Map<String, Value>;

/// Where the keys of objects stand among the columns.
pub(crate) type Positions = HashMap<String, usize>;

/// Names that hold a value under another name, in answers of GraphQL.
const CONNECTIONS: [&str; 3] = ["edges", "node", "nodes"];

/// Visits every value that is no object, under its dotted key.
///
/// A list of objects gives for each of their keys the list of its values, each once:
/// the variants of a product give `variants.sku`. A list of names with values is an object
/// that has these names, one of texts in several languages has these.
pub(crate) fn flatten(object: &Map<String, Value>, visit: &mut dyn FnMut(&str, &Value)) {
    for (key, value) in object {
        flatten_value(key, value, visit);
    }
}

fn flatten_value(key: &str, value: &Value, visit: &mut dyn FnMut(&str, &Value)) {
    // serde_json bounds the depth of what it reads.
    match value {
        Value::Object(inner) => {
            if let Some(value) = only_value(inner) {
                return flatten_value(key, value, visit);
            }
            if is_of_facts(key)
                && let Some((key, facts)) = facts(key, std::slice::from_ref(value))
            {
                return flatten_value(key, &facts, visit);
            }
            for (name, value) in inner {
                flatten_value(name, value, &mut |sub, value| {
                    // A dot that stands in a name leads nowhere.
                    let below = match sub == name {
                        true => format!("{key}.{sub}"),
                        false => joined(key, sub),
                    };
                    visit(&below, value);
                });
            }
        }
        Value::Array(elements) if is_list_of_objects(elements) => {
            if let Some(texts) = by_language(key, elements) {
                return flatten_value(key, &texts, visit);
            }
            if let Some((key, facts)) = facts(key, elements) {
                return flatten_value(key, &facts, visit);
            }
            let mut columns: Map<String, Value> = Map::new();
            for element in elements.iter().filter_map(Value::as_object) {
                flatten(element, &mut |sub, value| add(&mut columns, sub, value));
            }
            for (sub, value) in columns {
                visit(&joined(key, &sub), &value);
            }
        }
        _ => visit(key, value),
    }
}

/// The value of an object that is one with its type, as MongoDB writes it:
/// `{"$oid": "65a1"}`; or what WordPress has rendered of it.
fn only_value(object: &Map<String, Value>) -> Option<&Value> {
    if let Some(text) = object.get("rendered") {
        let is_known = |key: &String| ["rendered", "protected", "raw"].contains(&key.as_str());
        return object.keys().all(is_known).then_some(text);
    }
    let (key, value) = object.iter().next().filter(|_| object.len() == 1)?;
    key.starts_with('$').then_some(value)
}

/// A key below another; what only holds others has no part in it.
pub(crate) fn joined(key: &str, sub: &str) -> String {
    match sub.split_once('.') {
        Some((first, rest)) if CONNECTIONS.contains(&first) => joined(key, rest),
        Some(_) if is_in_facts(key, sub) => sub.to_owned(),
        _ => format!("{key}.{sub}"),
    }
}

fn is_list_of_objects(elements: &[Value]) -> bool {
    !elements.is_empty() && elements.iter().all(Value::is_object)
}

/// A value as one text; the elements of an array are joined by `between`. Of the ways to
/// several categories, which are lists in a list, it is the longest.
pub(crate) fn text_of(value: &Value, between: &str) -> String {
    let parts: Vec<String> = match value {
        Value::Null => return String::new(),
        Value::String(text) => return text.clone(),
        Value::Bool(_) | Value::Number(_) => return value.to_string(),
        Value::Array(elements) => match longest_way(elements).filter(|_| between == SEPARATOR) {
            Some(way) => return text_of(way, between),
            None => elements.iter().map(|value| text_of(value, ", ")).collect(),
        },
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| (key, text_of(value, ", ")))
            .filter(|(_, text)| !text.trim().is_empty())
            .map(|(key, text)| format!("{key}: {text}"))
            .collect(),
    };
    let mut joined = String::new();
    for part in parts.iter().filter(|part| !part.trim().is_empty()) {
        if !joined.is_empty() {
            joined.push_str(between);
        }
        joined.push_str(part);
    }
    joined
}

/// The longest of lists in a list, the first of several.
fn longest_way(elements: &[Value]) -> Option<&Value> {
    let length = |value: &&Value| value.as_array().map_or(0, Vec::len);
    let longest = elements.iter().rev().max_by_key(length);
    longest.filter(|_| elements.iter().all(Value::is_array))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(json: &str) -> Vec<String> {
        let mut found = Vec::new();
        let object: Map<String, Value> = serde_json::from_str(json).unwrap();
        flatten(&object, &mut |key, value| {
            found.push(format!("{key}={}", text_of(value, ", ")));
        });
        found
    }

    #[test]
    fn values_become_text() {
        assert_eq!(
            flat(r#"{"a":"x","b":3,"c":true,"d":null,"e":["p",null,2],"f":{"g":{"h":1.5}}}"#),
            ["a=x", "b=3", "c=true", "d=", "e=p, 2", "f.g.h=1.5"]
        );
        assert_eq!(
            flat(r#"{"specs":[{"name":"Colour","value":"red"},{"name":"Size","value":""}]}"#),
            ["attributes.Colour=red", "attributes.Size="]
        );
        assert_eq!(
            flat(r#"{"attributes":{"attributes.price":"1","price":"2"}}"#),
            ["attributes.attributes.price=1", "attributes.price=2"]
        );
        let rendered =
            r#"{"title":{"rendered":"Pan"},"content":{"rendered":"Big.","protected":false}}"#;
        assert_eq!(flat(rendered), ["title=Pan", "content=Big."]);
    }

    #[test]
    fn parts_that_are_objects_become_columns_with_all_their_values() {
        let product = r#"{"id":1,"variants":[{"sku":"A-S","price":5,"box":{"cm":1}},
            {"sku":"A-M","price":5,"barcode":"77"}],"images":[{"src":"1.jpg"}]}"#;
        assert_eq!(
            flat(product),
            [
                "id=1",
                "variants.sku=A-S, A-M",
                "variants.price=5",
                "variants.box.cm=1",
                "variants.barcode=77",
                "images.src=1.jpg"
            ]
        );
        let graph = r#"{"variants":{"edges":[{"node":{"sku":"A"}},{"node":{"sku":"B"}}]}}"#;
        assert_eq!(flat(graph), ["variants.sku=A, B"]);
    }

    #[test]
    fn a_category_is_the_longest_of_several_ways() {
        let text = |json: &str| text_of(&serde_json::from_str(json).unwrap(), SEPARATOR);
        assert_eq!(text(r#"["A","B"]"#), "A > B");
        assert_eq!(text(r#"[["A","B"]]"#), "A > B");
        assert_eq!(text(r#"[["A"],["C","D"],["E","F"]]"#), "C > D");
        let list: Value = serde_json::from_str("[[1,2],[3]]").unwrap();
        assert_eq!(text_of(&list, ", "), "1, 2, 3");
    }
}
