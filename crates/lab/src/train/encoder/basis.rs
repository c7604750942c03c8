//! The directions in which the teacher's vectors differ most, so that the first numbers of a turned vector say most.

use ndarray::{Array2, ArrayView2, s};

/// Sweeps of Jacobi's method; it stops converging to better than f64's rounding long before.
const SWEEPS: usize = 12;

/// The `dim` directions of largest mean square of `vectors` (one a row), one a column, the largest first.
pub(crate) fn principal(vectors: ArrayView2<'_, f32>, dim: usize) -> Array2<f32> {
    let squares = vectors.t().dot(&vectors).mapv(f64::from);
    let (values, directions) = eigen(squares);
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*b].total_cmp(&values[*a]));
    let mut basis = Array2::zeros((values.len(), dim));
    for (column, i) in order.into_iter().take(dim).enumerate() {
        basis
            .slice_mut(s![.., column])
            .assign(&directions.column(i).mapv(|x| x as f32));
    }
    basis
}

/// Eigenvalues and eigenvectors (columns) of a symmetric matrix by Jacobi's rotations.
fn eigen(mut a: Array2<f64>) -> (Vec<f64>, Array2<f64>) {
    let n = a.nrows();
    // Directions are kept as rows: rows lie in one piece.
    let mut directions = Array2::eye(n);
    for _ in 0..SWEEPS {
        for p in 0..n {
            for q in p + 1..n {
                if a[[p, q]].abs() <= 1e-12 * (a[[p, p]] * a[[q, q]]).abs().sqrt() {
                    continue;
                }
                let theta = (a[[q, q]] - a[[p, p]]) / (2.0 * a[[p, q]]);
                let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
                let c = (t * t + 1.0).sqrt().recip();
                rotate_rows(&mut a, p, q, c, t * c);
                a.swap_axes(0, 1);
                rotate_rows(&mut a, p, q, c, t * c);
                a.swap_axes(0, 1);
                rotate_rows(&mut directions, p, q, c, t * c);
            }
        }
    }
    (a.diag().to_vec(), directions.reversed_axes())
}

fn rotate_rows(a: &mut Array2<f64>, p: usize, q: usize, c: f64, s: f64) {
    let (mut x, mut y) = a.multi_slice_mut((s![p, ..], s![q, ..]));
    for (x, y) in x.iter_mut().zip(y.iter_mut()) {
        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_are_orthonormal_and_sorted() {
        let vectors = Array2::from_shape_fn((60, 6), |(r, c)| {
            ((r * r * 7 + r * c * 3 + c) as f32).sin() * (6 - c) as f32
        });
        let basis = principal(vectors.view(), 6);
        let square = basis.t().dot(&basis);
        assert!(
            (square - Array2::<f32>::eye(6))
                .iter()
                .all(|x| x.abs() < 1e-5)
        );
        let turned = vectors.dot(&basis);
        let sizes: Vec<f32> = turned.columns().into_iter().map(|c| c.dot(&c)).collect();
        assert!(sizes.is_sorted_by(|a, b| a >= b), "{sizes:?}");
        let mixed = turned.t().dot(&turned);
        assert!((mixed[[0, 1]] / mixed[[0, 0]]).abs() < 1e-4);
    }
}
