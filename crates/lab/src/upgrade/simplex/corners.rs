//! The corners of a regular simplex.

use nalgebra::{DMatrix, DVector};

/// `count` corners of unit length in `count − 1` dimensions, a column each; every two have the product `−1/(count−1)`.
pub(super) fn corners(count: usize) -> DMatrix<f64> {
    let dims = count - 1;
    let mut corners = DMatrix::identity(dims, count);
    // The last one, as far from every axis' end as these are from each other; then all are centred.
    let last = (1.0 - (count as f64).sqrt()) / dims as f64;
    corners.column_mut(dims).fill(last);
    let mean: DVector<f64> = corners.column_mean();
    for mut corner in corners.column_iter_mut() {
        corner -= &mean;
        corner.normalize_mut();
    }
    corners
}

#[cfg(test)]
mod tests {
    use std::f64::consts::FRAC_1_SQRT_2;

    use super::*;

    #[test]
    fn golden_triangle() {
        let corners = corners(3);
        let expected = [
            0.965_925_83,
            -0.258_819_05,
            -0.258_819_05,
            0.965_925_83,
            -FRAC_1_SQRT_2,
            -FRAC_1_SQRT_2,
        ];
        for (found, expected) in corners.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-8, "{corners}");
        }
    }

    #[test]
    fn all_corners_are_as_far_apart() {
        let corners = corners(16);
        let products = corners.transpose() * &corners;
        for i in 0..16 {
            for j in 0..16 {
                let expected = if i == j { 1.0 } else { -1.0 / 15.0 };
                assert!((products[(i, j)] - expected).abs() < 1e-12);
            }
        }
        assert!(corners.column_sum().norm() < 1e-12);
    }
}
