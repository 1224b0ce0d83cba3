//! Finding a category by what a file calls it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::{Category, CategoryIndex, TaxonomyError, print_path};
use crate::text::{clean, fold};

/// What stands between the names of a path in files: cleaned text has these for all
/// of them, full-width ones too.
const SIGNS: [char; 12] = [
    '>', '»', '›', '→', '⟩', '/', '|', '\\', ':', ';', ',', BETWEEN,
];

/// Stands for any [`SIGNS`] in the keys of paths.
const BETWEEN: char = '\u{1f}';

/// Categories by their ids, paths and names.
#[derive(Clone, Debug, Default)]
pub(super) struct Finder {
    ids: HashMap<String, CategoryIndex>,
    /// By the last part of ids that are addresses (`gid://shop/Category/ap-1`).
    short_ids: HashMap<String, Option<CategoryIndex>>,
    /// By folded printed paths, and by exact ones where these differ in case only.
    paths: HashMap<String, CategoryIndex>,
    /// By the [`key`] of the path, in its case and folded; none where several share it.
    keys: HashMap<String, Option<CategoryIndex>>,
    names: HashMap<String, Vec<CategoryIndex>>,
    /// By the last part of the key of the path.
    endings: HashMap<String, Vec<CategoryIndex>>,
}

/// A category with the names on its way from the root.
struct Named<'a> {
    index: CategoryIndex,
    names: &'a [&'a str],
    printed: String,
}

impl Finder {
    pub(super) fn new(categories: &[Category]) -> Self {
        let mut finder = Self {
            ids: HashMap::with_capacity(categories.len()),
            paths: HashMap::with_capacity(categories.len()),
            keys: HashMap::with_capacity(categories.len()),
            ..Self::default()
        };
        for (index, category) in (0..).zip(categories) {
            finder.ids.insert(category.id.clone(), index);
            if let Some(short) = short_id(&category.id) {
                let only = finder.short_ids.entry(short.to_owned());
                only.and_modify(|only| *only = None).or_insert(Some(index));
            }
        }
        let mut names = Vec::new();
        for (index, category) in (0..).zip(categories) {
            lineage(categories, category, &mut names);
            let printed = print_path(&names);
            let names = &names[..];
            finder.add_path(
                categories,
                &Named {
                    index,
                    names,
                    printed,
                },
            );
            finder.add_name(index, &category.name);
            for (_, translated) in &category.translations {
                if translated.len() > 1 {
                    let path = fold(&print_path(translated));
                    finder.paths.entry(path).or_insert(index);
                    let key = fold(&key_of(translated));
                    finder.keys.entry(key).or_insert(Some(index));
                }
                if let Some(name) = translated.last() {
                    finder.add_name(index, name);
                }
            }
        }
        finder
    }

    fn add_path(&mut self, categories: &[Category], named: &Named<'_>) {
        let Named {
            index,
            names,
            printed,
        } = named;
        let twin = match self.paths.entry(fold(printed)) {
            Entry::Vacant(entry) => {
                entry.insert(*index);
                None
            }
            // Paths that differ in case only are told apart by their case.
            Entry::Occupied(entry) => Some(*entry.get()),
        };
        let key = key_of(names);
        let folded = fold(&key);
        if let Some(ending) = folded.rsplit(BETWEEN).next() {
            let ending = self.endings.entry(ending.to_owned()).or_default();
            ending.push(*index);
        }
        if let Some(twin) = twin {
            let mut others = Vec::new();
            lineage(categories, &categories[twin as usize], &mut others);
            self.paths.insert(print_path(&others), twin);
            self.paths.insert(printed.clone(), *index);
            self.keys.insert(key_of(&others), Some(twin));
            self.keys.insert(key, Some(*index));
        } else {
            let shared = self.keys.entry(folded);
            shared
                .and_modify(|only| *only = None)
                .or_insert(Some(*index));
        }
    }

    fn add_name(&mut self, index: CategoryIndex, name: &str) {
        let named = self.names.entry(fold(name)).or_default();
        if named.last() != Some(&index) {
            named.push(index);
        }
    }

    pub(super) fn by_id(&self, id: &str) -> Option<CategoryIndex> {
        self.ids.get(id).copied()
    }

