//! Matrix products in one order of additions.

use super::Matrix;

/// `a · b`.
pub(super) fn product(a: &Matrix, b: &Matrix) -> Matrix {
    let ((rows, inner), width) = (a.dim(), b.ncols());
    assert_eq!(inner, b.nrows(), "columns of a are rows of b");
    let mut out = vec![0.0; rows * width];
    let (a, b) = (slice(a), slice(b));
    for (out, a) in out.chunks_exact_mut(width).zip(a.chunks_exact(inner)) {
        for (&factor, b) in a.iter().zip(b.chunks_exact(width)) {
            add_scaled(out, factor, b);
        }
    }
    matrix(rows, width, out)
}

/// `aᵀ · b`.
pub(super) fn transposed_product(a: &Matrix, b: &Matrix) -> Matrix {
    let ((rows, inner), width) = (a.dim(), b.ncols());
    assert_eq!(rows, b.nrows(), "as many rows in a as in b");
    let mut out = vec![0.0; inner * width];
    for (a, b) in slice(a)
        .chunks_exact(inner)
        .zip(slice(b).chunks_exact(width))
    {
        for (&factor, out) in a.iter().zip(out.chunks_exact_mut(width)) {
            add_scaled(out, factor, b);
        }
    }
    matrix(inner, width, out)
}

/// `a · bᵀ`.
pub(super) fn product_transposed(a: &Matrix, b: &Matrix) -> Matrix {
    let mut turned = vec![0.0; b.len()];
    let rows = b.nrows();
    for (i, row) in slice(b).chunks_exact(b.ncols()).enumerate() {
        for (j, &value) in row.iter().enumerate() {
            turned[j * rows + i] = value;
        }
    }
    product(a, &matrix(b.ncols(), rows, turned))
}

fn add_scaled(out: &mut [f32], factor: f32, row: &[f32]) {
    // Masked and clipped values make many zeros.
    if factor != 0.0 {
        for (out, x) in out.iter_mut().zip(row) {
            *out += factor * x;
        }
    }
}

/// All numbers of a matrix of the tape: those are always laid out row after row.
pub(super) fn slice(m: &Matrix) -> &[f32] {
    m.as_slice().expect("matrices lie row after row")
}

/// A matrix from its numbers, row after row.
pub(super) fn matrix(rows: usize, columns: usize, values: Vec<f32>) -> Matrix {
    Matrix::from_shape_vec((rows, columns), values).expect("rows times columns numbers")
}
