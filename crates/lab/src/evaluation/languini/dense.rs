//! What both models are made of: layers `y = W x + b`, log-losses, and Adam's steps.

use rand_distr::{Distribution as _, StandardNormal};

use crate::frame::Rng;

/// Numbers that are learned, with their gradients and Adam's two means.
pub(super) struct Learned {
    pub(super) values: Vec<f32>,
    pub(super) slopes: Vec<f32>,
    means: Vec<f32>,
    squares: Vec<f32>,
}

impl Learned {
    /// Normal numbers of this spread.
    pub(super) fn normal(count: usize, spread: f32, rng: &mut Rng) -> Learned {
        let draw = |rng: &mut Rng| {
            let number: f32 = StandardNormal.sample(rng);
            spread * number
        };
        Learned::from((0..count).map(|_| draw(rng)).collect())
    }

    /// The same number everywhere.
    pub(super) fn all(count: usize, value: f32) -> Learned {
        Learned::from(vec![value; count])
    }

    fn from(values: Vec<f32>) -> Learned {
        let zeros = vec![0.0; values.len()];
        Learned {
            slopes: zeros.clone(),
            means: zeros.clone(),
            squares: zeros,
            values,
        }
    }

    /// A step of Adam (Kingma and Ba 2015) with means of 0.9 and 0.99; `number` counts steps from 1. Gradients are then
    /// zero again.
    pub(super) fn step(&mut self, rate: f32, number: i32) {
        let (unbias_mean, unbias_square) = (1.0 - 0.9f32.powi(number), 1.0 - 0.99f32.powi(number));
        let state = self.means.iter_mut().zip(&mut self.squares);
        for ((value, slope), (mean, square)) in
            self.values.iter_mut().zip(&mut self.slopes).zip(state)
        {
            *mean += 0.1 * (*slope - *mean);
            *square += 0.01 * (*slope * *slope - *square);
            *value -= rate * (*mean / unbias_mean) / ((*square / unbias_square).sqrt() + 1e-8);
            *slope = 0.0;
        }
    }
}

/// A layer `y = W x + b`; `W` in rows of inputs, a row an output.
pub(super) struct Dense {
    pub(super) weights: Learned,
    pub(super) bias: Learned,
    inputs: usize,
}

impl Dense {
    pub(super) fn new(inputs: usize, outputs: usize, bias: f32, rng: &mut Rng) -> Dense {
        Dense {
            weights: Learned::normal(inputs * outputs, (1.0 / inputs as f32).sqrt(), rng),
            bias: Learned::all(outputs, bias),
            inputs,
        }
    }

    /// Multiplications of one forward pass.
    pub(super) fn cost(&self) -> usize {
        self.weights.values.len()
    }

    /// Writes `W x + b`.
    pub(super) fn forward(&self, x: &[f32], y: &mut [f32]) {
        let rows = self.weights.values.chunks_exact(self.inputs);
        for ((y, row), bias) in y.iter_mut().zip(rows).zip(&self.bias.values) {
            *y = bias + dot(row, x);
        }
    }

    /// Adds to the gradients of `W` and `b`, and to that of `x`.
    pub(super) fn backward(&mut self, x: &[f32], dy: &[f32], dx: &mut [f32]) {
        let rows = self.weights.values.chunks_exact(self.inputs);
        let slopes = self.weights.slopes.chunks_exact_mut(self.inputs);
        for (((dy, row), slopes), bias) in
            dy.iter().zip(rows).zip(slopes).zip(&mut self.bias.slopes)
        {
            *bias += dy;
            for ((slope, x), (dx, weight)) in slopes.iter_mut().zip(x).zip(dx.iter_mut().zip(row)) {
                *slope += dy * x;
                *dx += dy * weight;
            }
        }
    }

    pub(super) fn step(&mut self, rate: f32, number: i32) {
        self.weights.step(rate, number);
        self.bias.step(rate, number);
    }
}

/// A dot product in eight strands, which compilers make vectors of.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut strands = [0f32; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a8
        .remainder()
        .iter()
        .zip(b8.remainder())
        .map(|(x, y)| x * y)
        .sum();
    for (a, b) in a8.zip(b8) {
        for (strand, (x, y)) in strands.iter_mut().zip(a.iter().zip(b)) {
            *strand += x * y;
        }
    }
    strands.iter().sum::<f32>() + rest
}

/// Turns scores into the gradient of the log-loss of `right` (chances less one for it); gives the loss in bits.
pub(super) fn loss(scores: &mut [f32], right: u8) -> f64 {
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - most).exp();
        sum += *score;
    }
    for score in scores.iter_mut() {
        *score /= sum;
    }
    let right = &mut scores[usize::from(right)];
    let bits = -f64::from(right.max(1e-30)).log2();
    *right -= 1.0;
    bits
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn losses_are_bits() {
        let mut scores = [0.0, 0.0, 0.0, 0.0];
        assert!((loss(&mut scores, 2) - 2.0).abs() < 1e-6);
        assert_eq!(scores, [0.25, 0.25, -0.75, 0.25]);
    }

    #[test]
    fn a_layer_s_gradient_is_its_difference_quotient() {
        let mut layer = Dense::new(11, 3, 0.1, &mut Rng::seed_from_u64(1));
        let x: Vec<f32> = (0..11).map(|i| (i as f32).sin()).collect();
        let dy = [0.5, -1.0, 2.0];
        let value = |layer: &Dense, x: &[f32]| {
            let mut y = [0.0; 3];
            layer.forward(x, &mut y);
            y.iter().zip(dy).map(|(y, d)| f64::from(y * d)).sum::<f64>()
        };
        let mut dx = vec![0.0; 11];
        layer.backward(&x, &dy, &mut dx);
        let mut moved = x.clone();
        moved[4] += 1e-2;
        let quotient = (value(&layer, &moved) - value(&layer, &x)) / 1e-2;
        assert!((quotient - f64::from(dx[4])).abs() < 1e-3);
        let before = value(&layer, &x);
        let slope = f64::from(layer.weights.slopes[2 * 11 + 7]);
        layer.weights.values[2 * 11 + 7] += 1e-2;
        assert!(((value(&layer, &x) - before) / 1e-2 - slope).abs() < 1e-3);
    }
}
