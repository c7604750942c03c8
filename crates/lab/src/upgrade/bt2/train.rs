//! The models: old, independent, backward-compatible (BCT, in two ways) and BT².

use nalgebra::{DMatrix, DVector};

use super::orthogonal::Orthogonal;
use crate::data::Digits;
use crate::frame::{Context, Rng};
use crate::mlp::{
    Adam, Dense, Mlp, Training, columns_to_unit_length, cross_entropy, pick, pixels,
    through_unit_length,
};

/// Numbers in an old vector and in an independent new one.
const DIM: usize = 16;
/// Numbers in a vector of BCT and BT²: eight more.
const MORE: usize = 8;
/// `C`: how much longer the imitating part is than the rest.
const STRETCH: f64 = 2.0;
/// Weight of the old classifier's cross-entropy in BCT, and weights of BT²'s three added terms.
const ALPHA: f64 = 10.0;
const LAMBDA: [f64; 3] = [1.0, 10.0, 5.0];

pub(super) struct Models {
    pub(super) old: Mlp,
    pub(super) independent: Mlp,
    pub(super) compatible: Mlp,
    /// BCT with BT²'s terms for old vectors.
    pub(super) matched: Mlp,
    pub(super) transformed: Transformed,
}

impl Models {
    pub(super) fn train(context: &Context<'_>, old: &Digits, new: &Digits) -> Models {
        let training = Training {
            epochs: context.pick(12, 60, 120),
            batch: 32,
            rate: 3e-3,
        };
        let hidden = context.pick(32, 64, 64);
        let old_inputs = pixels(old);
        let inputs = pixels(new);
        context.progress(0.05, "the old model");
        // The old model has as many steps as the new ones: four times the epochs on a quarter of the pictures.
        let long = Training {
            epochs: 4 * training.epochs,
            ..training
        };
        let mut rng = context.rng(2);
        let mut old_model = Mlp::new(&[64, hidden / 2, DIM], &mut rng);
        with_head(
            &mut old_model,
            &old_inputs,
            &old.labels,
            Old::None,
            long,
            &mut rng,
        );
        context.progress(0.2, "an independent new model");
        let mut rng = context.rng(3);
        let mut independent = Mlp::new(&[64, hidden, DIM], &mut rng);
        with_head(
            &mut independent,
            &inputs,
            &new.labels,
            Old::None,
            training,
            &mut rng,
        );
        let before = old_model.forward(&inputs);
        let targets = Targets {
            independent: columns_to_unit_length(&independent.forward(&inputs)).0,
            old: columns_to_unit_length(&before).0,
            means: class_means(&before, &new.labels),
        };
        context.progress(0.4, "backward-compatible training");
        let compatible = |old| {
            let mut rng = context.rng(4);
            let mut net = Mlp::new(&[64, hidden, DIM + MORE], &mut rng);
            with_head(&mut net, &inputs, &new.labels, old, training, &mut rng);
            net
        };
        let plain = compatible(Old::Classes(&targets.means));
        let matched = compatible(Old::Matched(&targets));
        context.progress(0.6, "BT^2");
        let mut rng = context.rng(4);
        let mut transformed = Transformed::new(hidden, &mut rng);
        transformed.train(&inputs, &new.labels, &targets, training, &mut rng);
        Models {
            old: old_model,
            independent,
            compatible: plain,
            matched,
            transformed,
        }
    }
}

/// The mean vector of each class, a row a class.
fn class_means(vectors: &DMatrix<f64>, labels: &[usize]) -> DMatrix<f64> {
    let mut means = DMatrix::zeros(10, vectors.nrows());
    for class in 0..10 {
        let of_class: Vec<usize> = (0..labels.len())
            .filter(|&at| labels[at] == class)
            .collect();
        if !of_class.is_empty() {
            means.set_row(
                class,
                &vectors.select_columns(&of_class).column_mean().transpose(),
            );
        }
    }
    means
}

