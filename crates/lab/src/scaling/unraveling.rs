//! Predicting a training run: "Unraveling the Mystery of Scaling Laws: Part I" (arXiv 2403.06563).
//!
//! **Claim.** With constants estimated from small models the laws of Kaplan and others (2020) predict the whole course
//! of a larger model's loss beforehand, for any batch.
//!
//! **Mechanism.** `L(N, S_min) = (N_c / N)^aN + (S_c / S_min)^aS`, where `S_min = S / (1 + B_crit / B)` is the number of
//! steps that an endless batch would need for what `S` steps with batch `B` reach, and `B_crit(L) = B* / L^(1 / aB)`
//! (section 2). Constants step by step (section 3): the critical batch from one size trained with several batches, as
//! `S = S_min (1 + B_crit / B)` at equal loss; then the law of size and steps from all small runs.
//!
//! **Made here.** Networks of 880 to 1,856 parameters on the made language of [`super::source`], trained with a steady
//! rate and looked at along the way; then one of 4,192 with batches that no small run of its law had. `L` is what the
//! loss has above the source's known entropy, for the paper's law has no floor.
//!
//! **Control.** The same law without the critical batch: in steps alone, and in examples alone. The better of the two
//! on the predicted run counts.

use anyhow::Result;

use super::fit::{Data, Fit, Options, fit, forms, linear};
use super::source::{Source, Training, network};
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Trial,
};

static CARD: Card = Card {
    id: "unraveling-scaling",
    arxiv: "2403.06563",
    title: "Unraveling the Mystery of Scaling Laws: Part I",
    family: Family::Scaling,
    claim: "From small models and several batches one can estimate constants that predict the whole course of a \
            larger model's loss, also with a batch that was not used.",
    published: "Constants from models of 1M to 60M parameters predict the loss curve of models up to 33B before they \
                are trained.",
    baseline: "The same law of size and steps, or of size and examples, without the critical batch; whichever predicts \
               better.",
    kept: &[
        "the laws of size, steps and critical batch, all constants estimated in the paper's order",
        "the larger run's course predicted for batches on both sides of those that were fitted",
    ],
    left_out: &[
        "text and transformers: networks of under 5,000 parameters on a made language",
        "a law without floor for the loss itself: it is applied to what is above the known entropy",
        "the smallest loss that a budget can reach: the course of the loss is judged",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "course",
            name: "error along the larger run",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "end",
            name: "error at its end",
            unit: "",
            better: Better::Lower,
        },
    ],
    rule: &[
        Condition {
            text: "the course of the larger run is predicted with at most 0.8 of the error without the critical batch",
            metric: "course",
            expect: Expect::Times(1.25),
        },
        Condition {
            text: "and within a tenth of what is left to learn",
            metric: "course",
            expect: Expect::AtMost(0.1),
        },
        Condition {
            text: "so is its end",
            metric: "end",
            expect: Expect::AtMost(0.1),
        },
    ],
    likely_reason: "With a steady rate the loss of a small network stays above its best by the noise of its steps, \
                    which depends on the batch and which the laws do not know.",
    timed: false,
};

/// The reproduction.
pub(super) struct Unraveling;

/// What is left to learn, along a run.
struct Course {
    size: f64,
    batch: f64,
    // (steps, loss above the entropy)
    points: Vec<(f64, f64)>,
}

/// Batches of the size that is trained with several.
const BATCHES: [usize; 5] = [4, 8, 16, 32, 64];
/// The batch of all sizes.
const USUAL: usize = 16;

impl Reproduction for Unraveling {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let source = Source::new(&mut context.rng(0));
        let widths: [usize; 4] = context.pick([6, 8, 10, 12], [8, 10, 12, 16], [8, 12, 16, 24]);
        let examples = context.pick(16_000, 100_000, 300_000);
        let times = context.pick(1, 3, 6);
        let sweep = widths[2];
        let mut courses = Vec::new();
        for batch in BATCHES {
            courses.push(course(&source, (sweep, batch), examples, times, context));
            context.progress(0.4, "several batches");
        }
        for width in widths.into_iter().filter(|&width| width != sweep) {
            courses.push(course(&source, (width, USUAL), examples, times, context));
            context.progress(0.6, "several sizes");
        }
        let laws = Laws::fit(&courses, BATCHES.len())?;

