//! Packs.

use std::path::PathBuf;
use std::sync::Arc;

use assort::core::{Decision, Product};
use assort::read::ProductRow;
use assort::{ClassifyOptions, Pack as AssortPack};
use assort_embed::reopen_packed;
use pyo3::prelude::*;

use crate::categories::{NamedCategory, categories};
use crate::decisions::{Decisions, DecisionsBuilder};
use crate::encoder::options;
use crate::error::{embedder, invalid, raised};
use crate::rows::{Columns, Rows};
use crate::work::{detached, lives_through_forks, same_process};

/// How to classify.
#[derive(Clone, FromPyObject)]
pub(crate) struct Deciding {
    method: String,
    top: usize,
    min_confidence: f32,
    target_precision: Option<f32>,
    set_coverage: Option<f32>,
    explain: bool,
    /// Whether a product without a title gets no decision, in place of an error.
    skip: bool,
}

impl Deciding {
    pub(crate) fn options(&self) -> PyResult<ClassifyOptions> {
        Ok(ClassifyOptions::default()
            .with_method(self.method.parse().map_err(invalid)?)
            .with_top(self.top)
            .with_min_confidence(self.min_confidence)
            .with_target_precision(self.target_precision)
            .with_set_coverage(self.set_coverage)
            .with_explain(self.explain))
    }

    /// Files rows in groups, adding to `decisions`.
    pub(crate) fn file(
        &self,
        py: Python<'_>,
        mut rows: Rows,
        mut decisions: DecisionsBuilder,
        group: usize,
        file: &File<'_>,
        told: Option<Py<PyAny>>,
    ) -> PyResult<Decisions> {
        while let Some((first, rows)) = py.detach(|| rows.next_batch())? {
            let ids: Vec<String> = rows.iter().map(|row| row.product.id.clone()).collect();
            let (places, products) = self.titled(rows)?;
            let mut made = Vec::with_capacity(products.len());
            for group in products.chunks(group) {
                made.extend(detached(py, || file(group))?);
                py.check_signals()?;
                if let Some(told) = &told {
                    told.call1(py, ("products", first + made.len() as u64, py.None()))?;
                }
            }
            let mut made = places.into_iter().zip(made).peekable();
            for (at, id) in ids.iter().enumerate() {
                let own = made.next_if(|(place, _)| *place == at);
                decisions.push(id, own.map(|(_, decision)| decision));
            }
        }
        Ok(decisions.finished())
    }

    /// The products of rows that have a title, each with its place; an error of another
    /// where they are not to be skipped.
    fn titled(&self, rows: Vec<ProductRow>) -> PyResult<(Vec<usize>, Vec<Product>)> {
        let mut titled = (Vec::new(), Vec::new());
        for (at, row) in rows.into_iter().enumerate() {
            match row.product.title.is_empty() {
                true if self.skip => {}
                true => {
                    return Err(invalid(format!("row {} has no title", row.line)));
                }
                false => {
                    titled.0.push(at);
                    titled.1.push(row.product);
                }
            }
        }
        Ok(titled)
    }
}

/// Files some products.
pub(crate) type File<'a> = dyn Fn(&[Product]) -> assort::Result<Vec<Decision>> + Sync + 'a;

/// A pack that is open, and the process that opened it.
#[pyclass(frozen, module = "assort._assort")]
pub(crate) struct Pack(AssortPack, u32);

impl Pack {
    pub(crate) fn opened(&self) -> &AssortPack {
        &self.0
    }
}

#[pymethods]
impl Pack {
    #[new]
    #[pyo3(signature = (path, cache=None, offline=false))]
    fn new(py: Python<'_>, path: PathBuf, cache: Option<PathBuf>, offline: bool) -> PyResult<Self> {
        let pack = detached(py, || AssortPack::open(&path))?;
        let (spec, student, space) = (pack.embedder_spec(), pack.student(), pack.space());
        let opened = py.detach(|| reopen_packed(spec, student, &space, &options(cache, offline)));
        let opened = opened.map_err(|error| embedder(&error))?;
        let pack = pack.with_embedder(opened).map_err(raised)?;
        Ok(Self(pack, std::process::id()))
    }

    #[getter]
    fn digest(&self) -> String {
        format!("{:032x}", self.0.digest())
    }

    #[getter]
    fn size(&self) -> u64 {
        self.0.size()
    }

    #[getter]
    fn labels(&self) -> usize {
        self.0.labels()
    }

    #[getter]
    fn embedder(&self) -> &str {
        self.0.embedder_spec()
    }

    fn categories(&self) -> Vec<NamedCategory> {
        categories(self.0.taxonomy())
    }

    /// Files the products of a table.
    #[pyo3(signature = (table, columns, deciding, told=None))]
    fn classify(
        &self,
        py: Python<'_>,
        table: &Bound<'_, PyAny>,
        columns: Columns,
        deciding: Deciding,
        told: Option<Py<PyAny>>,
    ) -> PyResult<Decisions> {
        if !lives_through_forks(self.0.embedder_spec()) {
            same_process(self.1, "pack")?;
        }
        let taxonomy = Arc::clone(self.0.taxonomy());
        let options = deciding.options()?;
        let group = self.0.classify_batch(&options).map_err(raised)?;
        let rows = Rows::new(table, columns)?;
        let decisions = DecisionsBuilder::new(
            taxonomy,
            options.method,
            Some(self.digest()),
            rows.have_ids(),
        );
        let file = |products: &[Product]| self.0.classify(products, &options);
        deciding.file(py, rows, decisions, group, &file, told)
    }
}
