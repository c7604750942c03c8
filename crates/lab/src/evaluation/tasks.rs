//! Tasks in the JSON form of BIG-bench: a name, keywords, metrics, and examples with their targets.
//!
//! Read as its documentation describes: `input` with `target` (a string, or several that count alike) or with
//! `target_scores` (options and what each is worth), `preferred_score`, and the scores between which a result is normalised.
//! What is outside these bounds is an error that names the place.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Map, Value};

/// A task, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Its name.
    pub name: String,
    /// What kind of task it is, in the benchmark's keywords.
    pub keywords: Vec<String>,
    /// The metrics that it asks for, in its order; unknown ones are left out.
    pub metrics: Vec<Metric>,
    /// The metric that stands for the task.
    pub preferred: Metric,
    /// What a guess and what perfection score, in hundredths.
    pub range: (f64, f64),
    /// Its questions.
    pub examples: Vec<Example>,
}

/// A question.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// What is asked.
    pub input: String,
    /// Answers that count as right.
    pub targets: Vec<String>,
    /// Options with what each is worth; empty where the answer is free.
    pub scores: Vec<(String, f64)>,
}

/// How answers are scored, each between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// The whole answer is one of the targets: `exact_str_match`.
    ExactMatch,
    /// The share of words that stand in their place: partial credit, as string distances give it.
    PartsMatch,
    /// What the chosen option is worth: `multiple_choice_grade`.
    MultipleChoice,
}

impl Metric {
    fn named(name: &str) -> Option<Metric> {
        match name {
            "exact_str_match" => Some(Metric::ExactMatch),
            "parts_match" => Some(Metric::PartsMatch),
            "multiple_choice_grade" => Some(Metric::MultipleChoice),
            _ => None,
        }
    }

    /// What an answer is worth.
    pub fn score(self, answer: &str, example: &Example) -> f64 {
        let answer = answer.trim();
        match self {
            Metric::ExactMatch => {
                let right = example.targets.iter().any(|target| target.trim() == answer);
                f64::from(u8::from(right))
            }
            Metric::PartsMatch => example
                .targets
                .iter()
                .map(|target| parts(answer, target))
                .fold(0.0, f64::max),
            Metric::MultipleChoice => {
                let chosen = example
                    .scores
                    .iter()
                    .find(|(option, _)| option.trim() == answer);
                chosen.map_or(0.0, |(_, score)| *score)
            }
        }
    }
}

fn parts(answer: &str, target: &str) -> f64 {
    let wanted: Vec<&str> = target.split_whitespace().collect();
    let right = wanted.iter().zip(answer.split_whitespace());
    right.filter(|(a, b)| **a == *b).count() as f64 / wanted.len().max(1) as f64
}

impl Task {
    /// A task of generated questions with one right answer each.
    pub(super) fn generated(
        name: &str,
        keyword: &str,
        examples: impl Iterator<Item = (String, String)>,
    ) -> Task {
        Task {
            name: name.to_owned(),
            keywords: vec![keyword.to_owned()],
            metrics: vec![Metric::ExactMatch, Metric::PartsMatch],
            preferred: Metric::ExactMatch,
            range: (0.0, 100.0),
            examples: examples
                .map(|(input, target)| Example {
                    input,
                    targets: vec![target],
                    scores: Vec::new(),
                })
                .collect(),
        }
    }

    /// Reads a task file.
    ///
    /// # Errors
    /// What is missing or wrong, with its place.
    pub fn read(json: &str) -> Result<Task> {
        let value: Value = serde_json::from_str(json).context("the task is no JSON")?;
        let fields = value.as_object().context("the task is no JSON object")?;
        let name = text(fields, "name")?;
        let metrics: Vec<Metric> = texts(fields, "metrics")?
            .iter()
            .filter_map(|metric| Metric::named(metric))
            .collect();
        let preferred = match fields.get("preferred_score") {
            Some(_) => {
                let wanted = text(fields, "preferred_score")?;
                Metric::named(&wanted).with_context(|| format!("no metric `{wanted}` is known"))?
            }
            None => *metrics
                .first()
                .context("`metrics` names none that is known")?,
        };
        let bound = |key: &str, default| match fields.get(key) {
            None => Ok(default),
            Some(value) => value
                .as_f64()
                .with_context(|| format!("`{key}` is no number")),
        };
        let range = (bound("low_score", 0.0)?, bound("high_score", 100.0)?);
        ensure!(range.0 < range.1, "`low_score` is not below `high_score`");
        let examples = fields.get("examples").and_then(Value::as_array);
        let examples = examples.context("`examples` is no list")?;
        ensure!(!examples.is_empty(), "`examples` is empty");
        Ok(Task {
            name,
            keywords: texts(fields, "keywords")?,
            metrics,
            preferred,
            range,
            examples: examples
                .iter()
                .enumerate()
                .map(|(at, example)| {
                    Example::read(example).with_context(|| format!("example {}", at + 1))
                })
                .collect::<Result<_>>()?,
        })
    }

    /// The mean score of a model's answers, 0 to 1. `answer` is given the inputs, in their order.
    pub fn evaluate(&self, metric: Metric, answer: impl Fn(&str) -> String) -> f64 {
        let scores = self
            .examples
            .iter()
            .map(|example| metric.score(&answer(&example.input), example));
        scores.sum::<f64>() / self.examples.len().max(1) as f64
    }

