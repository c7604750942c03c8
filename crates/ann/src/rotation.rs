//! Rotations: they change no inner product, only which coordinates carry it.

use crate::matrix::{Panels, Rows, product, second_moments, symmetric_eigen};
use crate::random::Random;

/// An orthogonal matrix, kept as rows and as panels.
#[derive(Debug, Clone)]
pub struct Rotation {
    rows: Vec<f32>,
    panels: Panels,
    dim: usize,
}

impl Rotation {
    /// From rows that are orthogonal unit vectors (not checked here; see [`Rotation::deviation`]).
    pub fn from_rows(rows: Vec<f32>, dim: usize) -> Rotation {
        assert_eq!(rows.len(), dim * dim, "a square matrix");
        let panels = Panels::new(Rows::new(&rows, dim), dim);
        Rotation { rows, panels, dim }
    }

    /// The principal axes of the rows, the strongest first: the best nested prefixes that a rotation can
    /// give. Not centred: inner products are to stay as they are.
    pub fn principal(sample: Rows<'_>) -> (Rotation, Vec<f64>) {
        let dim = sample.dim();
        let (values, vectors) = symmetric_eigen(&second_moments(sample), dim);
        let rows = vectors.iter().map(|&x| x as f32).collect();
        (Rotation::from_rows(rows, dim), values)
    }

    /// Every coordinate as it was.
    pub fn identity(dim: usize) -> Rotation {
        let mut rows = vec![0.0; dim * dim];
        (0..dim).for_each(|i| rows[i * dim + i] = 1.0);
        Rotation::from_rows(rows, dim)
    }

    /// The same rotation with its output coordinates in another order: coordinate `i` of the result is
    /// coordinate `order[i]` of this one.
    pub fn reordered(&self, order: &[u32]) -> Rotation {
        let rows = Rows::new(&self.rows, self.dim);
        let picked: Vec<usize> = order.iter().map(|&i| i as usize).collect();
        Rotation::from_rows(rows.pick(&picked), self.dim)
    }

    /// Dimensions.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The matrix, row-major.
    pub fn rows(&self) -> &[f32] {
        &self.rows
    }

    /// Turns one vector.
    pub fn apply(&self, vector: &[f32], out: &mut [f32]) {
        self.panels.products(vector, out);
    }

    /// Turns one vector back.
    pub fn invert(&self, vector: &[f32], out: &mut [f32]) {
        out.fill(0.0);
        for (&value, row) in vector.iter().zip(self.rows.chunks_exact(self.dim)) {
            crate::kernels::add_scaled(out, value, row);
        }
    }

    /// Turns every row, in parallel.
    pub fn apply_all(&self, rows: Rows<'_>) -> Vec<f32> {
        product(rows, &self.panels)
    }

    /// The greatest `|R·Rᵀ − I|`: how far the matrix is from a rotation.
    pub fn deviation(&self) -> f32 {
        let gram = product(Rows::new(&self.rows, self.dim), &self.panels);
        let off = |(at, x): (usize, &f32)| {
            (x - if at / self.dim == at % self.dim {
                1.0
            } else {
                0.0
            })
            .abs()
        };
        gram.iter().enumerate().map(off).fold(0.0, f32::max)
    }
}

/// A random rotation in O(d log d): rounds of random signs and a fast Hadamard transform, over the first and
/// over the last power of two of coordinates in turn (as RaBitQ's code does), so that any dimension works.
/// It spreads every vector evenly over its coordinates, which is what one common quantisation step wants.
#[derive(Debug, Clone)]
pub struct Hadamard {
    signs: Vec<f32>,
    dim: usize,
}

/// Rounds of signs and transforms. Two spread well when `dim` is a power of two; four when it is not.
const ROUNDS: usize = 4;

impl Hadamard {
    /// The rotation of this seed.
    pub fn new(dim: usize, seed: u64) -> Hadamard {
        let mut random = Random::new(seed);
        let sign = |_| if random.next() & 1 == 0 { 1.0 } else { -1.0 };
        Hadamard {
            signs: (0..ROUNDS * dim).map(sign).collect(),
            dim,
        }
    }

