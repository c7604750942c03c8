//! What is usual for a signal in a field before anything was read of a paper, and how much each signal counts.

use domain::prior::{Prior, Priors};
use domain::signal::Signal;

/// What a signal of this kind counts in the sum.
pub fn weight(signal: Signal) -> f64 {
    match signal {
        // A reader of this instance who votes knows what this instance is about.
        Signal::Votes | Signal::DailyUpvotes => 1.0,
        Signal::Saves | Signal::Stars => 0.8,
        Signal::Comments => 0.5,
        Signal::DailyComments => 0.4,
    }
}

/// Whether a signal is given elsewhere, where nobody here can see who gave it.
pub fn from_elsewhere(signal: Signal) -> bool {
    match signal {
        Signal::Stars | Signal::DailyUpvotes | Signal::DailyComments => true,
        Signal::Votes | Signal::Saves | Signal::Comments => false,
    }
}

/// The prior of a signal where there is too little to fit one from.
pub fn unfitted(signal: Signal) -> Prior {
    let (alpha, beta) = match signal {
        // Here: one vote, save or comment in four announcements, and never sure of it.
        Signal::Votes | Signal::Saves | Signal::Comments | Signal::DailyComments => (0.5, 2.0),
        // A featured paper has some ten up-votes after its first days.
        Signal::DailyUpvotes => (0.5, 0.1),
        // Most repositories gain a star every other day or less.
        Signal::Stars => (0.5, 1.0),
    };
    Prior {
        alpha,
        beta,
        unit: 1.0,
    }
}

/// The prior of a signal in a field: its own, else that of all fields, else the unfitted one.
pub fn prior(priors: &Priors, signal: Signal, field: &str) -> Prior {
    let get = |field: &str| priors.fitted.get(&(signal, field.to_string()));
    let fitted = get(field).or_else(|| get(""));
    fitted.map_or_else(|| unfitted(signal), |fitted| fitted.prior)
}
