//! Decisions as columns, for Python and for tables of Arrow.

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
use pyo3::types::PyCapsule;
use serde_json::json;

use crate::categories::NamedCategory;
use crate::error::AssortError;

/// Rows of one batch of the table.
const BATCH: usize = 1 << 16;

/// What was decided on some products.
#[pyclass(frozen, module = "assort._assort")]
pub(crate) struct Decisions {
    taxonomy: Arc<Taxonomy>,
    method: Method,
    /// The digest of the pack that decided; none of a catalog.
    #[pyo3(get)]
    pack: Option<String>,
    /// Ids of the products; none where they have none.
    ids: Option<Vec<Option<String>>>,
    decided: Vec<Decided>,
    alternatives: Vec<Alternative>,
    sets: Vec<Alternative>,
}

/// A decision, which has its alternatives among those of all.
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
}

impl Decisions {
    pub(crate) fn new(
        taxonomy: Arc<Taxonomy>,
        method: Method,
        pack: Option<String>,
        has_ids: bool,
    ) -> Self {
        Self {
            taxonomy,
            method,
            pack,
            ids: has_ids.then(Vec::new),
            decided: Vec::new(),
            alternatives: Vec::new(),
            sets: Vec::new(),
        }
    }

    /// Adds the decision on the product of an id; none for a product without a title.
    pub(crate) fn push(&mut self, id: &str, decision: Option<Decision>) {
        if let Some(ids) = &mut self.ids {
            ids.push(Some(id.to_owned()).filter(|id| !id.is_empty()));
        }
        let is_missing = decision.is_none();
        let decision = decision.unwrap_or_else(|| Decision::unknown(self.taxonomy.version()));
        let own = add(&mut self.alternatives, decision.alternatives);
        let set = decision.set.map(|set| add(&mut self.sets, set));
        self.decided.push(Decided {
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
        });
    }

    /// The method that decided.
    pub(crate) fn method(&self) -> Method {
        self.method
    }

    /// Whether products had ids.
    pub(crate) fn have_ids(&self) -> bool {
        self.ids.is_some()
    }

    /// What was decided on products with an id, as a catalog keeps it.
    pub(crate) fn by_id(&self) -> impl Iterator<Item = (&str, Decision)> {
        let ids = self.ids.iter().flatten().zip(&self.decided);
        ids.filter_map(|(id, decided)| {
            let mut decision = Decision::unknown(self.taxonomy.version());
            decision.category = decided.category;
            decision.confidence = decided.confidence;
            Some((id.as_deref()?, decision))
        })
    }

    fn named(&self, category: u32) -> NamedCategory {
        let id = self.taxonomy.category(category).id.clone();
        (id, self.taxonomy.path(category))
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
        let pack = self
            .pack
            .iter()
            .map(|pack| ("assort.pack".to_owned(), pack.clone()));
        Schema::new(fields).with_metadata(pack.collect::<HashMap<_, _>>())
    }

    /// The rows in `range` as a batch of `schema`.
    fn batch(&self, schema: &Arc<Schema>, range: Range<usize>) -> Result<RecordBatch, ArrowError> {
        let mut paths: HashMap<u32, NamedCategory> = HashMap::new();
        let mut text = [(); 4].map(|()| StringBuilder::new());
        let [ids, categories, names, reasons] = &mut text;
        let mut numbers = [(); 2].map(|()| Float32Builder::new());
        let [confidence, margin] = &mut numbers;
        let mut calibrated = BooleanBuilder::new();
        let mut listed = [(); 2].map(|()| Choices::default());
        let [alternatives, sets] = &mut listed;
        for at in range {
            let one = &self.decided[at];
            ids.append_option(self.ids.as_ref().and_then(|ids| ids[at].as_deref()));
            let named = one.category.map(|category| {
                &*paths
                    .entry(category)
                    .or_insert_with(|| self.named(category))
            });
            categories.append_option(named.map(|(id, _)| id));
            names.append_option(named.map(|(_, path)| path));
            let known = !one.is_missing;
            confidence.append_option(known.then_some(one.confidence));
            margin.append_option(known.then_some(one.margin));
            calibrated.append_option(known.then_some(one.is_calibrated));
            let own = &self.alternatives[one.alternatives.clone()];
            alternatives.append(self, &mut paths, known.then_some(own));
            let own = one.set.as_ref().map(|set| &self.sets[set.clone()]);
            sets.append(self, &mut paths, own);
            reasons.append_option(one.reasons.as_ref());
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
                _ => Arc::new(reasons.finish()),
            }
        };
        let arrays = schema.fields().iter().map(array).collect();
        RecordBatch::try_new(Arc::clone(schema), arrays)
    }

    fn row(&self, at: usize) -> Row {
        let one = &self.decided[at];
        let listed = |choices: &[Alternative]| -> Vec<(String, String, f32)> {
            let choices = choices.iter().map(|choice| {
                let (id, path) = self.named(choice.category);
                (id, path, choice.confidence)
            });
            choices.collect()
        };
        Row {
            id: self.ids.as_ref().and_then(|ids| ids[at].clone()),
            category: one.category.map(|category| self.named(category)),
            confidence: one.confidence,
            margin: one.margin,
            is_calibrated: one.is_calibrated,
            alternatives: listed(&self.alternatives[one.alternatives.clone()]),
            set: one.set.as_ref().map(|set| listed(&self.sets[set.clone()])),
            reasons: one.reasons.clone(),
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
    fn append(
        &mut self,
        decisions: &Decisions,
        paths: &mut HashMap<u32, NamedCategory>,
        choices: Option<&[Alternative]>,
    ) {
        let values = self.0.values();
        for choice in choices.unwrap_or_default() {
            let (id, path) = paths
                .entry(choice.category)
                .or_insert_with(|| decisions.named(choice.category));
            for (number, text) in [&*id, &*path].into_iter().enumerate() {
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
fn add(all: &mut Vec<Alternative>, some: Vec<Alternative>) -> Range<usize> {
    let start = all.len();
    all.extend(some);
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
    fn __len__(&self) -> usize {
        self.decided.len()
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
            Some(self.taxonomy.category(category).id.as_str())
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
