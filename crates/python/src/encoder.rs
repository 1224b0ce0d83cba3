//! Embedders.

use std::path::PathBuf;
use std::sync::Arc;

use assort::Error;
use assort::core::{Embedder, Input, Role, TextInput};
use assort_embed::{Options, Spec, StoredSpec, open};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::error::{AssortError, embedder, invalid};
use crate::work::{detached, lives_through_forks, same_process};

/// Where models are, and whether they may be fetched.
pub(crate) fn options(cache: Option<PathBuf>, offline: bool) -> Options {
    Options::default().with_cache(cache).with_offline(offline)
}

/// Opens an embedder; gives what a catalog keeps of it, too.
pub(crate) fn opened(spec: &str, options: &Options) -> PyResult<(Arc<dyn Embedder>, String)> {
    let spec: Spec = spec.parse().map_err(|error| embedder(&error))?;
    let opened = open(&spec, options).map_err(|error| embedder(&error))?;
    Ok((opened, StoredSpec::new(&spec, options).to_string()))
}

/// An embedder that is open.
#[pyclass(frozen, module = "assort._assort")]
pub(crate) struct Encoder {
    embedder: Arc<dyn Embedder>,
    #[pyo3(get)]
    spec: String,
    process: u32,
}

#[pymethods]
impl Encoder {
    #[new]
    #[pyo3(signature = (spec, cache=None, offline=false))]
    fn new(py: Python<'_>, spec: &str, cache: Option<PathBuf>, offline: bool) -> PyResult<Self> {
        let (embedder, spec) = py.detach(|| opened(spec, &options(cache, offline)))?;
        Ok(Self {
            embedder,
            spec,
            process: std::process::id(),
        })
    }

    #[getter]
    fn dimensions(&self) -> usize {
        self.embedder.space().dimensions
    }

    #[getter]
    fn fingerprint(&self) -> String {
        self.embedder.space().fingerprint.clone()
    }

    /// Vectors of unit length, row by row, as little-endian numbers of four bytes.
    fn encode<'py>(
        &self,
        py: Python<'py>,
        texts: Vec<String>,
        role: &str,
        batch_size: usize,
        told: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        if !lives_through_forks(&self.spec) {
            same_process(self.process, "encoder")?;
        }
        let role = match role {
            "document" => Role::Document,
            "query" => Role::Query,
            other => {
                return Err(invalid(format!(
                    "the role `{other}` is unknown; choose document or query"
                )));
            }
        };
        let total = texts.len();
        let size = total * self.dimensions() * size_of::<f32>();
        let mut done = 0;
        PyBytes::new_with(py, size, |bytes| {
            let mut rest = bytes;
            for texts in texts.chunks(batch_size.max(1)) {
                let vectors = detached(py, || self.vectors(texts, role))?;
                let (own, behind) = rest.split_at_mut(vectors.len() * size_of::<f32>());
                let places = own.as_chunks_mut::<4>().0.iter_mut();
                places
                    .zip(vectors)
                    .for_each(|(place, value)| *place = value.to_le_bytes());
                rest = behind;
                done += texts.len();
                py.check_signals()?;
                if let Some(told) = &told {
                    told.call1(py, ("texts", done, total))?;
                }
            }
            match rest.is_empty() {
                true => Ok(()),
                false => Err(AssortError::new_err("the embedder made too few vectors")),
            }
        })
    }
}

impl Encoder {
    fn vectors(&self, texts: &[String], role: Role) -> assort::Result<Vec<f32>> {
        let inputs: Vec<Input<'_>> = texts
            .iter()
            .map(|text| Input::Text(TextInput::plain(text)))
            .collect();
        self.embedder.embed(&inputs, role).map_err(Error::from)
    }
}