    /// Turns a vector in place.
    pub fn apply(&self, vector: &mut [f32]) {
        assert_eq!(vector.len(), self.dim, "a vector of {} numbers", self.dim);
        let width = previous_power_of_two(self.dim);
        let rounds = if width == self.dim { 2 } else { ROUNDS };
        for (round, signs) in self
            .signs
            .chunks_exact(self.dim.max(1))
            .take(rounds)
            .enumerate()
        {
            vector
                .iter_mut()
                .zip(signs)
                .for_each(|(x, sign)| *x *= sign);
            let first = if round % 2 == 0 { 0 } else { self.dim - width };
            walsh_hadamard(&mut vector[first..first + width]);
        }
    }
}

impl Hadamard {
    /// Turns a vector back in place.
    pub fn invert(&self, vector: &mut [f32]) {
        assert_eq!(vector.len(), self.dim, "a vector of {} numbers", self.dim);
        let width = previous_power_of_two(self.dim);
        let rounds = if width == self.dim { 2 } else { ROUNDS };
        for round in (0..rounds).rev() {
            // A round's transform and signs are each their own inverse.
            let first = if round % 2 == 0 { 0 } else { self.dim - width };
            walsh_hadamard(&mut vector[first..first + width]);
            let signs = &self.signs[round * self.dim..(round + 1) * self.dim];
            vector
                .iter_mut()
                .zip(signs)
                .for_each(|(x, sign)| *x *= sign);
        }
    }
}

fn previous_power_of_two(n: usize) -> usize {
    if n == 0 { 0 } else { 1 << n.ilog2() }
}

/// The orthonormal Walsh-Hadamard transform of a power of two of numbers, in place.
fn walsh_hadamard(x: &mut [f32]) {
    let mut half = 1;
    while half < x.len() {
        for pair in x.chunks_exact_mut(2 * half) {
            let (low, high) = pair.split_at_mut(half);
            for (a, b) in low.iter_mut().zip(high) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        half *= 2;
    }
    let scale = 1.0 / (x.len().max(1) as f32).sqrt();
    x.iter_mut().for_each(|value| *value *= scale);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::dot;

    fn normals(n: usize, seed: u64) -> Vec<f32> {
        let mut random = Random::new(seed);
        (0..n).map(|_| random.normal()).collect()
    }

    #[test]
    fn random_rotations_keep_inner_products() {
        for dim in [1, 2, 3, 10, 64, 100, 256] {
            let rotation = Hadamard::new(dim, 3);
            let (mut a, mut b) = (normals(dim, 1), normals(dim, 2));
            let before = [dot(&a, &b), dot(&a, &a)];
            rotation.apply(&mut a);
            rotation.apply(&mut b);
            let mut back = a.clone();
            rotation.invert(&mut back);
            for (x, y) in back.iter().zip(normals(dim, 1)) {
                assert!((x - y).abs() < 1e-4, "{dim}: turned back");
            }
            for (x, y) in before.iter().zip([dot(&a, &b), dot(&a, &a)]) {
                assert!((x - y).abs() < 1e-3 * dim as f32, "{dim}: {x} {y}");
            }
        }
    }

    #[test]
    fn random_rotations_spread_a_spike() {
        for dim in [64, 100, 256] {
            let mut spike = vec![0.0; dim];
            spike[0] = 1.0;
            Hadamard::new(dim, 3).apply(&mut spike);
            let greatest = spike.iter().fold(0f32, |m, x| m.max(x.abs()));
            assert!(greatest < 6.0 / (dim as f32).sqrt(), "{dim}: {greatest}");
        }
    }

    #[test]
    fn principal_axes_are_a_rotation_in_order() {
        let dim = 20;
        let mut data = normals(500 * dim, 4);
        for row in data.chunks_exact_mut(dim) {
            row.iter_mut()
                .enumerate()
                .for_each(|(i, x)| *x *= 1.0 + i as f32);
        }
        let (rotation, values) = Rotation::principal(Rows::new(&data, dim));
        assert!(rotation.deviation() < 1e-5, "R·Rᵀ = I");
        assert!(values.windows(2).all(|w| w[0] >= w[1]));
        let turned = rotation.apply_all(Rows::new(&data, dim));
        let mut back = vec![0.0; dim];
        rotation.invert(&turned[..dim], &mut back);
        assert!(
            back.iter().zip(&data).all(|(x, y)| (x - y).abs() < 1e-3),
            "turned back"
        );
        let energy = |d: usize| -> f32 { turned.chunks_exact(dim).map(|x| x[d] * x[d]).sum() };
        assert!(energy(0) > energy(dim - 1));
        let reversed: Vec<u32> = (0..dim as u32).rev().collect();
        assert!(rotation.reordered(&reversed).deviation() < 1e-5);
    }
}
