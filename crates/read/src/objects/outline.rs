//! Which of the objects in a JSON file are the rows.

use super::by_key::holders;
use super::path::{Path, Step};
use super::tokens::{Token, tokens};
use super::words::{
    CATEGORIES, NODES, OF_CATEGORIES, OTHERS, PARTS, PRODUCTS, is_attribute, is_below_categories,
    is_id, is_known, is_model, is_of_categories, is_of_children, is_of_no_products, is_title,
    names_a_list,
};
use crate::names::{CATEGORY, plain};
use crate::translated::is_of_translations;

/// How deep, and how many kinds of objects, are looked at.
const DEPTH: usize = 32;
const KINDS: usize = 500;

/// How many keys an object has at most that only holds others.
const WRAPPER: usize = 4;

/// What a file is read for, where it has several lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Products.
    Products,
    /// Categories of a taxonomy.
    Categories,
}

/// Objects that are at one path.
#[derive(Debug, Default)]
struct Kind {
    path: Path,
    count: usize,
    keys: Vec<String>,
}

/// The objects that a file begins with, by their paths.
#[derive(Debug, Default)]
pub(crate) struct Kinds(Vec<Kind>);

impl Kinds {
    /// Counts an object; returns a number for [`Self::name`].
    pub(crate) fn object(&mut self, path: &Path) -> usize {
        let known = self.0.iter().position(|kind| kind.path == *path);
        let at = known.unwrap_or_else(|| {
            // One kind more than are counted takes all others.
            if self.0.len() <= KINDS {
                self.0.push(Kind {
                    path: path.clone(),
                    ..Kind::default()
                });
            }
            self.0.len() - 1
        });
        self.0[at].count += 1;
        at
    }

    /// Takes note that an object of a number has a key.
    pub(crate) fn name(&mut self, object: usize, key: &str) {
        if let Some(kind) = self.0.get_mut(object)
            && kind.keys.len() < KINDS
            && !kind.keys.iter().any(|known| known == key)
        {
            kind.keys.push(key.to_owned());
        }
    }

    /// Takes note that an object of a number has a text beside its keys, which names it.
    pub(crate) fn text(&mut self, object: usize) {
        if self.0.get(object).is_some_and(|kind| !kind.keys.is_empty()) {
            self.name(object, "name");
        }
    }

    /// The path of the objects that are rows: they have an id and a title, as far as keys
    /// tell; they are no parts of other rows; and where there are several lists, it is
    /// the longest, with those that are like it. None if there are no objects.
    pub(crate) fn rows(&self, wanted: Wanted) -> Option<Path> {
        let eligible = self.0.iter().filter(|kind| kind.may_be_rows(&self.0));
        let eligible =
            eligible.filter(|kind| wanted == Wanted::Products || !kind.is_in_a_category(&self.0));
        let best = eligible.max_by_key(|kind| {
            let depth = std::cmp::Reverse(kind.path.0.len());
            (
                kind.rank(),
                kind.is_wanted(wanted),
                kind.repeats(),
                kind.count,
                depth,
            )
        });
        best.map(|kind| match wanted {
            Wanted::Products => self.with_kin(kind),
            Wanted::Categories => self.with_children(kind),
        })
    }

    /// The path of categories, or that of the objects in which they stand beside those below
    /// them: `{"category": {…}, "children": […]}`.
    fn with_children(&self, categories: &Kind) -> Path {
        let direct = |kind: &&Kind| kind.path.0.len() + 1 == categories.path.0.len();
        let above = self.0.iter().filter(direct);
        let mut above = above.filter(|kind| kind.path.leads_to(&categories.path));
        let holds = |kind: &Kind| kind.keys.iter().any(|key| is_of_children(key));
        let is_node = is_of_categories(categories.path.name()) || categories.path.name() == "node";
        let node = above.find(|kind| is_node && holds(kind) && !holds(categories));
        node.unwrap_or(categories).path.clone()
    }

