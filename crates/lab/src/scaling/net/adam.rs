//! Training: examples add their gradients, a step follows their mean (Adam, Kingma and Ba 2015).

use super::arithmetic::softmax;
use super::{Input, Net, Pass};

const MEAN: f32 = 0.9;
const SQUARE: f32 = 0.999;
const TINY: f32 = 1e-8;

/// A network being trained.
#[derive(Debug, Clone)]
pub(in crate::scaling) struct Adam {
    /// The network as it stands.
    pub(in crate::scaling) net: Net,
    /// The last example's pass.
    pub(in crate::scaling) pass: Pass,
    slopes: Vec<f32>,
    gradient: Vec<f32>,
    examples: usize,
    mean: Vec<f32>,
    square: Vec<f32>,
    // The powers MEAN^t and SQUARE^t, for the start's correction.
    powers: (f32, f32),
}

impl Adam {
    /// Starts to train a network.
    pub(in crate::scaling) fn new(net: Net) -> Adam {
        let zeros = || vec![0.0; net.weights.len()];
        Adam {
            pass: Pass::default(),
            slopes: Vec::new(),
            gradient: zeros(),
            examples: 0,
            mean: zeros(),
            square: zeros(),
            powers: (1.0, 1.0),
            net,
        }
    }

    /// Adds an example of a class: softmax over the outputs, cross-entropy.
    pub(in crate::scaling) fn example(&mut self, inputs: &[Input], class: usize) {
        self.net.run(inputs, &mut self.pass);
        self.slopes.clear();
        self.slopes.extend_from_slice(&self.pass.outputs);
        softmax(&mut self.slopes);
        self.slopes[class] -= 1.0;
        let slopes = std::mem::take(&mut self.slopes);
        self.learn(inputs, &slopes);
        self.slopes = slopes;
    }

    /// Adds the example that the network was just run on (into [`Adam::pass`]), by the loss's slopes.
    pub(in crate::scaling) fn learn(&mut self, inputs: &[Input], slopes: &[f32]) {
        self.net
            .learn(inputs, slopes, &mut self.pass, &mut self.gradient);
        self.examples += 1;
    }

    /// Follows the mean gradient of the examples since the last step.
    pub(in crate::scaling) fn step(&mut self, rate: f32) {
        let share = 1.0 / self.examples.max(1) as f32;
        self.powers.0 *= MEAN;
        self.powers.1 *= SQUARE;
        let (of_mean, of_square) = (1.0 / (1.0 - self.powers.0), 1.0 / (1.0 - self.powers.1));
        let moments = self.mean.iter_mut().zip(&mut self.square);
        let weights = self.net.weights.iter_mut().zip(&mut self.gradient);
        for ((weight, gradient), (mean, square)) in weights.zip(moments) {
            let g = *gradient * share;
            *mean = MEAN * *mean + (1.0 - MEAN) * g;
            *square = SQUARE * *square + (1.0 - SQUARE) * g * g;
            *weight -= rate * (*mean * of_mean) / ((*square * of_square).sqrt() + TINY);
            *gradient = 0.0;
        }
        self.examples = 0;
    }
}
