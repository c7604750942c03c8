//! A chain of models, each replacing the last.

use nalgebra::{DMatrix, DVector};

use super::Data;
use super::corners::corners;
use crate::frame::Context;
use crate::mlp::{
    Adam, Dense, Mlp, Training, columns_to_unit_length, cross_entropy, gaussian, pick, pixels,
    through_unit_length,
};

/// Classes for which there are corners; vectors have one number less.
const CORNERS: usize = 16;
/// Weight of the cross-entropy beside the contrastive term, and that term's scale.
const LAMBDA: f64 = 0.1;
const SCALE: f64 = 10.0;

/// How models of a chain are trained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// With a classifier of its own each.
    Learned,
    /// With one classifier, and one network that is trained on.
    Tuned,
    /// Towards fixed corners.
    Simplex,
    /// Towards fixed corners, and near the last model's vectors.
    Hoc,
}

impl Kind {
    pub(super) const ALL: [Kind; 4] = [Kind::Learned, Kind::Tuned, Kind::Simplex, Kind::Hoc];

    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Learned => "learned classifier",
            Kind::Tuned => "learned classifier, trained on",
            Kind::Simplex => "fixed simplex",
            Kind::Hoc => "fixed simplex with HOC",
        }
    }
}

/// A model of a chain.
#[derive(Debug, Clone)]
pub(super) struct Version {
    /// From pixels to vectors.
    pub(super) net: Mlp,
    /// Logits without bias; fixed where it holds corners.
    head: Dense,
}

/// Trains one version after the other. Networks grow from version to version, but for [`Kind::Tuned`], which has the
/// last one's size from the start.
pub(super) fn chain(context: &Context<'_>, kind: Kind, data: &Data) -> Vec<Version> {
    let training = Training {
        epochs: context.pick(15, 60, 120),
        batch: 32,
        rate: 3e-3,
    };
    let widths = [24, 32, 40, 48, 64];
    let mut versions: Vec<Version> = Vec::new();
    for (at, digits) in data.0.iter().enumerate() {
        // Each version starts from its own numbers, the same for every kind.
        let mut rng = context.rng(10 + at as u64);
        let width = if kind == Kind::Tuned {
            widths[4]
        } else {
            widths[at]
        };
        let fresh = Version {
            net: Mlp::new(&[64, width, CORNERS - 1], &mut rng),
            head: Dense {
                weight: match kind {
                    Kind::Learned | Kind::Tuned => {
                        gaussian(CORNERS, CORNERS - 1, &mut rng) / (CORNERS as f64).sqrt()
                    }
                    Kind::Simplex | Kind::Hoc => corners(CORNERS).transpose(),
                },
                bias: DVector::zeros(CORNERS),
            },
        };
        let before = versions.last().cloned();
        let mut version = match (kind, &before) {
            (Kind::Tuned, Some(before)) => before.clone(),
            _ => fresh,
        };
        let inputs = pixels(digits);
        let anchors = match (kind, &before) {
            (Kind::Hoc, Some(before)) => {
                Some(columns_to_unit_length(&before.net.forward(&inputs)).0)
            }
            _ => None,
        };
        let mut adam = Adam::default();
        training.each_batch(digits.len(), &mut rng, |batch, rate| {
            let labels = pick(&digits.labels, batch);
            let anchors = anchors.as_ref().map(|all| all.select_columns(batch));
            version.step(
                &mut adam,
                kind,
                &inputs.select_columns(batch),
                &labels,
                anchors.as_ref(),
                rate,
            );
        });
        versions.push(version);
    }
    versions
}

impl Version {
    fn step(
        &mut self,
        adam: &mut Adam,
        kind: Kind,
        inputs: &DMatrix<f64>,
        labels: &[usize],
        anchors: Option<&DMatrix<f64>>,
        rate: f64,
    ) {
        let states = self.net.states(inputs);
        let vectors = &states[states.len() - 1];
        let (_, by_logits) = cross_entropy(&(&self.head.weight * vectors), labels);
        let mut by_vectors = self.head.weight.transpose() * &by_logits;
        if let Some(anchors) = anchors {
            let (unit, lengths) = columns_to_unit_length(vectors);
            let (_, by_unit) = contrast(anchors, &unit, labels);
            by_vectors *= LAMBDA;
            by_vectors += through_unit_length(by_unit, &unit, &lengths) * (1.0 - LAMBDA);
        }
        let by_weight = by_logits * vectors.transpose();
        let (by_net, _) = self.net.backward(&states, by_vectors);
        match kind {
            Kind::Learned | Kind::Tuned => {
                let parameters = self.net.parameters_mut().chain(self.head.weight.iter_mut());
                adam.step(
                    rate,
                    parameters,
                    by_net.parameters().chain(by_weight.iter()),
                );
            }
            Kind::Simplex | Kind::Hoc => {
                adam.step(rate, self.net.parameters_mut(), by_net.parameters());
            }
        }
    }
}

/// The contrastive term between old and new vectors of unit length (columns), and its gradient by the new ones. For
/// old vector `i`, the new one of the same picture is to be found among those of other classes.
fn contrast(old: &DMatrix<f64>, new: &DMatrix<f64>, labels: &[usize]) -> (f64, DMatrix<f64>) {
    let share = 1.0 / labels.len() as f64;
    let mut by_products = old.transpose() * new * SCALE;
    let mut loss = 0.0;
    for (i, label) in labels.iter().enumerate() {
        let mut row = by_products.row_mut(i);
        let own = row[i];
        let greatest = row.max();
        for (j, product) in row.iter_mut().enumerate() {
            let counts = i == j || labels[j] != *label;
            *product = if counts {
                (*product - greatest).exp()
            } else {
                0.0
            };
        }
        let sum = row.sum();
        loss += share * (sum.ln() + greatest - own);
        row *= share * SCALE / sum;
        row[i] -= share * SCALE;
    }
    (loss, old * by_products)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::frame::Rng;

    /// `sin(s), sin(s+1), …` in columns of four, at unit length.
    fn sines(s: f64) -> DMatrix<f64> {
        let columns = DMatrix::from_iterator(4, 3, (0..12).map(|i| (s + f64::from(i)).sin()));
        columns_to_unit_length(&columns).0
    }

    #[test]
    fn golden_contrast() {
        let (loss, _) = contrast(&sines(1001.0), &sines(1101.0), &[0, 0, 1]);
        assert!((loss - 0.001_128_36).abs() < 1e-8, "{loss}");
    }

    #[test]
    fn gradients_are_the_loss_differences() {
        let mut rng = Rng::seed_from_u64(1);
        let (old, new) = (
            gaussian(4, 5, &mut rng) * 0.3,
            gaussian(4, 5, &mut rng) * 0.3,
        );
        let labels = [0, 0, 1, 2, 1];
        let (_, gradient) = contrast(&old, &new, &labels);
        for at in 0..20 {
            let loss = |by: f64| {
                let mut other = new.clone();
                other[at] += by;
                contrast(&old, &other, &labels).0
            };
            let slope = (loss(1e-5) - loss(-1e-5)) / 2e-5;
            assert!(
                (slope - gradient[at]).abs() < 1e-7,
                "{at}: {slope} {}",
                gradient[at]
            );
        }
    }
}
