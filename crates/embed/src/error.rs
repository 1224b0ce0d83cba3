//! Why an embedder could not be opened.

use std::path::PathBuf;

use assort_core::ErrorKind;

/// Why an embedder could not be opened: one sentence naming the file or value
/// at fault; [`Error::kind`] says who must act.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is not an embedder's name.
    #[error(
        "`{given}` names no embedder; write `bundled`, `fastembed:NAME`, `dir:PATH`, `distilled:FILE` or `static:FILE`"
    )]
    Spec {
        /// What was given.
        given: String,
    },
    /// What a catalog keeps of its embedder is none that can be opened here.
    #[error(
        "the catalog's embedder `{given}` is not known; if it is one of your own, give it to the \
         catalog yourself"
    )]
    Stored {
        /// What the catalog keeps.
        given: String,
    },
    /// A file cannot be used as a cache of vectors.
    #[error("{} cannot be used as a vector cache: {cause}; {mend}", .path.display())]
    VectorCache {
        /// The file.
        path: PathBuf,
        /// What is in the way.
        cause: String,
        /// What to do about it.
        mend: &'static str,
    },
    /// The text is not a way of pooling.
    #[error("`{given}` is no pooling; write `mean` or `cls`")]
    Pooling {
        /// What was given.
        given: String,
    },
    /// The length limit leaves no room for text.
    #[error("a length limit of {given} tokens leaves no room for text; give at least {least}")]
    MaxLength {
        /// What was given.
        given: usize,
        /// The smallest limit accepted.
        least: usize,
    },
    /// An embedder was asked for what it cannot vary.
    #[error("{how}; leave out the pooling and the length limit, or choose another embedder")]
    Fixed {
        /// How it reads texts.
        how: &'static str,
    },
    /// fastembed lists no such model.
    #[error("fastembed has no text model `{given}`{}", meant(.close))]
    UnknownModel {
        /// What was given.
        given: String,
        /// Names that look alike, the closest first.
        close: Vec<String>,
    },
    /// The model is not on this machine, and may not or cannot be downloaded.
    #[error(
        "the model {model} ({repository}) is not in the cache {}, and {}; use `dir:PATH` with a copy of its files",
        .cache.display(), not_downloaded(*offline)
    )]
    NotCached {
        /// fastembed's name of the model.
        model: String,
        /// The repository that holds it.
        repository: String,
        /// The cache that was searched.
        cache: PathBuf,
        /// Whether downloading was forbidden; otherwise this program cannot.
        offline: bool,
    },
    /// A download failed.
    #[error(
        "{file} of the model {model} ({repository}) could not be downloaded: {cause}; \
         check the network, or copy the model into a folder and use `dir:PATH`"
    )]
    Download {
        /// The file in the repository.
        file: String,
        /// fastembed's name of the model.
        model: String,
        /// The repository that holds it.
        repository: String,
        /// What went wrong.
        cause: String,
    },
    /// No folder can be derived in which models are kept.
    #[error(
        "there is no home folder to keep models in; \
         name a cache folder with the environment variable FASTEMBED_CACHE_DIR"
    )]
    NoCache,
    /// ONNX Runtime cannot be loaded.
    #[error(
        "this embedder needs ONNX Runtime, {cause}; run `pip install onnxruntime`, then set \
         ORT_DYLIB_PATH to the libonnxruntime file in its `onnxruntime/capi` folder"
    )]
    RuntimeMissing {
        /// Why not.
        cause: String,
    },
    /// The model folder is not a folder.
    #[error("the model folder {} is not a folder that can be read; check the path", .folder.display())]
    NoFolder {
        /// The folder that was named.
        folder: PathBuf,
    },
    /// The model folder lacks a file.
    #[error("the model folder {} holds no {file}; {remedy}", .folder.display())]
    MissingFile {
        /// The folder.
        folder: PathBuf,
        /// The file that should be in it.
        file: &'static str,
        /// Where such a file comes from.
        remedy: &'static str,
    },
    /// A file of the model cannot be read.
    #[error("{} cannot be read: {source}; check the file and its permissions", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of the model is not what its name says.
    #[error("{} is not valid: {cause}; fetch the model's files again", .path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// Files of the model want prompts that it cannot have.
    #[error("{}: {what}; change the file, or leave `prompts` out of it", .path.display())]
    Prompts {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The model was loaded, but gives no usable vector.
    #[error(
        "{} does not work as a text embedder: {cause}; it must take input_ids and attention_mask \
         and give one row of f32 numbers per text or per token",
        .path.display()
    )]
    Unusable {
        /// The model file.
        path: PathBuf,
        /// What happened when it was tried.
        cause: String,
    },
    /// The model was loaded, but gives no usable vector of a picture.
    #[error(
        "{} does not work as an embedder of pictures: {cause}; it must take one tensor of \
         pictures, f32 or u8, and give f32 numbers",
        .path.display()
    )]
    UnusableForPictures {
        /// The model file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// Files of the model want pictures prepared as they cannot be.
    #[error("pictures cannot be prepared as {} says: {what}; change the file", .path.display())]
    Preparation {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The student cannot be opened.
    #[error(transparent)]
    Student(#[from] assort_distill::Error),
    /// A static embedding is needed, and the embedder is none.
    #[error("`{spec}` is no static embedding; write `bundled` or `static:FILE`")]
    NotStatic {
        /// The embedder.
        spec: String,
    },
    /// The static embedding cannot be opened.
    #[error(transparent)]
    Static(#[from] assort_static::Error),
    /// Worker threads could not be started.
    #[error("{threads} worker threads could not be started: {cause}; ask for fewer")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// What went wrong.
        cause: String,
    },
    /// The embedder is none of those in this program.
    #[error(
        "this program was compiled without the embedder `{spec}`; choose another embedder, \
         or compile it with the cargo feature `{spec}`"
    )]
    NotCompiled {
        /// The embedder, whose feature has the same name.
        spec: &'static str,
    },
    /// The small English model does not load.
    #[error("the embedder `bundled-english` could not be loaded: {cause}; please report this")]
    BundledEnglish {
        /// What went wrong.
        cause: String,
    },
}

fn not_downloaded(offline: bool) -> &'static str {
    if offline {
        "offline work was asked for"
    } else {
        "this program was built without downloading"
    }
}

impl Error {
    /// Who must act.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Spec { .. }
            | Self::Pooling { .. }
            | Self::MaxLength { .. }
            | Self::NotStatic { .. }
            | Self::VectorCache { .. } => ErrorKind::Argument,
            Self::Stored { .. } | Self::Fixed { .. } | Self::NotCompiled { .. } => {
                ErrorKind::Incompatible
            }
            Self::UnknownModel { .. }
            | Self::NotCached { .. }
            | Self::NoFolder { .. }
            | Self::MissingFile { .. } => ErrorKind::NotFound,
            Self::Download { .. }
            | Self::NoCache
            | Self::RuntimeMissing { .. }
            | Self::Unusable { .. }
            | Self::UnusableForPictures { .. }
            | Self::Threads { .. } => ErrorKind::Embedder,
            Self::Read { .. } => ErrorKind::Storage,
            Self::Invalid { .. } | Self::Preparation { .. } | Self::Prompts { .. } => {
                ErrorKind::Damaged
            }
            Self::Student(error) => error.kind(),
            Self::Static(error) => error.kind(),
            Self::BundledEnglish { .. } => ErrorKind::Internal,
        }
    }
}

fn meant(close: &[String]) -> String {
    match close {
        [] => String::new(),
        names => format!(" (did you mean {}?)", names.join(" or ")),
    }
}
