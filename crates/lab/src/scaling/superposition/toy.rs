//! The toy model: many sparse features through few dimensions and back.
//!
//! `y = relu(W W^T x + b)` with one row of `W` a feature (the paper's section on the toy model). Plain loops of `f32`,
//! so that a seed gives the same weights everywhere.

use rand::RngExt;

use crate::frame::Rng;

/// Which features occur together: at most a handful a sample.
pub(super) type Sample = Vec<(usize, f32)>;

/// How often features occur.
#[derive(Debug, Clone)]
pub(super) struct Features {
    /// Each feature's chance to be active, commonest first.
    pub(super) chances: Vec<f64>,
}

impl Features {
    /// `count` features with chances proportional to `i^-skew`; one is active in a sample on average.
    pub(super) fn new(count: usize, skew: f64) -> Features {
        let weights: Vec<f64> = (1..=count).map(|i| (i as f64).powf(-skew)).collect();
        let sum: f64 = weights.iter().sum();
        let chances = weights.iter().map(|w| w / sum).collect();
        Features { chances }
    }

    /// Which features are active, each with a size between 0 and 2.
    pub(super) fn sample(&self, rng: &mut Rng) -> Sample {
        let mut sample = Vec::new();
        for (feature, &chance) in self.chances.iter().enumerate() {
            if rng.random::<f64>() < chance {
                sample.push((feature, rng.random_range(0.0..2.0)));
            }
        }
        sample
    }
}

/// How the rows of `W` are pulled at each step, apart from the loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Pull {
    /// Towards zero, at this rate: positive weight decay. Only features that pay for themselves keep a row.
    Zero(f32),
    /// Towards length one, at this rate: the paper's negative weight decay. Every feature keeps a row.
    One(f32),
}

/// How long and in what steps a model is trained.
#[derive(Debug, Clone, Copy)]
pub(super) struct Training {
    pub(super) steps: usize,
    pub(super) batch: usize,
    pub(super) rate: f32,
}

/// A model: its `W`, stored a dimension a line so that loops run along features, and its biases.
#[derive(Debug, Clone)]
pub(super) struct Toy {
    pub(super) features: usize,
    pub(super) dimensions: usize,
    /// Dimension by feature, then one bias a feature.
    pub(super) weights: Vec<f32>,
}

impl Toy {
    /// A fresh model with short random rows.
    pub(super) fn new(features: usize, dimensions: usize, rng: &mut Rng) -> Toy {
        // Uniform with variance 1 / features: rows of length sqrt(dimensions / features).
        let a = (3.0 / features as f32).sqrt();
        let mut weights: Vec<f32> = (0..features * dimensions)
            .map(|_| rng.random_range(-a..a))
            .collect();
        weights.resize(features * (dimensions + 1), 0.0);
        Toy {
            features,
            dimensions,
            weights,
        }
    }

    /// Squared length of each feature's row.
    pub(super) fn squared_lengths(&self) -> Vec<f32> {
        let mut lengths = vec![0.0; self.features];
        for line in self.lines() {
            for (length, w) in lengths.iter_mut().zip(line) {
                *length += w * w;
            }
        }
        lengths
    }

    /// The dimensions' lines.
    pub(super) fn lines(&self) -> impl Iterator<Item = &[f32]> {
        let end = self.features * self.dimensions;
        self.weights[..end].chunks_exact(self.features)
    }

    /// The squared error of a sample. Leaves the hidden vector in `hidden`, and twice the error where the output is
    /// not cut off, zero elsewhere, in `slopes`.
    fn error(&self, sample: &Sample, hidden: &mut [f32], slopes: &mut Vec<f32>) -> f64 {
        slopes.clear();
        slopes.extend_from_slice(&self.weights[self.features * self.dimensions..]);
        for (h, line) in hidden.iter_mut().zip(self.lines()) {
            *h = sample.iter().map(|&(at, x)| x * line[at]).sum();
            for (y, w) in slopes.iter_mut().zip(line) {
                *y += *h * w;
            }
        }
        // Outputs of absent features count with their squares; the active ones are put right below.
        let mut error = 0.0;
        let given: Vec<f32> = sample.iter().map(|&(at, _)| slopes[at]).collect();
        for y in slopes.iter_mut() {
            *y = y.max(0.0);
            error += f64::from(*y * *y);
            *y *= 2.0;
        }
        for (&(at, x), &before) in sample.iter().zip(&given) {
            let y = before.max(0.0);
            error += f64::from((y - x) * (y - x) - y * y);
            slopes[at] = if before > 0.0 { 2.0 * (y - x) } else { 0.0 };
        }
        error
    }

    /// The mean squared error over samples, summed over features.
    pub(super) fn loss(&self, samples: &[Sample]) -> f64 {
        let (mut hidden, mut slopes) = (vec![0.0; self.dimensions], Vec::new());
        let errors = samples
            .iter()
            .map(|sample| self.error(sample, &mut hidden, &mut slopes));
        errors.sum::<f64>() / samples.len() as f64
    }

