//! A small fully connected network with ReLU, its gradients by hand, and Adam: what the papers' tiny networks share.
//!
//! Samples are columns, as papers write them: a layer is `W·X + b`. Everything is `f64`, so that the order of sums on
//! another machine's vector units moves results by far less than a seed does.

mod loss;

use nalgebra::{DMatrix, DVector};
use rand::seq::SliceRandom;
use rand_distr::{Distribution, StandardNormal};

pub use loss::{accuracy, columns_to_unit_length, cross_entropy, through_unit_length};

use crate::data::Digits;
use crate::frame::Rng;

/// One layer: `W·x + b`.
#[derive(Debug, Clone, PartialEq)]
pub struct Dense {
    /// Outputs by inputs.
    pub weight: DMatrix<f64>,
    /// One number an output.
    pub bias: DVector<f64>,
}

/// Layers with ReLU between them; the last one's output is left as it is. Gradients have the same shape, so they are
/// of this type too.
#[derive(Debug, Clone, PartialEq)]
pub struct Mlp {
    /// From input to output.
    pub layers: Vec<Dense>,
}

impl Mlp {
    /// A network of these widths, input first, with weights of variance `2 / inputs` (He et al. 2015) and no biases.
    pub fn new(widths: &[usize], rng: &mut Rng) -> Mlp {
        let layers = widths.windows(2).map(|pair| {
            let (inputs, outputs) = (pair[0], pair[1]);
            let deviation = (2.0 / inputs as f64).sqrt();
            Dense {
                weight: gaussian(outputs, inputs, rng) * deviation,
                bias: DVector::zeros(outputs),
            }
        });
        Mlp {
            layers: layers.collect(),
        }
    }

    /// What comes out for each column of `inputs`.
    pub fn forward(&self, inputs: &DMatrix<f64>) -> DMatrix<f64> {
        self.states(inputs).pop().unwrap_or_default()
    }

    /// The input of every layer, and the output last: `layers + 1` matrices. All but the first and the last are
    /// behind a ReLU.
    pub fn states(&self, inputs: &DMatrix<f64>) -> Vec<DMatrix<f64>> {
        let mut states = vec![inputs.clone()];
        for (at, layer) in self.layers.iter().enumerate() {
            let mut out = layer.apply(&states[at]);
            if at + 1 < self.layers.len() {
                out.apply(|value| *value = value.max(0.0));
            }
            states.push(out);
        }
        states
    }

    /// From the gradient by the output to the gradients by all parameters and by the input. `states` are those of
    /// [`Mlp::states`].
    pub fn backward(
        &self,
        states: &[DMatrix<f64>],
        by_output: DMatrix<f64>,
    ) -> (Mlp, DMatrix<f64>) {
        let mut layers = Vec::with_capacity(self.layers.len());
        let mut by_state = by_output;
        for (at, layer) in self.layers.iter().enumerate().rev() {
            layers.push(Dense {
                weight: &by_state * states[at].transpose(),
                bias: by_state.column_sum(),
            });
            by_state = layer.weight.transpose() * by_state;
            if at > 0 {
                by_state.zip_apply(&states[at], |gradient, value| {
                    *gradient *= f64::from(value > 0.0);
                });
            }
        }
        layers.reverse();
        (Mlp { layers }, by_state)
    }

    /// All numbers, layer by layer.
    pub fn parameters(&self) -> impl Iterator<Item = &f64> {
        self.layers
            .iter()
            .flat_map(|layer| layer.weight.iter().chain(layer.bias.iter()))
    }

    /// All numbers, to be changed, in the order of [`Mlp::parameters`].
    pub fn parameters_mut(&mut self) -> impl Iterator<Item = &mut f64> {
        self.layers
            .iter_mut()
            .flat_map(|layer| layer.weight.iter_mut().chain(layer.bias.iter_mut()))
    }
}

impl Dense {
    /// `W·X + b`, a column for each column of `inputs`.
    pub fn apply(&self, inputs: &DMatrix<f64>) -> DMatrix<f64> {
        let mut out = &self.weight * inputs;
        for mut column in out.column_iter_mut() {
            column += &self.bias;
        }
        out
    }
}

/// Adam (Kingma and Ba 2015) with the usual constants and no weight decay.
#[derive(Debug, Clone, Default)]
pub struct Adam {
    moments: Vec<(f64, f64)>,
    steps: i32,
}

impl Adam {
    /// One step on every parameter; call it with all of them in the same order each time.
    pub fn step<'a>(
        &mut self,
        rate: f64,
        parameters: impl Iterator<Item = &'a mut f64>,
        gradients: impl Iterator<Item = &'a f64>,
    ) {
        self.steps += 1;
        let correct1 = 1.0 - 0.9f64.powi(self.steps);
        let correct2 = 1.0 - 0.999f64.powi(self.steps);
        for (at, (value, &gradient)) in parameters.zip(gradients).enumerate() {
            if at == self.moments.len() {
                self.moments.push((0.0, 0.0));
            }
            let (first, second) = &mut self.moments[at];
            *first = 0.9 * *first + 0.1 * gradient;
            *second = 0.999 * *second + 0.001 * gradient * gradient;
            *value -= rate * (*first / correct1) / ((*second / correct2).sqrt() + 1e-8);
        }
    }
}

