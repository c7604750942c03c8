//! Learning rate and batch: "Predictable Scale: Part I -- Optimal Hyperparameter Scaling Law in Large Language Model
//! Pretraining" (arXiv 2503.04715).
//!
//! **Claim.** For a given size and amount of data the loss has one broad valley over learning rate and batch. Its bottom
//! follows power laws, which predict settings for larger runs that are almost as good as an exhaustive search.
//!
//! **Mechanism.** `rate* = c N^alpha D^beta` and `batch* = d D^gamma` (equation 1; the paper prints 1.79, -0.713, 0.307,
//! and 0.58, 0.571 in tokens). The bottom of each valley is that of a parabola in both logarithms, fitted to the loss
//! over a grid (section 4).
//!
//! **Made here.** A grid of five rates and five batches for each of nine pairs of size and data: networks on the made
//! language of [`super::source`], whose loss is exact. A tenth, larger pair is searched over the same kind of grid and
//! predicted.
//!
//! **Control.** The setting that was best for the middle pair, taken along to the larger one.

use anyhow::{Context as _, Result};

use super::fit::{Data, Fit, Options, fit, forms, linear};
use super::source::{Source, Training, network};
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Trial,
};

static CARD: Card = Card {
    id: "step-law",
    arxiv: "2503.04715",
    title: "Predictable Scale: Part I -- Optimal Hyperparameter Scaling Law in Large Language Model Pretraining",
    family: Family::Scaling,
    claim: "The best learning rate and batch of a larger run follow from small ones by power laws in size and data, \
            to within a fraction of a percent of the best loss that a search finds.",
    published: "rate = 1.79 N^-0.713 D^0.307, batch = 0.58 D^0.571 tokens; the predicted settings are within 0.09 % of \
                the best loss found (3,700 models).",
    baseline: "The best setting of a middle-sized run, used for the large one.",
    kept: &[
        "a grid over rate and batch for each pair of size and data, the valley's bottom by a parabola in logarithms",
        "the laws' forms; their exponents are fitted and none is taken from the paper",
        "a larger pair, predicted and searched",
    ],
    left_out: &[
        "transformers and mixtures of experts: networks of under 5,000 parameters on a made language",
        "a final rate that is the same for all: the rate falls to zero",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "gap",
            name: "loss above the best found, larger run",
            unit: "nats",
            better: Better::Lower,
        },
        Metric {
            id: "relative",
            name: "the same, relative to the loss",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "rate-size",
            name: "exponent of the best rate in size (none, fitted)",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "batch-data",
            name: "exponent of the best batch in data (none, fitted)",
            unit: "",
            better: Better::Higher,
        },
    ],
    rule: &[
        Condition {
            text: "the predicted setting is nearer to the best than the one taken along, by 0.003 nats",
            metric: "gap",
            expect: Expect::BetterBy(0.003),
        },
        Condition {
            text: "and within half a percent of the best loss",
            metric: "relative",
            expect: Expect::AtMost(0.005),
        },
        Condition {
            text: "larger networks want lower rates",
            metric: "rate-size",
            expect: Expect::BetterBy(0.1),
        },
        Condition {
            text: "more data want larger batches",
            metric: "batch-data",
            expect: Expect::BetterBy(0.1),
        },
    ],
    likely_reason: "The valley is broad: a setting that is a factor of two off costs little, and the noise of single \
                    runs moves its bottom.",
    timed: false,
};

/// The reproduction.
pub(super) struct StepLaw;

/// A pair of size and data.
#[derive(Debug, Clone, Copy)]
struct Pair {
    width: usize,
    examples: usize,
}

/// The loss over a grid of settings.
struct Valley {
    // (ln rate, ln batch, loss)
    runs: Vec<(f64, f64, f64)>,
    size: f64,
    examples: f64,
}

const RATES: [f64; 5] = [0.002, 0.004, 0.008, 0.016, 0.032];
const BATCHES: [usize; 5] = [4, 8, 16, 32, 64];

