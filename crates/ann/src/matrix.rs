//! Rows of numbers, panels for fast products, and the little linear algebra that the quantisers need.

use rayon::prelude::*;

use crate::kernels::{self, PANEL};

/// Vectors of one dimension, one after another: a borrowed table of f32 rows.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    data: &'a [f32],
    dim: usize,
}

impl<'a> Rows<'a> {
    /// Rows of `dim` numbers each. Panics when `dim` is 0 or `data` does not divide into rows.
    pub fn new(data: &'a [f32], dim: usize) -> Rows<'a> {
        assert!(
            dim > 0 && data.len().is_multiple_of(dim),
            "rows of {dim} numbers"
        );
        Rows { data, dim }
    }

    /// Numbers in a row.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.data.len() / self.dim
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// Row `i`. Panics when there is none.
    pub fn row(&self, i: usize) -> &'a [f32] {
        &self.data[i * self.dim..(i + 1) * self.dim]
    }

    /// All numbers, row after row.
    pub fn data(&self) -> &'a [f32] {
        self.data
    }

    /// All rows in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a [f32]> + use<'a> {
        self.data.chunks_exact(self.dim)
    }

    /// Copies of the rows at `positions`.
    pub fn pick(&self, positions: &[usize]) -> Vec<f32> {
        positions
            .iter()
            .flat_map(|&i| self.row(i))
            .copied()
            .collect()
    }
}

/// A matrix laid out for products with many columns at once: panels of [`PANEL`] columns, each stored
/// dimension by dimension, the last one filled with zeros.
#[derive(Debug, Clone)]
pub struct Panels {
    data: Vec<f32>,
    dim: usize,
    columns: usize,
}

impl Panels {
    /// Lays out `columns` (one a row, only the first `dim` numbers of each).
    pub fn new(columns: Rows<'_>, dim: usize) -> Panels {
        assert!(0 < dim && dim <= columns.dim(), "a prefix of the columns");
        let panels = columns.len().div_ceil(PANEL);
        let mut data = vec![0.0; panels * dim * PANEL];
        for (c, column) in columns.iter().enumerate() {
            let panel = &mut data[c / PANEL * dim * PANEL..];
            for (d, &value) in column[..dim].iter().enumerate() {
                panel[d * PANEL + c % PANEL] = value;
            }
        }
        Panels {
            data,
            dim,
            columns: columns.len(),
        }
    }

    /// Numbers in a column.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Columns, without the filling.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Inner products of points (rows of `dim` numbers) with every column; `out` has one row a point.
    pub fn products(&self, points: &[f32], out: &mut [f32]) {
        let count = points.len() / self.dim;
        assert_eq!(
            out.len(),
            count * self.columns,
            "one product a point and column"
        );
        let mut sums = vec![0.0; count * PANEL];
        for (first, panel) in self.panels() {
            kernels::panel_dot(points, self.dim, panel, &mut sums);
            let width = (self.columns - first).min(PANEL);
            for (row, sums) in out
                .chunks_exact_mut(self.columns)
                .zip(sums.chunks_exact(PANEL))
            {
                row[first..first + width].copy_from_slice(&sums[..width]);
            }
        }
    }

    /// For each point the column with the greatest `product + bias`, the first of equals.
    pub fn best(&self, points: &[f32], bias: &[f32]) -> Vec<(u32, f32)> {
        assert_eq!(bias.len(), self.columns, "one bias a column");
        let count = points.len() / self.dim;
        let mut best = vec![(0u32, f32::NEG_INFINITY); count];
        let mut sums = vec![0.0; count * PANEL];
        for (first, panel) in self.panels() {
            kernels::panel_dot(points, self.dim, panel, &mut sums);
            let width = (self.columns - first).min(PANEL);
            let bias = &bias[first..first + width];
            for (best, sums) in best.iter_mut().zip(sums.chunks_exact(PANEL)) {
                for (c, (product, bias)) in sums.iter().zip(bias).enumerate() {
                    let score = product + bias;
                    if score > best.1 {
                        *best = ((first + c) as u32, score);
                    }
                }
            }
        }
        best
    }

