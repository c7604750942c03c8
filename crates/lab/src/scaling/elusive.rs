//! Predicting test scores: "Why Has Predicting Downstream Capabilities of Frontier AI Models with Scale Remained
//! Elusive?" (arXiv 2406.04391).
//!
//! **Claim.** From the log-likelihood of the right answer to accuracy on a multiple-choice test leads a chain of
//! steps, and each weakens the link to compute, because the last ones depend on the probability of a few wrong answers.
//! These have to be predicted as well.
//!
//! **Mechanism.** For every item (section 3): log-likelihood of the right choice, its probability among the offered
//! choices, `p(right) / sum over choices`, then accuracy. For each, Spearman's correlation with compute over a pool of
//! models, item by item (section 4). To predict accuracy, every choice's log-likelihood is extrapolated in compute and
//! the greatest wins (section 6).
//!
//! **Made here.** Networks over letters of several widths, looked at along their training, on the starter shelf's
//! summaries; the test is which of four spellings stood in a place of unseen text.
//!
//! **Control.** For the correlations accuracy itself; for the prediction the right choice alone: its extrapolated
//! log-likelihood is turned into accuracy by a sigmoid fitted to the small models.

use anyhow::Result;

use super::fit::{Data, Options, fit, forms, line};
use super::spelling::{Neural, Texts, choose, chosen};
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Trial,
};

static CARD: Card = Card {
    id: "elusive-downstream",
    arxiv: "2406.04391",
    title: "Why Has Predicting Downstream Capabilities of Frontier AI Models with Scale Remained Elusive?",
    family: Family::Scaling,
    claim: "Item by item, the likelihood of the right answer follows compute closely, its share among the choices \
            less, and accuracy least; accuracy is predicted better if the wrong answers are predicted too.",
    published: "Five families of models, twelve multiple-choice tests: the correlation with compute falls at every \
                step from log-likelihood to accuracy.",
    baseline: "Accuracy's own correlation with compute; for prediction, the right answer's likelihood alone.",
    kept: &[
        "the chain of scores and its correlations, item by item over a pool of models",
        "extrapolation of every choice's likelihood in compute",
    ],
    left_out: &[
        "large models and real tests: networks of letters, one test of four choices",
        "items on which all models agree have no correlation for accuracy and are left out of its mean",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "likelihood",
            name: "correlation with compute: accuracy, likelihood",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "choices",
            name: "correlation with compute: share among choices, likelihood",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "accuracy",
            name: "correlation with compute: accuracy, share among choices",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "predicted",
            name: "error of the predicted accuracy",
            unit: "",
            better: Better::Lower,
        },
    ],
    rule: &[
        Condition {
            text: "likelihood follows compute more closely than accuracy, by 0.2",
            metric: "likelihood",
            expect: Expect::BetterBy(0.2),
        },
        Condition {
            text: "the first step loses some of it",
            metric: "choices",
            expect: Expect::BetterBy(0.05),
        },
        Condition {
            text: "the last step loses some more",
            metric: "accuracy",
            expect: Expect::BetterBy(0.05),
        },
        Condition {
            text: "with the wrong choices predicted as well, accuracy is predicted with at most 0.8 of the error",
            metric: "predicted",
            expect: Expect::Times(1.25),
        },
    ],
    likely_reason: "The sigmoid from likelihood to accuracy already holds how wrong choices go along on average; for \
                    the mean over many items that can be enough.",
    timed: false,
};

/// The reproduction.
pub(super) struct Elusive;

/// A model of the pool: its compute, and its scores of every item's choices.
struct Member {
    compute: f64,
    scores: Vec<Vec<f64>>,
}

impl Reproduction for Elusive {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let rng = &mut context.rng(0);
        let texts = Texts::new(rng);
        let items = texts.cloze(context.pick(120, 500, 500), 4, rng);
        let widths: &[usize] =
            context.pick(&[4, 8, 16], &[4, 8, 16, 32, 64], &[4, 8, 16, 32, 64, 96]);
        let looks: &[usize] = context.pick(
            &[50, 150, 450],
            &[100, 300, 900, 2_700],
            &[100, 300, 900, 2_700, 8_100],
        );
        let mut pool = Vec::new();
        for (at, &width) in widths.iter().enumerate() {
            let rng = &mut context.rng(1 + width as u64);
            let mut model = Neural::new(width, rng);
            let size = model.0.parameters() as f64;
            model.train(
                &texts.training,
                looks[looks.len() - 1],
                0.004,
                rng,
                |step, model| {
                    if looks.contains(&step) {
                        // Six operations a parameter and letter, 32 letters a step.
                        let compute = 6.0 * size * 32.0 * step as f64;
                        pool.push(Member {
                            compute,
                            scores: choose(model, &items),
                        });
                    }
                },
            );
            context.progress(
                (at + 1) as f64 / widths.len() as f64,
                &format!("width {width}"),
            );
        }
        pool.sort_by(|a, b| a.compute.total_cmp(&b.compute));

        let chain = Chain::of(&pool, items.len());
        let small = pool.len() * 2 / 3;
        let (right_only, all_choices) = predictions(&pool[..small], &pool[small..])?;
        Ok(Trial::new()
            .measured("likelihood", chain.accuracy, chain.likelihood)
            .measured("choices", chain.share, chain.likelihood)
            .measured("accuracy", chain.accuracy, chain.share)
            .measured("predicted", right_only, all_choices)
            .plot(chain.plot()))
    }
}

/// Mean correlations with compute, step by step.
struct Chain {
    likelihood: f64,
    share: f64,
    accuracy: f64,
}

