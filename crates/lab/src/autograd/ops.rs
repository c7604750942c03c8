//! What can be computed on a tape.

use std::ops::Range;

use ndarray::{Axis, s};

use super::Matrix;
use super::product::{matrix, product, product_transposed, transposed_product};
use super::tape::{Tape, Var};

impl Tape {
    /// `a · b`.
    pub fn product(&mut self, a: Var, b: Var) -> Var {
        let value = product(self.value(a), self.value(b));
        self.computed(value, move |seen, sums| {
            let (left, right) = (&seen.values[a.0], &seen.values[b.0]);
            sums.add(a, product_transposed(seen.gradient, right));
            sums.add(b, transposed_product(left, seen.gradient));
        })
    }

    /// `a · bᵀ`: all inner products of rows.
    pub fn inner(&mut self, a: Var, b: Var) -> Var {
        let value = product_transposed(self.value(a), self.value(b));
        self.computed(value, move |seen, sums| {
            let (left, right) = (&seen.values[a.0], &seen.values[b.0]);
            sums.add(a, product(seen.gradient, right));
            sums.add(b, transposed_product(seen.gradient, left));
        })
    }

    /// The sum of two matrices of one shape.
    pub fn add(&mut self, a: Var, b: Var) -> Var {
        let value = self.value(a) + self.value(b);
        self.computed(value, move |seen, sums| {
            sums.add(a, seen.gradient.clone());
            sums.add(b, seen.gradient.clone());
        })
    }

    /// `a - b`.
    pub fn less(&mut self, a: Var, b: Var) -> Var {
        let minus = self.scale(b, -1.0);
        self.add(a, minus)
    }

    /// Adds one row to every row.
    pub fn add_row(&mut self, a: Var, row: Var) -> Var {
        let value = self.value(a) + self.value(row);
        self.computed(value, move |seen, sums| {
            sums.add(a, seen.gradient.clone());
            let sum = seen.gradient.sum_axis(Axis(0));
            sums.add(row, sum.insert_axis(Axis(0)));
        })
    }

    /// Every number times a factor.
    pub fn scale(&mut self, a: Var, factor: f32) -> Var {
        let value = self.value(a) * factor;
        self.computed(value, move |seen, sums| {
            sums.add(a, seen.gradient * factor);
        })
    }

    /// The product number by number.
    pub fn times(&mut self, a: Var, b: Var) -> Var {
        let value = self.value(a) * self.value(b);
        self.computed(value, move |seen, sums| {
            sums.add(a, seen.gradient * &seen.values[b.0]);
            sums.add(b, seen.gradient * &seen.values[a.0]);
        })
    }

    /// Every row times the number of its row in a column.
    pub fn times_column(&mut self, a: Var, column: Var) -> Var {
        let value = self.value(a) * self.value(column);
        self.computed(value, move |seen, sums| {
            sums.add(a, seen.gradient * &seen.values[column.0]);
            let sum = (seen.gradient * &seen.values[a.0]).sum_axis(Axis(1));
            sums.add(column, sum.insert_axis(Axis(1)));
        })
    }

    /// What is above zero.
    pub fn relu(&mut self, a: Var) -> Var {
        let value = self.value(a).mapv(|x| x.max(0.0));
        self.computed(value, move |seen, sums| {
            let open = seen.own.mapv(|y| if y > 0.0 { 1.0 } else { 0.0 });
            sums.add(a, seen.gradient * &open);
        })
    }

    /// `1 / (1 + e⁻ˣ)`.
    pub fn sigmoid(&mut self, a: Var) -> Var {
        let value = self.value(a).mapv(|x| 1.0 / (1.0 + (-x).exp()));
        self.computed(value, move |seen, sums| {
            sums.add(a, seen.gradient * &seen.own.mapv(|y| y * (1.0 - y)));
        })
    }

    /// `eˣ`.
    pub fn exp(&mut self, a: Var) -> Var {
        let value = self.value(a).mapv(f32::exp);
        self.computed(value, move |seen, sums| {
            sums.add(a, seen.gradient * seen.own);
        })
    }

    /// Some columns.
    pub fn columns(&mut self, a: Var, range: Range<usize>) -> Var {
        let value = self.value(a).slice(s![.., range.clone()]).to_owned();
        let value = matrix(
            value.nrows(),
            value.ncols(),
            value.iter().copied().collect(),
        );
        self.computed(value, move |seen, sums| {
            let mut whole = Matrix::zeros(seen.values[a.0].dim());
            whole.slice_mut(s![.., range.clone()]).assign(seen.gradient);
            sums.add(a, whole);
        })
    }

    /// The first columns: a prefix of every row.
    pub fn prefix(&mut self, a: Var, width: usize) -> Var {
        if width == self.value(a).ncols() {
            return a;
        }
        self.columns(a, 0..width)
    }