    fn panels(&self) -> impl Iterator<Item = (usize, &[f32])> {
        let size = self.dim * PANEL;
        self.data
            .chunks_exact(size)
            .enumerate()
            .map(|(i, panel)| (i * PANEL, panel))
    }
}

/// Points worked on at once by one thread: their sums stay in the nearest cache.
pub(crate) const BATCH: usize = 96;

/// Every row times every column, in parallel: row `i` of the answer is `columns · rowᵢ`.
pub fn product(rows: Rows<'_>, columns: &Panels) -> Vec<f32> {
    assert_eq!(
        rows.dim(),
        columns.dim(),
        "rows and columns of one dimension"
    );
    let mut out = vec![0.0; rows.len() * columns.columns()];
    let batches = rows.data().par_chunks(BATCH * rows.dim());
    batches
        .zip(out.par_chunks_mut(BATCH * columns.columns()))
        .for_each(|(points, out)| columns.products(points, out));
    out
}

/// Second moments `Σ xxᵀ / n` of the rows, row-major, not centred.
pub fn second_moments(rows: Rows<'_>) -> Vec<f64> {
    let dim = rows.dim();
    let add = |mut sums: Vec<f32>, x: &[f32]| {
        for (i, &value) in x.iter().enumerate() {
            kernels::add_scaled(&mut sums[i * dim..i * dim + i + 1], value, &x[..=i]);
        }
        sums
    };
    // Short runs in f32, joined in f64: exact enough for any number of rows.
    let mut moments = rows
        .data()
        .par_chunks(256 * dim)
        .map(|run| run.chunks_exact(dim).fold(vec![0f32; dim * dim], add))
        .fold(
            || vec![0f64; dim * dim],
            |sum, part| add_all(sum, part.iter().map(|&x| f64::from(x))),
        )
        .reduce(
            || vec![0f64; dim * dim],
            |sum, part| add_all(sum, part.into_iter()),
        );
    let n = rows.len().max(1) as f64;
    for i in 0..dim {
        for j in 0..=i {
            moments[i * dim + j] /= n;
            moments[j * dim + i] = moments[i * dim + j];
        }
    }
    moments
}

fn add_all(mut sums: Vec<f64>, part: impl Iterator<Item = f64>) -> Vec<f64> {
    sums.iter_mut().zip(part).for_each(|(sum, x)| *sum += x);
    sums
}

/// Eigenvalues in decreasing order, and their eigenvectors as rows, of a symmetric matrix (cyclic Jacobi
/// rotations: slow for thousands of dimensions, exact and simple for hundreds).
pub fn symmetric_eigen(matrix: &[f64], dim: usize) -> (Vec<f64>, Vec<f64>) {
    assert_eq!(matrix.len(), dim * dim, "a square matrix");
    let mut a = matrix.to_vec();
    let mut vectors = vec![0.0; dim * dim];
    (0..dim).for_each(|i| vectors[i * dim + i] = 1.0);
    let total: f64 = a.iter().map(|x| x * x).sum();
    for _sweep in 0..30 {
        let mut off = 0.0;
        for p in 0..dim {
            for q in p + 1..dim {
                off += a[p * dim + q] * a[p * dim + q];
                rotate_away(&mut a, &mut vectors, dim, p, q);
            }
        }
        if off <= total * 1e-20 {
            break;
        }
    }
    let mut order: Vec<usize> = (0..dim).collect();
    order.sort_by(|&i, &j| a[j * dim + j].total_cmp(&a[i * dim + i]).then(i.cmp(&j)));
    let values = order.iter().map(|&i| a[i * dim + i]).collect();
    let vectors = order
        .iter()
        .flat_map(|&i| &vectors[i * dim..(i + 1) * dim])
        .copied()
        .collect();
    (values, vectors)
}