impl Chain {
    fn of(pool: &[Member], items: usize) -> Chain {
        let compute: Vec<f64> = pool.iter().map(|member| member.compute).collect();
        let mean = |of: &dyn Fn(&[f64]) -> f64| {
            let each = (0..items).filter_map(|item| {
                let values: Vec<f64> = pool.iter().map(|member| of(&member.scores[item])).collect();
                spearman(&compute, &values)
            });
            let found: Vec<f64> = each.collect();
            found.iter().sum::<f64>() / found.len().max(1) as f64
        };
        Chain {
            likelihood: mean(&|scores| scores[0]),
            share: mean(&share),
            accuracy: mean(&|scores| if chosen(scores) == 0 { 1.0 } else { 0.0 }),
        }
    }

    fn plot(&self) -> Plot {
        let steps = ["log-likelihood", "share among choices", "accuracy"];
        Plot::new(
            "chain",
            "Correlation with compute along the chain",
            Axis::named("score of an item", steps),
            Axis::linear("Spearman's correlation, mean over items"),
        )
        .bars("correlation", [self.likelihood, self.share, self.accuracy])
    }
}

/// The right choice's probability among the choices.
fn share(scores: &[f64]) -> f64 {
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = scores.iter().map(|s| (s - most).exp()).sum();
    (scores[0] - most).exp() / sum
}

/// Errors of the accuracies predicted for the large models from the small ones: by the right choice alone, and by all.
fn predictions(small: &[Member], large: &[Member]) -> Result<(f64, f64)> {
    let logs: Vec<f64> = small.iter().map(|member| member.compute.ln()).collect();
    let items = small[0].scores.len();
    let choices = small[0].scores[0].len();
    // A straight line in the logarithm of compute for every choice of every item.
    let lines: Vec<Vec<(f64, f64)>> = (0..items)
        .map(|item| {
            let each = (0..choices).map(|choice| {
                let values: Vec<f64> = small
                    .iter()
                    .map(|member| member.scores[item][choice])
                    .collect();
                line(&logs, &values)
            });
            each.collect()
        })
        .collect();
    let sigmoid = accuracy_by_likelihood(small)?;
    let (mut right_only, mut all) = (0.0, 0.0);
    for member in large {
        let at = |(level, slope): (f64, f64)| level + slope * member.compute.ln();
        let right = |predicted: &[f64]| if chosen(predicted) == 0 { 1.0 } else { 0.0 };
        let truth = member
            .scores
            .iter()
            .map(|scores| right(scores))
            .sum::<f64>()
            / items as f64;
        let by_right = lines
            .iter()
            .map(|l| sigmoid.predict(&[at(l[0])]).clamp(0.0, 1.0));
        let by_all = lines
            .iter()
            .map(|l| right(&l.iter().map(|&l| at(l)).collect::<Vec<_>>()));
        right_only += (by_right.sum::<f64>() / items as f64 - truth).abs() / large.len() as f64;
        all += (by_all.sum::<f64>() / items as f64 - truth).abs() / large.len() as f64;
    }
    Ok((right_only, all))
}

/// Accuracy against the right choice's log-likelihood: a sigmoid through means of twenty equal parts of all items of
/// all small models.
fn accuracy_by_likelihood(small: &[Member]) -> Result<super::fit::Fit> {
    let mut pairs: Vec<(f64, f64)> = small
        .iter()
        .flat_map(|member| &member.scores)
        .map(|scores| (scores[0], if chosen(scores) == 0 { 1.0 } else { 0.0 }))
        .collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let parts = pairs.chunks(pairs.len().div_ceil(20));
    let mean = |part: &[(f64, f64)], of: fn(&(f64, f64)) -> f64| {
        part.iter().map(of).sum::<f64>() / part.len() as f64
    };
    let (x, y): (Vec<f64>, Vec<f64>) = parts
        .map(|part| (mean(part, |p| p.0), mean(part, |p| p.1)))
        .unzip();
    fit(&forms::SIGMOID, &Data::xy(&x, &y)?, &Options::squares())
}

/// Spearman's correlation with ties at their mean rank; none where one side does not vary.
fn spearman(x: &[f64], y: &[f64]) -> Option<f64> {
    let (x, y) = (ranks(x), ranks(y));
    let mean = (x.len() as f64 - 1.0) / 2.0;
    let sum = |of: &dyn Fn(f64, f64) -> f64| -> f64 {
        x.iter().zip(&y).map(|(x, y)| of(x - mean, y - mean)).sum()
    };
    let spread = (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt();
    (spread > 0.0).then(|| sum(&|x, y| x * y) / spread)
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let place = |v: f64| {
        let below = values.iter().filter(|other| **other < v).count() as f64;
        let same = values.iter().filter(|other| **other == v).count() as f64;
        below + (same - 1.0) / 2.0
    };
    values.iter().map(|&v| place(v)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spearmans_correlation_is_scipys() {
        // scipy.stats.spearmanr([1, 2, 3, 4, 5], [0, 0, 1, 0, 1]).statistic = 0.5773502691896258
        let found = spearman(&[1.0, 2.0, 3.0, 4.0, 5.0], &[0.0, 0.0, 1.0, 0.0, 1.0]).unwrap();
        assert!((found - 0.577_350_269_189_625_8).abs() < 1e-12, "{found}");
        assert_eq!(spearman(&[1.0, 2.0], &[1.0, 1.0]), None);
    }

    #[test]
    fn a_share_is_the_probability_among_the_choices() {
        let share = share(&[-1.0f64, -2.0, -3.0]);
        let expected = 1.0 / (1.0 + (-1.0f64).exp() + (-2.0f64).exp());
        assert!((share - expected).abs() < 1e-12);
    }
}
