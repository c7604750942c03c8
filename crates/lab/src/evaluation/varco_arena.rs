//! Varco Arena (Son and others 2024, arXiv 2411.01281; later named Arena-Lite).
//!
//! **Claim.** To rank language models without reference answers, let their answers to each prompt meet in a
//! single-elimination tournament, and fit one rating to all matches. The order agrees better with the true one than
//! when every answer is compared with one fixed reference answer, with no more judgements.
//!
//! **Mechanism** (the paper's section 3). For each of `X` prompts a bracket is drawn at random among the `N` models:
//! `N - 1` judgements. All matches together are fitted by Bradley and Terry's model,
//! `P(i beats j) = 1 / (1 + 10^(-(R_i - R_j) / 400))`. The baseline judges each of the `N` answers against the
//! reference's, `N` judgements a prompt, and ranks by wins.
//!
//! **Generated** (the paper's simulation, section 4). Models have true ratings, uniform over 300 points; which of two
//! answers is better is drawn for each match by the formula above; the judge tells the better answer with a given
//! precision. Then the same with one thing more, as with real answers: an answer's quality is its model's rating plus
//! Gumbel noise, drawn once a prompt. Two answers' order still follows the formula, but a lucky answer stays lucky
//! through a whole bracket, and a reference's luck is the same for all.
//!
//! **Controls.** The reference is as good as the median model, which tells most about the others; a reference as good as
//! the best, as used in practice, is measured too. Pairs drawn at random with as many judgements show what the bracket
//! itself adds to the fit.

use anyhow::Result;
use rand::{RngExt as _, SeedableRng as _};
use rand_distr::{Distribution as _, Gumbel};

use super::agreement::spearman;
use super::pairwise::{Judge, Match, Winner};
use super::{bracket, bradley_terry};
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Rng, Trial,
};

const fn agreement(id: &'static str, name: &'static str) -> Metric {
    Metric {
        id,
        name,
        unit: "",
        better: Better::Higher,
    }
}

static CARD: Card = Card {
    id: "varco-arena",
    arxiv: "2411.01281",
    title: "Varco Arena: A Tournament Approach to Reference-Free Benchmarking Large Language Models",
    family: Family::Evaluation,
    claim: "Ranking models by single-elimination tournaments between their answers agrees better with the true order \
            than comparing each answer with one reference answer, with no more judgements.",
    published: "Higher Spearman correlation with Chatbot Arena's ratings than reference-anchored comparison, in \
                simulation and with language models as judges.",
    baseline: "Each answer judged against the answer of a reference as good as the median model; rank by wins.",
    kept: &[
        "A bracket drawn at random for each prompt, N - 1 judgements",
        "One Bradley-Terry fit to the matches of all prompts",
        "A judge that errs",
        "Added: answers whose luck is the same in all their matches",
    ],
    left_out: &[
        "Language models: answers and judges are simulated",
        "Ratings of Chatbot Arena: true ratings are drawn",
    ],
    used_in: None,
    metrics: &[
        agreement("models-8", "Spearman with the truth, 8 models, 50 prompts"),
        agreement(
            "models-16",
            "Spearman with the truth, 16 models, 50 prompts",
        ),
        agreement(
            "prompts-200",
            "Spearman with the truth, 16 models, 200 prompts",
        ),
        agreement(
            "poor-judge",
            "Spearman, 16 models, 50 prompts, judge right 4 times of 5",
        ),
        agreement(
            "strong-reference",
            "Spearman, 16 models, 50 prompts, reference as good as the best",
        ),
        agreement(
            "same-luck",
            "Spearman, 16 models, 50 prompts, an answer's luck the same in all its matches",
        ),
        agreement(
            "bracket",
            "Spearman, 16 models, 50 prompts: random pairs, then brackets",
        ),
        Metric {
            id: "judgements",
            name: "judgements, 16 models, 50 prompts",
            unit: "",
            better: Better::Lower,
        },
    ],
    rule: &[
        Condition {
            text: "With 8 models and 50 prompts the order agrees better, by 0.02 of Spearman's correlation",
            metric: "models-8",
            expect: Expect::BetterBy(0.02),
        },
        Condition {
            text: "With 16 models too, by 0.01",
            metric: "models-16",
            expect: Expect::BetterBy(0.01),
        },
        Condition {
            text: "And with 200 prompts, where both are good, by 0.005",
            metric: "prompts-200",
            expect: Expect::BetterBy(0.005),
        },
        Condition {
            text: "With a poor judge it is no worse",
            metric: "poor-judge",
            expect: Expect::BetterBy(0.0),
        },
        Condition {
            text: "Nor where an answer's luck is the same in all its matches",
            metric: "same-luck",
            expect: Expect::BetterBy(0.0),
        },
        Condition {
            text: "No more judgements are needed",
            metric: "judgements",
            expect: Expect::Times(1.0),
        },
    ],
    likely_reason: "A reference of middling quality is the most telling single opponent there is, and where answers are \
                    fixed its luck is the same for all: it cancels in a ranking, while a bracket sends lucky answers on.",
    timed: false,
};