/// What a network with a head of its own is told of the old model.
#[derive(Clone, Copy)]
enum Old<'a> {
    None,
    /// Its class means as a second classifier on the first numbers: `α·CE(W_old·φ)`, as BCT has it.
    Classes(&'a DMatrix<f64>),
    /// BT²'s terms on the first numbers, see [`Targets::old_terms`].
    Matched(&'a Targets),
}

impl Old<'_> {
    /// The gradient by the first numbers of vectors, of pictures at these places.
    fn gradient(
        self,
        first: &DMatrix<f64>,
        labels: &[usize],
        places: &[usize],
    ) -> Option<DMatrix<f64>> {
        match self {
            Old::None => None,
            Old::Classes(means) => {
                let (_, by_logits) = cross_entropy(&(means * first), labels);
                Some(means.transpose() * by_logits * ALPHA)
            }
            Old::Matched(targets) => {
                let (unit, lengths) = columns_to_unit_length(first);
                let (_, by_unit) = targets.old_terms(&unit, labels, places);
                Some(through_unit_length(by_unit, &unit, &lengths))
            }
        }
    }
}

/// Trains by the cross-entropy of a linear head, and by what the network is told of the old model.
fn with_head(
    net: &mut Mlp,
    inputs: &DMatrix<f64>,
    labels: &[usize],
    old: Old<'_>,
    training: Training,
    rng: &mut Rng,
) {
    let width = net.layers[net.layers.len() - 1].bias.len();
    let mut head = Mlp::new(&[width, 10], rng);
    let mut adam = Adam::default();
    training.each_batch(labels.len(), rng, |batch, rate| {
        let labels = pick(labels, batch);
        let states = net.states(&inputs.select_columns(batch));
        let vectors = &states[states.len() - 1];
        let logits = head.layers[0].apply(vectors);
        let (_, by_logits) = cross_entropy(&logits, &labels);
        let (by_head, mut by_vectors) = head.backward(&[vectors.clone(), logits], by_logits);
        let first = vectors.rows(0, DIM).into_owned();
        if let Some(by_first) = old.gradient(&first, &labels, batch) {
            let mut rows = by_vectors.rows_mut(0, DIM);
            rows += by_first;
        }
        let (by_net, _) = net.backward(&states, by_vectors);
        let parameters = net.parameters_mut().chain(head.parameters_mut());
        adam.step(
            rate,
            parameters,
            by_net.parameters().chain(by_head.parameters()),
        );
    });
}

/// What BT² imitates, a column a picture (of unit length), and the old class means.
struct Targets {
    independent: DMatrix<f64>,
    old: DMatrix<f64>,
    means: DMatrix<f64>,
}

impl Targets {
    /// `λ₂·CE(W_old·b) + λ₃(1 − cos(b, φ_old))` for vectors `b` of unit length, of pictures at these places, and its
    /// gradient by `b`.
    fn old_terms(
        &self,
        unit: &DMatrix<f64>,
        labels: &[usize],
        places: &[usize],
    ) -> (f64, DMatrix<f64>) {
        let share = 1.0 / labels.len() as f64;
        let old = self.old.select_columns(places);
        let (by_class, by_logits) = cross_entropy(&(&self.means * unit), labels);
        let loss = LAMBDA[1] * by_class + LAMBDA[2] * (1.0 - share * unit.dot(&old));
        (
            loss,
            self.means.transpose() * by_logits * LAMBDA[1] - old * (share * LAMBDA[2]),
        )
    }
}

/// BT²'s model; also its gradients.
#[derive(Debug, Clone)]
pub(super) struct Transformed {
    net: Mlp,
    /// `P` and `R`.
    turns: [Orthogonal; 2],
    head: Dense,
}

/// What went through the model.
struct Passed {
    states: Vec<DMatrix<f64>>,
    /// `f` and `o` at unit length, and the lengths that they had.
    imitating: (DMatrix<f64>, Vec<f64>),
    other: (DMatrix<f64>, Vec<f64>),
    /// The two matrices, with their states.
    turns: [(DMatrix<f64>, Vec<DMatrix<f64>>); 2],
    /// `u`, and `b` before it is brought to unit length.
    mixed: DMatrix<f64>,
    backward: DMatrix<f64>,
}

