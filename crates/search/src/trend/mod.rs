//! Trending: which papers gain most, as far as the readings prove it.
//!
//! ```text
//! attention  = 1 / (1 + age)                            of a usual paper; age in announcements
//! rate       ~ Gamma(alpha + gain / unit, beta + attention while it was read)
//! sure       = the rate exceeded with 90 % probability  by Wilson and Hilferty
//! evidence   = ln(sure * attention now / (alpha / beta * mean attention of a first week)), within 0..=3
//! trend      = sum over signals of weight * evidence
//! ```
//!
//! So three stars in three hours are not twenty-four a day, a great first day is not a pace, and a paper needs much
//! proof to lead. `alpha`, `beta` and `unit` are fitted by signal and field ([`fit`]) from the readings of the last
//! sixty days.
//!
//! - [`clock`] counts announcements, not hours; [`attention`] is how interest fades.
//! - `gains` turns readings into gains over exposure; [`evidence`] turns these into evidence.
//! - `order` makes one list of all fields.
//!
//! What must hold, each a property in `properties.rs`: more gain never lowers a score; a failed reading is as good
//! as none and never worse than a reading without gain; weekends change nothing; counts of a whole field may be
//! scaled; ties are broken alike on every machine; what is dated ahead gains nothing; a lone signal from elsewhere
//! does not lead; fields keep their order and take turns; evidence has its bounds; what lies before the window does
//! not count. No author's fame enters.

pub mod attention;
pub mod clock;
pub mod evidence;
pub mod fit;
mod gains;
pub mod history;
pub mod order;
pub mod peers;
pub mod prior;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use domain::hit::{SignalHistory, TrendPart, Trending};
use domain::prior::Priors;
use domain::signal::Signal;
use jiff::Timestamp;

use attention::Attention;
use clock::Clock;
use gains::Window;
pub use gains::batches_in;
use order::Scored;
use prior::{from_elsewhere, weight};

/// What a lone signal from elsewhere gives beyond all others counts only so much...
pub const ALONE: f64 = 0.6;
/// ...unless two signals have more evidence than this.
pub const SECONDED: f64 = 0.5;

/// What ranking needs beside the readings.
#[derive(Debug, Clone, Copy)]
pub struct Basis<'a> {
    /// What is usual.
    pub priors: &'a Priors,
    /// What ages papers.
    pub clock: &'a Clock,
    /// Until when readings count.
    pub now: Timestamp,
}

/// Ranks papers by their gains in the `window_days` before now. Papers that gained nothing are left out.
pub fn rank(histories: &[SignalHistory], basis: Basis<'_>, window_days: u32) -> Vec<Trending> {
    let scored = scored(histories, basis, window_days);
    let gained = |one: &Scored| one.trending.parts.iter().any(|part| part.gain > 0);
    order::interleave(scored.into_iter().filter(gained).collect())
}

/// As [`rank`], with those that gained nothing too: for measuring how good the order is.
pub fn rank_all(histories: &[SignalHistory], basis: Basis<'_>, window_days: u32) -> Vec<Trending> {
    order::interleave(scored(histories, basis, window_days))
}

fn scored(histories: &[SignalHistory], basis: Basis<'_>, window_days: u32) -> Vec<Scored> {
    let window = Window::new(basis.clock, basis.now, window_days);
    histories
        .iter()
        .map(|history| score(history, &window, basis.priors))
        .collect()
}

fn score(history: &SignalHistory, window: &Window<'_>, priors: &Priors) -> Scored {
    let mut strength = f64::NEG_INFINITY;
    let mut parts = Vec::new();
    for signal in Signal::ALL {
        if let Some((part, log_ratio)) = part(history, signal, window, priors) {
            strength = strength.max(part.weight * log_ratio);
            parts.push(part);
        }
    }
    let preferred = discount_lone(&mut parts);
    Scored {
        strength,
        preferred,
        trending: Trending {
            paper: history.paper,
            field: history.field.clone(),
            score: parts.iter().map(|part| part.weight * part.evidence).sum(),
            parts,
            age_batches: window.age(history),
            place_in_field: 0,
            field_papers: 0,
            held_back: false,
        },
    }
}

/// The part of one signal, if it was read in the window, and its log ratio without bounds.
fn part(
    history: &SignalHistory,
    signal: Signal,
    window: &Window<'_>,
    priors: &Priors,
) -> Option<(TrendPart, f64)> {
    let gained = gains::gain(history, signal, window)?;
    let prior = prior::prior(priors, signal, &history.field);
    let attention = Attention::of(signal);
    let fade = evidence::fade(attention, window.age(history));
    let sure = evidence::rate_lower(gained.gain, gained.exposure, &prior);
    let log_ratio = evidence::log_ratio(gained.gain, gained.exposure, &prior, fade);
    let part = TrendPart {
        signal,
        // Counts are below 2^32, and a gain is never negative.
        gain: gained.gain.round() as u32,
        batches: gained.batches,
        rate: sure * prior.unit * attention.at(window.age(history)),
        usual: prior.usual() * attention.mean(evidence::FIRST_WEEK),
        evidence: log_ratio.clamp(0.0, evidence::EVIDENCE_MAX),
        weight: weight(signal),
    };
    Some((part, log_ratio))
}

/// What a lone signal from elsewhere may do: stars can be bought, and one page's crowd is one crowd. What the
/// strongest such signal gives beyond all others together counts [`ALONE`] of its weight, unless another signal
/// seconds it. Continuous and rising in every gain, so that no gain ever lowers a score. Says whether more than that
/// signal speaks for the paper: a second one, or others that would do by themselves.
fn discount_lone(parts: &mut [TrendPart]) -> bool {
    let seconded = parts.iter().filter(|part| part.evidence > SECONDED).count() >= 2;
    let sum: f64 = parts.iter().map(|part| part.weight * part.evidence).sum();
    let strongest = parts
        .iter_mut()
        .filter(|part| from_elsewhere(part.signal))
        .max_by(|x, y| (x.weight * x.evidence).total_cmp(&(y.weight * y.evidence)));
    let Some(part) = strongest else {
        return sum >= order::PREFERRED_SCORE_MIN;
    };
    let given = part.weight * part.evidence;
    let others = sum - given;
    if !seconded && given > others {
        part.weight *= (others + ALONE * (given - others)) / given;
    }
    seconded || others >= order::PREFERRED_SCORE_MIN
}
