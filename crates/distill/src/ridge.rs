//! A linear map from the space of one encoder to that of another (ridge
//! regression: Hoerl and Kennard, 1970).

use assort_core::mean_of;
use assort_core::vector::{Matrix, solve_definite};

/// Rows whose products are summed in single precision, before double takes over.
const BLOCK: usize = 1024;

/// A map that was fitted: y ≈ x × `matrix` + `offset`.
pub(crate) struct Affine {
    /// A row of the second space for each coordinate of the first.
    pub(crate) matrix: Vec<f32>,
    pub(crate) offset: Vec<f32>,
}

/// The map of least squared error from rows of `inputs` coordinates to as many rows
/// of `outputs`. `penalty` on its squared coordinates counts in mean variances of a
/// coordinate of `from`.
pub(crate) fn fit(
    (from, inputs): (&[f32], usize),
    (to, outputs): (&[f32], usize),
    penalty: f64,
) -> Affine {
    let rows = (from.len() / inputs.max(1)).max(1) as f64;
    let (mean_from, mean_to) = (mean_of(from, inputs), mean_of(to, outputs));
    let mut own = vec![0.0; inputs * inputs];
    let mut cross = vec![0.0; inputs * outputs];
    for (from, to) in from.chunks(BLOCK * inputs).zip(to.chunks(BLOCK * outputs)) {
        let (from, to) = (centered(from, &mean_from), centered(to, &mean_to));
        let (from, to) = (Matrix::new(&from, inputs), Matrix::new(&to, outputs));
        for (sums, by) in [(&mut own, from), (&mut cross, to)] {
            let products = from.transposed().product(by);
            for (sum, product) in sums.iter_mut().zip(products) {
                *sum += f64::from(product) / rows;
            }
        }
    }
    let variance = (0..inputs).map(|at| own[at * inputs + at]).sum::<f64>() / inputs as f64;
    for at in 0..inputs {
        // The second part keeps the matrix definite where all rows are alike.
        own[at * inputs + at] += penalty * variance + 1e-9;
    }
    solve_definite(&mut own, &mut cross, outputs);
    let matrix: Vec<f32> = cross.iter().map(|&value| value as f32).collect();
    let mut offset = mean_to;
    for (row, mean) in matrix.chunks_exact(outputs).zip(mean_from) {
        assort_core::vector::add_scaled(&mut offset, row, -mean);
    }
    Affine { matrix, offset }
}

fn centered(rows: &[f32], mean: &[f32]) -> Vec<f32> {
    let rows = rows.chunks_exact(mean.len());
    let pairs = rows.flat_map(|row| row.iter().zip(mean));
    pairs.map(|(value, mean)| value - mean).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_linear_map_is_found_again(
            map in prop::collection::vec(-1f32..1.0, 4 * 3),
            offset in prop::collection::vec(-1f32..1.0, 3),
            values in prop::collection::vec(-1f32..1.0, 4 * 2000),
        ) {
            let to: Vec<f32> = values
                .chunks_exact(4)
                .flat_map(|row| {
                    let of = |at: usize| -> f32 {
                        (0..4).map(|k| row[k] * map[k * 3 + at]).sum::<f32>() + offset[at]
                    };
                    (0..3).map(of).collect::<Vec<_>>()
                })
                .collect();
            let found = fit((&values, 4), (&to, 3), 0.0);
            for (found, given) in found.matrix.iter().zip(&map).chain(found.offset.iter().zip(&offset)) {
                prop_assert!((found - given).abs() < 1e-3, "{} {}", found, given);
            }
        }
    }

    #[test]
    fn rows_that_are_all_alike_give_their_mean() {
        let found = fit((&[1.0; 2 * 5], 2), (&[0.5; 3 * 5], 3), 0.1);
        assert!(found.matrix.iter().all(|value| value.abs() < 1e-6));
        assert!(found.offset.iter().all(|value| (value - 0.5).abs() < 1e-6));
    }

    #[test]
    fn a_penalty_holds_the_map_back() {
        let from: Vec<f32> = (0..100).map(|at| (at as f32 * 0.7).sin()).collect();
        let slope = |penalty| fit((&from, 1), (&from, 1), penalty).matrix[0];
        assert!((slope(0.0) - 1.0).abs() < 1e-4);
        assert!((slope(1.0) - 0.5).abs() < 1e-4);
    }
}
