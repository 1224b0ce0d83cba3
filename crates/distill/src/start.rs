//! Where a student starts: the rows of a static embedding, mapped to the space of its
//! teacher.

use assort_core::vector::Matrix;
use assort_static::{Scratch, StaticEmbedding};
use rayon::prelude::*;

use crate::pieces::Pieces;
use crate::ridge;

/// Texts that the map is fitted on, at most.
const FITTED: usize = 16_384;

/// Penalty of the map, beside the mean variance of a coordinate.
const PENALTY: f64 = 0.01;

/// The pieces of the texts that a student is taught on, and where they start.
pub(crate) struct Start {
    pieces: Pieces,
    /// Places among the pieces that are taught, text by text.
    found: Vec<Vec<u32>>,
    /// Rows of those, in the teacher's space.
    pub(crate) rows: Vec<f32>,
    /// Where a text without pieces points.
    pub(crate) offset: Vec<f32>,
}

impl Start {
    /// Finds the pieces of `texts`, and fits the map to `targets`, rows of `dimensions`
    /// coordinates.
    pub(crate) fn new(
        embedding: &StaticEmbedding,
        texts: &[&str],
        targets: &[f32],
        dimensions: usize,
    ) -> Self {
        let mut found: Vec<Vec<u32>> = texts
            .par_iter()
            .map_init(Scratch::default, |scratch, text| {
                embedding.tokenize_in(text, scratch).to_vec()
            })
            .collect();
        let fitted = texts.len().min(FITTED);
        let width = embedding.dimensions();
        let mut sums = vec![0.0; fitted * width];
        sums.par_chunks_exact_mut(width)
            .zip(&found)
            .for_each(|(sum, pieces)| {
                embedding.add_rows(pieces, sum);
                let root = (pieces.len().max(1) as f32).sqrt().recip();
                sum.iter_mut().for_each(|value| *value *= root);
            });
        let targets = &targets[..fitted * dimensions];

        let map = ridge::fit((&sums, width), (targets, dimensions), PENALTY);
        drop(sums);
        let mut taught: Vec<u32> = found.iter().flatten().copied().collect();
        taught.par_sort_unstable();
        taught.dedup();
        let mut rows = vec![0.0; taught.len() * width];
        for (row, &piece) in rows.chunks_exact_mut(width).zip(&taught) {
            embedding.add_rows(&[piece], row);
        }
        let matrix = Matrix::new(&map.matrix, dimensions);
        let rows = Matrix::new(&rows, width).product(matrix);
        let pieces = Pieces::new(embedding.clone(), map.matrix, taught);
        found
            .par_iter_mut()
            .flatten()
            .for_each(|piece| *piece = pieces.place(*piece));
        Self {
            pieces,
            found,
            rows,
            offset: map.offset,
        }
    }

    /// Places of a text's pieces.
    pub(crate) fn places(&self, text: usize) -> impl Iterator<Item = u32> {
        self.found[text].iter().copied()
    }

    /// What stays when all is taught.
    pub(crate) fn end(self) -> Pieces {
        self.pieces
    }
}
