//! The rows being learned: forward, backward and Adam, each touching only the rows of the batch's tokens.

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use encode::model::DIM;

/// Rows that one task of a step looks after.
const SHARD: usize = 512;
/// Adam's usual constants (Kingma and Ba 2015).
const BETA1: f32 = 0.9;
const BETA2: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// A text as a bag: which rows, and how much each counts. Rows are different and in rising order.
pub(crate) type Bag = Vec<(u32, f32)>;

/// A row and what Adam remembers of it.
#[derive(Debug, Clone)]
struct Row {
    numbers: [f32; DIM],
    mean: [f32; DIM],
    square: [f32; DIM],
}

/// All rows.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    rows: Vec<Row>,
    steps: i32,
}

impl Table {
    /// Rows that start as these.
    pub(crate) fn new(start: ArrayView2<'_, f32>) -> Table {
        let zero = [0.0; DIM];
        let rows = start.rows().into_iter().map(|row| {
            let mut numbers = zero;
            numbers.iter_mut().zip(row).for_each(|(n, x)| *n = *x);
            Row {
                numbers,
                mean: zero,
                square: zero,
            }
        });
        Table {
            rows: rows.collect(),
            steps: 0,
        }
    }

    /// All numbers, row after row.
    pub(crate) fn numbers(&self) -> Vec<f32> {
        self.rows.iter().flat_map(|row| row.numbers).collect()
    }

    /// The sum of each bag's rows.
    pub(crate) fn forward(&self, bags: &[&Bag]) -> Array2<f32> {
        let mut sums = Array2::zeros((bags.len(), DIM));
        let flat = sums.as_slice_mut().expect("a new array lies in one piece");
        flat.par_chunks_exact_mut(DIM)
            .zip(bags)
            .for_each(|(sum, bag)| {
                for (row, weight) in bag.iter() {
                    let numbers = &self.rows[*row as usize].numbers;
                    sum.iter_mut()
                        .zip(numbers)
                        .for_each(|(s, n)| *s += weight * n);
                }
            });
        sums
    }

    /// One step of Adam against `gradients`, those of the sums that [`Table::forward`] made of `bags`. Rows of no
    /// bag stay as they are, and so does what Adam remembers of them.
    pub(crate) fn step(&mut self, bags: &[&Bag], gradients: &Array2<f32>, rate: f32) {
        self.steps += 1;
        let rate = rate * (1.0 - BETA2.powi(self.steps)).sqrt() / (1.0 - BETA1.powi(self.steps));
        let shards = occurrences(bags, self.rows.len());
        let gradients = gradients.as_slice().expect("gradients lie in one piece");
        self.rows
            .par_chunks_mut(SHARD)
            .zip(shards)
            .for_each(|(rows, mut occurrences)| {
                // By row, then by text: each row's gradient is summed in an order that no thread decides.
                occurrences.sort_unstable_by_key(|(row, text, _)| (*row, *text));
                for of_row in occurrences.chunk_by(|a, b| a.0 == b.0) {
                    let mut gradient = [0.0; DIM];
                    for (_, text, weight) in of_row {
                        let of_text = &gradients[*text as usize * DIM..][..DIM];
                        let both = gradient.iter_mut().zip(of_text);
                        both.for_each(|(g, t)| *g += weight * t);
                    }
                    rows[of_row[0].0 as usize % SHARD].adam(&gradient, rate);
                }
            });
    }
}

impl Row {
    fn adam(&mut self, gradient: &[f32; DIM], rate: f32) {
        let moments = self.mean.iter_mut().zip(&mut self.square);
        for ((number, g), (mean, square)) in self.numbers.iter_mut().zip(gradient).zip(moments) {
            *mean = BETA1 * *mean + (1.0 - BETA1) * g;
            *square = BETA2 * *square + (1.0 - BETA2) * g * g;
            *number -= rate * *mean / (square.sqrt() + EPSILON);
        }
    }
}

/// For each shard of the rows, which of its rows occur in which bag, and with what weight.
fn occurrences(bags: &[&Bag], rows: usize) -> Vec<Vec<(u32, u32, f32)>> {
    let mut shards = vec![Vec::new(); rows.div_ceil(SHARD)];
    for (text, bag) in (0..).zip(bags) {
        for (row, weight) in bag.iter() {
            shards[*row as usize / SHARD].push((*row, text, *weight));
        }
    }
    shards
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let start = Array2::from_shape_fn((1030, DIM), |(r, c)| ((r * DIM + c) as f32).sin());
        Table::new(start.view())
    }

    #[test]
    fn a_bag_s_sum_is_that_of_its_rows() {
        let sums = table().forward(&[&vec![(0, 2.0), (1029, 0.5)], &Vec::new()]);
        let expected = 2.0 * 3_f32.sin() + 0.5 * ((1029 * DIM + 3) as f32).sin();
        assert!((sums[[0, 3]] - expected).abs() < 1e-5);
        assert!(sums.row(1).iter().all(|x| *x == 0.0));
    }

    #[test]
    fn a_step_moves_the_rows_of_its_bags_against_their_gradient() {
        let mut table = table();
        let before = table.numbers();
        let bags: [&Bag; 2] = [&vec![(0, 1.0), (700, 1.0)], &vec![(700, 2.0)]];
        let mut gradients = Array2::zeros((2, DIM));
        // The second bag's gradient, with its weight, outweighs the first's in the row that both hold.
        gradients[[0, 5]] = 1.0;
        gradients[[1, 5]] = -1.0;
        table.step(&bags, &gradients, 0.1);
        let after = table.numbers();
        let moved: Vec<usize> = (0..before.len())
            .filter(|i| before[*i] != after[*i])
            .collect();
        assert_eq!(moved, [5, 700 * DIM + 5]);
        // Adam's first step is as long as its rate.
        assert!((after[5] - before[5] + 0.1).abs() < 1e-4);
        assert!((after[moved[1]] - before[moved[1]] - 0.1).abs() < 1e-4);
    }
}