impl Transformed {
    fn new(hidden: usize, rng: &mut Rng) -> Transformed {
        let net = Mlp::new(&[64, hidden, DIM + MORE], rng);
        let head = Mlp::new(&[DIM, 10], rng).layers.swap_remove(0);
        let turns = [Orthogonal::new(DIM, rng), Orthogonal::new(DIM, rng)];
        Transformed { net, turns, head }
    }

    fn pass(&self, inputs: &DMatrix<f64>) -> Passed {
        let states = self.net.states(inputs);
        let out = &states[states.len() - 1];
        let imitating = columns_to_unit_length(&out.rows(0, DIM).into_owned());
        let other = columns_to_unit_length(&out.rows(DIM, MORE).into_owned());
        let turns = self.turns.each_ref().map(Orthogonal::matrix);
        let mut mixed = DMatrix::zeros(MORE + DIM, inputs.ncols());
        mixed.rows_mut(0, MORE).copy_from(&other.0);
        mixed
            .rows_mut(MORE, DIM)
            .copy_from(&(&turns[0].0 * &imitating.0 * STRETCH));
        let backward = &turns[1].0 * mixed.rows(0, DIM);
        Passed {
            states,
            imitating,
            other,
            turns,
            mixed,
            backward,
        }
    }

    /// The vectors to store: the part that old vectors are compared with first.
    pub(super) fn vectors(&self, inputs: &DMatrix<f64>) -> DMatrix<f64> {
        let passed = self.pass(inputs);
        let mut vectors = passed.mixed;
        vectors.rows_mut(0, DIM).copy_from(&passed.backward);
        vectors
    }

    /// The loss on pictures at `places` of the targets, and its gradients.
    fn loss(
        &self,
        inputs: &DMatrix<f64>,
        labels: &[usize],
        targets: &Targets,
        places: &[usize],
    ) -> (f64, Transformed) {
        let passed = self.pass(inputs);
        let share = 1.0 / labels.len() as f64;
        let f = &passed.imitating.0;
        let independent = targets.independent.select_columns(places);
        let (unit, lengths) = columns_to_unit_length(&passed.backward);

        let (by_class, by_logits) = cross_entropy(&self.head.apply(f), labels);
        let (by_old, by_unit) = targets.old_terms(&unit, labels, places);
        let loss = by_class + LAMBDA[0] * (1.0 - share * f.dot(&independent)) + by_old;

        let by_backward = through_unit_length(by_unit, &unit, &lengths);
        let mut by_mixed = DMatrix::zeros(MORE + DIM, labels.len());
        by_mixed
            .rows_mut(0, DIM)
            .copy_from(&(passed.turns[1].0.transpose() * &by_backward));
        let by_turned = by_mixed.rows(MORE, DIM).into_owned();
        let by_f = self.head.weight.transpose() * &by_logits - independent * (share * LAMBDA[0])
            + passed.turns[0].0.transpose() * &by_turned * STRETCH;
        let by_matrices = [
            by_turned * f.transpose() * STRETCH,
            by_backward * passed.mixed.rows(0, DIM).transpose(),
        ];
        let (f_raw, o_raw) = (
            through_unit_length(by_f, f, &passed.imitating.1),
            through_unit_length(
                by_mixed.rows(0, MORE).into_owned(),
                &passed.other.0,
                &passed.other.1,
            ),
        );
        let mut by_out = DMatrix::zeros(DIM + MORE, labels.len());
        by_out.rows_mut(0, DIM).copy_from(&f_raw);
        by_out.rows_mut(DIM, MORE).copy_from(&o_raw);
        let turn = |at: usize| Orthogonal {
            vectors: self.turns[at].backward(&passed.turns[at].1, &by_matrices[at]),
        };
        let gradient = Transformed {
            net: self.net.backward(&passed.states, by_out).0,
            turns: [turn(0), turn(1)],
            head: Dense {
                weight: &by_logits * f.transpose(),
                bias: DVector::from(by_logits.column_sum()),
            },
        };
        (loss, gradient)
    }

