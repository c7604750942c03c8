//! Activation hash codes: which ReLUs are on says which input it was.
//!
//! **Paper.** He et al., "Neural networks behave as hash encoders: An empirical study", arXiv 2101.05490.
//!
//! **Claim.** The pattern of a trained network's active ReLUs is nearly unique to an input, and near patterns belong to
//! the same class; both improve as the network gets wider and is trained longer.
//!
//! **Mechanism.** A code has a bit for each ReLU, 1 where its output is above zero. *Redundancy* is the share of inputs
//! beyond the first with each code: `(n − distinct codes) / n`, over the pictures trained on and held out. *Sorting
//! into classes* is the accuracy of the 9 nearest training codes by Hamming distance.
//!
//! **Generated.** Nothing: networks with one hidden layer read the digits.
//!
//! **Controls.** The same network before training, and as many random hyperplanes through the pictures' mean: bits that
//! cost nothing to learn. Without them a wide code would seem to owe to training what it owes to its width.

use std::collections::BTreeSet;

use anyhow::Result;
use nalgebra::DMatrix;

use crate::data::digits;
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Trial,
};
use crate::mlp::{Mlp, Training, gaussian, pixels};

static CARD: Card = Card {
    id: "activation-hash",
    arxiv: "2101.05490",
    title: "Neural networks behave as hash encoders: An empirical study",
    family: Family::Codes,
    claim: "Which ReLUs of a trained network are on is a code that hardly two inputs share and that lies near those of \
            the same class; the wider and the longer trained the network, the more so.",
    published: "MNIST and CIFAR-10: redundancy near zero and good sorting into classes by k-means, nearest neighbours and \
                logistic regression, once networks are wide enough (curves, no single figure).",
    baseline: "A narrow network of 16 units for the claim about width; the same wide network before training for the \
               claim about training.",
    kept: &[
        "Codes of all ReLUs, redundancy over pictures trained on and held out",
        "The nine nearest training codes by Hamming distance",
        "Widths from 4 to 256",
        "Controls: the untrained network, and random hyperplanes through the mean",
    ],
    left_out: &[
        "MNIST, CIFAR-10 and networks of several layers",
        "Sorting by k-means and by logistic regression",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "redundancy",
            name: "Redundancy, 16 units and 256",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "accuracy",
            name: "Nearest codes, 256 untrained units and trained",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "accuracy-planes",
            name: "Nearest codes, 256 random hyperplanes and trained units",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "redundancy-trained",
            name: "Redundancy of 16 units, untrained and trained",
            unit: "",
            better: Better::Lower,
        },
    ],
    rule: &[
        Condition {
            text: "With 256 units, at least 30 inputs in a hundred fewer share a code than with 16",
            metric: "redundancy",
            expect: Expect::BetterBy(0.3),
        },
        Condition {
            text: "With 256 units, at most one input in a hundred shares a code",
            metric: "redundancy",
            expect: Expect::AtMost(0.01),
        },
        Condition {
            text: "With 256 units, the nearest codes are right in at least nine of ten",
            metric: "accuracy",
            expect: Expect::AtLeast(0.9),
        },
        Condition {
            text: "Training makes the nearest codes right in one of a hundred more",
            metric: "accuracy",
            expect: Expect::BetterBy(0.01),
        },
        Condition {
            text: "Random hyperplanes are right in one of a hundred fewer",
            metric: "accuracy-planes",
            expect: Expect::BetterBy(0.01),
        },
        Condition {
            text: "Training a narrow network makes fewer inputs share a code",
            metric: "redundancy-trained",
            expect: Expect::BetterBy(0.0),
        },
    ],
    likely_reason: "Random bits keep neighbourhoods, and in small digits neighbours are mostly of one class already; \
                    training draws a class together, so that narrow codes coincide more, not less.",
    timed: false,
};

/// The paper's reproduction.
pub(super) struct ActivationHash;

const WIDTHS: [usize; 7] = [4, 8, 16, 32, 64, 128, 256];
/// Places in [`WIDTHS`] of the narrow and the wide network of the rule.
const NARROW: usize = 2;
const WIDE: usize = 6;

