//! LexEval (Li, Chen, Ai, Wu, Zhang, Liu; arXiv 2409.20288).
//!
//! **Claim.** Arranged by a taxonomy of cognitive abilities, results show what models are good and bad at; one average over all
//! questions is a matter of which tasks have many questions.
//!
//! **Mechanism** (section 3). Six levels (memorisation, understanding, logic inference, discrimination, generation, ethics)
//! hold 23 tasks, which hold questions. Choices are scored by accuracy, texts by ROUGE-L: with the longest common
//! subsequence of `l` signs, `P = l / n`, `R = l / m`, `F = 2 P R / (P + R)`. A level's score is the mean of its tasks', the total
//! that of the levels.
//!
//! **What is generated.** 38 models with a hidden ability a level, and two editions of the benchmark: tasks of other
//! strengths and other numbers of questions under the same levels. Choices are drawn by Rasch's model with guessing;
//! texts are references of which a model keeps a sign with a chance that grows with its ability.
//!
//! **What is measured.** Whether both editions rank the models alike, by the average over all questions and by the
//! taxonomy; and how often a model's weakest level is named, by its worst single task and by its worst level.
//!
//! **Control.** The average over all questions, of the same answers. It has the smaller error of sampling, so the
//! taxonomy can lose.

use rand::RngExt as _;
use rand_distr::{Distribution as _, StandardNormal};

use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Rng, Trial,
};

use super::agreement::spearman;

static CARD: Card = Card {
    id: "lexeval",
    arxiv: "2409.20288",
    title: "LexEval: A Comprehensive Chinese Legal Benchmark for Evaluating Large Language Models",
    family: Family::Evaluation,
    claim: "A report by a taxonomy of cognitive levels ranks models stably and names their weak level, where an average over all questions depends on how many questions each task happens to have.",
    published: "23 tasks in six levels, 14,150 questions, 38 models; no model does well at every level.",
    baseline: "The mean over all questions, of the same answers; for weaknesses, the level of the worst single task.",
    kept: &[
        "six levels with 3, 5, 6, 2, 4 and 3 tasks; 38 models",
        "accuracy for choices, ROUGE-L for generated texts",
        "means of tasks within levels, then of levels",
    ],
    left_out: &[
        "legal questions and language models: answers are drawn from hidden abilities",
        "a judge model for texts beside ROUGE-L",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "stability",
            name: "rank correlation of models between two editions",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "weakness",
            name: "models whose weakest level is named",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "truth",
            name: "rank correlation of models with their mean hidden ability",
            unit: "",
            better: Better::Higher,
        },
    ],
    rule: &[
        Condition {
            text: "two editions rank models more alike by the taxonomy, by at least 0.03",
            metric: "stability",
            expect: Expect::BetterBy(0.03),
        },
        Condition {
            text: "the weakest level is named for at least 0.1 more of the models",
            metric: "weakness",
            expect: Expect::BetterBy(0.1),
        },
    ],
    likely_reason: "With 23 tasks of similar worth the average over all questions is stable already and leaves little to gain, and by the taxonomy the luck of single tasks weighs more, as a level of two tasks counts as much as one of six.",
    timed: false,
};

/// The reproduction.
pub(super) struct LexEval;

/// Tasks of each level.
const TASKS: [usize; 6] = [3, 5, 6, 2, 4, 3];
/// The level whose tasks ask for texts.
const GENERATION: usize = 4;
/// Fewest questions of a task.
const QUESTIONS_MIN: f64 = 50.0;
const MODELS: usize = 38;
/// Signs of a reference text, and different signs there are.
const TEXT: usize = 24;
const SIGNS: u16 = 400;

/// A model's hidden abilities, one a level.
type Model = [f64; 6];

/// What all models got in one edition.
struct Edition {
    /// The level of each task.
    levels: Vec<usize>,
    /// Questions of each task.
    questions: Vec<usize>,
    /// Mean scores, one row a model, one place a task.
    scores: Vec<Vec<f64>>,
}

impl Reproduction for LexEval {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> anyhow::Result<Trial> {
        let repeats = context.pick(1, 4, 12);
        let mut sums = [[0.0; 2]; 3];
        for repeat in 0..repeats {
            let mut rng = context.rng(1 + repeat);
            let models: Vec<Model> = (0..MODELS).map(|_| model(&mut rng)).collect();
            let most = context.pick(400.0, 1500.0, 3000.0);
            context.progress(repeat as f64 / repeats as f64, "two editions");
            let editions = [
                edition(&models, most, &mut rng),
                edition(&models, most, &mut rng),
            ];
            let [pooled, layered] = [Edition::pooled, Edition::by_levels];
            let alike =
                |of: fn(&Edition) -> Vec<f64>| spearman(&of(&editions[0]), &of(&editions[1]));
            let truth: Vec<f64> = models.iter().map(|m| m.iter().sum::<f64>() / 6.0).collect();
            let near = |of: fn(&Edition) -> Vec<f64>| {
                editions
                    .iter()
                    .map(|e| spearman(&of(e), &truth))
                    .sum::<f64>()
                    / 2.0
            };
            let named = |weakest: fn(&Edition) -> Vec<usize>| {
                let share = |e: &Edition| named_rightly(&weakest(e), &models);
                editions.iter().map(share).sum::<f64>() / 2.0
            };
            let found = [
                [alike(pooled), alike(layered)],
                [named(Edition::worst_task), named(Edition::worst_level)],
                [near(pooled), near(layered)],
            ];
            for (sum, found) in sums.iter_mut().flatten().zip(found.iter().flatten()) {
                *sum += found / repeats as f64;
            }
        }
        let [stability, weakness, truth] = sums;
        Ok(Trial::new()
            .measured("stability", stability[0], stability[1])
            .measured("weakness", weakness[0], weakness[1])
            .measured("truth", truth[0], truth[1])
            .plot(by_inequality(context)))
    }
}

