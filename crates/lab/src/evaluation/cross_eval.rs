//! CrossEval (Zhong and others 2024, arXiv 2409.19951).
//!
//! **Claim.** When a task needs two abilities, the score is decided by the weaker one: most cross scores lie below both
//! parts, the rest nearer the weaker. ("Law of the weakest link".)
//!
//! **Mechanism** (the paper's sections 2 and 4). Each model is scored from 1 to 5 on single abilities and on tasks that need two
//! of them; every cross score is compared with its two parts.
//!
//! **Real, on a small scale.** Seventeen models, each of four abilities trained apart on digits: to find a small picture on a
//! larger noisy one, to tell how it was turned, to read it, and to read it inverted and faint. What a model knows of an ability is how many examples it saw. Three tasks need two abilities: *find, then
//! read*; *turn upright, then read*; *read a clear and a faint digit, and say which is greater*. Nothing says beforehand how
//! a cross score comes from its parts: a digit misread may still be the greater one, a zero can be read upside down,
//! and a reader that learnt from clean pictures meets noisy or wrongly cut ones.
//!
//! **Controls.** Scores are corrected for guessing before they become 1 to 5, as the chance of a right guess differs (one in ten digits, one
//! in two comparisons). Parts and cross tasks are measured on different pictures. The mean of the parts is the baseline;
//! the product (both must succeed, apart from each other) is measured too.

mod world;

use anyhow::Result;

use super::items::mean;
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Trial,
};
use world::{Pair, World};

static CARD: Card = Card {
    id: "crosseval",
    arxiv: "2409.19951",
    title: "Law of the Weakest Link: Cross Capabilities of Large Language Models",
    family: Family::Evaluation,
    claim: "When a task needs two abilities, the weaker one decides: the score is foretold better by the weaker part than \
            by the mean of both.",
    published: "Of 58 cross scores that differ clearly (17 models), 38 lie below both parts and 20 between them but nearer \
                the weaker.",
    baseline: "The mean of the two parts' scores.",
    kept: &[
        "17 models, each scored from 1 to 5 on single abilities and on tasks that need two",
        "Every cross score compared with its two parts",
    ],
    left_out: &[
        "Language models, prompts and human ratings: abilities are linear models of digits, with right and wrong answers",
        "Four of the seven pairs of abilities",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "error",
            name: "error in foretelling a cross score: mean of the parts, weaker part",
            unit: "of 4 points",
            better: Better::Lower,
        },
        Metric {
            id: "side",
            name: "cross scores nearer the stronger part or above it; nearer the weaker or below it",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "below",
            name: "cross scores above both parts; below both",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "product",
            name: "error in foretelling a cross score: weaker part, product of the parts",
            unit: "of 4 points",
            better: Better::Lower,
        },
    ],
    rule: &[
        Condition {
            text: "The weaker part foretells the cross score better than the mean, by a factor of 1.25",
            metric: "error",
            expect: Expect::Times(1.25),
        },
        Condition {
            text: "Three cross scores of four lie nearer the weaker part or below it (the paper: all)",
            metric: "side",
            expect: Expect::AtLeast(0.75),
        },
        Condition {
            text: "More lie below both parts than above both, by a quarter of all (the paper: 38 of 58 and none)",
            metric: "below",
            expect: Expect::BetterBy(0.25),
        },
    ],
    likely_reason: "In chains of steps a score falls below both parts, as the paper finds too: then the weaker part \
                    foretells it only little better than the mean does.",
    timed: false,
};

/// Cross scores of small models, beside their parts.
pub(super) struct CrossEval;

/// A score on one task that needs two abilities, and on both alone: 1 to 5.
#[derive(Debug, Clone, Copy)]
struct Cross {
    pair: Pair,
    parts: [f64; 2],
    score: f64,
}

impl Cross {
    fn weaker(&self) -> f64 {
        self.parts[0].min(self.parts[1])
    }

    fn stronger(&self) -> f64 {
        self.parts[0].max(self.parts[1])
    }

    fn middle(&self) -> f64 {
        (self.parts[0] + self.parts[1]) / 2.0
    }

    /// Both succeed, apart from each other.
    fn product(&self) -> f64 {
        1.0 + (self.parts[0] - 1.0) * (self.parts[1] - 1.0) / 4.0
    }
}

impl Reproduction for CrossEval {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let world = World::draw(context.pick(200, 600, 1200), &mut context.rng(1))?;
        let models = context.pick(6, 17, 40);
        let mut crosses = Vec::new();
        for model in 0..models {
            context.progress(model as f64 / models as f64, "models");
            let model = world.model(&mut context.rng(100 + model as u64));
            for pair in Pair::ALL {
                let [first, second, score] = world.scores(&model, pair);
                crosses.push(Cross {
                    pair,
                    parts: [first, second],
                    score,
                });
            }
        }
        let error =
            |said: fn(&Cross) -> f64| mean(crosses.iter().map(|c| (said(c) - c.score).abs()));
        let share =
            |is: fn(&Cross) -> bool| mean(crosses.iter().map(|c| f64::from(u8::from(is(c)))));
        let weaker = error(Cross::weaker);
        Ok(Trial::new()
            .measured("error", error(Cross::middle), weaker)
            .measured(
                "side",
                share(|c| c.score > c.middle()),
                share(|c| c.score <= c.middle()),
            )
            .measured(
                "below",
                share(|c| c.score > c.stronger()),
                share(|c| c.score < c.weaker()),
            )
            .measured("product", weaker, error(Cross::product))
            .plot(plot(&crosses)))
    }
}

fn plot(crosses: &[Cross]) -> Plot {
    let empty = Plot::new(
        "parts",
        "Each cross score beside its weaker part",
        Axis::linear("score of the weaker part, 1 to 5"),
        Axis::linear("score of the task that needs both"),
    )
    .line("as the weaker part", [(1.0, 1.0), (5.0, 5.0)]);
    Pair::ALL.into_iter().fold(empty, |plot, pair| {
        let of = crosses.iter().filter(|cross| cross.pair == pair);
        plot.points(pair.name(), of.map(|c| (c.weaker(), c.score)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_ways_to_foretell_a_score() {
        let cross = Cross {
            pair: Pair::FindRead,
            parts: [5.0, 3.0],
            score: 2.0,
        };
        assert_eq!(
            [
                cross.weaker(),
                cross.stronger(),
                cross.middle(),
                cross.product()
            ],
            [3.0, 5.0, 4.0, 3.0]
        );
        let both_half = Cross {
            parts: [3.0, 3.0],
            ..cross
        };
        assert_eq!(both_half.product(), 2.0);
    }
}
