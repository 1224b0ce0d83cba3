//! Lists of names with values: `[{"name": "Colour", "value": "red"}]`.

use serde_json::{Map, Value};

use crate::names::{CATEGORY, is_plainly};

/// What the columns of such lists are called that hold attributes and nothing else.
const ATTRIBUTES: &str = "attributes";

/// How many values of a name are compared with a further one.
const COMPARED: usize = 1000;

/// The longest name of a fact, in bytes: more is a text.
const LONGEST: usize = 100;

/// Names of lists of attributes.
const LISTS: [&str; 32] = [
    "attributes",
    "attribute",
    "customattributes",
    "customattribute",
    "customfields",
    "customfield",
    "metadata",
    "metafields",
    "additionalproperty",
    "additionalproperties",
    "additionalattributes",
    "productattributes",
    "productfeatures",
    "properties",
    "property",
    "specs",
    "spec",
    "specifications",
    "specification",
    "features",
    "feature",
    "params",
    "param",
    "parameters",
    "parameter",
    "characteristics",
    "characteristic",
    "options",
    "itemspecifics",
    "namevaluelist",
    "eigenschaften",
    "属性",
];

/// Keys of the two halves of a fact, and of the unit of its value, the likeliest first.
const NAMES: [&str; 13] = [
    "name",
    "label",
    "attributename",
    "attributelabel",
    "propertyname",
    "paramname",
    "fname",
    "key",
    "attributecode",
    "attribute",
    "code",
    "propertyid",
    "attributeid",
];
const VALUES: [&str; 11] = [
    "value",
    "values",
    "val",
    "fvalue",
    "attributevalue",
    "valuename",
    "displayvalue",
    "valuelabel",
    "options",
    "optionvalues",
    "valuetext",
];
const UNITS: [&str; 6] = ["unit", "units", "uom", "funit", "unittext", "unitcode"];

/// Keys of what else is said of a fact, beside its number and its type.
const BESIDE: [&str; 16] = [
    "id",
    "type",
    "position",
    "order",
    "sortorder",
    "visible",
    "variation",
    "namespace",
    "slug",
    "displaykey",
    "language",
    "locale",
    "valueid",
    "group",
    "productid",
    "forder",
];

/// Whether a list of that name has attributes.
pub(crate) fn is_of_facts(name: &str) -> bool {
    is_among(name, &LISTS)
}

/// Whether a name is one of those, which most are not by their first letter.
fn is_among(name: &str, known: &[&str]) -> bool {
    let is_letter = |byte: &&u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
    let first = name.as_bytes().iter().find(is_letter);
    let first = first.map(u8::to_ascii_lowercase);
    let mut alike = known
        .iter()
        .filter(|one| one.as_bytes().first().copied() == first);
    alike.any(|one| is_plainly(name, one))
}

/// What a list of names with values says, by the names, and what it is called then; none of
/// other lists. Of categories it is none: their names are their values.
pub(crate) fn facts<'k>(key: &'k str, elements: &[Value]) -> Option<(&'k str, Value)> {
    let mut found = Map::new();
    for element in elements {
        let (name, value) = fact(element)?;
        add(&mut found, name, &value);
    }
    if found.is_empty() || is_among(key, CATEGORY) {
        return None;
    }
    let key = if is_of_facts(key) { ATTRIBUTES } else { key };
    Some((key, Value::Object(found)))
}

/// The key of facts that are in another list of facts: nobody needs to know both.
pub(crate) fn is_in_facts(key: &str, below: &str) -> bool {
    let is_attribute = below.strip_prefix(ATTRIBUTES);
    is_attribute.is_some_and(|rest| rest.starts_with('.')) && is_of_facts(key)
}

/// The name and the value of an object that is a fact.
fn fact(element: &Value) -> Option<(&str, Value)> {
    let mut object = element.as_object()?;
    if let Some(node) = object.get("node").and_then(Value::as_object) {
        object = node;
    }
    let of = |names: &[&str]| {
        let is = |key: &str, name: &str| is_plainly(key, name);
        let found = names.iter().find_map(|name| {
            let mut fields = object.iter();
            fields.find(|(key, value)| is(key, name) && !value.is_null())
        });
        found.map(|(_, value)| value)
    };
    let is_known = |key: &String| {
        let all = [&VALUES[..], &NAMES, &BESIDE, &UNITS];
        all.iter().any(|names| is_among(key, names))
    };
    if !object.keys().any(|key| is_among(key, &VALUES)) || !object.keys().all(is_known) {
        return None;
    }
    let name = called(of(&NAMES)?)?.trim();
    if name.is_empty() || name.len() > LONGEST {
        return None;
    }
    let value = of(&VALUES).map(plain_values).unwrap_or_default();
    let unit = of(&UNITS).and_then(Value::as_str).unwrap_or_default();
    let text = match &value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let text = text.filter(|text| !unit.trim().is_empty() && !text.trim().is_empty());
    let with_unit = text.map(|text| Value::String(format!("{text} {unit}")));
    Some((name, with_unit.unwrap_or(value)))
}