    /// A score of 0 to 1 on the task's own scale: 0 for a guess, 1 for perfection; below 0 where it is worse than a guess.
    pub fn normalised(&self, score: f64) -> f64 {
        (100.0 * score - self.range.0) / (self.range.1 - self.range.0)
    }
}

impl Example {
    fn read(value: &Value) -> Result<Example> {
        let fields = value.as_object().context("it is no JSON object")?;
        let input = text(fields, "input")?;
        let mut targets = match fields.get("target") {
            None => Vec::new(),
            Some(Value::String(target)) => vec![target.clone()],
            Some(_) => texts(fields, "target")?,
        };
        let mut scores = Vec::new();
        if let Some(options) = fields.get("target_scores") {
            let options = options
                .as_object()
                .context("`target_scores` is no object")?;
            for (option, score) in options {
                let score = score.as_f64();
                let score =
                    score.with_context(|| format!("the score of `{option}` is no number"))?;
                ensure!(
                    (0.0..=1.0).contains(&score),
                    "the score of `{option}` is not between 0 and 1"
                );
                scores.push((option.clone(), score));
            }
        }
        if targets.is_empty() {
            // The options that are worth most are right.
            let most = scores.iter().map(|(_, score)| *score).fold(0.0, f64::max);
            let right = scores
                .iter()
                .filter(|(_, score)| *score == most && most > 0.0);
            targets = right.map(|(option, _)| option.clone()).collect();
        }
        if targets.is_empty() {
            bail!("it has no `target` and no option in `target_scores` that is worth something");
        }
        Ok(Example {
            input,
            targets,
            scores,
        })
    }
}

fn text(fields: &Map<String, Value>, key: &str) -> Result<String> {
    let value = fields
        .get(key)
        .with_context(|| format!("`{key}` is missing"))?;
    let text = value.as_str();
    Ok(text
        .with_context(|| format!("`{key}` is no string"))?
        .to_owned())
}

fn texts(fields: &Map<String, Value>, key: &str) -> Result<Vec<String>> {
    let Some(value) = fields.get(key) else {
        return Ok(Vec::new());
    };
    let list = value
        .as_array()
        .with_context(|| format!("`{key}` is no list"))?;
    list.iter()
        .map(|entry| {
            let text = entry.as_str();
            Ok(text
                .with_context(|| format!("`{key}` holds what is no string"))?
                .to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASK: &str = r#"{
        "name": "capitals", "keywords": ["memorization"], "metrics": ["multiple_choice_grade", "bleu"],
        "preferred_score": "multiple_choice_grade", "low_score": 25, "high_score": 100,
        "examples": [
            {"input": "France?", "target_scores": {"Paris": 1, "Lyon": 0, "Nice": 0, "Metz": 0}},
            {"input": "Spain?", "target": ["Madrid", "Madrid, Spain"]}
        ]
    }"#;

    #[test]
    fn a_task_is_read_and_scored() {
        let task = Task::read(TASK).unwrap();
        assert_eq!(task.metrics, [Metric::MultipleChoice]);
        assert_eq!(task.examples[0].targets, ["Paris"]);
        let answers = |input: &str| {
            if input == "France?" {
                "Paris"
            } else {
                "Lisbon"
            }
            .to_owned()
        };
        assert_eq!(task.evaluate(Metric::ExactMatch, answers), 0.5);
        assert_eq!(task.evaluate(task.preferred, answers), 0.5);
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12);
        close(task.normalised(0.25), 0.0);
        close(task.normalised(1.0), 1.0);
        close(task.normalised(0.0), -1.0 / 3.0);
    }

    #[test]
    fn part_of_an_answer_counts_where_it_should() {
        let example = Example {
            input: String::new(),
            targets: vec!["1 2 3 4".to_owned()],
            scores: Vec::new(),
        };
        let check = |metric: Metric, answer, score: f64| {
            assert_eq!(metric.score(answer, &example), score, "{answer}");
        };
        check(Metric::PartsMatch, "1 2 9 4", 0.75);
        check(Metric::ExactMatch, "1 2 9 4", 0.0);
        check(Metric::PartsMatch, "2 3 4", 0.0);
        check(Metric::ExactMatch, " 1 2 3 4\n", 1.0);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let check = |from: &str, to: &str, error: &str| {
            assert!(TASK.contains(from));
            let found = format!("{:#}", Task::read(&TASK.replace(from, to)).unwrap_err());
            assert_eq!(found, error);
        };
        check("\"name\": \"capitals\",", "", "`name` is missing");
        check(
            "\"Lyon\": 0",
            "\"Lyon\": 7",
            "example 1: the score of `Lyon` is not between 0 and 1",
        );
        check(
            "\"Paris\": 1",
            "\"Paris\": 0",
            "example 1: it has no `target` and no option in `target_scores` that is worth something",
        );
        check(
            "\"low_score\": 25",
            "\"low_score\": 100",
            "`low_score` is not below `high_score`",
        );
        check(
            "[\"Madrid\", \"Madrid, Spain\"]",
            "7",
            "example 2: `target` is no list",
        );
        assert!(Task::read("{").is_err());
    }
}