    /// Adds a sample's gradient.
    fn learn(&self, sample: &Sample, room: &mut (Vec<f32>, Vec<f32>), gradient: &mut [f32]) {
        let biases = self.features * self.dimensions;
        if sample.is_empty() {
            // Nothing goes through W: only biases above zero do harm.
            for (g, bias) in gradient[biases..].iter_mut().zip(&self.weights[biases..]) {
                *g += 2.0 * bias.max(0.0);
            }
            return;
        }
        let (hidden, slopes) = room;
        self.error(sample, hidden, slopes);
        for (g, d) in gradient[biases..].iter_mut().zip(slopes.iter()) {
            *g += d;
        }
        let lines = gradient[..biases].chunks_exact_mut(self.features);
        for ((h, line), to) in hidden.iter().zip(self.lines()).zip(lines) {
            // Eight lanes, as one would not use the processor's vectors.
            let mut lanes = [0.0f32; 8];
            let (d, w) = (slopes.chunks_exact(8), line.chunks_exact(8));
            for (d, w) in d.zip(w) {
                for at in 0..8 {
                    lanes[at] += d[at] * w[at];
                }
            }
            let d_hidden: f32 = lanes.iter().sum();
            for (g, d) in to.iter_mut().zip(slopes.iter()) {
                *g += d * h;
            }
            for &(at, x) in sample {
                to[at] += d_hidden * x;
            }
        }
    }

    /// Trains with Adam (0.9, 0.999) and the pull apart from it, as AdamW does. The step grows over the first tenth
    /// and then falls to a twentieth.
    pub(super) fn train(&mut self, from: &Features, pull: Pull, how: Training, rng: &mut Rng) {
        debug_assert_eq!(self.features % 8, 0, "the lanes of `learn` leave no rest");
        let count = self.weights.len();
        let (mut gradient, mut mean, mut square) =
            (vec![0.0; count], vec![0.0; count], vec![0.0f32; count]);
        let mut room = (vec![0.0; self.dimensions], Vec::new());
        let (mut mean_power, mut square_power) = (1.0f32, 1.0f32);
        for step in 0..how.steps {
            for _ in 0..how.batch {
                self.learn(&from.sample(rng), &mut room, &mut gradient);
            }
            let done = step as f32 / how.steps as f32;
            let rate = how.rate * (done * 10.0).min(1.0) * (1.0 - 0.95 * done);
            mean_power *= 0.9;
            square_power *= 0.999;
            self.pull(pull, rate);
            for at in 0..count {
                let g = gradient[at] / how.batch as f32;
                mean[at] = 0.9 * mean[at] + 0.1 * g;
                square[at] = 0.999 * square[at] + 0.001 * g * g;
                let size = (square[at] / (1.0 - square_power)).sqrt() + 1e-8;
                self.weights[at] -= rate * mean[at] / (1.0 - mean_power) / size;
                gradient[at] = 0.0;
            }
        }
    }

    fn pull(&mut self, pull: Pull, rate: f32) {
        let factors: Vec<f32> = match pull {
            Pull::Zero(by) => vec![1.0 - rate * by; self.features],
            Pull::One(by) => self
                .squared_lengths()
                .iter()
                .map(|square| 1.0 + rate * by * (1.0 / square.sqrt().max(1e-6) - 1.0))
                .collect(),
        };
        let end = self.features * self.dimensions;
        for line in self.weights[..end].chunks_exact_mut(self.features) {
            for (w, factor) in line.iter_mut().zip(&factors) {
                *w *= factor;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn toy() -> Toy {
        Toy::new(16, 3, &mut Rng::seed_from_u64(5))
    }

    #[test]
    fn one_feature_is_active_on_average() {
        let features = Features::new(64, 1.0);
        let mut rng = Rng::seed_from_u64(1);
        let active: usize = (0..4000).map(|_| features.sample(&mut rng).len()).sum();
        assert!((active as f64 / 4000.0 - 1.0).abs() < 0.06, "{active}");
        assert!((features.chances[0] / features.chances[3] - 4.0).abs() < 1e-12);
    }

    #[test]
    fn the_gradient_is_the_slope_of_the_loss() {
        let mut toy = toy();
        toy.weights[16 * 3..].fill(0.05);
        let sample = vec![(2, 1.5), (9, 0.7)];
        let mut gradient = vec![0.0; toy.weights.len()];
        let mut room = (vec![0.0; 3], Vec::new());
        toy.learn(&sample, &mut room, &mut gradient);
        for (at, &found) in gradient.iter().enumerate() {
            let kept = toy.weights[at];
            let mut moved = |by: f32| {
                toy.weights[at] = kept + by;
                toy.loss(std::slice::from_ref(&sample))
            };
            let slope = (moved(1e-3) - moved(-1e-3)) / 2e-3;
            toy.weights[at] = kept;
            assert!((slope - f64::from(found)).abs() < 5e-3, "{at}: {slope}");
        }
    }

    #[test]
    fn pulled_rows_go_to_zero_or_to_length_one() {
        let mut toy = toy();
        (0..2000).for_each(|_| toy.pull(Pull::One(1.0), 0.01));
        assert!(toy.squared_lengths().iter().all(|l| (l - 1.0).abs() < 1e-3));
        (0..2000).for_each(|_| toy.pull(Pull::Zero(1.0), 0.01));
        assert!(toy.squared_lengths().iter().all(|l| *l < 1e-6));
    }
}
