//! Products of matrices.

/// Inner products of all `rows` with all `others`, both rows of `dimensions`
/// coordinates: `rows` × `others` numbers, row by row. Many rows at a time take a
/// fraction of the time that one after another would, since each number is read
/// from the nearest cache.
pub fn inner_products(rows: &[f32], others: &[f32], dimensions: usize) -> Vec<f32> {
    let (height, width) = match dimensions {
        0 => (0, 0),
        _ => (rows.len() / dimensions, others.len() / dimensions),
    };
    let mut products = vec![0.0; height * width];
    multiply(rows, others, &mut products, dimensions, height, width);
    products
}

#[expect(unsafe_code, reason = "the library takes pointers")]
fn multiply(
    rows: &[f32],
    others: &[f32],
    products: &mut [f32],
    dimensions: usize,
    height: usize,
    width: usize,
) {
    assert!(rows.len() >= height * dimensions);
    assert!(others.len() >= width * dimensions);
    assert!(products.len() >= height * width);
    let stride = |count: usize| count as isize;
    // SAFETY: by the lengths checked above all elements that the strides lead to
    // lie within the three slices; `products` is borrowed for this call alone.
    unsafe {
        matrixmultiply::sgemm(
            height,
            dimensions,
            width,
            1.0,
            rows.as_ptr(),
            stride(dimensions),
            1,
            others.as_ptr(),
            1,
            stride(dimensions),
            0.0,
            products.as_mut_ptr(),
            stride(width),
            1,
        );
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::inner_products;
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
            prop_assert_eq!(products.len(), if dimensions == 0 { 0 } else { naive.len() });
            for (one, other) in products.iter().zip(&naive) {
                prop_assert!((one - other).abs() < 1e-4);
            }
        }
    }
}
