//! The ideation-execution gap (Si, Hashimoto and Yang 2025, arXiv 2506.20803).
//!
//! **Claim.** Ideas of language models look better than people's as ideas, and lose more when they are carried out. That is seen in the change of
//! each idea's score, not in the scores of finished work.
//!
//! **Mechanism** (the paper's sections 3 and 5). 43 ideas, 24 of models and 19 of people, are each assigned to a researcher by
//! chance; reviewers score them before and others after; changes of both groups are compared, `(after - before)` of
//! models' less that of people's, by Welch's t-test.
//!
//! **Generated.** Reviewers who err, ideas with a true worth before and after. In the first world models' ideas have a
//! true gap of the paper's size. In the second there is no gap at all, but the models' ideas were picked, from a larger
//! pool, for their scores.
//!
//! **Controls.** A score that was picked for being high falls by itself when it is measured again (regression to the mean). The method
//! replaces each score before by what it is expected to be when measured again, `m + r (before - m)` (Kelley 1927), with
//! the pool's mean `m` and the reliability `r` of a mean of reviews, found from how reviewers of one idea disagree. In the
//! first world the baseline compares finished work alone; in the second it compares changes as they are.

use anyhow::Result;
use rand_distr::{Distribution as _, Normal};

use super::items::mean;
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Rng, Trial,
};

static CARD: Card = Card {
    id: "ideation-gap",
    arxiv: "2506.20803",
    title: "The Ideation-Execution Gap: Execution Outcomes of LLM-Generated versus Human Research Ideas",
    family: Family::Evaluation,
    claim: "That models' ideas lose more than people's when carried out is seen in the change of each idea's score, where \
            scores of finished work alone do not show it, and it is told apart from ideas picked for lucky scores.",
    published: "43 researchers, over 100 hours each: scores of models' ideas fall significantly more on novelty, \
                excitement, effectiveness and overall (p < 0.05); several rankings turn around.",
    baseline: "A t-test of finished work's scores; for ideas picked by score, a t-test of changes as they are.",
    kept: &[
        "24 ideas of models, 19 of people, scored before and after by different reviewers",
        "The change of each idea's score, compared between the groups",
    ],
    left_out: &[
        "Researchers, ideas and reviews: all are simulated",
        "Mixed models, and the single aspects of a review",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "seen",
            name: "a true gap is seen: finished work alone, changes",
            unit: "of all studies",
            better: Better::Higher,
        },
        Metric {
            id: "false-alarms",
            name: "a gap is seen where ideas were only picked by score: changes as they are, corrected",
            unit: "of all studies",
            better: Better::Lower,
        },
        Metric {
            id: "still-seen",
            name: "a true gap is seen among picked ideas: finished work alone, changes corrected",
            unit: "of all studies",
            better: Better::Higher,
        },
        Metric {
            id: "bias",
            name: "error of the gap's size among picked ideas: changes as they are, corrected",
            unit: "points of 10",
            better: Better::Lower,
        },
    ],
    rule: &[
        Condition {
            text: "Changes show a true gap more often than finished work alone, in 30 of 100 studies more",
            metric: "seen",
            expect: Expect::BetterBy(0.3),
        },
        Condition {
            text: "Where ideas were only picked by score, corrected changes raise alarm in one study of ten at most",
            metric: "false-alarms",
            expect: Expect::AtMost(0.1),
        },
        Condition {
            text: "And less often than changes as they are, by a tenth of all studies",
            metric: "false-alarms",
            expect: Expect::BetterBy(0.1),
        },
        Condition {
            text: "The gap's size is nearer the truth, by a factor of 1.5",
            metric: "bias",
            expect: Expect::Times(1.5),
        },
    ],
    likely_reason: "With 43 ideas and few reviewers each, a change is known to one point only, and reliability itself is \
                    an estimate.",
    timed: false,
};

/// Changes of scores, simulated studies.
pub(super) struct IdeationGap;

/// Ideas of models and of people that are carried out.
const IDEAS: [usize; 2] = [24, 19];
/// What models' ideas are better before (5.4 and 4.8 of 10, about), and what more they lose.
const LEAD: f64 = 0.6;
const GAP: f64 = 1.0;
/// True worth's spread, how much carrying out changes it either way, and a reviewer's error, in points.
const WORTH: f64 = 0.9;
const EXECUTION: f64 = 0.7;
const REVIEWER: f64 = 1.4;
/// Reviews an idea gets before and after.
const REVIEWS: [usize; 2] = [3, 4];
/// How many ideas of models the picked ones are the best of.
const POOL: usize = 96;
/// One-sided 5 % point of a normal: models' ideas losing more is what is looked for.
const Z: f64 = -1.645;

