//! Principal axes: the best order that the numbers of vectors can be given after training.

use ann::matrix::{Rows, second_moments, symmetric_eigen};

use super::ranking::Labelled;
use crate::autograd::Matrix;

/// The mean of some vectors and the axes of their spread, the widest first.
pub(super) struct Principal {
    mean: ndarray::Array1<f32>,
    /// One axis a column.
    axes: Matrix,
}

impl Principal {
    /// Of these rows.
    pub(super) fn of(rows: &Matrix) -> Principal {
        let width = rows.ncols();
        let mean = rows.sum_axis(ndarray::Axis(0)) / rows.nrows() as f32;
        let centred: Vec<f32> = (rows - &mean).iter().copied().collect();
        let moments = second_moments(Rows::new(&centred, width));
        let (_, vectors) = symmetric_eigen(&moments, width);
        let axes =
            Matrix::from_shape_fn((width, width), |(i, axis)| vectors[axis * width + i] as f32);
        Principal { mean, axes }
    }

    /// The same vectors, their numbers along the axes.
    pub(super) fn turn(&self, vectors: &Labelled) -> Labelled {
        Labelled {
            vectors: (&vectors.vectors - &self.mean).dot(&self.axes),
            labels: vectors.labels.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_is_along_the_widest_spread() {
        // Points on a line through (5, 1) with slope 2, and a little beside it.
        let points: Vec<[f32; 2]> = (-3..=3)
            .map(|t| t as f32)
            .map(|t| [5.0 + t, 1.0 + 2.0 * t + 0.01 * (t * t - 4.0)])
            .collect();
        let vectors = ndarray::arr2(&points);
        let axes = Principal::of(&vectors);
        let turned = axes.turn(&Labelled {
            vectors,
            labels: vec![0; 7],
        });
        for (row, t) in turned.vectors.rows().into_iter().zip(-3..=3) {
            assert!((row[0].abs() - 5f32.sqrt() * (t as f32).abs()).abs() < 0.05);
            assert!(row[1].abs() < 0.1);
        }
    }
}
