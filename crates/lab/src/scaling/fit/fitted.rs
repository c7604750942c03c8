//! A form with its parameters found.

use anyhow::{Context as _, Result, ensure};

use super::data::Data;
use super::form::{Form, Residual};
use super::minimise::{Minimum, Problem};

/// How to fit.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The size of a residual from which on it counts by its size and no longer squared. Residuals of logarithms are
    /// relative errors: 0.01 is one percent. Infinite for least squares.
    pub huber: f64,
    /// How many of the most promising starts are polished.
    pub starts: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            huber: 0.01,
            starts: 12,
        }
    }
}

impl Options {
    /// Least squares.
    pub fn squares() -> Options {
        Options {
            huber: f64::INFINITY,
            ..Options::default()
        }
    }
}

/// A form with its parameters.
#[derive(Debug, Clone)]
pub struct Fit {
    /// The form.
    pub form: &'static Form,
    /// Its parameters, in the form's order.
    pub parameters: Vec<f64>,
    /// The sum of losses over the runs that were fitted.
    pub loss: f64,
    /// Whether the descent came to rest. One that did not is near its end all the same, in a flat valley: some
    /// parameters are hardly decided by the data.
    pub settled: bool,
}

impl Fit {
    /// The curve's value for a row of inputs.
    pub fn predict(&self, inputs: &[f64]) -> f64 {
        (self.form.value)(&self.parameters, inputs)
    }

    /// A parameter by its name; no number if the form has none of that name.
    pub fn parameter(&self, name: &str) -> f64 {
        let at = self.form.parameters.iter().position(|p| p.name == name);
        at.map_or(f64::NAN, |at| self.parameters[at])
    }

    /// `|prediction - measurement| / |measurement|` of every run.
    pub fn relative_errors(&self, data: &Data) -> Vec<f64> {
        let error = |(inputs, y): (&[f64], f64)| (self.predict(inputs) - y).abs() / y.abs();
        data.rows().map(error).collect()
    }

    /// The mean of [`Fit::relative_errors`]; no number for no runs.
    pub fn mean_relative_error(&self, data: &Data) -> f64 {
        self.relative_errors(data).iter().sum::<f64>() / data.len() as f64
    }

    /// The share of the outputs' variance that the curve explains (of their logarithms, where the form compares
    /// those): 1 less the squared residuals over the squared distances from the mean.
    pub fn explained(&self, data: &Data) -> f64 {
        let placed = |y: f64| match self.form.residual {
            Residual::Log => y.ln(),
            Residual::Plain => y,
        };
        let mean = data.outputs().iter().map(|&y| placed(y)).sum::<f64>() / data.len() as f64;
        let all: f64 = data
            .outputs()
            .iter()
            .map(|&y| (placed(y) - mean).powi(2))
            .sum();
        let left: f64 = data
            .rows()
            .map(|(inputs, y)| self.form.residual.of(self.predict(inputs), y).powi(2))
            .sum();
        1.0 - left / all
    }
}

/// Fits a form to data: of the form's starts the most promising are polished, and the best end is kept.
///
/// # Errors
/// Fewer runs than parameters, another number of inputs than the form has, a value that must be above zero and is
/// not, or no start with a finite loss.
pub fn fit(form: &'static Form, data: &Data, options: &Options) -> Result<Fit> {
    check(form, data)?;
    polish(form, data, options, (form.starts)(data))
}

/// Fits from starts of the caller's own.
pub(super) fn polish(
    form: &'static Form,
    data: &Data,
    options: &Options,
    starts: Vec<Vec<f64>>,
) -> Result<Fit> {
    let ranges = || form.parameters.iter().map(|parameter| parameter.range);
    let outside = |point: &[f64]| -> Vec<f64> {
        let moved = point.iter().zip(ranges());
        moved.map(|(&v, range)| range.outside(v)).collect()
    };
    let residuals = |point: &[f64]| -> Vec<f64> {
        let parameters = outside(point);
        let one = |(inputs, y)| form.residual.of((form.value)(&parameters, inputs), y);
        data.rows().map(one).collect()
    };
    let problem = Problem {
        huber: options.huber,
        residuals: &residuals,
    };
    let mut ranked: Vec<(f64, Vec<f64>)> = starts
        .into_iter()
        .map(|start| {
            start
                .iter()
                .zip(ranges())
                .map(|(&v, r)| r.inside(v))
                .collect()
        })
        .map(|point: Vec<f64>| (problem.loss(&residuals(&point)), point))
        .filter(|(loss, point)| loss.is_finite() && point.iter().all(|v| v.is_finite()))
        .collect();
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
    ranked.truncate(options.starts.max(1));
    let best = ranked
        .iter()
        .map(|(_, start)| problem.descend(start))
        .min_by(|a, b| a.loss.total_cmp(&b.loss));
    let Minimum {
        point,
        loss,
        settled,
    } = best.with_context(|| {
        format!(
            "`{}` ({}) has no value near these data",
            form.name, form.equation
        )
    })?;
    Ok(Fit {
        form,
        parameters: outside(&point),
        loss,
        settled,
    })
}

fn check(form: &Form, data: &Data) -> Result<()> {
    ensure!(
        data.width() == form.inputs.len(),
        "`{}` has {} inputs ({}); the data have {}",
        form.name,
        form.inputs.len(),
        form.inputs.join(", "),
        data.width()
    );
    ensure!(
        data.len() >= form.parameters.len(),
        "`{}` has {} parameters; {} runs are too few to fit it",
        form.name,
        form.parameters.len(),
        data.len()
    );
    for (inputs, output) in data.rows() {
        ensure!(
            form.residual != Residual::Log || output > 0.0,
            "`{}` compares logarithms, and an output is {output}: outputs must be above zero",
            form.name
        );
        if form.positive_inputs {
            let stray = inputs.iter().find(|value| **value <= 0.0);
            ensure!(
                stray.is_none(),
                "`{}` takes powers of its inputs, and one is {}: inputs must be above zero",
                form.name,
                stray.copied().unwrap_or_default()
            );
        }
    }
    Ok(())
}
