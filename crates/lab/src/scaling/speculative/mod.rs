//! Yan and others 2025, "Scaling Laws for Speculative Decoding" (arXiv 2505.07858).
//!
//! *Claim.* In speculative decoding, a small model drafts and the large one checks. How many drafts it accepts grows in
//! proportion to the logarithm of the drafter's training tokens, and to the logarithm of its size.
//!
//! *Mechanism.* A draft x from shares q is accepted by a target with shares p with chance `min(1, p(x) / q(x))`; on refusal
//! the target draws from `max(0, p - q)` scaled to one (Leviathan and others 2023). So the acceptance rate at a place is
//! `sum of min(p, q)`, exact without sampling, and what comes out is distributed as the target's own text.
//!
//! *Generated.* A target of 64 units and drafters of growing width learn letters (`letters`); drafters are measured
//! at checkpoints that double. *Control.* The law in log tokens is compared with a line in tokens, and on the longest-trained
//! drafters, held out, with a law that saturates: refusals as a power law plus a constant. Decoding is run as well, and its
//! output compared with the target's shares.

mod decoding;

use anyhow::Result;

use self::decoding::{acceptance, decode, decode_alone, distance, own_places};
use super::fit::{Data, Options, fit, forms, line};
use super::letters::{BATCH, Before, Writer, network, rate, train};
use super::net::{Adam, Net, Unit};
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Trial,
};

static CARD: Card = Card {
    id: "speculative-scaling",
    arxiv: "2505.07858",
    title: "Scaling Laws for Speculative Decoding",
    family: Family::Scaling,
    claim: "The share of drafts that a large model accepts grows in a straight line with the logarithm of the drafter's \
            training tokens, and with the logarithm of its size.",
    published: "Log-linear laws of acceptance in pretraining tokens and in draft capacity; Scylla accepts 1.5 to 2.2 \
                more than EAGLE-2 and decodes twice as fast in an industrial engine.",
    baseline: "A straight line in the tokens themselves; for the longest-trained, a law that saturates; for speed, the \
               target alone.",
    kept: &[
        "acceptance as the exact overlap of shares, at places of the target's own text",
        "drafters over a range of tokens and of sizes; chains of four drafts, checked and corrected without loss",
        "the law judged on drafters trained longer than any it was fitted to",
    ],
    left_out: &[
        "language models, trees of drafts, batches and clocks: speed is letters per call of the target",
        "drafters that read the target's hidden states",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "tokens",
            name: "variance of acceptance explained (line in tokens, line in log tokens)",
            unit: "share",
            better: Better::Higher,
        },
        Metric {
            id: "foretold",
            name: "error of the longest-trained's acceptance (saturating law, line in log tokens)",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "size",
            name: "variance of acceptance explained (line in size, line in log size)",
            unit: "share",
            better: Better::Higher,
        },
        Metric {
            id: "speed",
            name: "letters per call of the target",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "faith",
            name: "distance of decoded letters from the target's shares (target, drafts)",
            unit: "",
            better: Better::Lower,
        },
    ],
    rule: &[
        Condition {
            text: "log tokens explain a tenth more of the variance than tokens do",
            metric: "tokens",
            expect: Expect::BetterBy(0.1),
        },
        Condition {
            text: "the line in log tokens explains 95 % of the variance",
            metric: "tokens",
            expect: Expect::AtLeast(0.95),
        },
        Condition {
            text: "it foretells the longest-trained within 0.01 as well as a law that saturates",
            metric: "foretold",
            expect: Expect::BetterBy(-0.01),
        },
        Condition {
            text: "the line in log size explains 95 % of the variance",
            metric: "size",
            expect: Expect::AtLeast(0.95),
        },
        Condition {
            text: "drafting gives half as many letters again per call, or more",
            metric: "speed",
            expect: Expect::Times(1.5),
        },
        Condition {
            text: "decoded letters are as near to the target's shares as its own samples, within 0.01",
            metric: "faith",
            expect: Expect::BetterBy(-0.01),
        },
    ],
    likely_reason: "Acceptance cannot pass one: near the target's own quality the line must bend, and small drafters of \
                    letters come near it soon.",
    timed: false,
};

