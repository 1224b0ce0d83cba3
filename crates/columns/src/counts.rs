//! How often values come.

use assort_index::Bitmap;

use crate::columns::Columns;

/// What a column holds in some rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted<'a> {
    /// Name of the attribute.
    pub name: &'a str,
    /// Rows that have a value.
    pub present: u64,
    /// Values and the rows that have them, in any order; none where they are many and long.
    pub values: Option<Vec<(&'a str, u64)>>,
}

impl Columns {
    /// Names of all attributes that have a column, in the order in which they came; and
    /// whether there are more than that.
    pub fn names(&self) -> (Vec<&str>, bool) {
        let names = self.attributes().filter_map(|column| column.name());
        (names.collect(), self.has_more())
    }

    /// What the columns of attributes that pass hold in `rows`.
    pub fn count<'a>(&'a self, rows: &Bitmap, wanted: impl Fn(&str) -> bool) -> Vec<Counted<'a>> {
        let columns = self
            .attributes()
            .filter_map(|column| Some((column.name()?, column)));
        let columns = columns.filter(|(name, _)| wanted(name));
        let counted = columns.map(|(name, column)| {
            let mut present = column.rows_with(&column.any_code(), rows);
            present.intersect(rows);
            let values = (!column.description.opaque).then(|| {
                let counts = column.count(rows).into_iter().enumerate();
                let counts = counts.filter(|(_, count)| *count > 0);
                counts
                    .map(|(at, count)| (column.value(at), count))
                    .collect()
            });
            Counted {
                name,
                present: present.len() as u64,
                values,
            }
        });
        counted.collect()
    }

    /// Ids of categories and the rows among `rows` that are filed under them: by their
    /// label, or by their decision if they have no label that `known` tells of.
    pub fn count_filed<'a>(
        &'a self,
        rows: &Bitmap,
        known: impl Fn(&str) -> bool,
    ) -> Vec<(&'a str, u64)> {
        let labels = self.label();
        let labelled = labels.codes(|_, id| known(id));
        let labelled = labels.rows_with(&labelled, rows);
        let mut undecided = rows.clone();
        undecided.subtract(&labelled);
        let counted = [(labels, rows), (self.decision(), &undecided)];
        let counted = counted.into_iter().flat_map(|(column, rows)| {
            let counts = column.count(rows).into_iter().enumerate();
            counts.map(|(at, count)| (column.value(at), count))
        });
        counted
            .filter(|(id, count)| *count > 0 && known(id))
            .collect()
    }
}
