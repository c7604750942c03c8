//! Two-bit weights repaired on few samples, without forgetting the weights that matter.
//!
//! **Paper.** Cao and Aref, "Enhancing Ultra-Low-Bit Quantization of Large Language Models Through Saliency-Aware Partial
//! Retraining", arXiv 2504.13932.
//!
//! **Claim.** Fitting clips and thin adapters of a 2-bit layer so that it puts out what it did (as ApiQ does) works
//! better with a second aim: that weights stay near what they were, those most that the loss depends on most.
//!
//! **Mechanism.** `Ŵ = Q(W; Δ) + B·A`: two bits with a learned step a row (gradients pass the rounding, as in LSQ), and an
//! adapter of rank 4. Layer after layer, with inputs as the layers before now give them, Adam lessens
//! `‖W·X − Ŵ·X̂‖²/‖W·X‖² + λ·Σ s·(W − Ŵ)²/Σ s·W²`; saliency `s` is the mean square of the loss's gradient by a weight.
//!
//! **Generated.** Nothing: a network that reads digits, calibrated on 16, 64 or 256 of its training pictures.
//!
//! **Controls.** `s = 1` for all weights (is it the saliency, or any pull back?), and as many tries for every side: three
//! `λ` each, or three lengths of training where there is none, chosen by the loss on the same 100 other pictures.

mod layer;

use anyhow::Result;
use nalgebra::DMatrix;

use self::layer::{Aim, TwoBits};
use crate::data::{Digits, digits};
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Trial,
};
use crate::mlp::{Mlp, Training, accuracy, cross_entropy, pixels};

static CARD: Card = Card {
    id: "saliency-2-bit",
    arxiv: "2504.13932",
    title: "Enhancing Ultra-Low-Bit Quantization of Large Language Models Through Saliency-Aware Partial Retraining",
    family: Family::Codes,
    claim: "When a network is brought to two bits a weight with little data, keeping the weights that its loss depends on \
            near their old values gives a better network than only keeping each layer's output.",
    published: "Llama 2 with 7 and 13 billion weights at 2 bits: higher accuracy than ApiQ, most of what was lost to it \
                regained at little cost (no single figure known to us).",
    baseline: "The same clips, adapters and optimiser, fitted for each layer's output alone.",
    kept: &[
        "Two bits with learned steps and a thin adapter, fitted layer by layer on inputs of the layers before",
        "Preservation of weights, weighted by squared gradients of the loss",
        "Control: preservation with the same weight for all",
        "Every side chooses among three settings on the same pictures",
    ],
    left_out: &[
        "Language models: a network of three layers that reads digits",
        "Stages of training one after the other: both aims are followed at once",
        "The other quantisers that the paper tries",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "accuracy",
            name: "Digits read rightly, 64 samples",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "accuracy-even",
            name: "Digits read rightly, against preservation with even weights",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "loss",
            name: "Loss on pictures held out, 64 samples",
            unit: "nats",
            better: Better::Lower,
        },
        Metric {
            id: "accuracy-few",
            name: "Digits read rightly, 16 samples",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "accuracy-rounded",
            name: "Digits read rightly, against two bits without fitting",
            unit: "",
            better: Better::Higher,
        },
    ],
    rule: &[
        Condition {
            text: "With 64 samples, at least one digit in two hundred more is read",
            metric: "accuracy",
            expect: Expect::BetterBy(0.005),
        },
        Condition {
            text: "No fewer than with even weights",
            metric: "accuracy-even",
            expect: Expect::BetterBy(0.0),
        },
        Condition {
            text: "The loss is less",
            metric: "loss",
            expect: Expect::BetterBy(0.0),
        },
    ],
    likely_reason: "A layer of this size is nearly determined by a few dozen samples, so that fitting its output leaves \
                    little room for a second aim.",
    timed: false,
};

/// The paper's reproduction.
pub(super) struct SaliencyTwoBit;

impl Reproduction for SaliencyTwoBit {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let mut rng = context.rng(1);
        let (train, rest) = digits().split(1000, &mut rng);
        let (choice, test) = rest.split(100, &mut rng);
        let hidden = context.pick(24, 48, 64);
        let mut net = Mlp::new(&[64, hidden, hidden, 10], &mut rng);
        let training = Training {
            epochs: context.pick(8, 40, 60),
            batch: 32,
            rate: 3e-3,
        };
        training.classifier(&mut net, &pixels(&train), &train.labels, &mut rng);