/// Arena and anchor on simulated answers.
pub(super) struct VarcoArena;

/// How good a judge is that is not called poor: it agrees with people about as often.
const PRECISION: f64 = 0.9;

#[derive(Clone, Copy)]
struct Setting {
    models: usize,
    prompts: usize,
    precision: f64,
    luck: Luck,
}

/// When it is drawn which of two answers is better.
#[derive(Clone, Copy, PartialEq)]
enum Luck {
    /// For each match, as in the paper's simulation.
    EachMatch,
    /// For each answer, once for all its matches.
    EachAnswer,
}

/// Mean agreement with the truth of each way of ranking.
#[derive(Clone, Copy, Default)]
struct Agreement {
    median: f64,
    strong: f64,
    arena: f64,
    random: f64,
    // Judgements that the baseline and the method took.
    calls_anchored: f64,
    calls_arena: f64,
}

impl Reproduction for VarcoArena {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let repeats = context.pick(20, 200, 1000);
        let at = |models, prompts, precision, luck, purpose| {
            let setting = Setting {
                models,
                prompts,
                precision,
                luck,
            };
            measure(setting, repeats, &mut context.rng(purpose))
        };
        let eight = at(8, 50, PRECISION, Luck::EachMatch, 1)?;
        let sixteen = at(16, 50, PRECISION, Luck::EachMatch, 2)?;
        context.progress(0.3, "more prompts");
        let many = at(16, 200, PRECISION, Luck::EachMatch, 3)?;
        let poor = at(16, 50, 0.8, Luck::EachMatch, 4)?;
        let same = at(16, 50, PRECISION, Luck::EachAnswer, 10)?;
        context.progress(0.5, "the curve over prompts");
        let counts = [10, 20, 50, 100, 200];
        let curve = (5..)
            .zip(counts)
            .map(|(purpose, prompts)| {
                Ok((
                    prompts as f64,
                    at(16, prompts, PRECISION, Luck::EachMatch, purpose)?,
                ))
            })
            .collect::<Result<Vec<_>>>()?;
        let line = |of: fn(&Agreement) -> f64| -> Vec<(f64, f64)> {
            curve.iter().map(|(x, found)| (*x, of(found))).collect()
        };
        let plot = Plot::new(
            "prompts",
            "Agreement with the true order, 16 models",
            Axis::log("prompts"),
            Axis::linear("Spearman's correlation"),
        )
        .line("median reference", line(|found| found.median))
        .line("tournaments", line(|found| found.arena))
        .line("random pairs", line(|found| found.random))
        .line("strong reference", line(|found| found.strong));
        Ok(Trial::new()
            .measured("models-8", eight.median, eight.arena)
            .measured("models-16", sixteen.median, sixteen.arena)
            .measured("prompts-200", many.median, many.arena)
            .measured("poor-judge", poor.median, poor.arena)
            .measured("strong-reference", sixteen.strong, sixteen.arena)
            .measured("same-luck", same.median, same.arena)
            .measured("bracket", sixteen.random, sixteen.arena)
            .measured("judgements", sixteen.calls_anchored, sixteen.calls_arena)
            .plot(plot))
    }
}

/// Many worlds of a setting: agreement with the truth, averaged.
fn measure(setting: Setting, repeats: usize, rng: &mut Rng) -> Result<Agreement> {
    let mut sum = Agreement::default();
    for _ in 0..repeats {
        let found = once(setting, rng)?;
        sum.median += found.median / repeats as f64;
        sum.strong += found.strong / repeats as f64;
        sum.arena += found.arena / repeats as f64;
        sum.random += found.random / repeats as f64;
        sum.calls_anchored += found.calls_anchored / repeats as f64;
        sum.calls_arena += found.calls_arena / repeats as f64;
    }
    Ok(sum)
}

/// One world: models, their answers to all prompts, and each way of ranking them. Every way has a judge of its own luck
/// on the same answers.
fn once(setting: Setting, rng: &mut Rng) -> Result<Agreement> {
    let Setting {
        models, prompts, ..
    } = setting;
    let truth: Vec<f64> = (0..models)
        .map(|_| rng.random_range(0.0..300.0) / bradley_terry::POINTS)
        .collect();
    let mut sorted = truth.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let median = (sorted[(models - 1) / 2] + sorted[models / 2]) / 2.0;
    // Behind the models come the two references.
    let skills = [&truth[..], &[median, sorted[models - 1]]].concat();
    let answers = match setting.luck {
        Luck::EachMatch => vec![skills; prompts],
        Luck::EachAnswer => answers(&skills, prompts, rng)?,
    };
    let mut judge = Simulated {
        answers,
        luck: setting.luck,
        precision: setting.precision,
        rng: Rng::seed_from_u64(rng.random()),
        calls: 0,
    };
    let median = wins(&mut judge, models, prompts, models)?;
    let calls_anchored = judge.calls;
    let strong = wins(&mut judge, models, prompts, models + 1)?;
    judge.calls = 0;
    let arena = tournaments(&mut judge, models, prompts, rng)?;
    let calls_arena = judge.calls;
    let random = random_pairs(&mut judge, models, prompts, rng)?;
    let fitted = |matches: &[Match]| bradley_terry::fit(models, matches, bradley_terry::PRIOR);
    Ok(Agreement {
        median: spearman(&truth, &median),
        strong: spearman(&truth, &strong),
        arena: spearman(&truth, &fitted(&arena)),
        random: spearman(&truth, &fitted(&random)),
        calls_anchored: calls_anchored as f64,
        calls_arena: calls_arena as f64,
    })
}

