//! The clock of trending: it counts announcements, not hours.
//!
//! A weekday is one announcement, and time runs evenly through it. Saturday and Sunday, and weekdays known to be
//! without any announcement, take no time at all: nobody reads less of a paper because a holiday came between.

use domain::paper::utc_midnight;
use jiff::civil::{Date, Weekday};
use jiff::{Timestamp, ToSpan};

const DAY_SECONDS: i64 = 86_400;
/// Seconds from 1970-01-01, a Thursday, to the first Monday after it.
const FIRST_MONDAY: i64 = 4 * DAY_SECONDS;
/// Announcements in a week without a holiday.
const WEEK_BATCHES: f64 = 5.0;

/// Counts announcements between moments.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Clock {
    /// Where each quiet weekday begins on the plain clock, ascending.
    quiet: Vec<f64>,
}

impl Clock {
    /// A clock that stands still on these days too, beside weekends.
    pub fn with_quiet_days(days: &[Date]) -> Clock {
        let weekdays = days.iter().filter(|day| !is_weekend(**day));
        let mut quiet: Vec<f64> = weekdays
            .filter_map(|day| utc_midnight(*day))
            .map(plain)
            .collect();
        quiet.sort_unstable_by(f64::total_cmp);
        quiet.dedup();
        Clock { quiet }
    }

    /// A moment as a number of announcements since a fixed beginning. Never falls as time goes on.
    pub fn batches(&self, at: Timestamp) -> f64 {
        let plain = plain(at);
        let still = self
            .quiet
            .iter()
            .map(|begin| (plain - begin).clamp(0.0, 1.0));
        plain - still.sum::<f64>()
    }
}

/// The weekdays between the first and the last of these days on which nothing was announced, where announcements
/// before and after show that somebody was listening: longer gaps are ours, not the issuer's.
pub fn quiet_days(announced: &[Date]) -> Vec<Date> {
    /// Weekdays without an announcement in a row that a holiday can make. arXiv's longest, at the year's end, has four.
    const GAP_MAX: usize = 4;
    let mut days = announced.to_vec();
    days.sort_unstable();
    days.dedup();
    let gap = |pair: &[Date]| -> Vec<Date> {
        let between = pair[0].series(1.day()).skip(1);
        between
            .take_while(|day| *day < pair[1])
            .filter(|day| !is_weekend(*day))
            .take(GAP_MAX + 1)
            .collect()
    };
    let gaps = days.windows(2).map(gap);
    gaps.filter(|gap| gap.len() <= GAP_MAX).flatten().collect()
}

/// Without quiet days.
fn plain(at: Timestamp) -> f64 {
    let second = at.as_second() - FIRST_MONDAY;
    let week_seconds = 7 * DAY_SECONDS;
    let within = second.rem_euclid(week_seconds) as f64 + f64::from(at.subsec_nanosecond()) / 1e9;
    let weeks = second.div_euclid(week_seconds) as f64;
    weeks * WEEK_BATCHES + (within / DAY_SECONDS as f64).min(WEEK_BATCHES)
}

fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(list: &[&str]) -> Vec<Date> {
        list.iter().map(|day| day.parse().unwrap()).collect()
    }

    #[track_caller]
    fn check(quiet: &[&str], from: &str, to: &str, expected: f64) {
        let clock = Clock::with_quiet_days(&days(quiet));
        let at = |text: &str| clock.batches(text.parse().unwrap());
        assert!((at(to) - at(from) - expected).abs() < 1e-6);
    }

    #[test]
    fn weekdays_count_and_weekends_do_not() {
        check(&[], "2026-11-23T00:00:00Z", "2026-11-24T06:00:00Z", 1.25);
        check(&[], "2026-11-20T12:00:00Z", "2026-11-23T12:00:00Z", 1.0);
        check(&[], "2026-11-21T01:00:00Z", "2026-11-22T23:00:00Z", 0.0);
        check(&[], "2026-11-02T00:00:00Z", "2026-11-23T00:00:00Z", 15.0);
        check(&[], "1969-12-29T00:00:00Z", "1970-01-05T00:00:00Z", 5.0);
    }

    #[test]
    fn quiet_days_do_not_count_either() {
        // Thanksgiving, and a Saturday that is quiet anyway.
        let quiet = ["2026-11-26", "2026-11-28"];
        check(&quiet, "2026-11-25T00:00:00Z", "2026-11-27T00:00:00Z", 1.0);
        check(&quiet, "2026-11-26T03:00:00Z", "2026-11-26T21:00:00Z", 0.0);
        check(&quiet, "2026-11-27T00:00:00Z", "2026-11-30T12:00:00Z", 1.5);
    }

    #[track_caller]
    fn check_quiet(announced: &[&str], expected: &[&str]) {
        assert_eq!(quiet_days(&days(announced)), days(expected));
    }

    #[test]
    fn holidays_are_gaps_and_long_gaps_are_not_holidays() {
        check_quiet(&["2026-11-25", "2026-11-27", "2026-11-30"], &["2026-11-26"]);
        check_quiet(&["2026-11-20", "2026-11-23"], &[]);
        check_quiet(&["2026-11-02", "2026-11-23"], &[]);
        check_quiet(&[], &[]);
    }
}
