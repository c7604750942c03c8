//! Attention within the texts of a batch.

use super::Matrix;
use super::tape::{Tape, Var};

/// Which rows belong together: a batch holds texts one after another, each with so many queries and so many keys.
#[derive(Debug, Clone)]
pub struct Attention {
    /// Rows of queries in a text.
    pub queries: usize,
    /// Rows of keys, and of values, in a text.
    pub keys: usize,
    /// For each row of queries in the batch, one entry a key of its text: whether the row may look at it. Empty when every
    /// row may look at everything. A row that may look at nothing gets zeros.
    pub visible: Vec<bool>,
}

impl Attention {
    fn sees(&self, row: usize, key: usize) -> bool {
        self.visible.is_empty() || self.visible[row * self.keys + key]
    }

    /// Softmax of the scaled inner products, one row a query, one column a key of its text.
    fn shares(&self, q: &Matrix, k: &Matrix) -> Matrix {
        let scale = 1.0 / (q.ncols() as f32).sqrt();
        let mut shares = Matrix::zeros((q.nrows(), self.keys));
        for (row, mut out) in shares.rows_mut().into_iter().enumerate() {
            let first = row / self.queries * self.keys;
            let mut greatest = f32::NEG_INFINITY;
            for key in (0..self.keys).filter(|&key| self.sees(row, key)) {
                out[key] = scale * q.row(row).dot(&k.row(first + key));
                greatest = greatest.max(out[key]);
            }
            let mut sum = 0.0;
            for key in 0..self.keys {
                out[key] = if self.sees(row, key) {
                    (out[key] - greatest).exp()
                } else {
                    0.0
                };
                sum += out[key];
            }
            if sum > 0.0 {
                out /= sum;
            }
        }
        shares
    }
}

impl Tape {
    /// `softmax(Q Kᵀ / √d) V`, text by text.
    pub fn attention(&mut self, q: Var, k: Var, v: Var, how: Attention) -> Var {
        let (queries, keys) = (how.queries, how.keys);
        let shares = how.shares(self.value(q), self.value(k));
        let values = self.value(v);
        let mut out = Matrix::zeros((shares.nrows(), values.ncols()));
        for (row, mut out) in out.rows_mut().into_iter().enumerate() {
            for key in 0..keys {
                let from = row / queries * keys + key;
                out.scaled_add(shares[(row, key)], &values.row(from));
            }
        }
        self.computed(out, move |seen, sums| {
            let (qs, ks, vs) = (&seen.values[q.0], &seen.values[k.0], &seen.values[v.0]);
            let scale = 1.0 / (qs.ncols() as f32).sqrt();
            let mut parts = [qs, ks, vs].map(|m| Matrix::zeros(m.dim()));
            let [by_q, by_k, by_v] = &mut parts;
            for row in 0..qs.nrows() {
                let first = row / queries * keys;
                let gradient = seen.gradient.row(row);
                let by_share: Vec<f32> = (0..keys)
                    .map(|key| gradient.dot(&vs.row(first + key)))
                    .collect();
                let mean: f32 = (0..keys)
                    .map(|key| by_share[key] * shares[(row, key)])
                    .sum();
                for (key, by_share) in by_share.iter().enumerate() {
                    let share = shares[(row, key)];
                    if share == 0.0 {
                        continue;
                    }
                    let by_score = scale * share * (by_share - mean);
                    by_v.row_mut(first + key).scaled_add(share, &gradient);
                    by_q.row_mut(row).scaled_add(by_score, &ks.row(first + key));
                    by_k.row_mut(first + key).scaled_add(by_score, &qs.row(row));
                }
            }
            for (var, part) in [q, k, v].into_iter().zip(parts) {
                sums.add(var, part);
            }
        })
    }
}
