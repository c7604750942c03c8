//! A fit as text, as JSON and as a plot.

use std::fmt::Write as _;

use anyhow::Result;
use serde_json::{Value, json};

use super::runs::Columns;
use crate::cli::show::number;
use lab::frame::{Axis, Plot};
use lab::scaling::fit::{
    Bootstrap, Data, Fit, HoldOut, Interval, Residual, measured_and_fitted, measured_and_predicted,
};

/// What was computed.
pub(super) struct Report {
    pub(super) fit: Fit,
    pub(super) error: f64,
    pub(super) explained: f64,
    pub(super) runs: usize,
    pub(super) held_out_runs: usize,
    pub(super) judged: Option<HoldOut>,
    pub(super) resampled: Option<Bootstrap>,
    /// Where predictions are asked for.
    pub(super) inputs: Vec<Vec<f64>>,
}

/// A report beside the names of its columns.
pub(super) struct Shown<'a> {
    pub(super) columns: &'a Columns,
    pub(super) report: &'a Report,
}

impl Report {
    fn interval(&self, quantity: impl Fn(&Fit) -> f64) -> Option<Interval> {
        let resampled = self.resampled.as_ref()?;
        Some(resampled.interval(0.95, quantity))
    }
}

impl Shown<'_> {
    pub(super) fn text(&self) -> Result<String> {
        let (report, form) = (self.report, self.report.fit.form);
        let mut text = String::new();
        writeln!(text, "{}   ({})", form.equation, self.names())?;
        if !report.fit.settled {
            writeln!(
                text,
                "The fit did not come to rest: some parameters are hardly decided by these runs."
            )?;
        }
        writeln!(text)?;
        let estimate = |value: f64, interval: Option<Interval>| match interval {
            None => number(value),
            Some(Interval { low, high }) => {
                format!(
                    "{:>10}   95 %: {} to {}",
                    number(value),
                    number(low),
                    number(high)
                )
            }
        };
        for (at, parameter) in form.parameters.iter().enumerate() {
            let interval = report.interval(|fit| fit.parameters[at]);
            let shown = estimate(report.fit.parameters[at], interval);
            writeln!(text, "{:8}  {shown}", parameter.name)?;
        }
        writeln!(
            text,
            "\n{} runs fitted: mean relative error {:.3} %, explained variance{} {:.4}",
            report.runs,
            report.error * 100.0,
            if form.residual == Residual::Log {
                " of logarithms"
            } else {
                ""
            },
            report.explained
        )?;
        if let Some(judged) = &report.judged {
            writeln!(
                text,
                "{} runs held out: mean relative error {:.3} %, worst {:.3} %",
                report.held_out_runs,
                judged.held_out_error * 100.0,
                judged.worst_error * 100.0
            )?;
        }
        for inputs in &report.inputs {
            let at: Vec<String> = self
                .columns
                .inputs
                .iter()
                .zip(inputs)
                .map(|(name, v)| format!("{name} {}", number(*v)))
                .collect();
            let interval = report.interval(|fit| fit.predict(inputs));
            let shown = estimate(report.fit.predict(inputs), interval);
            writeln!(
                text,
                "{} at {}: {}",
                self.columns.output,
                at.join(", "),
                shown.trim_start()
            )?;
        }
        Ok(text.trim_end().to_owned())
    }

    fn names(&self) -> String {
        let form = self.report.fit.form;
        let pairs = form.inputs.iter().zip(&self.columns.inputs);
        let mut names: Vec<String> = pairs
            .map(|(letter, column)| format!("{letter}: {column}"))
            .collect();
        names.push(format!("y: {}", self.columns.output));
        names.join(", ")
    }

    pub(super) fn json(&self) -> Value {
        let (report, form) = (self.report, self.report.fit.form);
        let parameters: Vec<Value> = form
            .parameters
            .iter()
            .enumerate()
            .map(|(at, parameter)| {
                json!({
                    "name": parameter.name,
                    "value": report.fit.parameters[at],
                    "interval": report.interval(|fit| fit.parameters[at]),
                })
            })
            .collect();
        let predictions: Vec<Value> = report
            .inputs
            .iter()
            .map(|inputs| {
                json!({
                    "inputs": inputs,
                    "value": report.fit.predict(inputs),
                    "interval": report.interval(|fit| fit.predict(inputs)),
                })
            })
            .collect();
        json!({
            "form": form.name,
            "equation": form.equation,
            "inputs": self.columns.inputs,
            "output": self.columns.output,
            "settled": report.fit.settled,
            "parameters": parameters,
            "runs": report.runs,
            "mean_relative_error": report.error,
            "explained": report.explained,
            "held_out": report.judged.as_ref().map(|judged| json!({
                "runs": report.held_out_runs,
                "mean_relative_error": judged.held_out_error,
                "worst_relative_error": judged.worst_error,
            })),
            "predictions": predictions,
        })
    }

    /// The curve for one input; predictions against measurements for two.
    pub(super) fn plot(&self, fitted: &Data, held_out: &Data) -> Plot {
        let (fit, form) = (&self.report.fit, self.report.fit.form);
        let output = &self.columns.output;
        if form.inputs.len() > 1 {
            return measured_and_predicted("fit", form.equation, output, fit, fitted, held_out);
        }
        let axis = |name: &str, log: bool| {
            if log {
                Axis::log(name)
            } else {
                Axis::linear(name)
            }
        };
        let plot = Plot::new(
            "fit",
            form.equation,
            axis(&self.columns.inputs[0], form.positive_inputs),
            axis(output, form.residual == Residual::Log),
        );
        measured_and_fitted(plot, fitted, held_out, &[(form.name, fit)])
    }
}
