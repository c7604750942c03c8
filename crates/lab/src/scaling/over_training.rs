//! Over-training: "Language models scale reliably with over-training and on downstream tasks" (arXiv 2403.08540).
//!
//! **Claim.** A law fitted to small runs predicts the loss of a much larger run, also of one that sees far more data
//! than would be best for its size; and a second law from loss to error predicts its errors on tasks.
//!
//! **Mechanism.** With compute `C = 6 N D` and tokens a parameter `M = D / N` (section 2, equation 4):
//! `L(C, M) = E + (a M^eta + b M^-eta) C^-eta`. Over-training moves the law's factor and leaves its exponent. Errors
//! follow by `Err(L) = eps - k exp(-gamma L)` (equation 5). In `N` and `D` the first law is
//! `E + a' N^-2eta + b' D^-2eta`, the form [`forms::TIED`].
//!
//! **Made here.** Models of 64 to 4,096 parameters on the regression of [`super::spectrum`], each trained anew on its
//! own amount of data in one pass. Loss is exact; the "task" is to name the target's sign. As in the paper's table 2
//! five runs are fitted: four sizes with 20 examples a parameter, and the smallest with 320.
//!
//! **Control.** The usual law in compute alone, from the same runs. Its loss for an over-trained run is that of a
//! larger model with the same compute, so it should promise too much.

use anyhow::Result;

use super::fit::{Data, Fit, Options, fit, forms};
use super::spectrum::Task;
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Trial,
};

static CARD: Card = Card {
    id: "over-training",
    arxiv: "2403.08540",
    title: "Language models scale reliably with over-training and on downstream tasks",
    family: Family::Scaling,
    claim: "From small runs one can predict the loss of a run with over thirty times the compute, whether it is larger \
            or trained far beyond what is best for its size, and from its loss its errors on a task.",
    published: "The loss of a 1.4B model trained 32 times over (900B tokens) and of a 6.9B model within 0.7 %, from \
                runs with 300 times less compute; average top-1 error within 3.6 %, from 20 times less.",
    baseline: "A power law with a floor in compute alone, from the same runs; for errors a straight line in the \
               logarithm of compute.",
    kept: &[
        "the law in compute and tokens a parameter (equation 4), all parameters fitted",
        "the law from loss to error (equation 5), fed with predicted losses",
        "which runs are fitted (table 2): four sizes with 20 examples a parameter, the smallest also with 320; for \
         errors one larger run more",
    ],
    left_out: &[
        "text and transformers: linear models on a made regression with a known power-law spectrum, trained by \
         stochastic gradient descent",
        "three data sets and 46 tasks: one task a seed",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "loss",
            name: "error of the predicted loss, held-out runs",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "over-trained",
            name: "the same, most over-trained run",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "errors",
            name: "error of the predicted task error",
            unit: "",
            better: Better::Lower,
        },
    ],
    rule: &[
        Condition {
            text: "held-out losses are predicted with at most two thirds of the error of the law in compute alone",
            metric: "loss",
            expect: Expect::Times(1.5),
        },
        Condition {
            text: "and within 2 %",
            metric: "loss",
            expect: Expect::AtMost(0.02),
        },
        Condition {
            text: "the most over-trained run's loss is predicted better",
            metric: "over-trained",
            expect: Expect::Times(1.5),
        },
        Condition {
            text: "task errors are predicted better than from compute",
            metric: "errors",
            expect: Expect::Times(1.2),
        },
    ],
    likely_reason: "Five runs decide four parameters with nothing to spare, so that the noise of each run shows; and \
                    here the true exponents of size and data differ, where the law has one.",
    timed: false,
};

/// The reproduction.
pub(super) struct OverTraining;

/// A run to make: the model's size, and examples a parameter.
type Planned = (usize, usize);

/// The fitted runs, by the size of the smallest (table 2 of the paper).
fn fitted(smallest: usize) -> [Planned; 5] {
    [
        (smallest, 20),
        (2 * smallest, 20),
        (4 * smallest, 20),
        (8 * smallest, 20),
        (smallest, 320),
    ]
}

/// One larger run, for the law from loss to error.
fn larger(smallest: usize) -> Planned {
    (16 * smallest, 20)
}

/// What is predicted: a larger model, and one trained 32 times as long as the fitted ones. They have 64
/// and 32 times the compute of the largest fitted run.
fn held_out(smallest: usize) -> [Planned; 2] {
    [(64 * smallest, 20), (8 * smallest, 640)]
}

/// A run that was made.
struct Run {
    parameters: f64,
    examples: f64,
    loss: f64,
    errors: f64,
}

impl Run {
    fn compute(&self) -> f64 {
        6.0 * self.parameters * self.examples
    }
}

