//! Brings an embedder of one's own: anything that turns texts into unit
//! vectors can serve a catalog.
//!
//! `cargo run --release --example own_embedder`

use std::sync::Arc;

use assort::Catalog;
use assort::core::{
    COMPOSITION, CategoryRow, EmbedError, Embedder, Input, Place, Product, Role, Space, Taxonomy,
    vector,
};

/// How much a pair of letters of a title counts beside one of the further text.
const TITLE: f32 = 2.0;

/// Counts pairs of letters. A real one would call a model or a service.
struct LetterPairs(Space);

impl LetterPairs {
    fn new() -> Self {
        Self(Space {
            model: "letter-pairs".to_owned(),
            // Whatever decides the vectors belongs in here.
            fingerprint: format!("letter-pairs-1-{COMPOSITION}"),
            dimensions: 26 * 26,
        })
    }

    /// Adds the pairs of a text's letters to a row.
    fn count(row: &mut [f32], text: &str, weight: f32) {
        let letters: Vec<usize> = text
            .bytes()
            .filter(u8::is_ascii_alphabetic)
            .map(|byte| usize::from(byte.to_ascii_lowercase() - b'a'))
            .collect();
        for pair in letters.windows(2) {
            row[26 * pair[0] + pair[1]] += weight;
        }
    }
}

impl Embedder for LetterPairs {
    fn space(&self) -> &Space {
        &self.0
    }

    // Products and queries are embedded alike here. A model that was trained with
    // different prefixes for the two would look at the role.
    fn embed(&self, inputs: &[Input<'_>], _: Role) -> Result<Vec<f32>, EmbedError> {
        let mut rows = Vec::with_capacity(inputs.len() * self.0.dimensions);
        for input in inputs {
            // Who does not care for the fields takes `assort::core::composed_texts`.
            let Some(text) = input.text() else {
                return Err(EmbedError::cannot_read(&self.0, input.modality()));
            };
            // No text is without a direction.
            let mut row = vec![0.01; self.0.dimensions];
            Self::count(&mut row, text.title(), TITLE);
            Self::count(&mut row, text.further(), 1.0);
            vector::normalize(&mut row);
            rows.extend(row);
        }
        Ok(rows)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let category = |name: &str| CategoryRow {
        place: Place::Path(vec![name.to_owned()]),
        ..CategoryRow::default()
    };
    let taxonomy = Taxonomy::from_rows(vec![category("Kettles"), category("Lamps")])?;
    let directory = tempfile::tempdir()?;
    let catalog = Catalog::create(
        directory.path(),
        &taxonomy,
        Arc::new(LetterPairs::new()),
        "letter-pairs",
    )?;
    let product = Product {
        id: "1".to_owned(),
        title: "Electric kettle".to_owned(),
        ..Product::default()
    };
    for decision in catalog.classify(&[product], &Default::default())? {
        let category = decision
            .category
            .map_or("unknown".to_owned(), |index| taxonomy.path(index));
        println!("{category}, {:.0}% sure", 100.0 * decision.confidence);
    }
    Ok(())
}
