//! Systems of linear equations.

/// Solves `matrix × x = right` for a positive definite matrix, by elimination.
pub(crate) fn solve<const N: usize>(
    mut matrix: [[f64; N]; N],
    mut right: [f64; N],
) -> Option<[f64; N]> {
    for pivot in 0..N {
        let above = matrix[pivot];
        if above[pivot].abs() < 1e-12 {
            return None;
        }
        for row in pivot + 1..N {
            let factor = matrix[row][pivot] / above[pivot];
            for (value, known) in matrix[row].iter_mut().zip(above) {
                *value -= factor * known;
            }
            right[row] -= factor * right[pivot];
        }
    }
    for row in (0..N).rev() {
        let known: f64 = (row + 1..N)
            .map(|column| matrix[row][column] * right[column])
            .sum();
        right[row] = (right[row] - known) / matrix[row][row];
    }
    Some(right)
}

/// Solves `matrix × x = right` for a positive definite matrix, by Cholesky's
/// decomposition; `right` has rows of `columns` numbers, and becomes x. `matrix` is used up.
pub fn solve_definite(matrix: &mut [f64], right: &mut [f64], columns: usize) {
    let size = right.len() / columns;
    for row in 0..size {
        for column in 0..=row {
            let (one, other) = (&matrix[row * size..][..column], &matrix[column * size..]);
            let known: f64 = one.iter().zip(other).map(|(a, b)| a * b).sum();
            let left = matrix[row * size + column] - known;
            matrix[row * size + column] = if row == column {
                left.max(f64::MIN_POSITIVE).sqrt()
            } else {
                left / matrix[column * size + column]
            };
        }
    }
    for row in 0..size {
        let (above, own) = right.split_at_mut(row * columns);
        let factors = &matrix[row * size..][..=row];
        eliminate(&mut own[..columns], above, &factors[..row], factors[row]);
    }
    for row in (0..size).rev() {
        let (above, below) = right.split_at_mut((row + 1) * columns);
        let factors: Vec<f64> = (row..size).map(|at| matrix[at * size + row]).collect();
        let own = &mut above[row * columns..];
        eliminate(own, below, &factors[1..], factors[0]);
    }
}

/// Takes the known rows, each times its factor, from `own`, and divides the rest.
fn eliminate(own: &mut [f64], known: &[f64], factors: &[f64], pivot: f64) {
    for (known, factor) in known.chunks_exact(own.len()).zip(factors) {
        for (value, known) in own.iter_mut().zip(known) {
            *value -= factor * known;
        }
    }
    own.iter_mut().for_each(|value| *value /= pivot);
}

#[cfg(test)]
mod tests {
    use super::{solve, solve_definite};

    #[test]
    fn a_solution_solves_and_a_singular_system_has_none() {
        let solved = solve([[4.0, 1.0], [1.0, 3.0]], [1.0, 2.0]).unwrap();
        assert!((solved[0] - 1.0 / 11.0).abs() < 1e-12 && (solved[1] - 7.0 / 11.0).abs() < 1e-12);
        assert_eq!(solve([[1.0, 1.0], [1.0, 1.0]], [1.0, 1.0]), None);
    }

    #[test]
    fn a_definite_system_is_solved_for_many_right_sides() {
        let mut right = [1.0, 4.0, 2.0, 1.0];
        solve_definite(&mut [4.0, 1.0, 1.0, 3.0], &mut right, 2);
        let expected = [1.0 / 11.0, 1.0, 7.0 / 11.0, 0.0];
        let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12;
        assert!(right.iter().zip(&expected).all(near), "{right:?}");
    }
}