        let larger = context.pick(16, 32, 48);
        let predicted: Vec<Course> = [8, 64]
            .map(|batch| course(&source, (larger, batch), 2 * examples, 1, context))
            .into();
        let (steps, seen) = (
            Laws::bare(&courses, |_| 1.0)?,
            Laws::bare(&courses, |batch| batch)?,
        );
        let by_steps = |c: &Course, s: f64| steps.predict(&[c.size, s]);
        let by_examples = |c: &Course, s: f64| seen.predict(&[c.size, s * c.batch]);
        let by_all = |c: &Course, s: f64| laws.predict(c.size, c.batch, s);
        let [steps, examples, all] = [
            errors(&predicted, &by_steps),
            errors(&predicted, &by_examples),
            errors(&predicted, &by_all),
        ];
        let bare = if steps.0 < examples.0 {
            steps
        } else {
            examples
        };
        Ok(Trial::new()
            .measured("course", bare.0, all.0)
            .measured("end", bare.1, all.1)
            .plot(plot(&predicted, &by_examples, &by_all)))
    }
}

/// Mean relative error along courses, and at their ends.
fn errors(courses: &[Course], predict: &dyn Fn(&Course, f64) -> f64) -> (f64, f64) {
    let error =
        |course: &Course, &(steps, loss): &(f64, f64)| (predict(course, steps) - loss).abs() / loss;
    let (mut along, mut end) = (0.0, 0.0);
    for course in courses {
        let each: Vec<f64> = course
            .points
            .iter()
            .map(|point| error(course, point))
            .collect();
        along += each.iter().sum::<f64>() / each.len() as f64 / courses.len() as f64;
        end += each[each.len() - 1] / courses.len() as f64;
    }
    (along, end)
}

/// Trains `times` networks with a steady rate; their mean loss is looked at at places in equal factors.
fn course(
    source: &Source,
    (width, batch): (usize, usize),
    examples: usize,
    times: u64,
    context: &Context<'_>,
) -> Course {
    let steps = examples / batch;
    // From a thirtieth on: before, the networks still find the plain frequencies.
    let looks: Vec<usize> = (0..10)
        .map(|at| (steps as f64 * 30f64.powf(f64::from(at) / 9.0 - 1.0)) as usize)
        .collect();
    let mut sums = vec![0.0; looks.len()];
    for time in 0..times {
        let rng = &mut context.rng((width * 1_000 + batch) as u64 * 16 + time + 1);
        let mut network = network(width, rng);
        let training = Training {
            examples,
            batch,
            // Rates follow the square root of the batch, as is usual with Adam.
            rate: 0.004 * (batch as f32 / USUAL as f32).sqrt(),
            cooling: false,
        };
        // Three looks around each place smooth single steps.
        source.train(&mut network, &training, rng, |step, network| {
            for (sum, &look) in sums.iter_mut().zip(&looks) {
                let near = (look / 50).max(1);
                if step == look || step + near == look || step + 2 * near == look {
                    *sum += source.excess(network);
                }
            }
        });
    }
    let size = network(width, &mut context.rng(0)).parameters();
    let mean = |(sum, look): (f64, usize)| (look as f64, sum / (3 * times) as f64);
    Course {
        size: size as f64,
        batch: batch as f64,
        points: sums.into_iter().zip(looks).map(mean).collect(),
    }
}

/// The estimated laws.
struct Laws {
    /// `B_crit` against the loss: `a L^-alpha`.
    critical: Fit,
    /// The loss against size and least steps.
    loss: Fit,
}

impl Laws {
    /// The first `sweep` courses are of one size with several batches.
    fn fit(courses: &[Course], sweep: usize) -> Result<Laws> {
        let (losses, criticals) = critical_batches(&courses[..sweep]);
        let critical = fit(
            &forms::POWER,
            &Data::xy(&losses, &criticals)?,
            &Options::squares(),
        )?;
        let least =
            |batch: f64, steps: f64, loss: f64| steps / (1.0 + critical.predict(&[loss]) / batch);
        let loss = law(courses, &|c, (steps, loss)| least(c.batch, steps, loss))?;
        Ok(Laws { critical, loss })
    }

    /// The law with steps times something of the batch in place of least steps.
    fn bare(courses: &[Course], factor: fn(f64) -> f64) -> Result<Fit> {
        law(courses, &|c, (steps, _)| steps * factor(c.batch))
    }

    /// The loss that agrees with itself: the critical batch depends on it.
    fn predict(&self, size: f64, batch: f64, steps: f64) -> f64 {
        let (mut low, mut high) = (1e-6f64, 100.0f64);
        for _ in 0..80 {
            let middle = (low * high).sqrt();
            let least = steps / (1.0 + self.critical.predict(&[middle]) / batch);
            // A lower loss means a larger critical batch, fewer least steps and a higher law: one crossing.
            if self.loss.predict(&[size, least]) > middle {
                low = middle;
            } else {
                high = middle;
            }
        }
        (low * high).sqrt()
    }
}