impl Reproduction for ActivationHash {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let mut rng = context.rng(1);
        let (train, test) = digits().split(context.pick(500, 1200, 1200), &mut rng);
        let (test, _) = test.split(context.pick(200, 597, 597), &mut rng);
        let (inputs, held_out) = (pixels(&train), pixels(&test));
        let training = Training {
            epochs: context.pick(4, 40, 100),
            batch: 32,
            rate: 3e-3,
        };
        let measure = |codes: &dyn Fn(&DMatrix<f64>) -> Vec<Code>| {
            let (known, asked) = (codes(&inputs), codes(&held_out));
            let right = nearest(&known, &train.labels, &asked)
                .iter()
                .zip(&test.labels)
                .filter(|(found, label)| found == label)
                .count();
            (
                redundancy(known.iter().chain(&asked)),
                right as f64 / test.len() as f64,
            )
        };
        let (mut planes, mut untrained, mut trained) = (Vec::new(), Vec::new(), Vec::new());
        let mean = inputs.column_mean();
        for (at, width) in WIDTHS.into_iter().enumerate() {
            context.progress(at as f64 / WIDTHS.len() as f64, &format!("{width} units"));
            let mut rng = context.rng(2 + width as u64);
            let normals = gaussian(width, 64, &mut rng);
            let offset = &normals * &mean;
            planes.push(measure(&|x| signs(&normals * x, |unit| offset[unit])));
            let mut net = Mlp::new(&[64, width, 10], &mut rng);
            untrained.push(measure(&|x| active(&net, x)));
            training.classifier(&mut net, &inputs, &train.labels, &mut rng);
            trained.push(measure(&|x| active(&net, x)));
        }
        let plot = |id, title, label, get: fn(&(f64, f64)) -> f64| {
            let curve = |of: &[(f64, f64)]| -> Vec<(f64, f64)> {
                WIDTHS
                    .iter()
                    .zip(of)
                    .map(|(&w, m)| (w as f64, get(m)))
                    .collect()
            };
            Plot::new(id, title, Axis::log("units"), Axis::linear(label))
                .line("random hyperplanes", curve(&planes))
                .line("untrained network", curve(&untrained))
                .line("trained network", curve(&trained))
        };
        let (same, right) = (|m: &(f64, f64)| m.0, |m: &(f64, f64)| m.1);
        Ok(Trial::new()
            .measured("redundancy", trained[NARROW].0, trained[WIDE].0)
            .measured("accuracy", untrained[WIDE].1, trained[WIDE].1)
            .measured("accuracy-planes", planes[WIDE].1, trained[WIDE].1)
            .measured("redundancy-trained", untrained[NARROW].0, trained[NARROW].0)
            .plot(plot(
                "redundancy",
                "Inputs that share a code",
                "redundancy",
                same,
            ))
            .plot(plot(
                "accuracy",
                "Classes by the nine nearest codes",
                "right",
                right,
            )))
    }
}

/// Bits in words.
type Code = Vec<u64>;

/// The codes of a network's hidden layers, a column of `inputs` each.
fn active(net: &Mlp, inputs: &DMatrix<f64>) -> Vec<Code> {
    let states = net.states(inputs);
    let hidden = &states[1..states.len() - 1];
    let units: usize = hidden.iter().map(|state| state.nrows()).sum();
    let mut all = DMatrix::zeros(units, inputs.ncols());
    let mut from = 0;
    for state in hidden {
        all.rows_mut(from, state.nrows()).copy_from(state);
        from += state.nrows();
    }
    signs(all, |_| 0.0)
}

/// A bit for each number above its row's threshold, a code for each column.
fn signs(values: DMatrix<f64>, threshold: impl Fn(usize) -> f64) -> Vec<Code> {
    let code = |column: usize| {
        let mut words = vec![0u64; values.nrows().div_ceil(64)];
        for unit in 0..values.nrows() {
            let bit = u64::from(values[(unit, column)] > threshold(unit));
            words[unit / 64] |= bit << (unit % 64);
        }
        words
    };
    (0..values.ncols()).map(code).collect()
}

/// `(n − distinct codes) / n`.
fn redundancy<'a>(codes: impl Iterator<Item = &'a Code>) -> f64 {
    let (mut distinct, mut count) = (BTreeSet::new(), 0);
    for code in codes {
        distinct.insert(code);
        count += 1;
    }
    (count - distinct.len()) as f64 / count as f64
}

/// The commonest label among the nine nearest known codes of each asked; of labels as common, the one met first.
fn nearest(known: &[Code], labels: &[usize], asked: &[Code]) -> Vec<usize> {
    let distance = |a: &Code, b: &Code| {
        a.iter()
            .zip(b)
            .map(|(x, y)| (x ^ y).count_ones())
            .sum::<u32>()
    };
    let vote = |code: &Code| {
        let mut near: Vec<(u32, usize)> = known
            .iter()
            .enumerate()
            .map(|(at, other)| (distance(code, other), at))
            .collect();
        near.sort_unstable();
        let mut votes = [0usize; 10];
        let mut best = labels[near[0].1];
        for &(_, at) in near.iter().take(9) {
            votes[labels[at]] += 1;
        }
        for &(_, at) in near.iter().take(9) {
            if votes[labels[at]] > votes[best] {
                best = labels[at];
            }
        }
        best
    };
    asked.iter().map(vote).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redundancy_counts_what_is_not_the_first() {
        let codes = [vec![1], vec![2], vec![1], vec![1]];
        assert_eq!(redundancy(codes.iter()), 0.5);
    }

    #[test]
    fn bits_go_into_words_and_constant_ones_change_no_distance() {
        let values = DMatrix::from_fn(70, 2, |unit, column| f64::from(unit == 65 && column == 1));
        let codes = signs(values, |_| 0.5);
        assert_eq!(codes, [vec![0, 0], vec![0, 2]]);
    }

    #[test]
    fn the_nearest_vote_by_hamming_distance() {
        // Eight of class 3 at distance 1, one of class 5 at 0, and far ones that do not vote.
        let mut known = vec![vec![0b1u64]; 8];
        known.push(vec![0]);
        known.extend(vec![vec![0b111]; 4]);
        let mut labels = vec![3; 8];
        labels.extend([5, 7, 7, 7, 7]);
        assert_eq!(nearest(&known, &labels, &[vec![0]]), [3]);
        // A tie goes to the nearer.
        let known = vec![vec![0], vec![1]];
        assert_eq!(nearest(&known, &[4, 6], &[vec![1]]), [6]);
    }
}