    /// The columns of one, then those of the other.
    pub fn join(&mut self, a: Var, b: Var) -> Var {
        let (left, right) = (self.value(a), self.value(b));
        let cut = left.ncols();
        let mut value = Matrix::zeros((left.nrows(), cut + right.ncols()));
        value.slice_mut(s![.., ..cut]).assign(left);
        value.slice_mut(s![.., cut..]).assign(right);
        self.computed(value, move |seen, sums| {
            sums.add(a, standard(seen.gradient.slice(s![.., ..cut])));
            sums.add(b, standard(seen.gradient.slice(s![.., cut..])));
        })
    }

    /// The rows at these places, which may repeat: embeddings of tokens.
    pub fn rows(&mut self, a: Var, places: &[usize]) -> Var {
        let table = self.value(a);
        let width = table.ncols();
        let picked = places.iter().flat_map(|&at| table.row(at).to_vec());
        let value = matrix(places.len(), width, picked.collect());
        let places = places.to_vec();
        self.computed(value, move |seen, sums| {
            let mut whole = Matrix::zeros(seen.values[a.0].dim());
            for (&at, gradient) in places.iter().zip(seen.gradient.rows()) {
                let mut row = whole.row_mut(at);
                row += &gradient;
            }
            sums.add(a, whole);
        })
    }

    /// The means of runs of `length` rows each.
    pub fn run_means(&mut self, a: Var, length: usize) -> Var {
        let all = self.value(a);
        let mut value = Matrix::zeros((all.nrows() / length, all.ncols()));
        for (at, row) in all.rows().into_iter().enumerate() {
            value
                .row_mut(at / length)
                .scaled_add(1.0 / length as f32, &row);
        }
        self.computed(value, move |seen, sums| {
            let mut whole = Matrix::zeros(seen.values[a.0].dim());
            for (at, mut row) in whole.rows_mut().into_iter().enumerate() {
                row.scaled_add(1.0 / length as f32, &seen.gradient.row(at / length));
            }
            sums.add(a, whole);
        })
    }

    /// The greatest number of each column within runs of `length` rows each.
    pub fn run_maxima(&mut self, a: Var, length: usize) -> Var {
        let all = self.value(a);
        let (runs, width) = (all.nrows() / length, all.ncols());
        let mut value = Matrix::from_elem((runs, width), f32::NEG_INFINITY);
        let mut from = vec![0; runs * width];
        for (at, row) in all.rows().into_iter().enumerate() {
            for (column, &x) in row.iter().enumerate() {
                let best = &mut value[(at / length, column)];
                if x > *best {
                    *best = x;
                    from[at / length * width + column] = at;
                }
            }
        }
        self.computed(value, move |seen, sums| {
            let mut whole = Matrix::zeros(seen.values[a.0].dim());
            for ((&at, &g), place) in from.iter().zip(seen.gradient).zip(0..) {
                whole[(at, place % width)] += g;
            }
            sums.add(a, whole);
        })
    }

    /// Rows at unit length; a row of zeros stays one.
    pub fn unit(&mut self, a: Var) -> Var {
        let lengths: Vec<f32> = self
            .value(a)
            .rows()
            .into_iter()
            .map(|row| row.dot(&row).sqrt().max(1e-9))
            .collect();
        let mut value = self.value(a).clone();
        for (mut row, length) in value.rows_mut().into_iter().zip(&lengths) {
            row /= *length;
        }
        self.computed(value, move |seen, sums| {
            let mut part = seen.gradient.clone();
            for ((mut row, unit), length) in part
                .rows_mut()
                .into_iter()
                .zip(seen.own.rows())
                .zip(&lengths)
            {
                let along = row.dot(&unit);
                row.scaled_add(-along, &unit);
                row /= *length;
            }
            sums.add(a, part);
        })
    }

    /// Rows at mean 0 and variance 1 (layer normalisation without a learned scale).
    pub fn normalised(&mut self, a: Var) -> Var {
        let width = self.value(a).ncols() as f32;
        let mut value = self.value(a).clone();
        let mut deviations = Vec::with_capacity(value.nrows());
        for mut row in value.rows_mut() {
            let mean = row.sum() / width;
            row -= mean;
            let deviation = (row.dot(&row) / width + 1e-5).sqrt();
            row /= deviation;
            deviations.push(deviation);
        }
        self.computed(value, move |seen, sums| {
            let mut part = seen.gradient.clone();
            for ((mut row, own), deviation) in part
                .rows_mut()
                .into_iter()
                .zip(seen.own.rows())
                .zip(&deviations)
            {
                let (mean, along) = (row.sum() / width, row.dot(&own) / width);
                row -= mean;
                row.scaled_add(-along, &own);
                row /= *deviation;
            }
            sums.add(a, part);
        })
    }

    /// `x · weights + bias`.
    pub fn linear(&mut self, x: Var, weights: Var, bias: Var) -> Var {
        let product = self.product(x, weights);
        self.add_row(product, bias)
    }
}

fn standard(view: ndarray::ArrayView2<'_, f32>) -> Matrix {
    matrix(view.nrows(), view.ncols(), view.iter().copied().collect())
}
