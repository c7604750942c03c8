//! BIG-bench (Srivastava et al.; arXiv 2206.04615).
//!
//! **Claim.** Tasks that rest on knowledge improve gradually with a model's size; tasks of several steps, or scored all or
//! nothing, jump. Two statistics of a score's curve over scales tell them apart.
//!
//! **Mechanism** (section 3.4 and its appendix). With scores `y_1 .. y_n` of models of ascending size and
//! `I = sign(argmax y - argmin y) (max y - min y)`, linearity is `I / sqrt(mean of squared steps)` and breakthroughness is
//! `I / sqrt(median of squared steps)`: a curve of equal steps has `n - 1` of both, a jump has much of the second and
//! little of the first. Tasks are described in JSON as the benchmark's are (`tasks.rs`).
//!
//! **What is generated.** Real memories of growing size: a linear associative memory adds up outer products of random keys
//! and values, and gives back the nearest value; the more dimensions, the more facts come back right. Facts form chains.
//! One task asks for one fact; one for the end of a chain of four; one for all four on the way. That last task's answers
//! are scored twice: facts right, and all or nothing.
//!
//! **Control.** The same facts, memories and answers stand behind all tasks, so only the number of steps or the score
//! differs. A score cannot tell steps finer than one question, so steps are taken as at least a quarter of a question.

use rand::RngExt as _;
use rand::seq::SliceRandom as _;

use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Rng, Trial,
};

use super::tasks::{Metric as Score, Task};

static CARD: Card = Card {
    id: "bigbench",
    arxiv: "2206.04615",
    title: "Beyond the Imitation Game: Quantifying and extrapolating the capabilities of language models",
    family: Family::Evaluation,
    claim: "With growing models, tasks of one step improve gradually, while tasks of several steps or scored all or nothing break through; a curve's breakthroughness tells which is which.",
    published: "204 tasks over models of millions to hundreds of billions of parameters: knowledge is gradual, several steps or brittle scores jump.",
    baseline: "The same facts asked one at a time; and the same answers scored by the facts that are right.",
    kept: &[
        "linearity and breakthroughness as they are defined",
        "tasks as JSON: examples with targets, options with scores, metrics, the preferred score, normalised between low and high",
        "models of growing size that really hold and miss facts",
    ],
    left_out: &[
        "language models and the 204 tasks: associative memories and three generated tasks",
        "human raters, calibration and bias",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "steps",
            name: "breakthroughness: one step, chain of four",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "scoring",
            name: "breakthroughness of the same answers: facts right, all or nothing",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "linearity",
            name: "linearity: one step, chain of four",
            unit: "",
            better: Better::Lower,
        },
    ],
    rule: &[
        Condition {
            text: "four steps break through at least 1.5 times as much as one",
            metric: "steps",
            expect: Expect::Times(1.5),
        },
        Condition {
            text: "all or nothing breaks through at least 1.5 times as much as facts right",
            metric: "scoring",
            expect: Expect::Times(1.5),
        },
        Condition {
            text: "one step is the more linear curve",
            metric: "linearity",
            expect: Expect::BetterBy(0.0),
        },
    ],
    likely_reason: "With few scales, or scales that lie far apart, every curve jumps; and the median step of a curve that saturates at both ends is small whatever the task.",
    timed: false,
};

/// The reproduction.
pub(super) struct BigBench;

/// Steps of a chain.
const STEPS: usize = 4;

impl Reproduction for BigBench {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> anyhow::Result<Trial> {
        let facts = context.pick(150, 400, 1000);
        let scales = scales(context.pick(10, 14, 18), context.pick(128, 256, 512));
        let chain = chain(facts, &mut context.rng(1));
        let tasks = tasks(&chain, context.pick(100, 300, 1000), &mut context.rng(2));
        let mut curves = vec![Vec::new(); 4];
        for (at, &dimensions) in scales.iter().enumerate() {
            context.progress(at as f64 / scales.len() as f64, "memories");
            let memory = Memory::store(&chain, dimensions, &mut context.rng(3));
            let scores = [
                tasks
                    .one
                    .evaluate(Score::ExactMatch, |input| memory.answer(input)),
                tasks
                    .end
                    .evaluate(Score::ExactMatch, |input| memory.answer(input)),
                tasks
                    .way
                    .evaluate(Score::PartsMatch, |input| memory.answer(input)),
                tasks
                    .way
                    .evaluate(Score::ExactMatch, |input| memory.answer(input)),
            ];
            for (curve, score) in curves.iter_mut().zip(scores) {
                curve.push(score);
            }
        }
        let least = 0.25 / tasks.one.examples.len() as f64;
        let jump = |at: usize| breakthroughness(&curves[at], least);
        Ok(Trial::new()
            .measured("steps", jump(0), jump(1))
            .measured("scoring", jump(2), jump(3))
            .measured(
                "linearity",
                linearity(&curves[0], least),
                linearity(&curves[1], least),
            )
            .plot(plot(&scales, &curves)))
    }
}