impl Reproduction for StepLaw {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let source = Source::new(&mut context.rng(0));
        let widths: [usize; 3] = context.pick([6, 8, 12], [8, 12, 20], [8, 16, 32]);
        let amounts: [usize; 3] = context.pick(
            [200, 400, 800],
            [2_000, 4_000, 8_000],
            [8_000, 24_000, 72_000],
        );
        let larger = context.pick(
            Pair {
                width: 14,
                examples: 1_600,
            },
            Pair {
                width: 28,
                examples: 24_000,
            },
            Pair {
                width: 48,
                examples: 216_000,
            },
        );
        let pairs = widths
            .iter()
            .flat_map(|&width| amounts.map(|examples| Pair { width, examples }));
        let mut valleys = Vec::new();
        for (at, pair) in pairs.enumerate() {
            valleys.push(search(&source, pair, context));
            context.progress(0.5 * (at + 1) as f64 / 9.0, "small runs");
        }
        let laws = Laws::fit(&valleys)?;

        // The larger pair: the search, then both single settings.
        let searched = search(&source, larger, context);
        context.progress(0.95, "the larger run");
        let best = searched
            .runs
            .iter()
            .map(|run| run.2)
            .fold(f64::INFINITY, f64::min);
        let (rate, batch) = laws.setting(searched.size, searched.examples);
        let (taken_rate, taken_batch) = valleys[4].bottom();
        let run = |rate: f64, batch: f64| {
            // Three networks each: what is compared is settings and not luck.
            let one = |time| {
                loss(
                    &source,
                    larger,
                    rate,
                    batch.round().max(1.0) as usize,
                    time,
                    context,
                )
            };
            (one(1) + one(2) + one(3)) / 3.0
        };
        let (predicted, taken) = (run(rate, batch), run(taken_rate, taken_batch));
        Ok(Trial::new()
            .measured("gap", taken - best, predicted - best)
            .measured("relative", (taken - best) / best, (predicted - best) / best)
            .measured("rate-size", 0.0, laws.rate.parameter("alpha"))
            .measured("batch-data", 0.0, -laws.batch.parameter("alpha"))
            .plot(plot(&valleys, &searched, &laws)))
    }
}

/// The loss of one run.
fn loss(
    source: &Source,
    pair: Pair,
    rate: f64,
    batch: usize,
    time: u64,
    context: &Context<'_>,
) -> f64 {
    // The same network and data for every setting of a pair.
    let rng = &mut context.rng((pair.width * 1_000_000 + pair.examples) as u64 * 8 + time);
    let mut network = network(pair.width, rng);
    let training = Training {
        examples: pair.examples,
        batch,
        rate: rate as f32,
        cooling: true,
    };
    source.train(&mut network, &training, rng, |_, _| {});
    source.loss(&network)
}

fn search(source: &Source, pair: Pair, context: &Context<'_>) -> Valley {
    let settings = RATES
        .iter()
        .flat_map(|&rate| BATCHES.map(|batch| (rate, batch)));
    let runs = settings
        .map(|(rate, batch)| {
            let loss = loss(source, pair, rate, batch, 0, context);
            (rate.ln(), (batch as f64).ln(), loss)
        })
        .collect();
    let size = network(pair.width, &mut context.rng(0)).parameters();
    Valley {
        runs,
        size: size as f64,
        examples: pair.examples as f64,
    }
}

impl Valley {
    /// The best rate and batch: the bottom of the parabola in both logarithms, within the grid; where the fit has no
    /// bottom, the best run itself.
    fn bottom(&self) -> (f64, f64) {
        let best = self.runs.iter().min_by(|a, b| a.2.total_cmp(&b.2));
        let &(rate, batch, least) = best.unwrap_or(&(0.0, 0.0, 0.0));
        // Runs far up the sides are no parabola.
        let near: Vec<&(f64, f64, f64)> = self
            .runs
            .iter()
            .filter(|run| run.2 < least + 0.15)
            .collect();
        let column = |of: &dyn Fn(f64, f64) -> f64| {
            near.iter().map(|run| of(run.0, run.1)).collect::<Vec<_>>()
        };
        let columns = [
            column(&|_, _| 1.0),
            column(&|r, _| r),
            column(&|_, b| b),
            column(&|r, _| r * r),
            column(&|r, b| r * b),
            column(&|_, b| b * b),
        ];
        let losses: Vec<f64> = near.iter().map(|run| run.2).collect();
        let fitted = linear(&columns, &losses, &vec![1.0; losses.len()]);
        let bottom = fitted.and_then(|c| lowest([c[1], c[2], c[3], c[4], c[5]]));
        let (r, b) = bottom.unwrap_or((rate, batch));
        let inside = |value: f64, low: f64, high: f64| value.clamp(low.ln(), high.ln()).exp();
        (
            inside(r, RATES[0], RATES[4]),
            inside(b, BATCHES[0] as f64, BATCHES[4] as f64),
        )
    }
}

