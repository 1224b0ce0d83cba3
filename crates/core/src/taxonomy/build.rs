//! From unchecked rows to a checked tree.

use std::collections::HashMap;

use super::{Category, CategoryIndex, CategoryRow, Place, TaxonomyError, print_path};

/// The most levels a tree may have: far more than a person makes. Paths of a
/// chain of categories would fill any memory.
const MAX_DEPTH: u32 = 64;

/// Checks the rows against each other and orders parents before children.
pub(crate) fn build(rows: Vec<CategoryRow>) -> Result<Vec<Category>, TaxonomyError> {
    let mut builder = Builder::default();
    let (paths, children): (Vec<_>, Vec<_>) = rows
        .into_iter()
        .partition(|row| matches!(row.place, Place::Path(_)));
    for row in paths {
        builder.add_path(row)?;
    }
    for (row, parent) in parents_first(children)? {
        builder.add_child(row, parent)?;
    }
    builder.finish()
}

#[derive(Default)]
struct Builder {
    nodes: Vec<Category>,
    /// Line on which a node got its id; none for implied ancestors.
    claimed: Vec<Option<u64>>,
    /// Level of each node, 1 for the roots.
    levels: Vec<u32>,
    by_place: HashMap<(Option<CategoryIndex>, String), CategoryIndex>,
    by_id: HashMap<String, CategoryIndex>,
}

impl Builder {
    fn add_path(&mut self, mut row: CategoryRow) -> Result<(), TaxonomyError> {
        let Place::Path(names) = std::mem::take(&mut row.place) else {
            return Ok(());
        };
        let mut node = None;
        for name in names {
            if name.trim().is_empty() {
                return Err(bad_row(&row, "a path has an empty name in it"));
            }
            node = Some(self.node(node, name, row.line)?);
        }
        let Some(node) = node else {
            return Err(bad_row(&row, "a category has no path"));
        };
        self.claim(node, row)
    }

    fn add_child(
        &mut self,
        mut row: CategoryRow,
        parent: Option<String>,
    ) -> Result<(), TaxonomyError> {
        let Place::Child { name, .. } = std::mem::take(&mut row.place) else {
            return Ok(());
        };
        if name.trim().is_empty() {
            return Err(bad_row(&row, "a category has no name"));
        }
        let parent = parent.and_then(|id| self.by_id.get(&id).copied());
        let node = self.node(parent, name, row.line)?;
        self.claim(node, row)
    }

    /// The node of that place, made for the row on `line` if there is none.
    fn node(
        &mut self,
        parent: Option<CategoryIndex>,
        name: String,
        line: u64,
    ) -> Result<CategoryIndex, TaxonomyError> {
        if let Some(&node) = self.by_place.get(&(parent, name.clone())) {
            return Ok(node);
        }
        let level = parent.map_or(1, |parent| self.levels[parent as usize] + 1);
        if level > MAX_DEPTH {
            let what = format!(
                "category `{name}` is on level {level}, the most is {MAX_DEPTH}; check the parents, or the separator of the paths"
            );
            return Err(TaxonomyError::BadRow { line, what });
        }
        let node = self.nodes.len() as CategoryIndex;
        self.by_place.insert((parent, name.clone()), node);
        self.nodes.push(Category {
            name,
            parent,
            ..Category::default()
        });
        self.claimed.push(None);
        self.levels.push(level);
        if let Some(parent) = parent {
            self.nodes[parent as usize].children.push(node);
        }
        Ok(node)
    }