    /// The path of a list together with those that are like it under other names, such as
    /// `{"Mugs": […], "Pans": […]}`, if what has such names is nothing else.
    fn with_kin(&self, list: &Kind) -> Path {
        let lists = self.0.iter().filter(|kind| kind.is_beside(list));
        let lists: Vec<&Kind> = lists.collect();
        let alike = |kind: &&&Kind| kind.is_like(list) && kind.may_be_rows(&self.0);
        let steps = list.path.0.iter().enumerate().map(|(at, step)| {
            let mut kin = lists.iter().filter(alike);
            match kin.any(|kind| kind.path.0[at] != *step) {
                true => Step::Any,
                false => step.clone(),
            }
        });
        let path = Path(steps.collect());
        let mut there = lists.iter().filter(|kind| path.covers(&kind.path));
        match there.all(|kind| alike(&kind)) {
            true => path,
            false => list.path.clone(),
        }
    }

    /// For each step on a way whether there are several elements, or one that is a
    /// category, so that it tells something of what is in it.
    pub(crate) fn telling(&self, path: &Path) -> Vec<bool> {
        let tells = |depth: usize| {
            let step = Path(path.0.iter().take(depth).cloned().collect());
            let mut here = self.0.iter().filter(|kind| step.covers(&kind.path));
            is_of_categories(step.name()) || here.any(Kind::repeats)
        };
        (1..path.0.len()).map(tells).collect()
    }

    /// Names of what stands among rows, and has an id and a title as they have.
    pub(crate) fn beside(&self, rows: &Path) -> Vec<String> {
        let outer = rows.outer();
        let is_beside = |kind: &&Kind| {
            let name = kind.path.name();
            let is_other = is_of_categories(name) || OTHERS.contains(&plain(name).as_str());
            outer.covers(&kind.path.outer()) && !rows.covers(&kind.path) && !is_other
        };
        let beside = self.0.iter().filter(is_beside);
        let beside = beside.filter(|kind| kind.rank() == 2);
        beside.map(|kind| kind.path.name().to_owned()).collect()
    }

    /// Names of the lists of rows, if none of them has products by its name.
    pub(crate) fn no_products(&self, rows: &Path) -> Vec<String> {
        let lists = self.0.iter().filter(|kind| rows.covers(&kind.path));
        let mut names = Vec::new();
        for list in lists {
            let name = list.path.name();
            if !is_of_no_products(name, &list.keys) {
                return Vec::new();
            }
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        names
    }

    /// The path of the outermost elements of a tree: elements with a name that have others
    /// of their kind in them (`<category>` in `<category>`), or a chain of elements that have
    /// a code and a name each.
    pub(crate) fn tree(&self) -> Option<Path> {
        let holds_kin = |kind: &&Kind| {
            let mut below = self
                .0
                .iter()
                .filter(|below| kind.path.leads_to(&below.path));
            kind.is_named() && below.any(|below| kind.is_kin(below))
        };
        let outermost = self.0.iter().filter(holds_kin);
        let outermost = outermost.min_by_key(|kind| kind.path.0.len());
        outermost.map(|kind| kind.path.clone())
    }
}

/// The path of the objects that are rows, by the beginning of a file of JSON, and the names of
/// their lists if these have no products, though such are wanted.
pub(crate) fn rows_of(head: &[u8], wanted: Wanted) -> Option<(Path, Vec<String>)> {
    let holders = match wanted {
        Wanted::Products => holders(head, is_known),
        // Trees by key are followed where they are read.
        Wanted::Categories => Vec::new(),
    };
    let kinds = kinds_of(head, holders, wanted);
    let path = kinds.rows(wanted)?;
    let others = match wanted {
        Wanted::Products => kinds.no_products(&path),
        Wanted::Categories => Vec::new(),
    };
    Some((path, others))
}

/// Whether what has that name is, by its beginning, an array of objects as they are wanted,
/// which are neither parts of others nor something else with a name; or, beside the list
/// `read`, an object in which such an array is called as that, or as products are.
pub(super) fn is_list_of(wanted: Wanted, read: &str, name: &str, beginning: &[u8]) -> bool {
    let plain_name = plain(name);
    let is_other = match wanted {
        Wanted::Products => is_of_categories(name) || OTHERS.contains(&plain_name.as_str()),
        Wanted::Categories => PRODUCTS.contains(&plain_name.as_str()) || is_of_children(name),
    };
    if is_other || PARTS.contains(&plain_name.as_str()) {
        return false;
    }
    let in_array = Path::default().then(Step::Each);
    let is_row = |kind: &Kind| match beginning.first() {
        Some(b'[') => kind.path == in_array,
        _ => {
            let list = kind.path.name();
            let is_list = kind.path.0.last() == Some(&Step::Each);
            is_list && (list == read || PRODUCTS.contains(&plain(list).as_str()))
        }
    };
    let kinds = kinds_of(beginning, Vec::new(), wanted);
    kinds.0.iter().any(|kind| is_row(kind) && kind.rank() == 2)
}

impl Kind {
    /// How many of id and title the objects have.
    fn rank(&self) -> u8 {
        let has = |is: fn(&str) -> bool| self.keys.iter().any(|key| is(&plain(key)));
        // The title of an offer can be in parts.
        let is_titled = has(is_title) || (plain(self.path.name()) == "offer" && has(is_model));
        u8::from(self.path.is_by_key() || has(is_id)) + u8::from(is_titled)
    }

