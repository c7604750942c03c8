//! SimVQ: codebooks trained through one linear layer (Zhu et al., arXiv 2411.02038).
//!
//! Effective codes are `e_k = W·c_k + b` with the base codes `c_k` frozen. A step on `W` and `b` moves every
//! code, also those that no point chose, so none is starved. Here the base codes come from k-means (or
//! from anywhere), `W` starts as the identity, and the loss is the quantisation error alone: encoder and
//! commitment terms have nothing to train.

use crate::matrix::Rows;
use crate::random::Random;

/// How to train.
#[derive(Debug, Clone, Copy)]
pub struct SimVqConfig {
    /// Steps of Adam.
    pub steps: usize,
    /// Points a step.
    pub batch: usize,
    /// Adam's rate; it falls linearly to a tenth.
    pub rate: f32,
    /// Seed of the batches.
    pub seed: u64,
}

impl Default for SimVqConfig {
    fn default() -> SimVqConfig {
        SimVqConfig {
            steps: 60,
            batch: 512,
            rate: 2e-3,
            seed: 1,
        }
    }
}

/// The linear layer over a frozen base codebook.
#[derive(Debug, Clone)]
pub struct SimVq {
    base: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
    dim: usize,
}

/// Gradient of the codebook loss.
#[derive(Debug, Clone)]
pub struct Gradient {
    /// With respect to `W`, row-major.
    pub weight: Vec<f32>,
    /// With respect to `b`.
    pub bias: Vec<f32>,
}

impl SimVq {
    /// Base codes (rows of `dim`) under the layer `W` (row-major) and `b`.
    pub fn new(base: Vec<f32>, weight: Vec<f32>, bias: Vec<f32>) -> SimVq {
        let dim = bias.len();
        assert!(
            weight.len() == dim * dim && base.len().is_multiple_of(dim),
            "matching sizes"
        );
        SimVq {
            base,
            weight,
            bias,
            dim,
        }
    }

    /// The effective codes `e_k = W·c_k + b`, row by row. Decoding uses these, never the base.
    pub fn codes(&self) -> Vec<f32> {
        let dim = self.dim;
        let code = |c: &[f32], i: usize| -> f32 {
            let row = &self.weight[i * dim..(i + 1) * dim];
            row.iter().zip(c).map(|(w, x)| w * x).sum::<f32>() + self.bias[i]
        };
        self.base
            .chunks_exact(dim)
            .flat_map(|c| (0..dim).map(move |i| code(c, i)))
            .collect()
    }

    /// Mean squared error over all elements, the chosen codes, and the gradient of that mean:
    /// `∂L/∂W = Σₖ gₖ·cₖᵀ`, `gₖ = (2/n) Σ_{i: kᵢ=k} (eₖ − zᵢ)`.
    pub fn loss(&self, points: Rows<'_>) -> (f32, Vec<u32>, Gradient) {
        let dim = self.dim;
        let codes = self.codes();
        let chosen = crate::kmeans::assign(points, Rows::new(&codes, dim));
        let mut gradient = Gradient {
            weight: vec![0.0; dim * dim],
            bias: vec![0.0; dim],
        };
        let elements = (points.len() * dim) as f32;
        let mut loss = 0.0;
        for (point, &(k, _)) in points.iter().zip(&chosen) {
            let k = k as usize;
            let (code, base) = (
                &codes[k * dim..(k + 1) * dim],
                &self.base[k * dim..(k + 1) * dim],
            );
            for i in 0..dim {
                let error = code[i] - point[i];
                loss += error * error / elements;
                let push = 2.0 * error / elements;
                gradient.bias[i] += push;
                let row = &mut gradient.weight[i * dim..(i + 1) * dim];
                row.iter_mut().zip(base).for_each(|(g, c)| *g += push * c);
            }
        }
        (loss, chosen.iter().map(|x| x.0).collect(), gradient)
    }

    /// Plain gradient descent: one step.
    pub fn descend(&mut self, gradient: &Gradient, rate: f32) {
        self.weight
            .iter_mut()
            .zip(&gradient.weight)
            .for_each(|(w, g)| *w -= rate * g);
        self.bias
            .iter_mut()
            .zip(&gradient.bias)
            .for_each(|(b, g)| *b -= rate * g);
    }
}

