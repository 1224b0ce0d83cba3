//! Which rows a search may find.

use assort_index::{Bitmap, SlotFilter};

use super::Snapshot;

/// Which rows may be found.
#[derive(Clone, Copy)]
pub(crate) enum RowFilter<'a> {
    All,
    Labelled,
    /// Rows that match a filter.
    Rows(&'a FilteredRows),
}

impl RowFilter<'_> {
    pub(crate) fn has(&self, snapshot: &Snapshot, row: u32) -> bool {
        match self {
            Self::All => true,
            Self::Labelled => snapshot.label(row).is_some(),
            Self::Rows(filtered) => filtered.rows.contains(row),
        }
    }
}

/// Rows that match a filter, as of one commit.
pub(crate) struct FilteredRows {
    pub(crate) rows: Bitmap,
    /// The same as slots of each segment, by its number.
    sealed: Vec<(u32, SlotFilter)>,
}

impl FilteredRows {
    pub(crate) fn new(snapshot: &Snapshot, rows: Bitmap) -> Self {
        let sealed = snapshot.sealed().iter();
        Self {
            sealed: sealed
                .map(|sealed| (sealed.number, SlotFilter::once(sealed.slots_of(&rows))))
                .collect(),
            rows,
        }
    }

    /// Notes that there are further searches with the same rows.
    pub(crate) fn keep(&self) {
        self.sealed.iter().for_each(|(_, slots)| slots.keep());
    }

    /// The live slots of a segment that match.
    pub(crate) fn slots(&self, segment: u32) -> Option<&SlotFilter> {
        let known = self.sealed.iter().find(|(number, _)| *number == segment);
        known.map(|(_, slots)| slots)
    }
}
