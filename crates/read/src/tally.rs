//! Counts of rows that are read otherwise than they stand.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::late::Found;
use crate::mended::{Mend, Mended};
use crate::table::Bent;

/// Counts of rows of a file that are read otherwise than they stand, current while
/// somebody else reads the file.
#[derive(Debug, Default)]
pub struct Tally {
    short: AtomicU64,
    quotes: AtomicU64,
    headers: AtomicU64,
    joined: AtomicU64,
    vectors: AtomicU64,
    otherwise: Mutex<Vec<Otherwise>>,
    mended: Mutex<Vec<Mended>>,
    encoding: Found,
}

/// Numbers of a column that are written otherwise than those of the first rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Otherwise {
    /// The column.
    pub column: String,
    /// Whether its numbers have a decimal comma. Such a number keeps its decimal point;
    /// those of other columns stay as they stand.
    pub comma: bool,
    /// How many there are.
    pub count: u64,
    /// Line of the first, counted from 1.
    pub line: u64,
    /// The first as it stands.
    pub value: String,
}

impl Tally {
    /// Rows of a table that do not keep to the rules.
    pub fn bent(&self) -> Bent {
        Bent {
            short: self.short.load(Ordering::Relaxed),
            quotes: self.quotes.load(Ordering::Relaxed),
            headers: self.headers.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn new(encoding: Found) -> Self {
        Self {
            encoding,
            ..Self::default()
        }
    }

    /// The encoding that bytes read best in, and were read in, behind a beginning of
    /// ASCII, with what they say; none if nobody asked for it ([`Input::open`](crate::Input::open)).
    pub fn encoding(&self) -> Option<String> {
        self.encoding.get().map(ToString::to_string)
    }

    /// Rows that were joined to another one, whose product they are about.
    pub fn joined(&self) -> u64 {
        self.joined.load(Ordering::Relaxed)
    }

    /// Values that are vectors, and were left out.
    pub fn vectors(&self) -> u64 {
        self.vectors.load(Ordering::Relaxed)
    }

    /// Numbers that are written otherwise than those of the first rows of their column.
    pub fn otherwise(&self) -> Vec<Otherwise> {
        self.all_otherwise().clone()
    }

    /// Counts such a number of a row.
    pub(crate) fn count_otherwise(&self, column: &str, comma: bool, line: u64, value: &str) {
        let mut all = self.all_otherwise();
        match all.iter_mut().find(|known| known.column == column) {
            Some(known) => known.count += 1,
            None => all.push(Otherwise {
                column: column.to_owned(),
                comma,
                count: 1,
                line,
                value: value.to_owned(),
            }),
        }
    }

    fn all_otherwise(&self) -> MutexGuard<'_, Vec<Otherwise>> {
        // Counts are whole whatever became of a thread that counted.
        self.otherwise
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Rows that are read otherwise than they stand, by the way in which they are.
    pub fn mended(&self) -> Vec<Mended> {
        self.all_mended().clone()
    }

    /// Counts such a row.
    pub(crate) fn count_mended(&self, mend: Mend, line: u64, value: &str) {
        let mut all = self.all_mended();
        match all.iter_mut().find(|known| known.mend == mend) {
            Some(known) => known.count += 1,
            None => all.push(Mended {
                mend,
                count: 1,
                line,
                value: value.to_owned(),
            }),
        }
    }

    /// Takes over what somebody else has counted of one way.
    pub(crate) fn set_mended(&self, mended: &Mended) {
        let mut all = self.all_mended();
        match all.iter_mut().find(|known| known.mend == mended.mend) {
            Some(known) => known.clone_from(mended),
            None => all.push(mended.clone()),
        }
    }

    fn all_mended(&self) -> MutexGuard<'_, Vec<Mended>> {
        self.mended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn count_vectors(&self, vectors: u64) {
        self.vectors.fetch_add(vectors, Ordering::Relaxed);
    }

    pub(crate) fn set_bent(&self, bent: Bent) {
        self.short.store(bent.short, Ordering::Relaxed);
        self.quotes.store(bent.quotes, Ordering::Relaxed);
        self.headers.store(bent.headers, Ordering::Relaxed);
    }

    pub(crate) fn count_joined(&self) {
        self.joined.fetch_add(1, Ordering::Relaxed);
    }
}