    /// The category that `text` means, `path` telling the printed path of one.
    pub(super) fn resolve(
        &self,
        text: &str,
        path: impl Fn(CategoryIndex) -> String,
    ) -> Result<CategoryIndex, TaxonomyError> {
        let text = text.trim();
        if let Some(index) = self.exactly(text) {
            return Ok(index);
        }
        let cleaned = clean(text);
        if cleaned != text
            && let Some(index) = self.exactly(&cleaned)
        {
            return Ok(index);
        }
        let found = self.loosely(&cleaned, &path);
        match found[..] {
            [index] => Ok(index),
            [] => Err(TaxonomyError::Unknown {
                text: text.to_owned(),
            }),
            _ => Err(TaxonomyError::Ambiguous {
                text: text.to_owned(),
                paths: found.into_iter().map(path).collect(),
            }),
        }
    }

    /// By id or whole printed path.
    fn exactly(&self, text: &str) -> Option<CategoryIndex> {
        let path = || {
            let exact = self.paths.get(text);
            exact.or_else(|| self.paths.get(&fold(text))).copied()
        };
        self.by_id(text)
            .or_else(path)
            .or_else(|| self.by_id(whole_number(text)?))
            .or_else(|| match short_id(text) {
                Some(short) => self.by_id(short),
                None => self.short_ids.get(text).copied().flatten(),
            })
    }

    /// All that the text may mean: a name, a path with whatever signs between its
    /// names, or the end of one.
    fn loosely(&self, text: &str, path: &impl Fn(CategoryIndex) -> String) -> Vec<CategoryIndex> {
        let key = key(text);
        let folded = fold(&key);
        let mut found = self.names.get(&fold(text)).cloned().unwrap_or_default();
        if found.len() > 1 {
            return found;
        }
        let whole = self.keys.get(&key).or_else(|| self.keys.get(&folded));
        let several = whole == Some(&None);
        if let Some(Some(index)) = whole
            && !found.contains(index)
        {
            found.push(*index);
        }
        if !found.is_empty() || !folded.contains(BETWEEN) {
            return found;
        }
        let ends = |index: &CategoryIndex| {
            let path = fold(&key_of(&super::parse_path(&path(*index))));
            let before = path.strip_suffix(folded.as_str());
            before.is_some_and(|before| (several && before.is_empty()) || before.ends_with(BETWEEN))
        };
        let last = folded.rsplit(BETWEEN).next().unwrap_or_default();
        let ending = self.endings.get(last).into_iter().flatten();
        let found: Vec<CategoryIndex> = ending.copied().filter(ends).collect();
        if !found.is_empty() {
            return found;
        }
        // The whole path behind a root that the tree has not (`Shop > Kitchen > Pans`).
        let below = folded.split_once(BETWEEN).map(|(_, below)| below);
        let below = below.filter(|below| below.contains(BETWEEN));
        let below = below.and_then(|below| self.keys.get(below).copied().flatten());
        below.into_iter().collect()
    }
}

/// The names from the root down to `category`.
fn lineage<'a>(categories: &'a [Category], category: &'a Category, names: &mut Vec<&'a str>) {
    names.clear();
    let mut at = Some(category);
    while let Some(category) = at {
        names.push(&category.name);
        at = category.parent.map(|parent| &categories[parent as usize]);
    }
    names.reverse();
}

fn key_of<N: AsRef<str>>(names: &[N]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    key(&names.join("\u{1f}"))
}

/// A text with one sign for all that may separate names, and no spaces around it.
fn key(text: &str) -> String {
    let parts = text.split(SIGNS).map(str::trim);
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    parts.join("\u{1f}")
}

/// `3` for `3.0`, which spreadsheets make of it.
fn whole_number(text: &str) -> Option<&str> {
    let (whole, rest) = text.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits(whole) && digits(rest) && rest.bytes().all(|byte| byte == b'0')).then_some(whole)
}

