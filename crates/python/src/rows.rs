//! Products from tables of Arrow, whatever made them.

use arrow_array::cast::AsArray;
use arrow_array::ffi_stream::RecordBatchStreamReader;
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchReader};
use arrow_cast::cast;
use arrow_pyarrow::FromPyArrow;
use arrow_schema::DataType;
use assort::core::{Product, clean, clean_lines};
use assort::read::ProductRow;
use pyo3::prelude::*;

use crate::error::invalid;

/// The column of ids that nobody names.
const ID: &str = "id";

/// Which columns are what.
#[derive(Clone, FromPyObject)]
pub(crate) struct Columns {
    /// None takes the column `id`, if there is one.
    id: Option<String>,
    title: String,
    text: Vec<String>,
    category: Option<String>,
    attributes: Vec<String>,
    image: Option<String>,
}

/// The products of a table, batch by batch.
pub(crate) struct Rows {
    reader: RecordBatchStreamReader,
    columns: Columns,
    /// Rows that were read.
    read: u64,
}

/// Texts as they lie in memory.
enum Texts {
    Small(arrow_array::StringArray),
    Large(arrow_array::LargeStringArray),
    View(arrow_array::StringViewArray),
}

impl Texts {
    /// A column of texts; `numbers` are written as texts where they may be, as in ids.
    fn of(array: &ArrayRef, name: &str, numbers: bool) -> PyResult<Self> {
        Ok(match array.data_type() {
            DataType::Utf8 => Self::Small(array.as_string().clone()),
            DataType::LargeUtf8 => Self::Large(array.as_string().clone()),
            DataType::Utf8View => Self::View(array.as_string_view().clone()),
            DataType::Dictionary(_, values) => {
                let plain = cast(array, values).map_err(|error| invalid(error.to_string()))?;
                return Self::of(&plain, name, numbers);
            }
            // All values are missing.
            DataType::Null => return Self::written(array, name),
            kind if numbers && (kind.is_primitive() || *kind == DataType::Boolean) => {
                return Self::written(array, name);
            }
            kind => {
                return Err(invalid(format!(
                    "the column `{name}` holds {kind}, where text should be"
                )));
            }
        })
    }

    /// Numbers as texts; whole ones without a point, as ids are that lack one somewhere.
    fn written(array: &ArrayRef, name: &str) -> PyResult<Self> {
        if let DataType::Float64 = array.data_type() {
            let values: &arrow_array::Float64Array = array.as_primitive();
            let texts = values
                .iter()
                .map(|value| value.map(|value| value.to_string()));
            return Ok(Self::Small(texts.collect()));
        }
        let written = cast(array, &DataType::Utf8)
            .map_err(|error| invalid(format!("the column `{name}`: {error}")))?;
        Ok(Self::Small(written.as_string().clone()))
    }

    fn get(&self, at: usize) -> Option<&str> {
        match self {
            Self::Small(texts) => texts.is_valid(at).then(|| texts.value(at)),
            Self::Large(texts) => texts.is_valid(at).then(|| texts.value(at)),
            Self::View(texts) => texts.is_valid(at).then(|| texts.value(at)),
        }
    }
}

impl Rows {
    /// The rows of whatever has `__arrow_c_stream__`.
    pub(crate) fn new(table: &Bound<'_, PyAny>, columns: Columns) -> PyResult<Self> {
        let reader = RecordBatchStreamReader::from_pyarrow_bound(table)?;
        let mut columns = columns;
        if columns.id.is_none() && reader.schema().column_with_name(ID).is_some() {
            columns.id = Some(ID.to_owned());
        }
        Ok(Self {
            reader,
            columns,
            read: 0,
        })
    }

    /// Whether products have ids.
    pub(crate) fn have_ids(&self) -> bool {
        self.columns.id.is_some()
    }

    /// The next rows, and the number of the first; none at the end. A row without a title
    /// has none in its product.
    pub(crate) fn next_batch(&mut self) -> PyResult<Option<(u64, Vec<ProductRow>)>> {
        let Some(batch) = self.reader.next() else {
            return Ok(None);
        };
        let batch = batch.map_err(|error| invalid(error.to_string()))?;
        let first = self.read;
        self.read += batch.num_rows() as u64;
        Ok(Some((first, self.columns.rows(&batch, first)?)))
    }
}

impl Columns {
    fn rows(&self, batch: &RecordBatch, first: u64) -> PyResult<Vec<ProductRow>> {
        let column = |name: &str, numbers: bool| -> PyResult<Texts> {
            let schema = batch.schema();
            let fields = schema.fields().iter();
            if fields.filter(|field| field.name() == name).count() > 1 {
                return Err(invalid(format!("there are several columns `{name}`")));
            }
            let array = batch.column_by_name(name).ok_or_else(|| {
                let names: Vec<&str> = schema
                    .fields()
                    .iter()
                    .map(|one| one.name().as_str())
                    .collect();
                invalid(format!(
                    "there is no column `{name}`; there are {}",
                    names.join(", ")
                ))
            })?;
            Texts::of(array, name, numbers)
        };
        let optional = |name: &Option<String>| -> PyResult<Option<Texts>> {
            name.as_deref().map(|name| column(name, true)).transpose()
        };
        let (ids, categories) = (optional(&self.id)?, optional(&self.category)?);
        let titles = column(&self.title, false)?;
        let texts = self.text.iter().map(|name| column(name, false));
        let texts: Vec<Texts> = texts.collect::<PyResult<_>>()?;
        let attributes = self.attributes.iter().map(|name| column(name, true));
        let attributes: Vec<Texts> = attributes.collect::<PyResult<_>>()?;
        let images = self.image.as_deref().map(|name| column(name, false));
        let images = images.transpose()?;
        let row = |at: usize| {
            let id = ids.as_ref().and_then(|ids| ids.get(at)).map(clean);
            let text: Vec<&str> = texts.iter().filter_map(|texts| texts.get(at)).collect();
            let named = self.attributes.iter().zip(&attributes);
            let product = Product {
                id: id.unwrap_or_default(),
                title: titles.get(at).map(clean).unwrap_or_default(),
                text: clean_lines(&text.join("\n")),
                attributes: named
                    .filter_map(|(name, values)| Some((name.clone(), clean(values.get(at)?))))
                    .filter(|(_, value)| !value.is_empty())
                    .collect(),
                image: images
                    .as_ref()
                    .and_then(|images| images.get(at))
                    .map(str::trim)
                    .filter(|image| !image.is_empty())
                    .map(str::to_owned),
            };
            ProductRow {
                line: first + at as u64 + 1,
                category: categories
                    .as_ref()
                    .and_then(|categories| categories.get(at))
                    .filter(|category| !category.trim().is_empty())
                    .map(str::to_owned),
                ..product.sorted().into()
            }
        };
        Ok((0..batch.num_rows()).map(row).collect())
    }
}
