//! Density: "Densing Law of LLMs" (arXiv 2412.04315).
//!
//! **Claim.** A model's density, the size that a reference model would need for its score over its own size, can be
//! measured from scores alone; the best density over release dates then grows exponentially with a doubling time that
//! can be read off.
//!
//! **Mechanism.** Two steps (section 3). First a law of loss for reference models, `L = a N^-alpha + b D^-beta`; then
//! scores from losses, `S = c / (1 + exp(-gamma (L - l))) + d`. For a score both are inverted at a fixed amount of data
//! `D0` to the effective size `N(S)`; density is `rho = N(S) / N`. The frontier `ln rho_max = A t + B` gives the
//! doubling time `ln 2 / A` (section 4).
//!
//! **Made here.** Reference models of 16 to 256 parameters on the regression of [`super::spectrum`], whose score is how
//! often they name a sign: 0.5 by chance, as in tests of two choices. Then thirty "releases": each has a size, a date and
//! a planted density, and its score is that of a reference model of its effective size, truly trained. Effective sizes
//! reach far beyond the reference models, as in the paper.
//!
//! **Control.** One step: the score as a sigmoid of the logarithm of size, from the reference models with `D0`.

use anyhow::Result;
use rand::RngExt as _;

use super::fit::{Data, Fit, Options, fit, forms, line};
use super::spectrum::Task;
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Rng, Trial,
};

static CARD: Card = Card {
    id: "densing-law",
    arxiv: "2412.04315",
    title: "Densing Law of LLMs",
    family: Family::Scaling,
    claim: "How much larger a reference model would have to be to reach a model's score can be read from scores by \
            way of the loss, well enough to tell how fast the best of such ratios doubles.",
    published: "Density of open base models doubles about every 3.3 months (29 models, five tests; 3.5 months in the \
                published version).",
    baseline: "The score fitted directly as a sigmoid of the logarithm of size.",
    kept: &[
        "both steps with the paper's forms, inverted at a fixed amount of data",
        "the frontier of the best densities by date and its regression",
        "effective sizes beyond the reference models",
    ],
    left_out: &[
        "language models and their test scores: that density really doubles every few months is planted here, not \
         found; what is tested is whether the measure finds it",
        "a law of loss without floor: the part that nobody can predict is fitted as well",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "score",
            name: "error of scores of larger models",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "density",
            name: "error of ln density, mean over releases",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "doubling",
            name: "relative error of the doubling time",
            unit: "",
            better: Better::Lower,
        },
    ],
    rule: &[
        Condition {
            text: "densities by way of the loss have at most two thirds of the error",
            metric: "density",
            expect: Expect::Times(1.5),
        },
        Condition {
            text: "the doubling time is found within 15 %",
            metric: "doubling",
            expect: Expect::AtMost(0.15),
        },
        Condition {
            text: "scores of models four times as large are predicted better",
            metric: "score",
            expect: Expect::Times(1.5),
        },
    ],
    likely_reason: "Scores of large models lie close together, so that a small error of a score is a large one of the \
                    size that it stands for; and scores here bend upwards as the loss falls, where a sigmoid levels off.",
    timed: false,
};

/// The reproduction.
pub(super) struct Densing;

/// A measured reference model.
struct Reference {
    size: f64,
    examples: f64,
    loss: f64,
    score: f64,
}

/// A released model: what the world knows of it, and the truth.
struct Release {
    day: f64,
    size: f64,
    score: f64,
    density: f64,
}

/// Days that releases are spread over.
const DAYS: f64 = 700.0;

impl Reproduction for Densing {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let task = Task::new(&mut context.rng(0));
        let sizes: &[usize] = &[16, 23, 32, 45, 64, 91, 128, 181, 256];
        let most = context.pick(1_000, 8_000, 20_000);
        let data = [most / 4, most / 2, most];
        let mut references = Vec::new();
        for &size in sizes {
            for examples in data {
                let purpose = (size * 1_000_000 + examples) as u64;
                references.push(measure(&task, size, examples, &mut context.rng(purpose)));
            }
            context.progress(0.2, "reference models");
        }
        let one = OneStep::fit(&references, most as f64)?;
        let two = TwoSteps::fit(&references, most as f64)?;

