//! The recurrent model: two layers whose gates depend on their input alone, never on their state, as in the quasi-LSTM.
//!
//! With `u_t = [x_t, x_(t-1)]`: `f = sigmoid(W_f u + b_f)`, `z = tanh(W_z u + b_z)`, `o = sigmoid(W_o u + b_o)`,
//! `c_t = f c_(t-1) + (1 - f) z`, and the layer's output `o c_t`. All products with weights can thus be made for many steps at
//! once, which is where such a model has its speed from.

use crate::frame::Rng;

use super::dense::{Dense, Learned, loss};
use super::text::SIGNS;
use super::{CONTEXT, Model, STRETCH};

/// Numbers a sign.
const VECTOR: usize = 8;
const LAYERS: usize = 2;

pub(super) struct Recurrent {
    vectors: Learned,
    layers: Vec<Layer>,
    out: Dense,
    width: usize,
    steps: i32,
    /// The state of each stream, to go on from.
    states: Vec<State>,
}

struct Layer {
    forget: Dense,
    fresh: Dense,
    open: Dense,
    width: usize,
}

/// What a stream carries from one stretch to the next: each layer's cells and last input.
#[derive(Clone)]
struct State {
    cells: Vec<Vec<f32>>,
    last: Vec<Vec<f32>>,
}

/// A layer's numbers over a stretch, kept for the way back.
struct Trace {
    /// `[x_t, x_(t-1)]` for each step.
    inputs: Vec<Vec<f32>>,
    forget: Vec<Vec<f32>>,
    fresh: Vec<Vec<f32>>,
    open: Vec<Vec<f32>>,
    /// Cells before the stretch, then after each step.
    cells: Vec<Vec<f32>>,
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

impl Layer {
    fn new(inputs: usize, width: usize, rng: &mut Rng) -> Layer {
        Layer {
            // Cells that keep what they have at first.
            forget: Dense::new(2 * inputs, width, 1.0, rng),
            fresh: Dense::new(2 * inputs, width, 0.0, rng),
            open: Dense::new(2 * inputs, width, 0.0, rng),
            width,
        }
    }

    fn cost(&self) -> usize {
        self.forget.cost() + self.fresh.cost() + self.open.cost()
    }

    /// The outputs over a stretch, and the trace. Cells and last input go on from where they were.
    fn forward(
        &self,
        xs: &[Vec<f32>],
        cells: &mut [f32],
        last: &mut Vec<f32>,
    ) -> (Vec<Vec<f32>>, Trace) {
        let mut trace = Trace {
            inputs: Vec::with_capacity(xs.len()),
            forget: Vec::with_capacity(xs.len()),
            fresh: Vec::with_capacity(xs.len()),
            open: Vec::with_capacity(xs.len()),
            cells: vec![cells.to_vec()],
        };
        let mut outputs = Vec::with_capacity(xs.len());
        for x in xs {
            let input = [x.as_slice(), last.as_slice()].concat();
            last.clone_from(x);
            let gate = |dense: &Dense, bend: fn(f32) -> f32| {
                let mut y = vec![0.0; self.width];
                dense.forward(&input, &mut y);
                y.iter_mut().for_each(|y| *y = bend(*y));
                y
            };
            let forget = gate(&self.forget, sigmoid);
            let fresh = gate(&self.fresh, f32::tanh);
            let open = gate(&self.open, sigmoid);
            for ((cell, f), z) in cells.iter_mut().zip(&forget).zip(&fresh) {
                *cell = f * *cell + (1.0 - f) * z;
            }
            outputs.push(open.iter().zip(cells.iter()).map(|(o, c)| o * c).collect());
            trace.inputs.push(input);
            trace.forget.push(forget);
            trace.fresh.push(fresh);
            trace.open.push(open);
            trace.cells.push(cells.to_vec());
        }
        (outputs, trace)
    }

