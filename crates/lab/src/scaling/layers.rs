//! A network of several hidden layers, trained in batches: layers with ReLU between, Adam, gradients written out.
//!
//! Where [`super::net`] has one hidden layer and takes example by example, this one is as deep as asked for. Its products
//! are the tape's ([`crate::autograd`]), summed in one order on every machine.

use ndarray::{Array1, Array2, Axis};
use rand_distr::{Distribution as _, StandardNormal};

use crate::autograd::{product, product_transposed, transposed_product};
use crate::frame::Rng;

/// A batch of inputs of which a few are one and all others zero: the first layer only adds rows of its weights.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input<'a> {
    /// Places of the ones of the first row, then of the second, and so on.
    pub(super) places: &'a [usize],
    /// How many places a row has.
    pub(super) each: usize,
}

/// A network of dense layers.
#[derive(Debug, Clone)]
pub(super) struct Network {
    layers: Vec<Layer>,
    steps: i32,
}

#[derive(Debug, Clone)]
struct Layer {
    weights: Moved<Array2<f32>>,
    bias: Moved<Array1<f32>>,
}

/// Parameters with Adam's running means of gradients and of their squares.
#[derive(Debug, Clone)]
struct Moved<A> {
    value: A,
    mean: A,
    square: A,
}

/// Adam's rates of forgetting and its floor (Kingma and Ba, 2015).
const BETA1: f32 = 0.9;
const BETA2: f32 = 0.99;
const FLOOR: f32 = 1e-8;

impl Network {
    /// Layers of these widths, inputs first; weights are drawn as He and others (2015) do, for `active` inputs that
    /// are not zero at a time.
    pub(super) fn new(widths: &[usize], active: usize, rng: &mut Rng) -> Network {
        let layers = widths
            .windows(2)
            .enumerate()
            .map(|(at, pair)| {
                let fan = if at == 0 { active } else { pair[0] };
                let spread = (2.0 / fan as f32).sqrt();
                let mut draw = || -> f32 { StandardNormal.sample(rng) };
                let weights = Array2::from_shape_simple_fn((pair[0], pair[1]), || spread * draw());
                Layer {
                    weights: Moved::new(weights),
                    bias: Moved::new(Array1::zeros(pair[1])),
                }
            })
            .collect();
        Network { layers, steps: 0 }
    }

    /// How many numbers it has.
    pub(super) fn parameters(&self) -> usize {
        let size = |layer: &Layer| layer.weights.value.len() + layer.bias.value.len();
        self.layers.iter().map(size).sum()
    }

    /// Every weight matrix, to be looked at or rounded.
    pub(super) fn weights_mut(&mut self) -> impl Iterator<Item = &mut Array2<f32>> {
        self.layers.iter_mut().map(|layer| &mut layer.weights.value)
    }

    /// The last layer's outputs, a row for every row of the batch.
    pub(super) fn outputs(&self, input: Input<'_>) -> Array2<f32> {
        let mut values = self.layers[0].enter(input);
        for layer in &self.layers[1..] {
            values.mapv_inplace(|v| v.max(0.0));
            values = product(&values, &layer.weights.value) + &layer.bias.value;
        }
        values
    }

    /// One step of Adam: `slope` turns the outputs into the loss's derivative by them.
    pub(super) fn step(
        &mut self,
        input: Input<'_>,
        rate: f32,
        slope: impl FnOnce(Array2<f32>) -> Array2<f32>,
    ) {
        // Forward, keeping what enters each later layer.
        let mut entered: Vec<Array2<f32>> = Vec::with_capacity(self.layers.len());
        let mut values = self.layers[0].enter(input);
        for layer in &self.layers[1..] {
            values.mapv_inplace(|v| v.max(0.0));
            let next = product(&values, &layer.weights.value) + &layer.bias.value;
            entered.push(values);
            values = next;
        }
        let mut slope = slope(values);
        self.steps += 1;
        let rate = rate * (1.0 - BETA2.powi(self.steps)).sqrt() / (1.0 - BETA1.powi(self.steps));
        for at in (1..self.layers.len()).rev() {
            let before = &entered[at - 1];
            let weights = transposed_product(before, &slope);
            let bias = slope.sum_axis(Axis(0));
            let mut back = product_transposed(&slope, &self.layers[at].weights.value);
            back.zip_mut_with(before, |b, &v| *b = if v > 0.0 { *b } else { 0.0 });
            self.layers[at].weights.follow(&weights, rate);
            self.layers[at].bias.follow(&bias, rate);
            slope = back;
        }
        let weights = self.layers[0].entrance(input, &slope);
        self.layers[0].weights.follow(&weights, rate);
        self.layers[0].bias.follow(&slope.sum_axis(Axis(0)), rate);
    }
}

impl Layer {
    /// What comes out of the first layer.
    fn enter(&self, input: Input<'_>) -> Array2<f32> {
        let rows = input.places.len() / input.each;
        let mut out = Array2::zeros((rows, self.bias.value.len()));
        let places = input.places.chunks_exact(input.each);
        for (mut row, places) in out.outer_iter_mut().zip(places) {
            row.assign(&self.bias.value);
            for &place in places {
                row += &self.weights.value.row(place);
            }
        }
        out
    }

    /// The derivative by the first layer's weights.
    fn entrance(&self, input: Input<'_>, slope: &Array2<f32>) -> Array2<f32> {
        let mut weights = Array2::zeros(self.weights.value.dim());
        let places = input.places.chunks_exact(input.each);
        for (row, places) in slope.outer_iter().zip(places) {
            for &place in places {
                let mut sum = weights.row_mut(place);
                sum += &row;
            }
        }
        weights
    }
}

