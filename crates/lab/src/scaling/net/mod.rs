//! A network of one hidden layer, small enough to train in a second: what several papers of this family make larger
//! and smaller.
//!
//! Inputs are lists of `(feature, value)`, so that letters (one feature a place) and pictures (one a pixel) are the same
//! to it. Everything is plain `f32` in a fixed order with an exponential of its own, so that a seed gives the same
//! weights on every machine, however long the training.

mod adam;
mod arithmetic;

pub(super) use adam::Adam;
pub(super) use arithmetic::{exp, softmax};

use arithmetic::{add_scaled, dot};
use rand::RngExt;

use crate::frame::Rng;

/// What a hidden unit does with its sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// max(0, z).
    Relu,
    /// z / (1 + e^-z).
    Silu,
}

impl Unit {
    /// The unit's value at `z`, and its slope there.
    fn at(self, z: f32) -> (f32, f32) {
        match self {
            Unit::Relu => {
                if z > 0.0 {
                    (z, 1.0)
                } else {
                    (0.0, 0.0)
                }
            }
            Unit::Silu => {
                let open = 1.0 / (1.0 + exp(-z));
                (z * open, open * (1.0 + z * (1.0 - open)))
            }
        }
    }
}

/// How large a network is, and of what kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// How many features there are.
    pub(super) inputs: usize,
    /// How many hidden units.
    pub(super) hidden: usize,
    /// How many outputs.
    pub(super) outputs: usize,
    /// What a hidden unit does.
    pub(super) unit: Unit,
    /// Whether each unit's value is multiplied by a second sum of the inputs, as in the feed-forward layers of today's
    /// language models.
    pub(super) gated: bool,
}

impl Shape {
    /// The number of sums that the inputs go into: one or two a unit.
    fn sums(self) -> usize {
        self.hidden * if self.gated { 2 } else { 1 }
    }

    /// How many weights and biases there are.
    pub(super) fn parameters(self) -> usize {
        (self.inputs + 1) * self.sums() + (self.hidden + 1) * self.outputs
    }
}

/// A feature and its value.
pub(super) type Input = (usize, f32);

/// The network: all weights in one line, as the optimiser wants them.
#[derive(Debug, Clone)]
pub(super) struct Net {
    pub(super) shape: Shape,
    /// Input rows (one a feature, one number a sum), biases of the sums, output rows (one an output, one number a
    /// unit), biases of the outputs.
    pub(super) weights: Vec<f32>,
}

/// What one pass left behind: the next one uses its room again.
#[derive(Debug, Clone, Default)]
pub(super) struct Pass {
    sums: Vec<f32>,
    acts: Vec<f32>,
    slopes: Vec<f32>,
    /// The hidden units' values.
    pub(super) hidden: Vec<f32>,
    /// The outputs, before any softmax.
    pub(super) outputs: Vec<f32>,
    d_hidden: Vec<f32>,
    d_sums: Vec<f32>,
}

impl Net {
    /// A fresh network. `energy` is the typical sum of squares of an input's values: the first layer's weights are
    /// drawn so that the units' sums have a variance of two at the start, and the outputs are small.
    pub(super) fn new(shape: Shape, energy: f32, rng: &mut Rng) -> Net {
        let mut net = Net {
            shape,
            weights: vec![0.0; shape.parameters()],
        };
        let (rows, out) = (shape.inputs * shape.sums(), net.output_start());
        // Uniform on (-a, a) has the variance a^2 / 3.
        let a = (3.0 * 2.0 / energy).sqrt();
        for weight in &mut net.weights[..rows] {
            *weight = rng.random_range(-a..a);
        }
        let b = 0.5 * (3.0 / shape.hidden as f32).sqrt();
        for weight in &mut net.weights[out..out + shape.hidden * shape.outputs] {
            *weight = rng.random_range(-b..b);
        }
        net
    }

    fn output_start(&self) -> usize {
        (self.shape.inputs + 1) * self.shape.sums()
    }

    /// Where a feature's weights stand.
    pub(super) fn input_row(&self, feature: usize) -> std::ops::Range<usize> {
        let sums = self.shape.sums();
        feature * sums..(feature + 1) * sums
    }

    /// Where an output's weights stand.
    pub(super) fn output_row(&self, output: usize) -> std::ops::Range<usize> {
        let start = self.output_start() + output * self.shape.hidden;
        start..start + self.shape.hidden
    }

    /// Computes the outputs of an input.
    pub(super) fn run(&self, inputs: &[Input], pass: &mut Pass) {
        let (shape, sums) = (self.shape, self.shape.sums());
        let biases = shape.inputs * sums;
        pass.sums.clear();
        pass.sums
            .extend_from_slice(&self.weights[biases..biases + sums]);
        for &(feature, value) in inputs {
            add_scaled(
                &mut pass.sums,
                value,
                &self.weights[self.input_row(feature)],
            );
        }
        pass.acts.resize(shape.hidden, 0.0);
        pass.slopes.resize(shape.hidden, 0.0);
        for (at, &z) in pass.sums[..shape.hidden].iter().enumerate() {
            (pass.acts[at], pass.slopes[at]) = shape.unit.at(z);
        }
        pass.hidden.clear();
        pass.hidden.extend_from_slice(&pass.acts);
        if shape.gated {
            for (value, up) in pass.hidden.iter_mut().zip(&pass.sums[shape.hidden..]) {
                *value *= up;
            }
        }
        self.finish(pass);
    }

