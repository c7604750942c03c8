//! Schaeffer, Miranda and Koyejo 2023, "Are Emergent Abilities of Large Language Models a Mirage?" (arXiv 2304.15004).
//!
//! *Claim.* Abilities that seem to appear suddenly do so because of the measure: the same models' same answers, measured
//! by a score that grows in proportion, improve gradually.
//!
//! *Mechanism* (section 2). If a step succeeds with chance p, a task of L steps succeeds with p^L: near zero for long, then
//! steep, however smoothly p grows with size. The share of right steps is p itself. And a test of few tasks shows zero
//! where the truth is only small.
//!
//! *Generated.* Networks of 1 to 90 hidden units learn a cipher (`ciphers`); a task is a piece of five letters. *Control.*
//! Both scores are taken of the same answers. A jump of the models themselves would show in the gradual score as well,
//! which the rule looks at.

use anyhow::Result;

use super::ciphers::{Pair, Pool, Reader, pool, tasks};
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Trial,
};

static CARD: Card = Card {
    id: "emergence-mirage",
    arxiv: "2304.15004",
    title: "Are Emergent Abilities of Large Language Models a Mirage?",
    family: Family::Scaling,
    claim: "A skill that seems to appear suddenly with size, when only fully right answers count, grows gradually when \
            the same answers are given part marks.",
    published: "GPT-3 on arithmetic: near-zero accuracy and then a jump turns into steady growth under token edit \
                distance; over 92 % of the emergent cases of BIG-Bench use one of two discontinuous scores.",
    baseline: "Exact match: a piece of five letters counts only when every letter is right.",
    kept: &[
        "models of growing size, one set of answers, an all-or-nothing score against a proportional one",
        "the prediction p^L for the all-or-nothing score",
        "the test's resolution: few tasks show zeros where many do not",
    ],
    left_out: &[
        "language models; the analysis of published scores",
        "multiple choice against the Brier score",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "silent",
            name: "sizes that seem to have no skill (under 5 % of the largest's score)",
            unit: "share",
            better: Better::Lower,
        },
        Metric {
            id: "steepest",
            name: "greatest gain from a size to the next",
            unit: "of all gain",
            better: Better::Lower,
        },
        Metric {
            id: "foretold",
            name: "error of exact match foretold (by its mean, by p^L)",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "zeros",
            name: "sizes with exact match 0 (40 pieces, 20,000 pieces)",
            unit: "share",
            better: Better::Lower,
        },
    ],
    rule: &[
        Condition {
            text: "a fifth of the sizes or more only seem to have no skill",
            metric: "silent",
            expect: Expect::BetterBy(0.2),
        },
        Condition {
            text: "counted letter by letter, no step of size brings more than a third of the gain",
            metric: "steepest",
            expect: Expect::AtMost(0.34),
        },
        Condition {
            text: "p^L foretells exact match five times better than its mean",
            metric: "foretold",
            expect: Expect::Times(5.0),
        },
        Condition {
            text: "a larger test turns zeros of a tenth of the sizes into numbers",
            metric: "zeros",
            expect: Expect::BetterBy(0.1),
        },
    ],
    likely_reason: "The smallest networks may already do too well, or one width may be a threshold of its own.",
    timed: false,
};

/// Hidden units, in nearly even steps of log size from three on.
const WIDTHS: [usize; 11] = [1, 2, 3, 4, 6, 9, 14, 22, 35, 56, 90];
/// Letters a task.
const LENGTH: usize = 5;
/// Tasks of a small test, and of a large one.
const FEW: usize = 40;
const MANY: usize = 20_000;

/// Emergence by the measure.
pub struct EmergenceMirage;

impl Reproduction for EmergenceMirage {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let pool = pool(context, &WIDTHS, context.pick(150, 2000, 10_000), 0.9);
        let all = |length, count, purpose| -> Vec<Score> {
            let tasks = tasks(length, count, context.rng(purpose));
            let readers = pool.readers.iter();
            readers.map(|reader| score(&pool, reader, &tasks)).collect()
        };
        let many = all(LENGTH, MANY, 2);
        let few = all(LENGTH, FEW, 3);
        let exact: Vec<f64> = many.iter().map(|score| score.exact).collect();
        let letters: Vec<f64> = many.iter().map(|score| score.letters).collect();
        let powers: Vec<f64> = letters.iter().map(|p| p.powi(LENGTH as i32)).collect();
        let mean = vec![exact.iter().sum::<f64>() / exact.len() as f64; exact.len()];