    fn train(
        &mut self,
        inputs: &DMatrix<f64>,
        labels: &[usize],
        targets: &Targets,
        training: Training,
        rng: &mut Rng,
    ) {
        let mut adam = Adam::default();
        training.each_batch(labels.len(), rng, |batch, rate| {
            let pictures = inputs.select_columns(batch);
            let (_, gradient) = self.loss(&pictures, &pick(labels, batch), targets, batch);
            adam.step(rate, self.parameters_mut(), gradient.parameters());
        });
    }

    fn parameters(&self) -> impl Iterator<Item = &f64> {
        let turns = self.turns.iter().flat_map(|turn| turn.vectors.iter());
        let head = self.head.weight.iter().chain(self.head.bias.iter());
        self.net.parameters().chain(turns).chain(head)
    }

    fn parameters_mut(&mut self) -> impl Iterator<Item = &mut f64> {
        let turns = self
            .turns
            .iter_mut()
            .flat_map(|turn| turn.vectors.iter_mut());
        let head = self.head.weight.iter_mut().chain(self.head.bias.iter_mut());
        self.net.parameters_mut().chain(turns).chain(head)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::mlp::gaussian;

    #[test]
    fn what_makes_vectors_old_keeps_all_products() {
        let mut rng = Rng::seed_from_u64(1);
        let model = Transformed::new(20, &mut rng);
        let inputs = gaussian(64, 5, &mut rng);
        let vectors = model.vectors(&inputs);
        let passed = model.pass(&inputs);
        let (f, o) = (&passed.imitating.0, &passed.other.0);
        let expected = o.transpose() * o + f.transpose() * f * (STRETCH * STRETCH);
        assert!((vectors.transpose() * &vectors - expected).norm() < 1e-9);
        assert!(
            vectors
                .column_iter()
                .all(|v| (v.norm_squared() - 1.0 - STRETCH * STRETCH).abs() < 1e-9)
        );
    }

    #[test]
    fn gradients_are_the_loss_differences() {
        let mut rng = Rng::seed_from_u64(2);
        let model = Transformed::new(6, &mut rng);
        let (inputs, labels, places) = (gaussian(64, 4, &mut rng), [0, 3, 3, 9], [0, 1, 2, 3]);
        let unit = |rng: &mut Rng| columns_to_unit_length(&gaussian(DIM, 4, rng)).0;
        let targets = Targets {
            independent: unit(&mut rng),
            old: unit(&mut rng),
            means: gaussian(10, DIM, &mut rng),
        };
        let (_, gradient) = model.loss(&inputs, &labels, &targets, &places);
        let gradient: Vec<f64> = gradient.parameters().copied().collect();
        for at in (0..gradient.len()).step_by(7) {
            let nudged = |by: f64| {
                let mut other = model.clone();
                *other.parameters_mut().nth(at).unwrap() += by;
                other.loss(&inputs, &labels, &targets, &places).0
            };
            let slope = (nudged(1e-5) - nudged(-1e-5)) / 2e-5;
            assert!(
                (slope - gradient[at]).abs() < 1e-5,
                "{at}: {slope} {}",
                gradient[at]
            );
        }
    }

    #[test]
    fn class_means_are_rows() {
        let vectors = DMatrix::from_column_slice(2, 3, &[1.0, 0.0, 3.0, 2.0, 5.0, 5.0]);
        let means = class_means(&vectors, &[4, 4, 0]);
        assert_eq!(means.row(4).iter().copied().collect::<Vec<_>>(), [2.0, 1.0]);
        assert_eq!(means.row(0).iter().copied().collect::<Vec<_>>(), [5.0, 5.0]);
        assert_eq!(means.row(9).sum(), 0.0);
    }
}