/// One Jacobi rotation: makes `a[p][q]` zero, turns rows `p` and `q` of `vectors` with it.
fn rotate_away(a: &mut [f64], vectors: &mut [f64], dim: usize, p: usize, q: usize) {
    let apq = a[p * dim + q];
    let (app, aqq) = (a[p * dim + p], a[q * dim + q]);
    if apq.abs() <= 1e-18 * (app.abs() * aqq.abs()).sqrt() || apq == 0.0 {
        return;
    }
    let theta = (aqq - app) / (2.0 * apq);
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let cos = 1.0 / (t * t + 1.0).sqrt();
    let sin = t * cos;
    turn_rows(a, dim, p, q, cos, sin);
    for k in 0..dim {
        let (x, y) = (a[k * dim + p], a[k * dim + q]);
        a[k * dim + p] = cos * x - sin * y;
        a[k * dim + q] = sin * x + cos * y;
    }
    turn_rows(vectors, dim, p, q, cos, sin);
}

fn turn_rows(m: &mut [f64], dim: usize, p: usize, q: usize, cos: f64, sin: f64) {
    let (head, tail) = m.split_at_mut(q * dim);
    let (row_p, row_q) = (&mut head[p * dim..(p + 1) * dim], &mut tail[..dim]);
    for (x, y) in row_p.iter_mut().zip(row_q) {
        (*x, *y) = (cos * *x - sin * *y, sin * *x + cos * *y);
    }
}

/// The lower Cholesky factor of a positive definite matrix; `None` when it is not.
pub fn cholesky(matrix: &[f64], dim: usize) -> Option<Vec<f64>> {
    assert_eq!(matrix.len(), dim * dim, "a square matrix");
    let mut lower = vec![0.0; dim * dim];
    for i in 0..dim {
        for j in 0..=i {
            let known: f64 = (0..j)
                .map(|k| lower[i * dim + k] * lower[j * dim + k])
                .sum();
            let rest = matrix[i * dim + j] - known;
            lower[i * dim + j] = if i == j {
                if rest <= 0.0 || !rest.is_finite() {
                    return None;
                }
                rest.sqrt()
            } else {
                rest / lower[j * dim + j]
            };
        }
    }
    Some(lower)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn normals(n: usize, seed: u64) -> Vec<f32> {
        let mut random = Random::new(seed);
        (0..n).map(|_| random.normal()).collect()
    }

    #[test]
    fn products_equal_dots() {
        let (rows, columns) = (normals(200 * 9, 1), normals(70 * 9, 2));
        let (rows, columns) = (Rows::new(&rows, 9), Rows::new(&columns, 9));
        let panels = Panels::new(columns, 9);
        let got = product(rows, &panels);
        for (i, row) in rows.iter().enumerate() {
            for (j, column) in columns.iter().enumerate() {
                let expected = kernels::dot(row, column);
                assert!((got[i * 70 + j] - expected).abs() < 1e-4);
            }
        }
        let bias = vec![0.0; 70];
        for (i, (best, score)) in panels.best(rows.data(), &bias).iter().enumerate() {
            let row = &got[i * 70..(i + 1) * 70];
            assert_eq!(row[*best as usize], *score);
            assert!(row.iter().all(|x| x <= score));
        }
    }

    #[test]
    fn eigenvectors_rebuild_the_matrix() {
        let dim = 12;
        let data = normals(100 * dim, 3);
        let matrix = second_moments(Rows::new(&data, dim));
        let (values, vectors) = symmetric_eigen(&matrix, dim);
        assert!(values.windows(2).all(|w| w[0] >= w[1]));
        for i in 0..dim {
            for j in 0..dim {
                let rebuilt: f64 = (0..dim)
                    .map(|k| values[k] * vectors[k * dim + i] * vectors[k * dim + j])
                    .sum();
                assert!((rebuilt - matrix[i * dim + j]).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn cholesky_rebuilds_the_matrix_and_refuses_others() {
        let dim = 6;
        let data = normals(100 * dim, 4);
        let matrix = second_moments(Rows::new(&data, dim));
        let lower = cholesky(&matrix, dim).expect("moments of many points are positive definite");
        for i in 0..dim {
            for j in 0..dim {
                let rebuilt: f64 = (0..dim)
                    .map(|k| lower[i * dim + k] * lower[j * dim + k])
                    .sum();
                assert!((rebuilt - matrix[i * dim + j]).abs() < 1e-12);
            }
        }
        assert!(cholesky(&[1.0, 2.0, 2.0, 1.0], 2).is_none());
    }
}
