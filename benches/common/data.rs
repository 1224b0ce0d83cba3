//! Where real data is, and how it is read.

use std::path::{Path, PathBuf};

use assort::core::Taxonomy;
use assort::read::{Input, Mapping, ProductReader, read_taxonomy};

/// Titles and categories of a product file.
pub(crate) fn reader(file: &Path) -> Result<ProductReader, assort::Error> {
    let mapping = Mapping::default().with_text(Some(Vec::new()));
    ProductReader::new(Input::open(&file.display().to_string(), None)?, &mapping)
}

/// A taxonomy from a file.
pub(crate) fn taxonomy(file: &Path) -> Result<Taxonomy, Box<dyn std::error::Error>> {
    let rows = read_taxonomy(Input::open(&file.display().to_string(), None)?, None)?.rows;
    Ok(Taxonomy::from_rows(rows)?)
}

/// The folder with real data and models: `ASSORT_SHARED`, or `../shared`
/// beside the repository. Says so where there is none.
pub(crate) fn shared() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder = std::env::var_os("ASSORT_SHARED").map_or_else(beside, PathBuf::from);
    let found = folder.join("data").is_dir() && folder.join("models").is_dir();
    if !found {
        println!(
            "skipped: no real data in {}; name its folder with ASSORT_SHARED",
            folder.display()
        );
    }
    found.then_some(folder)
}
