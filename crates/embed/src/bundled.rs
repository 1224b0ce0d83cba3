//! The embedder inside the program.

use assort_static::StaticEmbedding;

use crate::known::STATIC_RATE;
use crate::static_embedding::Static;
use crate::{Error, Languages, Listed, Options, Prompts, Spec};

/// Opens the static multilingual embedding, if it is compiled in.
pub(crate) fn open(options: &Options) -> Result<Static, Error> {
    Static::new(embedding()?, options)
}

/// How it is listed, if it is there.
pub(crate) fn listed() -> Result<Listed, Error> {
    Ok(Listed {
        spec: Spec::Bundled.to_string(),
        languages: Some(Languages::Many(16)),
        dimensions: Some(embedding()?.dimensions()),
        rate: Some(STATIC_RATE),
        bytes: Some(0),
        prompts: Prompts::None,
        description: "any shop, at once: inside the program, a static embedding".to_owned(),
        cached: true,
    })
}

/// The embedding itself.
#[cfg(feature = "bundled")]
pub(crate) fn embedding() -> Result<StaticEmbedding, Error> {
    Ok(StaticEmbedding::from_static(assort_multilingual::MODEL)?)
}

/// A program without it says so.
#[cfg(not(feature = "bundled"))]
pub(crate) fn embedding() -> Result<StaticEmbedding, Error> {
    Err(Error::NotCompiled { spec: "bundled" })
}
