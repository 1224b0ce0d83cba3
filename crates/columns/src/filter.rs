//! Filters as sets of rows.

use assort_core::{CategoryIndex, FieldName, FieldTest, Filter, FilterNode, fold};
use assort_index::Bitmap;

use crate::column::Column;
use crate::columns::Columns;

/// Rows by what columns say of a filter.
pub struct Found {
    /// Rows that match.
    pub rows: Bitmap,
    /// Rows of which the columns cannot tell: their products have to be looked at.
    pub unsure: Bitmap,
}

/// What a filter asks that columns do not have.
pub struct Lookup<'a> {
    /// The row of the product of an id.
    pub row: &'a dyn Fn(&str) -> Option<u32>,
    /// The category of an id.
    pub category: &'a dyn Fn(&str) -> Option<CategoryIndex>,
}

impl Columns {
    /// Rows that match a filter.
    pub fn filter(&self, filter: &Filter, lookup: &Lookup<'_>) -> Found {
        let evaluation = Evaluation {
            columns: self,
            lookup,
        };
        let mut found = evaluation.node(filter.root(), self.alive());
        found.rows.intersect(self.alive());
        found.unsure.intersect(self.alive());
        found
    }
}

struct Evaluation<'a> {
    columns: &'a Columns,
    lookup: &'a Lookup<'a>,
}

impl Found {
    fn sure(rows: Bitmap) -> Self {
        Self {
            rows,
            unsure: Bitmap::default(),
        }
    }

    /// Nothing is known of these rows.
    fn unknown(rows: &Bitmap) -> Self {
        Self {
            rows: Bitmap::default(),
            unsure: rows.clone(),
        }
    }

    /// Rows that match or may.
    fn possible(&self) -> Bitmap {
        let mut rows = self.rows.clone();
        rows.unite(&self.unsure);
        rows
    }

    fn and(self, other: &Self) -> Self {
        if self.unsure.is_empty() && other.unsure.is_empty() {
            let mut rows = self.rows;
            rows.intersect(&other.rows);
            return Self::sure(rows);
        }
        let mut unsure = self.possible();
        unsure.intersect(&other.possible());
        let mut rows = self.rows;
        rows.intersect(&other.rows);
        unsure.subtract(&rows);
        Self { rows, unsure }
    }

    fn or(mut self, other: &Self) -> Self {
        self.rows.unite(&other.rows);
        self.unsure.unite(&other.unsure);
        self.unsure.subtract(&self.rows);
        self
    }
}