/// How long and how fast to train.
#[derive(Debug, Clone, Copy)]
pub struct Training {
    /// Passes over all samples.
    pub epochs: usize,
    /// Samples a step.
    pub batch: usize,
    /// Adam's rate; it falls linearly to a tenth.
    pub rate: f64,
}

impl Training {
    /// Calls `step` with the places of each batch's samples and its rate; every epoch is shuffled anew.
    pub fn each_batch(&self, count: usize, rng: &mut Rng, mut step: impl FnMut(&[usize], f64)) {
        let mut places: Vec<usize> = (0..count).collect();
        let total = (self.epochs * count.div_ceil(self.batch)).max(1) as f64;
        let mut done = 0.0;
        for _ in 0..self.epochs {
            places.shuffle(rng);
            for batch in places.chunks(self.batch) {
                step(batch, self.rate * (1.0 - 0.9 * done / total));
                done += 1.0;
            }
        }
    }

    /// Trains a classifier by cross-entropy: one column of `inputs` and one label a sample.
    pub fn classifier(
        &self,
        net: &mut Mlp,
        inputs: &DMatrix<f64>,
        labels: &[usize],
        rng: &mut Rng,
    ) {
        let mut adam = Adam::default();
        self.each_batch(labels.len(), rng, |batch, rate| {
            let states = net.states(&inputs.select_columns(batch));
            let (_, by_logits) = cross_entropy(&states[states.len() - 1], &pick(labels, batch));
            let (gradient, _) = net.backward(&states, by_logits);
            adam.step(rate, net.parameters_mut(), gradient.parameters());
        });
    }
}

/// A matrix of independent standard normal numbers, drawn row by row.
pub fn gaussian(rows: usize, columns: usize, rng: &mut Rng) -> DMatrix<f64> {
    let numbers: Vec<f64> = StandardNormal
        .sample_iter(rng)
        .take(rows * columns)
        .collect();
    DMatrix::from_row_slice(rows, columns, &numbers)
}

/// Pictures as columns of 64 pixels.
pub fn pixels(digits: &Digits) -> DMatrix<f64> {
    DMatrix::from_iterator(
        64,
        digits.len(),
        digits.pixels.iter().flatten().map(|&p| f64::from(p)),
    )
}

/// The items at these places.
pub fn pick<T: Copy>(items: &[T], places: &[usize]) -> Vec<T> {
    places.iter().map(|&at| items[at]).collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::data::digits;

    #[test]
    fn gradients_are_the_loss_differences() {
        let mut rng = Rng::seed_from_u64(1);
        let net = Mlp::new(&[3, 5, 4, 3], &mut rng);
        let inputs = gaussian(3, 6, &mut rng);
        let labels = [0, 1, 2, 2, 1, 0];
        let loss = |net: &Mlp| cross_entropy(&net.forward(&inputs), &labels).0;
        let states = net.states(&inputs);
        let (gradient, _) = net.backward(&states, cross_entropy(&states[3], &labels).1);
        let gradient: Vec<f64> = gradient.parameters().copied().collect();
        for (at, &expected) in gradient.iter().enumerate() {
            let nudged = |by: f64| {
                let mut other = net.clone();
                *other.parameters_mut().nth(at).unwrap() += by;
                loss(&other)
            };
            let slope = (nudged(1e-5) - nudged(-1e-5)) / 2e-5;
            assert!((slope - expected).abs() < 1e-7, "{at}: {slope} {expected}");
        }
    }

    #[test]
    fn adams_first_step_is_the_rate() {
        let mut value = [1.0, -2.0];
        Adam::default().step(0.1, value.iter_mut(), [3.0, -1e-3].iter());
        assert!(
            (value[0] - 0.9).abs() < 1e-6 && (value[1] + 1.9).abs() < 1e-4,
            "{value:?}"
        );
    }

    #[test]
    fn every_epoch_sees_every_sample_once() {
        let training = Training {
            epochs: 3,
            batch: 4,
            rate: 1.0,
        };
        let mut seen = vec![0; 10];
        let mut rates = Vec::new();
        training.each_batch(10, &mut Rng::seed_from_u64(2), |batch, rate| {
            batch.iter().for_each(|&at| seen[at] += 1);
            rates.push(rate);
        });
        assert_eq!(seen, [3; 10]);
        assert_eq!((rates.len(), rates[0]), (9, 1.0));
        assert!((rates[8] - (1.0 - 0.9 * 8.0 / 9.0)).abs() < 1e-12);
    }

    #[test]
    fn a_small_network_reads_digits() {
        let mut rng = Rng::seed_from_u64(3);
        let (train, test) = digits().split(1000, &mut rng);
        let mut net = Mlp::new(&[64, 32, 10], &mut rng);
        let training = Training {
            epochs: 15,
            batch: 32,
            rate: 5e-3,
        };
        training.classifier(&mut net, &pixels(&train), &train.labels, &mut rng);
        let right = accuracy(&net.forward(&pixels(&test)), &test.labels);
        assert!(right > 0.93, "{right}");
    }
}
