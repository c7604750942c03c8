//! A generated linear layer: weights without structure, and inputs that prefer some directions, as activations do.

use nalgebra::DMatrix;
use rand_distr::{Distribution, StandardNormal};

use crate::frame::Rng;
use crate::mlp::gaussian;

/// Weights (outputs by inputs), and inputs in columns: some to calibrate with, others to measure on.
pub(super) struct Layer {
    /// Independent normal numbers of variance `1 / inputs`.
    pub(super) weights: DMatrix<f64>,
    /// What the method may look at.
    pub(super) calibration: DMatrix<f64>,
    /// What errors are measured on.
    pub(super) held_out: DMatrix<f64>,
}

/// How inputs are spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Inputs {
    /// The same in every direction: the control, in which no direction is worth more than another.
    Even,
    /// Variance `1 / i` along the `i`-th of randomly turned axes.
    Directions,
    /// Each input has a scale of its own, log-normal with deviation 1.
    Channels,
}

impl Layer {
    /// A square layer of this width with `samples` inputs on each side.
    pub(super) fn generate(width: usize, samples: usize, inputs: Inputs, rng: &mut Rng) -> Layer {
        let weights = gaussian(width, width, rng) / (width as f64).sqrt();
        let spread = match inputs {
            Inputs::Even => DMatrix::identity(width, width),
            Inputs::Directions => {
                let axes = gaussian(width, width, rng).qr().q();
                axes * DMatrix::from_fn(width, width, |row, column| {
                    if row == column {
                        1.0 / (row as f64 + 1.0).sqrt()
                    } else {
                        0.0
                    }
                })
            }
            Inputs::Channels => {
                let scales: Vec<f64> = StandardNormal.sample_iter(&mut *rng).take(width).collect();
                DMatrix::from_fn(width, width, |row, column| {
                    if row == column {
                        scales[row].exp()
                    } else {
                        0.0
                    }
                })
            }
        };
        Layer {
            weights,
            calibration: &spread * gaussian(width, samples, rng),
            held_out: &spread * gaussian(width, samples, rng),
        }
    }

    /// `‖(W − Ŵ)·X‖ / ‖W·X‖` on the inputs held out.
    pub(super) fn error(&self, compressed: &DMatrix<f64>) -> f64 {
        let wanted = &self.weights * &self.held_out;
        (compressed * &self.held_out - &wanted).norm() / wanted.norm()
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn an_error_is_relative() {
        let mut rng = Rng::seed_from_u64(1);
        for inputs in [Inputs::Even, Inputs::Directions, Inputs::Channels] {
            let layer = Layer::generate(8, 20, inputs, &mut rng);
            assert_eq!(layer.error(&layer.weights), 0.0);
            assert!((layer.error(&DMatrix::zeros(8, 8)) - 1.0).abs() < 1e-12);
            assert!((layer.error(&(&layer.weights * 1.5)) - 0.5).abs() < 1e-12);
        }
    }

    #[test]
    fn directions_have_the_variances_asked_for() {
        let layer = Layer::generate(6, 20_000, Inputs::Directions, &mut Rng::seed_from_u64(2));
        let moments = &layer.held_out * layer.held_out.transpose() / 20_000.0;
        let mut found: Vec<f64> = moments.symmetric_eigenvalues().iter().copied().collect();
        found.sort_by(|a, b| b.total_cmp(a));
        for (at, value) in found.iter().enumerate() {
            assert!(
                (value * (at as f64 + 1.0) - 1.0).abs() < 0.05,
                "{at}: {value}"
            );
        }
    }
}