    fn claim(&mut self, node: CategoryIndex, row: CategoryRow) -> Result<(), TaxonomyError> {
        let at = node as usize;
        let id = row.id.unwrap_or_else(|| self.path(node));
        if let Some(&other) = self.by_id.get(&id)
            && other != node
        {
            return Err(TaxonomyError::TwoPaths {
                line: row.line,
                path: self.path(node),
                other: self.path(other),
                first: self.claimed[other as usize].unwrap_or_default(),
                id,
            });
        }
        if let Some(first) = self.claimed[at]
            && self.nodes[at].id != id
        {
            return Err(TaxonomyError::TwoIds {
                line: row.line,
                path: self.path(node),
                other: self.nodes[at].id.clone(),
                id,
                first,
            });
        }
        self.by_id.insert(id.clone(), node);
        self.claimed[at].get_or_insert(row.line);
        let category = &mut self.nodes[at];
        category.id = id;
        category.descriptions.extend(row.descriptions);
        category.aliases.extend(row.aliases);
        category.examples.extend(row.examples);
        category.translations.extend(row.translations);
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Category>, TaxonomyError> {
        if self.nodes.is_empty() {
            return Err(TaxonomyError::Empty);
        }
        for at in 0..self.nodes.len() {
            if self.claimed[at].is_none() {
                let path = self.path(at as CategoryIndex);
                if let Some(&other) = self.by_id.get(&path) {
                    return Err(TaxonomyError::TwoPaths {
                        line: self.claimed[other as usize].unwrap_or_default(),
                        other: path.clone(),
                        first: self.claimed[other as usize].unwrap_or_default(),
                        path: self.path(other),
                        id: path,
                    });
                }
                self.nodes[at].id = path;
            }
        }
        Ok(self.nodes)
    }

    fn path(&self, node: CategoryIndex) -> String {
        let mut names = Vec::new();
        let mut at = Some(node);
        while let Some(node) = at {
            let category = &self.nodes[node as usize];
            names.push(category.name.as_str());
            at = category.parent;
        }
        names.reverse();
        print_path(names)
    }
}

fn bad_row(row: &CategoryRow, what: &str) -> TaxonomyError {
    TaxonomyError::BadRow {
        line: row.line,
        what: what.to_owned(),
    }
}

/// A row with the id of its parent taken out of its place.
type Child = (CategoryRow, Option<String>);

/// Orders `id, parent, name` rows so that a parent precedes its children, and
/// refuses unknown parents, repeated ids and cycles.
fn parents_first(rows: Vec<CategoryRow>) -> Result<Vec<Child>, TaxonomyError> {
    let mut by_id: HashMap<String, usize> = HashMap::with_capacity(rows.len());
    let mut links: Vec<Option<String>> = Vec::with_capacity(rows.len());
    for (at, row) in rows.iter().enumerate() {
        let Place::Child { parent, name } = &row.place else {
            continue;
        };
        let Some(id) = row.id.clone() else {
            return Err(bad_row(
                row,
                "a category that names its parent needs an id of its own",
            ));
        };
        if let Some(&first) = by_id.get(&id) {
            let first: &CategoryRow = &rows[first];
            if first.place != row.place {
                return Err(TaxonomyError::TwoPaths {
                    line: row.line,
                    id,
                    path: name.clone(),
                    other: own_name(first),
                    first: first.line,
                });
            }
        } else {
            by_id.insert(id, at);
        }
        links.push(parent.clone());
    }
    let order = order_by_parent(&rows, &links, &by_id)?;
    let mut rows: Vec<Option<CategoryRow>> = rows.into_iter().map(Some).collect();
    Ok(order
        .into_iter()
        .filter_map(|at| Some((rows[at].take()?, links[at].clone())))
        .collect())
}

fn own_name(row: &CategoryRow) -> String {
    match &row.place {
        Place::Child { name, .. } => name.clone(),
        Place::Path(names) => print_path(names),
    }
}

/// Positions of the rows, each after its parent and otherwise in file order.
fn order_by_parent(
    rows: &[CategoryRow],
    links: &[Option<String>],
    by_id: &HashMap<String, usize>,
) -> Result<Vec<usize>, TaxonomyError> {
    let mut placed = vec![false; rows.len()];
    let mut order = Vec::with_capacity(rows.len());
    let mut on_way = vec![false; rows.len()];
    for start in 0..rows.len() {
        let mut way = Vec::new();
        let mut at = start;
        while !placed[at] {
            if on_way[at] {
                return Err(cycle(rows, &way, at));
            }
            on_way[at] = true;
            way.push(at);
            let Some(parent) = &links[at] else { break };
            at = *by_id
                .get(parent)
                .ok_or_else(|| TaxonomyError::MissingParent {
                    line: rows[at].line,
                    id: rows[at].id.clone().unwrap_or_default(),
                    parent: parent.clone(),
                })?;
        }
        for at in way.into_iter().rev() {
            on_way[at] = false;
            placed[at] = true;
            order.push(at);
        }
    }
    Ok(order)
}

fn cycle(rows: &[CategoryRow], way: &[usize], back: usize) -> TaxonomyError {
    let from = way.iter().position(|&at| at == back).unwrap_or(0);
    let id = |at: usize| rows[at].id.clone().unwrap_or_default();
    let mut ids: Vec<String> = way[from..].iter().map(|&at| id(at)).collect();
    ids.push(id(back));
    if ids.len() > 8 {
        ids.splice(4..ids.len() - 3, ["…".to_owned()]);
    }
    TaxonomyError::Cycle {
        line: rows[back].line,
        id: id(back),
        through: ids.join(" → "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::taxonomy::Taxonomy;

    fn path(line: u64, id: Option<&str>, path: &str) -> CategoryRow {
        CategoryRow {
            line,
            id: id.map(str::to_owned),
            place: Place::Path(path.split(" > ").map(str::to_owned).collect()),
            ..CategoryRow::default()
        }
    }

    fn child(line: u64, id: &str, parent: Option<&str>, name: &str) -> CategoryRow {
        CategoryRow {
            line,
            id: Some(id.to_owned()),
            place: Place::Child {
                parent: parent.map(str::to_owned),
                name: name.to_owned(),
            },
            ..CategoryRow::default()
        }
    }

    #[test]
    fn ancestors_without_a_row_are_implied() {
        let taxonomy =
            Taxonomy::from_rows(vec![path(1, Some("7"), "Shoes > Boots > Rain")]).unwrap();
        assert_eq!(taxonomy.len(), 3);
        let leaf = taxonomy.by_id("7").unwrap();
        assert_eq!(taxonomy.path(leaf), "Shoes > Boots > Rain");
        assert!(taxonomy.by_id("Shoes > Boots").is_some());
    }

    #[test]
    fn an_ancestor_may_get_its_id_after_its_children() {
        let rows = vec![path(1, Some("b"), "A > B"), path(2, Some("a"), "A")];
        let taxonomy = Taxonomy::from_rows(rows).unwrap();
        assert_eq!(taxonomy.path(taxonomy.by_id("a").unwrap()), "A");
        assert_eq!(taxonomy.len(), 2);
    }

    #[test]
    fn one_id_for_two_paths_names_both_lines() {
        let rows = vec![path(3, Some("1"), "A"), path(9, Some("1"), "B")];
        let error = Taxonomy::from_rows(rows).unwrap_err();
        assert_eq!(error.line(), Some(9));
        assert!(error.to_string().contains("line 3"), "{error}");
    }

    #[test]
    fn two_ids_for_one_path_name_both_lines() {
        for rows in [
            vec![path(3, Some("1"), "A > B"), path(9, Some("2"), "A > B")],
            vec![
                child(1, "r", None, "A"),
                child(3, "1", Some("r"), "B"),
                child(9, "2", Some("r"), "B"),
            ],
        ] {
            let error = Taxonomy::from_rows(rows).unwrap_err();
            assert!(
                matches!(
                    error,
                    TaxonomyError::TwoIds {
                        line: 9,
                        first: 3,
                        ..
                    }
                ),
                "{error}"
            );
        }
    }

    #[test]
    fn a_repeated_row_is_harmless() {
        let rows = vec![path(1, Some("1"), "A"), path(2, Some("1"), "A")];
        assert_eq!(Taxonomy::from_rows(rows).unwrap().len(), 1);
        let rows = vec![child(1, "1", None, "A"), child(2, "1", None, "A")];
        assert_eq!(Taxonomy::from_rows(rows).unwrap().len(), 1);
    }

    #[test]
    fn children_may_come_before_their_parents() {
        let rows = vec![
            child(1, "c", Some("b"), "C"),
            child(2, "b", Some("a"), "B"),
            child(3, "a", None, "A"),
        ];
        let taxonomy = Taxonomy::from_rows(rows).unwrap();
        assert_eq!(taxonomy.path(taxonomy.by_id("c").unwrap()), "A > B > C");
        for (index, category) in taxonomy.categories().iter().enumerate() {
            assert!(
                category
                    .parent
                    .is_none_or(|parent| (parent as usize) < index)
            );
        }
    }

    #[test]
    fn a_missing_parent_names_its_line() {
        let error = Taxonomy::from_rows(vec![child(5, "a", Some("zz"), "A")]).unwrap_err();
        assert_eq!(error.line(), Some(5));
        assert!(error.to_string().contains("`zz`"), "{error}");
    }

    #[test]
    fn a_cycle_names_a_line_on_it_and_its_members() {
        let rows = vec![
            child(1, "x", Some("a"), "X"),
            child(2, "a", Some("b"), "A"),
            child(3, "b", Some("a"), "B"),
        ];
        let error = Taxonomy::from_rows(rows).unwrap_err();
        assert_eq!(error.line(), Some(2));
        assert!(error.to_string().contains("a → b → a"), "{error}");
    }

    #[test]
    fn a_chain_of_categories_is_refused_where_it_gets_too_deep() {
        let rows = (1..=100_000u64)
            .map(|n| {
                let parent = (n > 1).then(|| (n - 1).to_string());
                child(n, &n.to_string(), parent.as_deref(), "x")
            })
            .collect();
        let error = Taxonomy::from_rows(rows).unwrap_err();
        assert_eq!(error.line(), Some(u64::from(MAX_DEPTH) + 1));
        assert!(error.to_string().contains("level 65"), "{error}");
    }

    #[test]
    fn a_quarter_million_categories_build() {
        let rows = (0..250_000u64)
            .map(|n| {
                child(
                    n + 1,
                    &n.to_string(),
                    (n > 0).then(|| ((n - 1) / 10).to_string()).as_deref(),
                    &format!("n{n}"),
                )
            })
            .collect();
        assert_eq!(Taxonomy::from_rows(rows).unwrap().len(), 250_000);
    }

    #[test]
    fn paths_that_differ_in_case_only_are_told_apart() {
        for names in [
            ["Home > Pans", "Home > pans"],
            ["home > Pans", "home > pans"],
        ] {
            let rows = vec![path(1, Some("1"), names[0]), path(2, Some("2"), names[1])];
            let taxonomy = Taxonomy::from_rows(rows).unwrap();
            for (id, name) in ["1", "2"].into_iter().zip(names) {
                let expected = taxonomy.by_id(id).unwrap();
                assert_eq!(taxonomy.resolve(name), Ok(expected), "{name}");
                assert_eq!(taxonomy.resolve(&name.replace(" > ", "/")), Ok(expected));
            }
            assert!(taxonomy.resolve("HOME > PANS").is_ok());
        }
    }

    #[test]
    fn categories_resolve_by_id_path_and_unique_name() {
        let mut rows = vec![
            path(1, Some("1"), "Home > Lamps"),
            path(2, Some("2"), "Garden > Lamps"),
            path(3, Some("3"), "Garden > Hoses"),
        ];
        rows[2]
            .translations
            .push(("zh".to_owned(), vec!["花园".to_owned(), "水管".to_owned()]));
        let taxonomy = Taxonomy::from_rows(rows).unwrap();
        let hoses = taxonomy.by_id("3").unwrap();
        for text in [
            "3",
            "garden>>HOSES",
            "Garden / Hoses",
            "Garden > Hoses",
            "hoses",
            "水管",
            "花园 > 水管",
        ] {
            assert_eq!(taxonomy.resolve(text), Ok(hoses), "{text}");
        }
        assert!(matches!(
            taxonomy.resolve("Lamps"),
            Err(TaxonomyError::Ambiguous { paths, .. }) if paths.len() == 2
        ));
        assert!(matches!(
            taxonomy.resolve("Sofas"),
            Err(TaxonomyError::Unknown { .. })
        ));
    }
}