/// The signed range of a curve.
fn improvement(scores: &[f64]) -> f64 {
    let end = |better: fn(f64, f64) -> bool| {
        (0..scores.len()).reduce(|best, at| {
            if better(scores[at], scores[best]) {
                at
            } else {
                best
            }
        })
    };
    let (Some(most), Some(least)) = (end(|a, b| a > b), end(|a, b| a < b)) else {
        return 0.0;
    };
    let range = scores[most] - scores[least];
    if most > least { range } else { -range }
}

fn squared_steps(scores: &[f64], least: f64) -> Vec<f64> {
    let steps = scores.windows(2).map(|pair| pair[1] - pair[0]);
    steps.map(|step| step.abs().max(least).powi(2)).collect()
}

/// `I / sqrt(mean of squared steps)`; steps count as at least `least`.
fn linearity(scores: &[f64], least: f64) -> f64 {
    let steps = squared_steps(scores, least);
    let mean = steps.iter().sum::<f64>() / steps.len().max(1) as f64;
    improvement(scores) / mean.sqrt()
}

/// `I / sqrt(median of squared steps)`; steps count as at least `least`.
fn breakthroughness(scores: &[f64], least: f64) -> f64 {
    let mut steps = squared_steps(scores, least);
    steps.sort_by(f64::total_cmp);
    let middle = steps.len() / 2;
    let median = match steps.len() {
        0 => return 0.0,
        n if n % 2 == 1 => steps[middle],
        _ => (steps[middle - 1] + steps[middle]) / 2.0,
    };
    improvement(scores) / median.sqrt()
}

/// Sizes in equal factors up to the largest.
fn scales(count: usize, largest: usize) -> Vec<usize> {
    let smallest: f64 = 4.0;
    let factor = (largest as f64 / smallest).powf(1.0 / (count - 1) as f64);
    (0..count)
        .map(|at| (smallest * factor.powi(at as i32)).round() as usize)
        .collect()
}

/// Facts as one large ring in a random order: the fact of a thing is the next thing.
fn chain(facts: usize, rng: &mut Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..facts).collect();
    order.shuffle(rng);
    let mut next = vec![0; facts];
    for (at, &thing) in order.iter().enumerate() {
        next[thing] = order[(at + 1) % facts];
    }
    next
}

struct Tasks {
    one: Task,
    end: Task,
    way: Task,
}

/// The three tasks, over the same starting things. An input is `steps thing`, or `way thing`.
fn tasks(chain: &[usize], questions: usize, rng: &mut Rng) -> Tasks {
    let starts: Vec<usize> = (0..questions)
        .map(|_| rng.random_range(0..chain.len()))
        .collect();
    let walk = |start: usize| {
        let mut at = start;
        [(); STEPS].map(|()| {
            at = chain[at];
            at
        })
    };
    let task = |name: &str, keyword: &str, example: &dyn Fn(usize) -> (String, String)| {
        Task::generated(name, keyword, starts.iter().map(|&start| example(start)))
    };
    Tasks {
        one: task("one_fact", "memorization", &|start| {
            (format!("1 {start}"), walk(start)[0].to_string())
        }),
        end: task("end_of_chain", "multi-step", &|start| {
            (
                format!("{STEPS} {start}"),
                walk(start)[STEPS - 1].to_string(),
            )
        }),
        way: task("whole_way", "multi-step", &|start| {
            let way = walk(start).map(|thing| thing.to_string()).join(" ");
            (format!("way {start}"), way)
        }),
    }
}

/// A linear associative memory: `M = sum over facts of value key^T`, with random signs as keys and values.
struct Memory {
    /// Which thing comes back for each thing.
    recalled: Vec<usize>,
}

