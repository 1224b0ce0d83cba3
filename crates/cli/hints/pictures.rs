//! What to do about errors of pictures.

#[cfg(feature = "pictures")]
use std::path::Path;

#[cfg(feature = "pictures")]
use assort::Error;
use assort::PictureUse;
use assort::core::{Decision, Product};
#[cfg(feature = "pictures")]
use assort_embed::{Error as EmbedderError, Spec, StoredSpec};

#[cfg(feature = "pictures")]
use super::{joined, told};
use crate::text::counted;

/// Why the embedder of a catalog's pictures cannot be opened, with what to do about it.
#[cfg(feature = "pictures")]
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
#[cfg(feature = "pictures")]
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
#[cfg(feature = "pictures")]
pub(crate) fn preparation_is_assumed(preparation: &str) -> String {
    format!(
        "note: pictures are prepared as {preparation}; if the model was trained otherwise, put its preprocessor_config.json beside it"
    )
}

/// Pictures are to be embedded and nothing is said of how.
#[cfg(feature = "pictures")]
pub(crate) fn not_embedded(dir: &Path) -> String {
    format!(
        "the pictures of {0} were not embedded yet; name a model of pictures, as in `assort pictures {0} --images images/ --embedder dir:MODEL`",
        dir.display()
    )
}

/// An embedder was named for pictures that reads none.
#[cfg(feature = "pictures")]
pub(crate) fn reads_none(spec: &Spec) -> String {
    format!(
        "{spec} reads no pictures; name a folder with a model of pictures, as in --embedder dir:models/efficientnet-lite0 (`assort embedders dir:PATH` tells what a folder holds)"
    )
}

/// How many products an evaluation filed without a picture, if any.
pub(crate) fn use_of(pictures: &PictureUse) -> Option<String> {
    let without = pictures.without as u64;
    let lacking = (without > 0).then(|| {
        format!(
            "note: {} no picture",
            counted(without, "product has", "products have")
        )
    });
    let unusable = UnusablePictures {
        count: pictures.unusable as u64,
        first: pictures.first_unusable.clone(),
    };
    let told: Vec<String> = lacking.into_iter().chain(unusable.told()).collect();
    (!told.is_empty()).then(|| told.join("\n"))
}

/// Products that were filed without their pictures, since those could not be used.
#[derive(Default)]
pub(crate) struct UnusablePictures {
    pub(crate) count: u64,
    /// The id of the first, and why.
    pub(crate) first: Option<(String, String)>,
}

impl UnusablePictures {
    /// Counts those among some products.
    pub(crate) fn look(&mut self, products: &[Product], decisions: &[Decision]) {
        for (product, decision) in products.iter().zip(decisions) {
            if let Some(problem) = &decision.picture_problem {
                self.count += 1;
                let first = || (product.id.clone(), problem.to_string());
                self.first.get_or_insert_with(first);
            }
        }
    }

    /// What is to be said of them.
    pub(crate) fn told(&self) -> Option<String> {
        let (id, problem) = self.first.as_ref()?;
        Some(format!(
            "note: {} filed without a picture that could not be used; of `{id}`: {problem} (--images names the folder of pictures, --allow-urls fetches them; for a server they are options of `assort serve`)",
            counted(self.count, "product was", "products were")
        ))
    }
}
