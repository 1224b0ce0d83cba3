//! Ids of an input, each of which may stand in it once.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::{BuildHasher, Hasher};

use assort_core::text_hash;

/// Ids of an input with the lines they stood on first.
///
/// ```
/// use assort_read::SeenIds;
///
/// let mut seen = SeenIds::default();
/// assert_eq!(seen.add("4711", 2), Ok(()));
/// let repeated = seen.add("4711", 9).unwrap_err();
/// assert_eq!(repeated, "the id `4711` is repeated; it stood on line 2 first");
/// ```
#[derive(Clone, Debug, Default)]
pub struct SeenIds {
    /// By digests of the ids, in halves, which take less room in a table.
    lines: HashMap<[u64; 2], u64, ByDigest>,
}

/// Bits by chance, of which a product has some from each bit of the other factor.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// How tables find digests: these are as good as by chance already, so that a key of the
/// table's own is all that is added to them. Nobody can know which of them meet in it.
#[derive(Clone, Debug)]
pub struct ByDigest {
    key: u64,
}

impl Default for ByDigest {
    fn default() -> Self {
        let key = RandomState::new().hash_one(0u8);
        Self { key }
    }
}

impl BuildHasher for ByDigest {
    type Hasher = DigestHasher;

    fn build_hasher(&self) -> DigestHasher {
        DigestHasher(self.key)
    }
}

/// Adds parts of a digest to a key.
#[derive(Clone, Debug)]
pub struct DigestHasher(u64);

impl Hasher for DigestHasher {
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut number = [0; 8];
            number[..part.len()].copy_from_slice(part);
            self.write_u64(u64::from_le_bytes(number));
        }
    }

    fn write_u64(&mut self, part: u64) {
        // The halves of a product together depend on all bits of its factors.
        let product = u128::from(self.0 ^ part) * u128::from(FACTOR);
        self.0 = (product as u64) ^ (product >> 64) as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

fn digest(id: &str) -> [u64; 2] {
    let digest = text_hash(id);
    [digest as u64, (digest >> 64) as u64]
}

impl SeenIds {
    /// Adds an id that stands on `line`.
    ///
    /// # Errors
    /// A sentence that says where it stood before.
    pub fn add(&mut self, id: &str, line: u64) -> Result<(), String> {
        match self.lines.entry(digest(id)) {
            Entry::Vacant(entry) => {
                entry.insert(line);
                Ok(())
            }
            Entry::Occupied(entry) => {
                let first = entry.get();
                Err(format!(
                    "the id `{id}` is repeated; it stood on line {first} first"
                ))
            }
        }
    }

    /// Whether an id was added.
    pub fn has(&self, id: &str) -> bool {
        self.lines.contains_key(&digest(id))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_seen_once_however_many_there_are() {
        let mut seen = SeenIds::default();
        for line in 0..5000 {
            assert_eq!(seen.add(&format!("p{line}"), line), Ok(()));
        }
        for line in 0..5000 {
            let told = seen.add(&format!("p{line}"), 9).unwrap_err();
            assert!(told.ends_with(&format!("on line {line} first")), "{told}");
        }
        assert!(seen.has("p7") && !seen.has("p5000"));
    }

    #[test]
    fn digests_are_spread_by_all_their_bits() {
        let table = ByDigest::default();
        for hash in [|bit| [1 << bit, 0], |bit| [0, 1 << bit]] as [fn(u32) -> [u64; 2]; 2] {
            let low = (0..64).map(|bit| table.hash_one(hash(bit)) as u16);
            assert!(low.collect::<HashSet<_>>().len() > 56);
        }
        let same = [table.hash_one(7u64), table.hash_one(7u64)];
        assert_eq!(same[0], same[1]);
        assert_ne!(table.hash_one(7u64), ByDigest::default().hash_one(7u64));
    }
}