impl Memory {
    /// Stores all facts in `dimensions` by `dimensions` numbers, and reads every one back.
    fn store(chain: &[usize], dimensions: usize, rng: &mut Rng) -> Memory {
        let mut signs = |count: usize| -> Vec<Vec<f32>> {
            (0..count)
                .map(|_| {
                    let sign = |rng: &mut Rng| if rng.random() { 1.0 } else { -1.0 };
                    (0..dimensions).map(|_| sign(rng)).collect()
                })
                .collect()
        };
        let (keys, values) = (signs(chain.len()), signs(chain.len()));
        let mut sums = vec![0f32; dimensions * dimensions];
        for (thing, &fact) in chain.iter().enumerate() {
            for (row, &value) in sums.chunks_exact_mut(dimensions).zip(&values[fact]) {
                for (sum, &key) in row.iter_mut().zip(&keys[thing]) {
                    *sum += value * key;
                }
            }
        }
        let recalled = keys
            .iter()
            .map(|key| {
                let read: Vec<f32> = sums
                    .chunks_exact(dimensions)
                    .map(|row| dot(row, key))
                    .collect();
                let likeness = |thing: usize| dot(&values[thing], &read);
                (0..values.len())
                    .map(|thing| (likeness(thing), thing))
                    .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))
                    .map_or(0, |(_, thing)| thing)
            })
            .collect();
        Memory { recalled }
    }

    /// What the memory says to an input.
    fn answer(&self, input: &str) -> String {
        let Some((what, start)) = input.split_once(' ') else {
            return String::new();
        };
        let start: usize = start.parse().unwrap_or(0);
        let mut at = start.min(self.recalled.len() - 1);
        let mut way = Vec::new();
        for _ in 0..what.parse().unwrap_or(STEPS) {
            at = self.recalled[at];
            way.push(at.to_string());
        }
        if what == "way" {
            way.join(" ")
        } else {
            way.pop().unwrap_or_default()
        }
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn plot(scales: &[usize], curves: &[Vec<f64>]) -> Plot {
    let names = [
        "one fact",
        "end of four",
        "facts right of four",
        "all four right",
    ];
    let axes = (Axis::log("dimensions of the memory"), Axis::linear("score"));
    let plot = Plot::new("scale", "Scores over the size of the model", axes.0, axes.1);
    names.iter().zip(curves).fold(plot, |plot, (name, curve)| {
        plot.line(
            *name,
            scales.iter().map(|&s| s as f64).zip(curve.iter().copied()),
        )
    })
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn check(scores: &[f64], linear: f64, jump: f64) {
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        let found = (linearity(scores, 0.0), breakthroughness(scores, 0.0));
        assert!(near(found.0, linear) && near(found.1, jump), "{found:?}");
    }

    #[test]
    fn equal_steps_have_as_much_of_both() {
        check(&[0.0, 0.1, 0.2, 0.3, 0.4], 4.0, 4.0);
        check(&[0.4, 0.3, 0.2, 0.1, 0.0], -4.0, -4.0);
    }

    #[test]
    fn a_jump_is_told_from_a_slope() {
        // Steps .01 .01 .97 .01: range 1, root mean square .97015..., root median square .01.
        let scores = [0.0, 0.01, 0.02, 0.99, 1.0];
        let root_mean: f64 = ((3.0 * 0.0001 + 0.9409) / 4.0_f64).sqrt();
        check(&scores, 1.0 / root_mean, 100.0);
        // With steps of at least .05 the jump is 1 / .05.
        assert!((breakthroughness(&scores, 0.05) - 20.0).abs() < 1e-9);
        assert_eq!(breakthroughness(&[0.5], 0.01), 0.0);
    }

    #[test]
    fn a_large_memory_knows_everything_and_a_small_one_little() {
        let mut rng = Rng::seed_from_u64(9);
        let chain = chain(60, &mut rng);
        let right = |memory: Memory| {
            let same = memory.recalled.iter().zip(&chain).filter(|(a, b)| a == b);
            same.count()
        };
        assert_eq!(right(Memory::store(&chain, 200, &mut rng)), 60);
        assert!(right(Memory::store(&chain, 4, &mut rng)) < 20);
    }

    #[test]
    fn tasks_ask_for_what_the_chain_says() {
        let chain = vec![1, 2, 3, 4, 0];
        let tasks = tasks(&chain, 20, &mut Rng::seed_from_u64(1));
        let memory = Memory { recalled: chain };
        for task in [&tasks.one, &tasks.end, &tasks.way] {
            assert_eq!(
                task.evaluate(Score::ExactMatch, |input| memory.answer(input)),
                1.0
            );
        }
        assert_eq!(memory.answer("way 3"), "4 0 1 2");
        assert_eq!(memory.answer("4 3"), "2");
    }
}
