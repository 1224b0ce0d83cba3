//! Small vector algebra on `f32` slices.

use simsimd::SpatialSimilarity;

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
}