impl Reproduction for OverTraining {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let task = Task::new(&mut context.rng(0));
        let smallest = context.pick(16, 64, 128);
        let planned = [
            &fitted(smallest)[..],
            &[larger(smallest)],
            &held_out(smallest),
        ]
        .concat();
        let work = |runs: &[Planned]| runs.iter().map(|&(n, m)| n * n * m).sum::<usize>() as f64;
        let mut runs = Vec::with_capacity(planned.len());
        for (at, &(size, multiplier)) in planned.iter().enumerate() {
            let rng = &mut context.rng(1 + at as u64);
            let judged = task.judge(&task.trained(size, size * multiplier, rng));
            runs.push(Run {
                parameters: size as f64,
                examples: (size * multiplier) as f64,
                loss: judged.loss,
                errors: judged.errors,
            });
            let what = format!("{size} parameters, {multiplier} examples each");
            context.progress(work(&planned[..=at]) / work(&planned), &what);
        }
        let (small, far) = runs.split_at(6);
        let laws = Laws::fit(&small[..5], small)?;
        let (large, over_trained) = (&far[0], &far[1]);
        let relative = |predicted: f64, measured: f64| (predicted - measured).abs() / measured;
        let mean = |error: &dyn Fn(&Run) -> f64| 0.5 * (error(large) + error(over_trained));
        let by_compute = |run: &Run| relative(laws.by_compute(run), run.loss);
        let by_both = |run: &Run| relative(laws.by_both(run), run.loss);
        Ok(Trial::new()
            .measured("loss", mean(&by_compute), mean(&by_both))
            .measured(
                "over-trained",
                by_compute(over_trained),
                by_both(over_trained),
            )
            .measured(
                "errors",
                mean(&|run| relative(laws.errors_by_compute.predict(&[run.compute()]), run.errors)),
                mean(&|run| {
                    relative(
                        laws.errors_by_loss.predict(&[laws.by_both(run)]),
                        run.errors,
                    )
                }),
            )
            .plot(plot(&laws, &small[..5], far)))
    }
}

/// Both laws of the paper, and what they are compared with.
struct Laws {
    both: Fit,
    compute: Fit,
    errors_by_loss: Fit,
    errors_by_compute: Fit,
}

impl Laws {
    /// The laws of loss from `runs`, those of errors from `with_larger`.
    fn fit(runs: &[Run], with_larger: &[Run]) -> Result<Laws> {
        let column = |of: fn(&Run) -> f64| runs.iter().map(of).collect::<Vec<f64>>();
        let longer = |of: fn(&Run) -> f64| with_larger.iter().map(of).collect::<Vec<f64>>();
        let (n, d) = (column(|run| run.parameters), column(|run| run.examples));
        let (c, loss) = (column(Run::compute), column(|run| run.loss));
        let errors = longer(|run| run.errors);
        let (seen, spent) = (longer(|run| run.loss), longer(Run::compute));
        let options = Options::default();
        Ok(Laws {
            both: fit(&forms::TIED, &Data::new(&[&n, &d], &loss)?, &options)?,
            compute: fit(&forms::FLOOR, &Data::xy(&c, &loss)?, &options)?,
            errors_by_loss: fit(&forms::EXPONENTIAL, &Data::xy(&seen, &errors)?, &options)?,
            errors_by_compute: fit(&forms::LOGARITHM, &Data::xy(&spent, &errors)?, &options)?,
        })
    }

    fn by_both(&self, run: &Run) -> f64 {
        self.both.predict(&[run.parameters, run.examples])
    }

    fn by_compute(&self, run: &Run) -> f64 {
        self.compute.predict(&[run.compute()])
    }
}

fn plot(laws: &Laws, fitted: &[Run], held_out: &[Run]) -> Plot {
    let line = |runs: &[Run], of: &dyn Fn(&Run) -> f64| -> Vec<(f64, f64)> {
        runs.iter().map(|run| (run.loss, of(run))).collect()
    };
    let all = || fitted.iter().chain(held_out).map(|run| run.loss);
    let (low, high) = (
        all().fold(f64::INFINITY, f64::min),
        all().fold(0.0, f64::max),
    );
    Plot::new(
        "loss",
        "Predicted and measured loss (one seed)",
        Axis::linear("measured loss"),
        Axis::linear("predicted loss"),
    )
    .points(
        "held out, by compute",
        line(held_out, &|run| laws.by_compute(run)),
    )
    .points(
        "held out, by compute and examples a parameter",
        line(held_out, &|run| laws.by_both(run)),
    )
    .points("fitted", line(fitted, &|run| laws.by_both(run)))
    .line("as measured", [(low, low), (high, high)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_in_sizes_is_the_papers_form_in_compute() {
        // Equation 4 with E 1.7, a 60, b 90, eta 0.13 at N 1e8, M 320.
        let (e, a, b, eta) = (1.7, 60.0, 90.0, 0.13f64);
        let (n, m) = (1e8f64, 320.0f64);
        let c = 6.0 * n * n * m;
        let paper = e + (a * m.powf(eta) + b * m.powf(-eta)) * c.powf(-eta);
        let scale = 6f64.powf(-eta);
        let tied = (forms::TIED.value)(&[e, a * scale, b * scale, 2.0 * eta], &[n, n * m]);
        assert!((paper - tied).abs() < 1e-12, "{paper} {tied}");
    }

    #[test]
    fn held_out_runs_are_far_beyond_the_fitted() {
        let compute = |&(size, multiplier): &Planned| size * size * multiplier;
        let most = fitted(64).iter().map(compute).max().unwrap();
        assert_eq!(held_out(64).map(|run| compute(&run) / most), [64, 32]);
        assert!(compute(&larger(64)) < 5 * most);
    }
}
