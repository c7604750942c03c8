//! FormatSpread (Sclar, Choi, Tsvetkov, Suhr; arXiv 2310.11324).
//!
//! **Claim.** How well a model does depends on the format of the prompt, so a range over formats should be told, and the
//! ends of that range are found by Thompson sampling with far fewer calls than trying everything.
//!
//! **Mechanism** (section 3). Formats are drawn from a grammar of equivalent ones (`prompt_format.rs`). Each is an arm of
//! a bandit with a Beta prior, `b = 5`, `a = max(1.1, 5 p / (1 - p))`, `p` being the share of the plain format. Half of the
//! budget goes to the highest arm, half to the lowest, a batch of 20 at a time (`bandit.rs`). The range told is that of the
//! two arms found, tried on all items.
//!
//! **What is generated.** A two-way question on made-up words, and a small model that reads letters (`format_reader.rs`),
//! taught in four formats. Its answers to every item in every format are computed once: the truth that both searches are
//! held against. The formats' shares are thus a model's, not numbers that we drew.
//!
//! **Controls.** The same number of calls spread evenly. And the range that is seen on few items without trying the two
//! ends again: it overstates, because the luckiest of many arms looks better than it is. A third search runs over shares
//! drawn from N(0.55, 0.08), which lie further apart than this model's: it shows what the gain depends on, and judges nothing.

use rand::RngExt as _;
use rand::seq::SliceRandom as _;
use rand_distr::{Distribution as _, Normal};

use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Rng, Trial,
};

use super::bandit::{self, Budget, Found};
use super::format_reader::{Language, Reader};
use super::prompt_format::formats;

static CARD: Card = Card {
    id: "formatspread",
    arxiv: "2310.11324",
    title: "Quantifying Language Models' Sensitivity to Spurious Features in Prompt Design or: How I learned to start worrying about prompt formatting",
    family: Family::Evaluation,
    claim: "Formats that mean the same change a model's score, and Thompson sampling finds the range between the best and the worst of them with fewer calls than trying all evenly.",
    published: "Up to 76 points of accuracy between formats (LLaMA-2-13B); 320 formats searched with 40,000 calls in batches of 20.",
    baseline: "The same calls spread evenly over all formats; its best and worst format are then tried on all items, as the method's are.",
    kept: &[
        "the grammar of formats: casing of names, separators, spaces, numbering of options",
        "Beta priors set by the plain format, half of the calls for each end, batches of 20",
        "320 formats and 1,000 items, the two ends tried again on all items",
        "what the prior's rate costs is taken from the method's calls",
    ],
    left_out: &[
        "language models: the answers come from a small classifier of letter groups",
        "examples before the question, and 53 tasks: one generated task a seed",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "missed",
            name: "range missed, 160 calls a format",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "missed-lean",
            name: "range missed, 20 calls a format",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "misstated-lean",
            name: "error of the range told at 20 calls a format: as seen evenly, or of the method's two ends tried again",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "missed-wide",
            name: "range missed at 125 calls a format, of shares drawn from N(0.55, 0.08)",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "range",
            name: "range found at 160 calls a format",
            unit: "",
            better: Better::Higher,
        },
    ],
    rule: &[
        Condition {
            text: "with 160 calls a format, at least 0.01 less of the range is missed",
            metric: "missed",
            expect: Expect::BetterBy(0.01),
        },
        Condition {
            text: "with 20 calls a format, at least 0.02 less of the range is missed",
            metric: "missed-lean",
            expect: Expect::BetterBy(0.02),
        },
        Condition {
            text: "formats matter: the range found is at least 0.1",
            metric: "range",
            expect: Expect::AtLeast(0.1),
        },
    ],
    likely_reason: "Where formats lie close together, their differences are smaller than the luck of a batch, and it hardly matters which of those near an end is found; the row with shares drawn further apart shows what changes then.",
    timed: false,
};

/// The reproduction.
pub(super) struct FormatSpread;

/// Calls a format at which both searches are measured.
const CALLS: [usize; 5] = [10, 20, 40, 80, 160];
const BATCH: usize = 20;
/// Items of the plain format that set the prior.
const PRIOR_ITEMS: usize = 100;

impl Reproduction for FormatSpread {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> anyhow::Result<Trial> {
        let arms = context.pick(80, 320, 320);
        let items = context.pick(400, 1000, 1000);
        let repeats = context.pick(3, 8, 40);
        let mut answers = answers(arms, items, context);
        let shares: Vec<f64> = answers.iter().map(|row| share(row)).collect();
        let (low, high) = ends(&shares);
        let truth = high - low;

        let mut rng = context.rng(3);
        let mut sums = [[0.0; 3]; CALLS.len()];
        for repeat in 0..repeats {
            context.progress(0.2 + 0.8 * repeat as f64 / repeats as f64, "searching");
            shuffle_items(&mut answers, &mut rng);
            for (sum, calls) in sums.iter_mut().zip(CALLS) {
                let budget = Budget {
                    calls: calls * arms,
                    batch: BATCH,
                    items,
                };
                let even = search_evenly(&answers, budget)?;
                let found = search(&answers, budget, &mut rng)?;
                let width = |found: &Found| shares[found.best] - shares[found.worst];
                let seen = even.tally.rate(even.best).zip(even.tally.rate(even.worst));
                let seen = seen.map_or(0.0, |(best, worst)| best - worst);
                for (sum, width) in sum.iter_mut().zip([width(&even), width(&found), seen]) {
                    *sum += width / f64::from(repeats);
                }
            }
        }
        let [lean, full] = [sums[1], sums[CALLS.len() - 1]];
        let wide = wide(arms, items, &mut rng)?;
        Ok(Trial::new()
            .measured("missed-wide", wide[0], wide[1])
            .measured("missed", truth - full[0], truth - full[1])
            .measured("missed-lean", truth - lean[0], truth - lean[1])
            .measured(
                "misstated-lean",
                (lean[2] - truth).abs(),
                (lean[1] - truth).abs(),
            )
            .measured("range", full[0], full[1])
            .plot(curves(&sums, truth))
            .plot(formats_in_order(shares)))
    }
}

