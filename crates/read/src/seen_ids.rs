//! Ids of an input, each of which may stand in it once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

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
    /// By digests of the ids.
    lines: HashMap<u128, u64>,
}

impl SeenIds {
    /// Adds an id that stands on `line`.
    ///
    /// # Errors
    /// A sentence that says where it stood before.
    pub fn add(&mut self, id: &str, line: u64) -> Result<(), String> {
        match self.lines.entry(text_hash(id)) {
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
        self.lines.contains_key(&text_hash(id))
    }
}
