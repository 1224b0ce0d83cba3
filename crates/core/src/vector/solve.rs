//! Small systems of linear equations.

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

#[cfg(test)]
mod tests {
    use super::solve;

    #[test]
    fn a_solution_solves_and_a_singular_system_has_none() {
        let solved = solve([[4.0, 1.0], [1.0, 3.0]], [1.0, 2.0]).unwrap();
        assert!((solved[0] - 1.0 / 11.0).abs() < 1e-12 && (solved[1] - 7.0 / 11.0).abs() < 1e-12);
        assert_eq!(solve([[1.0, 1.0], [1.0, 1.0]], [1.0, 1.0]), None);
    }
}
