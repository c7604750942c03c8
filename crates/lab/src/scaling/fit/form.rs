//! What a curve looks like, before its parameters are known.

use super::data::Data;

/// A functional form with named parameters.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// Short name, as on the command line.
    pub name: &'static str,
    /// The equation, readable as text.
    pub equation: &'static str,
    /// Names of the inputs, in the order of a row.
    pub inputs: &'static [&'static str],
    /// Names and ranges of the parameters, in the order of `value`.
    pub parameters: &'static [Parameter],
    /// What is compared: logarithms, or plain values.
    pub residual: Residual,
    /// Whether inputs must be above zero.
    pub positive_inputs: bool,
    /// The curve: parameters, then a row of inputs.
    pub value: fn(&[f64], &[f64]) -> f64,
    /// Parameters that are worth starting from, best guesses first or in any order; none is left out by the fitter
    /// before its loss has been looked at.
    pub starts: fn(&Data) -> Vec<Vec<f64>>,
}

/// A parameter of a form.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it may be.
    pub range: Range,
}

/// What a parameter may be. The fitter moves without bounds in another space, so that a parameter never leaves its
/// range: positive parameters move as their logarithms, which also makes steps of equal factors equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// Any number.
    Any,
    /// Above zero; "no such term" is a very small number.
    Positive,
}

/// How a prediction is compared with a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Residual {
    /// `ln(prediction) - ln(measurement)`: relative errors count. Both must be above zero.
    Log,
    /// `prediction - measurement`.
    Plain,
}

impl Parameter {
    /// A parameter that is above zero.
    pub const fn positive(name: &'static str) -> Parameter {
        Parameter {
            name,
            range: Range::Positive,
        }
    }

    /// A parameter that may be any number.
    pub const fn any(name: &'static str) -> Parameter {
        Parameter {
            name,
            range: Range::Any,
        }
    }
}

impl Range {
    /// The least positive value: below it a term has no weight in any sum of ordinary numbers.
    const LEAST: f64 = 1e-200;

    /// From a parameter to the number that the fitter moves.
    pub(super) fn inside(self, value: f64) -> f64 {
        match self {
            Range::Any => value,
            Range::Positive => value.max(Range::LEAST).ln(),
        }
    }

    /// From the number that the fitter moves to the parameter.
    pub(super) fn outside(self, moved: f64) -> f64 {
        match self {
            Range::Any => moved,
            Range::Positive => moved.clamp(Range::LEAST.ln(), -Range::LEAST.ln()).exp(),
        }
    }
}

impl Residual {
    /// The residual of one measurement.
    pub fn of(self, predicted: f64, measured: f64) -> f64 {
        match self {
            Residual::Log => predicted.ln() - measured.ln(),
            Residual::Plain => predicted - measured,
        }
    }
}
