//! Rows that are about one product, made one.

use std::collections::HashMap;

use crate::columns::Columns;
use crate::maker::{Given, add_text};
use crate::names::{KEY, attribute, plain};
use crate::tally::Tally;

/// Kinds of products that others belong to.
const PARENTS: [&str; 5] = [
    "variable",
    "parent",
    "configurable",
    "variablesubscription",
    "group",
];

/// Kinds of rows that belong to a product.
const CHILDREN: [&str; 4] = ["variation", "child", "variant", "subscriptionvariation"];

/// Joins rows: one without a title that has the id of the row before, one for another
/// view of the shop, and one that names a product before it as its parent.
#[derive(Debug)]
pub(crate) struct Join {
    /// The product that rows may still be joined to.
    last: Option<Given>,
    /// Products that others may name as their parent anywhere, and where they are by
    /// their keys.
    held: Vec<Given>,
    by_key: HashMap<String, usize>,
    /// Rows whose parent has not come yet.
    early: Vec<Given>,
    /// Names of the columns of the title and the picture.
    title: String,
    image: String,
}

impl Join {
    pub(crate) fn new(columns: &Columns) -> Self {
        let name = |column: Option<&str>| attribute(column.unwrap_or_default()).to_owned();
        Self {
            last: None,
            held: Vec::new(),
            by_key: HashMap::new(),
            early: Vec::new(),
            title: name(columns.title()),
            image: name(columns.image()),
        }
    }

    /// Takes a row; gives one that nothing more can be joined to.
    pub(crate) fn take(&mut self, given: Given, tally: &Tally) -> Option<Given> {
        if self.goes_on(&given) {
            tally.count_joined();
            if let Some(last) = &mut self.last {
                merge(last, given, &self.title, &self.image);
            }
            return None;
        }
        if let Some(parent) = given.parent.as_deref() {
            if let Some(last) = self.last.as_mut().filter(|last| is_named(last, parent)) {
                tally.count_joined();
                merge(last, given, &self.title, &self.image);
                return None;
            }
            if let Some(&at) = self.by_key.get(parent) {
                tally.count_joined();
                merge(&mut self.held[at], given, &self.title, &self.image);
                return None;
            }
            if is_of(&given, &CHILDREN) {
                self.early.push(given);
                return None;
            }
        }
        let before = self.last.take();
        if is_of(&given, &PARENTS) {
            self.hold(given);
        } else {
            self.last = Some(given);
        }
        before
    }

    /// All that is left, in the order of the lines.
    pub(crate) fn finish(&mut self, tally: &Tally) -> Vec<Given> {
        let mut left: Vec<Given> = self.last.take().into_iter().collect();
        for given in std::mem::take(&mut self.early) {
            let parent = given
                .parent
                .as_deref()
                .and_then(|parent| self.by_key.get(parent));
            match parent {
                Some(&at) => {
                    tally.count_joined();
                    merge(&mut self.held[at], given, &self.title, &self.image);
                }
                None => left.push(given),
            }
        }
        left.append(&mut self.held);
        left.sort_by_key(|given| given.line);
        left
    }

    fn hold(&mut self, given: Given) {
        for key in keys(&given) {
            self.by_key.insert(key, self.held.len());
        }
        self.held.push(given);
    }

    /// Whether a row is about the product of the row before.
    fn goes_on(&self, given: &Given) -> bool {
        let Some(last) = &self.last else {
            return false;
        };
        let has_title = given
            .update
            .title
            .as_ref()
            .is_some_and(|title| !title.is_empty());
        last.update.id == given.update.id
            && (!has_title || (given.view.is_some() && given.view != last.view))
    }
}

/// What a product is called by those that belong to it: its id, also behind `id:`, and
/// its other keys.
fn keys(given: &Given) -> impl Iterator<Item = String> + '_ {
    let id = &given.update.id;
    let own = [id.clone(), format!("id:{id}")];
    let others = given.update.attributes.iter();
    let others = others.filter(|(name, _)| KEY.contains(&plain(name).as_str()));
    own.into_iter()
        .chain(others.map(|(_, value)| value.clone()))
}

fn is_named(given: &Given, parent: &str) -> bool {
    keys(given).any(|key| key == parent)
}

fn is_of(given: &Given, kinds: &[&str]) -> bool {
    let kind = given.kind.as_deref().map(plain);
    kind.is_some_and(|kind| kinds.contains(&kind.as_str()))
}

/// Adds what a row says to the product that it is about: values that the product does
/// not have are further ones of the attribute, also another title, picture and id.
fn merge(product: &mut Given, row: Given, title: &str, image: &str) {
    let update = &mut product.update;
    let mut more = row.update.attributes;
    if row.update.id != update.id {
        more.push(("variant id".to_owned(), row.update.id));
    }
    if let Some(other) = row
        .update
        .title
        .filter(|other| update.title.as_ref() != Some(other))
    {
        let name = match &row.view {
            Some(view) => format!("{title} {view}"),
            None => format!("variant {title}"),
        };
        more.push((name, other));
    }
    let own_image = update.image.get_or_insert_default();
    match row.update.image {
        Some(other) if own_image.is_empty() => *own_image = other,
        Some(other) if other != *own_image => more.push((image.to_owned(), other)),
        _ => {}
    }
    if row.view.is_none()
        && let Some(text) = row.update.text
    {
        text.lines()
            .for_each(|line| add_text(&mut update.text, line));
    }
    for value in more {
        if !value.1.is_empty() && !update.attributes.contains(&value) {
            update.attributes.push(value);
        }
    }
    if product.category.is_none() {
        product.category = row.category;
        product.more_categories = row.more_categories;
    }
}
