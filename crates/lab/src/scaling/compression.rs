//! Compression and ability: "Compression Represents Intelligence Linearly" (arXiv 2404.09937).
//!
//! **Claim.** Across language models the average score on tests is almost a straight line in how many bits a model
//! needs for a letter of text that it has not seen.
//!
//! **Mechanism.** Bits per character on fresh text, with the same context for all models (section 3); Pearson's
//! correlation of scores with it, and the error of the line (section 4).
//!
//! **Made here.** Models of letters of two kinds, counted and neural, of several sizes and lengths of training, on the
//! starter shelf's summaries. Text and test come from papers that no model has seen: the test is which of four spellings
//! stood in a place.
//!
//! **Control.** Does any measure of "more model" do as well? The logarithm of the number of learned values, on the same
//! models. That better compression comes with better choices is no cause: both follow from a better model.

use anyhow::Result;

use super::fit::line;
use super::spelling::{Counted, Model, Neural, Texts, accuracy, bits_per_letter, choose};
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Trial,
};

static CARD: Card = Card {
    id: "compression",
    arxiv: "2404.09937",
    title: "Compression Represents Intelligence Linearly",
    family: Family::Scaling,
    claim: "How well models do a test is almost a straight line in how many bits they need for a letter of text that \
            they have not seen.",
    published: "Pearson correlation of about -0.95 between average score and bits per character over 30 models and \
                12 tests.",
    baseline: "The logarithm of the number of learned values as the measure of a model.",
    kept: &[
        "bits per character on held-out text with the same context for all models",
        "models of different kinds, sizes and amounts of training in one line",
        "a test that is not the text itself: choosing among four spellings",
    ],
    left_out: &[
        "large language models and three areas of ability: models of letters and one test",
        "sliding windows: the context is always the last six letters",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "correlation",
            name: "correlation with the score, without sign",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "line",
            name: "score's error from the line, left-one-out",
            unit: "",
            better: Better::Lower,
        },
    ],
    rule: &[
        Condition {
            text: "the correlation with bits per character is at least 0.9",
            metric: "correlation",
            expect: Expect::AtLeast(0.9),
        },
        Condition {
            text: "and higher than with the number of learned values by at least 0.1",
            metric: "correlation",
            expect: Expect::BetterBy(0.1),
        },
        Condition {
            text: "a line through the other models predicts a model's score with at most half the error",
            metric: "line",
            expect: Expect::Times(2.0),
        },
    ],
    likely_reason: "With few items a score is known to some hundredths only, which bends no line but scatters it.",
    timed: false,
};

/// The reproduction.
pub(super) struct Compression;

impl Reproduction for Compression {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let rng = &mut context.rng(0);
        let texts = Texts::new(rng);
        let items = texts.cloze(context.pick(150, 600, 600), 4, rng);
        let mut pool = Pool::default();
        let mut judge = |model: &dyn Model| {
            pool.bits.push(bits_per_letter(model, &texts.held_out));
            pool.scores.push(accuracy(&choose(model, &items)));
            pool.sizes.push((model.parameters() as f64).log10());
        };
        for order in 1..=5 {
            judge(&Counted::new(&texts.training, order));
        }
        let widths: &[usize] = context.pick(&[4, 16], &[3, 8, 24, 64], &[3, 8, 24, 64, 128]);
        let looks: &[usize] =
            context.pick(&[50, 300], &[100, 600, 4_000], &[100, 600, 4_000, 12_000]);
        let last = looks[looks.len() - 1];
        for (at, &width) in widths.iter().enumerate() {
            let rng = &mut context.rng(1 + width as u64);
            let mut model = Neural::new(width, rng);
            model.train(&texts.training, last, 0.004, rng, |step, model| {
                if looks.contains(&step) {
                    judge(model);
                }
            });
            context.progress(
                (at + 1) as f64 / widths.len() as f64,
                &format!("width {width}"),
            );
        }
        Ok(Trial::new()
            .measured(
                "correlation",
                pearson(&pool.sizes, &pool.scores).abs(),
                pearson(&pool.bits, &pool.scores).abs(),
            )
            .measured(
                "line",
                left_out_error(&pool.sizes, &pool.scores),
                left_out_error(&pool.bits, &pool.scores),
            )
            .plot(pool.plot()))
    }
}

/// What was measured of every model.
#[derive(Default)]
struct Pool {
    bits: Vec<f64>,
    scores: Vec<f64>,
    sizes: Vec<f64>,
}

impl Pool {
    fn plot(&self) -> Plot {
        let points: Vec<(f64, f64)> = self
            .bits
            .iter()
            .copied()
            .zip(self.scores.iter().copied())
            .collect();
        let (counted, neural) = points.split_at(5);
        let (level, slope) = line(&self.bits, &self.scores);
        let low = self.bits.iter().copied().fold(f64::INFINITY, f64::min);
        let high = self.bits.iter().copied().fold(0.0, f64::max);
        Plot::new(
            "scores",
            "Score and compression of each model (one seed)",
            Axis::linear("bits a letter, held-out text"),
            Axis::linear("share of spellings chosen rightly"),
        )
        .points("counted letters", counted.to_vec())
        .points("networks", neural.to_vec())
        .line(
            "line through all",
            [low, high].map(|x| (x, level + slope * x)),
        )
    }
}

/// Pearson's correlation; zero where one side does not vary.
fn pearson(x: &[f64], y: &[f64]) -> f64 {
    let n = x.len() as f64;
    let (mean_x, mean_y) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let sum = |of: &dyn Fn(f64, f64) -> f64| -> f64 {
        x.iter()
            .zip(y)
            .map(|(x, y)| of(x - mean_x, y - mean_y))
            .sum()
    };
    let spread = (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt();
    if spread > 0.0 {
        sum(&|x, y| x * y) / spread
    } else {
        0.0
    }
}

/// The mean distance of a score from the line through all others.
fn left_out_error(x: &[f64], y: &[f64]) -> f64 {
    let without = |values: &[f64], at: usize| -> Vec<f64> {
        let kept = values.iter().enumerate().filter(|(other, _)| *other != at);
        kept.map(|(_, v)| *v).collect()
    };
    let error = |at: usize| {
        let (level, slope) = line(&without(x, at), &without(y, at));
        (level + slope * x[at] - y[at]).abs()
    };
    (0..x.len()).map(error).sum::<f64>() / x.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlation_and_left_out_error_are_by_hand() {
        // numpy.corrcoef([1, 2, 3, 4], [2, 1, 4, 3])[0, 1] = 0.6
        let (x, y) = ([1.0, 2.0, 3.0, 4.0], [2.0, 1.0, 4.0, 3.0]);
        assert!((pearson(&x, &y) - 0.6).abs() < 1e-12);
        assert_eq!(pearson(&[1.0, 1.0], &[1.0, 2.0]), 0.0);
        // A straight line is met from any others.
        assert!(left_out_error(&x, &[1.0, 3.0, 5.0, 7.0]) < 1e-12);
        // Left out 3: the line through (1, 0) and (2, 0) misses 3 by 3; 1 by the line through (2, 0), (3, 3): 3; and
        // the middle by 1.5.
        assert!((left_out_error(&[1.0, 2.0, 3.0], &[0.0, 0.0, 3.0]) - 2.5).abs() < 1e-12);
    }
}
