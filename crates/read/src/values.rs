//! Values of rows, by column.

use serde_json::Value;

use crate::columns::Columns;
use crate::json::text_of;
use crate::mapping::IdSource;
use crate::readings::{listed_texts, readings};

/// Values of a row: for a column its values, several for a list; none if the row does
/// not have it.
pub(crate) trait Values {
    /// The value as one text.
    fn text(&self, column: usize) -> Option<&str>;

    /// The elements of a list, or the one value.
    fn each(&self, column: usize, visit: &mut dyn FnMut(&str)) {
        let Some(text) = self.text(column) else {
            return;
        };
        match listed_texts(text) {
            Some(texts) => texts.iter().for_each(|text| visit(text)),
            None => visit(text),
        }
    }

    /// Further ways to read the value of a column of categories.
    fn further_readings(&self, _column: usize) -> Vec<String> {
        Vec::new()
    }
}

/// Values of an object, by column.
pub(crate) struct Found {
    /// Whether the id is a number that may stand for several.
    pub(crate) inexact_id: bool,
    texts: Vec<Option<String>>,
    lists: Vec<(usize, Vec<String>)>,
}

impl Found {
    pub(crate) fn new(columns: usize) -> Self {
        Self {
            inexact_id: false,
            texts: vec![None; columns],
            lists: Vec::new(),
        }
    }

    /// Whether the object has a value for a column.
    #[cfg(feature = "parquet")]
    pub(crate) fn has(&self, column: usize) -> bool {
        self.texts[column].is_some()
    }

    pub(crate) fn put(&mut self, at: usize, value: &Value, is_category: bool) {
        if is_category {
            let mut readings = readings(value).into_iter();
            self.texts[at] = Some(readings.next().unwrap_or_default());
            self.lists.push((at, readings.collect()));
            return;
        }
        let mut list = Vec::new();
        if value.is_array() {
            elements(value, &mut |element| list.push(element.to_owned()));
        }
        let text = text_of(value, ", ");
        // Several lists of names with values may have a name.
        if let Some(before) = self.texts[at].take() {
            let known = self.lists.iter().position(|(column, _)| *column == at);
            let known = known.map(|known| self.lists.remove(known).1);
            let further = if list.is_empty() {
                vec![text.clone()]
            } else {
                list
            };
            list = known.unwrap_or_else(|| vec![before.clone()]);
            list.extend(further);
            self.texts[at] = Some([before, text].join(", "));
        } else {
            self.texts[at] = Some(text);
        }
        if !list.is_empty() {
            self.lists.push((at, list));
        }
    }

    /// How many products an object holds whose values are columns: id and title are lists.
    pub(crate) fn products(&self, columns: &Columns) -> Option<usize> {
        let IdSource::Column(id) = columns.id else {
            return None;
        };
        let count = |column: usize| self.list(column).map_or(0, Vec::len);
        (count(id) > 1 && count(columns.title?) > 1).then_some(count(id))
    }

    /// The ids of an object that has several.
    pub(crate) fn ids(&self, columns: &Columns) -> Option<&Vec<String>> {
        let IdSource::Column(id) = columns.id else {
            return None;
        };
        self.list(id).filter(|ids| ids.len() > 1)
    }

    fn list(&self, column: usize) -> Option<&Vec<String>> {
        let of = |(at, _): &&(usize, Vec<String>)| *at == column;
        self.lists.iter().find(of).map(|(_, list)| list)
    }
}

impl Values for Found {
    fn text(&self, column: usize) -> Option<&str> {
        self.texts[column].as_deref()
    }

    fn each(&self, column: usize, visit: &mut dyn FnMut(&str)) {
        match self.list(column) {
            Some(list) if !list.is_empty() => list.iter().for_each(|value| visit(value)),
            _ => self.text(column).into_iter().for_each(visit),
        }
    }

    fn further_readings(&self, column: usize) -> Vec<String> {
        self.list(column).cloned().unwrap_or_default()
    }
}

/// Visits the elements of a list of simple values, or any other value as one text.
pub(crate) fn elements(value: &Value, visit: &mut dyn FnMut(&str)) {
    let simple = |value: &Value| !value.is_array() && !value.is_object();
    match value {
        Value::Array(list) if list.iter().all(simple) => {
            let texts = list.iter().map(|value| text_of(value, ", "));
            texts
                .filter(|text| !text.is_empty())
                .for_each(|text| visit(&text));
        }
        other => visit(&text_of(other, ", ")),
    }
}