    fn is_named(&self) -> bool {
        let named = |key: &String| is_title(&plain(key)) || key == "text";
        self.keys.iter().any(named)
    }

    /// Whether its path is that of a list but for names that somebody gave lists.
    fn is_beside(&self, list: &Self) -> bool {
        let named = |step: &Step| matches!(step, Step::Key(key) if names_a_list(key));
        let mut steps = self.path.0.iter().zip(&list.path.0);
        // XML has no lists but of elements, and the file is one.
        let first_list = list.path.0.iter().position(|step| *step == Step::Each);
        let mut outer = steps.by_ref().take(first_list.unwrap_or(list.path.0.len()));
        self.path.0.len() == list.path.0.len()
            && outer.all(|(own, other)| own == other || named(own) && named(other))
            && steps.all(|(own, other)| own == other)
    }

    /// Whether the objects have an id and a title as those of a list have, and more than
    /// half of the keys that either has.
    fn is_like(&self, list: &Self) -> bool {
        let shared = self.keys.iter().filter(|key| list.keys.contains(key));
        let shared = shared.count();
        let all = self.keys.len() + list.keys.len() - shared;
        self.rank() == list.rank() && self.rank() > 0 && shared * 2 > all
    }

    /// Whether it stands among what is below a category, of which the outermost one is the
    /// row, or is a product in one.
    fn is_in_a_category(&self, kinds: &[Self]) -> bool {
        let mut above = kinds.iter().filter(|kind| kind.path.leads_to(&self.path));
        above.any(|above| {
            let step = self.path.0.get(above.path.0.len());
            let children = matches!(step, Some(Step::Key(key)) if is_of_children(key));
            above.is_named() && (children || above.holds_products(self))
        })
    }

    /// Whether elements below this one are categories as it is.
    fn is_kin(&self, below: &Self) -> bool {
        let named = |kind: &Self| {
            let names = ["text", "name", "title"];
            let has = |name: &str| kind.keys.iter().any(|key| key == name);
            has("code") && names.into_iter().any(has)
        };
        let direct = below.path.0.len() == self.path.0.len() + 1;
        let same = below.path.name() == self.path.name() && below.is_named();
        same || (direct && named(self) && named(below) && !is_attribute(below.path.name()))
    }

    /// Whether objects are categories with products in them, and no products themselves.
    fn holds_products(&self, below: &Self) -> bool {
        let is_of_products = |key: &str| PRODUCTS.contains(&plain(key).as_str());
        let key = match below.path.0.get(self.path.0.len()..) {
            Some([Step::Key(key), Step::Each] | [Step::Key(key)]) => key,
            Some([Step::Key(key), Step::Key(inner)]) if is_of_products(inner) => key,
            _ => return false,
        };
        let names_category = |key: &String| {
            let key = plain(key);
            OF_CATEGORIES.contains(&key.as_str()) || CATEGORY.contains(&key.as_str())
        };
        let name = plain(self.path.name());
        let says_little = self
            .keys
            .iter()
            .all(|own| own == key || names_category(own));
        let is_group = name.is_empty() && says_little && plain(key) == "products";
        let is_category = is_of_categories(&name) || OTHERS.contains(&name.as_str());
        is_of_products(key) && (is_category || is_group)
    }

    fn repeats(&self) -> bool {
        self.path.is_array() || self.path.is_by_key() || self.count > 1
    }

    /// How much the name of the list promises.
    fn is_wanted(&self, wanted: Wanted) -> u8 {
        let name = plain(self.path.name());
        let is = |names: &[&str]| names.contains(&name.as_str());
        match wanted {
            Wanted::Products if is(PRODUCTS) => 2,
            Wanted::Products if is(OTHERS) => 0,
            Wanted::Products => 1,
            Wanted::Categories => u8::from(is(CATEGORIES)),
        }
    }

