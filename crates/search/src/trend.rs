//! Trending: which papers gain most for their age.

use domain::hit::{SignalHistory, Trending};
use jiff::Timestamp;

/// Ranks papers by their gains in the `window_days` before `now`.
#[allow(unused_variables, clippy::todo)]
pub fn rank(histories: &[SignalHistory], now: Timestamp, window_days: u32) -> Vec<Trending> {
    todo!()
}
