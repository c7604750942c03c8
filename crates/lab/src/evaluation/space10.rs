//! SpaCE-10 (Gong and others 2025, arXiv 2506.07966).
//!
//! **Claim.** Tasks that combine elementary abilities fail at a bottleneck, and which ability that is can be told: counting, for
//! today's models of images.
//!
//! **Mechanism.** Ten elementary abilities, eight combinations of them, questions of both kinds for some twenty models. The paper reads the bottleneck from
//! low scores. Here an analyser finds it: a combined task succeeds when every use of every ability in it does,
//! `c = prod_a p_a^(w_a)`, so `ln c` is linear in `ln p` with exponents `w >= 0`, fitted over models by weighted least
//! squares. What mending an ability to perfection would bring is `c (p_a^(-w_a) - 1)`.
//!
//! **Generated.** Models with a general strength and strengths of their own; abilities of different difficulty; each combination
//! uses four abilities, one to three times each. Questions with four choices are answered one by one, as many as in the
//! benchmark. The truth is known: the ability whose mending would help the models most.
//!
//! **Controls.** Good models are good at everything, so every ability correlates with every task. The baseline knows which abilities a
//! task uses and takes the one with the lowest score; the one that correlates most with the task is measured too.

use anyhow::Result;
use rand::RngExt as _;
use rand::seq::SliceRandom;
use rand_distr::{Distribution as _, Normal};

use super::agreement::pearson;
use super::bradley_terry::chance;
use super::items::mean;
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Rng, Trial,
};

static CARD: Card = Card {
    id: "space-10",
    arxiv: "2506.07966",
    title: "SpaCE-10: A Comprehensive Benchmark for Multimodal Large Language Models in Compositional Spatial Intelligence",
    family: Family::Evaluation,
    claim: "Which elementary ability holds back a combined task can be told from scores of many models, and it need not \
            be the one with the lowest score.",
    published: "Ten elementary and eight combined abilities, over 5,000 questions: the best models stay far below people, \
                and counting limits the combined abilities.",
    baseline: "The ability with the lowest score among those that the task uses.",
    kept: &[
        "Ten elementary abilities, eight combinations of them",
        "As many questions as the benchmark has, with four choices",
        "Scores corrected for guessing",
    ],
    left_out: &[
        "Rooms, pictures and models: answers are simulated from abilities",
        "Combinations whose parts do not simply all have to succeed",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "named",
            name: "bottlenecks named rightly: lowest score, analyser",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "mended",
            name: "of what mending the right ability would bring, brought by the one named",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "correlation",
            name: "bottlenecks named rightly: greatest correlation, analyser",
            unit: "",
            better: Better::Higher,
        },
    ],
    rule: &[
        Condition {
            text: "The analyser names the bottleneck more often than the lowest score does, by a tenth of all",
            metric: "named",
            expect: Expect::BetterBy(0.1),
        },
        Condition {
            text: "It names it in two cases of three at least",
            metric: "named",
            expect: Expect::AtLeast(2.0 / 3.0),
        },
        Condition {
            text: "Mending what it names brings more than mending the lowest score",
            metric: "mended",
            expect: Expect::BetterBy(0.0),
        },
    ],
    likely_reason: "With some twenty models, whose abilities rise and fall together, exponents are known badly, while the \
                    lowest score needs none and is often the bottleneck.",
    timed: false,
};

/// Which ability holds back combined tasks.
pub(super) struct Space10;

const ABILITIES: usize = 10;
const TASKS: usize = 8;
const USED: usize = 4;
/// Questions an elementary ability and a combined task: some 5,000 for the eight tasks.
const QUESTIONS: [usize; 2] = [200, 625];
const CHOICES: f64 = 4.0;
/// Scores below it have no useful logarithm.
const LEAST: f64 = 0.02;

/// A combined task: which abilities it uses, how often each.
type Task = Vec<(usize, f64)>;

/// What is known of one task's models.
struct Seen {
    // Chance-corrected scores of the abilities used, [model][used], and of the task.
    parts: Vec<Vec<f64>>,
    whole: Vec<f64>,
}

#[derive(Default)]
struct Found {
    named: [f64; 3],
    mended: [f64; 3],
}

