//! Categories of one path and two ids, as translations of publishers have them.

use std::collections::HashMap;

/// Tells paths apart that another id has, by the id behind the name.
#[derive(Default)]
pub(super) struct Twins {
    /// The ids of paths.
    ids: HashMap<String, String>,
    /// The paths of categories that were told apart, and of all below them.
    moved: HashMap<String, String>,
    count: usize,
    first: String,
}

impl Twins {
    /// The path for a category of that id, which is below the one of the id `above`, if
    /// that is known.
    pub(super) fn path(&mut self, id: &str, path: &str, above: Option<&str>) -> String {
        let mut path = path.split_whitespace().collect::<Vec<_>>().join(" ");
        let above = above.and_then(|above| self.moved.get(above));
        if let (Some(above), Some((_, name))) = (above, path.rsplit_once(" > ")) {
            path = format!("{above} > {name}");
            self.moved.insert(id.to_owned(), path.clone());
        }
        if self.ids.get(&path).is_some_and(|known| known != id) {
            if self.count == 0 {
                self.first.clone_from(&path);
            }
            self.count += 1;
            path = format!("{path} ({id})");
            self.moved.insert(id.to_owned(), path.clone());
        }
        self.ids.insert(path.clone(), id.to_owned());
        path
    }

    /// What is told of them, if there are any.
    pub(super) fn told(&self) -> Option<String> {
        let categories = match self.count {
            0 => return None,
            1 => "1 category has".to_owned(),
            count => format!("{count} categories have"),
        };
        Some(format!(
            "{categories} the path of another id, and the id behind the name, first that of `{}`",
            self.first
        ))
    }
}
