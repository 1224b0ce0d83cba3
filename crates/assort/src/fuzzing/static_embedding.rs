//! Files of static embeddings.

use std::error::Error;
use std::path::Path;

use assort_static::{Bits, Card, Piece, StaticEmbedding, Table};

use super::in_a_file;

/// Opens a static embedding and embeds a few texts.
pub fn static_embedding(bytes: &[u8]) -> bool {
    in_a_file(bytes, embed)
}

fn embed(path: &Path) -> bool {
    let Ok(embedding) = StaticEmbedding::open(path) else {
        return false;
    };
    let texts = ["red kettles", "", "电水壶 1.5 l, BLUE"];
    let rows = embedding.embed(&texts);
    assert!(rows.iter().all(|value| value.is_finite()), "{embedding:?}");
    for text in texts {
        assert!(embedding.known_share(text) <= 1.0, "{embedding:?}");
    }
    true
}

pub(super) fn seeds() -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("seed.static");
    let mut seeds = Vec::new();
    for bits in [Bits::Four, Bits::Eight] {
        let pieces = ["", "▁", "▁red", "kettle", "s", "水壶"].map(|text| Piece {
            text,
            score: -2.5,
            is_known: text.len() > 2,
        });
        let rows: Vec<f32> = (0..6 * 64).map(|at| (at as f32).sin()).collect();
        let table = Table::rounded(64, bits, &rows)?;
        StaticEmbedding::new(&Card::default(), &pieces, 0, &table)?.save(&path)?;
        seeds.push(std::fs::read(&path)?);
    }
    Ok(seeds)
}
