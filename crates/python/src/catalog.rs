//! Catalogs.

use std::path::PathBuf;
use std::sync::Arc;

use assort::core::{CategoryRow, Place, Product, Taxonomy, parse_path};
use assort::read::{Input, ProductRow, Rejected, TaxonomyOptions, doubts, read_taxonomy};
use assort::{
    Catalog as AssortCatalog, CrossValidateOptions, EvaluateOptions, ImportOptions, InputRow,
    LabelOptions, Page, Query, Search, TrainHeads,
};
use assort_embed::{Options, StoredSpec, reopen};
use assort_pictures::{Pictures, Urls};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::categories::{NamedCategory, categories, named_in};
use crate::decisions::{Decisions, DecisionsBuilder};
use crate::distilling::Distilling;
use crate::encoder::{opened, options};
use crate::error::{embedder, invalid, raised};
use crate::evaluating::{add_figures, add_folds};
use crate::pack::{Deciding, Pack};
use crate::rows::{Columns, Rows};
use crate::work::{Rejects, followed, same_process};

/// A category as Python gives it.
#[derive(FromPyObject)]
struct GivenCategory {
    id: Option<String>,
    /// The path as one text.
    path: Option<String>,
    parent: Option<String>,
    name: Option<String>,
    descriptions: Vec<String>,
    aliases: Vec<String>,
    examples: Vec<String>,
}

impl GivenCategory {
    fn row(self, line: u64) -> PyResult<CategoryRow> {
        let place = match (self.path, self.name) {
            (Some(path), _) => Place::Path(parse_path(&path)),
            (None, Some(name)) => Place::Child {
                parent: self.parent,
                name,
            },
            (None, None) => {
                return Err(invalid(format!(
                    "category {line} has neither path nor name"
                )));
            }
        };
        Ok(CategoryRow {
            line,
            id: self.id,
            place,
            descriptions: self.descriptions,
            aliases: self.aliases,
            examples: self.examples,
            ..CategoryRow::default()
        })
    }
}

/// A taxonomy as Python gives it.
#[derive(FromPyObject)]
enum GivenTaxonomy {
    File(PathBuf),
    Rows(Vec<GivenCategory>),
}

impl GivenTaxonomy {
    /// The taxonomy. One of a file that looks wrong is refused unless `sure`.
    fn read(self, sure: bool) -> PyResult<Taxonomy> {
        let rows = match self {
            Self::Rows(rows) => {
                let rows = (1u64..).zip(rows).map(|(line, row)| row.row(line));
                let rows = rows.collect::<PyResult<_>>()?;
                return Taxonomy::from_rows(rows).map_err(|error| invalid(error.to_string()));
            }
            Self::File(path) => {
                let input = Input::open(&path.to_string_lossy(), None);
                let read =
                    input.and_then(|input| read_taxonomy(input, &TaxonomyOptions::default()));
                read.map_err(|error| raised(error.into()))?.rows
            }
        };
        let taxonomy = Taxonomy::from_rows(rows).map_err(|error| invalid(error.to_string()))?;
        match doubts(&taxonomy).as_slice() {
            doubts if !sure && !doubts.is_empty() => Err(invalid(format!(
                "the taxonomy looks wrong: {}; if it is not, say so with `sure=True`",
                doubts.join("; ")
            ))),
            _ => Ok(taxonomy),
        }
    }
}

/// An attribute that a filter looks at.
#[derive(IntoPyObject)]
struct FilterField {
    name: String,
    /// Products that have it.
    values: u64,
    /// Whether it is asked to be more or less than something, and how many can be.
    is_compared: bool,
    readable: u64,
    /// What attributes there are in its place.
    others: Vec<String>,
}

/// A catalog that is open, in the process that opened it.
#[pyclass(frozen, module = "assort._assort")]
pub(crate) struct Catalog {
    catalog: AssortCatalog,
    process: u32,
}

impl Catalog {
    fn new(catalog: AssortCatalog) -> Self {
        Self {
            catalog,
            process: std::process::id(),
        }
    }

