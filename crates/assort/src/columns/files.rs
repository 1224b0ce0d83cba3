//! Where the file of columns is.

use std::path::{Path, PathBuf};

use crate::Result;
use crate::store::Reader;

/// Folder of the file in a catalog's directory.
pub(super) const FOLDER: &str = "columns";

pub(super) fn path(directory: &Path, digest: u128) -> PathBuf {
    directory.join(FOLDER).join(name(digest))
}

fn name(digest: u128) -> String {
    format!("{digest:032x}.columns")
}

/// Path in a catalog's directory of the file that a commit names.
pub(crate) fn columns_file(reader: &Reader<'_>) -> Result<Option<String>> {
    let columns = reader.columns()?;
    Ok(columns.map(|columns| format!("{FOLDER}/{}", name(columns.digest))))
}
