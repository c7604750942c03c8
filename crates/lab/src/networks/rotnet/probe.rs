//! A linear probe: what a line can read from features, with few labels.

use nalgebra::DMatrix;

use crate::autograd::Matrix;

/// Penalties that are tried; the one that reads the labelled rows best, each left out in turn, is taken.
const PENALTIES: [f64; 6] = [0.1, 1.0, 10.0, 100.0, 1_000.0, 10_000.0];

/// Features on a common scale: mean 0 and variance 1 over unlabelled rows.
pub(super) struct Scale {
    means: Vec<f64>,
    deviations: Vec<f64>,
}

impl Scale {
    /// The scale of rows.
    pub(super) fn of(rows: &Matrix) -> Scale {
        let count = rows.nrows().max(1) as f64;
        let column = |at: usize| rows.column(at).into_iter().map(|&x| f64::from(x));
        let means: Vec<f64> = (0..rows.ncols())
            .map(|at| column(at).sum::<f64>() / count)
            .collect();
        let deviations = means.iter().enumerate().map(|(at, mean)| {
            let variance = column(at).map(|x| (x - mean).powi(2)).sum::<f64>() / count;
            // What never changes says nothing, and stays zero.
            if variance > 1e-12 {
                variance.sqrt()
            } else {
                f64::INFINITY
            }
        });
        Scale {
            deviations: deviations.collect(),
            means,
        }
    }

    fn apply(&self, rows: &Matrix) -> DMatrix<f64> {
        DMatrix::from_fn(rows.nrows(), rows.ncols(), |i, j| {
            (f64::from(rows[(i, j)]) - self.means[j]) / self.deviations[j]
        })
    }
}

/// The share of test rows whose class a ridge regression on classes, from the labelled rows, scores highest.
pub(super) fn accuracy(
    scale: &Scale,
    labelled: (&Matrix, &[usize]),
    test: (&Matrix, &[usize]),
    classes: usize,
) -> f64 {
    let (x, t) = (scale.apply(labelled.0), scale.apply(test.0));
    let aims = DMatrix::from_fn(labelled.1.len(), classes, |row, class| {
        f64::from(u8::from(labelled.1[row] == class)) - 1.0 / classes as f64
    });
    // One number more than features: the constant.
    let kernel = |a: &DMatrix<f64>, b: &DMatrix<f64>| (a * b.transpose()).add_scalar(1.0);
    let own = kernel(&x, &x);
    let mut best: Option<(f64, DMatrix<f64>)> = None;
    for penalty in PENALTIES {
        let Some((error, dual)) = fitted(&own, &aims, penalty) else {
            continue;
        };
        if best.as_ref().is_none_or(|(least, _)| error < *least) {
            best = Some((error, dual));
        }
    }
    let Some((_, dual)) = best else { return 0.0 };
    let scores = kernel(&t, &x) * dual;
    let right = scores.row_iter().zip(test.1).filter(|(row, label)| {
        let top = (0..classes).max_by(|&a, &b| row[a].total_cmp(&row[b]));
        top == Some(**label)
    });
    right.count() as f64 / test.1.len().max(1) as f64
}

/// The dual weights `(K + penalty I)^-1 Y`, and the mean squared error of every row predicted from the others:
/// `e_i = dual_i / (K + penalty I)^-1_ii`.
fn fitted(kernel: &DMatrix<f64>, aims: &DMatrix<f64>, penalty: f64) -> Option<(f64, DMatrix<f64>)> {
    let n = kernel.nrows();
    let inverse = (kernel + DMatrix::identity(n, n) * penalty)
        .cholesky()?
        .inverse();
    let dual = &inverse * aims;
    let errors = (0..n).map(|i| dual.row(i).norm_squared() / inverse[(i, i)].powi(2));
    Some((errors.sum::<f64>() / n as f64, dual))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn left_out_errors_are_those_of_fits_without_the_row() {
        let x = [0.3, -1.0, 2.0, 0.7];
        let y = [1.0, -0.5, 2.5, 0.0];
        let matrix = |values: &[f64]| DMatrix::from_column_slice(values.len(), 1, values);
        let kernel = |a: &[f64], b: &[f64]| (matrix(a) * matrix(b).transpose()).add_scalar(1.0);
        let (error, _) = fitted(&kernel(&x, &x), &matrix(&y), 0.5).unwrap();
        let without = |values: &[f64], at: usize| -> Vec<f64> {
            let kept = values.iter().enumerate().filter(|(i, _)| *i != at);
            kept.map(|(_, v)| *v).collect()
        };
        let each = (0..4).map(|at| {
            let (x_less, y_less) = (without(&x, at), without(&y, at));
            let (_, dual) = fitted(&kernel(&x_less, &x_less), &matrix(&y_less), 0.5).unwrap();
            ((kernel(&[x[at]], &x_less) * dual)[(0, 0)] - y[at]).powi(2)
        });
        assert!((each.sum::<f64>() / 4.0 - error).abs() < 1e-12);
    }

    #[test]
    fn what_a_line_can_tell_apart_is_read() {
        let rows = Matrix::from_shape_fn((40, 3), |(i, j)| match j {
            0 => (i % 2) as f32 * 4.0,
            1 => (i as f32).sin(),
            _ => 7.0,
        });
        let labels: Vec<usize> = (0..40).map(|i| i % 2).collect();
        let first = rows.slice(ndarray::s![..6, ..]).to_owned();
        let read = accuracy(
            &Scale::of(&rows),
            (&first, &labels[..6]),
            (&rows, &labels),
            2,
        );
        assert_eq!(read, 1.0);
    }
}
