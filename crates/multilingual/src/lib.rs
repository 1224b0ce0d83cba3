//! The static multilingual embedding inside Assort: [`MODEL`] is its file.
//!
//! A crate may have ten million bytes on crates.io, so the file is divided among crates.
//! They are joined when this one is compiled; the program has the file once, in its
//! read-only data, of which the system reads what is used.
//!
//! `cargo run -p assort-static --example divide` divides a new file.

use assort_multilingual_1::PART as FIRST;
use assort_multilingual_2::PART as SECOND;

const BYTES: usize = FIRST.len() + SECOND.len();

/// Bytes that begin where a section of the file may begin.
#[repr(align(64))]
struct Aligned([u8; BYTES]);

static JOINED: Aligned = Aligned(joined());

/// The file of the embedding, as `assort_static::StaticEmbedding::from_static` reads it.
pub static MODEL: &[u8] = &JOINED.0;

const fn joined() -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    let (first, second) = bytes.split_at_mut(FIRST.len());
    first.copy_from_slice(FIRST);
    second.copy_from_slice(SECOND);
    bytes
}

#[cfg(test)]
mod tests {
    use assort_static::StaticEmbedding;

    use super::MODEL;

    #[test]
    fn the_parts_are_the_file_that_was_divided() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("model.static");
        std::fs::write(&file, MODEL).unwrap();
        // Opening a file verifies its digest.
        let verified = StaticEmbedding::open(&file).unwrap();
        let inside = StaticEmbedding::from_static(MODEL).unwrap();
        assert_eq!(inside.digest(), verified.digest());
        assert_eq!(
            inside.embed(&["red kettle"]),
            verified.embed(&["red kettle"])
        );
    }
}
