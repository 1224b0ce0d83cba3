//! A fast embedder.

use assort::core::{
    COMPOSITION, EmbedError, Embedder, Input, Role, Space, composed_texts, text_hash, vector,
};

/// Vectors that look like chance but depend on the text alone; costs next to
/// nothing, so that everything else can be measured.
pub(crate) struct Chance(Space);

impl Chance {
    pub(crate) fn new(dimensions: usize) -> Self {
        Self(Space {
            model: "chance".to_owned(),
            fingerprint: format!("chance-{COMPOSITION}"),
            dimensions,
        })
    }

    pub(crate) fn vector(&self, seed: u64) -> Vec<f32> {
        let mut state = seed | 1;
        let mut row: Vec<f32> = (0..self.0.dimensions)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
            })
            .collect();
        vector::normalize(&mut row);
        row
    }
}

impl Embedder for Chance {
    fn space(&self) -> &Space {
        &self.0
    }

    fn embed(&self, inputs: &[Input<'_>], _: Role) -> Result<Vec<f32>, EmbedError> {
        let texts = composed_texts(inputs, &self.0)?;
        Ok(texts
            .iter()
            .flat_map(|text| self.vector(text_hash(text) as u64))
            .collect())
    }
}
