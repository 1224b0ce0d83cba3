//! Small vector algebra on `f32` slices.

pub mod kernel;
mod matrix;
mod solve;

use simsimd::SpatialSimilarity;

pub use matrix::{Matrix, inner_products};
pub(crate) use solve::solve;
pub use solve::solve_definite;

/// Scales `vector` to unit length; a zero vector stays zero.
pub fn normalize(vector: &mut [f32]) {
    let norm = dot(vector, vector).sqrt();
    if norm > f32::MIN_POSITIVE {
        let scale = norm.recip();
        for value in vector {
            *value *= scale;
        }
    }
}

/// Inner product of two vectors of equal length: of unit vectors, their cosine.
/// Runs on the widest registers the processor has.
#[inline]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    // None only where the lengths differ, which callers rule out.
    f32::dot(a, b).map_or(f32::NAN, |sum| sum as f32)
}

/// How far from 1 the squared length of a unit vector may be.
const TOLERANCE: f32 = 1e-2;

/// Whether a vector counts as one of unit length; one that is not finite does
/// not.
pub fn is_unit(vector: &[f32]) -> bool {
    (squared_length(vector) - 1.0).abs() <= TOLERANCE
}

fn squared_length(vector: &[f32]) -> f32 {
    vector.iter().map(|value| value * value).sum()
}

/// Checks that `rows` are `count` unit vectors of `dimensions` coordinates.
///
/// # Errors
/// What is wrong with them, as the end of a sentence that names who gave them.
pub fn check_units(rows: &[f32], count: usize, dimensions: usize) -> Result<(), String> {
    if rows.len() != count * dimensions {
        return Err(format!(
            "gave {} coordinates where {count} vectors of {dimensions} are needed",
            rows.len()
        ));
    }
    for (row, number) in rows.chunks_exact(dimensions.max(1)).zip(1..) {
        let square = squared_length(row);
        if !square.is_finite() {
            return Err(format!(
                "gave a vector (number {number}) that is not finite"
            ));
        }
        if !is_unit(row) {
            return Err(format!(
                "gave a vector (number {number}) of length {} instead of 1",
                square.sqrt()
            ));
        }
    }
    Ok(())
}

/// Adds `factor × vector` to `sum`.
#[inline]
pub fn add_scaled(sum: &mut [f32], vector: &[f32], factor: f32) {
    for (total, value) in sum.iter_mut().zip(vector) {
        *total += factor * value;
    }
}

/// `vector − mean`, scaled to unit length.
pub fn centered(vector: &[f32], mean: &[f32]) -> Vec<f32> {
    let mut result: Vec<f32> = vector.iter().zip(mean).map(|(v, m)| v - m).collect();
    normalize(&mut result);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_equals_the_naive_sum_for_any_length() {
        for length in [0, 1, 7, 8, 9, 100] {
            let a: Vec<f32> = (0..length).map(|i| (i as f32).sin()).collect();
            let b: Vec<f32> = (0..length).map(|i| (i as f32).cos()).collect();
            let naive: f32 = a.iter().zip(&b).map(|(x, y)| x * y).sum();
            assert!((dot(&a, &b) - naive).abs() < 1e-4);
        }
    }

    #[test]
    fn normalize_gives_unit_length_and_keeps_zero() {
        let mut vector = [3.0, 4.0];
        normalize(&mut vector);
        assert_eq!(vector, [0.6, 0.8]);
        let mut zero = [0.0; 3];
        normalize(&mut zero);
        assert_eq!(zero, [0.0; 3]);
    }

    #[test]
    fn vectors_that_cannot_be_compared_are_refused() {
        let why = |rows: &[f32]| check_units(rows, 1, 2).unwrap_err();
        assert!(check_units(&[1.0, 0.0], 1, 2).is_ok());
        assert!(why(&[f32::NAN, 0.0]).contains("not finite"));
        assert!(why(&[1.0, 0.0, 0.0]).contains("3 coordinates"));
        assert!(why(&[2.0, 0.0]).contains("length 2"));
    }
}
