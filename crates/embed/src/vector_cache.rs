//! Vectors kept in a file of their own, so that no text or picture is embedded twice:
//! not by another import, nor for another catalog.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use assort_core::{
    EmbedError, Embedder, Input, Modality, Role, Space, StudentHooks, TextInput, text_hash, vector,
};
use redb::{Database, ReadableDatabase, TableDefinition};
use xxhash_rust::xxh3::xxh3_128;

use crate::Error;

/// Coordinates by the digest of space, role and text or picture.
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
    /// [`Error::VectorCache`] if the file is something else, or another process
    /// has it.
    pub fn open(path: &Path, embedder: Arc<dyn Embedder>) -> Result<Self, Error> {
        let opened = Database::builder().set_cache_size(PAGES).create(path);
        let database = opened.map_err(|cause| {
            let mend = match cause {
                redb::DatabaseError::DatabaseAlreadyOpen => {
                    "wait until it is done, or name another file"
                }
                _ => "name another file",
            };
            Error::VectorCache {
                path: path.to_owned(),
                cause: cause.to_string(),
                mend,
            }
        })?;
        Ok(Self {
            embedder,
            path: path.to_owned(),
            database,
        })
    }

    /// What the embedder makes of inputs it has not seen, checked before it is
    /// kept.
    fn make(&self, inputs: &[Input<'_>], role: Role) -> Result<Vec<f32>, EmbedError> {
        let made = self.embedder.embed(inputs, role)?;
        let space = self.embedder.space();
        vector::check_units(&made, inputs.len(), space.dimensions)
            .map_err(|what| EmbedError::new(format!("the embedder {space} {what}")))?;
        Ok(made)
    }

    fn key(&self, role: Role, input: &Input<'_>) -> Result<u128, EmbedError> {
        let space = self.embedder.space();
        let (model, fingerprint) = (&space.model, &space.fingerprint);
        let dimensions = space.dimensions;
        let role = match role {
            Role::Document => "product",
            Role::Query => "query",
        };
        let modality = input.modality();
        let input = match (input.text(), input.image()) {
            (Some(text), _) => text.composed(),
            (_, Some(image)) => {
                let (width, height) = (image.width(), image.height());
                let digest = xxh3_128(image.rgb());
                Cow::Owned(format!("{width} × {height} pixels {digest:032x}"))
            }
            _ => return Err(EmbedError::cannot_read(space, modality)),
        };
        // A text says no more of its role, so that it is never taken for a picture.
        let modality = match modality {
            Modality::Text => String::new(),
            other => format!(" of kind {other}"),
        };
        Ok(text_hash(&format!(
            "{model}\n{fingerprint}\n{dimensions}\n{role}{modality}\n{input}"
        )))
    }

    /// Writes the rows that are there to `rows`; tells which.
    fn take(&self, keys: &[u128], rows: &mut [f32]) -> Result<Vec<bool>, redb::Error> {
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
                // What is no vector is made anew.
                *found = numbers.len() == row.len() && rest.is_empty() && vector::is_unit(row);
            }
        }
        Ok(found)
    }

    fn keep<'r>(&self, made: impl Iterator<Item = (u128, &'r [f32])>) -> Result<(), redb::Error> {
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

    fn embed(&self, inputs: &[Input<'_>], role: Role) -> Result<Vec<f32>, EmbedError> {
        let keys = inputs.iter().map(|input| self.key(role, input));
        let keys = keys.collect::<Result<Vec<u128>, EmbedError>>()?;
        let dimensions = self.embedder.space().dimensions;
        let mut rows = vec![0.0; inputs.len() * dimensions];
        let found = self.take(&keys, &mut rows);
        let found = found.map_err(|error| self.failed("read", &error))?;
        let missing: Vec<usize> = (0..inputs.len()).filter(|&at| !found[at]).collect();
        if missing.is_empty() {
            return Ok(rows);
        }
        let asked: Vec<Input<'_>> = missing.iter().map(|&at| inputs[at]).collect();
        let made = self.make(&asked, role)?;
        let made: Vec<&[f32]> = made.chunks_exact(dimensions).collect();
        for (&at, row) in missing.iter().zip(&made) {
            rows[at * dimensions..][..dimensions].copy_from_slice(row);
        }
        let keys = missing.iter().map(|&at| keys[at]);
        let kept = self.keep(keys.zip(made));
        kept.map_err(|error| self.failed("written", &error))?;
        Ok(rows)
    }

    fn reads(&self, modality: Modality) -> bool {
        self.embedder.reads(modality)
    }

    fn known_share(&self, text: TextInput<'_>) -> Option<f32> {
        self.embedder.known_share(text)
    }

    fn known_shares(&self, texts: &[TextInput<'_>]) -> Vec<Option<f32>> {
        self.embedder.known_shares(texts)
    }

    fn as_student(&self) -> Option<&dyn StudentHooks> {
        self.embedder.as_student()
    }

    fn batch(&self) -> usize {
        self.embedder.batch()
    }
}

#[cfg(test)]
mod tests {
    use assort_testkit::toy::{DIMENSIONS, Toy};

    use super::*;

    fn embed(embedder: &dyn Embedder, texts: &[&str], role: Role) -> Vec<f32> {
        let inputs: Vec<Input<'_>> = texts.iter().map(|text| Input::plain(text)).collect();
        embedder.embed(&inputs, role).unwrap()
    }

    #[test]
    fn no_text_is_embedded_twice_not_even_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("vectors");
        let (one, other) = (Arc::new(Toy::new("1")), Arc::new(Toy::new("2")));
        let first = {
            let cache = VectorCache::open(&file, one.clone()).unwrap();
            let first = embed(&cache, &["red kettle", "blue shoe"], Role::Document);
            assert_eq!(one.embedded().len(), 2);
            assert_eq!(
                first,
                embed(&*one, &["red kettle", "blue shoe"], Role::Document)
            );
            first
        };
        one.embedded();
        {
            let cache = VectorCache::open(&file, one.clone()).unwrap();
            let again = embed(
                &cache,
                &["blue shoe", "green hat", "red kettle"],
                Role::Document,
            );
            assert_eq!(one.embedded().len(), 1);
            let (kettle, shoe) = first.split_at(DIMENSIONS);
            let known = (&again[2 * DIMENSIONS..], &again[..DIMENSIONS]);
            assert_eq!(known, (kettle, shoe));
            // A query may be embedded in another way.
            embed(&cache, &["blue shoe"], Role::Query);
            assert_eq!(one.embedded().len(), 1);
        }
        // Another model's vectors are others.
        let cache = VectorCache::open(&file, other.clone()).unwrap();
        embed(&cache, &["red kettle"], Role::Document);
        assert_eq!(other.embedded().len(), 1);
    }

    /// Reads pictures: how wide and how high they are. Counts what it is asked.
    struct Sizes(Space, std::sync::atomic::AtomicUsize);

    impl Embedder for Sizes {
        fn space(&self) -> &Space {
            &self.0
        }

        fn embed(&self, inputs: &[Input<'_>], _: Role) -> Result<Vec<f32>, EmbedError> {
            self.1
                .fetch_add(inputs.len(), std::sync::atomic::Ordering::Relaxed);
            let images = inputs.iter().filter_map(Input::image);
            let rows = images.map(|image| {
                let mut row = [image.width() as f32, image.height() as f32];
                vector::normalize(&mut row);
                row
            });
            Ok(rows.flatten().collect())
        }

        fn reads(&self, modality: Modality) -> bool {
            modality == Modality::Image
        }
    }

    #[test]
    fn no_picture_is_embedded_twice_and_none_is_taken_for_another_of_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let space = Space {
            model: "sizes".to_owned(),
            fingerprint: "1".to_owned(),
            dimensions: 2,
        };
        let sizes = Arc::new(Sizes(space, Default::default()));
        let cache = VectorCache::open(&folder.path().join("vectors"), sizes.clone()).unwrap();
        assert!(cache.reads(Modality::Image) && !cache.reads(Modality::Text));
        let [wide, high] = [(2, 1), (1, 2)]
            .map(|(width, height)| assort_core::Pixels::new(width, height, vec![7; 6]).unwrap());
        let inputs = [Input::Image(&wide), Input::Image(&high)];
        let made = cache.embed(&inputs, Role::Document).unwrap();
        assert_ne!(made[..2], made[2..]);
        assert_eq!(cache.embed(&inputs, Role::Document).unwrap(), made);
        assert_eq!(sizes.1.load(std::sync::atomic::Ordering::Relaxed), 2);
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