/// Laws of acceptance.
pub struct Speculative;

impl Reproduction for Speculative {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let target = target(context);
        context.progress(0.3, "the target has learnt");
        let places = own_places(&target, context.pick(200, 1000, 4000), &mut context.rng(4));
        let drafters = drafters(context, &target, &places);

        let widths = widths(context);
        let middle = widths[widths.len() / 2];
        let by_tokens: Vec<(f64, f64)> = drafters
            .iter()
            .filter(|drafter| drafter.width == middle)
            .map(|drafter| (drafter.tokens, drafter.acceptance))
            .collect();
        let longest = by_tokens.last().map_or(0.0, |point| point.0);
        let by_size: Vec<(f64, f64)> = drafters
            .iter()
            .filter(|drafter| drafter.tokens == longest)
            .map(|drafter| (drafter.size, drafter.acceptance))
            .collect();
        let (first, rest) = split(&by_tokens);
        let (saturating, straight) = foretold(&by_tokens)?;
        let widest = &drafters[drafters.len() - 1].net;
        let count = context.pick(2000, 20_000, 200_000);
        let mut rng = context.rng(5);
        let decoded = decode(&target, widest, count, &mut rng);
        let own = decode_alone(&target, count, &mut rng);
        Ok(Trial::new()
            .measured(
                "tokens",
                explained(&by_tokens, |x| x),
                explained(&by_tokens, f64::ln),
            )
            .measured("foretold", saturating, straight)
            .measured(
                "size",
                explained(&by_size, |x| x),
                explained(&by_size, f64::ln),
            )
            .measured(
                "speed",
                1.0,
                decoded.letters.len() as f64 / decoded.calls as f64,
            )
            .measured(
                "faith",
                distance(&target, &own),
                distance(&target, &decoded.letters),
            )
            .plot(plot(
                "tokens",
                "training letters of the drafter",
                first,
                rest,
            ))
            .plot(plot("size", "weights of the drafter", &by_size, &[])))
    }
}

fn target(context: &Context<'_>) -> Net {
    let (width, steps) = context.pick((32, 300), (64, 4000), (128, 40_000));
    let mut adam = Adam::new(network(width, Unit::Relu, false, &mut context.rng(1)));
    let mut writer = Writer::new(context.rng(2));
    // Over the second half the steps grow shorter: a target that has come to rest.
    let left = |step: usize| 2.0 * (1.0 - step as f32 / steps as f32);
    train(&mut adam, &mut writer, steps, |step| {
        rate(width) * left(step).min(1.0)
    });
    adam.net
}