/// A text, or the name of an object that is called one: `{"attribute": {"name": "Colour"}}`.
fn called(value: &Value) -> Option<&str> {
    let Value::Object(object) = value else {
        return value.as_str();
    };
    let mut names = ["name", "label", "value", "code", "slug"].iter();
    names.find_map(|name| object.get(*name)?.as_str())
}

/// Values, where objects that have a name are called so: `{"values": [{"name": "Red"}]}`.
fn plain_values(value: &Value) -> Value {
    let plain = |value: &Value| match (value, called(value)) {
        (Value::Object(_), Some(name)) => Value::String(name.to_owned()),
        _ => value.clone(),
    };
    match value {
        Value::Array(values) => Value::Array(values.iter().map(plain).collect()),
        value => plain(value),
    }
}

/// Adds a value to those that a key has.
pub(crate) fn add(found: &mut Map<String, Value>, key: &str, value: &Value) {
    let Some(known) = found.get_mut(key) else {
        found.insert(key.to_owned(), value.clone());
        return;
    };
    let further = match value {
        Value::Array(values) => values.clone(),
        value => vec![value.clone()],
    };
    for value in further {
        match &mut *known {
            Value::Null => *known = value,
            Value::Array(values) if !value.is_null() && !knows(values, &value) => {
                values.push(value);
            }
            Value::Array(_) => {}
            single if *single != value && !value.is_null() => {
                let first = single.take();
                *known = Value::Array(vec![first, value]);
            }
            _ => {}
        }
    }
}

fn knows(values: &[Value], value: &Value) -> bool {
    values.iter().take(COMPARED).any(|known| known == value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(key: &str, list: &str) -> String {
        let list: Vec<Value> = serde_json::from_str(list).unwrap();
        let found = facts(key, &list);
        found.map_or("none".to_owned(), |(key, value)| format!("{key} {value}"))
    }

    #[test]
    fn lists_of_pairs_are_known_by_their_keys() {
        for (key, list, expected) in [
            (
                "custom_attributes",
                r#"[{"attribute_code":"color","value":"Red"},{"attribute_code":"size","value":["S","M"]}]"#,
                r#"attributes {"color":"Red","size":["S","M"]}"#,
            ),
            (
                "meta_data",
                r#"[{"id":7,"key":"color","value":"Red"},{"id":8,"key":"color","value":"Blue"}]"#,
                r#"attributes {"color":["Red","Blue"]}"#,
            ),
            (
                "additionalProperty",
                r#"[{"@type":"PropertyValue","name":"Height","value":7,"unitText":"cm"}]"#,
                r#"attributes {"Height":"7 cm"}"#,
            ),
            (
                "prices",
                r#"[{"code":"EUR","value":3},{"code":"USD","value":4}]"#,
                r#"prices {"EUR":3,"USD":4}"#,
            ),
            (
                "edges",
                r#"[{"node":{"namespace":"x","key":"material","value":"iron"}}]"#,
                r#"edges {"material":"iron"}"#,
            ),
            (
                "options",
                r#"[{"id":5,"name":"Color","position":1,"values":["Red","Blue"]}]"#,
                r#"attributes {"Color":["Red","Blue"]}"#,
            ),
            (
                "attributes",
                r#"[{"attribute":{"name":"Colour"},"values":[{"name":"Red"},{"name":"Blue"}]}]"#,
                r#"attributes {"Colour":["Red","Blue"]}"#,
            ),
            // Products, categories and lists of other things have more to say.
            ("variants", r#"[{"sku":"A","name":"S","value":3}]"#, "none"),
            ("categories", r#"[{"code":"7","value":"Pans"}]"#, "none"),
            ("specs", r#"[{"name":"Colour"}]"#, "none"),
            ("specs", r#"[{"name":"","value":"red"}]"#, "none"),
        ] {
            assert_eq!(found(key, list), expected, "{list}");
        }
    }
}
