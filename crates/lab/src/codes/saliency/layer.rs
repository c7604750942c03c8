//! One layer at two bits with a thin adapter, and how it is fitted.

use nalgebra::DMatrix;

use crate::frame::Rng;
use crate::mlp::{Adam, gaussian};

/// Rank of the adapter.
const RANK: usize = 4;

/// Two bits a weight at `Δ·{-3/2, -1/2, 1/2, 3/2}` with a step `Δ` a row, and an adapter `B·A`.
pub(super) struct TwoBits {
    /// Logarithms of the steps, then the adapter's columns `B`, then its rows `A`.
    learned: Vec<f64>,
    outputs: usize,
    inputs: usize,
}

/// What to fit for, and for how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Aim {
    /// Weight `λ` of the weights' own error.
    pub(super) preserve: f64,
    /// Steps of Adam over the whole sample.
    pub(super) steps: usize,
}

impl TwoBits {
    /// Steps that fit the weights, and an adapter that adds nothing yet.
    pub(super) fn start(weight: &DMatrix<f64>, rng: &mut Rng) -> TwoBits {
        let (outputs, inputs) = weight.shape();
        let steps = weight
            .row_iter()
            .map(|row| best_step(row.iter().copied()).ln());
        let rows = gaussian(RANK, inputs, rng) * 0.1;
        let nothing = std::iter::repeat_n(0.0, outputs * RANK);
        TwoBits {
            learned: steps.chain(nothing).chain(rows.iter().copied()).collect(),
            outputs,
            inputs,
        }
    }

    fn adapter(&self) -> (DMatrix<f64>, DMatrix<f64>) {
        let (columns, rows) = self.learned[self.outputs..].split_at(self.outputs * RANK);
        (
            DMatrix::from_column_slice(self.outputs, RANK, columns),
            DMatrix::from_column_slice(RANK, self.inputs, rows),
        )
    }

    /// What stands for the weights.
    pub(super) fn weight(&self, weight: &DMatrix<f64>) -> DMatrix<f64> {
        let (columns, rows) = self.adapter();
        let mut sum = columns * rows;
        for (at, value) in sum.iter_mut().enumerate() {
            let step = self.learned[at % self.outputs].exp();
            *value += step * level(weight[at] / step);
        }
        sum
    }

    /// Fits steps and adapter: with what the layer now sees, `seen`, it is to put out what it did with `inputs`, while
    /// its weights stay where `saliency` is great.
    pub(super) fn fit(
        &mut self,
        weight: &DMatrix<f64>,
        inputs: &DMatrix<f64>,
        seen: &DMatrix<f64>,
        saliency: &DMatrix<f64>,
        aim: Aim,
    ) {
        let wanted = weight * inputs;
        let size = wanted.norm_squared().max(1e-12);
        let salient_size = weight.map(|w| w * w).dot(saliency).max(1e-300);
        let seen_turned = seen.transpose();
        let mut adam = Adam::default();
        for _ in 0..aim.steps {
            let now = self.weight(weight);
            let mut by_weight = (&now * seen - &wanted) * &seen_turned * (2.0 / size);
            by_weight +=
                (&now - weight).component_mul(saliency) * (2.0 * aim.preserve / salient_size);
            let gradient = self.gradient(weight, &by_weight);
            adam.step(5e-3, self.learned.iter_mut(), gradient.iter());
        }
    }

    /// From the gradient by the weights that stand to that by what is learned.
    fn gradient(&self, weight: &DMatrix<f64>, by_weight: &DMatrix<f64>) -> Vec<f64> {
        let (columns, rows) = self.adapter();
        let mut by_steps = vec![0.0; self.outputs];
        for (at, g) in by_weight.iter().enumerate() {
            let row = at % self.outputs;
            let step = self.learned[row].exp();
            // ∂(Δ·level(w/Δ))/∂ln Δ, rounding taken for the identity inside the range (LSQ, Esser et al. 2020).
            let place = weight[at] / step;
            let inside = f64::from(place.abs() < 2.0);
            by_steps[row] += g * step * (level(place) - inside * place);
        }
        let by_columns = by_weight * rows.transpose();
        let by_rows = columns.transpose() * by_weight;
        by_steps
            .into_iter()
            .chain(by_columns.iter().copied())
            .chain(by_rows.iter().copied())
            .collect()
    }
}