fn normal(rng: &mut Rng) -> f64 {
    StandardNormal.sample(rng)
}

/// A model that is good or bad as a whole, and as much so at each level by itself.
fn model(rng: &mut Rng) -> Model {
    let general = 0.6 * normal(rng);
    [(); 6].map(|()| general + 0.6 * normal(rng))
}

fn edition(models: &[Model], most: f64, rng: &mut Rng) -> Edition {
    let mut levels = Vec::new();
    let mut questions = Vec::new();
    let mut scores = vec![Vec::new(); models.len()];
    for (level, &tasks) in TASKS.iter().enumerate() {
        for _ in 0..tasks {
            // Up to `most` questions, as likely few as many in proportion.
            let count = (QUESTIONS_MIN * (most / QUESTIONS_MIN).powf(rng.random())) as usize;
            let hard = 0.5 * normal(rng);
            let difficulties: Vec<f64> = (0..count).map(|_| hard + 0.8 * normal(rng)).collect();
            levels.push(level);
            questions.push(count);
            for (row, model) in scores.iter_mut().zip(models) {
                // Each task has something of its own, at which models differ as well.
                let ability = model[level] + 0.3 * normal(rng);
                let total: f64 = if level == GENERATION {
                    difficulties
                        .iter()
                        .map(|b| text_score(ability - b, rng))
                        .sum()
                } else {
                    difficulties
                        .iter()
                        .map(|b| choice_score(ability - b, rng))
                        .sum()
                };
                row.push(total / count as f64);
            }
        }
    }
    Edition {
        levels,
        questions,
        scores,
    }
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// 1 for a right choice of four, 0 for a wrong one.
fn choice_score(lead: f64, rng: &mut Rng) -> f64 {
    f64::from(u8::from(rng.random::<f64>() < 0.25 + 0.75 * logistic(lead)))
}

/// ROUGE-L of a text that keeps signs of its reference with a chance that grows with the lead.
fn text_score(lead: f64, rng: &mut Rng) -> f64 {
    let keeps = logistic(lead);
    let reference = [(); TEXT].map(|()| rng.random_range(0..SIGNS));
    let written = reference.map(|sign| {
        if rng.random::<f64>() < keeps {
            sign
        } else {
            rng.random_range(0..SIGNS)
        }
    });
    rouge_l(&written, &reference)
}

/// The F measure of the longest common subsequence.
fn rouge_l<T: PartialEq>(written: &[T], reference: &[T]) -> f64 {
    if written.is_empty() || reference.is_empty() {
        return 0.0;
    }
    let mut longest = vec![0usize; reference.len() + 1];
    for sign in written {
        let mut diagonal = 0;
        for (at, other) in reference.iter().enumerate() {
            let above = longest[at + 1];
            longest[at + 1] = if sign == other {
                diagonal + 1
            } else {
                above.max(longest[at])
            };
            diagonal = above;
        }
    }
    let common = longest[reference.len()] as f64;
    // 2 P R / (P + R) with P = l / n and R = l / m.
    2.0 * common / (written.len() + reference.len()) as f64
}

impl Edition {
    /// The mean over all questions, one a model.
    fn pooled(&self) -> Vec<f64> {
        let all = self.questions.iter().sum::<usize>() as f64;
        let of = |row: &Vec<f64>| {
            let sums = row.iter().zip(&self.questions).map(|(s, &n)| s * n as f64);
            sums.sum::<f64>() / all
        };
        self.scores.iter().map(of).collect()
    }

    /// The mean over levels of the means over their tasks, one a model.
    fn by_levels(&self) -> Vec<f64> {
        let of = |row: &Vec<f64>| self.levels_of(row).iter().sum::<f64>() / 6.0;
        self.scores.iter().map(of).collect()
    }

    /// The means over each level's tasks.
    fn levels_of(&self, row: &[f64]) -> [f64; 6] {
        let mut sums = [0.0; 6];
        for (score, &level) in row.iter().zip(&self.levels) {
            sums[level] += score / TASKS[level] as f64;
        }
        sums
    }

    /// The level of the task at which a model falls most behind all models, in their spreads; one a model.
    fn worst_task(&self) -> Vec<usize> {
        let worst = lowest(&self.scores);
        worst.into_iter().map(|task| self.levels[task]).collect()
    }

    /// The level at which a model falls most behind all models, in their spreads; one a model.
    fn worst_level(&self) -> Vec<usize> {
        let rows: Vec<Vec<f64>> = self
            .scores
            .iter()
            .map(|r| self.levels_of(r).to_vec())
            .collect();
        lowest(&rows)
    }
}

/// For each row, the column in which it is lowest, in standard deviations from the column's mean.
fn lowest(rows: &[Vec<f64>]) -> Vec<usize> {
    let n = rows.len() as f64;
    let columns = rows.first().map_or(0, Vec::len);
    let norms: Vec<(f64, f64)> = (0..columns)
        .map(|at| {
            let mean = rows.iter().map(|row| row[at]).sum::<f64>() / n;
            let square = rows.iter().map(|row| (row[at] - mean).powi(2)).sum::<f64>() / n;
            (mean, square.sqrt().max(1e-9))
        })
        .collect();
    let place = |row: &Vec<f64>, at: usize| (row[at] - norms[at].0) / norms[at].1;
    rows.iter()
        .map(|row| {
            let lower = |a: &usize, b: &usize| place(row, *a).total_cmp(&place(row, *b));
            (0..columns).min_by(lower).unwrap_or(0)
        })
        .collect()
}

/// The share of models whose weakest level, against all models, is the one named.
fn named_rightly(named: &[usize], models: &[Model]) -> f64 {
    let truth = lowest(&models.iter().map(|m| m.to_vec()).collect::<Vec<_>>());
    let right = named.iter().zip(&truth).filter(|(a, b)| a == b);
    right.count() as f64 / models.len() as f64
}

/// How alike two editions rank models where the largest task has 1, 3, 10 or 30 times the questions of the smallest.
fn by_inequality(context: &Context<'_>) -> Plot {
    let factors = context.pick(
        [1.0, 2.0, 4.0, 8.0],
        [1.0, 3.0, 10.0, 30.0],
        [1.0, 3.0, 10.0, 60.0],
    );
    let alike = factors.map(|factor| {
        // The same luck for every factor.
        let mut rng = context.rng(100);
        let models: Vec<Model> = (0..MODELS).map(|_| model(&mut rng)).collect();
        let editions = [(); 2].map(|()| edition(&models, QUESTIONS_MIN * factor, &mut rng));
        [Edition::pooled, Edition::by_levels]
            .map(|of| spearman(&of(&editions[0]), &of(&editions[1])))
    });
    let line = |at: usize| factors.into_iter().zip(alike.map(|both| both[at]));
    Plot::new(
        "editions",
        "How alike two editions rank the models",
        Axis::log("questions of the largest task over those of the smallest"),
        Axis::linear("rank correlation"),
    )
    .line("mean over all questions", line(0))
    .line("by the taxonomy", line(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rouge_l_is_the_f_measure_of_the_longest_common_subsequence() {
        let check = |written: &str, reference: &str, expected: f64| {
            let signs = |text: &str| text.chars().collect::<Vec<_>>();
            let found = rouge_l(&signs(written), &signs(reference));
            assert!(
                (found - expected).abs() < 1e-12,
                "{written} {reference}: {found}"
            );
        };
        // Common: a, c, e of 3 and 5 signs: P = 1, R = .6, F = .75.
        check("ace", "abcde", 0.75);
        check("合同法", "合同编", 2.0 / 3.0);
        check("abc", "abc", 1.0);
        check("abc", "xyz", 0.0);
        check("", "abc", 0.0);
        check("ba", "ab", 0.5);
    }

    fn small() -> Edition {
        Edition {
            levels: vec![0, 0, 0, 3, 3],
            questions: vec![10, 10, 10, 70, 100],
            scores: vec![vec![1.0, 1.0, 1.0, 0.0, 0.5], vec![0.0, 0.0, 0.0, 1.0, 1.0]],
        }
    }

    #[test]
    fn means_are_over_questions_or_over_levels() {
        let edition = small();
        assert_eq!(edition.pooled(), [80.0 / 200.0, 170.0 / 200.0]);
        assert_eq!(
            edition.levels_of(&edition.scores[0]),
            [1.0, 0.0, 0.0, 0.25, 0.0, 0.0]
        );
        assert_eq!(edition.by_levels(), [1.25 / 6.0, 1.0 / 6.0]);
    }

    #[test]
    fn the_lowest_column_is_taken_in_spreads() {
        // In the first column the rows lie 2 apart, in the second .2: the second row is 1 spread below in both; the
        // third is above in the first and below in the second.
        let rows = [vec![2.0, 0.9], vec![0.0, 0.7], vec![2.0, 0.7]];
        assert_eq!(lowest(&rows)[2], 1);
        assert_eq!(lowest(&rows)[0], 0);
    }

    #[test]
    fn taxonomy_is_whole() {
        assert_eq!(TASKS.iter().sum::<usize>(), 23);
    }
}