fn widths(context: &Context<'_>) -> &'static [usize] {
    context.pick(&[2, 4, 8, 16], &[2, 4, 8, 16, 32], &[2, 4, 8, 16, 32, 64])
}

/// A drafter at a checkpoint.
struct Drafter {
    width: usize,
    size: f64,
    tokens: f64,
    acceptance: f64,
    net: Net,
}

/// Drafters of every width at every checkpoint; narrow ones first, each from few tokens to many.
fn drafters(context: &Context<'_>, target: &Net, places: &[Before]) -> Vec<Drafter> {
    let (first, count) = context.pick((8, 5), (32, 8), (32, 11));
    let widths = widths(context);
    let work: usize = widths.iter().sum();
    let (mut done, mut drafters) = (0, Vec::new());
    for &width in widths {
        let net = network(
            width,
            Unit::Relu,
            false,
            &mut context.rng(100 + width as u64),
        );
        let mut adam = Adam::new(net);
        let mut writer = Writer::new(context.rng(3));
        let mut steps = 0;
        for at in 0..count {
            train(&mut adam, &mut writer, (first << at) - steps, |_| {
                rate(width)
            });
            steps = first << at;
            drafters.push(Drafter {
                width,
                size: adam.net.shape.parameters() as f64,
                tokens: (steps * BATCH) as f64,
                acceptance: acceptance(target, &adam.net, places),
                net: adam.net.clone(),
            });
        }
        done += width;
        context.progress(0.3 + 0.6 * done as f64 / work as f64, "a drafter");
    }
    drafters
}

/// The share of variance that a line explains, after a change of the horizontal axis.
fn explained(points: &[Point], axis: fn(f64) -> f64) -> f64 {
    let (x, y): (Vec<f64>, Vec<f64>) = points.iter().map(|&(x, y)| (axis(x), y)).unzip();
    let (intercept, slope) = line(&x, &y);
    let mean = y.iter().sum::<f64>() / y.len() as f64;
    let left = x
        .iter()
        .zip(&y)
        .map(|(x, y)| (y - intercept - slope * x).powi(2));
    let all = y.iter().map(|y| (y - mean).powi(2));
    1.0 - left.sum::<f64>() / all.sum::<f64>()
}

/// Tokens or size, and the acceptance rate.
type Point = (f64, f64);

/// The longest-trained quarter of the checkpoints is held out.
fn split(points: &[Point]) -> (&[Point], &[Point]) {
    points.split_at(points.len() - (points.len() / 4).max(1))
}

/// The mean error on the longest-trained: of refusals as a power law plus a constant, and of the line in log tokens.
fn foretold(points: &[Point]) -> Result<(f64, f64)> {
    let (fitted, held) = split(points);
    let (x, y): (Vec<f64>, Vec<f64>) = fitted.iter().copied().unzip();
    let refusals: Vec<f64> = y.iter().map(|accepted| 1.0 - accepted).collect();
    let law = fit(
        &forms::FLOOR,
        &Data::xy(&x, &refusals)?,
        &Options::default(),
    )?;
    let logs: Vec<f64> = x.iter().map(|x| x.ln()).collect();
    let (intercept, slope) = line(&logs, &y);
    let error = |at: &dyn Fn(f64) -> f64| {
        let errors = held.iter().map(|&(x, y)| (at(x) - y).abs());
        errors.sum::<f64>() / held.len() as f64
    };
    Ok((
        error(&|x| 1.0 - law.predict(&[x])),
        error(&|x| intercept + slope * x.ln()),
    ))
}

/// Acceptance with the line through the fitted points; none need be held out.
fn plot(id: &str, axis: &str, fitted: &[Point], held: &[Point]) -> Plot {
    let logs = |points: &[Point]| -> (Vec<f64>, Vec<f64>) {
        points.iter().map(|&(x, y)| (x.ln(), y)).unzip()
    };
    let (x, y) = logs(fitted);
    let (intercept, slope) = line(&x, &y);
    let all = fitted.iter().chain(held);
    let straight = all.map(|&(x, _)| (x, intercept + slope * x.ln()));
    Plot::new(
        id,
        format!("Accepted drafts by {axis}"),
        Axis::log(axis),
        Axis::linear("acceptance rate"),
    )
    .line("line in the logarithm", straight)
    .points("fitted", fitted.iter().copied())
    .points("held out", held.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_in_logarithms_is_known_from_one_that_saturates() {
        let points = |of: fn(f64) -> f64| -> Vec<(f64, f64)> {
            (5..13)
                .map(|at| 2f64.powi(at))
                .map(|x| (x, of(x)))
                .collect()
        };
        let straight = points(|x| 0.1 + 0.05 * x.ln());
        assert!((explained(&straight, f64::ln) - 1.0).abs() < 1e-9);
        assert!(explained(&straight, |x| x) < 0.9);
        let (saturating, line) = foretold(&points(|x| 0.8 - 2.0 / x.sqrt())).unwrap();
        assert!(saturating < 1e-3 && line > 0.01, "{saturating} {line}");
    }
}
