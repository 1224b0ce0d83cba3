//! The nearest of very many prototypes, found by a segment of their own.

use std::cell::RefCell;

use assort_core::Prototypes;
use assort_files::Disk;
use assort_index::{BuildOptions, SearchParams, Searcher, Segment, Vectors};

use crate::{Error, Result};

/// Up to so many candidates are all compared: it takes a few milliseconds.
const COMPARED: usize = 1 << 15;

/// Candidates that are told apart; the others count as near as the last.
const NEAREST: usize = 256;

/// Rows a walk keeps while it looks for them.
const EF: usize = 512;

/// An index of the rows of prototypes.
pub(crate) struct PrototypeIndex(Segment);

/// The rows of all candidates.
struct Leaves<'a>(&'a Prototypes);

impl Vectors for Leaves<'_> {
    fn len(&self) -> usize {
        self.0.candidates().len()
    }

    fn dimensions(&self) -> usize {
        self.0.dimensions()
    }

    fn row(&self, at: usize) -> u32 {
        at as u32
    }

    fn read(&self, at: usize, out: &mut [f32]) -> assort_index::Result<()> {
        out.copy_from_slice(self.0.leaf(at));
        Ok(())
    }
}

thread_local! {
    /// Working memory of this thread's searches.
    static SEARCHER: RefCell<Searcher> = RefCell::default();
}

impl PrototypeIndex {
    /// An index of `prototypes`, if there are so many that it is worth it. Its
    /// file is temporary: it is made anew with every fit.
    pub(crate) fn of(prototypes: &Prototypes) -> Result<Option<Self>> {
        if prototypes.candidates().len() <= COMPARED {
            return Ok(None);
        }
        Self::build(prototypes).map(Some)
    }

    fn build(prototypes: &Prototypes) -> Result<Self> {
        let folder = tempfile::tempdir().map_err(|source| Error::Io {
            path: std::env::temp_dir(),
            doing: "making a temporary folder",
            source,
        })?;
        let path = folder.path().join("prototypes.seg");
        let options = BuildOptions::default();
        assort_index::build(&Disk, &path, 0, &Leaves(prototypes), &options, &|_| false)?;
        // It stays mapped when its name goes.
        Ok(Self(Segment::open(&path, 0)?))
    }

    /// Scores of all candidates of the prototypes that it was made of.
    pub(crate) fn scores(&self, prototypes: &Prototypes, query: &[f32]) -> Result<Vec<f32>> {
        let search = SearchParams {
            ef: EF,
            oversample: 1,
            ..SearchParams::new(NEAREST)
        };
        SEARCHER.with_borrow_mut(|searcher| {
            let hits = searcher.search(&self.0, &prototypes.center(query), &search)?;
            let nearest: Vec<(u32, f32)> =
                hits.iter().map(|hit| (hit.row, hit.similarity)).collect();
            Ok(prototypes.scores_among(query, &nearest))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use assort_core::{Candidates, Taxonomy, vector};

    use super::*;

    #[test]
    fn the_best_candidates_are_those_of_a_full_comparison() {
        let (leaves, dimensions) = (3000, 32);
        let paths = (0..leaves).map(|at| format!("root {} > leaf {at}", at % 7));
        let taxonomy = Taxonomy::from_paths(paths).unwrap();
        let mut state = 1u64;
        let mut row = || {
            let mut row: Vec<f32> = (0..dimensions)
                .map(|_| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
                })
                .collect();
            vector::normalize(&mut row);
            row
        };
        let vectors: Vec<f32> = (0..leaves).flat_map(|_| row()).collect();
        let candidates = Arc::new(Candidates::leaves(&taxonomy));
        let prototypes = Prototypes::new(candidates, &vectors, dimensions, None);
        let index = PrototypeIndex::build(&prototypes).unwrap();
        let best = |scores: &[f32]| {
            let all = 0..scores.len();
            all.max_by(|&a, &b| scores[a].total_cmp(&scores[b]))
        };
        let same = (0..100).filter(|_| {
            let query = row();
            let near = index.scores(&prototypes, &query).unwrap();
            best(&near) == best(&prototypes.scores(&query))
        });
        assert!(same.count() >= 97);
    }
}
