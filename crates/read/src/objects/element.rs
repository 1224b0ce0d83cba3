//! An element of XML as an object.

use std::collections::HashMap;

use quick_xml::XmlVersion;
use quick_xml::events::BytesStart;
use serde_json::{Map, Value};

use crate::json::Object;

/// The prefix of what is said for products alone in feeds that have an `id` and a `title`
/// of their own.
const MERCHANT: &str = "g";

/// Attributes that make an element with a text a named fact.
const FACT_NAMES: [&str; 4] = ["name", "key", "code", "attribute"];

/// The name without the prefix of its namespace.
pub(crate) fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// An element while it is read.
#[derive(Debug)]
pub(crate) struct Element {
    name: String,
    /// Its attributes and the elements in it.
    fields: Object,
    /// The prefixes of the names in `fields` that have one.
    prefixes: HashMap<String, String>,
    text: String,
    /// Whether it is a row of a table, whose cells name their columns.
    has_cells: bool,
}

/// What cells of tables are called that name their columns, in dumps of databases.
const CELLS: [&str; 2] = ["field", "column"];

/// The column of a cell: `<field name="title">`.
fn cell_name(element: &str, fields: &Object) -> Option<String> {
    let name = fields.get("name").and_then(Value::as_str)?;
    let is_cell = fields.len() == 1 && CELLS.contains(&local(element));
    is_cell.then(|| name.to_owned())
}

/// The same by the beginning of an element.
pub(crate) fn column_of(start: &BytesStart<'_>) -> Option<String> {
    if !CELLS.contains(&local(start.name().as_ref())) {
        return None;
    }
    let name = start.try_get_attribute("name").ok()??;
    let name = name.normalized_value(XmlVersion::Implicit1_0).ok()?;
    Some(name.into_owned())
}

impl Element {
    pub(crate) fn new(start: &BytesStart<'_>) -> Self {
        let mut element = Self {
            name: start.name().as_ref().to_owned(),
            fields: Map::new(),
            prefixes: HashMap::new(),
            text: String::new(),
            has_cells: false,
        };
        for attribute in start.attributes().with_checks(false).flatten() {
            let name = attribute.key.as_ref();
            if name.starts_with("xmlns") || name.starts_with("xsi:") {
                continue;
            }
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            // References to what a file defines itself stay as they are.
            let value = value.map_or_else(
                |_| attribute.value.to_string(),
                std::borrow::Cow::into_owned,
            );
            element.put(name, Value::String(value));
        }
        element
    }

    /// The name without the prefix of its namespace.
    pub(crate) fn name(&self) -> &str {
        local(&self.name)
    }

    /// Its attributes and the elements in it.
    pub(crate) fn fields(&self) -> &Object {
        &self.fields
    }

    /// The text, if there is nothing else in it.
    pub(crate) fn only_text(&self) -> Option<&str> {
        let text = self.text.trim();
        (self.fields.is_empty() && !text.is_empty()).then_some(text)
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Takes an element that is in this one.
    pub(crate) fn add(&mut self, inner: Self) {
        let text = inner.text.trim().to_owned();
        let name = inner.name;
        let mut fields = inner.fields;
        if fields.is_empty() {
            return self.put(&name, Value::String(text));
        }
        if let Some(column) = cell_name(&name, &fields) {
            // What the element says of itself is the name of a table.
            if !std::mem::replace(&mut self.has_cells, true) {
                self.fields.shift_remove("name");
            }
            return self.put(&column, Value::String(text));
        }
        if text.is_empty() {
            return self.put(&name, Value::Object(fields));
        }
        if FACT_NAMES.iter().any(|fact| fields.contains_key(*fact)) {
            fields.insert("value".to_owned(), Value::String(text));
            return self.put(&name, Value::Object(fields));
        }
        self.put(&name, Value::String(text));
        for (key, value) in fields {
            self.put(&format!("{name}.{key}"), value);
        }
    }

    /// The element as a row.
    ///
    /// # Errors
    /// Why it is none.
    pub(crate) fn row(mut self) -> Result<Object, String> {
        let text = self.text.trim();
        if !text.is_empty() && !self.fields.contains_key("name") {
            self.fields
                .insert("name".to_owned(), Value::String(text.to_owned()));
        }
        let damaged = self.fields.iter().find(|(_, value)| is_damaged(value));
        match damaged {
            Some((key, _)) => Err(format!("`{key}` has bytes that are not UTF-8")),
            None => Ok(self.fields),
        }
    }

    /// Gives a name one value more. Names from different namespaces stay apart.
    fn put(&mut self, name: &str, value: Value) {
        let (prefix, key) = name.rsplit_once(':').unwrap_or(("", local(name)));
        let known = self
            .fields
            .contains_key(key)
            .then(|| self.prefix(key).to_owned());
        let key = match known {
            None => key.to_owned(),
            Some(known) if known == prefix => key.to_owned(),
            Some(known) if prefix == MERCHANT => {
                let other = self
                    .fields
                    .insert(key.to_owned(), value)
                    .unwrap_or_default();
                self.prefixes.insert(key.to_owned(), prefix.to_owned());
                return more(&mut self.fields, apart(&known, key), other);
            }
            Some(_) => apart(prefix, key),
        };
        if !prefix.is_empty() && !self.fields.contains_key(&key) {
            self.prefixes.insert(key.clone(), prefix.to_owned());
        }
        more(&mut self.fields, key, value);
    }

    fn prefix(&self, key: &str) -> &str {
        self.prefixes.get(key).map_or("", String::as_str)
    }
}

/// A key for a name that is there from another namespace.
fn apart(prefix: &str, key: &str) -> String {
    match prefix {
        "" => format!("feed.{key}"),
        prefix => format!("{prefix}.{key}"),
    }
}

fn more(fields: &mut Object, key: String, value: Value) {
    match fields.get_mut(&key) {
        None => drop(fields.insert(key, value)),
        Some(Value::Array(values)) => values.push(value),
        Some(single) => {
            let first = single.take();
            *single = Value::Array(vec![first, value]);
        }
    }
}

fn is_damaged(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\u{fffd}'),
        Value::Array(values) => values.iter().any(is_damaged),
        Value::Object(fields) => fields.values().any(is_damaged),
        _ => false,
    }
}
