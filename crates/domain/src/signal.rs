//! Readers' signals as readings over time: never a bare counter, for a failed reading is not a zero.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signal {
    /// Up-votes on the Daily Papers page that this product reads.
    DailyUpvotes,
    /// Comments on that page.
    DailyComments,
    /// Stars of the linked code repository.
    Stars,
    /// Up-votes given here.
    Votes,
    /// Saves made here.
    Saves,
    /// Comments written here.
    Comments,
}

impl Signal {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Signal; 6] = [
        Signal::Votes,
        Signal::Saves,
        Signal::Comments,
        Signal::DailyUpvotes,
        Signal::DailyComments,
        Signal::Stars,
    ];

    /// The short name in the database, exports and pages' anchors.
    pub fn as_str(self) -> &'static str {
        match self {
            Signal::DailyUpvotes => "daily-upvotes",
            Signal::DailyComments => "daily-comments",
            Signal::Stars => "stars",
            Signal::Votes => "votes",
            Signal::Saves => "saves",
            Signal::Comments => "comments",
        }
    }

    /// The signal of a short name.
    pub fn from_short(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == name)
    }
}

/// One reading of one signal of one paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// What was counted.
    pub signal: Signal,
    /// When.
    pub at: Timestamp,
    /// The running total, or `None` when the reading failed: it then counts as no exposure, never as zero.
    pub value: Option<u32>,
}

/// As near to an event as the database tells moments apart.
const JUST_BEFORE: SignedDuration = SignedDuration::from_micros(1);

/// What was given here, as readings: for signals that this instance counts itself, and so knows at every moment.
///
/// `since` is when counting began, at the paper's listing or at the instance's beginning: there was nothing before.
/// `events` are the moments at which a vote, a save or a comment was given (`true`) or taken back (`false`), in order
/// of time; those after `now` are left out. A reading just before each says that the total stood until then, so that
/// nothing is gained earlier than it was given; the last one says that it still stands at `now`: a day on which nobody
/// voted is a day that was read.
pub fn counted_here(
    signal: Signal,
    since: Timestamp,
    events: &[(Timestamp, bool)],
    now: Timestamp,
) -> Vec<Reading> {
    let mut total = 0u32;
    let reading = |at, total| Reading {
        signal,
        at,
        value: Some(total),
    };
    let first = events.first().map_or(since, |event| event.0.min(since));
    let mut readings = vec![reading(first.min(now), 0)];
    for (at, given) in events.iter().filter(|event| event.0 <= now) {
        let until = at.checked_sub(JUST_BEFORE).unwrap_or(*at);
        if readings.last().is_some_and(|last| last.at < until) {
            readings.push(reading(until, total));
        }
        total = match given {
            true => total.saturating_add(1),
            false => total.saturating_sub(1),
        };
        readings.push(reading(*at, total));
    }
    readings.push(reading(now, total));
    readings
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Readings as "second total", with a sign where they lie just before the second.
    #[track_caller]
    fn check(since: i64, events: &[(i64, bool)], now: i64, expected: &[&str]) {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let events: Vec<_> = events.iter().map(|(s, given)| (at(*s), *given)).collect();
        let readings = counted_here(Signal::Votes, at(since), &events, at(now));
        let word = |r: &Reading| {
            let before = r.at.subsec_microsecond() > 0 || r.at.subsec_millisecond() > 0;
            let second = r.at.as_second() + i64::from(before);
            let sign = if before { "<" } else { "" };
            format!("{sign}{second} {}", r.value.unwrap())
        };
        let got: Vec<_> = readings.iter().map(word).collect();
        assert_eq!(got, expected);
        assert!(readings.iter().all(|r| r.signal == Signal::Votes));
    }

    #[test]
    fn votes_given_here_are_known_at_every_moment() {
        check(10, &[], 90, &["10 0", "90 0"]);
        let votes = [(20, true), (30, true), (40, false), (99, true)];
        let expected = [
            "10 0", "<20 0", "20 1", "<30 1", "30 2", "<40 2", "40 1", "90 1",
        ];
        check(10, &votes, 90, &expected);
        // Given before the listing, taken back without having been given, dated ahead.
        check(10, &[(5, true)], 90, &["5 0", "5 1", "90 1"]);
        check(10, &[(20, false)], 90, &["10 0", "<20 0", "20 0", "90 0"]);
        check(95, &[], 90, &["90 0", "90 0"]);
    }
}
