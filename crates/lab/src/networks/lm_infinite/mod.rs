//! LM-Infinite: "Simple On-the-Fly Length Generalization for Large Language Models" (Han and others, arXiv 2308.16137).
//!
//! **Claim.** A language model with relative positions fails on texts longer than those it was trained on; with a mask that
//! leaves the first and the last tokens, and distances that are never told to be larger than in training, it reads on and
//! on, without any training.
//!
//! **Mechanism** (section 4). The Lambda-shaped mask: a token looks at the first `n_global` tokens and at the last
//! `n_local`. The bound on distances: `min(i - j, L_pretrain)`; with rotary positions, the query of a far pair is turned by
//! that distance and the key not at all.
//!
//! **Made here.** A transformer of two layers with rotary positions learns a made language ([`language`]) from texts of one
//! length, and reads texts of eight times that length. The text's topic, its first token, decides half of every next word:
//! that first tokens matter is built in here, where the paper found it in trained models. Losses are cross-entropies
//! against the language's exact probabilities.
//!
//! **Controls.** The same weights with everything in sight (the baseline); the window without the first tokens; the mask
//! without the bound on distances.

mod language;
mod transformer;

use anyhow::Result;

use crate::autograd::{Learner, Plan, Weights};
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Picture, Plot, Reproduction,
    Tile, Trial,
};
use language::{Language, TOKENS, WORDS};
use transformer::{Sight, Transformer};

static CARD: Card = Card {
    id: "lm-infinite",
    arxiv: "2308.16137",
    title: "LM-Infinite: Simple On-the-Fly Length Generalization for Large Language Models",
    family: Family::Networks,
    claim: "A small transformer reads texts eight times as long as those of its training as well as short ones when it \
            looks at the first and the last tokens only and told distances end at the training length; without, it fails.",
    published: "LLaMA and others, trained on 2,000 to 4,000 tokens, stay fluent up to 32,000 tokens, where the models \
                themselves fail beyond their training length; decoding 2.7 times as fast.",
    baseline: "The same weights with every earlier token in sight at its true distance.",
    kept: &[
        "the Lambda-shaped mask: first tokens and a window",
        "the bound on distances, with rotary positions: the query turned by the bound, the key not",
        "no training for length: one set of weights for all sights",
    ],
    left_out: &[
        "large models and real texts: two layers of 32 numbers a token and a made language of 16 words",
        "why first tokens matter: here the topic stands there; in large models attention gathers there by itself",
        "looking up tokens in the middle (its passkey test) and speed",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "long",
            name: "loss at eight times the length: everything in sight, Lambda with bound",
            unit: "nats",
            better: Better::Lower,
        },
        Metric {
            id: "flat",
            name: "loss with Lambda and bound: at the training length, at eight times it",
            unit: "nats",
            better: Better::Lower,
        },
        Metric {
            id: "first",
            name: "loss at eight times the length: window alone, Lambda with bound",
            unit: "nats",
            better: Better::Lower,
        },
        Metric {
            id: "bound",
            name: "loss at eight times the length: Lambda without bound, with",
            unit: "nats",
            better: Better::Lower,
        },
        Metric {
            id: "floor",
            name: "loss at the training length: the language's entropy, the network",
            unit: "nats",
            better: Better::Lower,
        },
    ],
    rule: &[
        Condition {
            text: "at eight times the training length the loss is lower by 0.2 nats than with everything in sight",
            metric: "long",
            expect: Expect::BetterBy(0.2),
        },
        Condition {
            text: "and at most 0.05 nats above that at the training length",
            metric: "flat",
            expect: Expect::BetterBy(-0.05),
        },
        Condition {
            text: "the first tokens are needed: 0.1 nats better than the window alone",
            metric: "first",
            expect: Expect::BetterBy(0.1),
        },
        Condition {
            text: "the bound is needed: 0.05 nats better than without",
            metric: "bound",
            expect: Expect::BetterBy(0.05),
        },
    ],
    likely_reason: "Rotary positions turn slowly in some of a head's pairs, and a small network may tell tokens by these: \
                    then distances beyond the training's are no surprise.",
    timed: false,
};

/// The reproduction.
pub(super) struct LmInfinite;

/// First tokens that stay in sight; the window has what is left of the training length.
const FIRST: usize = 4;
/// Texts a step.
const BATCH: usize = 8;
/// How many times the training length is read.
const TIMES: usize = 8;

