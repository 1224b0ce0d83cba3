//! Objects that keep all but an id in one object in them: `{"_id": 1, "_source": {…}}`.

use serde_json::Value;

use super::words::is_title;
use crate::json::Object;
use crate::names::plain;

/// What such an object is called.
const NAMES: [&str; 11] = [
    "_source",
    "attributes",
    "fields",
    "properties",
    "record",
    "values",
    "data",
    "product",
    "item",
    "doc",
    "payload",
];

/// The key under which most of `objects` keep all that products say, where none has a title
/// of its own.
pub(super) fn inner_key<'o>(objects: impl Iterator<Item = &'o Object>) -> Option<&'static str> {
    let titled = |object: &Object| object.keys().any(|key| is_title(&plain(key)));
    let (mut counts, mut all) = ([0usize; NAMES.len()], 0);
    for object in objects {
        if titled(object) {
            return None;
        }
        all += 1;
        for (count, name) in counts.iter_mut().zip(NAMES) {
            let inner = object.get(name).and_then(Value::as_object);
            *count += usize::from(inner.is_some_and(titled));
        }
    }
    let best = counts.iter().zip(NAMES).max_by_key(|(count, _)| **count);
    best.filter(|(count, _)| **count * 2 > all)
        .map(|(_, name)| name)
}

/// Of those what stands in an object that says something of its own, such as an event.
const WHOLE: [&str; 5] = ["data", "product", "item", "doc", "payload"];

/// Brings out what an object keeps under a key, as its own where it does not say that itself.
/// A product in an event says it itself, and the event has it as `outer.NAME`.
pub(super) fn bring_out(object: &mut Object, key: &str) {
    if let Some(Value::Object(inner)) = object.remove(key) {
        for (name, value) in inner {
            match WHOLE.contains(&key) {
                true => {
                    if let Some(outer) = object.insert(name.clone(), value) {
                        object.insert(format!("outer.{name}"), outer);
                    }
                }
                false => drop(object.entry(name).or_insert(value)),
            }
        }
    }
}
