//! The Languini Kitchen (Stanić, Ashley, Serikov, Kirsch, Faccio, Schmidhuber, Hofmann, Schlag; arXiv 2309.11197).
//!
//! **Claim.** Models of language are compared at equal compute, not at equal size or text, and by their trend over several
//! budgets. There the feed-forward model is better at every budget measured, but the recurrent one gains more with each
//! doubling, so that their lines cross at a budget that nobody measured.
//!
//! **Mechanism** (sections 3 to 5). A class is a budget of compute. A model's throughput says how much text it may see in a
//! class; it is trained on that much, once, with a schedule of that length, and scored in bits a character on held-out
//! text, which no tokeniser can flatter. Lines are fitted through bits over the logarithm of the budget.
//!
//! **What is generated.** Text without end from a chain of words whose successions are those of the starter shelf's
//! summaries (`text.rs`), so that no text is seen twice. The feed-forward model sees a window of letters (`window.rs`); the
//! recurrent one has gates that depend on its input alone, as the paper's quasi-LSTM (`recurrent.rs`).
//!
//! **Control.** Both get the same budgets, the same text, the same two widths and three rates to choose from on validation
//! text. And lines must show what they are good for: the gap at the largest class is forecast from the smaller ones, beside
//! taking the last known gap.

mod dense;
mod recurrent;
mod text;
mod window;

use rand::RngExt as _;

use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Rng, Trial,
};

use recurrent::Recurrent;
use window::Window;

static CARD: Card = Card {
    id: "languini",
    arxiv: "2309.11197",
    title: "The Languini Kitchen: Enabling Language Modelling Research at Different Scales of Compute",
    family: Family::Evaluation,
    claim: "At equal compute a feed-forward model of language is better at every budget measured, but a fast recurrent one gains more with each doubling; lines over budgets forecast the gap at a larger one.",
    published: "GPT better at all classes of compute, the quasi-LSTM's trend steeper; the lines cross near 50,000 accelerator hours.",
    baseline: "A feed-forward model that sees a window of ten letters; for the forecast, the gap at the largest class known before.",
    kept: &[
        "classes of compute, text seen once by each model's throughput, a schedule of each class's length",
        "bits a character on held-out text",
        "a recurrent model whose gates do not depend on its state",
        "lines through several classes, carried on to a larger one",
    ],
    left_out: &[
        "accelerator hours: compute is counted in multiplications, so that a run comes out alike everywhere; the clock would count memory too",
        "books and tokenisers: generated text of 27 signs",
        "GPT: a window of letters without attention",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "slope",
            name: "bits a character gained with each doubling of compute: window, recurrent",
            unit: "bits",
            better: Better::Higher,
        },
        Metric {
            id: "lead",
            name: "lead of the window model: smallest class, largest class",
            unit: "bits",
            better: Better::Higher,
        },
        Metric {
            id: "forecast",
            name: "error of the gap forecast for the largest class: last gap, lines",
            unit: "bits",
            better: Better::Lower,
        },
        Metric {
            id: "largest",
            name: "bits a character at the largest class: window, recurrent",
            unit: "bits",
            better: Better::Lower,
        },
    ],
    rule: &[
        Condition {
            text: "the recurrent model gains at least 1.1 times as much with each doubling",
            metric: "slope",
            expect: Expect::Times(1.1),
        },
        Condition {
            text: "the window model still leads at the largest class",
            metric: "lead",
            expect: Expect::AtLeast(0.0),
        },
        Condition {
            text: "lines forecast the gap better than the last gap does",
            metric: "forecast",
            expect: Expect::BetterBy(0.0),
        },
    ],
    likely_reason: "The lines of models this small cross within the classes measured, where the window's lead is over, and their curves bend where lines go straight on.",
    timed: false,
};

/// The reproduction.
pub(super) struct Languini;

const CLASSES: usize = 5;
const RATES: [f32; 3] = [3e-3, 1e-2, 3e-2];
/// Characters that the window sees.
const CONTEXT: usize = 10;
/// Streams of text read beside each other, and characters of each in one step of training.
const STREAMS: usize = 4;
const STRETCH: usize = 32;

/// A model of the next sign, trained step by step.
trait Model {
    /// Multiplications to learn from one character: one forward, two backward.
    fn cost(&self) -> f64;
    /// Learns from the next stretch of every stream: signs `at` to `at + STRETCH`, and what comes before them.
    fn learn(&mut self, streams: &[Vec<u8>], at: usize, rate: f32);
    /// Mean bits for each sign of a text after its first [`CONTEXT`].
    fn bits(&self, text: &[u8]) -> f64;
}

/// Texts to choose by and to score by.
struct HeldOut {
    validation: Vec<u8>,
    test: Vec<u8>,
}

/// One way to make a model of a width.
type Make = fn(width: usize, rng: &mut Rng) -> Box<dyn Model>;

