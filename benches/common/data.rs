//! Where real data is, and how it is read.

use std::path::{Path, PathBuf};

use assort::core::Taxonomy;
use assort::read::{Input, Mapping, ProductReader, TaxonomyOptions, read_taxonomy};

/// What is read of a product file where further text does not matter.
pub(crate) fn title_columns() -> Mapping {
    Mapping::default().with_text(Some(Vec::new()))
}

/// The products of a file with their categories.
pub(crate) fn reader(file: &Path, mapping: &Mapping) -> Result<ProductReader, assort::Error> {
    let input = Input::open(&file.display().to_string(), None)?;
    Ok(ProductReader::new(input, mapping)?)
}

/// A taxonomy from a file.
pub(crate) fn taxonomy(file: &Path) -> Result<Taxonomy, Box<dyn std::error::Error>> {
    let rows = read_taxonomy(
        Input::open(&file.display().to_string(), None)?,
        &TaxonomyOptions::default(),
    )?
    .rows;
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
