//! What objects say of those in a list in them: `{"category": "Pans", "products": […]}`.

use serde_json::Value;

use super::words::{is_of_categories, may_be_category};
use crate::json::Object;
use crate::names::{CATEGORY, plain};

/// Names of what tells one object from others, beside names (`groupName`).
const TELLING: [&str; 5] = ["id", "label", "slug", "path", "code"];

/// What the name of a list among others is: the category of what is in it, or some name.
const LIST_OF_CATEGORY: &str = "category";
const LIST: &str = "list";

/// Values of the objects that are open.
#[derive(Debug, Default)]
pub(super) struct Around(Vec<(usize, String, Value)>);

impl Around {
    /// Whether the value of a key says which object it is, or which category.
    pub(super) fn takes(key: &str) -> bool {
        let key = plain(key);
        let is_name = ["name", "title"].iter().any(|end| key.ends_with(end));
        is_name || TELLING.contains(&key.as_str()) || CATEGORY.contains(&key.as_str())
    }

    /// Keeps a value of an object that is at a depth, in a list that is called so.
    pub(super) fn put(&mut self, depth: usize, list: &str, key: &str, value: Value) {
        let key = match CATEGORY.contains(&plain(key).as_str()) {
            true => key.to_owned(),
            false if is_of_categories(list) => format!("category.{key}"),
            false if list.is_empty() => format!("group.{key}"),
            false => format!("{list}.{key}"),
        };
        self.0.push((depth, key, value));
    }

    /// Keeps the name under which a list at a depth stands among others. Names of lists that
    /// are in each other are the way down.
    pub(super) fn put_name(&mut self, depth: usize, name: String) {
        let key = match may_be_category(&name) {
            true => LIST_OF_CATEGORY,
            false => LIST,
        };
        let above = self.0.iter().rev().find(|(_, own, _)| own == key);
        let name = Value::String(name);
        let name = match above.map(|(.., value)| value) {
            None => name,
            Some(Value::Array(way)) => way.iter().cloned().chain([name]).collect(),
            Some(above) => Value::Array(vec![above.clone(), name]),
        };
        self.0.push((depth, key.to_owned(), name));
    }

    /// Forgets what was deeper.
    pub(super) fn close(&mut self, depth: usize) {
        self.0.retain(|(own, ..)| *own <= depth);
    }

    /// Adds what an object at a depth says to one in it that does not say it itself.
    pub(super) fn add_to(&self, object: &mut Object, depth: usize) {
        // What is said last counts.
        let own = self.0.iter().rev().filter(|(own, ..)| *own == depth);
        for (_, key, value) in own {
            if !object.contains_key(key) {
                object.insert(key.clone(), value.clone());
            }
        }
    }
}
