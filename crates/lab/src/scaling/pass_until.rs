//! Hu and others 2023, "Unlock Predictable Scaling from Emergent Abilities" (arXiv 2310.03262).
//!
//! *Claim.* Sampling until a fixed number of successes measures success rates far too small for an ordinary test. So
//! measured, small models follow a law by which the skill of a larger one is foretold before it is trained.
//!
//! *Mechanism.* PassUntil: sample a task's answer until `r` successes, at sample `K`. The estimate is `r / K`, here in its
//! unbiased form `(r - 1) / (K - 1)`. The law: `PU(N) = exp(-c N^-alpha)`, so that `ln(-ln PU)` is a straight line in
//! `ln N`; it is fitted to the small models and read at the large one.
//!
//! *Generated.* Networks that learn a cipher (`ciphers`) answer by chance, each letter drawn from their shares; a
//! task is a piece of eight letters. The true pass rate is the product of the shares, known exactly. *Control.* An ordinary
//! test of 164 samples, as many as HumanEval has tasks; the same forecast where small models pass often enough for that
//! test, so that it shows where sampling on is needed and where not; and a test of fixed size that may spend as many
//! samples in all as PassUntil did.

use anyhow::Result;
use rand::RngExt;

use super::ciphers::{Pair, Pool, Reader, pool, tasks};
use super::fit::line;

use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Rng, Trial,
};

static CARD: Card = Card {
    id: "pass-until",
    arxiv: "2310.03262",
    title: "Unlock Predictable Scaling from Emergent Abilities",
    family: Family::Scaling,
    claim: "Sampling until a few successes come measures skills that an ordinary test reports as zero, and these small \
            numbers foretell a larger model's skill.",
    published: "The pass rate of a 2.4B code model foretold with 0.05 % deviation before it was trained.",
    baseline: "An ordinary test of 164 samples a model; the same law fitted to its results above zero.",
    kept: &[
        "sampling until r = 5 successes, with the unbiased estimate (r - 1) / (K - 1)",
        "the task law PU = exp(-c N^-alpha), fitted to four small models and read at one nearly twice as large as the largest",
        "a fixed-size test with the same total number of samples, as a control",
    ],
    left_out: &[
        "language models and programs; a task is a piece of a cipher",
        "fits for single instances grouped by loss, and the circuit hypothesis for accelerated emergence",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "forecast",
            name: "forecast of the largest model's pass rate, |ln(foretold / true)|",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "forecast-in-sight",
            name: "the same from models that pass often as well, for one four times as large",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "unseen",
            name: "small models whose pass rate is measured as zero",
            unit: "share",
            better: Better::Lower,
        },
        Metric {
            id: "error",
            name: "error of the small models' pass rates, relative to the true rate",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "unseen-tasks",
            name: "tasks measured as zero with as many samples in all",
            unit: "share",
            better: Better::Lower,
        },
    ],
    rule: &[
        Condition {
            text: "the forecast is nearer by a fifth in the logarithm",
            metric: "forecast",
            expect: Expect::BetterBy(0.2),
        },
        Condition {
            text: "the forecast is within a factor of 1.35 (e^0.3)",
            metric: "forecast",
            expect: Expect::AtMost(0.3),
        },
        Condition {
            text: "a fifth of the small models or more are seen only by sampling on",
            metric: "unseen",
            expect: Expect::BetterBy(0.2),
        },
        Condition {
            text: "pass rates are measured at least twice as exactly",
            metric: "error",
            expect: Expect::Times(2.0),
        },
        Condition {
            text: "spending the same samples evenly leaves more tasks unseen",
            metric: "unseen-tasks",
            expect: Expect::BetterBy(0.01),
        },
    ],
    likely_reason: "A network's pass rate rises faster or slower than the law says once it knows the common pairs; the law \
                    has no term for that.",
    timed: false,
};

/// Hidden units. The first four pass about as rarely as 164 samples can show, or more rarely; the last is far larger.
const WIDTHS: [usize; 7] = [3, 4, 5, 6, 8, 11, 44];
/// How many are small, and the one that is foretold from them.
const SMALL: (usize, usize) = (4, 5);
/// The same where models that pass often are fitted too.
const IN_SIGHT: (usize, usize) = (6, 6);
const LENGTH: usize = 8;
/// Tasks, and samples of the ordinary test: four a task.
const TASKS: usize = 41;
const ORDINARY: u32 = 4;
const SUCCESSES: u32 = 5;

/// PassUntil.
pub struct PassUntil;

