//! Objects of JSON that hold products by their ids: `{"p1": {"title": …}, "p2": {…}}`.

use std::collections::{HashMap, HashSet};

use super::path::{Path, Step};
use super::tokens::{Token, tokens};
use super::words::NO_IDS;
use crate::language::is_language;
use crate::names::{CATEGORY, TITLE, plain};

/// The name of the column of the keys.
pub(crate) const KEY: &str = "(key)";

/// How deep an object by key may be.
const DEPTH: usize = 4;

/// How many objects by key are compared.
const COMPARED: usize = 1000;

/// An object that may hold products by key.
#[derive(Default)]
struct Holder {
    /// How often there is one at its path.
    count: usize,
    /// Its keys, and whether one has another value than an object.
    keys: Vec<String>,
    mixed: bool,
    /// The keys of the objects in it.
    inner: Vec<Vec<String>>,
}

/// An object or an array that is open.
struct Level {
    /// The path of an object that may hold products; none for others.
    holder: Option<Path>,
    /// Whether it is in such an object, and its keys are looked at.
    is_inner: bool,
    key: String,
}

/// The paths of the objects that hold products by key, as far as a beginning of JSON
/// tells. `known` are names that a file has for what is no product.
pub(super) fn holders(head: &[u8], known: impl Fn(&str) -> bool) -> Vec<Path> {
    let mut found: HashMap<Path, Holder> = HashMap::new();
    let mut stack: Vec<Level> = Vec::new();
    tokens(head, |token| match token {
        Token::Key(key) => name(&mut found, &mut stack, key),
        Token::Simple => {
            if let Some(holder) = above(&mut found, &stack) {
                holder.mixed = true;
            }
        }
        Token::Open(is_object) => open(&mut found, &mut stack, is_object),
        Token::Close => {
            stack.pop();
        }
    });
    let is_of_products = |path: &&Path| {
        let is = |holder: &Holder| holder.holds_products(&known);
        found.get(*path).is_some_and(is) && !is_in_a_product(&found, path)
    };
    found.keys().filter(is_of_products).cloned().collect()
}

fn above<'f>(found: &'f mut HashMap<Path, Holder>, stack: &[Level]) -> Option<&'f mut Holder> {
    found.get_mut(stack.last()?.holder.as_ref()?)
}

fn name(found: &mut HashMap<Path, Holder>, stack: &mut [Level], key: String) {
    if let Some(holder) = above(found, stack) {
        holder.keys.push(key.clone());
    }
    let outer = stack.len().checked_sub(2).map(|at| &stack[..=at]);
    if stack.last().is_some_and(|level| level.is_inner)
        && let Some(holder) = outer.and_then(|outer| above(found, outer))
        && let Some(keys) = holder.inner.last_mut()
    {
        keys.push(key.clone());
    }
    if let Some(level) = stack.last_mut() {
        level.key = key;
    }
}

fn open(found: &mut HashMap<Path, Holder>, stack: &mut Vec<Level>, is_object: bool) {
    let holder = above(found, stack);
    let is_inner = holder.is_some_and(|holder| {
        holder.mixed |= !is_object;
        // One that ends the comparison takes the keys of all others.
        if is_object && holder.inner.len() <= COMPARED {
            holder.inner.push(Vec::new());
        }
        is_object
    });
    let path = match stack.last() {
        None => Some(Path::default()),
        Some(level) => {
            let path = level.holder.as_ref();
            path.map(|path| path.then(Step::Key(level.key.clone())))
        }
    };
    let path = path.filter(|path| is_object && path.0.len() < DEPTH);
    // Of many objects none holds others.
    let path = path.filter(|path| found.len() <= COMPARED || found.contains_key(path));
    if let Some(path) = &path {
        found.entry(path.clone()).or_default().count += 1;
    }
    stack.push(Level {
        holder: path,
        is_inner,
        key: String::new(),
    });
}

/// Whether something above an object says of itself what products say.
fn is_in_a_product(found: &HashMap<Path, Holder>, path: &Path) -> bool {
    let says = |holder: &Holder| {
        let mut keys = holder.keys.iter().map(|key| plain(key));
        holder.count > 1 || holder.mixed && keys.any(|key| key == "id" || is_telling(&key))
    };
    let mut above = found.iter().filter(|(above, _)| above.leads_to(path));
    above.any(|(_, holder)| says(holder))
}

fn is_telling(key: &str) -> bool {
    TITLE.contains(&key) || CATEGORY.contains(&key)
}

impl Holder {
    /// Whether all that it has are objects that are alike and say what products say, by
    /// keys that may be ids.
    fn holds_products(&self, known: &impl Fn(&str) -> bool) -> bool {
        let is_id = |key: &String| {
            let plain = plain(key);
            !known(&plain) && !NO_IDS.contains(&plain.as_str()) && !is_language(key)
        };
        let inner = &self.inner[..self.inner.len().min(COMPARED)];
        // The last may be cut.
        let whole = &inner[..inner.len() - usize::from(inner.len() > 2)];
        self.count == 1
            && !self.mixed
            && self.inner.len() >= 2
            && self.keys.iter().all(is_id)
            && are_alike(whole)
    }
}

/// Whether nearly all objects have most of the keys that most of them have, and one of
/// these is that of a title or a category.
fn are_alike(objects: &[Vec<String>]) -> bool {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for keys in objects {
        let keys: HashSet<&str> = keys.iter().map(String::as_str).collect();
        keys.into_iter()
            .for_each(|key| *counts.entry(key).or_default() += 1);
    }
    let common = counts
        .iter()
        .filter(|(_, count)| **count * 2 > objects.len());
    let common: HashSet<&str> = common.map(|(key, _)| *key).collect();
    let has_most = |keys: &&Vec<String>| {
        let has = |key: &&&str| keys.iter().any(|own| own == **key);
        common.iter().filter(has).count() * 2 >= common.len()
    };
    let alike = objects.iter().filter(has_most).count();
    alike * 10 >= objects.len() * 9 && common.iter().any(|key| is_telling(&plain(key)))
}
