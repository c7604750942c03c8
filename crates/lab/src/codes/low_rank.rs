//! The best approximation of a matrix by few columns times few rows.

use nalgebra::DMatrix;

/// Singular values and vectors, greatest first: `left · diag(values) · right`.
#[derive(Debug, Clone)]
pub(super) struct Singular {
    /// A column a value.
    pub(super) left: DMatrix<f64>,
    /// Falling.
    pub(super) values: Vec<f64>,
    /// A row a value.
    pub(super) right: DMatrix<f64>,
}

impl Singular {
    /// The decomposition of `matrix`, by the eigenvectors of the smaller of its two Gram matrices.
    pub(super) fn of(matrix: &DMatrix<f64>) -> Singular {
        if matrix.nrows() < matrix.ncols() {
            let turned = Singular::of(&matrix.transpose());
            return Singular {
                left: turned.right.transpose(),
                values: turned.values,
                right: turned.left.transpose(),
            };
        }
        let eigen = (matrix.transpose() * matrix).symmetric_eigen();
        let mut order: Vec<usize> = (0..eigen.eigenvalues.len()).collect();
        order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
        let right = eigen.eigenvectors.select_columns(&order);
        let mut left = matrix * &right;
        let values: Vec<f64> = left.column_iter().map(|column| column.norm()).collect();
        for (mut column, value) in left.column_iter_mut().zip(&values) {
            // A direction without energy adds nothing, whatever its length.
            column /= value.max(1e-300);
        }
        Singular {
            left,
            values,
            right: right.transpose(),
        }
    }

    /// The sum of the terms in this range, as a matrix; with `0..rank`, the best approximation of that rank
    /// (Eckart and Young 1936).
    pub(super) fn terms(&self, range: std::ops::Range<usize>) -> DMatrix<f64> {
        let range = range.start.min(self.values.len())..range.end.min(self.values.len());
        let mut left = self.left.columns_range(range.clone()).into_owned();
        for (mut column, value) in left.column_iter_mut().zip(&self.values[range.clone()]) {
            column *= *value;
        }
        left * self.right.rows_range(range)
    }
}

/// The best approximation of `matrix` by a product of `rank` columns and `rank` rows.
pub(super) fn low_rank(matrix: &DMatrix<f64>, rank: usize) -> DMatrix<f64> {
    Singular::of(matrix).terms(0..rank)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::frame::Rng;
    use crate::mlp::gaussian;

    #[test]
    fn a_product_of_few_is_found_again() {
        let mut rng = Rng::seed_from_u64(1);
        for (rows, columns) in [(9, 6), (6, 9)] {
            let matrix = gaussian(rows, 2, &mut rng) * gaussian(2, columns, &mut rng);
            assert!((low_rank(&matrix, 2) - &matrix).norm() < 1e-9);
            assert!((low_rank(&matrix, 1) - &matrix).norm() > 1e-3);
        }
    }

    #[test]
    fn values_are_those_of_the_plain_decomposition() {
        let matrix = gaussian(8, 5, &mut Rng::seed_from_u64(2));
        let ours = Singular::of(&matrix);
        let theirs = matrix.clone().svd(false, false).singular_values;
        for (ours, theirs) in ours.values.iter().zip(theirs.iter()) {
            assert!((ours - theirs).abs() < 1e-9, "{ours} {theirs}");
        }
        // What is left over after two terms is the rest of the values.
        let rest = (ours.terms(0..2) - &matrix).norm_squared();
        let expected: f64 = ours.values[2..].iter().map(|v| v * v).sum();
        assert!((rest - expected).abs() < 1e-9);
    }
}
