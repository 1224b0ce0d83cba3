//! Products of matrices.

/// Numbers seen as a matrix, row by row or, transposed, column by column.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    /// Steps from one row and from one column to the next.
    strides: (usize, usize),
}

impl<'a> Matrix<'a> {
    /// Rows of `columns` numbers each; what is left over is not part of it.
    pub fn new(values: &'a [f32], columns: usize) -> Self {
        Self {
            rows: values.len().checked_div(columns).unwrap_or(0),
            columns,
            strides: (columns, 1),
            values,
        }
    }

    /// Rows and columns exchanged.
    #[must_use]
    pub fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            strides: (self.strides.1, self.strides.0),
            ..self
        }
    }

    /// Only the columns in `range`.
    #[must_use]
    pub fn columns(self, range: std::ops::Range<usize>) -> Self {
        let range = range.start.min(self.columns)..range.end.min(self.columns);
        let skipped = (range.start * self.strides.1).min(self.values.len());
        Self {
            values: &self.values[skipped..],
            columns: range.len(),
            ..self
        }
    }

    /// The product with `other`, row by row.
    ///
    /// # Panics
    /// If `other` has not as many rows as this has columns.
    pub fn product(self, other: Matrix<'_>) -> Vec<f32> {
        assert_eq!(self.columns, other.rows, "the matrices do not fit");
        let mut product = vec![0.0; self.rows * other.columns];
        multiply(self, other, &mut product);
        product
    }

    /// Whether all elements lie within the numbers.
    fn is_within(&self) -> bool {
        let empty = self.rows == 0 || self.columns == 0;
        let last = |count: usize, stride: usize| count.saturating_sub(1) * stride;
        let (rows, columns) = self.strides;
        empty || last(self.rows, rows) + last(self.columns, columns) < self.values.len()
    }
}

/// Inner products of all `rows` with all `others`, both rows of `dimensions`
/// coordinates: `rows` × `others` numbers, row by row. Many rows at a time take a
/// fraction of the time that one after another would, since each number is read
/// from the nearest cache. What a row gets does not depend on the rows beside it.
pub fn inner_products(rows: &[f32], others: &[f32], dimensions: usize) -> Vec<f32> {
    let others = Matrix::new(others, dimensions).transposed();
    Matrix::new(rows, dimensions).product(others)
}

#[expect(unsafe_code, reason = "the library takes pointers")]
fn multiply(a: Matrix<'_>, b: Matrix<'_>, product: &mut [f32]) {
    assert!(a.is_within() && b.is_within() && product.len() >= a.rows * b.columns);
    let stride = |count: usize| count as isize;
    // SAFETY: as was checked, all elements that the strides lead to lie within the
    // three slices; `product` is borrowed for this call alone.
    unsafe {
        matrixmultiply::sgemm(
            a.rows,
            a.columns,
            b.columns,
            1.0,
            a.values.as_ptr(),
            stride(a.strides.0),
            stride(a.strides.1),
            b.values.as_ptr(),
            stride(b.strides.0),
            stride(b.strides.1),
            0.0,
            product.as_mut_ptr(),
            stride(b.columns),
            1,
        );
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Matrix, inner_products};
    use crate::vector::dot;

    proptest! {
        #[test]
        fn all_pairs_are_multiplied(
            dimensions in 0usize..40,
            values in prop::collection::vec(-1f32..1.0, 0..900),
            part in 0.0f64..1.0,
        ) {
            let rows = values.len() / dimensions.max(1);
            let height = (rows as f64 * part) as usize;
            let (a, b) = values.split_at(height * dimensions);
            let naive: Vec<f32> = a
                .chunks_exact(dimensions.max(1))
                .flat_map(|a| b.chunks_exact(dimensions.max(1)).map(|b| dot(a, b)))
                .collect();
            let products = inner_products(a, b, dimensions);
            for (at, row) in a.chunks_exact(dimensions.max(1)).enumerate() {
                let count = b.len() / dimensions.max(1);
                let alone = inner_products(row, b, dimensions);
                prop_assert_eq!(&alone[..], &products[at * count..][..count]);
            }
            prop_assert_eq!(products.len(), if dimensions == 0 { 0 } else { naive.len() });
            for (one, other) in products.iter().zip(&naive) {
                prop_assert!((one - other).abs() < 1e-4);
            }
        }

        #[test]
        fn transposed_matrices_and_parts_of_columns_are_multiplied(
            (height, inner, width) in (0usize..7, 0usize..7, 0usize..7),
            values in prop::collection::vec(-1f32..1.0, 49 * 2),
            part in (0usize..7, 0usize..7),
        ) {
            // `inner × height` and `inner × width`, both read by column.
            let (a, b) = (&values[..inner * height], &values[49..][..inner * width]);
            let range = part.0.min(width)..part.1.clamp(part.0.min(width), width);
            let left = Matrix::new(a, height).transposed();
            let right = Matrix::new(b, width).columns(range.clone());
            prop_assume!(height > 0 && width > 0);
            let product = left.product(right);
            for row in 0..height {
                for (at, column) in range.clone().enumerate() {
                    let naive: f32 = (0..inner)
                        .map(|k| a[k * height + row] * b[k * width + column])
                        .sum();
                    prop_assert!((product[row * range.len() + at] - naive).abs() < 1e-5);
                }
            }
        }
    }
}
