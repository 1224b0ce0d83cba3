//! What a search finds.

/// A row and its similarity with the query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// The row, as it was given when the segment was built.
    pub row: u32,
    /// Inner product with the query: of unit vectors, their cosine.
    pub similarity: f32,
}

impl Hit {
    /// Orders the best first, ties by row.
    pub fn best_first(&self, other: &Self) -> std::cmp::Ordering {
        let by_similarity = other.similarity.total_cmp(&self.similarity);
        by_similarity.then(self.row.cmp(&other.row))
    }
}
