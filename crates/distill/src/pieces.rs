//! What a student knows of the pieces of texts: rows of a static embedding and a map
//! from its space to the teacher's, and the pieces that have rows of their own.

use assort_core::vector::kernel;
use assort_static::{Scratch, StaticEmbedding};

/// A piece that was not taught.
const NOT_TAUGHT: u32 = u32::MAX;

/// The pieces of a static embedding in the space of a teacher.
#[derive(Clone)]
pub(crate) struct Pieces {
    pub(crate) embedding: StaticEmbedding,
    /// A row of the teacher's space for each coordinate of the embedding's.
    pub(crate) matrix: Vec<f32>,
    /// Pieces that have rows of their own, ascending.
    pub(crate) taught: Vec<u32>,
    /// For each piece its place among those.
    places: Vec<u32>,
}

/// Memory to cut texts in, kept from text to text.
#[derive(Default)]
pub(crate) struct Cut {
    scratch: Scratch,
    /// Places of the pieces that were taught.
    pub(crate) taught: Vec<u32>,
    others: Vec<u32>,
    sum: Vec<f32>,
    factors: Vec<(u32, f32)>,
}

impl Pieces {
    /// `taught` is ascending, and names pieces of `embedding`.
    pub(crate) fn new(embedding: StaticEmbedding, matrix: Vec<f32>, taught: Vec<u32>) -> Self {
        let mut places = vec![NOT_TAUGHT; embedding.pieces()];
        for (place, &piece) in (0..).zip(&taught) {
            places[piece as usize] = place;
        }
        Self {
            embedding,
            matrix,
            taught,
            places,
        }
    }

    /// The place of a piece that was taught.
    pub(crate) fn place(&self, piece: u32) -> u32 {
        self.places[piece as usize]
    }

    /// Cuts a text into its pieces, and gives one over the root of their number.
    pub(crate) fn cut(&self, text: &str, cut: &mut Cut) -> f32 {
        cut.taught.clear();
        cut.others.clear();
        let pieces = self.embedding.tokenize_in(text, &mut cut.scratch);
        for &piece in pieces {
            match self.places[piece as usize] {
                NOT_TAUGHT => cut.others.push(piece),
                place => cut.taught.push(place),
            }
        }
        (pieces.len().max(1) as f32).sqrt().recip()
    }

    /// Adds the mapped rows of the pieces that were not taught, times `factor`.
    pub(crate) fn add_others(&self, cut: &mut Cut, factor: f32, row: &mut [f32]) {
        if cut.others.is_empty() {
            return;
        }
        cut.sum.clear();
        cut.sum.resize(self.embedding.dimensions(), 0.0);
        self.embedding.add_rows(&cut.others, &mut cut.sum);
        let scaled = (0..).zip(&cut.sum).map(|(at, value)| (at, value * factor));
        cut.factors.clear();
        cut.factors.extend(scaled);
        kernel::add_weighted(row, &self.matrix, &cut.factors);
    }
}
