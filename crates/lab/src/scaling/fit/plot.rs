//! Measurements and curves on paper with logarithmic axes.

use super::data::Data;
use super::fitted::Fit;
use crate::frame::{Axis, Plot};

/// How many points a drawn curve has.
const POINTS: usize = 40;

/// A curve of one input from `low` to `high`: in equal factors where the form's inputs are above zero, otherwise in
/// equal steps.
pub fn curve(fit: &Fit, low: f64, high: f64) -> Vec<(f64, f64)> {
    let place = |part: f64| match fit.form.positive_inputs {
        true => low * (high / low).powf(part),
        false => low + part * (high - low),
    };
    (0..POINTS)
        .map(|at| place(at as f64 / (POINTS - 1) as f64))
        .map(|x| (x, fit.predict(&[x])))
        .collect()
}

/// Measurements of one input and the curves fitted to them; `held_out` may be empty. Curves go on to the largest run.
pub fn measured_and_fitted(
    plot: Plot,
    fitted: &Data,
    held_out: &Data,
    curves: &[(&str, &Fit)],
) -> Plot {
    let points = |data: &Data| -> Vec<(f64, f64)> {
        data.rows().map(|(inputs, y)| (inputs[0], y)).collect()
    };
    let (small, large) = (points(fitted), points(held_out));
    let xs: Vec<f64> = small.iter().chain(&large).map(|p| p.0).collect();
    let (low, high) = Data::span(&xs);
    let mut plot = plot.points("measured", small);
    if !large.is_empty() {
        plot = plot.points("held out", large);
    }
    for (name, fit) in curves {
        plot = plot.line(*name, curve(fit, low, high));
    }
    plot
}

/// Predictions against measurements, for forms of more than one input: a good fit lies on the diagonal.
pub fn measured_and_predicted(
    id: &str,
    title: &str,
    output: &str,
    fit: &Fit,
    fitted: &Data,
    held_out: &Data,
) -> Plot {
    let points = |data: &Data| -> Vec<(f64, f64)> {
        data.rows()
            .map(|(inputs, y)| (y, fit.predict(inputs)))
            .collect()
    };
    let (small, large) = (points(fitted), points(held_out));
    let (low, high) = Data::span(&small.iter().chain(&large).map(|p| p.0).collect::<Vec<_>>());
    let plot = Plot::new(
        id,
        title,
        Axis::log(format!("{output}, measured")),
        Axis::log(format!("{output}, predicted")),
    );
    let plot = plot.points("fitted", small);
    let plot = if large.is_empty() {
        plot
    } else {
        plot.points("held out", large)
    };
    plot.line("as measured", [(low, low), (high, high)])
}
