//! Digits as the networks of this family see them.

use rand::seq::SliceRandom;

use crate::autograd::Matrix;
use crate::data::Digits;
use crate::frame::Rng;

/// The pictures as rows of 64 numbers about zero.
pub(super) fn matrix(pictures: &Digits) -> Matrix {
    Matrix::from_shape_fn((pictures.len(), 64), |(row, at)| {
        2.0 * pictures.pixels[row][at] - 0.5
    })
}

/// All places below `count` in a new order, cut into batches of `size`; what is left over waits for the next epoch.
pub(super) fn batches(count: usize, size: usize, rng: &mut Rng) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..count).collect();
    order.shuffle(rng);
    order
        .chunks_exact(size.min(count))
        .map(<[usize]>::to_vec)
        .collect()
}

/// The rows at these places.
pub(super) fn pick(all: &Matrix, places: &[usize]) -> Matrix {
    all.select(ndarray::Axis(0), places)
}
