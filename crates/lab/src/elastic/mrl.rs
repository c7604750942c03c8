//! Matryoshka Representation Learning (Kusupati et al., arXiv 2205.13147).
//!
//! **Claim.** One network trained with a loss on nested prefixes gives vectors that can be cut anywhere: each prefix is
//! as good as a network trained for that size alone, and far better than a prefix of an ordinary vector.
//!
//! **Mechanism** (section 3, equation 1). For sizes M = {2, 4, 8, 16, 32} of a 32-number vector z, the loss is the sum
//! over m in M of the cross-entropy of a linear classifier of its own on z's first m numbers, all with weight 1. Nothing
//! else changes: same network, same steps.
//!
//! **Made here.** Digits of 8 by 8 pixels, a random half to train on and to search in, the rest as queries; a network of
//! one hidden layer. Vectors are cut, scaled to unit length and compared by cosine.
//!
//! **Controls.** A prefix of an ordinary vector is a weak opponent: its numbers stand in no order. So it is also turned
//! to its principal axes first, the best order that can be had after training, and a network is trained for each size.

use anyhow::Result;

use super::pixels;
use super::principal::Principal;
use super::ranking::{Found, Labelled, rank};
use crate::autograd::{Adam, Matrix, Slot, Tape, Var, Weights};
use crate::data::{Digits, digits};
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Rng, Scale,
    Trial,
};

static CARD: Card = Card {
    id: "mrl",
    arxiv: "2205.13147",
    title: "Matryoshka Representation Learning",
    family: Family::Elastic,
    claim: "A vector trained so that its first few numbers already work can be cut to any size: each piece is as good as \
            a network trained for that size, and far better than a piece of an ordinary vector.",
    published: "ImageNet-1K, nearest neighbour, ResNet-50: at 8 of 2,048 numbers 62.2 % against 58.9 % for a network \
                trained for 8; at 2,048 71.0 % against 71.2 %. Up to 14 times smaller vectors at equal accuracy.",
    baseline: "The same network with the loss on the whole vector only: its prefixes, its prefixes along principal \
               axes, and a network trained for each size",
    kept: &[
        "the sum of the losses on nested prefixes, all weighted alike, with a classifier for each (equation 1)",
        "search by cosine after cutting and scaling",
        "networks for single sizes, and principal axes, as opponents",
    ],
    left_out: &[
        "ImageNet and deep networks: 1,797 digits, one hidden layer, 32 numbers",
        "shared classifiers (MRL-E) in the trial; the tests have them",
        "classification by cascades, and few-shot learning",
    ],
    used_in: Some(
        "The encoder that ships is trained this way: each of 32, 64 and 128 of its 256 numbers is a vector by itself",
    ),
    metrics: &[
        Metric {
            id: "prefix",
            name: "Nearest neighbour right at 4 numbers (against a cut ordinary vector)",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "axes",
            name: "Mean average precision at 8 numbers (against principal axes)",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "single",
            name: "Nearest neighbour right, mean over sizes (against a network for each)",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "whole",
            name: "Nearest neighbour right at all 32 numbers (against an ordinary vector)",
            unit: "",
            better: Better::Higher,
        },
    ],
    rule: &[
        Condition {
            text: "4 of 32 numbers find the right digit at least 5 points more often than 4 of an ordinary vector",
            metric: "prefix",
            expect: Expect::BetterBy(0.05),
        },
        Condition {
            text: "8 numbers rank at least 2 points better than the 8 principal axes of an ordinary vector",
            metric: "axes",
            expect: Expect::BetterBy(0.02),
        },
        Condition {
            text: "over all sizes at most 1 point worse than a network trained for each",
            metric: "single",
            expect: Expect::BetterBy(-0.01),
        },
        Condition {
            text: "the whole vector is at most 1 point worse than an ordinary one",
            metric: "whole",
            expect: Expect::BetterBy(-0.01),
        },
    ],
    likely_reason: "Two numbers must tell ten digits apart here, where the paper's smallest prefix has 8 for 1,000 \
                    classes; a network that has only two spends all it has on them.",
    timed: false,
};

/// Matryoshka Representation Learning.
pub(super) struct Mrl;