impl Reproduction for Space10 {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let worlds = context.pick(10, 100, 1000);
        let models = [8, 14, 20, 30, 50];
        let mut curve = Vec::new();
        for (purpose, count) in (1..).zip(models) {
            context.progress(0.2 * (purpose - 1) as f64, "worlds");
            let mut rng = context.rng(purpose);
            curve.push(measure(count, worlds, &mut rng)?);
        }
        let line = |way: usize| -> Vec<(f64, f64)> {
            let points = models.iter().zip(&curve);
            points
                .map(|(&n, found)| (n as f64, found.named[way]))
                .collect()
        };
        let plot = Plot::new(
            "models",
            "Bottlenecks named rightly",
            Axis::log("models that were measured"),
            Axis::linear("share of tasks"),
        )
        .line("lowest score", line(0))
        .line("analyser", line(1))
        .line("greatest correlation", line(2));
        let twenty = &curve[2];
        Ok(Trial::new()
            .measured("named", twenty.named[0], twenty.named[1])
            .measured("mended", twenty.mended[0], twenty.mended[1])
            .measured("correlation", twenty.named[2], twenty.named[1])
            .plot(plot))
    }
}

/// Shares of all tasks of many worlds, for each way of naming: lowest, analyser, correlation.
fn measure(models: usize, worlds: usize, rng: &mut Rng) -> Result<Found> {
    let mut found = Found::default();
    let all = (worlds * TASKS) as f64;
    for _ in 0..worlds {
        let truth = abilities(models, rng)?;
        let scores: Vec<Vec<f64>> = truth
            .iter()
            .map(|model| model.iter().map(|&p| asked(p, QUESTIONS[0], rng)).collect())
            .collect();
        for _ in 0..TASKS {
            let task = task(rng);
            let gains = gains(&truth, &task);
            let right = greatest(&gains);
            let seen = observe(&truth, &scores, &task, rng);
            let names = [lowest(&seen), bottleneck(&seen), most_correlated(&seen)];
            for (way, name) in names.into_iter().enumerate() {
                found.named[way] += f64::from(u8::from(name == right)) / all;
                found.mended[way] += gains[name] / gains[right] / all;
            }
        }
    }
    Ok(found)
}

/// Models' true chances of each ability: general strength, a strength of its own, an ability's difficulty.
fn abilities(models: usize, rng: &mut Rng) -> Result<Vec<Vec<f64>>> {
    let general = Normal::new(1.5, 0.7)?;
    let own = Normal::new(0.0, 0.5)?;
    let difficulty = Normal::new(0.0, 0.6)?;
    let hard: Vec<f64> = (0..ABILITIES).map(|_| difficulty.sample(rng)).collect();
    Ok((0..models)
        .map(|_| {
            let strength = general.sample(rng);
            let chances = hard
                .iter()
                .map(|hard| chance(strength + own.sample(rng) - hard));
            chances.collect()
        })
        .collect())
}

fn task(rng: &mut Rng) -> Task {
    let mut order: Vec<usize> = (0..ABILITIES).collect();
    order.shuffle(rng);
    order.truncate(USED);
    order
        .into_iter()
        .map(|ability| (ability, f64::from(rng.random_range(1..=3u8))))
        .collect()
}

/// A model's true chance in a task.
fn succeeds(model: &[f64], task: &Task) -> f64 {
    task.iter()
        .map(|&(ability, uses)| model[ability].powf(uses))
        .product()
}

/// How much the models' mean chance would rise if an ability were perfect, for each ability used.
fn gains(truth: &[Vec<f64>], task: &Task) -> Vec<f64> {
    task.iter()
        .map(|&(ability, uses)| {
            mean(truth.iter().map(|model| {
                let now = succeeds(model, task);
                now / model[ability].powf(uses) - now
            }))
        })
        .collect()
}

/// A score from questions with choices, corrected for guessing.
fn asked(p: f64, questions: usize, rng: &mut Rng) -> f64 {
    let right = p + (1.0 - p) / CHOICES;
    let share = (0..questions).filter(|_| rng.random_bool(right)).count() as f64 / questions as f64;
    ((share - 1.0 / CHOICES) / (1.0 - 1.0 / CHOICES)).max(0.0)
}

fn observe(truth: &[Vec<f64>], scores: &[Vec<f64>], task: &Task, rng: &mut Rng) -> Seen {
    let used = |model: &Vec<f64>| task.iter().map(|&(ability, _)| model[ability]).collect();
    Seen {
        parts: scores.iter().map(used).collect(),
        whole: truth
            .iter()
            .map(|model| asked(succeeds(model, task), QUESTIONS[1], rng))
            .collect(),
    }
}