        let (mut by_one, mut by_two) = (0.0, 0.0);
        let larger = [512, 1024];
        for size in larger {
            let truth = measure(&task, size, most, &mut context.rng(size as u64));
            by_one += (one.score(size as f64) - truth.score).abs() / larger.len() as f64;
            by_two += (two.score(size as f64) - truth.score).abs() / larger.len() as f64;
        }
        context.progress(0.3, "larger models");

        let rng = &mut context.rng(1);
        let doubling = 120.0 * 2f64.powf(rng.random::<f64>());
        let mut releases = Vec::new();
        for at in 0..30 {
            releases.push(release(&task, doubling, most, rng));
            context.progress(0.3 + 0.7 * f64::from(at) / 30.0, "releases");
        }
        let density = |size: &dyn Fn(f64) -> f64| -> Vec<f64> {
            releases.iter().map(|r| size(r.score) / r.size).collect()
        };
        let (ones, twos) = (density(&|s| one.size(s)), density(&|s| two.size(s)));
        let error = |found: &[f64]| {
            let errors = found
                .iter()
                .zip(&releases)
                .map(|(f, r)| (f / r.density).ln().abs());
            errors.sum::<f64>() / releases.len() as f64
        };
        let days: Vec<f64> = releases.iter().map(|r| r.day).collect();
        let late = |found: &[f64]| (doubling_time(&days, found) / doubling - 1.0).abs();
        Ok(Trial::new()
            .measured("score", by_one, by_two)
            .measured("density", error(&ones), error(&twos))
            .measured("doubling", late(&ones), late(&twos))
            .plot(plot(&days, &releases, &ones, &twos)))
    }
}

fn measure(task: &Task, size: usize, examples: usize, rng: &mut Rng) -> Reference {
    let judged = task.judge(&task.trained(size, examples, rng));
    Reference {
        size: size as f64,
        examples: examples as f64,
        loss: judged.loss,
        score: 1.0 - judged.errors,
    }
}

/// A model of a random day and size, whose density is up to a factor of three behind the frontier of its day.
fn release(task: &Task, doubling: f64, examples: usize, rng: &mut Rng) -> Release {
    let day = DAYS * rng.random::<f64>();
    let size = (32.0 * 4f64.powf(rng.random::<f64>())).round();
    let behind = 3f64.powf(-rng.random::<f64>());
    let effective = (size * behind * 2f64.powf(day / doubling)).round().max(8.0);
    Release {
        day,
        size,
        score: measure(task, effective as usize, examples, rng).score,
        density: effective / size,
    }
}

/// The score from the size directly.
struct OneStep(Fit);

impl OneStep {
    fn fit(references: &[Reference], examples: f64) -> Result<OneStep> {
        let (sizes, scores): (Vec<f64>, Vec<f64>) = references
            .iter()
            .filter(|r| r.examples == examples)
            .map(|r| (r.size, r.score))
            .unzip();
        let options = Options::squares();
        Ok(OneStep(fit(
            &forms::HILL,
            &Data::xy(&sizes, &scores)?,
            &options,
        )?))
    }

    fn score(&self, size: f64) -> f64 {
        self.0.predict(&[size])
    }

    /// `S = low + height / (1 + (middle / N)^slope)` for `N`.
    fn size(&self, score: f64) -> f64 {
        let value = |name| self.0.parameter(name);
        let part = share(score, value("low"), value("height"));
        value("middle") * (part / (1.0 - part)).powf(1.0 / value("slope"))
    }
}

/// Loss from the size, and the score from the loss.
struct TwoSteps {
    loss: Fit,
    score: Fit,
    examples: f64,
}

impl TwoSteps {
    fn fit(references: &[Reference], examples: f64) -> Result<TwoSteps> {
        let column = |of: fn(&Reference) -> f64| references.iter().map(of).collect::<Vec<f64>>();
        let (sizes, data) = (column(|r| r.size), column(|r| r.examples));
        let (losses, scores) = (column(|r| r.loss), column(|r| r.score));
        let options = Options::squares();
        Ok(TwoSteps {
            loss: fit(
                &forms::CHINCHILLA,
                &Data::new(&[&sizes, &data], &losses)?,
                &options,
            )?,
            score: fit(&forms::SIGMOID, &Data::xy(&losses, &scores)?, &options)?,
            examples,
        })
    }

