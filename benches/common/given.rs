//! Vectors that are given, in place of an embedder.

use std::path::Path;

use assort::core::{EmbedError, Embedder, Input, Role, Space, composed_texts, vector};

use crate::chance::Chance;
use crate::vectors::{Rows, floats};

/// How far a copy is moved, in parts of its length.
const MOVED: f32 = 0.3;

/// Vectors by the number in a product's title.
pub(crate) struct Given {
    rows: Rows<f32>,
    space: Space,
    chance: Chance,
}

impl Given {
    /// Those of `base.fbin` in a folder (see `benches/peers/README.md`).
    pub(crate) fn open(folder: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        let rows = floats(&folder.join("base.fbin"))?;
        let space = Space {
            model: "given".to_owned(),
            fingerprint: "given".to_owned(),
            dimensions: rows.columns,
        };
        let chance = Chance::new(rows.columns);
        Ok(Self {
            rows,
            space,
            chance,
        })
    }

    /// Vectors that are given.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The vector of a number; beyond those that are given, one of them, moved.
    fn vector(&self, number: usize) -> Vec<f32> {
        let (copy, row) = (number / self.rows.len(), number % self.rows.len());
        let mut vector = self.rows.row(row).to_vec();
        if copy > 0 {
            let away = self.chance.vector(number as u64);
            let places = vector.iter_mut().zip(away);
            places.for_each(|(value, away)| *value += MOVED * away);
        }
        vector::normalize(&mut vector);
        vector
    }
}

impl Embedder for Given {
    fn space(&self) -> &Space {
        &self.space
    }

    fn embed(&self, inputs: &[Input<'_>], _: Role) -> Result<Vec<f32>, EmbedError> {
        let texts = composed_texts(inputs, &self.space)?;
        Ok(texts
            .iter()
            .flat_map(|text| self.vector(number_in(text)))
            .collect())
    }
}

/// The first number among the words of a text; 0 for the text of a category, which has none.
fn number_in(text: &str) -> usize {
    let mut words = text.split_whitespace();
    words.find_map(|word| word.parse().ok()).unwrap_or(0)
}