/// The place of the first greatest value.
fn greatest(values: &[f64]) -> usize {
    let better = |best: usize, at: usize| if values[at] > values[best] { at } else { best };
    (1..values.len()).fold(0, better)
}

fn column(parts: &[Vec<f64>], used: usize) -> Vec<f64> {
    parts.iter().map(|row| row[used]).collect()
}

/// Baseline: the ability with the lowest mean score.
fn lowest(seen: &Seen) -> usize {
    let means: Vec<f64> = (0..USED)
        .map(|used| -mean(column(&seen.parts, used)))
        .collect();
    greatest(&means)
}

/// The control: the ability that rises and falls most with the task.
fn most_correlated(seen: &Seen) -> usize {
    let with: Vec<f64> = (0..USED)
        .map(|used| pearson(&column(&seen.parts, used), &seen.whole))
        .collect();
    greatest(&with)
}

/// The method: exponents over models, then what mending each ability would bring.
fn bottleneck(seen: &Seen) -> usize {
    let exponents = exponents(seen);
    let gains: Vec<f64> = (0..USED)
        .map(|used| {
            mean(seen.parts.iter().zip(&seen.whole).map(|(row, whole)| {
                // No mended task can succeed more often than always.
                let mended = whole * row[used].max(LEAST).powf(-exponents[used]);
                mended.min(1.0) - whole
            }))
        })
        .collect();
    greatest(&gains)
}

/// `w >= 0` with the least weighted squares of `ln c - sum_a w_a ln p_a`, by coordinate descent. A model's weight is how
/// certain `ln c` is: with right answers of share `q = c + (1 - c) / choices`, in proportion to `c^2 / (q (1 - q))`.
fn exponents(seen: &Seen) -> Vec<f64> {
    let logs: Vec<Vec<f64>> = seen
        .parts
        .iter()
        .map(|row| row.iter().map(|p| p.max(LEAST).ln()).collect())
        .collect();
    let whole: Vec<f64> = seen.whole.iter().map(|c| c.clamp(LEAST, 0.98)).collect();
    let mut w = vec![1.0; USED];
    for _ in 0..200 {
        for used in 0..USED {
            let (mut above, mut below) = (0.0, 1e-9);
            for (row, c) in logs.iter().zip(&whole) {
                let others: f64 = (0..USED)
                    .filter(|&o| o != used)
                    .map(|o| w[o] * row[o])
                    .sum();
                let right = c + (1.0 - c) / CHOICES;
                let weight = c * c / (right * (1.0 - right));
                above += weight * row[used] * (c.ln() - others);
                below += weight * row[used] * row[used];
            }
            w[used] = f64::max(above / below, 0.0);
        }
    }
    w
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;

    #[test]
    fn exponents_are_found_again_where_nothing_is_left_to_chance() {
        let mut rng = Rng::seed_from_u64(3);
        let truth = abilities(30, &mut rng).unwrap();
        let task: Task = vec![(0, 1.0), (3, 3.0), (5, 2.0), (9, 1.0)];
        let seen = Seen {
            parts: truth
                .iter()
                .map(|m| task.iter().map(|t| m[t.0]).collect())
                .collect(),
            whole: truth.iter().map(|m| succeeds(m, &task)).collect(),
        };
        for (found, (_, uses)) in exponents(&seen).iter().zip(&task) {
            assert!((found - uses).abs() < 0.3, "{found} for {uses}");
        }
    }

    #[test]
    fn what_is_used_often_can_hold_back_more_than_what_is_weakest() {
        let truth = vec![vec![0.6, 0.7, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]];
        let task: Task = vec![(0, 1.0), (1, 3.0), (2, 1.0), (3, 1.0)];
        // c = .6 * .343 = .2058; mended: .343 - c = .1372 and .6 - c = .3942.
        let gains = gains(&truth, &task);
        assert!((gains[0] - 0.1372).abs() < 1e-9 && (gains[1] - 0.3942).abs() < 1e-9);
        assert_eq!(greatest(&gains), 1);
    }

    #[test]
    fn guessing_scores_nothing() {
        let mut rng = Rng::seed_from_u64(3);
        let scores: Vec<f64> = (0..50).map(|_| asked(0.0, 400, &mut rng)).collect();
        assert!(mean(scores.iter().copied()) < 0.03);
        assert_eq!(asked(1.0, 400, &mut rng), 1.0);
    }
}
