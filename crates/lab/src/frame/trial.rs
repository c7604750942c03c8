//! What one seed measured.

use super::plot::Plot;

/// The measurements of one seed.
#[derive(Debug, Clone, Default)]
pub struct Trial {
    pub(super) measured: Vec<Measured>,
    pub(super) plots: Vec<Plot>,
}

/// One metric, measured for both sides on the same data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// The metric's id in the card.
    pub metric: &'static str,
    /// The baseline's value.
    pub baseline: f64,
    /// The method's value.
    pub method: f64,
}

impl Trial {
    /// Nothing measured yet.
    pub fn new() -> Trial {
        Trial::default()
    }

    /// Adds a metric's two values.
    #[must_use]
    pub fn measured(mut self, metric: &'static str, baseline: f64, method: f64) -> Trial {
        self.measured.push(Measured {
            metric,
            baseline,
            method,
        });
        self
    }

    /// Adds a plot. Plots of the same id and the same x values are averaged over seeds.
    #[must_use]
    pub fn plot(mut self, plot: Plot) -> Trial {
        self.plots.push(plot);
        self
    }
}