impl Reproduction for Languini {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> anyhow::Result<Trial> {
        let smallest = context.pick(3e6, 1e8, 4e8);
        let classes: Vec<f64> = (0..CLASSES)
            .map(|at| smallest * f64::from(1 << at))
            .collect();
        let source = text::Source::new();
        let mut rng = context.rng(1);
        let held_out = HeldOut {
            validation: source.write(context.pick(600, 3000, 6000), &mut rng),
            test: source.write(context.pick(1000, 6000, 20_000), &mut rng),
        };
        let kinds: [(Make, [usize; 2]); 2] = [
            (
                |width, rng| Box::new(Window::new(width, rng)),
                context.pick([8, 16], [24, 48], [32, 64]),
            ),
            (
                |width, rng| Box::new(Recurrent::new(width, rng)),
                context.pick([6, 10], [16, 28], [20, 40]),
            ),
        ];
        let mut curves = Vec::with_capacity(2);
        for (kind, (make, widths)) in kinds.into_iter().enumerate() {
            let train = |width: usize, rate: f32, class: f64| {
                train(make, (width, rate, class), &source, &held_out, context)
            };
            // Rates are chosen at the second class, for each width.
            let rates = widths.map(|width| {
                let tried = RATES.map(|rate| (train(width, rate, classes[1]).0, rate));
                let best = tried.into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
                best.map_or(RATES[1], |(_, rate)| rate)
            });
            let mut curve = Vec::with_capacity(CLASSES);
            for (at, &class) in classes.iter().enumerate() {
                let done = (kind as f64 + f64::from((1 << at) - 1) / 31.0) / 2.0;
                context.progress(done, ["the window model", "the recurrent model"][kind]);
                let tried = [0, 1].map(|which| train(widths[which], rates[which], class));
                let best = tried.into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
                curve.push(best.map_or(f64::NAN, |(_, test)| test));
            }
            curves.push(curve);
        }
        Ok(measure(&classes, &curves[0], &curves[1]))
    }
}

/// Trains a model of a width, at a rate, for a class; its bits on validation and on test text.
fn train(
    make: Make,
    (width, rate, class): (usize, f32, f64),
    source: &text::Source,
    held_out: &HeldOut,
    context: &Context<'_>,
) -> (f64, f64) {
    // The same text and the same luck for every model of a seed.
    let mut model = make(width, &mut context.rng(2));
    let characters = (class / model.cost()) as usize;
    let steps = (characters / (STREAMS * STRETCH)).max(1);
    let mut rng = context.rng(3);
    let length = CONTEXT + steps * STRETCH;
    let streams: Vec<Vec<u8>> = (0..STREAMS)
        .map(|_| {
            let skipped = rng.random_range(0..7);
            source.write(length + skipped, &mut rng).split_off(skipped)
        })
        .collect();
    for step in 0..steps {
        // Half a cosine, from the full rate to none.
        let part = step as f32 / steps as f32;
        let now = rate * 0.5 * (1.0 + (std::f32::consts::PI * part).cos());
        model.learn(&streams, CONTEXT + step * STRETCH, now);
    }
    (model.bits(&held_out.validation), model.bits(&held_out.test))
}

/// Slope and value at 0 of the least-squares line.
fn line(x: &[f64], y: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let (mx, my) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let xy: f64 = x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum();
    let xx: f64 = x.iter().map(|x| (x - mx).powi(2)).sum();
    let slope = xy / xx;
    (slope, my - slope * mx)
}

fn measure(classes: &[f64], window: &[f64], recurrent: &[f64]) -> Trial {
    let doublings: Vec<f64> = classes.iter().map(|class| class.log2()).collect();
    let last = classes.len() - 1;
    let gap = |at: usize| recurrent[at] - window[at];
    let early = |bits: &[f64]| {
        let (slope, start) = line(&doublings[..last], &bits[..last]);
        slope * doublings[last] + start
    };
    let forecast = early(recurrent) - early(window);
    let gain = |bits: &[f64]| -line(&doublings, bits).0;
    let points = |bits: &[f64]| {
        classes
            .iter()
            .copied()
            .zip(bits.iter().copied())
            .collect::<Vec<_>>()
    };
    let carried = |bits: &[f64]| {
        let (slope, start) = line(&doublings, bits);
        let ends = [doublings[0], doublings[last] + 4.0];
        ends.map(|x| (x.exp2(), slope * x + start))
    };
    Trial::new()
        .measured("slope", gain(window), gain(recurrent))
        .measured("lead", gap(0), gap(last))
        .measured(
            "forecast",
            (gap(last - 1) - gap(last)).abs(),
            (forecast - gap(last)).abs(),
        )
        .measured("largest", window[last], recurrent[last])
        .plot(
            Plot::new(
                "classes",
                "Bits a character at equal compute",
                Axis::log("multiplications spent on training"),
                Axis::linear("bits a character"),
            )
            .points("window", points(window))
            .points("recurrent", points(recurrent))
            .line("window, carried on", carried(window))
            .line("recurrent, carried on", carried(recurrent)),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_through_its_points() {
        let (slope, start) = line(&[1.0, 2.0, 4.0], &[5.0, 3.0, -1.0]);
        assert!((slope + 2.0).abs() < 1e-12 && (start - 7.0).abs() < 1e-12);
    }
}
