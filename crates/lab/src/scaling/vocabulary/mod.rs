//! Vocabulary and compute: "Scaling Laws with Vocabulary: Larger Models Deserve Larger Vocabularies" (arXiv
//! 2407.13623).
//!
//! **Claim.** The best size of the vocabulary grows with the compute budget, more slowly than the rest of the model, and
//! a vocabulary chosen by this law is better than one that stays as it is.
//!
//! **Mechanism.** Approach 1 (section 4.1): for every budget of compute, `F = 6 (N_nv + N_v) D` with `N_v = V d` for the
//! vocabulary and `N_nv` for the rest, vocabularies and widths are tried with the data that the budget leaves; the best
//! of each budget gives `N_v ~ F^a` and `N_nv ~ F^b` with `a < b` (the paper: 0.42 and 0.50).
//!
//! **Made here.** Endless text drawn from counts of five letters of the starter shelf, pairs merged as in
//! [`merges`], and networks over the last three tokens. Vocabularies are compared in bits a letter, which no vocabulary
//! favours; the paper's loss relative to single tokens serves the same end.
//!
//! **Control.** The vocabulary that was best for the smallest budget, kept for the largest, with the best width of its own.

mod merges;

use anyhow::Result;
use rand::RngExt as _;

use super::fit::{Data, Options, fit, forms, linear};
use super::layers::{Input, Network, cross_entropy_slope, log_softmax};
use super::spelling::{CONTEXT, Counted, LETTERS, Texts};
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Rng, Trial,
};
use merges::Encoded;

static CARD: Card = Card {
    id: "vocabulary-scaling",
    arxiv: "2407.13623",
    title: "Scaling Laws with Vocabulary: Larger Models Deserve Larger Vocabularies",
    family: Family::Scaling,
    claim: "The best vocabulary grows with the compute budget, more slowly than the rest of the model; one chosen by \
            this law beats the one that was best for a small budget.",
    published: "Vocabulary parameters grow with compute as F^0.42, the others as F^0.50; a 3B model with 43,000 tokens \
                instead of 32,000 gets 32.0 instead of 29.1 on ARC-Challenge at equal compute.",
    baseline: "The best vocabulary of the smallest budget, at the largest budget.",
    kept: &[
        "equal compute: a larger vocabulary sees less text",
        "the best vocabulary and width for every budget, and power laws through them (approach 1)",
        "a comparison that no vocabulary favours",
    ],
    left_out: &[
        "transformers of 33M parameters and more: networks over three tokens, text drawn from counts of letters",
        "approaches 2 and 3 (derivative and parametric fit) and tests of ability",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "bits",
            name: "bits a letter at the largest budget",
            unit: "bits",
            better: Better::Lower,
        },
        Metric {
            id: "growth",
            name: "exponent of vocabulary parameters in compute (none, fitted)",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "slower",
            name: "exponent over compute: the others', the vocabulary's",
            unit: "",
            better: Better::Lower,
        },
    ],
    rule: &[
        Condition {
            text: "the vocabulary by the law needs fewer bits a letter at the largest budget, by 0.01",
            metric: "bits",
            expect: Expect::BetterBy(0.01),
        },
        Condition {
            text: "vocabulary parameters grow with compute",
            metric: "growth",
            expect: Expect::BetterBy(0.1),
        },
        Condition {
            text: "and more slowly than the others",
            metric: "slower",
            expect: Expect::BetterBy(0.0),
        },
    ],
    likely_reason: "In networks this small the vocabulary holds nearly all parameters, and their range of widths is \
                    too short to tell two exponents apart.",
    timed: false,
};

/// Vocabularies that are tried, from single letters on.
const VOCABULARIES: [usize; 6] = [LETTERS, 48, 80, 128, 224, 384];
/// Tokens before the one that is predicted.
const BEFORE: usize = 3;

/// The reproduction.
pub(super) struct Vocabulary;

/// The best that a vocabulary reaches with a budget, over widths.
#[derive(Debug, Clone, Copy)]
struct Reached {
    vocabulary: usize,
    width: usize,
    bits: f64,
}

impl Reproduction for Vocabulary {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let rng = &mut context.rng(0);
        let source = Counted::new(&Texts::new(rng).training, 5);
        let letters = context.pick(20_000, 150_000, 600_000);
        let training = Encoded::all(&write(&source, letters, rng), &VOCABULARIES, None);
        let held_out = Encoded::all(&write(&source, 8_000, rng), &VOCABULARIES, Some(&training));
        let budgets: &[f64] = context.pick(&[2e6, 6e6], &[2e7, 6e7, 1.8e8], &[2e7, 1e8, 5e8]);
        let largest = context.pick(1.8e7, 1e9, 5e9);
        let widths: &[usize] = context.pick(&[8, 16], &[8, 16, 32, 64], &[16, 32, 64, 96]);

