//! Decisions as columns, for Python and for tables of Arrow.

mod bytes;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Float32Builder, ListBuilder, StringBuilder, StructBuilder,
};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{ArrayRef, RecordBatch, RecordBatchIterator};
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema};
use assort::core::{Alternative, Decision, Method, Reasons, Taxonomy};
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule, PyType};
use rkyv::{Archive, Deserialize, Serialize};
use serde_json::json;

use crate::categories::{NamedCategory, named_in};
use crate::error::{AssortError, invalid};

/// What Python makes decisions of again: their type, and what it takes.
type Pickled<'py> = (Bound<'py, PyType>, (Bound<'py, PyBytes>,));

/// Rows of one batch of the table.
const BATCH: usize = 1 << 16;

/// What was decided on some products.
#[pyclass(frozen, module = "assort._assort")]
#[derive(Archive, Serialize, Deserialize)]
pub(crate) struct Decisions {
    /// The version of the taxonomy, in which categories have their places.
    taxonomy: u128,
    /// The categories that are decided on, by their places.
    categories: HashMap<u32, NamedCategory>,
    method: String,
    /// The digest of the pack that decided; none of a catalog.
    pack: Option<String>,
    /// Ids of the products; none where they have none.
    ids: Option<Vec<Option<String>>>,
    decided: Vec<Decided>,
    alternatives: Vec<Choice>,
    sets: Vec<Choice>,
}

/// A decision, which has its alternatives among those of all.
#[derive(Archive, Serialize, Deserialize)]
struct Decided {
    category: Option<u32>,
    confidence: f32,
    margin: f32,
    is_calibrated: bool,
    /// The product had no title, so that nothing was decided.
    is_missing: bool,
    alternatives: Range<usize>,
    set: Option<Range<usize>>,
    /// As JSON.
    reasons: Option<String>,
    /// Why the product's picture could not be used.
    picture_problem: Option<String>,
}

/// A category with the confidence that it is right.
#[derive(Archive, Serialize, Deserialize)]
struct Choice {
    category: u32,
    confidence: f32,
}

/// Decisions to which more are added.
pub(crate) struct DecisionsBuilder {
    taxonomy: Arc<Taxonomy>,
    made: Decisions,
}

impl DecisionsBuilder {
    pub(crate) fn new(
        taxonomy: Arc<Taxonomy>,
        method: Method,
        pack: Option<String>,
        has_ids: bool,
    ) -> Self {
        let made = Decisions {
            taxonomy: taxonomy.version(),
            categories: HashMap::new(),
            method: method.to_string(),
            pack,
            ids: has_ids.then(Vec::new),
            decided: Vec::new(),
            alternatives: Vec::new(),
            sets: Vec::new(),
        };
        Self { taxonomy, made }
    }

    /// Adds the decision on the product of an id; none for a product without a title.
    pub(crate) fn push(&mut self, id: &str, decision: Option<Decision>) {
        if let Some(ids) = &mut self.made.ids {
            ids.push(Some(id.to_owned()).filter(|id| !id.is_empty()));
        }
        let is_missing = decision.is_none();
        let decision = decision.unwrap_or_else(|| Decision::unknown(self.made.taxonomy));
        let listed = [Some(&decision.alternatives), decision.set.as_ref()];
        let listed = listed.into_iter().flatten().flatten();
        for category in decision
            .category
            .into_iter()
            .chain(listed.map(|one| one.category))
        {
            let named = self.made.categories.entry(category);
            named.or_insert_with(|| named_in(&self.taxonomy, category));
        }
        let own = add(&mut self.made.alternatives, decision.alternatives);
        let set = decision.set.map(|set| add(&mut self.made.sets, set));
        self.made.decided.push(Decided {
            category: decision.category,
            confidence: decision.confidence,
            margin: decision.margin,
            is_calibrated: decision.is_calibrated,
            is_missing,
            alternatives: own,
            set,
            reasons: decision
                .reasons
                .map(|reasons| written(&self.taxonomy, &reasons)),
            picture_problem: decision.picture_problem.map(|problem| problem.to_string()),
        });
    }

    /// What was decided on all of them.
    pub(crate) fn finished(self) -> Decisions {
        self.made
    }
}

impl Decisions {
    /// The method that decided.
    pub(crate) fn method(&self) -> PyResult<Method> {
        self.method.parse().map_err(invalid)
    }

    /// Whether products had ids.
    pub(crate) fn have_ids(&self) -> bool {
        self.ids.is_some()
    }

    /// What was decided on products with an id, as a catalog keeps it.
    pub(crate) fn by_id(&self) -> impl Iterator<Item = (&str, Decision)> {
        let ids = self.ids.iter().flatten().zip(&self.decided);
        ids.filter_map(|(id, decided)| {
            let mut decision = Decision::unknown(self.taxonomy);
            decision.category = decided.category;
            decision.confidence = decided.confidence;
            Some((id.as_deref()?, decision))
        })
    }

    fn schema(&self) -> Schema {
        let listed = || DataType::List(Arc::new(Field::new_struct("item", choice(), true)));
        let mut fields = vec![
            Field::new("category_id", DataType::Utf8, true),
            Field::new("category", DataType::Utf8, true),
            Field::new("confidence", DataType::Float32, true),
            Field::new("margin", DataType::Float32, true),
            Field::new("is_calibrated", DataType::Boolean, true),
            Field::new("alternatives", listed(), true),
        ];
        if self.ids.is_some() {
            fields.insert(0, Field::new("id", DataType::Utf8, true));
        }
        if self.decided.iter().any(|one| one.set.is_some()) {
            fields.push(Field::new("set", listed(), true));
        }
        if self.decided.iter().any(|one| one.reasons.is_some()) {
            fields.push(Field::new("reasons", DataType::Utf8, true));
        }
        if self.decided.iter().any(|one| one.picture_problem.is_some()) {
            fields.push(Field::new("picture_problem", DataType::Utf8, true));
        }
        let pack = self
            .pack
            .iter()
            .map(|pack| ("assort.pack".to_owned(), pack.clone()));
        Schema::new(fields).with_metadata(pack.collect::<HashMap<_, _>>())
    }

    /// The rows in `range` as a batch of `schema`.
    fn batch(&self, schema: &Arc<Schema>, range: Range<usize>) -> Result<RecordBatch, ArrowError> {
        let mut text = [(); 5].map(|()| StringBuilder::new());
        let [ids, categories, names, reasons, problems] = &mut text;
        let mut numbers = [(); 2].map(|()| Float32Builder::new());
        let [confidence, margin] = &mut numbers;
        let mut calibrated = BooleanBuilder::new();
        let mut listed = [(); 2].map(|()| Choices::default());
        let [alternatives, sets] = &mut listed;
        for at in range {
            let one = &self.decided[at];
            ids.append_option(self.ids.as_ref().and_then(|ids| ids[at].as_deref()));
            let named = one.category.map(|category| &self.categories[&category]);
            categories.append_option(named.map(|(id, _)| id));
            names.append_option(named.map(|(_, path)| path));
            let known = !one.is_missing;
            confidence.append_option(known.then_some(one.confidence));
            margin.append_option(known.then_some(one.margin));
            calibrated.append_option(known.then_some(one.is_calibrated));
            let own = &self.alternatives[one.alternatives.clone()];
            alternatives.append(&self.categories, known.then_some(own));
            let own = one.set.as_ref().map(|set| &self.sets[set.clone()]);
            sets.append(&self.categories, own);
            reasons.append_option(one.reasons.as_ref());
            problems.append_option(one.picture_problem.as_ref());
        }
        let array = |field: &Arc<Field>| -> ArrayRef {
            match field.name().as_str() {
                "id" => Arc::new(ids.finish()),
                "category_id" => Arc::new(categories.finish()),
                "category" => Arc::new(names.finish()),
                "confidence" => Arc::new(confidence.finish()),
                "margin" => Arc::new(margin.finish()),
                "is_calibrated" => Arc::new(calibrated.finish()),
                "alternatives" => alternatives.finish(),
                "set" => sets.finish(),
                "picture_problem" => Arc::new(problems.finish()),
                _ => Arc::new(reasons.finish()),
            }
        };
        let arrays = schema.fields().iter().map(array).collect();
        RecordBatch::try_new(Arc::clone(schema), arrays)
    }

    fn row(&self, at: usize) -> Row {
        let one = &self.decided[at];
        let listed = |choices: &[Choice]| -> Vec<(String, String, f32)> {
            let choices = choices.iter().map(|choice| {
                let (id, path) = self.categories[&choice.category].clone();
                (id, path, choice.confidence)
            });
            choices.collect()
        };
        Row {
            id: self.ids.as_ref().and_then(|ids| ids[at].clone()),
            category: one
                .category
                .map(|category| self.categories[&category].clone()),
            confidence: one.confidence,
            margin: one.margin,
            is_calibrated: one.is_calibrated,
            alternatives: listed(&self.alternatives[one.alternatives.clone()]),
            set: one.set.as_ref().map(|set| listed(&self.sets[set.clone()])),
            reasons: one.reasons.clone(),
            picture_problem: one.picture_problem.clone(),
        }
    }
}

/// A decision for Python.
#[derive(IntoPyObject)]
struct Row {
    id: Option<String>,
    category: Option<NamedCategory>,
    confidence: f32,
    margin: f32,
    is_calibrated: bool,
    alternatives: Vec<(String, String, f32)>,
    set: Option<Vec<(String, String, f32)>>,
    reasons: Option<String>,
    picture_problem: Option<String>,
}

/// Builds lists of categories with their confidence.
struct Choices(ListBuilder<StructBuilder>);

impl Default for Choices {
    fn default() -> Self {
        let values = StructBuilder::from_fields(choice(), 0);
        Self(ListBuilder::new(values))
    }
}

impl Choices {
    fn append(&mut self, categories: &HashMap<u32, NamedCategory>, choices: Option<&[Choice]>) {
        let values = self.0.values();
        for choice in choices.unwrap_or_default() {
            let (id, path) = &categories[&choice.category];
            for (number, text) in [id, path].into_iter().enumerate() {
                if let Some(builder) = values.field_builder::<StringBuilder>(number) {
                    builder.append_value(text);
                }
            }
            if let Some(builder) = values.field_builder::<Float32Builder>(2) {
                builder.append_value(choice.confidence);
            }
            values.append(true);
        }
        self.0.append(choices.is_some());
    }

    fn finish(&mut self) -> ArrayRef {
        Arc::new(self.0.finish())
    }
}

/// The fields of a category with its confidence.
fn choice() -> Fields {
    let fields = [
        Field::new("category_id", DataType::Utf8, true),
        Field::new("category", DataType::Utf8, true),
        Field::new("confidence", DataType::Float32, true),
    ];
    fields.into_iter().collect()
}

/// Reasons as JSON.
fn written(taxonomy: &Taxonomy, reasons: &Reasons) -> String {
    let texts = reasons.texts.iter().map(
        |one| json!({"kind": one.kind.as_str(), "text": one.text, "similarity": one.similarity}),
    );
    let neighbors = reasons.neighbors.iter().map(|one| {
        json!({
            "id": one.id,
            "title": one.title,
            "category_id": taxonomy.category(one.category).id,
            "category": taxonomy.path(one.category),
            "similarity": one.similarity,
            "image": one.image,
        })
    });
    let words = reasons.words.iter();
    let words = words.map(|one| json!({"word": one.word, "effect": one.effect}));
    let sources = reasons.sources.iter();
    let sources = sources.map(|one| json!({"source": one.source.as_str(), "effect": one.effect}));
    json!({
        "texts": texts.collect::<Vec<_>>(),
        "neighbors": neighbors.collect::<Vec<_>>(),
        "words": words.collect::<Vec<_>>(),
        "sources": sources.collect::<Vec<_>>(),
    })
    .to_string()
}

/// Adds `some` to `all`; gives where they are.
fn add(all: &mut Vec<Choice>, some: Vec<Alternative>) -> Range<usize> {
    let start = all.len();
    all.extend(some.into_iter().map(|one| Choice {
        category: one.category,
        confidence: one.confidence,
    }));
    start..all.len()
}

/// A table as a capsule of Arrow's stream.
pub(crate) fn capsule<'py>(
    py: Python<'py>,
    schema: Arc<Schema>,
    batches: Vec<RecordBatch>,
) -> PyResult<Bound<'py, PyCapsule>> {
    let batches = RecordBatchIterator::new(batches.into_iter().map(Ok), schema);
    let stream = FFI_ArrowArrayStream::new(Box::new(batches));
    PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
}