    fn may_be_rows(&self, kinds: &[Self]) -> bool {
        let name = plain(self.path.name());
        if is_of_translations(&name) {
            return false;
        }
        let single = !self.repeats();
        let is_root = self.is_named() && self.keys.iter().any(|key| is_of_children(key));
        if single && !self.path.0.is_empty() && self.rank() < 2 && !is_root {
            return false;
        }
        let above = kinds.iter().filter(|kind| kind.path.leads_to(&self.path));
        above.into_iter().all(|above| {
            let direct = self.path.0.len() == above.path.0.len() + 1;
            match above.repeats() {
                true if above.holds_products(self) => true,
                // An object in a row is a part of it, unless it is all of it.
                true if direct => above.keys.len() == 1 || NODES.contains(&name.as_str()),
                true => above.rank() < 2 && above.keys.len() <= WRAPPER,
                false => above.rank() < 2 || !PARTS.contains(&name.as_str()),
            }
        })
    }
}

/// All objects of a beginning of JSON, by their paths. The values of `holders` are at one
/// path, whatever their keys.
fn kinds_of(head: &[u8], holders: Vec<Path>, wanted: Wanted) -> Kinds {
    let mut walk = Walk {
        holders,
        wanted: Some(wanted),
        ..Walk::default()
    };
    tokens(head, |token| walk.step(token));
    walk.kinds
}

#[derive(Default)]
struct Walk {
    kinds: Kinds,
    wanted: Option<Wanted>,
    holders: Vec<Path>,
    stack: Vec<Level>,
}

/// An array or an object that is open.
struct Level {
    path: Path,
    /// The kind of the object; none for an array.
    object: Option<usize>,
    key: String,
}

impl Walk {
    /// Whether the array that is next has the categories below one, which are read as it is.
    fn is_below(&self, level: &Level) -> bool {
        self.wanted == Some(Wanted::Products)
            && level.path.0.last() == Some(&Step::Each)
            && is_of_categories(level.path.name())
            && is_below_categories(&level.key)
    }

    fn step(&mut self, token: Token) {
        match token {
            Token::Key(key) => self.name(key),
            Token::Open(is_object) => self.open(is_object),
            Token::Close => {
                self.stack.pop();
            }
            Token::Simple => {}
        }
    }

    fn name(&mut self, key: String) {
        let Some(level) = self.stack.last_mut() else {
            return;
        };
        if let Some(object) = level.object {
            self.kinds.name(object, &key);
        }
        level.key = key;
    }