        let zeros = |scores: &[Score]| share(scores, |score| score.exact == 0.0);
        let sizes = || pool.readers.iter().map(|reader| reader.parameters as f64);
        let longer = all(2 * LENGTH, MANY, 4);
        let plot = Plot::new(
            "scores",
            "The same answers, measured in three ways",
            Axis::log("weights of the network"),
            Axis::linear("score"),
        )
        .line("all 5 letters right", sizes().zip(exact.clone()))
        .line("letters right", sizes().zip(letters.clone()))
        .line(
            "all 10 letters right",
            sizes().zip(longer.iter().map(|s| s.exact)),
        )
        .points("p^5", sizes().zip(powers.clone()));
        Ok(Trial::new()
            .measured("silent", silent(&exact), silent(&letters))
            .measured("steepest", steepest(&exact), steepest(&letters))
            .measured(
                "foretold",
                distance(&exact, &mean),
                distance(&exact, &powers),
            )
            .measured("zeros", zeros(&few), zeros(&many))
            .plot(plot))
    }
}

/// One network's scores on tasks.
struct Score {
    /// The share of tasks whose letters are all right.
    exact: f64,
    /// The share of right letters: one less the edit distance a letter, as nothing is inserted or left out.
    letters: f64,
}

fn score(pool: &Pool, reader: &Reader, tasks: &[Vec<Pair>]) -> Score {
    let right: Vec<bool> = (0..pool.truth.len())
        .map(|pair| reader.best(pair) == pool.truth[pair])
        .collect();
    let letters = tasks.iter().map(|task| share(task, |&at| right[at]));
    Score {
        exact: share(tasks, |task| task.iter().all(|&at| right[at])),
        letters: letters.sum::<f64>() / tasks.len() as f64,
    }
}

fn share<T>(of: &[T], is: impl Fn(&T) -> bool) -> f64 {
    of.iter().filter(|item| is(item)).count() as f64 / of.len() as f64
}

/// The share of sizes whose score is less than a twentieth of the last one's.
fn silent(scores: &[f64]) -> f64 {
    let last = scores.last().copied().unwrap_or(0.0);
    share(scores, |score| *score < 0.05 * last)
}

/// The greatest gain from one size to the next, as a share of the gain from first to last.
fn steepest(scores: &[f64]) -> f64 {
    let gains = scores.windows(2).map(|pair| pair[1] - pair[0]);
    let all = scores.last().unwrap_or(&0.0) - scores.first().unwrap_or(&0.0);
    gains.fold(0.0, f64::max) / all.max(1e-9)
}

/// The mean distance of two lists.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    let distances = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    distances.sum::<f64>() / a.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The paper's own curve: p = exp(-(N / c)^-a).
    fn smooth() -> Vec<f64> {
        let sizes = (0..11).map(|at| 2f64.powi(at));
        sizes.map(|n| (-(n / 2.0).powf(-0.6)).exp()).collect()
    }

    #[test]
    fn the_power_of_a_smooth_curve_is_silent_at_first() {
        let powers: Vec<f64> = smooth().iter().map(|p| p.powi(10)).collect();
        assert_eq!(silent(&smooth()), 0.0);
        assert!(silent(&powers) >= 4.0 / 11.0, "{powers:?}");
    }

    #[test]
    fn steepest_is_one_for_a_jump_and_even_for_a_line() {
        assert_eq!(steepest(&[0.0, 0.0, 1.0, 1.0]), 1.0);
        assert!((steepest(&[0.1, 0.2, 0.3, 0.4, 0.5]) - 0.25).abs() < 1e-12);
    }

    #[test]
    fn a_piece_is_right_when_all_of_it_is() {
        let sure = |letter: usize| std::array::from_fn(|at| if at == letter { 0.7 } else { 0.01 });
        let reader = Reader {
            parameters: 1,
            shares: vec![sure(3), sure(4)],
        };
        let pool = Pool {
            readers: Vec::new(),
            truth: vec![3, 5],
        };
        let found = score(&pool, &reader, &[vec![0, 0], vec![0, 1]]);
        assert_eq!((found.exact, found.letters), (0.5, 0.75));
    }
}
