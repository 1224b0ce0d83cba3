//! What goes wrong in the store's file, as errors of this crate.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use redb::DatabaseError;

use super::FILE;
use super::codec::Unreadable;
use crate::{Error, Result};

/// The database trusts its pages and panics on some damaged ones: what it
/// stumbles over is an error here.
pub(super) fn guarded<T>(directory: &Path, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(Error::Damaged {
            path: directory.to_owned(),
            what: format!(
                "a page of {FILE} cannot be read ({})",
                text.unwrap_or("no reason given")
            ),
        })
    })
}

/// The error for a value that cannot be read.
pub(super) fn unreadable(directory: &Path, place: impl Display, why: Unreadable) -> Error {
    let path = directory.to_owned();
    match why {
        Unreadable::Damaged(what) => Error::Damaged {
            path,
            what: format!("{place}: {what}"),
        },
        Unreadable::Version {
            record,
            found,
            oldest,
            newest,
        } => Error::RecordVersion {
            path,
            place: place.to_string(),
            record,
            found,
            oldest,
            newest,
        },
    }
}

pub(super) fn database_error(directory: &Path, error: DatabaseError) -> Error {
    match error {
        DatabaseError::DatabaseAlreadyOpen => Error::Locked(directory.to_owned()),
        DatabaseError::RepairAborted => Error::Damaged {
            path: directory.to_owned(),
            what: "it needs a repair that could not be made".to_owned(),
        },
        other => store_error(directory, other.into()),
    }
}

pub(super) fn store_error(directory: &Path, error: redb::Error) -> Error {
    let path = directory.to_owned();
    match error {
        redb::Error::Io(source) if damaged_kind(source.kind()) => Error::Damaged {
            path,
            what: source.to_string(),
        },
        redb::Error::Io(source) => Error::Io {
            path: path.join(FILE),
            doing: "reading or writing the catalog",
            source,
        },
        redb::Error::PreviousIo => Error::Io {
            path: path.join(FILE),
            doing: "writing the catalog",
            source: std::io::Error::other(
                "writing failed before; the catalog must be opened again",
            ),
        },
        redb::Error::DatabaseAlreadyOpen => Error::Locked(path),
        other => Error::Damaged {
            path,
            what: other.to_string(),
        },
    }
}

/// Whether an I/O error speaks of the file's contents rather than the disk.
fn damaged_kind(kind: std::io::ErrorKind) -> bool {
    use std::io::ErrorKind;
    matches!(kind, ErrorKind::InvalidData | ErrorKind::UnexpectedEof)
}
