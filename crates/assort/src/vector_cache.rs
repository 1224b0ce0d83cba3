//! Vectors kept in a file of their own, so that no text is embedded twice: not
//! by another import, nor for another catalog.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use assort_core::{EmbedError, Embedder, Space, text_hash};
use redb::{Database, ReadableDatabase, TableDefinition};

use crate::embedding::{Role, embed, is_unit};
use crate::{Error, Result};

/// Coordinates by the digest of space, role and text.
const VECTORS: TableDefinition<'_, u128, &[u8]> = TableDefinition::new("vectors of version 1");

/// Memory for cached pages.
const PAGES: usize = 32 << 20;

/// An embedder that keeps what it makes in a file, and takes from there what it
/// made before. Several embedders can share one file, one process at a time.
pub struct VectorCache {
    embedder: Arc<dyn Embedder>,
    path: PathBuf,
    database: Database,
}

impl VectorCache {
    /// Opens the file, or makes it, for what `embedder` makes.
    ///
    /// # Errors
    /// [`Error::Argument`] if the file is something else, [`Error::Locked`] if
    /// another process has it.
    pub fn open(path: &Path, embedder: Arc<dyn Embedder>) -> Result<Self> {
        let opened = Database::builder().set_cache_size(PAGES).create(path);
        let database = opened.map_err(|cause| match cause {
            redb::DatabaseError::DatabaseAlreadyOpen => Error::Locked(path.to_owned()),
            cause => Error::argument(format!(
                "{} cannot be used as a vector cache: {cause}; name another file",
                path.display()
            )),
        })?;
        Ok(Self {
            embedder,
            path: path.to_owned(),
            database,
        })
    }

    fn through(&self, role: Role, texts: &[&str]) -> std::result::Result<Vec<f32>, EmbedError> {
        let keys: Vec<u128> = texts.iter().map(|text| self.key(role, text)).collect();
        let dimensions = self.embedder.space().dimensions;
        let mut rows = vec![0.0; texts.len() * dimensions];
        let found = self.take(&keys, &mut rows);
        let found = found.map_err(|error| self.failed("read", &error))?;
        let missing: Vec<usize> = (0..texts.len()).filter(|&at| !found[at]).collect();
        if missing.is_empty() {
            return Ok(rows);
        }
        let asked: Vec<&str> = missing.iter().map(|&at| texts[at]).collect();
        let made = embed(self.embedder.as_ref(), role, &asked)
            .map_err(|error| EmbedError::new(error.to_string()))?;
        let made: Vec<&[f32]> = made.chunks_exact(dimensions).collect();
        for (&at, row) in missing.iter().zip(&made) {
            rows[at * dimensions..][..dimensions].copy_from_slice(row);
        }
        let keys = missing.iter().map(|&at| keys[at]);
        let kept = self.keep(keys.zip(made));
        kept.map_err(|error| self.failed("written", &error))?;
        Ok(rows)
    }

    fn key(&self, role: Role, text: &str) -> u128 {
        let space = self.embedder.space();
        let (model, fingerprint) = (&space.model, &space.fingerprint);
        let dimensions = space.dimensions;
        let role = match role {
            Role::Document => "product",
            Role::Query => "query",
        };
        text_hash(&format!(
            "{model}\n{fingerprint}\n{dimensions}\n{role}\n{text}"
        ))
    }

    /// Writes the rows that are there to `rows`; tells which.
    fn take(&self, keys: &[u128], rows: &mut [f32]) -> std::result::Result<Vec<bool>, redb::Error> {
        let mut found = vec![false; keys.len()];
        let transaction = self.database.begin_read()?;
        let table = match transaction.open_table(VECTORS) {
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(found),
            table => table?,
        };
        let rows = rows.chunks_exact_mut(self.embedder.space().dimensions);
        for ((key, row), found) in keys.iter().zip(rows).zip(&mut found) {
            if let Some(bytes) = table.get(key)? {
                let (numbers, rest) = bytes.value().as_chunks::<4>();
                let values = numbers.iter().map(|number| f32::from_le_bytes(*number));
                row.iter_mut()
                    .zip(values)
                    .for_each(|(to, value)| *to = value);
                let square: f32 = row.iter().map(|value| value * value).sum();
                // What is no vector is made anew.
                *found = numbers.len() == row.len() && rest.is_empty() && is_unit(square);
            }
        }
        Ok(found)
    }