/// Each prompt's answers: quality in log odds, `[prompt][who]`.
fn answers(skills: &[f64], prompts: usize, rng: &mut Rng) -> Result<Vec<Vec<f64>>> {
    let luck = Gumbel::new(0.0, 1.0)?;
    Ok((0..prompts)
        .map(|_| {
            skills
                .iter()
                .map(|skill| skill + luck.sample(rng))
                .collect()
        })
        .collect())
}

/// A judge of qualities that errs now and then.
struct Simulated {
    // Quality in log odds, [prompt][who]; where luck is each match's, before luck.
    answers: Vec<Vec<f64>>,
    luck: Luck,
    precision: f64,
    rng: Rng,
    calls: usize,
}

impl Judge for Simulated {
    fn judge(&mut self, prompt: usize, a: usize, b: usize) -> Result<Winner> {
        self.calls += 1;
        let lead = self.answers[prompt][a] - self.answers[prompt][b];
        let better = match self.luck {
            Luck::EachMatch => self.rng.random_bool(bradley_terry::chance(lead)),
            Luck::EachAnswer => lead > 0.0,
        };
        let right = self.rng.random_bool(self.precision);
        Ok(if better == right {
            Winner::First
        } else {
            Winner::Second
        })
    }
}

/// Baseline: how often each model beats the reference.
fn wins(
    judge: &mut Simulated,
    models: usize,
    prompts: usize,
    reference: usize,
) -> Result<Vec<f64>> {
    let mut wins = vec![0.0; models];
    for prompt in 0..prompts {
        for (model, won) in wins.iter_mut().enumerate() {
            *won += judge.judge(prompt, model, reference)?.points();
        }
    }
    Ok(wins)
}

/// The method: every match of a bracket a prompt.
fn tournaments(
    judge: &mut Simulated,
    models: usize,
    prompts: usize,
    rng: &mut Rng,
) -> Result<Vec<Match>> {
    let mut matches = Vec::with_capacity(prompts * models);
    for prompt in 0..prompts {
        matches.extend(bracket::play(models, rng, |a, b| judge.judge(prompt, a, b))?.matches);
    }
    Ok(matches)
}

/// The control: as many matches a prompt, of pairs drawn at random.
fn random_pairs(
    judge: &mut Simulated,
    models: usize,
    prompts: usize,
    rng: &mut Rng,
) -> Result<Vec<Match>> {
    let mut matches = Vec::with_capacity(prompts * models);
    for prompt in 0..prompts {
        for _ in 1..models {
            let a = rng.random_range(0..models);
            let b = (a + rng.random_range(1..models)) % models;
            let winner = judge.judge(prompt, a, b)?;
            matches.push(Match { a, b, winner });
        }
    }
    Ok(matches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_beat_each_other_as_often_as_the_formula_says() {
        // 173.7 points: odds of e, a chance of 0.7311.
        let mut rng = Rng::seed_from_u64(5);
        let drawn = answers(&[1.0, 0.0], 20_000, &mut rng).unwrap();
        let won = drawn.iter().filter(|pair| pair[0] > pair[1]).count();
        assert!((won as f64 / 20_000.0 - 0.7311).abs() < 0.01, "{won}");
    }

    #[test]
    fn a_tournament_takes_one_judgement_less_than_models_a_prompt() {
        let mut rng = Rng::seed_from_u64(5);
        let mut judge = Simulated {
            answers: answers(&[0.0; 7], 30, &mut rng).unwrap(),
            luck: Luck::EachAnswer,
            precision: 1.0,
            rng: rng.clone(),
            calls: 0,
        };
        let played = tournaments(&mut judge, 7, 30, &mut rng).unwrap();
        assert_eq!(played.len(), 30 * 6);
        assert_eq!(
            random_pairs(&mut judge, 7, 30, &mut rng).unwrap().len(),
            30 * 6
        );
    }

    #[test]
    fn with_many_prompts_every_way_finds_the_order() {
        for luck in [Luck::EachMatch, Luck::EachAnswer] {
            let setting = Setting {
                models: 6,
                prompts: 3000,
                precision: 1.0,
                luck,
            };
            let found = measure(setting, 20, &mut Rng::seed_from_u64(9)).unwrap();
            for way in [found.median, found.arena, found.random] {
                assert!(way > 0.95, "{way}");
            }
        }
    }
}
