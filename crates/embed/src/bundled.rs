//! The embedder inside the program.

use assort_static::StaticEmbedding;

use crate::static_embedding::Static;
use crate::{Error, Listed, Options, Spec};

/// Opens the static multilingual embedding that is compiled in.
pub(crate) fn open(options: &Options) -> Result<Static, Error> {
    Static::new(embedding()?, options)
}

/// How it is listed.
pub(crate) fn listed() -> Option<Listed> {
    Some(Listed {
        spec: Spec::Bundled.to_string(),
        dimensions: embedding().ok()?.dimensions(),
        description: "Static multilingual embedding inside the program, very fast".to_owned(),
        cached: true,
    })
}

/// The embedding itself.
pub(crate) fn embedding() -> Result<StaticEmbedding, Error> {
    Ok(StaticEmbedding::from_static(assort_multilingual::MODEL)?)
}
