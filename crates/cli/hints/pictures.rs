//! What to do about errors of pictures.

use std::path::Path;

use assort::Error;
use assort_embed::{Error as EmbedderError, Spec, StoredSpec};

use super::{joined, told};

/// Why the embedder of a catalog's pictures cannot be opened, with what to do about it.
pub(crate) fn told_of_embedder(
    error: &EmbedderError,
    stored: &StoredSpec,
    directory: &Path,
) -> String {
    let moved = match &stored.spec {
        Spec::Dir(path) if !path.exists() => Some(format!(
            "if the model has moved, name its new place with `assort pictures {} --embedder dir:PATH`",
            directory.display()
        )),
        _ => None,
    };
    joined(super::told_of_embedder(error), moved)
}

/// Why the embedder of a catalog's pictures is another one than that of their vectors, with
/// what to do about it.
pub(crate) fn told_of_changed_embedder(
    error: &Error,
    stored: &StoredSpec,
    directory: &Path,
) -> String {
    match error {
        Error::SpaceMismatch { .. } => format!(
            "{error}; {} has changed since the pictures were embedded: put back what was there, or embed them anew with `assort pictures {} --images IMAGES`",
            stored.spec,
            directory.display()
        ),
        _ => told(error),
    }
}

/// How pictures are prepared for a model whose files do not say it.
pub(crate) fn preparation_is_assumed(preparation: &str) -> String {
    format!(
        "note: pictures are prepared as {preparation}; if the model was trained otherwise, put its preprocessor_config.json beside it"
    )
}

/// Pictures are to be embedded and nothing is said of how.
pub(crate) fn not_embedded(dir: &Path) -> String {
    format!(
        "the pictures of {0} were not embedded yet; name a model of pictures, as in `assort pictures {0} --images images/ --embedder dir:MODEL`",
        dir.display()
    )
}

/// An embedder was named for pictures that reads none.
pub(crate) fn reads_none(spec: &Spec) -> String {
    format!(
        "{spec} reads no pictures; name a folder with a model of pictures, as in --embedder dir:models/efficientnet-lite0 (`assort embedders dir:PATH` tells what a folder holds)"
    )
}
