//! Links the other way round.

use crate::graph::NONE;

/// The rows that link to each row.
pub(super) struct Incoming {
    rows: Vec<u32>,
    /// Where those of each row begin, and where those of the last one end.
    starts: Vec<usize>,
}

impl Incoming {
    /// Turns round the links of a level, `stride` places of each row.
    pub(super) fn of(links: &[u32], stride: usize) -> Self {
        let mut starts = vec![0; links.len() / stride + 1];
        for &link in links.iter().filter(|&&link| link != NONE) {
            starts[link as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut ends = starts.clone();
        let mut rows = vec![NONE; starts.last().copied().unwrap_or(0)];
        for (id, links) in (0..).zip(links.chunks_exact(stride)) {
            for &link in links.iter().filter(|&&link| link != NONE) {
                rows[ends[link as usize]] = id;
                ends[link as usize] += 1;
            }
        }
        Self { rows, starts }
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The rows that link to one.
    pub(super) fn of_row(&self, id: usize) -> &[u32] {
        &self.rows[self.starts[id]..self.starts[id + 1]]
    }
}
