//! Which exception of `assort.errors` an error becomes.

use assort::{Error, ErrorKind};
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::{PyErr, import_exception};

import_exception!(assort.errors, AssortError);
import_exception!(assort.errors, Damaged);
import_exception!(assort.errors, EmbedderError);
import_exception!(assort.errors, Exists);
import_exception!(assort.errors, InvalidInput);
import_exception!(assort.errors, Locked);
import_exception!(assort.errors, NotFound);
import_exception!(assort.errors, NotReady);
import_exception!(assort.errors, StorageError);
import_exception!(assort.errors, WrongSpace);
import_exception!(assort.errors, WrongVersion);

/// The exception of an error of the engine. This is the one table.
pub(crate) fn raised(error: Error) -> PyErr {
    let told = error.to_string();
    match (error.kind(), error) {
        (ErrorKind::Interrupted, _) => PyKeyboardInterrupt::new_err(told),
        (_, Error::SpaceMismatch { .. }) => WrongSpace::new_err(told),
        (ErrorKind::Argument | ErrorKind::Input, _) => InvalidInput::new_err(told),
        (ErrorKind::Precondition, _) => NotReady::new_err(told),
        (ErrorKind::Incompatible, _) => WrongVersion::new_err(told),
        (ErrorKind::NotFound, _) => NotFound::new_err(told),
        (ErrorKind::AlreadyExists, _) => Exists::new_err(told),
        (ErrorKind::Busy, _) => Locked::new_err(told),
        (ErrorKind::Storage, _) => StorageError::new_err(told),
        (ErrorKind::Damaged, _) => Damaged::new_err(told),
        (ErrorKind::Embedder, _) => EmbedderError::new_err(told),
        _ => AssortError::new_err(told),
    }
}

/// The exception of an embedder that cannot be opened.
pub(crate) fn embedder(error: &assort_embed::Error) -> PyErr {
    match error.kind() {
        ErrorKind::Argument | ErrorKind::Input => InvalidInput::new_err(error.to_string()),
        ErrorKind::NotFound => NotFound::new_err(error.to_string()),
        _ => EmbedderError::new_err(error.to_string()),
    }
}

/// What was given cannot be used.
pub(crate) fn invalid(what: impl Into<String>) -> PyErr {
    InvalidInput::new_err(what.into())
}