        let sizes: &[usize] = context.pick(&[16, 64], &[16, 64, 256], &[16, 32, 64, 128, 256]);
        let mut results: [Vec<Read>; 3] = Default::default();
        for (at, &size) in sizes.iter().enumerate() {
            let sample = train.at(&(0..size).collect::<Vec<_>>());
            for (aim, results) in Kind::ALL.into_iter().zip(&mut results) {
                context.progress(at as f64 / sizes.len() as f64, &format!("{size} samples"));
                results.push(best(context, &net, aim, &sample, &choice, &test));
            }
        }
        let rounded = Read::of(&without_fitting(&net), &test);
        let [output, even, salient] = &results;
        let mut plot = Plot::new(
            "samples",
            "A network at two bits a weight",
            Axis::log("pictures to calibrate with"),
            Axis::linear("digits read rightly"),
        );
        for (kind, results) in Kind::ALL.iter().zip(&results) {
            let points = sizes
                .iter()
                .zip(results)
                .map(|(&size, r)| (size as f64, r.accuracy));
            plot = plot.line(kind.name(), points);
        }
        Ok(Trial::new()
            .measured("accuracy", output[1].accuracy, salient[1].accuracy)
            .measured("accuracy-even", even[1].accuracy, salient[1].accuracy)
            .measured("loss", output[1].loss, salient[1].loss)
            .measured("accuracy-few", output[0].accuracy, salient[0].accuracy)
            .measured("accuracy-rounded", rounded.accuracy, salient[1].accuracy)
            .plot(plot))
    }
}

/// What is preserved.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Output,
    Even,
    Salient,
}

impl Kind {
    const ALL: [Kind; 3] = [Kind::Output, Kind::Even, Kind::Salient];

    fn name(self) -> &'static str {
        match self {
            Kind::Output => "output only",
            Kind::Even => "and all weights alike",
            Kind::Salient => "and salient weights",
        }
    }
}

/// How well a network reads.
#[derive(Debug, Clone, Copy)]
struct Read {
    accuracy: f64,
    loss: f64,
}

impl Read {
    fn of(net: &Mlp, digits: &Digits) -> Read {
        let logits = net.forward(&pixels(digits));
        Read {
            accuracy: accuracy(&logits, &digits.labels),
            loss: cross_entropy(&logits, &digits.labels).0,
        }
    }
}

/// Of three settings the one with the least loss on `choice`, measured on `test`.
fn best(
    context: &Context<'_>,
    net: &Mlp,
    kind: Kind,
    sample: &Digits,
    choice: &Digits,
    test: &Digits,
) -> Read {
    let steps = context.pick(60, 200, 400);
    let saliency = match kind {
        Kind::Salient => saliency(net, sample),
        Kind::Output | Kind::Even => {
            let even = net.layers.iter().map(|l| l.weight.map(|_| 1.0));
            even.collect()
        }
    };
    let settings = match kind {
        Kind::Output => [(0.0, steps / 3), (0.0, steps), (0.0, 2 * steps)],
        Kind::Even | Kind::Salient => [(0.03, steps), (0.3, steps), (3.0, steps)],
    };
    let tried = settings.map(|(preserve, steps)| {
        let net = fitted(context, net, &saliency, sample, Aim { preserve, steps });
        (Read::of(&net, choice).loss, net)
    });
    let [first, second, third] = tried;
    let better = |a: (f64, Mlp), b: (f64, Mlp)| if b.0 < a.0 { b } else { a };
    Read::of(&better(better(first, second), third).1, test)
}

/// The network at two bits, its layers fitted one after the other.
fn fitted(
    context: &Context<'_>,
    net: &Mlp,
    saliency: &[DMatrix<f64>],
    sample: &Digits,
    aim: Aim,
) -> Mlp {
    let states = net.states(&pixels(sample));
    let mut fitted = net.clone();
    let mut rng = context.rng(2);
    for (at, salient) in saliency.iter().enumerate() {
        let seen = fitted.states(&states[0]).swap_remove(at);
        let weight = &net.layers[at].weight;
        let mut two_bits = TwoBits::start(weight, &mut rng);
        two_bits.fit(weight, &states[at], &seen, salient, aim);
        fitted.layers[at].weight = two_bits.weight(weight);
    }
    fitted
}

/// The network at two bits with steps that fit the weights, and no adapters.
fn without_fitting(net: &Mlp) -> Mlp {
    let mut rounded = net.clone();
    for layer in &mut rounded.layers {
        layer.weight = layer::rounded(&layer.weight);
    }
    rounded
}

/// The mean square, over the sample, of the loss's gradient by each weight.
fn saliency(net: &Mlp, sample: &Digits) -> Vec<DMatrix<f64>> {
    let mut squares: Vec<DMatrix<f64>> = net.layers.iter().map(|l| &l.weight * 0.0).collect();
    let pictures = pixels(sample);
    for (at, label) in sample.labels.iter().enumerate() {
        let states = net.states(&pictures.columns(at, 1).into_owned());
        let by_logits = cross_entropy(&states[states.len() - 1], &[*label]).1;
        let (gradient, _) = net.backward(&states, by_logits);
        for (sum, layer) in squares.iter_mut().zip(&gradient.layers) {
            *sum += layer.weight.map(|g| g * g) / sample.len() as f64;
        }
    }
    squares
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::frame::Rng;

    #[test]
    fn weights_that_see_nothing_are_not_salient() {
        let mut rng = Rng::seed_from_u64(1);
        let net = Mlp::new(&[64, 5, 10], &mut rng);
        let sample = digits().at(&[0, 1, 2, 3]);
        let saliency = saliency(&net, &sample);
        // The first pixel is white in all four.
        assert!(sample.pixels.iter().all(|p| p[0] == 0.0));
        assert_eq!(saliency[0].column(0).sum(), 0.0);
        assert!(saliency[0].sum() > 0.0 && saliency[1].sum() > 0.0);
    }
}
