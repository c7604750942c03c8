//! From gains to evidence: a Gamma-Poisson posterior, its lower end, and how far that lies above what is usual.
//!
//! With a prior Gamma(alpha, beta) over rates and gains that arrive as a Poisson process, the rate after a gain `g`
//! over an exposure `x` is Gamma(alpha + g, beta + x) (any textbook's conjugate pair). Its 10 % quantile is taken by
//! Wilson and Hilferty's cube (1931), which is exact to a few thousandths for the shapes that occur.

use domain::prior::Prior;

use super::attention::Attention;

/// Most evidence that one signal can give: twenty times the usual rate.
pub const EVIDENCE_MAX: f64 = 3.0;
/// The 10 % point of the normal distribution.
pub const Z: f64 = -1.2816;
/// What is usual is said of a paper's first week, in announcements: evidence means the same in every window.
pub const FIRST_WEEK: f64 = 5.0;
/// Stands for a rate of which nothing at all is sure, whose logarithm would be minus infinity.
const LOG_MIN: f64 = -20.0;

/// The rate that is exceeded with 90 % probability, in units an announcement: `gain` in gains, `exposure` in
/// announcements of a new paper's attention.
pub fn rate_lower(gain: f64, exposure: f64, prior: &Prior) -> f64 {
    let shape = prior.alpha + gain / prior.unit;
    let ninth = 1.0 / (9.0 * shape);
    let root = 1.0 - ninth + Z * ninth.sqrt();
    shape / (prior.beta + exposure) * root.max(0.0).powi(3)
}

/// The logarithm of the sure rate over the usual one. `fade` is the attention that the paper gets now, over that
/// which a paper gets in its first week; 1 for signals that do not fade.
pub fn log_ratio(gain: f64, exposure: f64, prior: &Prior, fade: f64) -> f64 {
    let usual = prior.alpha / prior.beta;
    (rate_lower(gain, exposure, prior) * fade / usual)
        .ln()
        .max(LOG_MIN)
}

/// Evidence before its weight: [`log_ratio`] between 0 and [`EVIDENCE_MAX`].
pub fn evidence(gain: f64, exposure: f64, prior: &Prior, fade: f64) -> f64 {
    log_ratio(gain, exposure, prior, fade).clamp(0.0, EVIDENCE_MAX)
}

/// The attention that a paper of this age gets now, over that of a paper in its first week.
pub fn fade(attention: Attention, age: f64) -> f64 {
    attention.at(age) / attention.mean(FIRST_WEEK)
}