    /// Computes the outputs from the hidden units as they stand in `pass`.
    pub(super) fn finish(&self, pass: &mut Pass) {
        let biases = self.output_row(self.shape.outputs).start;
        pass.outputs.clear();
        for output in 0..self.shape.outputs {
            let sum = dot(&self.weights[self.output_row(output)], &pass.hidden);
            pass.outputs.push(sum + self.weights[biases + output]);
        }
    }

    /// Adds the gradient of an input that [`Net::run`] was just given, from the loss's slope by each output.
    pub(super) fn learn(
        &self,
        inputs: &[Input],
        d_outputs: &[f32],
        pass: &mut Pass,
        gradient: &mut [f32],
    ) {
        let (shape, sums) = (self.shape, self.shape.sums());
        let biases = self.output_row(shape.outputs).start;
        pass.d_hidden.clear();
        pass.d_hidden.resize(shape.hidden, 0.0);
        for (output, &d) in d_outputs.iter().enumerate() {
            let row = self.output_row(output);
            add_scaled(&mut pass.d_hidden, d, &self.weights[row.clone()]);
            add_scaled(&mut gradient[row], d, &pass.hidden);
            gradient[biases + output] += d;
        }
        pass.d_sums.resize(sums, 0.0);
        for at in 0..shape.hidden {
            let d = pass.d_hidden[at];
            if shape.gated {
                pass.d_sums[at] = d * pass.slopes[at] * pass.sums[shape.hidden + at];
                pass.d_sums[shape.hidden + at] = d * pass.acts[at];
            } else {
                pass.d_sums[at] = d * pass.slopes[at];
            }
        }
        for &(feature, value) in inputs {
            let row = self.input_row(feature);
            add_scaled(&mut gradient[row], value, &pass.d_sums);
        }
        let start = shape.inputs * sums;
        add_scaled(&mut gradient[start..start + sums], 1.0, &pass.d_sums);
    }

    /// The loss's slope by a feature's value, after [`Net::learn`].
    pub(super) fn slope_by_input(&self, feature: usize, pass: &Pass) -> f32 {
        dot(&self.weights[self.input_row(feature)], &pass.d_sums)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    /// Loss of softmax and cross-entropy at output 1.
    fn loss(net: &Net, inputs: &[Input]) -> f64 {
        let mut pass = Pass::default();
        net.run(inputs, &mut pass);
        let mut shares = pass.outputs.clone();
        softmax(&mut shares);
        -f64::from(shares[1]).ln()
    }

    #[test]
    fn the_gradient_is_the_slope_of_the_loss() {
        for (unit, gated) in [(Unit::Relu, false), (Unit::Silu, false), (Unit::Silu, true)] {
            let shape = Shape {
                inputs: 5,
                hidden: 7,
                outputs: 3,
                unit,
                gated,
            };
            let mut net = Net::new(shape, 2.0, &mut Rng::seed_from_u64(3));
            let inputs = [(0, 1.0), (3, 0.5), (4, -1.0)];
            let (mut pass, mut gradient) = (Pass::default(), vec![0.0; shape.parameters()]);
            net.run(&inputs, &mut pass);
            let mut d = pass.outputs.clone();
            softmax(&mut d);
            d[1] -= 1.0;
            net.learn(&inputs, &d, &mut pass, &mut gradient);
            let by_input = net.slope_by_input(3, &pass);
            for (at, &found) in gradient.iter().enumerate() {
                let kept = net.weights[at];
                let mut moved = |by: f32| {
                    net.weights[at] = kept + by;
                    loss(&net, &inputs)
                };
                let slope = (moved(1e-2) - moved(-1e-2)) / 2e-2;
                net.weights[at] = kept;
                let found = f64::from(found);
                assert!(
                    (slope - found).abs() < 2e-3,
                    "{unit:?} {at}: {slope} {found}"
                );
            }
            let with = |x: f32| loss(&net, &[(0, 1.0), (3, x), (4, -1.0)]);
            let slope = (with(0.51) - with(0.49)) / 0.02;
            assert!((slope - f64::from(by_input)).abs() < 2e-3);
        }
    }

    #[test]
    fn training_learns_exclusive_or() {
        let shape = Shape {
            inputs: 2,
            hidden: 8,
            outputs: 2,
            unit: Unit::Relu,
            gated: false,
        };
        let mut adam = Adam::new(Net::new(shape, 1.0, &mut Rng::seed_from_u64(1)));
        let cases = [(0.0, 0.0, 0), (0.0, 1.0, 1), (1.0, 0.0, 1), (1.0, 1.0, 0)];
        for _ in 0..300 {
            for (a, b, class) in cases {
                adam.example(&[(0, a), (1, b)], class);
            }
            adam.step(0.05);
        }
        let mut pass = Pass::default();
        for (a, b, class) in cases {
            adam.net.run(&[(0, a), (1, b)], &mut pass);
            let best = (0..2).max_by(|&i, &j| pass.outputs[i].total_cmp(&pass.outputs[j]));
            assert_eq!(best.unwrap(), class);
        }
    }
}
