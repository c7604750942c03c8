//! Papers that run: what the site knows of the lab, a program of its own.
//!
//! The lab's cards and the outcomes of its last release run come as a file of JSON lines; runs that readers ask for are
//! rows in the database, which a runner outside of this crate takes. Here both are read and shown.

mod outcome;

use std::sync::Arc;

use serde_json::Value;
use store::{LabRun, LabState};

pub use outcome::{Card, Condition, Estimate, Metric, Outcome, Plot, Row};

/// A method that can be run.
#[derive(Debug, Clone)]
pub struct Method {
    /// What is said before a run.
    pub card: Card,
    /// What came out when the release was made.
    pub outcome: Outcome,
    /// The same two as the lab wrote them, for programs.
    pub json: Value,
}

/// The lab as the site shows it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Lab {
    methods: Arc<Vec<Method>>,
    /// Why nothing can be run here, in words; `None` when runs are taken.
    pub closed: Option<String>,
    /// How many runs may wait.
    pub waiting_max: u32,
}

/// Sizes of runs that readers may ask for, with what they cost.
pub const SCALES: [(&str, &str); 3] = [
    ("small", "small: under a minute"),
    ("tiny", "tiny: two seconds, a rough look"),
    ("full", "full: some minutes, twice the seeds"),
];

/// A line of the lab's file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line} of the lab's outcomes: {source}")]
pub struct Unreadable {
    line: usize,
    source: serde_json::Error,
}

impl Lab {
    /// Reads the lab's file: one object a line, `{"card": ..., "outcome": ...}`.
    ///
    /// # Errors
    /// The first line that has another shape.
    pub fn read(lines: &str) -> Result<Lab, Unreadable> {
        let read = |(at, line): (usize, &str)| {
            method(line).map_err(|source| Unreadable {
                line: at + 1,
                source,
            })
        };
        Ok(Lab {
            methods: Arc::new(
                lines
                    .lines()
                    .enumerate()
                    .map(read)
                    .collect::<Result<_, _>>()?,
            ),
            closed: None,
            waiting_max: 20,
        })
    }

    /// All methods, by family.
    pub fn methods(&self) -> &[Method] {
        &self.methods
    }

    /// The method of a short name.
    pub fn method(&self, id: &str) -> Option<&Method> {
        self.methods.iter().find(|method| method.card.id == id)
    }

    /// The method of a paper.
    pub fn of_paper(&self, arxiv: &str) -> Option<&Method> {
        self.methods
            .iter()
            .find(|method| method.card.arxiv == arxiv)
    }
}

impl Default for Lab {
    /// No lab.
    fn default() -> Self {
        Lab {
            methods: Arc::default(),
            closed: Some("This server has no lab.".to_string()),
            waiting_max: 0,
        }
    }
}

fn method(line: &str) -> Result<Method, serde_json::Error> {
    let json: Value = serde_json::from_str(line)?;
    let part = |name: &str| json.get(name).cloned().unwrap_or_default();
    Ok(Method {
        card: serde_json::from_value(part("card"))?,
        outcome: serde_json::from_value(part("outcome"))?,
        json,
    })
}

/// A run for programs. Without `outcome` until it is done.
pub fn run_json(run: &LabRun, before: Option<u32>) -> Value {
    let mut value = serde_json::json!({
        "run": run.id,
        "method": run.method,
        "scale": run.scale,
        "seed": run.seed,
        "state": run.state.as_str(),
        "done": f64::from(run.done) / 1000.0,
        "doing": run.doing,
        "words": state_words(run, before),
        "asked": run.asked.to_string(),
        "started": run.started.map(|at| at.to_string()),
        "ended": run.ended.map(|at| at.to_string()),
        "address": format!("/lab/runs/{}", run.id),
    });
    let outcome = run.outcome.as_deref().map(serde_json::from_str::<Value>);
    if let Some(Ok(outcome)) = outcome {
        value["outcome"] = outcome;
    }
    value
}

/// How far a run is, in a sentence.
pub fn state_words(run: &LabRun, before: Option<u32>) -> String {
    match run.state {
        LabState::Waiting => match before {
            Some(1) => "Waiting: one run is before it.".to_string(),
            Some(n) if n > 1 => format!("Waiting: {n} runs are before it."),
            _ => "Waiting for the runner.".to_string(),
        },
        LabState::Running if run.doing.is_empty() => "Starting.".to_string(),
        LabState::Running => format!("{} %: {}", run.done / 10, run.doing),
        LabState::Done => "Done.".to_string(),
        LabState::Failed => format!("It ended without an outcome: {}", run.doing),
        LabState::Cancelled => "Cancelled.".to_string(),
    }
}

/// A number with three significant digits.
pub fn digits(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    if !(1e-3..1e5).contains(&size) {
        return format!("{value:.1e}");
    }
    let places = 2 - size.log10().floor() as i32;
    format!("{value:.*}", places.clamp(0, 5) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        let check = |value, text: &str| assert_eq!(digits(value), text);
        check(0.0, "0");
        check(0.98765, "0.988");
        check(1234.5, "1234");
        check(0.00001, "1.0e-5");
        check(f64::NAN, "NaN");
    }

    #[test]
    fn a_line_of_another_shape_is_named() {
        let error = Lab::read("{\"card\": 1}").unwrap_err().to_string();
        assert!(
            error.starts_with("line 1 of the lab's outcomes: "),
            "{error}"
        );
        assert!(Lab::read("").unwrap().methods().is_empty());
    }
}