/// Whether the model is right, one row a format, one place an item.
fn answers(arms: usize, items: usize, context: &Context<'_>) -> Vec<Vec<bool>> {
    let mut rng = context.rng(1);
    let language = Language::new(&mut rng);
    let train = language.items(context.pick(400, 800, 800), &mut rng);
    let test = language.items(items, &mut rng);
    let question = test[0].question();
    // Formats that the model was taught in are drawn apart from those that it is tried in.
    let taught = formats(&question, 4, &mut rng);
    let tried = formats(&question, arms, &mut context.rng(2));
    let reader = Reader::train(&train, &taught, 3, &mut rng);
    tried
        .iter()
        .enumerate()
        .map(|(at, format)| {
            context.progress(0.2 * at as f64 / arms as f64, "every format, every item");
            reader.answers(&test, format)
        })
        .collect()
}

/// What both searches miss of the range of arms whose shares are drawn from N(0.55, 0.08).
fn wide(arms: usize, items: usize, rng: &mut Rng) -> anyhow::Result<[f64; 2]> {
    let drawn = Normal::new(0.55, 0.08)?;
    let answers: Vec<Vec<bool>> = (0..arms)
        .map(|_| {
            let share: f64 = drawn.sample(rng);
            (0..items).map(|_| rng.random::<f64>() < share).collect()
        })
        .collect();
    let shares: Vec<f64> = answers.iter().map(|row| share(row)).collect();
    let (low, high) = ends(&shares);
    let budget = Budget {
        calls: 125 * arms,
        batch: BATCH,
        items,
    };
    let missed = |found: &Found| (high - low) - (shares[found.best] - shares[found.worst]);
    let even = search_evenly(&answers, budget)?;
    let found = search(&answers, budget, rng)?;
    Ok([missed(&even), missed(&found)])
}

fn share(row: &[bool]) -> f64 {
    row.iter().filter(|&&right| right).count() as f64 / row.len() as f64
}

fn ends(shares: &[f64]) -> (f64, f64) {
    shares
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &share| {
            (low.min(share), high.max(share))
        })
}

/// Puts the items into another order, the same in every row.
fn shuffle_items(answers: &mut [Vec<bool>], rng: &mut Rng) {
    let mut order: Vec<usize> = (0..answers[0].len()).collect();
    order.shuffle(rng);
    for row in answers {
        *row = order.iter().map(|&at| row[at]).collect();
    }
}

fn search_evenly(answers: &[Vec<bool>], budget: Budget) -> anyhow::Result<Found> {
    bandit::uniform(answers.len(), budget, |arm, items| {
        Ok(answers[arm][items].iter().filter(|&&right| right).count())
    })
}

/// Thompson sampling, with what the prior costs taken from its calls.
fn search(answers: &[Vec<bool>], budget: Budget, rng: &mut Rng) -> anyhow::Result<Found> {
    let first = PRIOR_ITEMS.min(answers[0].len());
    let prior = bandit::prior(share(&answers[0][..first]));
    let budget = Budget {
        calls: budget.calls.saturating_sub(first),
        ..budget
    };
    bandit::thompson(answers.len(), budget, prior, rng, |arm, items| {
        Ok(answers[arm][items].iter().filter(|&&right| right).count())
    })
}

fn curves(sums: &[[f64; 3]], truth: f64) -> Plot {
    let line = |at: usize| {
        CALLS
            .iter()
            .zip(sums)
            .map(move |(&calls, sum)| (calls as f64, sum[at]))
    };
    Plot::new(
        "range",
        "Range between the best and the worst format",
        Axis::log("calls a format"),
        Axis::linear("range of accuracy"),
    )
    .line("even, ends tried again", line(0))
    .line("Thompson, ends tried again", line(1))
    .line("even, as seen", line(2))
    .line("true range", CALLS.map(|calls| (calls as f64, truth)))
}

fn formats_in_order(mut shares: Vec<f64>) -> Plot {
    shares.sort_by(f64::total_cmp);
    let step = (shares.len() / 40).max(1);
    let last = shares.len() - 1;
    let points = (0..last).step_by(step).chain([last]);
    let points = points.map(|at| (at as f64 / last as f64, shares[at]));
    Plot::new(
        "formats",
        "Accuracy in each format, in order",
        Axis::linear("share of formats below"),
        Axis::linear("accuracy"),
    )
    .points("formats", points.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn shuffling_keeps_every_formats_share() {
        let mut answers = vec![vec![true, false, false, true, true], vec![false; 5]];
        shuffle_items(&mut answers, &mut Rng::seed_from_u64(1));
        assert_eq!([share(&answers[0]), share(&answers[1])], [0.6, 0.0]);
    }

    #[test]
    fn a_search_with_calls_for_everything_finds_the_ends() {
        let answers: Vec<Vec<bool>> = (0..6)
            .map(|arm| (0..100).map(|item| item % 7 < arm).collect())
            .collect();
        let budget = Budget {
            calls: 1200 + PRIOR_ITEMS,
            batch: 20,
            items: 100,
        };
        for found in [
            search(&answers, budget, &mut Rng::seed_from_u64(2)).unwrap(),
            search_evenly(&answers, budget).unwrap(),
        ] {
            assert_eq!((found.best, found.worst), (5, 0));
        }
    }
}
