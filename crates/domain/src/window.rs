//! The windows of days that lists cover: a day, an ISO week, a month.

use std::fmt;
use std::str::FromStr;

use jiff::ToSpan;
use jiff::civil::{Date, ISOWeekDate, Weekday};
use serde::{Deserialize, Serialize};

/// A span of whole days with an address: `2026-11-23`, `2026-W48` or `2026-11`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Window {
    /// One day.
    Day(Date),
    /// Monday to Sunday; the date is the Monday.
    Week(Date),
    /// A calendar month; the date is its first day.
    Month(Date),
}

/// Why a text names no window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {wanted}")]
pub struct WindowError {
    /// What was given, cut short.
    pub text: String,
    /// What would have been right, with an example.
    pub wanted: &'static str,
}

/// First and last year that a window may lie in. arXiv begins in 1986 (back-dated); the far end is a bound on input.
pub const YEARS: std::ops::RangeInclusive<i16> = 1900..=2199;

impl Window {
    /// The day of a text `2026-11-23`.
    pub fn day(text: &str) -> Result<Self, WindowError> {
        let err = || error(text, "day such as 2026-11-23");
        if text.len() != 10 {
            return Err(err());
        }
        let date: Date = text.parse().map_err(|_| err())?;
        if YEARS.contains(&date.year()) {
            Ok(Window::Day(date))
        } else {
            Err(err())
        }
    }

    /// The ISO week of a text `2026-W48`.
    pub fn week(text: &str) -> Result<Self, WindowError> {
        let err = || error(text, "week such as 2026-W48");
        let (year, week) = text.split_once("-W").ok_or_else(err)?;
        if year.len() != 4 || week.len() != 2 {
            return Err(err());
        }
        let year: i16 = year.parse().map_err(|_| err())?;
        let week: i8 = week.parse().map_err(|_| err())?;
        let monday = ISOWeekDate::new(year, week, Weekday::Monday).map_err(|_| err())?;
        if YEARS.contains(&year) {
            Ok(Window::Week(monday.date()))
        } else {
            Err(err())
        }
    }

    /// The month of a text `2026-11`.
    pub fn month(text: &str) -> Result<Self, WindowError> {
        let err = || error(text, "month such as 2026-11");
        let (year, month) = text.split_once('-').ok_or_else(err)?;
        if year.len() != 4 || month.len() != 2 {
            return Err(err());
        }
        let year: i16 = year.parse().map_err(|_| err())?;
        let month: i8 = month.parse().map_err(|_| err())?;
        let first = Date::new(year, month, 1).map_err(|_| err())?;
        if YEARS.contains(&year) {
            Ok(Window::Month(first))
        } else {
            Err(err())
        }
    }

    /// The week that holds a day.
    pub fn week_of(day: Date) -> Self {
        let iso = day.iso_week_date();
        let monday = ISOWeekDate::new(iso.year(), iso.week(), Weekday::Monday);
        Window::Week(monday.map_or(day, |w| w.date()))
    }

    /// The month that holds a day.
    pub fn month_of(day: Date) -> Self {
        Window::Month(day.first_of_month())
    }

    /// First day.
    pub fn first(self) -> Date {
        match self {
            Window::Day(d) | Window::Week(d) | Window::Month(d) => d,
        }
    }

    /// Last day, inclusive.
    pub fn last(self) -> Date {
        match self {
            Window::Day(d) => d,
            Window::Week(d) => d.saturating_add(6.days()),
            Window::Month(d) => d.last_of_month(),
        }
    }

    /// The window before this one.
    pub fn previous(self) -> Self {
        self.shifted(-1)
    }

    /// The window after this one.
    pub fn next(self) -> Self {
        self.shifted(1)
    }

    fn shifted(self, by: i64) -> Self {
        match self {
            Window::Day(d) => Window::Day(d.saturating_add(by.days())),
            Window::Week(d) => Window::Week(d.saturating_add(by.weeks())),
            Window::Month(d) => Window::Month(d.saturating_add(by.months())),
        }
    }

    /// `day`, `week` or `month`: the word before the value in an address.
    pub fn kind(self) -> &'static str {
        match self {
            Window::Day(_) => "day",
            Window::Week(_) => "week",
            Window::Month(_) => "month",
        }
    }

    /// The page of this window: `/papers/date/2026-11-23`, `/papers/week/2026-W48`, `/papers/month/2026-11`.
    pub fn path(self) -> String {
        match self {
            Window::Day(_) => format!("/papers/date/{self}"),
            Window::Week(_) => format!("/papers/week/{self}"),
            Window::Month(_) => format!("/papers/month/{self}"),
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Window::Day(d) => write!(f, "{d}"),
            Window::Week(d) => {
                let iso = d.iso_week_date();
                write!(f, "{:04}-W{:02}", iso.year(), iso.week())
            }
            Window::Month(d) => write!(f, "{:04}-{:02}", d.year(), d.month()),
        }
    }
}

/// Any of the three forms.
impl FromStr for Window {
    type Err = WindowError;

    fn from_str(text: &str) -> Result<Self, WindowError> {
        Window::day(text)
            .or_else(|_| Window::week(text))
            .or_else(|_| Window::month(text))
            .map_err(|_| error(text, "day (2026-11-23), week (2026-W48) or month (2026-11)"))
    }
}

fn error(text: &str, wanted: &'static str) -> WindowError {
    WindowError {
        text: text.chars().filter(|c| !c.is_control()).take(40).collect(),
        wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let got = match text.parse::<Window>() {
            Ok(w) => format!(
                "{} {}..{} < {w} > {}",
                w.kind(),
                w.first(),
                w.last(),
                w.next()
            ),
            Err(e) => format!("error: {e}"),
        };
        assert_eq!(got, expected);
    }

    #[test]
    fn windows_parse_and_step() {
        check(
            "2026-11-23",
            "day 2026-11-23..2026-11-23 < 2026-11-23 > 2026-11-24",
        );
        check(
            "2026-W53",
            "week 2026-12-28..2027-01-03 < 2026-W53 > 2027-W01",
        );
        check(
            "2024-02",
            "month 2024-02-01..2024-02-29 < 2024-02 > 2024-03",
        );
        assert_eq!(
            Window::week_of("2021-01-03".parse().unwrap()).to_string(),
            "2020-W53"
        );
    }

    #[test]
    fn windows_refuse_what_is_not_there() {
        let wanted = "day (2026-11-23), week (2026-W48) or month (2026-11)";
        for text in [
            "2026-6-30",
            "2025-W53",
            "2026-13",
            "2026-02-30",
            "",
            "9999-01-01",
            "+026-01-01",
        ] {
            check(text, &format!("error: `{text}` is not a {wanted}"));
        }
    }
}