impl<D: ndarray::Dimension> Moved<ndarray::Array<f32, D>> {
    fn new(value: ndarray::Array<f32, D>) -> Self {
        Moved {
            mean: ndarray::Array::zeros(value.raw_dim()),
            square: ndarray::Array::zeros(value.raw_dim()),
            value,
        }
    }

    fn follow(&mut self, gradient: &ndarray::Array<f32, D>, rate: f32) {
        ndarray::Zip::from(&mut self.value)
            .and(&mut self.mean)
            .and(&mut self.square)
            .and(gradient)
            .for_each(|value, mean, square, &g| {
                *mean += (1.0 - BETA1) * (g - *mean);
                *square += (1.0 - BETA2) * (g * g - *square);
                *value -= rate * *mean / (square.sqrt() + FLOOR);
            });
    }
}

/// Turns each row of scores into logarithms of probabilities.
pub(super) fn log_softmax(scores: &mut Array2<f32>) {
    for mut row in scores.outer_iter_mut() {
        let most = row.fold(f32::NEG_INFINITY, |most, &v| most.max(v));
        let sum: f32 = row.iter().map(|v| (v - most).exp()).sum();
        let level = most + sum.ln();
        row.mapv_inplace(|v| v - level);
    }
}

/// The derivative of the mean cross-entropy by the scores: probabilities less one at the right answer, over rows.
pub(super) fn cross_entropy_slope(mut scores: Array2<f32>, answers: &[usize]) -> Array2<f32> {
    log_softmax(&mut scores);
    let share = 1.0 / answers.len().max(1) as f32;
    scores.mapv_inplace(|v| v.exp() * share);
    for (mut row, &answer) in scores.outer_iter_mut().zip(answers) {
        row[answer] -= share;
    }
    scores
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    fn net(seed: u64) -> Network {
        Network::new(&[6, 5, 4, 3], 2, &mut Rng::seed_from_u64(seed))
    }

    #[test]
    fn places_are_ones_in_a_row_of_zeros() {
        let places = [0, 4, 1, 5];
        let mut rows = Array2::zeros((2, 6));
        for (at, &place) in places.iter().enumerate() {
            rows[(at / 2, place)] = 1.0;
        }
        let net = net(3);
        assert_eq!(net.parameters(), 6 * 5 + 5 + 5 * 4 + 4 + 4 * 3 + 3);
        let (layer, input) = (
            &net.layers[0],
            Input {
                places: &places,
                each: 2,
            },
        );
        let expected = product(&rows, &layer.weights.value) + &layer.bias.value;
        assert!(
            (layer.enter(input) - expected)
                .iter()
                .all(|d| d.abs() < 1e-6)
        );
        let slope = Array2::from_shape_fn((2, 5), |(i, j)| (i * 5 + j) as f32);
        assert_eq!(
            layer.entrance(input, &slope),
            transposed_product(&rows, &slope)
        );
    }

    #[test]
    fn the_first_step_goes_down_the_slope_of_every_weight() {
        // Adam's first step is the rate against the gradient's sign: so signs are checked by finite differences.
        let places = [0, 4, 1, 5, 2, 3];
        let input = Input {
            places: &places,
            each: 2,
        };
        let answers = [2, 0, 1];
        let loss = |net: &Network| -> f32 {
            let mut scores = net.outputs(input);
            log_softmax(&mut scores);
            answers
                .iter()
                .enumerate()
                .map(|(row, &a)| -scores[(row, a)])
                .sum::<f32>()
                / 3.0
        };
        let mut stepped = net(5);
        stepped.step(input, 1e-3, |scores| cross_entropy_slope(scores, &answers));
        let shapes: Vec<(usize, usize)> = net(5).weights_mut().map(|w| w.dim()).collect();
        let mut checked = 0;
        for (layer, (rows, columns)) in shapes.into_iter().enumerate() {
            for at in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
                let moved = |by: f32| {
                    let mut net = net(5);
                    net.weights_mut().nth(layer).unwrap()[at] += by;
                    loss(&net)
                };
                let numeric = (moved(1e-2) - moved(-1e-2)) / 2e-2;
                let before = net(5).weights_mut().nth(layer).unwrap()[at];
                let went = stepped.weights_mut().nth(layer).unwrap()[at] - before;
                if numeric.abs() > 1e-3 {
                    assert!(
                        (went + 1e-3 * numeric.signum()).abs() < 1e-4,
                        "{layer} {at:?}: {numeric} {went}"
                    );
                    checked += 1;
                }
            }
        }
        assert!(checked > 20, "{checked}");
    }

    #[test]
    fn a_network_learns_what_no_line_can() {
        let mut rng = Rng::seed_from_u64(1);
        let mut net = Network::new(&[4, 8, 2], 2, &mut rng);
        // Exclusive or of two switches.
        let places = [0, 2, 0, 3, 1, 2, 1, 3];
        let input = Input {
            places: &places,
            each: 2,
        };
        for _ in 0..300 {
            net.step(input, 0.02, |scores| {
                cross_entropy_slope(scores, &[0, 1, 1, 0])
            });
        }
        let scores = net.outputs(input);
        let right = [0, 1, 1, 0];
        assert!((0..4).all(|row| scores[(row, right[row])] > scores[(row, 1 - right[row])]));
    }
}
