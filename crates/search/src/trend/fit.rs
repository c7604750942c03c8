//! Priors fitted from readings, by the method of moments: by signal and field, and for all fields together.
//!
//! Of each paper the readings of the last sixty days give steps: gains and the exposure over which they came.
//!
//! 1. `unit`, how many gains say as much as one independent reader: the quasi-Poisson dispersion within papers
//!    (Wedderburn 1974), at least 1. Gains are divided by it. Each paper's chi squared is set against the median of its
//!    law, and the median paper decides: attention does not run quite as [`super::attention`] has it, and what that
//!    adds to chi squared grows with a paper's gains, so in a mean the few largest would pass for a field of bursts.
//! 2. `alpha / beta`, the usual rate: all gains over all exposure.
//! 3. `alpha`, how alike papers are: of a negative binomial, the variance of a paper's gains is `m + m^2 / alpha`
//!    about its mean `m`; what the squared differences exceed the means by gives `alpha` (Clayton and Kaldor 1987,
//!    section 3, without covariates).
//!
//! All three are exact in scale: multiply a field's counts, and `unit` takes it up, while `alpha` and `beta` stay.

use std::collections::BTreeMap;

use domain::hit::SignalHistory;
use domain::prior::{Fitted, Prior, Priors};
use domain::signal::Signal;
use jiff::Timestamp;

use super::clock::Clock;
use super::gains::{Window, steps};
use crate::measure::quantile;

/// Readings of so many days are fitted.
pub const FIT_DAYS: u32 = 60;
/// Fewer papers than this say nothing of a field.
pub const FIT_PAPERS_MIN: usize = 30;
/// Fewer steps beyond each paper's first say nothing of dispersion.
const FREEDOM_MIN: usize = 30;
/// Bounds of the shape: outside of them a few papers would decide.
const ALPHA: std::ops::RangeInclusive<f64> = 0.1..=10.0;

/// The steps of one signal of one paper.
type Steps = Vec<(f64, f64)>;

/// Fits priors from all readings of the [`FIT_DAYS`] before `now`.
pub fn fit(histories: &[SignalHistory], clock: &Clock, now: Timestamp) -> Priors {
    let window = Window::new(clock, now, FIT_DAYS);
    let mut fitted = BTreeMap::new();
    for signal in Signal::ALL {
        let mut by_field: BTreeMap<&str, Vec<Steps>> = BTreeMap::new();
        for history in histories {
            let steps = steps(history, signal, &window);
            if steps.is_empty() {
                continue;
            }
            if !history.field.is_empty() {
                by_field
                    .entry(&history.field)
                    .or_default()
                    .push(steps.clone());
            }
            by_field.entry("").or_default().push(steps);
        }
        for (field, papers) in by_field {
            if let Some(prior) = fit_one(&papers) {
                let papers = u32::try_from(papers.len()).unwrap_or(u32::MAX);
                fitted.insert((signal, field.to_string()), Fitted { prior, papers });
            }
        }
    }
    Priors {
        at: Some(now),
        fitted,
    }
}

/// The prior of papers' steps; nothing where they are too few, or gained nothing.
fn fit_one(papers: &[Steps]) -> Option<Prior> {
    if papers.len() < FIT_PAPERS_MIN {
        return None;
    }
    let unit = dispersion(papers);
    let totals: Vec<(f64, f64)> = papers.iter().map(total).collect();
    let (gains, exposures) = totals
        .iter()
        .fold((0.0, 0.0), |(g, x), one| (g + one.0, x + one.1));
    if gains <= 0.0 || exposures <= 0.0 {
        return None;
    }
    let usual = gains / unit / exposures;
    let (mut excess, mut squares) = (0.0, 0.0);
    for (gain, exposure) in &totals {
        let mean = usual * exposure;
        excess += (gain / unit - mean).powi(2) - mean;
        squares += mean * mean;
    }
    // No excess over Poisson's variance: papers are as alike as the bound allows.
    let alpha = if excess > 0.0 {
        (squares / excess).clamp(*ALPHA.start(), *ALPHA.end())
    } else {
        *ALPHA.end()
    };
    Some(Prior {
        alpha,
        beta: alpha / usual,
        unit,
    })
}

/// Gain and exposure of a paper.
fn total(steps: &Steps) -> (f64, f64) {
    steps
        .iter()
        .fold((0.0, 0.0), |(g, x), step| (g + step.0, x + step.1))
}

/// How much more steps scatter about their own paper's rate than Poisson's law has it, in the median paper; at least
/// 1, and 1 where too few steps tell.
fn dispersion(papers: &[Steps]) -> f64 {
    let (mut ratios, mut freedom) = (Vec::new(), 0);
    for steps in papers {
        let (gain, exposure) = total(steps);
        if gain <= 0.0 || steps.len() < 2 {
            continue;
        }
        freedom += steps.len() - 1;
        let deviation = |step: &(f64, f64)| {
            let mean = gain / exposure * step.1;
            (step.0 - mean).powi(2) / mean
        };
        let chi_squared: f64 = steps.iter().map(deviation).sum();
        ratios.push(chi_squared / median_chi_squared(steps.len() - 1));
    }
    if freedom < FREEDOM_MIN {
        return 1.0;
    }
    quantile(&ratios, 0.5).max(1.0)
}

/// The median of chi squared with so many degrees of freedom, by Wilson and Hilferty (1931).
fn median_chi_squared(freedom: usize) -> f64 {
    let freedom = freedom as f64;
    freedom * (1.0 - 2.0 / (9.0 * freedom)).powi(3)
}
