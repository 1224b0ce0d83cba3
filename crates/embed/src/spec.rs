//! Which embedder, and how it is to be run.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::Error;

/// Which embedder to open.
///
/// ```
/// use assort_embed::Spec;
///
/// let spec: Spec = "fastembed:BGESmallENV15".parse()?;
/// assert_eq!(spec, Spec::Fastembed("BGESmallENV15".to_owned()));
/// assert_eq!(spec.to_string(), "fastembed:BGESmallENV15");
/// # Ok::<(), assort_embed::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Spec {
    /// `bundled`: the static multilingual embedding inside the program; needs nothing
    /// else.
    #[default]
    Bundled,
    /// `bundled-english`: the small English model that catalogs of former versions were
    /// made with, if it is inside the program.
    BundledEnglish,
    /// `fastembed:NAME`: a text model fastembed lists, by its name or repository.
    Fastembed(String),
    /// `dir:PATH`: a folder with an ONNX model and its tokenizer.
    Dir(PathBuf),
    /// `distilled:FILE`: a student in a file, without its teacher.
    Distilled(PathBuf),
    /// `static:FILE`: a static embedding in a file.
    Static(PathBuf),
}

impl FromStr for Spec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.split_once(':') {
            None if text == "bundled" => Ok(Self::Bundled),
            None if text == "bundled-english" => Ok(Self::BundledEnglish),
            Some(("fastembed", name)) if !name.trim().is_empty() => {
                Ok(Self::Fastembed(name.trim().to_owned()))
            }
            Some(("dir", path)) if !path.is_empty() => Ok(Self::Dir(PathBuf::from(path))),
            Some(("distilled", path)) if !path.is_empty() => {
                Ok(Self::Distilled(PathBuf::from(path)))
            }
            Some(("static", path)) if !path.is_empty() => Ok(Self::Static(PathBuf::from(path))),
            _ => Err(Error::Spec {
                given: text.to_owned(),
            }),
        }
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bundled => f.write_str("bundled"),
            Self::BundledEnglish => f.write_str("bundled-english"),
            Self::Fastembed(name) => write!(f, "fastembed:{name}"),
            Self::Dir(path) => write!(f, "dir:{}", path.display()),
            Self::Distilled(path) => write!(f, "distilled:{}", path.display()),
            Self::Static(path) => write!(f, "static:{}", path.display()),
        }
    }
}

/// How the vectors of a text's tokens become the one vector of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pooling {
    /// The mean of all tokens.
    Mean,
    /// The first token.
    Cls,
}

impl FromStr for Pooling {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "mean" => Ok(Self::Mean),
            "cls" => Ok(Self::Cls),
            _ => Err(Error::Pooling {
                given: text.to_owned(),
            }),
        }
    }
}

impl fmt::Display for Pooling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mean => "mean",
            Self::Cls => "cls",
        })
    }
}

impl From<Pooling> for fastembed::Pooling {
    fn from(pooling: Pooling) -> Self {
        match pooling {
            Pooling::Mean => Self::Mean,
            Pooling::Cls => Self::Cls,
        }
    }
}

impl From<fastembed::Pooling> for Pooling {
    fn from(pooling: fastembed::Pooling) -> Self {
        match pooling {
            fastembed::Pooling::Mean => Self::Mean,
            fastembed::Pooling::Cls => Self::Cls,
        }
    }
}

/// How an embedder is run. The default leaves every alternative to the model and
/// the machine.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// Never use the network: a model that is not on this machine is an error.
    pub offline: bool,
    /// How many threads may work at once; as many as the machine has cores
    /// if not given.
    pub threads: Option<usize>,
    /// The folder in which downloaded models are kept. If not given: `HF_HOME`,
    /// `FASTEMBED_CACHE_DIR`, or the user's own cache folder.
    pub cache: Option<PathBuf>,
    /// A file where what a model makes is kept, so that no text is embedded
    /// twice; see [`VectorCache`](crate::VectorCache). Embedders that are quicker
    /// than a file do not use it.
    pub vector_cache: Option<PathBuf>,
    /// How token vectors are pooled, if not as the model's own files say.
    pub pooling: Option<Pooling>,
    /// How many tokens of a text are read, if not as the model's own files say.
    pub max_length: Option<usize>,
}

impl Options {
    /// The same with another value of [`Self::offline`].
    #[must_use]
    pub fn with_offline(mut self, offline: bool) -> Self {
        self.offline = offline;
        self
    }

    /// The same with another value of `threads`.
    #[must_use]
    pub fn with_threads(mut self, threads: impl Into<Option<usize>>) -> Self {
        self.threads = threads.into();
        self
    }

    /// The same with another value of [`Self::cache`].
    #[must_use]
    pub fn with_cache(mut self, cache: impl Into<Option<PathBuf>>) -> Self {
        self.cache = cache.into();
        self
    }

    /// The same with another value of [`Self::vector_cache`].
    #[must_use]
    pub fn with_vector_cache(mut self, vector_cache: impl Into<Option<PathBuf>>) -> Self {
        self.vector_cache = vector_cache.into();
        self
    }

    /// The same with another value of [`Self::pooling`].
    #[must_use]
    pub fn with_pooling(mut self, pooling: impl Into<Option<Pooling>>) -> Self {
        self.pooling = pooling.into();
        self
    }

    /// The same with another value of [`Self::max_length`].
    #[must_use]
    pub fn with_max_length(mut self, max_length: impl Into<Option<usize>>) -> Self {
        self.max_length = max_length.into();
        self
    }
}

impl Options {
    /// The number of threads to use, at least one.
    pub(crate) fn threads(&self) -> usize {
        self.threads
            .or_else(|| std::thread::available_parallelism().ok().map(usize::from))
            .unwrap_or(1)
            .max(1)
    }

    /// A pool of so many threads.
    pub(crate) fn workers(&self) -> Result<rayon::ThreadPool, Error> {
        let threads = self.threads();
        let workers = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("embed-{i}"))
            .build();
        workers.map_err(|e| Error::Threads {
            threads,
            cause: e.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spec_reads_back_as_written() {
        for text in [
            "bundled",
            "bundled-english",
            "fastembed:a/b:c",
            "dir:/some/where",
            "dir:C:\\models",
            "distilled:shop.student",
            "static:models/shop.static",
        ] {
            assert_eq!(text.parse::<Spec>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn nonsense_specs_are_refused_by_name() {
        for text in [
            "",
            "bundle",
            "fastembed",
            "fastembed:",
            "dir:",
            "bundled:x",
            "static:",
            "Dir:x",
        ] {
            let error = text.parse::<Spec>().unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("`{text}` names no embedder")),
                "{error}"
            );
        }
    }

    #[test]
    fn pooling_reads_back_as_written() {
        for text in ["mean", "cls"] {
            assert_eq!(text.parse::<Pooling>().unwrap().to_string(), text);
        }
        assert!("max".parse::<Pooling>().is_err());
    }

    #[test]
    fn there_is_always_a_thread() {
        let none = Options {
            threads: Some(0),
            ..Options::default()
        };
        assert_eq!(none.threads(), 1);
        assert!(Options::default().threads() >= 1);
    }
}