/// One idea's reviews, before and after.
struct Idea {
    before: Vec<f64>,
    after: Vec<f64>,
}

impl Idea {
    fn score(&self) -> f64 {
        mean(self.before.iter().copied())
    }

    fn outcome(&self) -> f64 {
        mean(self.after.iter().copied())
    }
}

/// A study: what was carried out, and all ideas that it was chosen from, of models and of people.
struct Study {
    carried_out: [Vec<Idea>; 2],
    // Reviews before of every idea there was.
    pools: [Vec<Vec<f64>>; 2],
}

impl Reproduction for IdeationGap {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let studies = context.pick(200, 2000, 10_000);
        let mut rng = context.rng(1);
        let assigned = many(studies, GAP, false, &mut rng)?;
        context.progress(0.4, "picked ideas");
        let only_picked = many(studies, 0.0, true, &mut rng)?;
        let both = many(studies, GAP, true, &mut rng)?;
        let mut curve = Vec::new();
        for step in 0..=6 {
            let gap = 0.25 * f64::from(step);
            curve.push((gap, many(studies / 4, gap, true, &mut rng)?));
        }
        let line = |of: fn(&Seen) -> f64| -> Vec<(f64, f64)> {
            curve.iter().map(|(gap, seen)| (*gap, of(seen))).collect()
        };
        let plot = Plot::new(
            "power",
            "Studies that see a gap, of ideas picked by their scores",
            Axis::linear("true gap, points of 10"),
            Axis::linear("share of studies"),
        )
        .line("finished work alone", line(|seen| seen.finished))
        .line("changes as they are", line(|seen| seen.changes))
        .line("changes corrected", line(|seen| seen.corrected));
        Ok(Trial::new()
            .measured("seen", assigned.finished, assigned.changes)
            .measured("false-alarms", only_picked.changes, only_picked.corrected)
            .measured("still-seen", both.finished, both.corrected)
            .measured("bias", both.error_changes, both.error_corrected)
            .plot(plot))
    }
}

/// Of many studies: the share that see a gap in each way, and how wrong a study is about the gap's size on average.
#[derive(Default)]
struct Seen {
    finished: f64,
    changes: f64,
    corrected: f64,
    error_changes: f64,
    error_corrected: f64,
}

fn many(studies: usize, gap: f64, picked: bool, rng: &mut Rng) -> Result<Seen> {
    let n = studies as f64;
    let mut seen = Seen::default();
    for _ in 0..studies {
        let study = Study::draw(gap, picked, rng)?;
        let alarm = |groups: [Vec<f64>; 2]| {
            let (difference, z) = welch(&groups);
            (difference, f64::from(u8::from(z < Z)))
        };
        let finished = study.carried_out.each_ref().map(|ideas| {
            let outcomes = ideas.iter().map(Idea::outcome);
            outcomes.collect::<Vec<f64>>()
        });
        let changes = study.carried_out.each_ref().map(|ideas| {
            let changes = ideas.iter().map(|idea| idea.outcome() - idea.score());
            changes.collect::<Vec<f64>>()
        });
        seen.finished += alarm(finished).1 / n;
        let (size, alarmed) = alarm(changes);
        seen.changes += alarmed / n;
        seen.error_changes += (size + gap).abs() / n;
        let (size, alarmed) = alarm(study.corrected());
        seen.corrected += alarmed / n;
        seen.error_corrected += (size + gap).abs() / n;
    }
    Ok(seen)
}

impl Study {
    fn draw(gap: f64, picked: bool, rng: &mut Rng) -> Result<Study> {
        let (people, people_before) = Study::group(IDEAS[1], IDEAS[1], 4.8, 0.0, rng)?;
        let of = if picked { POOL } else { IDEAS[0] };
        let (models, models_before) = Study::group(IDEAS[0], of, 4.8 + LEAD, gap, rng)?;
        Ok(Study {
            carried_out: [models, people],
            pools: [models_before, people_before],
        })
    }