    fn open(&mut self, is_object: bool) {
        let path = match self.stack.last() {
            None => Path::default(),
            Some(Level { path, .. }) if path.0.len() > DEPTH => path.clone(),
            Some(level) if !is_object && self.is_below(level) => level.path.outer(),
            Some(Level {
                path, object: None, ..
            }) => path.then(Step::Each),
            Some(level) if self.holders.contains(&level.path) => level.path.then(Step::Any),
            Some(level) => level.path.then(Step::Key(level.key.clone())),
        };
        let object = is_object.then(|| self.kinds.object(&path));
        self.stack.push(Level {
            path,
            object,
            key: String::new(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(json: &str) -> String {
        found_for(json, Wanted::Products)
    }

    fn found_for(json: &str, wanted: Wanted) -> String {
        let found = rows_of(json.as_bytes(), wanted);
        found.map_or("none".to_owned(), |(path, _)| format!("<{path}>"))
    }

    #[test]
    fn rows_are_the_objects_with_ids_and_titles() {
        for (json, path) in [
            (r#"{"id":1,"title":"a"}{"id":2,"title":"b"}"#, "<>"),
            (r#"[{"id":1,"title":"a"}]"#, "<[]>"),
            (r#"{"count":2,"items":[{"sku":1,"name":"a"}]}"#, "<items[]>"),
            (
                r#"{"data":{"list":{"x":[{"id":1,"name":"a"}]}}}"#,
                "<data.list.x[]>",
            ),
            (
                r#"{"data":{"products":{"edges":[{"cursor":"c","node":{"id":1,"title":"a"}}]}}}"#,
                "<data.products.edges[].node>",
            ),
            (
                r#"{"hits":{"hits":[{"_index":"p","_id":"1","_score":1,"_source":{"id":1,"title":"a"}}]}}"#,
                "<hits.hits[]._source>",
            ),
            (r#"{"product":{"id":1,"title":"a"}}"#, "<product>"),
            (r#"{"a":[1,2],"b":"c"}"#, "<>"),
            ("[1,2]", "none"),
        ] {
            assert_eq!(found(json), path, "{json}");
        }
    }

    #[test]
    fn objects_by_key_are_rows_where_they_are_alike() {
        let two = r#"{"p1":{"title":"a","price":1},"p2":{"title":"b","price":2}}"#;
        for (json, path) in [
            (two.to_owned(), "<{}>"),
            (format!(r#"{{"count":2,"products":{two}}}"#), "<products{}>"),
            (
                format!(
                    r#"{{"brands":{{"b1":{{"name":"x"}},"b2":{{"name":"y"}},"b3":{{"name":"z"}}}},"products":{two}}}"#
                ),
                "<products{}>",
            ),
            (
                r#"{"p1":{"category":"A"},"p2":{"category":"B"}}"#.to_owned(),
                "<{}>",
            ),
            (
                r#"{"p1":{"title":"a"},"p2":{"title":"b"},"p3":{"ti"#.to_owned(),
                "<{}>",
            ),
            // A product with parts, in languages, and what is beside products.
            (format!(r#"{{"id":1,"title":"a","variants":{two}}}"#), "<>"),
            (format!(r#"{{"id":1,"texts":{two}}}"#), "<>"),
            (
                r#"{"en":{"title":"a"},"de":{"title":"b"}}"#.to_owned(),
                "<>",
            ),
            (
                r#"{"brand":{"name":"a"},"category":{"name":"b"}}"#.to_owned(),
                "<>",
            ),
            (
                r#"{"meta":{"id":1,"name":"Feed"},"items":[{"id":1,"title":"a"}]}"#.to_owned(),
                "<items[]>",
            ),
            (
                r#"{"product":{"id":1,"title":"a"},"p":{"id":1,"title":"a"}}"#.to_owned(),
                "<product>",
            ),
            (
                r#"{"a":{"title":"a","x":1,"y":2},"b":{"u":1},"c":{"v":1}}"#.to_owned(),
                "<>",
            ),
            (format!("{two}\n{two}\n"), "<>"),
        ] {
            assert_eq!(found(&json), path, "{json}");
        }
    }

    #[test]
    fn parts_of_rows_are_no_rows() {
        for (json, path) in [
            (
                r#"{"products":[{"id":1,"title":"a","variants":[{"id":3,"title":"S"},{"id":4,"title":"M"}]}]}"#,
                "<products[]>",
            ),
            (
                r#"{"id":1,"title":"a","variants":[{"id":3,"title":"S"}]}"#,
                "<>",
            ),
            (
                r#"{"nr":1,"text":"a","cat":{"id":3,"name":"S"}}{"nr":2,"text":"b"}"#,
                "<>",
            ),
            (
                r#"[{"id":1,"name":"a","children":[{"id":2,"name":"b"},{"id":3,"name":"c"}]}]"#,
                "<[]>",
            ),
            (
                r#"{"id":"f","title":"Feed","items":[{"id":1,"title":"a"}]}"#,
                "<items[]>",
            ),
        ] {
            assert_eq!(found(json), path, "{json}");
        }
    }

    #[test]
    fn of_several_lists_it_is_the_one_that_is_wanted_or_the_longest() {
        let both = r#"{"categories":[{"id":1,"name":"a"},{"id":2,"name":"b"}],"products":[{"id":3,"name":"c"}]}"#;
        assert_eq!(found(both), "<products[]>");
        assert_eq!(found_for(both, Wanted::Categories), "<categories[]>");
        let two =
            r#"{"new":[{"id":1,"name":"a"}],"all":[{"id":1,"name":"a"},{"id":2,"name":"b"}]}"#;
        assert_eq!(found(two), "<all[]>");
        let shelves = r#"{"version":"1","shelves":[{"name":"A","rows":[{"id":1,"name":"a"}]},{"name":"B","rows":[]}]}"#;
        assert_eq!(found(shelves), "<shelves[].rows[]>");
    }

    #[test]
    fn a_beginning_is_enough() {
        let cut = r#"{"products":[{"id":1,"title":"a"},{"id":2,"ti"#;
        assert_eq!(found(cut), "<products[]>");
    }
}