    /// The catalog, in the process that opened it: a fork has none of its threads.
    pub(crate) fn here(&self) -> PyResult<&AssortCatalog> {
        same_process(self.process, "catalog")?;
        Ok(&self.catalog)
    }

    fn named(&self, category: u32) -> PyResult<NamedCategory> {
        let taxonomy = self.catalog.taxonomy().map_err(raised)?;
        Ok(named_in(&taxonomy, category))
    }
}

#[pymethods]
impl Catalog {
    #[staticmethod]
    #[pyo3(signature = (path, taxonomy, embedder, cache=None, offline=false, sure=false))]
    fn create(
        py: Python<'_>,
        path: PathBuf,
        taxonomy: GivenTaxonomy,
        embedder: &str,
        cache: Option<PathBuf>,
        offline: bool,
        sure: bool,
    ) -> PyResult<Self> {
        let taxonomy = taxonomy.read(sure)?;
        let options = options(cache, offline);
        let (embedder, spec) = py.detach(|| opened(embedder, &options))?;
        followed(py, None, |observer| {
            let catalog = AssortCatalog::create(&path, &taxonomy, embedder, &spec)?;
            catalog.prepare(observer)?;
            Ok(catalog)
        })
        .map(Self::new)
    }

    /// A catalog without products, with the taxonomy and the embedder of a pack. What is
    /// stored in `bulk` gets no index until it is sent as a shard.
    #[staticmethod]
    #[pyo3(signature = (path, pack, bulk=false))]
    fn of_pack(py: Python<'_>, path: PathBuf, pack: &Pack, bulk: bool) -> PyResult<Self> {
        let pack = pack.opened();
        let catalog = followed(py, None, |_| AssortCatalog::of_pack(&path, pack))?;
        Ok(Self::new(match bulk {
            true => catalog.with_live_limit(usize::MAX),
            false => catalog,
        }))
    }

    #[staticmethod]
    #[pyo3(signature = (path, read_only=false, cache=None, offline=false, images=None, allow_urls=false))]
    fn open(
        py: Python<'_>,
        path: PathBuf,
        read_only: bool,
        cache: Option<PathBuf>,
        offline: bool,
        images: Option<PathBuf>,
        allow_urls: bool,
    ) -> PyResult<Self> {
        let catalog = followed(py, None, |_| match read_only {
            true => AssortCatalog::open_read_only(&path),
            false => AssortCatalog::open(&path),
        })?;
        let spec = catalog.embedder_spec().map_err(raised)?;
        let space = catalog.space().map_err(raised)?;
        let options = options(cache, offline);
        let opened = py.detach(|| reopen(&spec, &path, &space, &options));
        let opened = opened.map_err(|error| embedder(&error))?;
        let catalog = catalog.with_embedder(opened).map_err(raised)?;
        let pictures = match &images {
            Some(path) => py
                .detach(|| Pictures::at(path))
                .map_err(|error| invalid(error.to_string()))?,
            None => Pictures::default(),
        };
        let pictures = match allow_urls {
            true => pictures.with_urls(Urls::default()),
            false => pictures,
        };
        with_pictures(catalog, pictures, &options).map(Self::new)
    }

    #[getter]
    fn path(&self) -> PathBuf {
        self.catalog.directory().to_owned()
    }

    fn __len__(&self) -> PyResult<usize> {
        Ok(self.here()?.stats().map_err(raised)?.products as usize)
    }

