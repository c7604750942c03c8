//! The days that have papers, in memory: lists step from one to the next and the month's calendar links only these,
//! so that walking the calendar, however far, asks the database nothing.

use std::ops::RangeInclusive;

use domain::window::Window;
use jiff::civil::Date;

/// Every listed day with its number of papers. Built anew for each version of the data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calendar {
    /// Ascending, no day twice, no zero.
    days: Vec<(Date, u32)>,
}

impl Calendar {
    /// From the store's list of days.
    pub fn new(mut days: Vec<(Date, u32)>) -> Self {
        days.retain(|(_, papers)| *papers > 0);
        days.sort_unstable();
        days.dedup_by_key(|(day, _)| *day);
        Calendar { days }
    }

    /// Whether no day has papers.
    pub fn is_empty(&self) -> bool {
        self.days.is_empty()
    }

    /// First and last day with papers.
    pub fn range(&self) -> Option<RangeInclusive<Date>> {
        Some(self.days.first()?.0..=self.days.last()?.0)
    }

    /// The days of a window that have papers, with their numbers.
    pub fn days_in(&self, window: Window) -> &[(Date, u32)] {
        let from = self.days.partition_point(|(d, _)| *d < window.first());
        let to = self.days.partition_point(|(d, _)| *d <= window.last());
        self.days.get(from..to).unwrap_or_default()
    }

    /// How many papers stand in a window.
    pub fn count(&self, window: Window) -> u32 {
        self.days_in(window)
            .iter()
            .fold(0, |sum, (_, n)| sum.saturating_add(*n))
    }

    /// How many papers stand on all days.
    pub fn total(&self) -> u64 {
        self.days.iter().map(|(_, n)| u64::from(*n)).sum()
    }

    /// The last day with papers up to and including `day`.
    pub fn last_until(&self, day: Date) -> Option<Date> {
        let after = self.days.partition_point(|(d, _)| *d <= day);
        Some(self.days.get(after.checked_sub(1)?)?.0)
    }

    /// The first day with papers after `day`.
    pub fn first_after(&self, day: Date) -> Option<Date> {
        let after = self.days.partition_point(|(d, _)| *d <= day);
        Some(self.days.get(after)?.0)
    }

    /// The nearest window of the same kind, before this one, that has papers.
    pub fn previous(&self, window: Window) -> Option<Window> {
        let before = window.first().yesterday().ok()?;
        self.last_until(before).map(|day| same_kind(window, day))
    }

    /// The nearest window of the same kind, after this one, that has papers.
    pub fn next(&self, window: Window) -> Option<Window> {
        self.first_after(window.last())
            .map(|day| same_kind(window, day))
    }
}

/// The window of the kind of `like` that holds a day.
pub fn same_kind(like: Window, day: Date) -> Window {
    match like {
        Window::Day(_) => Window::Day(day),
        Window::Week(_) => Window::week_of(day),
        Window::Month(_) => Window::month_of(day),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar() -> Calendar {
        let day = |d: &str, n| (d.parse().unwrap(), n);
        Calendar::new(vec![
            day("2026-11-23", 7),
            day("2026-10-30", 2),
            day("2026-11-20", 5),
            day("2026-11-21", 0),
        ])
    }

    #[track_caller]
    fn check(window: &str, previous: &str, count: u32, next: &str) {
        let calendar = calendar();
        let window: Window = window.parse().unwrap();
        let shown = |w: Option<Window>| w.map_or("-".to_string(), |w| w.to_string());
        assert_eq!(shown(calendar.previous(window)), previous);
        assert_eq!(calendar.count(window), count);
        assert_eq!(shown(calendar.next(window)), next);
    }

    #[test]
    fn steps_go_only_to_windows_with_papers() {
        check("2026-11-23", "2026-11-20", 7, "-");
        check("2026-11-22", "2026-11-20", 0, "2026-11-23");
        check("2026-W47", "2026-W44", 5, "2026-W48");
        check("2026-11", "2026-10", 12, "-");
        check("1999-01-01", "-", 0, "2026-10-30");
        check("2199-12-31", "2026-11-23", 0, "-");
    }

    #[test]
    fn empty_days_snap_back() {
        let sunday = "2026-11-22".parse().unwrap();
        assert_eq!(calendar().last_until(sunday), "2026-11-20".parse().ok());
        assert_eq!(Calendar::default().last_until(sunday), None);
        assert_eq!(calendar().total(), 14);
    }
}