/// The nested sizes.
const SIZES: [usize; 5] = [2, 4, 8, 16, 32];
/// The whole vector.
const WHOLE: usize = 32;
const HIDDEN: usize = 128;
const CLASSES: usize = 10;

impl Reproduction for Mrl {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let split = context.pick(300, 900, 900);
        let (train, mut test) = digits().split(split, &mut context.rng(0));
        if context.scale() == Scale::Tiny {
            test = test.split(200, &mut context.rng(2)).0;
        }
        let epochs = context.pick(25, 80, 200);
        // Every network starts from the same draws and sees the same batches.
        let network = |width: usize, sizes: &[usize]| {
            Network::train(&train, width, sizes, epochs, &mut context.rng(1))
        };

        let nested = network(WHOLE, &SIZES).vectors(&train, &test);
        context.progress(0.2, "ordinary vectors");
        let ordinary = network(WHOLE, &[WHOLE]).vectors(&train, &test);
        let axes = Principal::of(&ordinary.0.vectors);
        let turned = (axes.turn(&ordinary.0), axes.turn(&ordinary.1));
        let mut single = Vec::new();
        for (at, size) in SIZES.into_iter().enumerate() {
            context.progress(0.3 + 0.1 * at as f64, "a network for each size");
            let vectors = network(size, &[size]).vectors(&train, &test);
            single.push(rank(&vectors.0, &vectors.1, size));
        }

        let cut = |(base, queries): &(Labelled, Labelled)| -> Vec<Found> {
            SIZES
                .iter()
                .map(|&size| rank(base, queries, size))
                .collect()
        };
        let (nested, ordinary, turned) = (cut(&nested), cut(&ordinary), cut(&turned));
        let mean = |found: &[Found]| found.iter().map(|f| f.first).sum::<f64>() / 5.0;
        let all = [
            ("Ordinary, cut", &ordinary),
            ("Ordinary, principal axes", &turned),
            ("A network for each size", &single),
            ("Nested", &nested),
        ];
        Ok(Trial::new()
            .measured("prefix", ordinary[1].first, nested[1].first)
            .measured("axes", turned[2].map, nested[2].map)
            .measured("single", mean(&single), mean(&nested))
            .measured("whole", ordinary[4].first, nested[4].first)
            .plot(plot("accuracy", "Nearest neighbour right", &all, |f| {
                f.first
            }))
            .plot(plot("map", "Mean average precision", &all, |f| f.map)))
    }
}

fn plot(id: &str, what: &str, all: &[(&str, &Vec<Found>)], value: impl Fn(&Found) -> f64) -> Plot {
    let (x, y) = (Axis::log("Numbers kept of 32"), Axis::linear(what));
    let empty = Plot::new(id, format!("{what} by size of the vector"), x, y);
    all.iter().fold(empty, |plot, (name, found)| {
        let points = SIZES.iter().zip(found.iter());
        plot.line(*name, points.map(|(&size, f)| (size as f64, value(f))))
    })
}

/// Pixels to a vector over one hidden layer.
struct Network {
    weights: Weights,
    layers: [Slot; 4],
}

impl Network {
    /// Trains vectors of `width` numbers with the loss on the prefixes of these `sizes`.
    fn train(
        train: &Digits,
        width: usize,
        sizes: &[usize],
        epochs: usize,
        rng: &mut Rng,
    ) -> Network {
        let mut weights = Weights::new();
        let layers = [
            weights.dense(64, HIDDEN, 1.4, rng),
            weights.bias(HIDDEN),
            weights.dense(HIDDEN, width, 1.0, rng),
            weights.bias(width),
        ];
        let heads: Vec<(usize, Slot)> = sizes
            .iter()
            .map(|&size| (size, weights.add(Matrix::zeros((CLASSES, size)))))
            .collect();
        let mut network = Network { weights, layers };
        let pixels = pixels::matrix(train);
        let mut adam = Adam::new(2e-3);
        for _ in 0..epochs {
            for batch in pixels::batches(train.len(), 50, rng) {
                let mut tape = Tape::new();
                let z = network.forward(&mut tape, pixels::pick(&pixels, &batch));
                let heads: Vec<(usize, Var)> = heads
                    .iter()
                    .map(|&(size, head)| (size, tape.weights(&network.weights, head)))
                    .collect();
                let labels: Vec<usize> = batch.iter().map(|&at| train.labels[at]).collect();
                let losses = nested_losses(&mut tape, z, &heads, &labels);
                let loss = tape.sum(&losses);
                let gradients = tape.gradients(loss);
                adam.step(&mut network.weights, &gradients);
            }
        }
        network
    }

