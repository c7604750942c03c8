//! Moments and days as numbers: microseconds and whole days since 1970-01-01 UTC.

use domain::paper::{utc_day, utc_midnight};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::error::{Error, Result};

/// The `listed_day` of a paper without any time: before every real day, so that it comes last on lists.
pub(crate) const UNDATED: i64 = -1_000_000;

const SECONDS_PER_DAY: i64 = 86_400;

pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(crate) fn moment(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros)
        .map_err(|_| Error::Damaged(format!("{micros} is no moment")))
}

pub(crate) fn moments(micros: Option<i64>) -> Result<Option<Timestamp>> {
    micros.map(moment).transpose()
}

pub(crate) fn day_number(day: Date) -> i64 {
    utc_midnight(day).map_or(UNDATED, |at| at.as_second().div_euclid(SECONDS_PER_DAY))
}

pub(crate) fn day(number: i64) -> Result<Date> {
    number
        .checked_mul(SECONDS_PER_DAY)
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .map(utc_day)
        .ok_or_else(|| Error::Damaged(format!("{number} is no day")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(date: &str, expected: i64) {
        let date: Date = date.parse().unwrap();
        assert_eq!(day_number(date), expected);
        assert_eq!(day(expected).unwrap(), date);
    }

    #[test]
    fn days_are_counted_from_1970() {
        check("1970-01-01", 0);
        check("1969-12-31", -1);
        check("2026-11-23", 20_780);
        check("1900-01-01", -25_567);
    }
}
