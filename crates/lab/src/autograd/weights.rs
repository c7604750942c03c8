//! What is learned, and how it is moved.

use rand_distr::{Distribution, Normal};

use super::Matrix;
use super::tape::Gradients;
use crate::frame::Rng;

/// The place of one matrix of weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot(usize);

/// The matrices of a network.
#[derive(Debug, Clone, Default)]
pub struct Weights {
    values: Vec<Matrix>,
}

impl Weights {
    /// No weights.
    pub fn new() -> Weights {
        Weights::default()
    }

    /// Adds a matrix with a value to start from.
    pub fn add(&mut self, start: Matrix) -> Slot {
        self.values.push(start);
        Slot(self.values.len() - 1)
    }

    /// Adds a matrix of normal draws with variance `gain² / inputs`: 1 keeps the size of linear layers, √2 that before a
    /// [`relu`](super::Tape::relu).
    pub fn dense(&mut self, inputs: usize, outputs: usize, gain: f32, rng: &mut Rng) -> Slot {
        let normal = Normal::new(0.0, gain / (inputs as f32).sqrt()).expect("a finite deviation");
        self.add(Matrix::from_shape_simple_fn((inputs, outputs), || {
            normal.sample(rng)
        }))
    }

    /// Adds a row of zeros.
    pub fn bias(&mut self, outputs: usize) -> Slot {
        self.add(Matrix::zeros((1, outputs)))
    }

    /// A matrix as it is now.
    pub fn get(&self, slot: Slot) -> &Matrix {
        &self.values[slot.0]
    }

    /// A matrix, to be changed.
    pub fn get_mut(&mut self, slot: Slot) -> &mut Matrix {
        &mut self.values[slot.0]
    }

    /// How many numbers are learned.
    pub fn count(&self) -> usize {
        self.values.iter().map(Matrix::len).sum()
    }
}

/// Adam (Kingma and Ba, arXiv 1412.6980): steps by the mean of the gradients over the root of the mean of their squares.
#[derive(Debug, Clone)]
pub struct Adam {
    rate: f32,
    steps: i32,
    moments: Vec<(Matrix, Matrix)>,
}

impl Adam {
    /// With a learning rate and the authors' other constants (.9, .999, 1e-8).
    pub fn new(rate: f32) -> Adam {
        Adam {
            rate,
            steps: 0,
            moments: Vec::new(),
        }
    }

    /// Sets the learning rate of the next steps.
    pub fn set_rate(&mut self, rate: f32) {
        self.rate = rate;
    }

    /// One step against the gradients.
    pub fn step(&mut self, weights: &mut Weights, gradients: &Gradients) {
        for value in &weights.values[self.moments.len()..] {
            let zeros = Matrix::zeros(value.dim());
            self.moments.push((zeros.clone(), zeros));
        }
        self.steps += 1;
        let first = 1.0 - 0.9f32.powi(self.steps);
        let second = 1.0 - 0.999f32.powi(self.steps);
        for (slot, gradient) in gradients.iter() {
            let (mean, square) = &mut self.moments[slot.0];
            let moved = weights.values[slot.0].iter_mut().zip(gradient);
            for ((weight, &g), (m, s)) in moved.zip(mean.iter_mut().zip(square)) {
                *m = 0.9 * *m + 0.1 * g;
                *s = 0.999 * *s + 0.001 * g * g;
                *weight -= self.rate * (*m / first) / ((*s / second).sqrt() + 1e-8);
            }
        }
    }
}
