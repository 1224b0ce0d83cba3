//! From the embedder arguments to an open embedder.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use assort::Catalog;
use assort::core::Embedder;
use assort_embed::{Options, Spec};

use crate::args::{EmbedderArgs, Global};
use crate::failure::Failure;

/// An embedder and how the catalog remembers it.
pub(crate) struct Opened {
    pub(crate) embedder: Arc<dyn Embedder>,
    pub(crate) spec: String,
}

/// What decides an embedder: the spec and what was said with it.
struct Wanted {
    spec: Spec,
    pooling: Option<assort_embed::Pooling>,
    max_length: Option<usize>,
}

/// Opens the embedder the arguments name, `bundled` if they name none.
pub(crate) fn open(args: &EmbedderArgs, global: &Global) -> Result<Opened, Failure> {
    let spec = args.embedder.as_deref().unwrap_or("bundled");
    let mut wanted = Wanted {
        spec: Spec::from_str(spec).map_err(|error| Failure::Usage(error.to_string()))?,
        pooling: args.pooling,
        max_length: args.max_length,
    };
    if let Spec::Dir(path) = &wanted.spec {
        // Remembered by its whole path, so that it opens from anywhere.
        if let Ok(whole) = path.canonicalize() {
            wanted.spec = Spec::Dir(whole);
        }
    }
    wanted.open(global)
}

/// Opens a catalog's own embedder, or the one the arguments name, which must
/// be of the catalog's space.
pub(crate) fn of_catalog(
    catalog: Catalog,
    args: &EmbedderArgs,
    global: &Global,
) -> Result<Catalog, Failure> {
    let opened = if args.embedder.is_some() {
        open(args, global)?
    } else {
        let remembered = catalog.embedder_spec()?;
        let wanted = Wanted::recall(&remembered)?;
        wanted
            .open(global)
            .map_err(|failure| explain_lost(failure, &wanted.spec))?
    };
    Ok(catalog.with_embedder(opened.embedder)?)
}

fn explain_lost(failure: Failure, spec: &Spec) -> Failure {
    match (failure, spec) {
        (Failure::Failed(message), Spec::Dir(path)) if !Path::new(path).exists() => {
            Failure::Failed(format!(
                "{message}; if the model has moved, name its new place with --embedder dir:PATH"
            ))
        }
        (failure, _) => failure,
    }
}

impl Wanted {
    fn open(&self, global: &Global) -> Result<Opened, Failure> {
        let options = Options {
            offline: global.offline,
            threads: global.threads.map(Into::into),
            cache: global.cache.clone(),
            pooling: self.pooling,
            max_length: self.max_length,
        };
        Ok(Opened {
            embedder: assort_embed::open(&self.spec, &options)?,
            spec: self.remember(),
        })
    }

    /// The spec and the options said with it, as one text.
    fn remember(&self) -> String {
        let mut text = self.spec.to_string();
        if let Some(pooling) = &self.pooling {
            text.push_str(&format!(",pooling={pooling}"));
        }
        if let Some(length) = self.max_length {
            text.push_str(&format!(",max-length={length}"));
        }
        text
    }

    /// What [`Self::remember`] wrote.
    fn recall(text: &str) -> Result<Self, Failure> {
        let strange = |what: String| {
            Failure::Failed(format!(
                "the catalog's embedder `{text}` is not known: {what}"
            ))
        };
        let (rest, max_length) = option(text, ",max-length=");
        let (spec, pooling) = option(rest, ",pooling=");
        Ok(Self {
            spec: Spec::from_str(spec).map_err(|error| strange(error.to_string()))?,
            pooling: pooling
                .map(|value| value.parse().map_err(|_| strange(value.to_owned())))
                .transpose()?,
            max_length: max_length
                .map(|value| value.parse().map_err(|_| strange(value.to_owned())))
                .transpose()?,
        })
    }
}

fn option<'t>(text: &'t str, key: &str) -> (&'t str, Option<&'t str>) {
    text.rsplit_once(key)
        .map_or((text, None), |(rest, value)| (rest, Some(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_catalog_remembers_of_its_embedder_comes_back() {
        for text in [
            "bundled",
            "dir:/models/a,b",
            "dir:/models/a,pooling=cls",
            "dir:/models/a,pooling=mean,max-length=64",
            "dir:/models/a,max-length=64",
        ] {
            let Ok(wanted) = Wanted::recall(text) else {
                panic!("{text}")
            };
            assert_eq!(wanted.remember(), text);
        }
    }
}
