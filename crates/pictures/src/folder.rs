//! Pictures in a folder.

use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use crate::error::{Error, named};
use crate::limits::Limits;
use crate::name;

/// A folder out of which no path leads, by a link neither.
pub(crate) struct Folder {
    path: PathBuf,
    folder: Dir,
}

impl Folder {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let folder = Dir::open_ambient_dir(path, ambient_authority());
        let folder = folder.map_err(|error| Error::Place {
            path: path.to_owned(),
            cause: error.to_string(),
        })?;
        Ok(Self {
            path: path.to_owned(),
            folder,
        })
    }

    pub(crate) fn read(&self, reference: &str, limits: &Limits) -> Result<Vec<u8>, Error> {
        let path = name::inside(reference)?;
        // Asked before it is opened: opening a pipe would wait for who writes to it.
        let found = self.folder.metadata(&path);
        let found = found.map_err(|error| self.refused(reference, error))?;
        if !found.is_file() {
            return Err(Error::NoFile {
                reference: named(reference),
                what: match found.is_dir() {
                    true => "a folder",
                    false => "a device, a pipe or a socket",
                },
                place: self.path.clone(),
            });
        }
        let file = self.folder.open(&path);
        let file = file.map_err(|error| self.refused(reference, error))?;
        read_within(reference, file, Some(found.len()), limits)
    }

    fn refused(&self, reference: &str, error: io::Error) -> Error {
        let reference = named(reference);
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Error::NotFound {
                reference,
                place: self.path.clone(),
            },
            // The system's own refusals have a number.
            ErrorKind::PermissionDenied if error.raw_os_error().is_none() => Error::Outside {
                reference,
                why: "a link leads out of the folder of pictures",
            },
            _ => Error::Read {
                reference,
                source: error,
            },
        }
    }
}

/// All bytes of a file, which `stated` says to have so many, within the limits.
pub(crate) fn read_within(
    reference: &str,
    file: impl Read,
    stated: Option<u64>,
    limits: &Limits,
) -> Result<Vec<u8>, Error> {
    let too_many = |bytes| Error::TooManyBytes {
        reference: named(reference),
        bytes,
        limit: limits.bytes,
    };
    if let Some(bytes) = stated.filter(|bytes| *bytes > limits.bytes) {
        return Err(too_many(Some(bytes)));
    }
    let mut bytes = Vec::new();
    // One more than allowed tells a file that says less than it has.
    let read = file
        .take(limits.bytes.saturating_add(1))
        .read_to_end(&mut bytes);
    read.map_err(|source| Error::Read {
        reference: named(reference),
        source,
    })?;
    match bytes.len() as u64 > limits.bytes {
        true => Err(too_many(None)),
        false => Ok(bytes),
    }
}
