//! A regression whose loss falls as a power law in size and in data, cheap enough for runs of very different size.
//!
//! Inputs have ever weaker directions, `lambda_k = k^-(1 + c)`, and the target lies in all of them with falling
//! weight, `w_k^2 lambda_k ~ k^-(1 + a)`: the solvable model of Maloney, Roberts and Sully ("A solvable model of neural
//! scaling laws", 2022), trained here by stochastic gradient descent in one pass. A model of size `N` has the first `N`
//! directions. Too small a model misses `~ N^-a`, too little data `~ D^(-a / (1 + c))`: laws of the usual kind whose
//! two exponents are near each other and not the same. Losses are exact, training is not: data are drawn.

use rand::RngExt as _;
use rand_distr::{Distribution as _, StandardNormal};

use crate::frame::Rng;

/// How fast the directions weaken beyond Zipf's law (0). The exponents' ratio is then 1 / 1.1 = 0.91, between the 0.82
/// that Hoffmann and others (2022) found for language models and the 1.05 of Besiroglu and others' fit (2024) to the
/// same runs.
const FALL: f64 = 0.1;
/// How fast the target's share of them does.
const TARGET: f64 = 0.5;
/// Directions in all.
const DIRECTIONS: usize = 1 << 14;
/// The part of the loss that nobody can predict, as a share of the target's variance.
const NOISE: f64 = 0.5;

/// The task.
#[derive(Debug, Clone)]
pub struct Task {
    // Standard deviation of each direction, and the target's weight there.
    spread: Vec<f64>,
    target: Vec<f64>,
}

/// A trained model, judged exactly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// The expected squared error, with the part that nobody can predict.
    pub loss: f64,
    /// How often the sign of the target is predicted wrongly (of the target without noise).
    pub errors: f64,
}

impl Task {
    /// A task of its own for every generator: the target's signs are drawn, its sizes follow the power law.
    pub fn new(rng: &mut Rng) -> Task {
        let rank = |k: usize| (k + 1) as f64;
        let spread: Vec<f64> = (0..DIRECTIONS)
            .map(|k| rank(k).powf(-(1.0 + FALL) / 2.0))
            .collect();
        let mut target: Vec<f64> = (0..DIRECTIONS)
            .map(|k| {
                let sign = if rng.random::<bool>() { 1.0 } else { -1.0 };
                sign * rank(k).powf((FALL - TARGET) / 2.0)
            })
            .collect();
        // A target of variance one.
        let variance: f64 = spread
            .iter()
            .zip(&target)
            .map(|(s, w)| (s * w).powi(2))
            .sum();
        target.iter_mut().for_each(|w| *w /= variance.sqrt());
        Task { spread, target }
    }

    /// Trains a model of `size` directions on `examples` drawn ones, each seen once, with a step that falls to zero.
    pub fn trained(&self, size: usize, examples: usize, rng: &mut Rng) -> Vec<f64> {
        let power: f64 = self.spread[..size].iter().map(|s| s * s).sum();
        // What the model cannot see of the target is noise to it.
        let unseen = self.unseen(size).max(0.0);
        let noise = (NOISE + unseen).sqrt();
        let mut weights = vec![0.0f64; size];
        let mut input = vec![0.0f64; size];
        for at in 0..examples {
            let mut error = noise * normal(rng);
            for k in 0..size {
                input[k] = self.spread[k] * normal(rng);
                error += input[k] * (self.target[k] - weights[k]);
            }
            // Steady for any size: a step takes at most this part of the error away.
            let step = 0.3 / power * (1.0 - at as f64 / examples as f64);
            let move_by = step * error;
            for (w, x) in weights.iter_mut().zip(&input) {
                *w += move_by * x;
            }
        }
        weights
    }

    /// The exact loss and errors of weights.
    pub fn judge(&self, weights: &[f64]) -> Judged {
        let seen = |of: &dyn Fn(f64, f64) -> f64| -> f64 {
            let all = weights.iter().zip(&self.target).zip(&self.spread);
            all.map(|((w, t), s)| s * s * of(*w, *t)).sum()
        };
        let missed = seen(&|w, t| (w - t).powi(2)) + self.unseen(weights.len());
        let size = seen(&|w, _| w * w).sqrt();
        // The target's variance is one: this is the correlation of two Gaussians, whose signs differ by its angle.
        let correlation = if size > 0.0 {
            seen(&|w, t| w * t) / size
        } else {
            0.0
        };
        Judged {
            loss: NOISE + missed,
            errors: correlation.clamp(-1.0, 1.0).acos() / std::f64::consts::PI,
        }
    }

    /// The target's variance in directions beyond the first `size`.
    fn unseen(&self, size: usize) -> f64 {
        let beyond = self.spread[size..].iter().zip(&self.target[size..]);
        beyond.map(|(s, w)| (s * w).powi(2)).sum()
    }
}

fn normal(rng: &mut Rng) -> f64 {
    StandardNormal.sample(rng)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn judgement_is_exact_at_both_ends() {
        let task = Task::new(&mut Rng::seed_from_u64(1));
        let all = task.judge(&task.target);
        assert!(
            (all.loss - NOISE).abs() < 1e-9 && all.errors < 1e-4,
            "{all:?}"
        );
        let nothing = task.judge(&[0.0; 8]);
        assert!((nothing.loss - NOISE - 1.0).abs() < 1e-9 && (nothing.errors - 0.5).abs() < 1e-9);
    }

    #[test]
    fn size_and_data_each_set_a_limit() {
        let mut rng = Rng::seed_from_u64(2);
        let task = Task::new(&mut rng);
        let mut loss = |size, examples| task.judge(&task.trained(size, examples, &mut rng)).loss;
        let (small, more_data, larger) = (loss(16, 400), loss(16, 20_000), loss(256, 20_000));
        assert!(small > more_data && more_data > larger && larger > NOISE);
    }
}
