//! What feeds of Yandex say of their offers elsewhere: the categories that their numbers
//! stand for, and the parts of a title.

use std::collections::HashMap;

use assort_core::print_path;
use serde_json::Value;

use crate::json::{Object, text_of};

/// The element at the top of such a feed, and that of an offer.
const ROOT: &str = "yml_catalog";
pub(super) const OFFER: &str = "offer";

/// What makes the title of an offer that has no name.
const TITLE: [&str; 3] = ["typePrefix", "vendor", "model"];

/// Categories that are kept, and how deep they may be.
const MOST: usize = 1_000_000;
const DEPTH: usize = 64;

/// The categories of a feed, by their numbers: the name and the number of the one above.
#[derive(Debug, Default)]
pub(super) struct Shop(HashMap<String, (String, String)>);

/// Whether the elements that are open are those of a category of such a feed.
pub(super) fn is_category(open: &[String]) -> bool {
    let is_in = matches!(open, [.., list, one] if list == "categories" && one == "category");
    is_in && is_feed(open)
}

/// Whether the elements that are open are of such a feed.
pub(super) fn is_feed(open: &[String]) -> bool {
    open.first().is_some_and(|root| root == ROOT)
}

impl Shop {
    /// Takes a category.
    pub(super) fn add(&mut self, category: &Object) {
        let text = |key: &str| category.get(key).map(|value| text_of(value, ", "));
        if let (Some(id), Some(name)) = (text("id"), text("name"))
            && self.0.len() < MOST
        {
            let above = text("parentId").unwrap_or_default();
            self.0.insert(id, (name, above));
        }
    }

    /// Gives an offer the path of its category in place of its number, and a title.
    pub(super) fn complete(&self, offer: &mut Object) {
        for (_, value) in offer.iter_mut().filter(|(key, _)| *key == "categoryId") {
            match value {
                Value::Array(values) => values.iter_mut().for_each(|value| self.name(value)),
                one => self.name(one),
            }
        }
        if offer.contains_key("name") || offer.contains_key("title") {
            return;
        }
        let parts = TITLE.iter().filter_map(|part| offer.get(*part));
        let parts: Vec<String> = parts.map(|part| text_of(part, " ")).collect();
        if !parts.is_empty() {
            offer.insert("name".to_owned(), Value::String(parts.join(" ")));
        }
    }

    fn name(&self, value: &mut Value) {
        if let Some(path) = self.path(text_of(value, ", ").trim()) {
            *value = Value::String(path);
        }
    }

    fn path(&self, id: &str) -> Option<String> {
        let mut names = Vec::new();
        let mut next = self.0.get(id);
        while let Some((name, above)) = next.filter(|_| names.len() < DEPTH) {
            names.push(name.as_str());
            next = self.0.get(above);
        }
        names.reverse();
        (!names.is_empty()).then(|| print_path(names))
    }
}