        let try_one = |at: usize, budget: f64| -> Reached {
            let each = widths.iter().map(|&width| {
                let rng = &mut context.rng((at * 1_000 + width) as u64 + 1);
                let bits = bits(&training[at], &held_out[at], width, budget, rng);
                Reached {
                    vocabulary: VOCABULARIES[at],
                    width,
                    bits,
                }
            });
            let better = |a: Reached, b: Reached| if b.bits < a.bits { b } else { a };
            let none = Reached {
                vocabulary: 0,
                width: 0,
                bits: f64::INFINITY,
            };
            each.fold(none, better)
        };
        let mut tried: Vec<Vec<Reached>> = Vec::new();
        for (at, &budget) in budgets.iter().enumerate() {
            tried.push(
                (0..VOCABULARIES.len())
                    .map(|v| try_one(v, budget))
                    .collect(),
            );
            context.progress(0.5 * (at + 1) as f64 / budgets.len() as f64, "budgets");
        }
        let laws = Laws::fit(budgets, &tried)?;
        let kept = nearest(best_vocabulary(&tried[0]));
        let by_law = nearest(laws.vocabulary(largest));
        let baseline = try_one(kept, largest);
        context.progress(0.75, "largest budget");
        let method = try_one(by_law, largest);
        Ok(Trial::new()
            .measured("bits", baseline.bits, method.bits)
            .measured("growth", 0.0, laws.of_vocabulary)
            .measured("slower", laws.of_others, laws.of_vocabulary)
            .plot(plot(budgets, &tried, &[baseline, method], largest)))
    }
}

/// Text drawn letter by letter.
fn write(source: &Counted, letters: usize, rng: &mut Rng) -> Vec<usize> {
    let mut text = vec![0; CONTEXT];
    let mut seen = [0; CONTEXT];
    while text.len() < letters + CONTEXT {
        let chance = rng.random::<f64>();
        let mut sum = 0.0;
        let probabilities = source.row(&seen);
        let next = probabilities.iter().position(|p| {
            sum += p;
            sum > chance
        });
        let letter = next.unwrap_or(0);
        text.push(letter);
        seen.rotate_left(1);
        seen[CONTEXT - 1] = letter;
    }
    text.split_off(CONTEXT)
}

/// Trains a network of this width for a budget and tells its bits a letter on the held-out text.
fn bits(training: &Encoded, held_out: &Encoded, width: usize, budget: f64, rng: &mut Rng) -> f64 {
    let vocabulary = training.vocabulary;
    let mut network = Network::new(
        &[BEFORE * vocabulary, width, width, vocabulary],
        BEFORE,
        rng,
    );
    let parameters = width * width + vocabulary * width;
    let batch = 16;
    let steps = (budget / (6 * parameters * batch) as f64) as usize;
    let text = &training.tokens;
    for step in 0..steps {
        let at: Vec<usize> = (0..batch)
            .map(|_| rng.random_range(BEFORE..text.len()))
            .collect();
        let next: Vec<usize> = at.iter().map(|&at| text[at]).collect();
        let places = places(text, &at, vocabulary);
        let rate = 0.006 * (1.0 - step as f32 / steps as f32);
        let input = Input {
            places: &places,
            each: BEFORE,
        };
        network.step(input, rate, |scores| cross_entropy_slope(scores, &next));
    }
    // All letters but those of the first tokens, which have nothing before them.
    let all: Vec<usize> = (BEFORE..held_out.tokens.len()).collect();
    let mut sum = 0.0;
    for part in all.chunks(1_024) {
        let places = places(&held_out.tokens, part, vocabulary);
        let mut scores = network.outputs(Input {
            places: &places,
            each: BEFORE,
        });
        log_softmax(&mut scores);
        for (row, &at) in part.iter().enumerate() {
            sum -= f64::from(scores[(row, held_out.tokens[at])]);
        }
    }
    sum / std::f64::consts::LN_2 / held_out.letters_from(BEFORE) as f64
}

fn places(text: &[usize], at: &[usize], vocabulary: usize) -> Vec<usize> {
    let before = |at: usize| (0..BEFORE).map(move |back| back * vocabulary + text[at - 1 - back]);
    at.iter().flat_map(|&at| before(at)).collect()
}

/// Where the bits of one budget are least: the bottom of a parabola through the best three in the logarithm of the
/// vocabulary, within what was tried.
fn best_vocabulary(tried: &[Reached]) -> f64 {
    let order = |a: &usize, b: &usize| tried[*a].bits.total_cmp(&tried[*b].bits);
    let best = (0..tried.len()).min_by(order).unwrap_or(0);
    let around = &tried[best.saturating_sub(1)..(best + 2).min(tried.len())];
    let x: Vec<f64> = around.iter().map(|r| (r.vocabulary as f64).ln()).collect();
    let y: Vec<f64> = around.iter().map(|r| r.bits).collect();
    let columns = [
        vec![1.0; x.len()],
        x.clone(),
        x.iter().map(|x| x * x).collect(),
    ];
    let bottom = match linear(&columns, &y, &vec![1.0; x.len()]) {
        Some(c) if c[2] > 0.0 => -c[1] / (2.0 * c[2]),
        _ => (tried[best].vocabulary as f64).ln(),
    };
    bottom.clamp(x[0], x[x.len() - 1]).exp()
}