fn law(courses: &[Course], steps: &dyn Fn(&Course, (f64, f64)) -> f64) -> Result<Fit> {
    let (mut sizes, mut least, mut losses) = (Vec::new(), Vec::new(), Vec::new());
    for course in courses {
        for &point in &course.points {
            sizes.push(course.size);
            least.push(steps(course, point));
            losses.push(point.1);
        }
    }
    fit(
        &forms::SUM,
        &Data::new(&[&sizes, &least], &losses)?,
        &Options::default(),
    )
}

/// Losses that all batches of a sweep reach, and the critical batch at each.
fn critical_batches(sweep: &[Course]) -> (Vec<f64>, Vec<f64>) {
    let ends = |of: fn(&Course) -> f64, pick: fn(f64, f64) -> f64, from: f64| {
        sweep.iter().map(of).fold(from, pick)
    };
    let low = ends(
        |c| c.points.iter().map(|p| p.1).fold(f64::INFINITY, f64::min),
        f64::max,
        0.0,
    );
    let high = ends(|c| c.points[0].1, f64::min, f64::INFINITY);
    let levels = (0..8).map(|at| low * (high / low).powf((f64::from(at) + 0.5) / 8.0));
    let found = levels.filter_map(|level| {
        // S = S_min + (S_min B_crit) / B, by relative errors.
        let steps: Vec<f64> = sweep.iter().filter_map(|c| steps_to(c, level)).collect();
        if steps.len() < sweep.len() {
            return None;
        }
        let inverse: Vec<f64> = sweep.iter().map(|c| 1.0 / c.batch).collect();
        let weights: Vec<f64> = steps.iter().map(|s| 1.0 / (s * s)).collect();
        let fitted = linear(&[vec![1.0; steps.len()], inverse], &steps, &weights)?;
        // Where small batches cost nothing the critical one is beyond all that were tried.
        let most = 16.0 * sweep[sweep.len() - 1].batch;
        let critical = if fitted[0] > 0.0 {
            fitted[1] / fitted[0]
        } else {
            most
        };
        Some((level, critical.clamp(1e-2, most)))
    });
    found.unzip()
}

/// The steps after which a course is at a loss for good, between looks by straight lines in logarithms.
fn steps_to(course: &Course, level: f64) -> Option<f64> {
    let last_above = course.points.iter().rposition(|p| p.1 > level)?;
    let (above, below) = (
        course.points[last_above],
        course.points.get(last_above + 1)?,
    );
    let part = (above.1 / level).ln() / (above.1 / below.1).ln();
    Some(above.0 * (below.0 / above.0).powf(part))
}

fn plot(
    courses: &[Course],
    bare: &dyn Fn(&Course, f64) -> f64,
    all: &dyn Fn(&Course, f64) -> f64,
) -> Plot {
    let plot = Plot::new(
        "course",
        "The larger network's course (one seed)",
        Axis::log("examples"),
        Axis::log("loss above the entropy, nats"),
    );
    courses.iter().fold(plot, |plot, course| {
        let line = |of: &dyn Fn(f64, f64) -> f64| -> Vec<(f64, f64)> {
            course
                .points
                .iter()
                .map(|&(s, loss)| (s * course.batch, of(s, loss)))
                .collect()
        };
        let batch = course.batch;
        plot.line(
            format!("batch {batch}, law in examples"),
            line(&|s, _| bare(course, s)),
        )
        .line(
            format!("batch {batch}, with critical batch"),
            line(&|s, _| all(course, s)),
        )
        .points(format!("batch {batch}, measured"), line(&|_, loss| loss))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Courses that follow the laws exactly, with `L = (N_c / N)^0.5 + (S_c / S_min)^0.8` and `B_crit = 3 / L^2`.
    fn made(size: f64, batch: f64) -> Course {
        let points = (0..12).map(|at| {
            let least = 20.0 * 2f64.powi(at);
            let loss = (40.0 / size).sqrt() + (30.0 / least).powf(0.8);
            (least * (1.0 + 3.0 / (loss * loss) / batch), loss)
        });
        Course {
            size,
            batch,
            points: points.collect(),
        }
    }

    #[test]
    fn planted_laws_are_found_and_predict_a_new_batch() {
        let mut courses: Vec<Course> = BATCHES
            .iter()
            .map(|&batch| made(1_000.0, batch as f64))
            .collect();
        courses.extend([500.0, 2_000.0, 4_000.0].map(|size| made(size, 16.0)));
        let laws = Laws::fit(&courses, BATCHES.len()).unwrap();
        assert!(
            (laws.critical.parameter("alpha") - 2.0).abs() < 0.05,
            "{:?}",
            laws.critical
        );
        let new = made(16_000.0, 256.0);
        let found = errors(&[new], &|c, steps| laws.predict(c.size, c.batch, steps));
        assert!(found.0 < 0.02, "{found:?}");
    }
}