    fn forward(&self, tape: &mut Tape, pixels: Matrix) -> Var {
        let [w1, b1, w2, b2] = self.layers.map(|slot| tape.weights(&self.weights, slot));
        let x = tape.constant(pixels);
        let hidden = tape.linear(x, w1, b1);
        let hidden = tape.relu(hidden);
        tape.linear(hidden, w2, b2)
    }

    /// The vectors to search in, and those to ask with.
    fn vectors(&self, base: &Digits, queries: &Digits) -> (Labelled, Labelled) {
        let of = |pictures: &Digits| {
            let mut tape = Tape::new();
            let z = self.forward(&mut tape, pixels::matrix(pictures));
            Labelled {
                vectors: tape.value(z).clone(),
                labels: pictures.labels.clone(),
            }
        };
        (of(base), of(queries))
    }
}

/// Equation 1: for each size the cross-entropy of the classifier `W⁽ᵐ⁾ z₁..ₘ`; `heads` are sizes with their `W⁽ᵐ⁾`, one
/// row a class.
fn nested_losses(tape: &mut Tape, z: Var, heads: &[(usize, Var)], labels: &[usize]) -> Vec<Var> {
    heads
        .iter()
        .map(|&(size, head)| {
            let prefix = tape.prefix(z, size);
            let logits = tape.inner(prefix, head);
            tape.cross_entropy(logits, labels)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sines(rows: usize, columns: usize, start: f64) -> Matrix {
        let at = |(i, j)| (start + (i * columns + j) as f64).sin() as f32;
        Matrix::from_shape_fn((rows, columns), at)
    }

    #[track_caller]
    fn check(heads: [(usize, Matrix); 3], expected: [f32; 3]) {
        let mut tape = Tape::new();
        let z = tape.constant(sines(3, 8, 1.0));
        let heads = heads.map(|(size, head)| {
            let head = tape.constant(head);
            // A shared classifier is cut to the prefix (MRL-E).
            (size, tape.prefix(head, size))
        });
        let losses = nested_losses(&mut tape, z, &heads, &[0, 3, 1]);
        for (loss, expected) in losses.into_iter().zip(expected) {
            let loss = tape.number(loss);
            assert!(
                (loss - expected).abs() < 2e-6 * expected,
                "{loss} {expected}"
            );
        }
    }

    #[test]
    fn losses_are_those_of_the_definition() {
        check(
            [
                (2, sines(5, 2, 101.0)),
                (4, sines(5, 4, 151.0)),
                (8, sines(5, 8, 201.0)),
            ],
            [1.761_815, 1.803_517_2, 5.402_029],
        );
        let shared = sines(5, 8, 101.0);
        check(
            [(2, shared.clone()), (4, shared.clone()), (8, shared)],
            [1.927_914, 3.075_194_6, 4.866_187_4],
        );
    }

    #[test]
    fn what_a_prefix_leaves_out_gets_no_gradient() {
        let mut weights = Weights::new();
        let z = weights.add(sines(3, 8, 1.0));
        let mut tape = Tape::new();
        let (z_var, head) = (tape.weights(&weights, z), tape.constant(sines(5, 4, 151.0)));
        let loss = nested_losses(&mut tape, z_var, &[(4, head)], &[0, 3, 1])[0];
        let gradients = tape.gradients(loss);
        let gradient = gradients.of(z).unwrap();
        assert!(
            gradient
                .slice(ndarray::s![.., 4..])
                .iter()
                .all(|g| *g == 0.0)
        );
        assert!(
            gradient
                .slice(ndarray::s![.., ..4])
                .iter()
                .all(|g| *g != 0.0)
        );
    }
}
