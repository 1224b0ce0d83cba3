//! The identity of an embedder's vectors.

use assort_core::{COMPOSITION, Space};
use xxhash_rust::xxh3::Xxh3;

/// The space of the vectors decided by `parts`: weights, tokenizer, pooling,
/// length limit, in an order of the embedder's own.
pub(crate) fn space(model: &str, dimensions: usize, parts: &[&[u8]]) -> Space {
    let mut hasher = Xxh3::new();
    hasher.update(&COMPOSITION.to_le_bytes());
    for part in parts {
        // With its length, so that no two lists of parts run together alike.
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    Space {
        model: model.to_owned(),
        fingerprint: format!("{:032x}", hasher.digest128()),
        dimensions,
    }
}

/// Name and fingerprint of the space of `bundled-english`, which was called `bundled`.
const BUNDLED_ENGLISH: (&str, &str) = ("bundled", "9067dd4d261f419c80ac6f1b09bd330d");

/// Whether vectors of a space were made by `bundled-english`, which the program need not
/// have.
pub(crate) fn is_bundled_english(space: &Space) -> bool {
    (space.model.as_str(), space.fingerprint.as_str()) == BUNDLED_ENGLISH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_tells_parts_apart() {
        let ab = space("m", 2, &[b"a", b"b"]);
        assert_eq!(ab, space("m", 2, &[b"a", b"b"]));
        assert_eq!(ab.fingerprint.len(), 32);
        for other in [&[b"ab".as_slice()][..], &[b"", b"ab"], &[b"b", b"a"]] {
            assert_ne!(ab.fingerprint, space("m", 2, other).fingerprint);
        }
    }
}
