//! What people and programs are told: outcomes as text, progress as a bar or as lines.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};

use anyhow::{Context as _, Result};
use indicatif::{ProgressBar, ProgressStyle};

use lab::frame::{Estimate, Met, Outcome, Progress};

/// Prints a line. Nobody reading any more (`| head`) ends the program in silence.
pub(super) fn say(line: &str) -> Result<()> {
    match writeln!(std::io::stdout().lock(), "{line}") {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        done => done.context("cannot write to standard output"),
    }
}

/// Progress as lines of JSON on standard output: `{"progress":{"done":0.25,"what":"seed 1 of 5"}}`.
pub(super) struct Lines;

impl Progress for Lines {
    fn tell(&self, done: f64, what: &str) {
        let done = (done * 1000.0).round() / 1000.0;
        let line = serde_json::json!({"progress": {"done": done, "what": what}});
        let mut out = std::io::stdout().lock();
        // Nobody reads any more: whoever started this run is gone.
        if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
            std::process::exit(1);
        }
    }
}

/// Progress as a bar on standard error, if that is a terminal.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new(of: &str) -> Result<Bar> {
        let bar = if std::io::stderr().is_terminal() {
            ProgressBar::new(1000)
        } else {
            ProgressBar::hidden()
        };
        bar.set_style(ProgressStyle::with_template(
            "{prefix} {bar:30} {percent:>3} %  {elapsed}  {msg}",
        )?);
        bar.set_prefix(of.to_owned());
        Ok(Bar(bar))
    }

    pub(super) fn done(&self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bar {
    fn tell(&self, done: f64, what: &str) {
        self.0.set_position((done * 1000.0) as u64);
        self.0.set_message(what.to_owned());
    }
}

/// A number with three significant digits.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-3..1e5).contains(&size) {
        return format!("{value:.2e}");
    }
    let digits = if size == 0.0 {
        0
    } else {
        2 - size.log10().floor() as i32
    };
    format!("{value:.*}", digits.clamp(0, 5) as usize)
}

/// `0.91 (0.90 to 0.92)`.
pub(super) fn estimate(estimate: &Estimate) -> String {
    let ends = (number(estimate.low), number(estimate.high));
    if ends.0 == ends.1 {
        return number(estimate.mean);
    }
    format!("{} ({} to {})", number(estimate.mean), ends.0, ends.1)
}

/// An outcome as text.
pub(super) fn outcome(outcome: &Outcome) -> Result<String> {
    let mut text = String::new();
    let width = outcome.rows.iter().map(|r| r.name.chars().count()).max();
    let width = width.unwrap_or(0).max(6);
    writeln!(
        text,
        "{:width$}  {:28}  {:28}",
        "metric", "baseline", "method"
    )?;
    for row in &outcome.rows {
        let (baseline, method) = (estimate(&row.baseline), estimate(&row.method));
        writeln!(
            text,
            "{:width$}  {baseline:28}  {method:28}  {}",
            row.name, row.unit
        )?;
    }
    writeln!(text)?;
    for condition in &outcome.conditions {
        let met = match condition.met {
            Met::Clearly => "yes",
            Met::OnAverage => "on average",
            Met::Not => "no",
        };
        writeln!(
            text,
            "{met:10}  {} [{}, bound {}]",
            condition.text,
            estimate(&condition.quantity),
            number(condition.bound)
        )?;
    }
    write!(
        text,
        "\n{}: {}  ({}, seeds {} to {}, {:.1} s)",
        outcome.id,
        outcome.verdict.words(),
        outcome.scale.name(),
        outcome.seed,
        outcome.seed + outcome.seeds - 1,
        outcome.seconds
    )?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        let check = |value, text: &str| assert_eq!(number(value), text);
        check(0.0, "0");
        check(0.12345, "0.123");
        check(12.345, "12.3");
        check(1234.5, "1234");
        check(-0.5, "-0.500");
        check(0.000012, "1.20e-5");
    }
}
