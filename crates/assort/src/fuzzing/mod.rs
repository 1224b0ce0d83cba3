//! Entry points for fuzzing: code that reads bytes somebody else wrote.
//!
//! Each takes any bytes, must come to an end, and must not panic. [`ENTRIES`]
//! lists them. `fuzz/` runs each under cargo-fuzz, and the tests of this
//! module run all of them on random bytes and on damaged valid ones.

mod attributes;
mod filter;
mod pack;
mod readers;
mod segment;
mod static_embedding;
mod student;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::io::Write;
use std::path::Path;

use assort_files::Described;

pub use attributes::attributes;
pub use filter::filter;
pub use pack::pack;
pub use readers::{products, taxonomy};
pub use segment::segment;
pub use static_embedding::static_embedding;
pub use student::student;

use crate::copies::{CopiedFile, Manifest};
use crate::{classifier, store};

/// Valid bytes to begin with, or why they could not be made.
pub type Seeds = Result<Vec<Vec<u8>>, Box<dyn Error>>;

/// A function that reads any bytes, and valid bytes for it to begin with.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Name of the function and of its fuzz target.
    pub name: &'static str,
    /// Reads bytes; returns whether they were of the kind it reads.
    pub run: fn(&[u8]) -> bool,
    /// Makes valid bytes.
    pub seeds: fn() -> Seeds,
}

/// Every entry point. A new one needs a file in `fuzz/fuzz_targets`.
pub const ENTRIES: [Entry; 12] = [
    Entry {
        name: "attributes",
        run: attributes,
        seeds: || Ok(attributes::seeds()),
    },
    Entry {
        name: "categories",
        run: categories,
        seeds: || Ok(store::fuzzing::category_seeds()?),
    },
    Entry {
        name: "filter",
        run: filter,
        seeds: || Ok(filter::seeds()),
    },
    Entry {
        name: "manifest",
        run: manifest,
        seeds: || Ok(manifest_seeds()),
    },
    Entry {
        name: "model",
        run: model,
        seeds: || Ok(classifier::fuzzing::model_seeds()),
    },
    Entry {
        name: "pack",
        run: pack,
        seeds: pack::seeds,
    },
    Entry {
        name: "products",
        run: products,
        seeds: || Ok(readers::product_seeds()),
    },
    Entry {
        name: "records",
        run: records,
        seeds: || Ok(store::fuzzing::record_seeds()?),
    },
    Entry {
        name: "segment",
        run: segment,
        seeds: segment::seeds,
    },
    Entry {
        name: "static_embedding",
        run: static_embedding,
        seeds: static_embedding::seeds,
    },
    Entry {
        name: "student",
        run: student,
        seeds: student::seeds,
    },
    Entry {
        name: "taxonomy",
        run: taxonomy,
        seeds: || Ok(readers::taxonomy_seeds()),
    },
];

/// Looks at bytes in a file, first as they are, then with their checksum made right, so that
/// what it guards is looked at, too; `look` tells whether the file is of its kind.
fn in_a_file(bytes: &[u8], look: impl Fn(&Path) -> bool) -> bool {
    let look = |bytes: &[u8]| written(bytes).is_some_and(|file| look(file.path()));
    let as_it_is = look(bytes);
    look(&resealed(bytes)) || as_it_is
}

/// A file of these bytes, which goes with what is returned; none if it cannot be written.
fn written(bytes: &[u8]) -> Option<tempfile::NamedTempFile> {
    let mut file = tempfile::NamedTempFile::new().ok()?;
    file.write_all(bytes).ok()?;
    Some(file)
}

/// A described file (`assort_files::Described`) with its checksum made right.
fn resealed(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if bytes.len() >= 32 {
        Described::seal(&mut bytes);
    }
    bytes
}

/// Decodes the bytes as every kind of value that the store holds. A value that
/// is read must be encoded and read again as the same.
pub fn records(bytes: &[u8]) -> bool {
    store::fuzzing::decode_each(bytes)
}

/// Decodes a file of what was learned, with its digest made right.
pub fn model(bytes: &[u8]) -> bool {
    classifier::fuzzing::model(bytes)
}

/// Decodes a list of stored categories and makes a taxonomy of them. Each has
/// its length in front, two bytes, little-endian.
pub fn categories(bytes: &[u8]) -> bool {
    store::fuzzing::categories(bytes)
}

/// Reads a manifest of a copy; one that is read is written and read again.
pub fn manifest(bytes: &[u8]) -> bool {
    let Ok(manifest) = Manifest::decode(bytes) else {
        return false;
    };
    let again = Manifest::decode(manifest.encode().as_bytes());
    assert_eq!(again.as_ref(), Ok(&manifest));
    manifest.size()
        >= manifest
            .files
            .iter()
            .map(|file| file.size)
            .max()
            .unwrap_or(0)
}

fn manifest_seeds() -> Vec<Vec<u8>> {
    let names = ["segments/00000001.seg", "models/0f.model", "catalog.redb"];
    let files = names.map(|name| CopiedFile {
        name: name.to_owned(),
        size: 4096,
        digest: 1 << 77,
    });
    let manifest = Manifest {
        catalog: Some(1 << 99),
        commit: 12,
        format: 2,
        assort: "0.1.0".to_owned(),
        files: files.into(),
    };
    vec![manifest.encode().into_bytes()]
}
