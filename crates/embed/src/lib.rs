//! Embedders for Assort: what turns text into vectors.
//!
//! [`open`] gives an [`Embedder`] for a [`Spec`]:
//!
//! - `bundled`: a static multilingual embedding inside the program, in plain Rust, if
//!   this crate was compiled with the feature `bundled`;
//! - `bundled-english`: a small English model inside the program, in plain Rust, with
//!   the feature of that name; catalogs of former versions were made with it;
//! - `fastembed:NAME`: any text model fastembed lists, downloaded once or taken
//!   from the cache;
//! - `dir:PATH`: a folder with an ONNX model and its `tokenizer.json`, or one that reads
//!   pictures (`docs/pictures.md`);
//! - `distilled:FILE`: a student that was distilled on a catalog, in plain Rust;
//! - `static:FILE`: a static embedding, a table of pieces, in plain Rust.
//!
//! `fastembed` and `dir` run on ONNX Runtime, which is searched on the machine when
//! such a model is opened: the file or folder `ORT_DYLIB_PATH` names, or else
//! beside the program, where systems keep libraries, and in Python environments.
//!
//! A catalog keeps a text of its embedder, a [`StoredSpec`], and [`reopen`] gives
//! the embedder again.

mod bundled;
#[cfg(feature = "bundled-english")]
mod bundled_english;
mod describe;
mod error;
mod folder;
mod graph;
mod hub;
mod json;
mod known;
mod listed;
mod onnx;
mod picture_model;
mod preparation;
mod prompts;
mod runtime;
mod sessions;
mod space;
mod spec;
mod static_embedding;
mod stored;
mod text;
mod vector_cache;

use std::path::Path;
use std::sync::Arc;

use assort_core::Embedder;
use assort_distill::{Distilled, StaticEmbedding, Student};

use picture_model::{PictureFiles, PictureModel};

pub use describe::{assumed_preparation, describe, list};
pub use error::Error;
pub use known::{Languages, Rate};
pub use listed::Listed;
pub use prompts::Prompts;
pub use spec::{Options, Pooling, Spec};
pub use stored::{StoredSpec, StoredStudent, reopen, reopen_packed, reopen_teacher};
pub use vector_cache::VectorCache;

/// Opens the embedder `spec` names, ready to run; behind the file of
/// [`Options::vector_cache`], if there is one.
///
/// # Errors
/// If the model or ONNX Runtime is missing, damaged or not allowed to be
/// downloaded; see [`Error`].
pub fn open(spec: &Spec, options: &Options) -> Result<Arc<dyn Embedder>, Error> {
    let embedder: Arc<dyn Embedder> = match spec {
        // These are quicker than a file of vectors.
        Spec::Bundled => return Ok(Arc::new(bundled::open(options)?)),
        #[cfg(feature = "bundled-english")]
        Spec::BundledEnglish => {
            return Ok(Arc::new(bundled_english::BundledEnglish::open(options)?));
        }
        #[cfg(not(feature = "bundled-english"))]
        Spec::BundledEnglish => {
            let spec = "bundled-english";
            return Err(Error::NotCompiled { spec });
        }
        Spec::Distilled(file) => {
            let student = Student::open(file)?;
            return Ok(Arc::new(Distilled::alone(Arc::new(student))));
        }
        Spec::Static(file) => {
            return Ok(Arc::new(static_embedding::Static::open(file, options)?));
        }
        Spec::Fastembed(name) => Arc::new(onnx::Onnx::open(hub::read(name, options)?, options)?),
        Spec::Dir(folder) => open_folder(folder, options)?,
    };
    Ok(match &options.vector_cache {
        Some(file) => Arc::new(VectorCache::open(file, embedder)?),
        None => embedder,
    })
}

/// The model of a folder, which reads pictures or texts.
fn open_folder(folder: &Path, options: &Options) -> Result<Arc<dyn Embedder>, Error> {
    if let Some((files, graph)) = folder::read_pictures(folder)? {
        let model = PictureFiles::read(folder, files, &graph, options.pooling)?;
        return Ok(Arc::new(PictureModel::open(model, options)?));
    }
    let model = folder::read_unknown(folder, options)?;
    Ok(Arc::new(onnx::Onnx::open(model, options)?))
}

/// What stands before the texts that an embedder reads, known without opening it: what
/// the folder of the model says, or else what is known of models of its name.
///
/// # Errors
/// If there is no such model, or its files cannot be read.
pub fn prompts(spec: &Spec) -> Result<Prompts, Error> {
    match spec {
        Spec::Fastembed(name) => hub::prompts(name),
        Spec::Dir(folder) if folder::read_pictures(folder)?.is_some() => Ok(Prompts::None),
        Spec::Dir(folder) => prompts::of_folder(folder, &folder::name(folder)?),
        Spec::Bundled | Spec::BundledEnglish | Spec::Distilled(_) | Spec::Static(_) => {
            Ok(Prompts::None)
        }
    }
}

/// The static embedding that `spec` names, as a student can start from it.
///
/// # Errors
/// [`Error::NotStatic`] if the embedder is none, and those of [`open`].
pub fn static_embedding(spec: &Spec) -> Result<StaticEmbedding, Error> {
    match spec {
        Spec::Bundled => bundled::embedding(),
        Spec::Static(file) => Ok(StaticEmbedding::open(file)?),
        _ => Err(Error::NotStatic {
            spec: spec.to_string(),
        }),
    }
}

/// What students start from that nothing is said of: the embedding inside the program, if
/// there is one.
///
/// # Errors
/// If it cannot be read.
pub fn usual_start() -> Result<Option<StaticEmbedding>, Error> {
    let bundled = cfg!(feature = "bundled").then_some(Spec::Bundled);
    bundled.map(|spec| static_embedding(&spec)).transpose()
}
