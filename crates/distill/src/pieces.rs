//! What a student knows of the pieces of texts: rows of a static embedding and a map
//! from its space to the teacher's, and the pieces that have rows of their own.

use std::sync::OnceLock;

use assort_core::vector::kernel;
use assort_static::{Scratch, StaticEmbedding};

/// A piece that was not taught.
const NOT_TAUGHT: u32 = u32::MAX;

/// A row of the teacher's space in 8 bits, and what a step of it is worth.
type Rounded = (Box<[i8]>, f32);

/// The pieces of a static embedding in the space of a teacher.
pub(crate) struct Pieces {
    pub(crate) embedding: StaticEmbedding,
    /// A row of the teacher's space for each coordinate of the embedding's.
    pub(crate) matrix: Vec<f32>,
    /// Pieces that have rows of their own, ascending.
    pub(crate) taught: Vec<u32>,
    /// For each piece its place among those.
    places: Vec<u32>,
    /// For each other piece its mapped row, once a text has it: the map takes longer
    /// than all else of a text.
    mapped: Vec<OnceLock<Rounded>>,
}

/// Memory to cut texts in, kept from text to text.
#[derive(Default)]
pub(crate) struct Cut {
    scratch: Scratch,
    /// Places of the pieces that were taught.
    pub(crate) taught: Vec<u32>,
    others: Vec<u32>,
}

impl Pieces {
    /// `taught` is ascending, and names pieces of `embedding`.
    pub(crate) fn new(embedding: StaticEmbedding, matrix: Vec<f32>, taught: Vec<u32>) -> Self {
        let mut places = vec![NOT_TAUGHT; embedding.pieces()];
        for (place, &piece) in (0..).zip(&taught) {
            places[piece as usize] = place;
        }
        Self {
            mapped: vec![OnceLock::new(); embedding.pieces()],
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
    pub(crate) fn add_others(&self, cut: &Cut, factor: f32, row: &mut [f32]) {
        for &piece in &cut.others {
            let mapped = self.mapped[piece as usize].get_or_init(|| self.map(piece, row.len()));
            kernel::add_bytes(row, &mapped.0, &[(0, mapped.1 * factor)]);
        }
    }

    fn map(&self, piece: u32, dimensions: usize) -> Rounded {
        let mut own = vec![0.0; self.embedding.dimensions()];
        self.embedding.add_rows(&[piece], &mut own);
        let factors: Vec<(u32, f32)> = (0..).zip(own).collect();
        let mut row = vec![0.0; dimensions];
        kernel::add_weighted(&mut row, &self.matrix, &factors);
        let mut rounded = vec![0; dimensions].into_boxed_slice();
        let scale = kernel::round_to_bytes(&row, &mut rounded);
        (rounded, scale)
    }
}
