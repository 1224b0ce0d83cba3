//! Tables of lists, for those who have no library of tables.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::decisions::capsule;
use crate::error::invalid;

/// Columns of texts, all of one length.
#[pyclass(frozen, module = "assort._assort")]
pub(crate) struct Table(RecordBatch);

#[pymethods]
impl Table {
    #[new]
    fn new(columns: Vec<(String, Vec<Option<String>>)>) -> PyResult<Self> {
        let fields = columns
            .iter()
            .map(|(name, _)| Field::new(name, DataType::Utf8, true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let arrays = columns
            .into_iter()
            .map(|(_, values)| -> ArrayRef { Arc::new(StringArray::from_iter(values)) });
        let batch = RecordBatch::try_new(schema, arrays.collect());
        batch.map(Self).map_err(|error| invalid(error.to_string()))
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        drop(requested_schema);
        capsule(py, self.0.schema(), vec![self.0.clone()])
    }
}
