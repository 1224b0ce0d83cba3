//! What objects say of those in a list in them: `{"category": "Pans", "products": […]}`.

use serde_json::Value;

use super::outline::is_of_categories;
use crate::json::Object;
use crate::names::{CATEGORY, plain};

/// Names of what tells one object from others, beside names (`groupName`).
const TELLING: [&str; 5] = ["id", "label", "slug", "path", "code"];

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

    /// Forgets what was deeper.
    pub(super) fn close(&mut self, depth: usize) {
        self.0.retain(|(own, ..)| *own <= depth);
    }

    /// Adds what an object at a depth says to one in it that does not say it itself.
    pub(super) fn add_to(&self, object: &mut Object, depth: usize) {
        let own = self.0.iter().filter(|(own, ..)| *own == depth);
        for (_, key, value) in own {
            if !object.contains_key(key) {
                object.insert(key.clone(), value.clone());
            }
        }
    }
}
