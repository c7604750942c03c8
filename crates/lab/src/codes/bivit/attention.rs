//! A network of one attention layer that reads digits from 16 patches, with its gradients.
//!
//! `E = W_e·X + P`, `S = (W_k·E)ᵀ·(W_q·E)/√d`, `A = softmax(S)` by columns, `O = W_v·E·A`, and a linear layer over all of
//! `O`: nothing reaches the output but through attention.

use nalgebra::{DMatrix, DVector};

use super::rows::Binary;
use super::softmax_columns;
use crate::frame::Rng;
use crate::mlp::{Adam, Dense, Training, accuracy, cross_entropy, gaussian, pick};

/// Patches of 2 by 2 pixels, and numbers a patch has in the network.
const PATCHES: usize = 16;
const DIM: usize = 12;

/// How attention is used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Attention {
    /// As softmax gives it.
    Soft,
    /// Made binary; gradients pass as if it were not.
    Binary(Binary),
}

/// The network; also its gradients.
#[derive(Debug, Clone)]
pub(super) struct Reader {
    /// Embedding of patches, positions, queries, keys, values.
    parts: [DMatrix<f64>; 5],
    head: Dense,
}

const EMBED: usize = 0;
const POSITION: usize = 1;
const QUERY: usize = 2;
const KEY: usize = 3;
const VALUE: usize = 4;

/// What one picture went through.
struct Passed {
    patches: DMatrix<f64>,
    embedded: DMatrix<f64>,
    query: DMatrix<f64>,
    key: DMatrix<f64>,
    value: DMatrix<f64>,
    soft: DMatrix<f64>,
    used: DMatrix<f64>,
    out: DVector<f64>,
}

impl Reader {
    pub(super) fn new(rng: &mut Rng) -> Reader {
        let mut part = |columns: usize, spread: f64| gaussian(DIM, columns, rng) * spread;
        let square = (1.0 / DIM as f64).sqrt();
        let parts = [
            part(4, 0.5),
            part(PATCHES, 1.0),
            part(DIM, square),
            part(DIM, square),
            part(DIM, square),
        ];
        let inputs = DIM * PATCHES;
        Reader {
            parts,
            head: Dense {
                weight: gaussian(10, inputs, rng) / (inputs as f64).sqrt(),
                bias: DVector::zeros(10),
            },
        }
    }

    fn pass(&self, picture: &[f64], attention: Attention) -> Passed {
        let patches = patches(picture);
        let embedded = &self.parts[EMBED] * &patches + &self.parts[POSITION];
        let [query, key, value] = [QUERY, KEY, VALUE].map(|part| &self.parts[part] * &embedded);
        let scores = key.transpose() * &query / (DIM as f64).sqrt();
        let soft = softmax_columns(&scores);
        let used = match attention {
            Attention::Soft => soft.clone(),
            Attention::Binary(binary) => {
                let columns = scores.column_iter().zip(soft.column_iter());
                let rows: Vec<_> = columns
                    .map(|(scores, soft)| binary.row(&scores.into_owned(), &soft.into_owned()))
                    .collect();
                DMatrix::from_columns(&rows)
            }
        };
        let out = DVector::from_column_slice((&value * &used).as_slice());
        Passed {
            patches,
            embedded,
            query,
            key,
            value,
            soft,
            used,
            out,
        }
    }

    fn logits(&self, passed: &[Passed]) -> DMatrix<f64> {
        let outs: Vec<_> = passed.iter().map(|p| p.out.clone()).collect();
        self.head.apply(&DMatrix::from_columns(&outs))
    }

    /// Adds one picture's gradients, from the gradient by what its attention layer put out.
    fn backward(&self, passed: &Passed, by_out: &[f64], sum: &mut Reader) {
        let by_out = DMatrix::from_column_slice(DIM, PATCHES, by_out);
        let by_value = &by_out * passed.used.transpose();
        // Straight through: the gradient by binary attention is taken for the gradient by softmax's.
        let mut by_scores = passed.value.transpose() * by_out;
        for (mut column, soft) in by_scores.column_iter_mut().zip(passed.soft.column_iter()) {
            let mean = column.dot(&soft);
            column.zip_apply(&soft, |gradient, a| *gradient = a * (*gradient - mean));
        }
        by_scores /= (DIM as f64).sqrt();
        let by_key = &passed.query * by_scores.transpose();
        let by_query = &passed.key * by_scores;
        let mut by_embedded = DMatrix::zeros(DIM, PATCHES);
        for (part, gradient) in [(QUERY, by_query), (KEY, by_key), (VALUE, by_value)] {
            sum.parts[part] += &gradient * passed.embedded.transpose();
            by_embedded += self.parts[part].transpose() * gradient;
        }
        sum.parts[EMBED] += &by_embedded * passed.patches.transpose();
        sum.parts[POSITION] += by_embedded;
    }