#[pymethods]
impl Decisions {
    /// What was written as bytes.
    #[new]
    fn new(py: Python<'_>, written: &[u8]) -> PyResult<Self> {
        py.detach(|| Self::read(written))
    }

    fn __reduce__<'py>(own: &Bound<'py, Self>) -> PyResult<Pickled<'py>> {
        let (py, decisions) = (own.py(), own.get());
        let written = py.detach(|| decisions.written())?;
        Ok((own.get_type(), (PyBytes::new(py, &written),)))
    }

    fn __len__(&self) -> usize {
        self.decided.len()
    }

    /// The digest of the pack that decided; none of a catalog.
    #[getter]
    fn pack(&self) -> Option<&str> {
        self.pack.as_deref()
    }

    /// One decision, by its place.
    fn at(&self, at: usize) -> PyResult<Row> {
        if at >= self.decided.len() {
            return Err(PyIndexError::new_err("there are not so many decisions"));
        }
        Ok(self.row(at))
    }

    /// The ids of the categories decided on.
    fn category_ids(&self) -> Vec<Option<&str>> {
        let ids = self.decided.iter().map(|one| {
            let category = one.category?;
            Some(self.categories[&category].0.as_str())
        });
        ids.collect()
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // The protocol lets a producer ignore what is requested.
        drop(requested_schema);
        let schema = Arc::new(self.schema());
        let batches = py.detach(|| {
            let starts = (0..self.decided.len()).step_by(BATCH);
            starts
                .map(|start| {
                    let end = self.decided.len().min(start + BATCH);
                    self.batch(&schema, start..end)
                })
                .collect::<Result<Vec<_>, _>>()
        });
        let batches = batches.map_err(|error| AssortError::new_err(error.to_string()))?;
        capsule(py, schema, batches)
    }
}