/// The ways of looking, baseline first.
fn sights(length: usize) -> [(&'static str, Sight); 4] {
    let window = Some(length - FIRST);
    let lambda = Sight {
        window,
        first: FIRST,
        farthest: None,
    };
    [
        ("everything in sight", Sight::ALL),
        ("window alone", Sight { first: 0, ..lambda }),
        ("Lambda without bound", lambda),
        (
            "Lambda with bound",
            Sight {
                farthest: Some(length - 1),
                ..lambda
            },
        ),
    ]
}

impl Reproduction for LmInfinite {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn resumable(&self) -> bool {
        true
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let language = Language::new(&mut context.rng(0));
        let length = context.pick(16, 48, 96);
        let (transformer, start) = Transformer::new(&mut context.rng(1));
        let weights = learn(&language, &transformer, start, length, context)?;

        let rng = &mut context.rng(3);
        let texts: Vec<Vec<usize>> = (0..context.pick(4, 12, 24))
            .map(|_| language.text(TIMES * length, rng))
            .collect();
        let mut curves = Vec::new();
        for (at, (name, sight)) in sights(length).into_iter().enumerate() {
            let read = |text: &Vec<usize>| {
                let scores = transformer.read(&weights, text, sight).scores;
                let rows = scores.rows().into_iter().enumerate();
                rows.map(|(at, row)| {
                    let row: Vec<f64> = row.iter().map(|&s| f64::from(s)).collect();
                    loss(&language.next(&text[..=at]), &row)
                })
                .collect()
            };
            curves.push((name, by_position(texts.iter().map(read))));
            context.progress(0.8 + 0.05 * at as f64, name);
        }
        let entropy = by_position(texts.iter().map(|text| {
            let each = (0..text.len()).map(|at| entropy(&language.next(&text[..=at])));
            each.collect()
        }));
        // The last half of the training length, and as many tokens at the end.
        let trained = length / 2..length;
        let end = TIMES * length - length / 2..TIMES * length;
        let at_end = |which: usize| mean(&curves[which].1[end.clone()]);
        let at_length = |curve: &[f64]| mean(&curve[trained.clone()]);
        Ok(Trial::new()
            .measured("long", at_end(0), at_end(3))
            .measured("flat", at_length(&curves[3].1), at_end(3))
            .measured("first", at_end(1), at_end(3))
            .measured("bound", at_end(2), at_end(3))
            .measured("floor", at_length(&entropy), at_length(&curves[0].1))
            .plot(plot(&curves, &entropy, length))
            .picture(picture(&transformer, &weights, &texts[0], length)))
    }
}

fn learn(
    language: &Language,
    transformer: &Transformer,
    start: Weights,
    length: usize,
    context: &Context<'_>,
) -> Result<Weights> {
    let plan = Plan {
        name: "language",
        purpose: 2,
        steps: context.pick(80, 700, 2_000),
        rate: 0.005,
        part: (0.0, 0.8),
    };
    let mut learner = Learner::new(start);
    learner.train(&plan, context, |tape, weights, rng| {
        let mut texts = Vec::with_capacity(BATCH * length);
        let mut next = Vec::with_capacity(BATCH * length);
        for _ in 0..BATCH {
            let text = language.text(length + 1, rng);
            texts.extend_from_slice(&text[..length]);
            next.extend_from_slice(&text[1..]);
        }
        let scores = transformer.scores(tape, weights, &texts, length);
        Ok(tape.cross_entropy(scores, &next))
    })?;
    Ok(learner.weights)
}

/// The expected loss of scores where the next word's true probabilities are known, in nats.
fn loss(truth: &[f64; WORDS], scores: &[f64]) -> f64 {
    let greatest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = scores.iter().map(|s| (s - greatest).exp()).sum();
    let level = greatest + sum.ln();
    debug_assert_eq!(scores.len(), TOKENS, "one score a token");
    truth.iter().zip(scores).map(|(p, s)| p * (level - s)).sum()
}

fn entropy(truth: &[f64; WORDS]) -> f64 {
    truth.iter().map(|p| -p * p.ln()).sum()
}

/// The mean over texts, position by position.
fn by_position(texts: impl Iterator<Item = Vec<f64>>) -> Vec<f64> {
    let mut sum: Vec<f64> = Vec::new();
    let mut count = 0.0;
    for text in texts {
        sum.resize(text.len(), 0.0);
        sum.iter_mut().zip(&text).for_each(|(s, x)| *s += x);
        count += 1.0;
    }
    sum.iter().map(|s| s / count).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn plot(curves: &[(&str, Vec<f64>)], entropy: &[f64], length: usize) -> Plot {
    // Means of quarters of the training length.
    let part = length / 4;
    let points = |curve: &[f64]| -> Vec<(f64, f64)> {
        let parts = curve.chunks(part).enumerate();
        parts
            .map(|(at, values)| ((at as f64 + 0.5) * part as f64, mean(values)))
            .collect()
    };
    let plot = Plot::new(
        "positions",
        format!("Loss by position; trained on texts of {length} tokens"),
        Axis::linear("position in the text, tokens"),
        Axis::linear("loss, nats a token"),
    );
    let plot = curves
        .iter()
        .fold(plot, |plot, (name, curve)| plot.line(*name, points(curve)));
    plot.line("entropy of the language", points(entropy))
}

/// Who looks at whom, over the first two training lengths.
fn picture(transformer: &Transformer, weights: &Weights, text: &[usize], length: usize) -> Picture {
    let side = (2 * length).min(96);
    let picture = Picture::new(
        "looks",
        "The last layer's first head: each row a token, dark where it looks (first seed)",
        2,
    );
    let [all, _, _, lambda] = sights(length);
    [all, lambda]
        .into_iter()
        .fold(picture, |picture, (name, sight)| {
            let looks = transformer.read(weights, &text[..side], sight).looks;
            // The root makes small shares visible.
            let values = looks.iter().map(|share| 1.0 - share.sqrt());
            picture.tile(Tile::new(name, side, values))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loss_of_the_truth_is_its_entropy() {
        let mut truth = [0.5_f64 / 14.0; WORDS];
        truth[3] = 0.3;
        truth[5] = 0.2;
        let mut scores = [f64::NEG_INFINITY; TOKENS];
        for (score, p) in scores.iter_mut().zip(truth) {
            *score = p.ln() + 2.0;
        }
        assert!((loss(&truth, &scores) - entropy(&truth)).abs() < 1e-12);
        assert!((loss(&truth, &[0.0; TOKENS]) - (TOKENS as f64).ln()).abs() < 1e-12);
    }

    #[test]
    fn means_are_by_position() {
        let texts = [vec![1.0, 2.0], vec![3.0, 6.0]];
        assert_eq!(by_position(texts.into_iter()), [2.0, 4.0]);
    }

    #[test]
    fn the_window_and_the_first_tokens_make_the_training_length() {
        for (_, sight) in &sights(48)[1..] {
            assert_eq!(sight.window, Some(44));
        }
        assert_eq!(sights(48)[3].1.farthest, Some(47));
    }
}
