//! What is usual for a signal in a field, as it was last fitted from readings.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::signal::Signal;

/// Gains of a usual paper, as a Gamma distribution over rates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Prior {
    /// Shape: how alike papers are. Small where few take nearly all.
    pub alpha: f64,
    /// The announcements, of a new paper's attention, that the prior is worth. `unit * alpha / beta` is the usual
    /// rate in gains an announcement.
    pub beta: f64,
    /// So many gains say as much as one reader who came by themselves: gains come in bursts. At least 1.
    pub unit: f64,
}

impl Prior {
    /// Gains an announcement that are usual for a new paper.
    pub fn usual(&self) -> f64 {
        self.unit * self.alpha / self.beta
    }
}

/// A prior that was fitted, and from how much.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Fitted {
    /// The prior.
    pub prior: Prior,
    /// Papers whose readings it was fitted from.
    pub papers: u32,
}

/// The priors in force: those fitted last, by signal and field.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Priors {
    /// When they were fitted; `None` where nothing has been yet.
    pub at: Option<Timestamp>,
    /// By signal and field. The empty field is all fields together, for those with too few papers of their own.
    pub fitted: BTreeMap<(Signal, String), Fitted>,
}