    fn __contains__(&self, id: &str) -> PyResult<bool> {
        match self.here()?.product(id) {
            Ok(_) => Ok(true),
            Err(assort::Error::NoProduct(_)) => Ok(false),
            Err(error) => Err(raised(error)),
        }
    }

    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = self.here()?.stats().map_err(raised)?;
        let told = PyDict::new(py);
        told.set_item("products", stats.products)?;
        told.set_item("labelled", stats.labelled)?;
        told.set_item("categories", stats.categories)?;
        told.set_item("leaves", stats.leaves)?;
        told.set_item("levels", stats.levels)?;
        told.set_item("embedder", stats.embedder)?;
        told.set_item("dimensions", stats.space.dimensions)?;
        Ok(told)
    }

    fn categories(&self) -> PyResult<Vec<NamedCategory>> {
        Ok(categories(&*self.here()?.taxonomy().map_err(raised)?))
    }

    /// Stores products; gives what was done, and the rows that were not taken.
    #[pyo3(signature = (table, columns, told=None))]
    fn add<'py>(
        &self,
        py: Python<'py>,
        table: &Bound<'py, PyAny>,
        columns: Columns,
        told: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let catalog = self.here()?;
        let rows = Rows::new(table, columns)?;
        if !rows.have_ids() {
            return Err(invalid(
                "products need ids, and there is no column `id`; name theirs with `id=`",
            ));
        }
        let mut rejects = Rejects::default();
        let report = followed(py, told, |observer| {
            let mut observer = rejects.beside(observer);
            let options = ImportOptions::default();
            catalog.import(rows.products(), &options, &|| None, &mut observer)
        })?;
        let told = rejects.told(py)?;
        told.set_item("rows", report.rows)?;
        told.set_item("added", report.added)?;
        told.set_item("updated", report.updated)?;
        told.set_item("unchanged", report.unchanged)?;
        told.set_item("labelled", report.labelled)?;
        told.set_item("unknown_categories", report.foreign.unknown)?;
        Ok(told)
    }

    /// Learns from what is there, so that the next one who files need not.
    #[pyo3(signature = (told=None))]
    fn prepare(&self, py: Python<'_>, told: Option<Py<PyAny>>) -> PyResult<()> {
        let catalog = self.here()?;
        followed(py, told, |observer| catalog.prepare(observer))
    }

    /// Sets labels of products that are there.
    #[pyo3(signature = (table, columns, told=None))]
    fn label<'py>(
        &self,
        py: Python<'py>,
        table: &Bound<'py, PyAny>,
        columns: Columns,
        told: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let catalog = self.here()?;
        let rows = Rows::new(table, columns)?;
        let mut rejects = Rejects::default();
        let report = followed(py, told, |observer| {
            let mut observer = rejects.beside(observer);
            catalog.label(rows.products(), LabelOptions::default(), &mut observer)
        })?;
        let told = rejects.told(py)?;
        told.set_item("rows", report.rows)?;
        told.set_item("changed", report.changed)?;
        told.set_item("unchanged", report.unchanged)?;
        Ok(told)
    }

    /// Removes products; gives how many there were.
    fn remove(&self, py: Python<'_>, ids: Vec<String>) -> PyResult<usize> {
        let catalog = self.here()?;
        followed(py, None, |_| catalog.remove(ids.iter().map(String::as_str)))
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
        let catalog = self.here()?;
        let options = deciding.options()?;
        let group = catalog.classify_batch(&options).map_err(raised)?;
        followed(
            py,
            told.as_ref().map(|told| told.clone_ref(py)),
            |observer| catalog.prepare(observer),
        )?;
        let taxonomy = catalog.taxonomy().map_err(raised)?;
        let rows = Rows::new(table, columns)?;
        let decisions = DecisionsBuilder::new(taxonomy, options.method, None, rows.have_ids());
        let file = |products: &[Product]| catalog.classify(products, &options);
        deciding.file(py, rows, decisions, group, &file, told)
    }

    /// Keeps decisions on products that are there; gives how many.
    fn keep(&self, py: Python<'_>, decisions: &Decisions) -> PyResult<usize> {
        let catalog = self.here()?;
        if !decisions.have_ids() {
            return Err(invalid(
                "decisions are kept by the ids of products, and these were made without any",
            ));
        }
        let method = decisions.method()?;
        followed(py, None, |_| {
            let kept: Vec<_> = decisions.by_id().collect();
            let kept = kept.iter().map(|(id, decision)| (*id, decision));
            catalog.apply(method, kept)
        })
    }

    /// Products that match a text, or are like one, the best first.
    #[pyo3(signature = (top, text=None, like=None, vector=None, filter=None, min_similarity=None, exact=false))]
    #[expect(clippy::too_many_arguments, reason = "Python gives them by name")]
    fn search<'py>(
        &self,
        py: Python<'py>,
        top: usize,
        text: Option<String>,
        like: Option<String>,
        vector: Option<Vec<f32>>,
        filter: Option<String>,
        min_similarity: Option<f32>,
        exact: bool,
    ) -> PyResult<Bound<'py, PyList>> {
        let catalog = self.here()?;
        let query = match (text, like, vector) {
            (Some(text), None, None) => Query::Text(text),
            (None, Some(id), None) => Query::Like(id),
            (None, None, Some(vector)) => Query::Vector(vector),
            _ => return Err(invalid("give one of text, id and vector to search by")),
        };
        let search = Search::new(query)
            .with_top(top)
            .with_filter(filter)
            .with_min_similarity(min_similarity)
            .with_exact(exact);
        let page = followed(py, None, |_| catalog.search(&search))?;
        self.found(py, page)
    }

    /// What the attributes hold that a filter looks at.
    fn filter_fields(&self, py: Python<'_>, filter: &str) -> PyResult<Vec<FilterField>> {
        let catalog = self.here()?;
        let fields = followed(py, None, |_| catalog.filter_fields(filter))?;
        let fields = fields.into_iter().map(|field| FilterField {
            is_compared: field.by_size,
            name: field.name,
            values: field.values,
            readable: field.readable,
            others: field.others,
        });
        Ok(fields.collect())
    }

    /// Trains heads on the labels.
    #[pyo3(signature = (told=None))]
    fn train<'py>(&self, py: Python<'py>, told: Option<Py<PyAny>>) -> PyResult<Bound<'py, PyDict>> {
        let catalog = self.here()?;
        let report = followed(py, told, |observer| {
            catalog.train(&TrainHeads::default(), observer)
        })?;
        let told = PyDict::new(py);
        told.set_item("labels", report.labels)?;
        told.set_item("categories", report.categories)?;
        told.set_item("held_out", report.held_out)?;
        told.set_item("accuracy", report.accuracy)?;
        told.set_item("accuracy_without", report.accuracy_without)?;
        told.set_item("in_force", report.in_force)?;
        Ok(told)
    }

    /// Files labelled products and compares.
    #[pyo3(signature = (table, columns, deciding, told=None))]
    fn evaluate<'py>(
        &self,
        py: Python<'py>,
        table: &Bound<'py, PyAny>,
        columns: Columns,
        deciding: Deciding,
        told: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let catalog = self.here()?;
        let options = EvaluateOptions::from(deciding.options()?);
        let rows = Rows::new(table, columns)?;
        let mut rejects = Rejects::default();
        let found = followed(py, told, |observer| {
            catalog.prepare(observer)?;
            let mut observer = rejects.beside(observer);
            catalog.evaluate(rows.products(), &options, &mut observer)
        })?;
        let told = rejects.told(py)?;
        add_figures(&told, &found)?;
        told.set_item("overlap", found.overlap.products)?;
        if let Some(pictures) = &found.pictures {
            let counts = PyDict::new(py);
            counts.set_item("used", pictures.used)?;
            counts.set_item("without", pictures.without)?;
            counts.set_item("unusable", pictures.unusable)?;
            told.set_item("pictures", counts)?;
        }
        Ok(told)
    }

    /// Judges how the catalog files new products by its own labels.
    #[pyo3(signature = (folds, deciding, seed, told=None))]
    fn cross_validate<'py>(
        &self,
        py: Python<'py>,
        folds: usize,
        deciding: Deciding,
        seed: u64,
        told: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let catalog = self.here()?;
        let evaluate = EvaluateOptions::from(deciding.options()?).with_seed(seed);
        let options = CrossValidateOptions::default()
            .with_folds(folds)
            .with_evaluate(evaluate);
        let found = followed(py, told, |observer| {
            catalog.cross_validate(&options, observer)
        })?;
        let told = PyDict::new(py);
        add_figures(&told, &found)?;
        if let Some(parts) = &found.cross_validation {
            add_folds(&told, parts)?;
        }
        Ok(told)
    }

    /// Teaches a student on the catalog's own texts, and moves the catalog to it.
    #[pyo3(signature = (distilling, told=None))]
    fn distill<'py>(
        &self,
        py: Python<'py>,
        distilling: Distilling,
        told: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        distilling.run(py, self.here()?, told)
    }

    /// Writes all that filing needs to one file; gives its digest.
    #[pyo3(signature = (path, told=None))]
    fn pack(&self, py: Python<'_>, path: PathBuf, told: Option<Py<PyAny>>) -> PyResult<String> {
        let catalog = self.here()?;
        let report = followed(py, told, |observer| catalog.pack(&path, observer))?;
        Ok(format!("{:032x}", report.digest))
    }
}