    /// The gradients of the inputs over a stretch, from those of the outputs.
    fn backward(&mut self, trace: &Trace, outputs: &[Vec<f32>]) -> Vec<Vec<f32>> {
        let inputs = trace.inputs[0].len() / 2;
        let mut back = vec![vec![0.0; inputs]; outputs.len()];
        let mut carried = vec![0.0; self.width];
        for step in (0..outputs.len()).rev() {
            let (f, z, o) = (&trace.forget[step], &trace.fresh[step], &trace.open[step]);
            let (before, after) = (&trace.cells[step], &trace.cells[step + 1]);
            let mut gates = [(); 3].map(|()| vec![0.0; self.width]);
            for at in 0..self.width {
                let out = outputs[step][at];
                let cell = carried[at] + out * o[at];
                gates[0][at] = cell * (before[at] - z[at]) * f[at] * (1.0 - f[at]);
                gates[1][at] = cell * (1.0 - f[at]) * (1.0 - z[at] * z[at]);
                gates[2][at] = out * after[at] * o[at] * (1.0 - o[at]);
                carried[at] = cell * f[at];
            }
            let mut dx = vec![0.0; 2 * inputs];
            let denses = [&mut self.forget, &mut self.fresh, &mut self.open];
            for (dense, gate) in denses.into_iter().zip(&gates) {
                dense.backward(&trace.inputs[step], gate, &mut dx);
            }
            let (now, last) = dx.split_at(inputs);
            back[step].iter_mut().zip(now).for_each(|(b, d)| *b += d);
            if step > 0 {
                back[step - 1]
                    .iter_mut()
                    .zip(last)
                    .for_each(|(b, d)| *b += d);
            }
        }
        back
    }
}

impl Recurrent {
    pub(super) fn new(width: usize, rng: &mut Rng) -> Recurrent {
        let vectors = Learned::normal(SIGNS * VECTOR, 0.5, rng);
        let layers = (0..LAYERS)
            .map(|at| Layer::new(if at == 0 { VECTOR } else { width }, width, rng))
            .collect();
        Recurrent {
            vectors,
            layers,
            out: Dense::new(width, SIGNS, 0.0, rng),
            width,
            steps: 0,
            states: Vec::new(),
        }
    }

    fn start(&self) -> State {
        State {
            cells: vec![vec![0.0; self.width]; LAYERS],
            last: (0..LAYERS)
                .map(|at| vec![0.0; if at == 0 { VECTOR } else { self.width }])
                .collect(),
        }
    }

    fn read(&self, signs: &[u8]) -> Vec<Vec<f32>> {
        let vector =
            |&sign: &u8| self.vectors.values[usize::from(sign) * VECTOR..][..VECTOR].to_vec();
        signs.iter().map(vector).collect()
    }

    /// The last layer's outputs over a stretch, and all traces.
    fn forward(&self, signs: &[u8], state: &mut State) -> (Vec<Vec<f32>>, Vec<Trace>) {
        let mut xs = self.read(signs);
        let mut traces = Vec::with_capacity(LAYERS);
        let carried = state.cells.iter_mut().zip(&mut state.last);
        for (layer, (cells, last)) in self.layers.iter().zip(carried) {
            let (outputs, trace) = layer.forward(&xs, cells, last);
            xs = outputs;
            traces.push(trace);
        }
        (xs, traces)
    }

    /// Learns from one stretch: `signs` and what follows each of them.
    fn learn_stretch(&mut self, signs: &[u8], next: &[u8], state: &mut State, scale: f32) {
        let (outputs, traces) = self.forward(signs, state);
        let mut slopes: Vec<Vec<f32>> = Vec::with_capacity(outputs.len());
        let mut scores = vec![0.0; SIGNS];
        for (output, &right) in outputs.iter().zip(next) {
            self.out.forward(output, &mut scores);
            loss(&mut scores, right);
            scores.iter_mut().for_each(|score| *score *= scale);
            let mut slope = vec![0.0; self.width];
            self.out.backward(output, &scores, &mut slope);
            slopes.push(slope);
        }
        for (layer, trace) in self.layers.iter_mut().zip(&traces).rev() {
            slopes = layer.backward(trace, &slopes);
        }
        for (&sign, slope) in signs.iter().zip(&slopes) {
            let into = &mut self.vectors.slopes[usize::from(sign) * VECTOR..][..VECTOR];
            into.iter_mut()
                .zip(slope)
                .for_each(|(into, slope)| *into += slope);
        }
    }
}

impl Model for Recurrent {
    fn cost(&self) -> f64 {
        let layers: usize = self.layers.iter().map(Layer::cost).sum();
        3.0 * (layers + self.out.cost()) as f64
    }