impl Reproduction for PassUntil {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let pool = pool(context, &WIDTHS, context.pick(200, 2000, 10_000), 0.5);
        let tasks = tasks(LENGTH, TASKS, context.rng(2));
        let cap = context.pick(20_000, 300_000, 3_000_000);
        let mut rng = context.rng(3);
        let mut models = Vec::new();
        for (at, reader) in pool.readers.iter().enumerate() {
            models.push(Model::measure(&pool, reader, &tasks, cap, &mut rng));
            let done = 0.5 + 0.4 * (at + 1) as f64 / WIDTHS.len() as f64;
            context.progress(done, "samples until it passes");
        }
        let small = &models[..SMALL.0];
        let samples: u64 = small.iter().flat_map(|m| &m.samples).sum();
        let each = (samples / (small.len() * TASKS) as u64) as u32;
        let even: Vec<Vec<f64>> = small
            .iter()
            .map(|model| Model::fixed(&model.rates, each, &mut rng))
            .collect();

        let unseen = |of: fn(&Model) -> &[f64]| share_zero(small.iter().map(|m| mean(of(m))));
        let error = |of: fn(&Model) -> &[f64]| {
            let errors = small
                .iter()
                .map(|m| (mean(of(m)) / mean(&m.rates) - 1.0).abs());
            errors.sum::<f64>() / small.len() as f64
        };
        let tasks_unseen = |all: &mut dyn Iterator<Item = &Vec<f64>>| {
            share_zero(all.flat_map(|estimates| estimates.iter().copied()))
        };
        let (dark, sight) = (forecast(&models, SMALL), forecast(&models, IN_SIGHT));
        Ok(Trial::new()
            .measured("forecast", dark.0, dark.1)
            .measured("forecast-in-sight", sight.0, sight.1)
            .measured("unseen", unseen(|m| &m.ordinary), unseen(|m| &m.until))
            .measured("error", error(|m| &m.ordinary), error(|m| &m.until))
            .measured(
                "unseen-tasks",
                tasks_unseen(&mut even.iter()),
                tasks_unseen(&mut small.iter().map(|m| &m.until)),
            )
            .plot(plot(&models)))
    }
}

/// The forecasts' errors in the logarithm, by the ordinary test's law and by PassUntil's: fitted to the first models, read
/// at the one of a place.
fn forecast(models: &[Model], (fitted, place): (usize, usize)) -> (f64, f64) {
    let large = &models[place];
    let truth = mean(&large.rates);
    let error = |law: Law| (law.at(large.size).max(FLOOR) / truth).ln().abs();
    (
        error(law(&models[..fitted], |m| &m.ordinary)),
        error(law(&models[..fitted], |m| &m.until)),
    )
}

/// What stands for a forecast of nothing: one pass in ten million.
const FLOOR: f64 = 1e-7;

/// One model's tasks: true pass rates, and two measurements of them.
struct Model {
    size: f64,
    rates: Vec<f64>,
    ordinary: Vec<f64>,
    until: Vec<f64>,
    /// Samples that PassUntil took, one number a task.
    samples: Vec<u64>,
}

impl Model {
    fn measure(
        pool: &Pool,
        reader: &Reader,
        tasks: &[Vec<Pair>],
        cap: u32,
        rng: &mut Rng,
    ) -> Model {
        // A step's chance to be right: the share that the network gives to the true letter.
        let steps = |task: &[Pair]| -> Vec<f64> {
            let share = |&pair: &Pair| reader.shares[pair][pool.truth[pair]];
            task.iter().map(|pair| f64::from(share(pair))).collect()
        };
        let steps: Vec<Vec<f64>> = tasks.iter().map(|task| steps(task)).collect();
        let mut model = Model {
            size: reader.parameters as f64,
            rates: steps.iter().map(|task| task.iter().product()).collect(),
            ordinary: Vec::new(),
            until: Vec::new(),
            samples: Vec::new(),
        };
        for task in &steps {
            let passed = (0..ORDINARY).filter(|_| passes(task, rng)).count();
            model.ordinary.push(passed as f64 / f64::from(ORDINARY));
            let (estimate, samples) = pass_until(SUCCESSES, cap, || passes(task, rng));
            model.until.push(estimate);
            model.samples.push(u64::from(samples));
        }
        model
    }

    /// Estimates from a fixed number of samples a task.
    fn fixed(rates: &[f64], samples: u32, rng: &mut Rng) -> Vec<f64> {
        let rates = rates.iter().map(|&rate| {
            let passes = (0..samples).filter(|_| rng.random::<f64>() < rate).count();
            passes as f64 / f64::from(samples.max(1))
        });
        rates.collect()
    }
}

/// One sample: whether every letter, drawn by the network's shares, comes out right.
fn passes(task: &[f64], rng: &mut Rng) -> bool {
    task.iter().all(|&chance| rng.random::<f64>() < chance)
}