/// Lets a catalog open pictures that it has no vector of, if it has vectors of any.
fn with_pictures(
    catalog: AssortCatalog,
    pictures: Pictures,
    options: &Options,
) -> PyResult<AssortCatalog> {
    let Some((space, spec)) = catalog.picture_space().map_err(raised)? else {
        return Ok(catalog);
    };
    let stored = StoredSpec::of_catalog(&spec, catalog.directory(), &space);
    let model = stored.map_err(|error| embedder(&error))?;
    let model = model.open_later(&space, options);
    let catalog = catalog.with_picture_embedder(model).map_err(raised)?;
    Ok(catalog.with_picture_source(Arc::new(pictures)))
}

impl Catalog {
    fn found<'py>(&self, py: Python<'py>, page: Page) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for found in page.found {
            let (stored, told) = (found.product, PyDict::new(py));
            told.set_item("id", stored.product.id)?;
            told.set_item("title", stored.product.title)?;
            told.set_item("text", stored.product.text)?;
            told.set_item("similarity", found.similarity)?;
            let decided = stored.decision.and_then(|decision| decision.category);
            let category = stored.label.or(decided);
            let category = category.map(|one| self.named(one)).transpose()?;
            told.set_item("category_id", category.as_ref().map(|(id, _)| id))?;
            told.set_item("category", category.as_ref().map(|(_, path)| path))?;
            let attributes = PyDict::new(py);
            for (name, value) in stored.product.attributes {
                attributes.set_item(name, value)?;
            }
            told.set_item("attributes", attributes)?;
            list.append(told)?;
        }
        Ok(list)
    }
}