    /// The mean cross-entropy over pictures (columns), and its gradients.
    fn loss(
        &self,
        pictures: &DMatrix<f64>,
        labels: &[usize],
        attention: Attention,
    ) -> (f64, Reader) {
        let passed: Vec<Passed> = pictures
            .column_iter()
            .map(|p| self.pass(p.as_slice(), attention))
            .collect();
        let (loss, by_logits) = cross_entropy(&self.logits(&passed), labels);
        let outs: Vec<_> = passed.iter().map(|p| p.out.clone()).collect();
        let mut sum = Reader {
            parts: self.parts.each_ref().map(|part| part * 0.0),
            head: Dense {
                weight: &by_logits * DMatrix::from_columns(&outs).transpose(),
                bias: by_logits.column_sum(),
            },
        };
        let by_outs = self.head.weight.transpose() * by_logits;
        for (passed, by_out) in passed.iter().zip(by_outs.column_iter()) {
            self.backward(passed, by_out.as_slice(), &mut sum);
        }
        (loss, sum)
    }

    pub(super) fn train(
        &mut self,
        pictures: &DMatrix<f64>,
        labels: &[usize],
        training: Training,
        attention: Attention,
        rng: &mut Rng,
    ) {
        let mut adam = Adam::default();
        training.each_batch(labels.len(), rng, |batch, rate| {
            let pictures = pictures.select_columns(batch);
            let (_, gradient) = self.loss(&pictures, &pick(labels, batch), attention);
            adam.step(rate, self.parameters_mut(), gradient.parameters());
        });
    }

    /// The share of pictures read rightly.
    pub(super) fn accuracy(
        &self,
        pictures: &DMatrix<f64>,
        labels: &[usize],
        attention: Attention,
    ) -> f64 {
        let passed: Vec<Passed> = pictures
            .column_iter()
            .map(|p| self.pass(p.as_slice(), attention))
            .collect();
        accuracy(&self.logits(&passed), labels)
    }

    /// All rows of attention over these pictures.
    pub(super) fn rows(&self, pictures: &DMatrix<f64>) -> impl Iterator<Item = DVector<f64>> {
        pictures.column_iter().flat_map(|picture| {
            let soft = self.pass(picture.as_slice(), Attention::Soft).soft;
            soft.column_iter()
                .map(|column| column.into_owned())
                .collect::<Vec<_>>()
        })
    }

    fn parameters(&self) -> impl Iterator<Item = &f64> {
        let head = self.head.weight.iter().chain(self.head.bias.iter());
        self.parts.iter().flat_map(|part| part.iter()).chain(head)
    }

    fn parameters_mut(&mut self) -> impl Iterator<Item = &mut f64> {
        let head = self.head.weight.iter_mut().chain(self.head.bias.iter_mut());
        self.parts
            .iter_mut()
            .flat_map(|part| part.iter_mut())
            .chain(head)
    }
}

/// The four pixels of each patch as a column, patches in rows from the top left.
fn patches(picture: &[f64]) -> DMatrix<f64> {
    DMatrix::from_fn(4, PATCHES, |pixel, patch| {
        let (row, column) = (2 * (patch / 4) + pixel / 2, 2 * (patch % 4) + pixel % 2);
        picture[8 * row + column]
    })
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn patches_are_squares() {
        let picture: Vec<f64> = (0..64).map(f64::from).collect();
        let patches = patches(&picture);
        assert_eq!(patches.column(0).as_slice(), [0.0, 1.0, 8.0, 9.0]);
        assert_eq!(patches.column(15).as_slice(), [54.0, 55.0, 62.0, 63.0]);
    }

    #[test]
    fn gradients_are_the_loss_differences() {
        let mut rng = Rng::seed_from_u64(1);
        let net = Reader::new(&mut rng);
        let (pictures, labels) = (gaussian(64, 3, &mut rng), [1, 7, 7]);
        let (_, gradient) = net.loss(&pictures, &labels, Attention::Soft);
        let gradient: Vec<f64> = gradient.parameters().copied().collect();
        for at in (0..gradient.len()).step_by(13) {
            let nudged = |by: f64| {
                let mut other = net.clone();
                *other.parameters_mut().nth(at).unwrap() += by;
                other.loss(&pictures, &labels, Attention::Soft).0
            };
            let slope = (nudged(1e-5) - nudged(-1e-5)) / 2e-5;
            assert!(
                (slope - gradient[at]).abs() < 1e-7,
                "{at}: {slope} {}",
                gradient[at]
            );
        }
    }
}
