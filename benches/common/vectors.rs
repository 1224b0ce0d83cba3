//! Vectors in the layout of the big-ann benchmarks: two `u32` (rows and
//! columns), then the numbers row by row, all little-endian.

use std::path::Path;

type Failure = Box<dyn std::error::Error>;

/// Rows of equal length.
pub(crate) struct Rows<T> {
    pub(crate) columns: usize,
    pub(crate) values: Vec<T>,
}

impl<T> Rows<T> {
    pub(crate) fn len(&self) -> usize {
        self.values.len() / self.columns.max(1)
    }

    pub(crate) fn row(&self, at: usize) -> &[T] {
        &self.values[at * self.columns..][..self.columns]
    }
}

/// Reads a file of `f32`.
pub(crate) fn floats(path: &Path) -> Result<Rows<f32>, Failure> {
    read(path, f32::from_le_bytes)
}

/// Reads a file of `u32`.
pub(crate) fn numbers(path: &Path) -> Result<Rows<u32>, Failure> {
    read(path, u32::from_le_bytes)
}

fn read<T>(path: &Path, number: fn([u8; 4]) -> T) -> Result<Rows<T>, Failure> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let (words, _) = bytes.as_chunks::<4>();
    let [rows, columns, values @ ..] = words else {
        return Err(format!("{} has no header", path.display()).into());
    };
    let (rows, columns) = (u32::from_le_bytes(*rows), u32::from_le_bytes(*columns));
    if values.len() as u64 != u64::from(rows) * u64::from(columns) {
        return Err(format!(
            "{} does not hold {rows} × {columns} numbers",
            path.display()
        )
        .into());
    }
    Ok(Rows {
        columns: columns as usize,
        values: values.iter().map(|word| number(*word)).collect(),
    })
}

impl assort_index::Vectors for Rows<f32> {
    fn len(&self) -> usize {
        Rows::len(self)
    }

    fn dimensions(&self) -> usize {
        self.columns
    }

    fn row(&self, at: usize) -> u32 {
        at as u32
    }

    fn read(&self, at: usize, out: &mut [f32]) -> assort_index::Result<()> {
        out.copy_from_slice(Rows::row(self, at));
        Ok(())
    }
}
