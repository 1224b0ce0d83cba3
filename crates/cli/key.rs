//! What a caller of a server brings: a key, and files of certificates.

use std::path::Path;

use assort_client::Error;

use crate::failure::Failure;
use crate::hints;

/// The key of a file, or of the environment.
pub(crate) fn key(file: Option<&Path>) -> Result<Option<String>, Failure> {
    let key = match file {
        Some(path) => String::from_utf8(read(path)?).map_err(|_| unusable())?,
        None => match std::env::var("ASSORT_KEY") {
            Ok(key) => key,
            Err(std::env::VarError::NotPresent) => return Ok(None),
            Err(_) => return Err(unusable()),
        },
    };
    match key.trim() {
        "" if file.is_some() => Err(Failure::Usage(hints::empty_key_file())),
        "" => Ok(None),
        key => Ok(Some(key.to_owned())),
    }
}

/// Reads a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|source| {
        let doing = "reading";
        let path = path.to_owned();
        assort::Error::Io {
            path,
            doing,
            source,
        }
        .into()
    })
}

fn unusable() -> Failure {
    Failure::of(Error::Key.kind(), hints::told_of_client(&Error::Key, None))
}