/// Where `r x + b y + rr x^2 + rb x y + bb y^2` is lowest, if it curves upwards in every direction.
fn lowest([r, b, rr, rb, bb]: [f64; 5]) -> Option<(f64, f64)> {
    let determinant = 4.0 * rr * bb - rb * rb;
    (rr > 0.0 && determinant > 0.0).then(|| {
        (
            (rb * b - 2.0 * bb * r) / determinant,
            (rb * r - 2.0 * rr * b) / determinant,
        )
    })
}

/// The laws of the bottoms.
struct Laws {
    rate: Fit,
    batch: Fit,
}

impl Laws {
    fn fit(valleys: &[Valley]) -> Result<Laws> {
        let (rates, batches): (Vec<f64>, Vec<f64>) = valleys.iter().map(Valley::bottom).unzip();
        let sizes: Vec<f64> = valleys.iter().map(|v| v.size).collect();
        let examples: Vec<f64> = valleys.iter().map(|v| v.examples).collect();
        let options = Options::squares();
        Ok(Laws {
            rate: fit(
                &forms::PRODUCT,
                &Data::new(&[&sizes, &examples], &rates)?,
                &options,
            )
            .context("the law of the rate")?,
            batch: fit(&forms::POWER, &Data::xy(&examples, &batches)?, &options)
                .context("the law of the batch")?,
        })
    }

    fn setting(&self, size: f64, examples: f64) -> (f64, f64) {
        (
            self.rate.predict(&[size, examples]),
            self.batch.predict(&[examples]),
        )
    }
}

fn plot(valleys: &[Valley], searched: &Valley, laws: &Laws) -> Plot {
    let bottoms = |of: fn((f64, f64)) -> f64| -> Vec<(f64, f64)> {
        valleys
            .iter()
            .map(|v| (v.examples, of(v.bottom())))
            .collect()
    };
    let mut amounts: Vec<f64> = valleys.iter().map(|v| v.examples).collect();
    amounts.push(searched.examples);
    amounts.sort_by(f64::total_cmp);
    amounts.dedup();
    Plot::new(
        "batch",
        "Best batch and data (one seed)",
        Axis::log("examples"),
        Axis::log("best batch"),
    )
    .points("small runs", bottoms(|setting| setting.1))
    .points(
        "larger run, searched",
        [(searched.examples, searched.bottom().1)],
    )
    .line("law", amounts.iter().map(|&d| (d, laws.setting(1.0, d).1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bottom_of_a_valley_is_found() {
        // (x - 1)^2 + (y + 2)^2 + (x - 1)(y + 2) = -2x + 4y + 2x - y + x^2 + xy + y^2 + const.
        let found = lowest([-2.0 + 2.0, 4.0 - 1.0, 1.0, 1.0, 1.0]).unwrap();
        assert!(
            (found.0 - 1.0).abs() < 1e-12 && (found.1 + 2.0).abs() < 1e-12,
            "{found:?}"
        );
        assert_eq!(lowest([0.0, 0.0, -1.0, 0.0, 1.0]), None);
        assert_eq!(lowest([0.0, 0.0, 1.0, 3.0, 1.0]), None);
    }

    #[test]
    fn a_grid_over_a_parabola_gives_its_bottom() {
        let grid = RATES
            .iter()
            .flat_map(|&rate| BATCHES.map(|batch| (rate.ln(), (batch as f64).ln())));
        let runs = grid.map(|(r, b)| {
            let loss = 2.0 + 0.02 * (r - 0.006f64.ln()).powi(2) + 0.01 * (b - 12f64.ln()).powi(2);
            (r, b, loss)
        });
        let valley = Valley {
            runs: runs.collect(),
            size: 1.0,
            examples: 1.0,
        };
        let (rate, batch) = valley.bottom();
        assert!(
            (rate - 0.006).abs() < 1e-9 && (batch - 12.0).abs() < 1e-6,
            "{rate} {batch}"
        );
    }
}