/// Trains a layer over `base` (rows of the points' dimension) and returns the effective codes.
pub fn train(points: Rows<'_>, base: &[f32], config: SimVqConfig) -> Vec<f32> {
    let dim = points.dim();
    let mut weight = vec![0.0; dim * dim];
    (0..dim).for_each(|i| weight[i * dim + i] = 1.0);
    let mut model = SimVq::new(base.to_vec(), weight, vec![0.0; dim]);
    let mut random = Random::new(config.seed);
    let mut adam = Adam::new(dim * dim + dim);
    for step in 0..config.steps {
        let picks = random.sample(points.len(), config.batch);
        let batch = points.pick(&picks);
        let (_, _, gradient) = model.loss(Rows::new(&batch, dim));
        let rate = config.rate * (1.0 - 0.9 * step as f32 / config.steps as f32);
        let parameters = model.weight.iter_mut().chain(&mut model.bias);
        adam.step(
            parameters.zip(gradient.weight.iter().chain(&gradient.bias)),
            rate,
        );
    }
    model.codes()
}

/// Adam (Kingma and Ba 2015), usual constants, no weight decay.
struct Adam {
    moments: Vec<(f32, f32)>,
    steps: i32,
}

impl Adam {
    fn new(parameters: usize) -> Adam {
        Adam {
            moments: vec![(0.0, 0.0); parameters],
            steps: 0,
        }
    }

    fn step<'a>(&mut self, parameters: impl Iterator<Item = (&'a mut f32, &'a f32)>, rate: f32) {
        self.steps += 1;
        let (fade1, fade2) = (
            1.0 - 0.9f32.powi(self.steps),
            1.0 - 0.999f32.powi(self.steps),
        );
        for ((value, &g), (m, v)) in parameters.zip(&mut self.moments) {
            *m = 0.9 * *m + 0.1 * g;
            *v = 0.999 * *v + 0.001 * g * g;
            *value -= rate * (*m / fade1) / ((*v / fade2).sqrt() + 1e-8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `sin(s), sin(s+1), …`, row by row.
    fn sines(n: usize, s: f64) -> Vec<f32> {
        (0..n).map(|i| (s + i as f64).sin() as f32).collect()
    }

    fn golden() -> (SimVq, Vec<f32>) {
        let mut weight: Vec<f32> = sines(9, 801.0).iter().map(|x| 0.1 * x).collect();
        (0..3).for_each(|i| weight[i * 3 + i] += 1.0);
        (
            SimVq::new(sines(12, 701.0), weight, vec![0.0; 3]),
            sines(15, 901.0),
        )
    }

    #[test]
    fn golden_codes_and_loss() {
        let (model, points) = golden();
        let (loss, chosen, _) = model.loss(Rows::new(&points, 3));
        assert_eq!(chosen, [2, 3, 2, 3, 2]);
        // The published loss adds a commitment term of weight 0.25, of the same value.
        assert!((1.25 * loss - 0.622_251).abs() < 1e-5, "{loss}");
    }

    #[test]
    fn one_step_moves_every_code() {
        let (mut model, points) = golden();
        let before = model.codes();
        let (_, _, gradient) = model.loss(Rows::new(&points, 3));
        model.descend(&gradient, 0.1);
        for (old, new) in before.chunks_exact(3).zip(model.codes().chunks_exact(3)) {
            let moved = crate::kernels::l2(old, new).sqrt();
            assert!(
                moved > 0.01,
                "codes 0 and 1 were not selected, and move: {moved}"
            );
        }
    }

    #[test]
    fn gradients_are_the_loss_differences() {
        let (model, points) = golden();
        let points = Rows::new(&points, 3);
        let (_, _, gradient) = model.loss(points);
        for at in 0..9 {
            let nudged = |by: f32| {
                let mut other = model.clone();
                other.weight[at] += by;
                other.loss(points).0
            };
            let slope = (nudged(1e-2) - nudged(-1e-2)) / 2e-2;
            assert!(
                (slope - gradient.weight[at]).abs() < 2e-3,
                "{slope} {}",
                gradient.weight[at]
            );
        }
    }

    #[test]
    fn training_repairs_a_bad_base() {
        let mut random = Random::new(2);
        let points: Vec<f32> = (0..4000).map(|_| 3.0 + random.normal()).collect();
        let base: Vec<f32> = (0..32).map(|_| 0.1 * random.normal()).collect();
        let points = Rows::new(&points, 2);
        let error = |codes: &[f32]| -> f32 {
            crate::kmeans::assign(points, Rows::new(codes, 2))
                .iter()
                .map(|x| x.1)
                .sum()
        };
        let config = SimVqConfig {
            steps: 300,
            rate: 3e-2,
            ..SimVqConfig::default()
        };
        let trained = train(points, &base, config);
        assert!(error(&trained) < 0.2 * error(&base));
    }
}