    fn score(&self, size: f64) -> f64 {
        self.score
            .predict(&[self.loss.predict(&[size, self.examples])])
    }

    /// Both steps inverted (section 3.3).
    fn size(&self, score: f64) -> f64 {
        let value = |name| self.score.parameter(name);
        let loss = loss_of(
            score,
            [
                value("low"),
                value("height"),
                value("slope"),
                value("middle"),
            ],
        );
        let law = |name| self.loss.parameter(name);
        let rest = loss - law("e") - law("b") * self.examples.powf(-law("beta"));
        size_of(rest, law("a"), law("alpha"))
    }
}

/// Where between its levels a score lies; scores at or beyond a level are moved just inside. Just: where scores bend the
/// other way the fit's upper level is far above all scores, and these lie close to the lower one.
fn share(score: f64, low: f64, height: f64) -> f64 {
    ((score - low) / height).clamp(1e-12, 1.0 - 1e-12)
}

/// The loss of a score: `S = d + c / (1 + exp(-gamma (L - l)))` for `L`, with `[d, c, gamma, l]`.
fn loss_of(score: f64, [d, c, gamma, l]: [f64; 4]) -> f64 {
    let part = share(score, d, c);
    l + (part / (1.0 - part)).ln() / gamma
}

/// The size that leaves this much of the loss to size: `rest = a N^-alpha` for `N`, at most a billion.
fn size_of(rest: f64, a: f64, alpha: f64) -> f64 {
    (rest.max(1e-12) / a).powf(-1.0 / alpha).min(1e9)
}

/// The doubling time of the frontier: models whose density was the best until their day.
fn doubling_time(days: &[f64], density: &[f64]) -> f64 {
    let mut order: Vec<usize> = (0..days.len()).collect();
    order.sort_by(|&a, &b| days[a].total_cmp(&days[b]));
    let mut best = 0.0;
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for at in order {
        if density[at] > best {
            best = density[at];
            x.push(days[at]);
            y.push(best.ln());
        }
    }
    std::f64::consts::LN_2 / line(&x, &y).1.max(1e-9)
}

fn plot(days: &[f64], releases: &[Release], ones: &[f64], twos: &[f64]) -> Plot {
    let pairs = |values: Vec<f64>| days.iter().copied().zip(values).collect::<Vec<_>>();
    let truth = releases.iter().map(|r| r.density).collect();
    Plot::new(
        "density",
        "Density over release days (one seed)",
        Axis::linear("day"),
        Axis::log("effective size over size"),
    )
    .points("one step", pairs(ones.to_vec()))
    .points("two steps", pairs(twos.to_vec()))
    .points("true", pairs(truth))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_turned_into_a_size() {
        // By hand: c 0.75, d 0.25, gamma -6, l 1.2, S 0.6 gives 7/15 of the height, so
        // L = 1.2 + ln(7/8) / -6; a 400, alpha 0.34, b 410, beta 0.28, D0 1e12.
        let loss = loss_of(0.6, [0.25, 0.75, -6.0, 1.2]);
        assert!((loss - 1.222_255_23).abs() < 1e-8, "{loss}");
        let size = size_of(loss - 410.0 * 1e12f64.powf(-0.28), 400.0, 0.34);
        assert!((size / 39_718_496.5 - 1.0).abs() < 1e-6, "{size}");
        // A perfect score and more is some finite size.
        assert!(
            loss_of(1.2, [0.25, 0.75, -6.0, 1.2]).is_finite() && size_of(-1.0, 400.0, 0.34) == 1e9
        );
    }

    #[test]
    fn the_frontier_decides_the_doubling_time() {
        // Doubles every 100 days; models behind the frontier change nothing.
        let days = [0.0, 50.0, 100.0, 200.0, 250.0];
        let density = [1.0, 0.2, 2.0, 4.0, 1.0];
        assert!((doubling_time(&days, &density) - 100.0).abs() < 1e-9);
    }
}