impl Evaluation<'_> {
    /// Rows that match a node. Of rows that are not in `within` it may say anything.
    fn node(&self, node: &FilterNode, within: &Bitmap) -> Found {
        match node {
            FilterNode::And(parts) => self.all_of(parts, within),
            FilterNode::Or(parts) => {
                let found = parts.iter().map(|part| self.node(part, within));
                found
                    .reduce(|one, other| one.or(&other))
                    .unwrap_or_else(|| Found::sure(Bitmap::default()))
            }
            FilterNode::Not(inner) => {
                let found = self.node(inner, within);
                let mut rows = within.clone();
                rows.subtract(&found.possible());
                Found {
                    rows,
                    unsure: found.unsure,
                }
            }
            FilterNode::HasCategory => Found::sure(self.filed(None, within).0),
            FilterNode::Category { set, negated } => {
                let (filed, mut rows) = self.filed(Some(set), within);
                if *negated {
                    let mut others = filed;
                    others.subtract(&rows);
                    rows = others;
                }
                Found::sure(rows)
            }
            FilterNode::Field(test) => self.field(test, within),
            _ => Found::unknown(within),
        }
    }

    /// Each part is only asked of the rows that those before it leave.
    fn all_of(&self, parts: &[FilterNode], within: &Bitmap) -> Found {
        let mut found: Option<Found> = None;
        for part in parts {
            found = Some(match found {
                None => self.node(part, within),
                Some(found) => {
                    let left = found.possible();
                    found.and(&self.node(part, &left))
                }
            });
        }
        found.unwrap_or_else(|| Found::sure(within.clone()))
    }

    /// Rows that are filed, and those of them whose category is in the set: the label
    /// counts, or else the decision.
    fn filed(&self, set: Option<&[CategoryIndex]>, within: &Bitmap) -> (Bitmap, Bitmap) {
        let is_in =
            |category: CategoryIndex| set.is_some_and(|set| set.binary_search(&category).is_ok());
        let of = |column: &Column| {
            let ids = (0..column.values()).map(|at| (self.lookup.category)(column.value(at)));
            let ids: Vec<Option<CategoryIndex>> = ids.collect();
            let known = column.codes(|at, _| ids[at].is_some());
            let wanted = column.codes(|at, _| ids[at].is_some_and(is_in));
            let wanted = match set {
                Some(_) => column.rows_with(&wanted, within),
                None => Bitmap::default(),
            };
            (column.rows_with(&known, within), wanted)
        };
        let (labelled, mut wanted) = of(self.columns.label());
        let (mut decided, mut decided_wanted) = of(self.columns.decision());
        decided_wanted.subtract(&labelled);
        wanted.unite(&decided_wanted);
        decided.unite(&labelled);
        (decided, wanted)
    }

    fn field(&self, test: &FieldTest, within: &Bitmap) -> Found {
        match (test.name(), test.keys()) {
            (FieldName::Attribute { exact, folded }, _) => {
                self.attribute(test, exact, folded, within)
            }
            (FieldName::Id, Some(keys)) => {
                let rows = keys.iter().filter_map(|key| (self.lookup.row)(key));
                let mut rows: Bitmap = rows.collect();
                if test.is_negated() {
                    let mut others = within.clone();
                    others.subtract(&rows);
                    rows = others;
                }
                Found::sure(rows)
            }
            // Every product has an id and a title.
            (FieldName::Id | FieldName::Title, _) if test.is_presence() => {
                Found::sure(within.clone())
            }
            _ => Found::unknown(within),
        }
    }

    fn attribute(&self, test: &FieldTest, exact: &str, folded: &str, within: &Bitmap) -> Found {
        if self.columns.has_more() {
            return Found::unknown(within);
        }
        let named = |wanted: &dyn Fn(&str) -> bool| {
            let columns = self.columns.attributes();
            let columns = columns.filter(|column| column.name().is_some_and(wanted));
            columns.collect::<Vec<&Column>>()
        };
        let others = named(&|name| name != exact && fold(name) == folded);
        // Other spellings of the name count where a product has none as it is written.
        let is_asked = !others.is_empty();
        let own = tested(test, &named(&|name| name == exact), is_asked, within);
        let found = own.judged(test.is_negated());
        if others.is_empty() {
            return found;
        }
        let mut others = tested(test, &others, false, within);
        for rows in [&mut others.present, &mut others.passing, &mut others.unsure] {
            rows.subtract(&own.present);
        }
        found.or(&others.judged(test.is_negated()))
    }
}

/// What columns of one name say.
#[derive(Default)]
struct Tested {
    /// Rows that have a value, where that matters.
    present: Bitmap,
    passing: Bitmap,
    unsure: Bitmap,
}

impl Tested {
    fn judged(&self, negated: bool) -> Found {
        let unsure = self.unsure.clone();
        if !negated {
            return Found {
                rows: self.passing.clone(),
                unsure,
            };
        }
        let mut rows = self.present.clone();
        rows.subtract(&self.passing);
        rows.subtract(&unsure);
        Found { rows, unsure }
    }
}

/// What some columns say together; which rows have a value if that `is_asked`, or
/// the test needs it.
fn tested(test: &FieldTest, columns: &[&Column], is_asked: bool, within: &Bitmap) -> Tested {
    let mut tested = Tested::default();
    for column in columns {
        let is_opaque = column.description.opaque;
        let present = match is_asked || test.is_negated() || test.is_presence() || is_opaque {
            true => column.rows_with(&column.any_code(), within),
            false => Bitmap::default(),
        };
        if test.is_presence() {
            tested.passing.unite(&present);
        } else if is_opaque {
            tested.unsure.unite(&present);
        } else {
            let passing = column.rows_with(&column.passing(test), within);
            tested.passing.unite(&passing);
        }
        tested.present.unite(&present);
    }
    tested.unsure.subtract(&tested.passing);
    tested
}
