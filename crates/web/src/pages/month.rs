//! The month's calendar below a list: days with papers are links with their number, others are plain text, so that a
//! crawler finds no address here that has nothing to show.

use domain::window::Window;
use jiff::civil::Date;

use crate::calendar::Calendar;
use crate::lists::window_title;
use crate::view::Anchor;

/// A month as a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Month {
    /// "November 2026".
    pub title: String,
    /// Whether it is shown unfolded.
    pub open: bool,
    /// Monday to Sunday each.
    pub weeks: Vec<[Day; 7]>,
    /// The nearest earlier month that has papers.
    pub previous: Option<Anchor>,
    /// The nearest later one.
    pub next: Option<Anchor>,
}

/// A cell of the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Day {
    /// Day of the month; 0 in cells of other months.
    pub number: i8,
    /// How many papers stand on it.
    pub papers: u32,
    /// Its page, if it has papers.
    pub href: Option<String>,
    /// Whether it lies in the list that is shown.
    pub current: bool,
}

impl Month {
    /// The month of a day, with the days of the shown window marked.
    pub fn around(shown: Window, day: Date, calendar: &Calendar) -> Self {
        let month = Window::month_of(day);
        let mut days = Vec::with_capacity(42);
        let blank = month.first().weekday().to_monday_zero_offset();
        days.resize(usize::try_from(blank).unwrap_or_default(), Day::default());
        let mut counted = calendar.days_in(month).iter().peekable();
        for date in month
            .first()
            .series(jiff::Span::new().days(1))
            .take_while(|d| *d <= month.last())
        {
            let papers = counted.next_if(|(d, _)| *d == date).map_or(0, |(_, n)| *n);
            days.push(Day::of(date, papers, shown));
        }
        Month {
            title: window_title(month),
            open: matches!(shown, Window::Month(_)),
            weeks: days
                .chunks(7)
                .map(|week| std::array::from_fn(|i| week.get(i).cloned().unwrap_or_default()))
                .collect(),
            previous: calendar.previous(month).map(anchor),
            next: calendar.next(month).map(anchor),
        }
    }
}

impl Day {
    fn of(date: Date, papers: u32, shown: Window) -> Self {
        Day {
            number: date.day(),
            papers,
            href: (papers > 0).then(|| Window::Day(date).path()),
            current: (shown.first()..=shown.last()).contains(&date)
                && !matches!(shown, Window::Month(_)),
        }
    }
}

fn anchor(window: Window) -> Anchor {
    Anchor {
        text: window_title(window),
        href: window.path(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_a_table_of_whole_weeks() {
        let days = ["2026-11-02", "2026-11-30", "2026-09-01"];
        let calendar = Calendar::new(days.map(|d| (d.parse().unwrap(), 3)).to_vec());
        let shown: Window = "2026-11-30".parse().unwrap();
        let month = Month::around(shown, shown.first(), &calendar);
        assert_eq!(month.title, "November 2026");
        // The first was a Sunday, so six weeks are touched.
        let numbers: Vec<_> = month
            .weeks
            .iter()
            .map(|w| (w[0].number, w[6].number))
            .collect();
        assert_eq!(
            numbers,
            [(0, 1), (2, 8), (9, 15), (16, 22), (23, 29), (30, 0)]
        );
        assert_eq!(
            month.weeks[1][0].href.as_deref(),
            Some("/papers/date/2026-11-02")
        );
        assert_eq!(month.weeks[1][1].href, None);
        assert!(month.weeks[5][0].current && !month.weeks[1][0].current);
        assert_eq!(month.previous.unwrap().href, "/papers/month/2026-09");
        assert_eq!(month.next, None);
    }
}