/// The weights at two bits with the steps that fit them best.
pub(super) fn rounded(weight: &DMatrix<f64>) -> DMatrix<f64> {
    let steps: Vec<f64> = weight
        .row_iter()
        .map(|row| best_step(row.iter().copied()))
        .collect();
    DMatrix::from_fn(weight.nrows(), weight.ncols(), |row, column| {
        steps[row] * level(weight[(row, column)] / steps[row])
    })
}

/// The nearest of -3/2, -1/2, 1/2, 3/2.
fn level(place: f64) -> f64 {
    place.floor().clamp(-2.0, 1.0) + 0.5
}

/// Of forty steps up to two thirds of the greatest weight, the one with the least squared error.
fn best_step(row: impl Iterator<Item = f64> + Clone) -> f64 {
    let greatest = row.clone().fold(1e-9, |m: f64, w| m.max(w.abs()));
    let error = |step: f64| -> f64 {
        row.clone()
            .map(|w| (w - step * level(w / step)).powi(2))
            .sum()
    };
    (1..=40)
        .map(|share| greatest * f64::from(share) / 60.0)
        .min_by(|a, b| error(*a).total_cmp(&error(*b)))
        .unwrap_or(greatest)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn levels_are_four() {
        let levels = [-7.0, -1.2, -0.1, 0.0, 0.9, 1.0, 5.0].map(level);
        assert_eq!(levels, [-1.5, -1.5, -0.5, 0.5, 0.5, 1.5, 1.5]);
    }

    #[test]
    fn weights_on_levels_are_kept() {
        let weight = DMatrix::from_row_slice(1, 4, &[-3.0, -1.0, 1.0, 3.0]);
        assert!((rounded(&weight) - &weight).norm() < 1e-9);
    }

    #[test]
    fn the_adapters_gradient_is_the_difference() {
        let mut rng = Rng::seed_from_u64(1);
        let weight = gaussian(3, 5, &mut rng);
        let toward = gaussian(3, 5, &mut rng);
        let mut layer = TwoBits::start(&weight, &mut rng);
        // An adapter of zeros would hide mistakes.
        let noise = gaussian(layer.learned.len(), 1, &mut rng);
        layer
            .learned
            .iter_mut()
            .zip(noise.iter())
            .skip(3)
            .for_each(|(x, n)| *x += n);
        let gradient = layer.gradient(&weight, &toward);
        for (at, expected) in gradient.iter().enumerate().skip(3) {
            let mut value = |by: f64| {
                layer.learned[at] += by;
                let value = layer.weight(&weight).dot(&toward);
                layer.learned[at] -= by;
                value
            };
            let slope = (value(1e-5) - value(-1e-5)) / 2e-5;
            assert!((slope - expected).abs() < 1e-7, "{at}: {slope} {expected}");
        }
    }

    #[test]
    fn fitting_lessens_the_outputs_error() {
        let mut rng = Rng::seed_from_u64(2);
        let weight = gaussian(8, 12, &mut rng);
        let inputs = gaussian(12, 40, &mut rng);
        let mut layer = TwoBits::start(&weight, &mut rng);
        let error = |layer: &TwoBits| ((layer.weight(&weight) - &weight) * &inputs).norm();
        let before = error(&layer);
        let aim = Aim {
            preserve: 0.0,
            steps: 200,
        };
        layer.fit(&weight, &inputs, &inputs, &weight.map(|_| 1.0), aim);
        assert!(error(&layer) < 0.7 * before, "{} {before}", error(&layer));
    }
}
