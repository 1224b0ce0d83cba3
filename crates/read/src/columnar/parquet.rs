//! Parquet files.

use std::fs::File;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_schema::{DataType, Field, Fields, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetStatisticsPolicy;

use super::plan::is_bytes;

/// How many rows of a batch, which are in memory together.
pub(super) const BATCH: usize = 1024;

/// How many values of a column of bytes tell whether they are texts.
const LOOKED_AT: usize = 20;

/// Reads the rows of a file batch by batch.
pub(super) struct ParquetBatches {
    file: File,
    metadata: ArrowReaderMetadata,
    /// The leaves that are read.
    kept: Vec<bool>,
    reader: Option<ParquetRecordBatchReader>,
    /// The row group that is read, and how many of its rows were.
    group: usize,
    rows: usize,
}

impl ParquetBatches {
    /// Reads what the file says of itself.
    ///
    /// # Errors
    /// What is wrong, as a predicate about the file.
    pub(super) fn open(file: File) -> Result<Self, String> {
        let options = ArrowReaderOptions::new()
            // What the program that wrote the file thought of its columns is for itself.
            .with_skip_arrow_metadata(true)
            .with_column_stats_policy(ParquetStatisticsPolicy::SkipAll)
            .with_size_stats_policy(ParquetStatisticsPolicy::SkipAll);
        let metadata = ArrowReaderMetadata::load(&file, options.clone()).map_err(told)?;
        let texts = texts_in_bytes(&file, &metadata)?;
        let schema = Schema::new(hinted(metadata.schema().fields(), &texts));
        let options = options.with_schema(schema.into());
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options);
        Ok(Self {
            file,
            metadata: metadata.map_err(told)?,
            kept: Vec::new(),
            reader: None,
            group: 0,
            rows: 0,
        })
    }

    pub(super) fn fields(&self) -> &Fields {
        self.metadata.schema().fields()
    }

    /// Rows of the whole file.
    pub(super) fn all_rows(&self) -> u64 {
        let rows = self.metadata.metadata().file_metadata().num_rows();
        u64::try_from(rows).unwrap_or(0)
    }

    /// Goes on with these leaves alone.
    pub(super) fn keep(&mut self, kept: Vec<bool>) {
        if self.kept != kept {
            self.kept = kept;
            self.reader = None;
        }
    }

    /// The next batch, of one row group; none at the end.
    ///
    /// # Errors
    /// What is wrong, as a predicate about the file.
    pub(super) fn next(&mut self) -> Result<Option<RecordBatch>, String> {
        while self.group < self.metadata.metadata().num_row_groups() {
            let number = self.group + 1;
            let blamed = |error| format!("{error} (in row group {number})");
            let batch = self.reader().map_err(blamed)?.next().transpose();
            if let Some(batch) = batch.map_err(|error| blamed(told(error.into())))? {
                self.rows += batch.num_rows();
                return Ok(Some(batch));
            }
            self.group += 1;
            self.rows = 0;
            self.reader = None;
        }
        Ok(None)
    }

    fn reader(&mut self) -> Result<&mut ParquetRecordBatchReader, String> {
        let reader = match self.reader.take() {
            Some(reader) => reader,
            None => {
                let leaves = (0..self.kept.len()).filter(|&leaf| self.kept[leaf]);
                let mask = ProjectionMask::leaves(self.metadata.parquet_schema(), leaves);
                let builder = builder(&self.file, &self.metadata)?;
                let builder = builder.with_projection(mask).with_batch_size(BATCH);
                let builder = builder.with_row_groups(vec![self.group]);
                builder.with_offset(self.rows).build().map_err(told)?
            }
        };
        Ok(self.reader.insert(reader))
    }
}

fn builder(
    file: &File,
    metadata: &ArrowReaderMetadata,
) -> Result<ParquetRecordBatchReaderBuilder<File>, String> {
    let file = file
        .try_clone()
        .map_err(|error| format!("cannot be read: {error}"))?;
    let metadata = metadata.clone();
    Ok(ParquetRecordBatchReaderBuilder::new_with_metadata(
        file, metadata,
    ))
}

/// The types that columns are read as: texts are not copied out of their pages.
fn hinted(fields: &Fields, texts: &[String]) -> Fields {
    let hint = |field: &Field, top: bool| match field.data_type() {
        DataType::Utf8 => DataType::Utf8View,
        DataType::Struct(inner) => DataType::Struct(hinted(inner, &[])),
        kind if top && is_bytes(kind) && texts.contains(field.name()) => DataType::Utf8View,
        kind => kind.clone(),
    };
    let fields = fields.iter();
    fields
        .map(|field| field.as_ref().clone().with_data_type(hint(field, true)))
        .collect()
}

/// The columns of bytes that old programs wrote texts in.
fn texts_in_bytes(file: &File, metadata: &ArrowReaderMetadata) -> Result<Vec<String>, String> {
    let fields = metadata.schema().fields().iter().enumerate();
    let mut texts = Vec::new();
    for (root, field) in fields.filter(|(_, field)| is_bytes(field.data_type())) {
        let mask = ProjectionMask::roots(metadata.parquet_schema(), [root]);
        let reader = builder(file, metadata)?.with_projection(mask);
        let reader = reader
            .with_limit(LOOKED_AT)
            .with_batch_size(LOOKED_AT)
            .build()
            .map_err(told)?;
        let (mut found, mut all) = (false, true);
        for batch in reader {
            let batch = batch.map_err(|error| told(error.into()))?;
            let values = batch.column(0).as_binary_opt::<i32>();
            for value in values.into_iter().flatten().flatten() {
                found = true;
                all &= std::str::from_utf8(value).is_ok_and(|text| !text.contains('\0'));
            }
        }
        if found && all {
            texts.push(field.name().clone());
        }
    }
    Ok(texts)
}

fn told(error: ParquetError) -> String {
    match error {
        ParquetError::NYI(what) => format!("is written in a way that is not read: {what}"),
        ParquetError::EOF(_) => "ends too early; it was cut off".to_owned(),
        ParquetError::General(what) if what.contains("encrypt") => "is encrypted".to_owned(),
        ParquetError::General(what) | ParquetError::ArrowError(what) => {
            format!("is damaged: {what}")
        }
        other => format!("is damaged: {other}"),
    }
}