/// Samples until `successes` have come: the pass rate by the unbiased estimate, and the samples taken. At `cap` samples
/// it ends: the estimate is then the share of successes so far.
fn pass_until(successes: u32, cap: u32, mut sample: impl FnMut() -> bool) -> (f64, u32) {
    let mut passed = 0;
    for taken in 1..=cap {
        passed += u32::from(sample());
        if passed == successes {
            let estimate = f64::from(successes - 1) / f64::from(taken - 1).max(1.0);
            return (estimate, taken);
        }
    }
    (f64::from(passed) / f64::from(cap), cap)
}

/// `ln(-ln PU) = intercept + slope ln N`.
#[derive(Clone, Copy)]
struct Law {
    intercept: f64,
    slope: f64,
}

impl Law {
    fn at(self, size: f64) -> f64 {
        (-(self.intercept + self.slope * size.ln()).exp()).exp()
    }
}

/// The law of the sizes whose measured pass rate is above zero and below one: others have no logarithm.
fn law(models: &[Model], of: impl Fn(&Model) -> &[f64]) -> Law {
    let seen = models.iter().map(|model| (model.size, mean(of(model))));
    let seen = seen.filter(|(_, rate)| *rate > 0.0 && *rate < 1.0);
    let (x, y): (Vec<f64>, Vec<f64>) = seen
        .map(|(size, rate)| (size.ln(), (-rate.ln()).ln()))
        .unzip();
    if x.is_empty() {
        // Nothing was seen: nothing is foretold.
        return Law {
            intercept: f64::INFINITY,
            slope: 0.0,
        };
    }
    let (intercept, slope) = line(&x, &y);
    Law { intercept, slope }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn share_zero(values: impl Iterator<Item = f64>) -> f64 {
    let (zeros, all) = values.fold((0, 0), |(zeros, all), value| {
        (zeros + usize::from(value == 0.0), all + 1)
    });
    f64::from(zeros as u32) / f64::from(all.max(1) as u32)
}

fn plot(models: &[Model]) -> Plot {
    let shown = &models[..=SMALL.1];
    let small = &models[..SMALL.0];
    let measured = |of: fn(&Model) -> &[f64]| -> Vec<(f64, f64)> {
        small.iter().map(|m| (m.size, mean(of(m)))).collect()
    };
    let curve =
        |law: Law| -> Vec<(f64, f64)> { shown.iter().map(|m| (m.size, law.at(m.size))).collect() };
    Plot::new(
        "law",
        "Pass rate by size: measured on four small models, foretold for a larger one",
        Axis::log("weights of the network"),
        Axis::log("pass rate"),
    )
    .line("law from 164 samples", curve(law(small, |m| &m.ordinary)))
    .line("law from PassUntil", curve(law(small, |m| &m.until)))
    .points("true rate", shown.iter().map(|m| (m.size, mean(&m.rates))))
    .points("164 samples", measured(|m| &m.ordinary))
    .points("PassUntil", measured(|m| &m.until))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn mean_estimate(successes: u32, rate: f64) -> f64 {
        let mut rng = Rng::seed_from_u64(successes.into());
        let estimates: Vec<f64> = (0..20_000)
            .map(|_| pass_until(successes, u32::MAX, || rng.random::<f64>() < rate).0)
            .collect();
        mean(&estimates)
    }

    #[test]
    fn the_estimate_is_unbiased() {
        for (successes, rate) in [(2, 0.01), (5, 0.01), (5, 0.2)] {
            let found = mean_estimate(successes, rate);
            assert!(
                (found / rate - 1.0).abs() < 0.05,
                "{successes} {rate}: {found}"
            );
        }
    }

    #[test]
    fn sampling_ends_at_the_cap() {
        let mut at = 0;
        let every_tenth = || {
            at += 1;
            at % 10 == 0
        };
        assert_eq!(pass_until(5, 30, every_tenth), (0.1, 30));
        assert_eq!(pass_until(5, 7, || true), (1.0, 5));
    }

    #[test]
    fn the_law_is_found_and_read() {
        let model = |size: f64| Model {
            size,
            rates: Vec::new(),
            ordinary: vec![0.0],
            until: vec![(-40.0 * size.powf(-0.5)).exp()],
            samples: Vec::new(),
        };
        let models = [100.0, 200.0, 400.0].map(model);
        let found = law(&models, |m| &m.until);
        assert!((found.slope + 0.5).abs() < 1e-9);
        assert!((found.at(1600.0) - (-1f64).exp()).abs() < 1e-9);
        assert_eq!(law(&models, |m| &m.ordinary).at(1600.0), 0.0);
    }
}