    fn keep<'r>(
        &self,
        made: impl Iterator<Item = (u128, &'r [f32])>,
    ) -> std::result::Result<(), redb::Error> {
        let transaction = self.database.begin_write()?;
        {
            let mut table = transaction.open_table(VECTORS)?;
            for (key, row) in made {
                let bytes: Vec<u8> = row.iter().flat_map(|value| value.to_le_bytes()).collect();
                table.insert(key, bytes.as_slice())?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn failed(&self, what: &str, error: &redb::Error) -> EmbedError {
        EmbedError::new(format!(
            "the vector cache {} cannot be {what}: {error}; go on without it, or name another file",
            self.path.display()
        ))
    }
}

impl Embedder for VectorCache {
    fn space(&self) -> &Space {
        self.embedder.space()
    }

    fn embed(&self, texts: &[&str]) -> std::result::Result<Vec<f32>, EmbedError> {
        self.through(Role::Document, texts)
    }

    fn embed_queries(&self, texts: &[&str]) -> std::result::Result<Vec<f32>, EmbedError> {
        self.through(Role::Query, texts)
    }

    fn familiarity(&self, text: &str) -> Option<f32> {
        self.embedder.familiarity(text)
    }

    fn was_taught(&self, text: u128) -> bool {
        self.embedder.was_taught(text)
    }

    fn batch(&self) -> usize {
        self.embedder.batch()
    }
}

#[cfg(test)]
mod tests {
    use assort_testkit::toy::Toy;

    use super::*;

    #[test]
    fn no_text_is_embedded_twice_not_even_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("vectors");
        let (one, other) = (Arc::new(Toy::new("1")), Arc::new(Toy::new("2")));
        let first = {
            let cache = VectorCache::open(&file, one.clone()).unwrap();
            let first = cache.embed(&["red kettle", "blue shoe"]).unwrap();
            assert_eq!(one.embedded().len(), 2);
            assert_eq!(first, one.embed(&["red kettle", "blue shoe"]).unwrap());
            first
        };
        one.embedded();
        {
            let cache = VectorCache::open(&file, one.clone()).unwrap();
            let again = cache
                .embed(&["blue shoe", "green hat", "red kettle"])
                .unwrap();
            assert_eq!(one.embedded().len(), 1);
            assert_eq!((&again[..32], &again[64..]), (&first[32..], &first[..32]));
            // A query may be embedded in another way.
            cache.embed_queries(&["blue shoe"]).unwrap();
            assert_eq!(one.embedded().len(), 1);
        }
        // Another model's vectors are others.
        let cache = VectorCache::open(&file, other.clone()).unwrap();
        cache.embed(&["red kettle"]).unwrap();
        assert_eq!(other.embedded().len(), 1);
    }

    #[test]
    fn what_is_no_cache_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("products.csv");
        std::fs::write(&file, "id,title\n1,red kettle\n").unwrap();
        let Err(error) = VectorCache::open(&file, Arc::new(Toy::new("1"))) else {
            panic!("a table was taken for a cache");
        };
        assert!(error.to_string().contains("products.csv"), "{error}");
        assert!(error.to_string().contains("name another file"), "{error}");
        assert_eq!(std::fs::read(&file).unwrap(), b"id,title\n1,red kettle\n");
        let file = folder.path().join("vectors");
        let first = VectorCache::open(&file, Arc::new(Toy::new("1"))).unwrap();
        assert!(VectorCache::open(&file, Arc::new(Toy::new("1"))).is_err());
        drop(first);
    }
}