    /// Draws `of` ideas and carries out those with the best scores; reviews before are given back for all.
    fn group(
        count: usize,
        of: usize,
        worth: f64,
        gap: f64,
        rng: &mut Rng,
    ) -> Result<(Vec<Idea>, Vec<Vec<f64>>)> {
        let worth = Normal::new(worth, WORTH)?;
        let execution = Normal::new(-0.2 - gap, EXECUTION)?;
        let error = Normal::new(0.0, REVIEWER)?;
        let mut pool: Vec<(f64, Vec<f64>)> = (0..of)
            .map(|_| {
                let worth = worth.sample(rng);
                let reviews = (0..REVIEWS[0]).map(|_| worth + error.sample(rng)).collect();
                (worth, reviews)
            })
            .collect();
        let score = |reviews: &[f64]| mean(reviews.iter().copied());
        pool.sort_by(|a, b| score(&b.1).total_cmp(&score(&a.1)));
        let before = pool.iter().map(|(_, reviews)| reviews.clone()).collect();
        let ideas = pool
            .into_iter()
            .take(count)
            .map(|(worth, before)| {
                let done = worth + execution.sample(rng);
                let after = (0..REVIEWS[1]).map(|_| done + error.sample(rng)).collect();
                Idea { before, after }
            })
            .collect();
        Ok((ideas, before))
    }

    /// Each idea's change from what its score before is expected to be when measured again.
    fn corrected(&self) -> [Vec<f64>; 2] {
        std::array::from_fn(|group| {
            let pool = &self.pools[group];
            let middle = mean(pool.iter().flatten().copied());
            let reliability = reliability(pool);
            self.carried_out[group]
                .iter()
                .map(|idea| {
                    let expected = middle + reliability * (idea.score() - middle);
                    idea.outcome() - expected
                })
                .collect()
        })
    }
}

/// The reliability of a mean of an idea's reviews, by one-way analysis of variance: `1 - within / between`, 0 to 1.
fn reliability(reviews: &[Vec<f64>]) -> f64 {
    let ideas = reviews.len() as f64;
    let means: Vec<f64> = reviews.iter().map(|r| mean(r.iter().copied())).collect();
    let all = mean(means.iter().copied());
    let each = reviews.first().map_or(0, Vec::len) as f64;
    let between = each * means.iter().map(|m| (m - all).powi(2)).sum::<f64>() / (ideas - 1.0);
    let squares = reviews.iter().zip(&means).map(|(r, m)| {
        let off = r.iter().map(|review| (review - m).powi(2));
        off.sum::<f64>()
    });
    let within = squares.sum::<f64>() / (ideas * (each - 1.0));
    if between > 0.0 {
        (1.0 - within / between).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// The difference of two means, first less second, and how many standard errors it is.
fn welch(groups: &[Vec<f64>; 2]) -> (f64, f64) {
    let [(m1, v1), (m2, v2)] = groups.each_ref().map(|values| {
        let n = values.len() as f64;
        let m = mean(values.iter().copied());
        let variance = values.iter().map(|v| (v - m).powi(2)).sum::<f64>() / (n - 1.0);
        (m, variance / n)
    });
    let difference = m1 - m2;
    (difference, difference / (v1 + v2).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;

    #[test]
    fn a_difference_in_standard_errors() {
        // Means 2 and 5, variances 1 and 1 of three values each: -3 / sqrt(2 / 3).
        let (difference, z) = welch(&[vec![1.0, 2.0, 3.0], vec![4.0, 5.0, 6.0]]);
        assert_eq!(difference, -3.0);
        assert!((z + 3.0 / (2.0f64 / 3.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn reliability_by_hand() {
        // Means 2 and 6: between = 2 * (4 + 4) / 1 = 16; within = (2 + 2) / 2 = 2.
        let found = reliability(&[vec![1.0, 3.0], vec![5.0, 7.0]]);
        assert!((found - 0.875).abs() < 1e-12);
        assert_eq!(reliability(&[vec![1.0, 5.0], vec![1.0, 5.0]]), 0.0);
    }

    #[test]
    fn reliability_is_the_worths_part_of_the_variance() {
        let mut rng = Rng::seed_from_u64(8);
        let (_, reviews) = Study::group(10, 5000, 5.0, 0.0, &mut rng).unwrap();
        let expected = WORTH.powi(2) / (WORTH.powi(2) + REVIEWER.powi(2) / 3.0);
        assert!((reliability(&reviews) - expected).abs() < 0.03);
    }

    #[test]
    fn picked_ideas_have_scores_above_their_pool() {
        let mut rng = Rng::seed_from_u64(8);
        let study = Study::draw(0.0, true, &mut rng).unwrap();
        let picked = mean(study.carried_out[0].iter().map(Idea::score));
        let all = mean(study.pools[0].iter().flatten().copied());
        assert!(picked > all + 0.5);
        assert_eq!(
            (study.pools[0].len(), study.carried_out[0].len()),
            (POOL, IDEAS[0])
        );
    }
}