/// `ap-1` for `gid://shop/Category/ap-1`.
fn short_id(id: &str) -> Option<&str> {
    let (_, address) = id.split_once("://")?;
    let (_, short) = address.rsplit_once('/')?;
    (!short.is_empty()).then_some(short)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::taxonomy::{CategoryRow, Place, Taxonomy};

    fn tree(paths: &[(&str, &str)]) -> Taxonomy {
        let row = |&(id, path): &(&str, &str)| CategoryRow {
            id: Some(id.to_owned()),
            place: Place::Path(super::super::parse_path(path)),
            ..CategoryRow::default()
        };
        Taxonomy::from_rows(paths.iter().map(row).collect()).unwrap()
    }

    const SHOP: [(&str, &str); 6] = [
        ("1", "Home & Yard"),
        ("2", "Home & Yard > Cooking"),
        ("3", "Home & Yard > Cooking > Woks & Lids"),
        ("4", "Home & Yard > Disks/Drives > SSD, fast"),
        ("5", "Office > Lamps"),
        ("6", "Home & Yard > Lamps"),
    ];

    #[track_caller]
    fn check(tree: &Taxonomy, id: &str, texts: &[&str]) {
        for text in texts {
            let found = tree.resolve(text).map(|index| &tree.category(index).id);
            assert_eq!(found, Ok(&id.to_owned()), "{text}");
        }
    }

    #[test]
    fn paths_are_found_whatever_separates_them() {
        let tree = tree(&SHOP);
        let cooking = [
            "Home & Yard > Cooking > Woks & Lids",
            "home & yard>cooking>woks & lids",
            "Home & Yard >> Cooking >> Woks & Lids",
            "/Home & Yard/Cooking/Woks & Lids/",
            "Home & Yard｜Cooking｜Woks & Lids",
            "Home & Yard＞Cooking＞Woks & Lids",
            "Home & Yard » Cooking › Woks & Lids",
            "Home & Yard:Cooking:Woks & Lids",
            "Home & Yard::Cooking::Woks & Lids",
            r"Home & Yard\Cooking\Woks & Lids",
            "Home & Yard→Cooking→Woks & Lids",
            "Home & Yard;Cooking;Woks & Lids",
            "Home &amp; Yard &gt; Cooking &gt; Woks &amp; Lids",
            " Home & Yard  >  Cooking >\u{a0}Woks & Lids ",
            "Cooking > Woks & Lids",
            "woks & lids",
            "Shop > Home & Yard > Cooking > Woks & Lids",
            "3.0",
            "gid://shop/Category/3",
        ];
        check(&tree, "3", &cooking);
        check(
            &tree,
            "4",
            &[
                "Home & Yard/Disks/Drives/SSD, fast",
                "SSD, fast",
                "Disks/Drives > SSD, fast",
            ],
        );
    }

    #[test]
    fn what_may_mean_several_is_refused_with_their_paths() {
        let tree = tree(&SHOP);
        let refused = tree.resolve("lamps").unwrap_err().to_string();
        for path in ["`Office > Lamps`", "`Home & Yard > Lamps`"] {
            assert!(refused.contains(path), "{refused}");
        }
        check(&tree, "5", &["Office > Lamps"]);
        for text in ["3.5", "Shop > Lamps", "Cooking > Lamps", "Lids", ">", ""] {
            let found = tree.resolve(text);
            assert!(
                matches!(found, Err(TaxonomyError::Unknown { .. })),
                "{text}: {found:?}"
            );
        }
    }

    #[test]
    fn a_name_that_reads_like_another_path_is_refused() {
        let tree = tree(&[("1", "Food > Nuts, Dried"), ("2", "Nuts > Dried")]);
        let found = tree.resolve("Nuts, Dried");
        assert!(
            matches!(found, Err(TaxonomyError::Ambiguous { .. })),
            "{found:?}"
        );
        check(&tree, "2", &["Nuts > Dried"]);
        check(&tree, "1", &["Food > Nuts, Dried"]);
    }

    #[test]
    fn long_ids_are_found_by_their_last_part() {
        let tree = tree(&[("gid://shop/Category/a-1", "A"), ("3.0", "B"), ("3", "C")]);
        check(
            &tree,
            "gid://shop/Category/a-1",
            &["a-1", "gid://shop/Category/a-1"],
        );
        check(&tree, "3.0", &["3.0"]);
        check(&tree, "3", &["3", "3.00"]);
    }
}