    fn learn(&mut self, streams: &[Vec<u8>], at: usize, rate: f32) {
        let mut states = std::mem::take(&mut self.states);
        states.resize_with(streams.len(), || self.start());
        let scale = 1.0 / (streams.len() * STRETCH) as f32;
        for (stream, state) in streams.iter().zip(&mut states) {
            let signs = &stream[at - 1..at + STRETCH - 1];
            self.learn_stretch(signs, &stream[at..at + STRETCH], state, scale);
        }
        self.states = states;
        self.steps += 1;
        self.vectors.step(rate, self.steps);
        for layer in &mut self.layers {
            layer.forget.step(rate, self.steps);
            layer.fresh.step(rate, self.steps);
            layer.open.step(rate, self.steps);
        }
        self.out.step(rate, self.steps);
    }

    fn bits(&self, text: &[u8]) -> f64 {
        let (outputs, _) = self.forward(&text[..text.len() - 1], &mut self.start());
        let mut scores = vec![0.0; SIGNS];
        let mut sum = 0.0;
        for (output, &right) in outputs.iter().zip(&text[1..]).skip(CONTEXT - 1) {
            self.out.forward(output, &mut scores);
            sum += loss(&mut scores, right);
        }
        sum / (text.len() - CONTEXT) as f64
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn gradients_are_difference_quotients() {
        let mut model = Recurrent::new(5, &mut Rng::seed_from_u64(2));
        let text: Vec<u8> = (0..9).map(|at| (at * at % 7) as u8).collect();
        let total = |model: &Recurrent| {
            let (outputs, _) = model.forward(&text[..8], &mut model.start());
            let mut scores = vec![0.0; SIGNS];
            let bits = outputs.iter().zip(&text[1..]).map(|(output, &right)| {
                model.out.forward(output, &mut scores);
                loss(&mut scores, right)
            });
            bits.sum::<f64>() * std::f64::consts::LN_2
        };
        let mut start = model.start();
        model.learn_stretch(&text[..8], &text[1..], &mut start, 1.0);
        // One weight of every gate of both layers, and a number of a sign's vector.
        fn numbers(model: &mut Recurrent, which: usize) -> &mut Learned {
            let layer = which / 3;
            match which {
                6 => &mut model.vectors,
                0 | 3 => &mut model.layers[layer].forget.weights,
                1 | 4 => &mut model.layers[layer].fresh.weights,
                _ => &mut model.layers[layer].open.weights,
            }
        }
        for which in 0..7 {
            // The vector's number belongs to sign 1, which occurs.
            let slope = f64::from(numbers(&mut model, which).slopes[11]);
            numbers(&mut model, which).values[11] += 5e-3;
            let above = total(&model);
            numbers(&mut model, which).values[11] -= 1e-2;
            let below = total(&model);
            numbers(&mut model, which).values[11] += 5e-3;
            let quotient = (above - below) / 1e-2;
            assert!(
                (quotient - slope).abs() < 2e-3 + 0.02 * slope.abs(),
                "{which}: {quotient} {slope}"
            );
        }
    }

    #[test]
    fn it_learns_a_circle_of_signs() {
        let stream: Vec<u8> = (0..6000).map(|at| (at % 5) as u8).collect();
        let mut model = Recurrent::new(12, &mut Rng::seed_from_u64(1));
        let before = model.bits(&stream[..200]);
        for step in 0..180 {
            model.learn(
                std::slice::from_ref(&stream),
                CONTEXT + step * STRETCH,
                1e-2,
            );
        }
        let after = model.bits(&stream[..200]);
        assert!(before > 3.0 && after < 0.3, "{before} {after}");
    }
}