/// The tried vocabulary nearest to a size.
fn nearest(size: f64) -> usize {
    let off = |at: &usize| (VOCABULARIES[*at] as f64 / size).ln().abs();
    let order = |a: &usize, b: &usize| off(a).total_cmp(&off(b));
    (0..VOCABULARIES.len()).min_by(order).unwrap_or(0)
}

/// Power laws of the best vocabulary and of both kinds of parameters in compute.
struct Laws {
    vocabulary: super::fit::Fit,
    of_vocabulary: f64,
    of_others: f64,
}

impl Laws {
    fn fit(budgets: &[f64], tried: &[Vec<Reached>]) -> Result<Laws> {
        let sizes: Vec<f64> = tried.iter().map(|all| best_vocabulary(all)).collect();
        let widths: Vec<f64> = tried
            .iter()
            .zip(&sizes)
            .map(|(all, &size)| width_at(all, size))
            .collect();
        let law = |values: &[f64]| {
            fit(
                &forms::POWER,
                &Data::xy(budgets, values)?,
                &Options::squares(),
            )
        };
        let exponent = |values: Vec<f64>| -> Result<f64> { Ok(-law(&values)?.parameter("alpha")) };
        let with = sizes.iter().zip(&widths).map(|(size, width)| size * width);
        Ok(Laws {
            of_vocabulary: exponent(with.collect())?,
            of_others: exponent(widths.iter().map(|width| width * width).collect())?,
            vocabulary: law(&sizes)?,
        })
    }

    fn vocabulary(&self, budget: f64) -> f64 {
        self.vocabulary.predict(&[budget])
    }
}

/// The best width of a vocabulary between two that were tried: between theirs, in logarithms.
fn width_at(tried: &[Reached], size: f64) -> f64 {
    let at = tried.partition_point(|r| (r.vocabulary as f64) < size * (1.0 - 1e-9));
    let (below, above) = (
        &tried[at.saturating_sub(1)],
        &tried[at.min(tried.len() - 1)],
    );
    if below.vocabulary == above.vocabulary {
        return above.width as f64;
    }
    let part = (size / below.vocabulary as f64).ln()
        / (above.vocabulary as f64 / below.vocabulary as f64).ln();
    let part = part.clamp(0.0, 1.0);
    (below.width as f64).powf(1.0 - part) * (above.width as f64).powf(part)
}

fn plot(budgets: &[f64], tried: &[Vec<Reached>], last: &[Reached; 2], largest: f64) -> Plot {
    let plot = Plot::new(
        "budgets",
        "Bits a letter by vocabulary and budget",
        Axis::log("tokens in the vocabulary"),
        Axis::linear("bits a letter, held-out text"),
    );
    let point = |r: &Reached| (r.vocabulary as f64, r.bits);
    let plot = budgets.iter().zip(tried).fold(plot, |plot, (budget, all)| {
        plot.line(format!("{budget:.0e} operations"), all.iter().map(point))
    });
    plot.points(format!("{largest:.0e}, vocabulary kept"), [point(&last[0])])
        .points(format!("{largest:.0e}, by the law"), [point(&last[1])])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reached(vocabulary: usize, width: usize, bits: f64) -> Reached {
        Reached {
            vocabulary,
            width,
            bits,
        }
    }

    #[test]
    fn the_bottom_lies_between_what_was_tried() {
        let curve = |v: usize| 3.0 + 0.1 * ((v as f64) / 100.0).ln().powi(2);
        let tried: Vec<Reached> = VOCABULARIES
            .iter()
            .map(|&v| reached(v, 16, curve(v)))
            .collect();
        assert!((best_vocabulary(&tried) - 100.0).abs() < 1e-6);
        let falling: Vec<Reached> = VOCABULARIES
            .iter()
            .map(|&v| reached(v, 16, -(v as f64)))
            .collect();
        assert!((best_vocabulary(&falling) - 384.0).abs() < 1e-6);
        assert_eq!(VOCABULARIES[nearest(100.0)], 80);
    }

    #[test]
    fn widths_go_along_with_vocabularies() {
        let tried = [reached(32, 8, 0.0), reached(128, 32, 0.0)];
        assert!((width_at(&tried, 64.0) - 16.0).abs() < 1e-9);
        assert!(
            (width_at(&tried, 10.0) - 8.0).abs() < 1e-9
                && (width_at(&tried, 500.0) - 32.0).abs() < 1e-9
        );
    }
}
