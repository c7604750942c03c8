//! What a run found.

use serde::{Deserialize, Serialize};

use super::card::Metric;
use super::context::Scale;
use super::estimate::Estimate;
use super::plot::Plot;
use super::rule::{Judged, Verdict};

/// What a run found: enough to show it, to repeat it and to doubt it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The card's id.
    pub id: String,
    /// How much work it was.
    pub scale: Scale,
    /// The first seed.
    pub seed: u64,
    /// How many seeds, counted up from the first.
    pub seeds: u64,
    /// What is said of the claim.
    pub verdict: Verdict,
    /// One a metric of the card, in its order.
    pub rows: Vec<Row>,
    /// One a condition of the card's rule, in its order.
    pub conditions: Vec<Judged>,
    /// Curves, as data.
    pub plots: Vec<Plot>,
    /// Seconds from start to end.
    pub seconds: f64,
    /// The machine that it ran on.
    pub machine: String,
    /// The day that it ran, UTC.
    pub date: String,
}

/// A metric over all seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The metric's id.
    pub metric: String,
    /// What it is, for readers.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// The baseline.
    pub baseline: Estimate,
    /// The method.
    pub method: Estimate,
    /// Method less baseline, seed by seed: where both share a seed's luck, this is better known than either.
    pub difference: Estimate,
    /// The baseline's value for each seed.
    pub baseline_values: Vec<f64>,
    /// The method's value for each seed.
    pub method_values: Vec<f64>,
}

impl Row {
    /// The row of a metric from both sides' values, one a seed.
    pub fn of(metric: &Metric, baseline: &[f64], method: &[f64]) -> Row {
        let differences: Vec<f64> = baseline.iter().zip(method).map(|(b, m)| m - b).collect();
        Row {
            metric: metric.id.to_owned(),
            name: metric.name.to_owned(),
            unit: metric.unit.to_owned(),
            baseline: Estimate::of(baseline),
            method: Estimate::of(method),
            difference: Estimate::of(&differences),
            baseline_values: baseline.to_vec(),
            method_values: method.to_vec(),
        }
    }
}