impl Rows {
    /// The rows one by one; what they cannot be read for ends them.
    fn products(self) -> impl Iterator<Item = InputRow> + Send {
        let mut rows = Some(self);
        let batches = std::iter::from_fn(move || {
            let batch = rows.as_mut()?.next_batch().transpose();
            if !matches!(batch, Some(Ok(_))) {
                rows = None;
            }
            batch
        });
        batches.flat_map(|batch| match batch {
            Ok((_, rows)) => rows.into_iter().map(titled).collect::<Vec<_>>(),
            Err(error) => {
                let told = Python::attach(|py| error.value(py).to_string());
                vec![InputRow::Failed(assort::Error::Argument(told))]
            }
        })
    }
}

/// A row as it is taken: one without a title is not.
fn titled(row: ProductRow) -> InputRow {
    if !row.product.title.is_empty() {
        return InputRow::from(row);
    }
    let what = match row.product.id.is_empty() {
        true => "no id",
        false => "no title",
    };
    Rejected::new(row.line, None, what.to_owned()).into()
}

impl Rejects {
    /// What is told of rows that were not taken.
    fn told<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let told = PyDict::new(py);
        told.set_item("rejected", self.count)?;
        let first = self.first.iter();
        let first: Vec<(u64, &str)> = first
            .map(|Rejected { line, reason, .. }| (*line, reason.as_str()))
            .collect();
        told.set_item("rejects", first)?;
        Ok(told)
    }
}
