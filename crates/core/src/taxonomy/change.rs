//! What replacing a taxonomy changes.

use super::{CategoryIndex, Taxonomy};

/// What becomes of categories, labels and decisions when one taxonomy takes the place
/// of another. Categories of one id are the same one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaxonomyChange {
    /// Categories that are new.
    pub added: u64,
    /// Categories that go.
    pub removed: u64,
    /// Categories that stay under another name.
    pub renamed: u64,
    /// Categories that stay under another parent.
    pub moved: u64,
    /// Labels that name a category that goes.
    pub labels_lost: u64,
    /// Decisions that name a category that goes.
    pub decisions_lost: u64,
    /// Labels on categories that were leaves, and get children: they speak for what
    /// lies below from then on.
    pub labels_widened: u64,
}

impl TaxonomyChange {
    /// Counts what becomes of the categories of `old`, and which of `new` are new.
    ///
    /// ```
    /// use assort_core::{Taxonomy, TaxonomyChange};
    ///
    /// let old = Taxonomy::from_paths(["Kitchen > Pans"])?;
    /// let new = Taxonomy::from_paths(["Kitchen > Pots"])?;
    /// let change = TaxonomyChange::between(&old, &new);
    /// assert_eq!((change.added, change.removed), (1, 1));
    /// # Ok::<(), assort_core::TaxonomyError>(())
    /// ```
    pub fn between(old: &Taxonomy, new: &Taxonomy) -> Self {
        let mut change = Self::default();
        let parent = |tree: &Taxonomy, index: CategoryIndex| {
            let parent = tree.category(index).parent;
            parent.map(|parent| tree.category(parent).id.clone())
        };
        for (index, category) in (0..).zip(old.categories()) {
            match new.by_id(&category.id) {
                None => change.removed += 1,
                Some(other) => {
                    let renamed = new.category(other).name != category.name;
                    change.renamed += u64::from(renamed);
                    change.moved += u64::from(parent(old, index) != parent(new, other));
                }
            }
        }
        let kept = old.len() as u64 - change.removed;
        change.added = new.len() as u64 - kept;
        change
    }

    /// Counts a label on the category of that id.
    pub fn count_label(&mut self, old: &Taxonomy, new: &Taxonomy, id: &str) {
        match (old.by_id(id), new.by_id(id)) {
            // One that had no category before loses none.
            (None, _) => {}
            (Some(_), None) => self.labels_lost += 1,
            (Some(before), Some(after)) => {
                self.labels_widened += u64::from(old.is_leaf(before) && !new.is_leaf(after));
            }
        }
    }

    /// Counts a decision for the category of that id.
    pub fn count_decision(&mut self, new: &Taxonomy, id: &str) {
        self.decisions_lost += u64::from(new.by_id(id).is_none());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::taxonomy::{CategoryRow, Place};

    fn tree(rows: &[(&str, &str)]) -> Taxonomy {
        let row = |&(id, path): &(&str, &str)| CategoryRow {
            id: Some(id.to_owned()),
            place: Place::Path(super::super::parse_path(path)),
            ..CategoryRow::default()
        };
        Taxonomy::from_rows(rows.iter().map(row).collect()).unwrap()
    }

    #[test]
    fn what_goes_stays_and_moves_is_counted() {
        let old = tree(&[
            ("1", "Tea"),
            ("2", "Tea > Green"),
            ("3", "Tea > Black"),
            ("4", "Cups"),
        ]);
        let new = tree(&[
            ("1", "Teas"),
            ("2", "Teas > Green"),
            ("4", "Teas > Cups"),
            ("5", "Teas > Green > Sencha"),
        ]);
        let mut change = TaxonomyChange::between(&old, &new);
        for id in ["2", "3", "3", "gone before"] {
            change.count_label(&old, &new, id);
        }
        change.count_decision(&new, "3");
        let expected = TaxonomyChange {
            added: 1,
            removed: 1,
            renamed: 1,
            moved: 1,
            labels_lost: 2,
            decisions_lost: 1,
            labels_widened: 1,
        };
        assert_eq!(change, expected);
    }
}
