//! Settings in JSON beside a model.

use std::path::Path;

use serde_json::{Map, Value};

use crate::Error;

/// The bytes of a file; none if there is no such file.
pub(crate) fn read_optional(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match path.try_exists() {
        Ok(false) => Ok(None),
        _ => read_file(path).map(Some),
    }
}

/// The bytes of a file.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })
}

/// The object in a JSON file; empty if there is no such file.
pub(crate) fn object(path: &Path) -> Result<Map<String, Value>, Error> {
    let Some(file) = read_optional(path)? else {
        return Ok(Map::new());
    };
    serde_json::from_slice(&file).map_err(|e| Error::Invalid {
        path: path.to_owned(),
        cause: e.to_string(),
    })
}

#[cfg(test)]
pub(crate) mod tests {
    /// A folder with these files.
    pub(crate) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }
}
