//! Test cases: on each day, what could be ranked, what was known, and what came of it.

use domain::hit::SignalHistory;
use domain::paper::utc_midnight;
use domain::signal::{Reading, Signal};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::reading::Featured;

/// A day's evening: the readings that pages get shortly after midnight belong to the day before.
const EVENING: SignedDuration = SignedDuration::from_hours(25);
/// What is foretold: the up-votes gained in so many days after the evening.
const HORIZON: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A paper that nobody read so long after the evening, or later, has no known outcome.
const OUTCOME_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// Fewer papers make no ranking.
const PAPERS_MIN: usize = 8;

/// What is ranked on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The papers of the day, before anybody voted.
    None,
    /// The papers of the day by what was read on it.
    Early,
    /// The papers of so many days until then, by what was read until then.
    Window(u32),
}

impl Kind {
    /// Over how many days papers come.
    fn days(self) -> u32 {
        match self {
            Kind::None | Kind::Early => 1,
            Kind::Window(days) => days,
        }
    }
}

/// One day's candidates.
#[derive(Debug)]
pub(super) struct Case<'f> {
    pub(super) day: Date,
    /// The evening, at which the ranking is made.
    pub(super) now: Timestamp,
    pub(super) papers: Vec<&'f Featured>,
    /// Up-votes by then, as far as read; 0 where nothing counts.
    pub(super) votes: Vec<u32>,
    /// What is to be foretold: up-votes gained afterwards, or, before anybody voted, all of them.
    pub(super) truth: Vec<u32>,
}

/// The cases of days within a range that have enough papers with a known outcome, and how many of the range's days
/// with papers have not.
pub(super) fn cases(
    papers: &[Featured],
    days: std::ops::Range<Date>,
    kind: Kind,
) -> (Vec<Case<'_>>, usize) {
    let mut cases = Vec::new();
    let mut too_few = 0;
    for day in days.start.series(1.day()).take_while(|day| *day < days.end) {
        if !papers.iter().any(|paper| paper.day == day) {
            continue;
        }
        match case(papers, day, kind) {
            Some(case) => cases.push(case),
            None => too_few += 1,
        }
    }
    (cases, too_few)
}

fn case(papers: &[Featured], day: Date, kind: Kind) -> Option<Case<'_>> {
    let now = utc_midnight(day)?.checked_add(EVENING).ok()?;
    let first = day.saturating_sub((i64::from(kind.days()) - 1).days());
    let mut case = Case {
        day,
        now,
        papers: Vec::new(),
        votes: Vec::new(),
        truth: Vec::new(),
    };
    for paper in papers.iter().filter(|p| (first..=day).contains(&p.day)) {
        let Some((votes, truth)) = outcome(paper, now, kind) else {
            continue;
        };
        case.papers.push(paper);
        case.votes.push(votes);
        case.truth.push(truth);
    }
    let enough = case.papers.len() >= PAPERS_MIN && case.truth.iter().any(|gain| *gain > 0);
    enough.then_some(case)
}

/// The votes known in the evening and what came afterwards, where both are known.
fn outcome(paper: &Featured, now: Timestamp, kind: Kind) -> Option<(u32, u32)> {
    let last = paper.points.last()?.0;
    if last < now.checked_add(OUTCOME_AFTER).ok()? {
        return None;
    }
    let later = votes_at(&paper.points, now.checked_add(HORIZON).ok()?);
    if kind == Kind::None {
        return Some((0, later.round() as u32));
    }
    let known = paper.points.iter().rev().find(|point| point.0 <= now)?;
    let gained = later - votes_at(&paper.points, now);
    Some((known.1, gained.round().max(0.0) as u32))
}

/// The total at a moment: evenly between two readings, and as the nearest one has it outside of them.
fn votes_at(points: &[(Timestamp, u32)], at: Timestamp) -> f64 {
    let after = points.partition_point(|point| point.0 <= at);
    let before = after.checked_sub(1).and_then(|i| points.get(i));
    match (before, points.get(after)) {
        (None, None) => 0.0,
        (Some(point), None) | (None, Some(point)) => f64::from(point.1),
        (Some(from), Some(to)) => {
            let whole = to.0.duration_since(from.0).as_secs_f64();
            let share = at.duration_since(from.0).as_secs_f64() / whole;
            f64::from(from.1) + (f64::from(to.1) - f64::from(from.1)) * share
        }
    }
}

/// A paper's readings as ranking takes them. All are of one field: few of the papers name theirs.
pub(super) fn history(paper: &Featured) -> SignalHistory {
    let reading = |(at, value): &(Timestamp, u32)| Reading {
        signal: Signal::DailyUpvotes,
        at: *at,
        value: Some(*value),
    };
    SignalHistory {
        paper: paper.paper.id,
        field: String::new(),
        listed: paper.day,
        readings: paper.points.iter().map(reading).collect(),
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::{ExternalId, PaperId};
    use domain::merge::paper_from;
    use domain::record::{Record, Source};

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn featured(row: u32, day: &str, points: &[(&str, u32)]) -> Featured {
        let mut record = Record::titled(Source::DailyPapers, at("2026-01-01T00:00:00Z"), "A paper");
        record.ids = vec![ExternalId::local(&row.to_string())];
        Featured {
            paper: paper_from(PaperId(row), &record),
            at: at(&format!("{day}T00:00:00Z")),
            day: day.parse().unwrap(),
            points: points.iter().map(|(t, v)| (at(t), *v)).collect(),
        }
    }

    #[track_caller]
    fn check(kind: Kind, points: &[(&str, u32)], expected: Option<(u32, u32)>) {
        let paper = featured(1, "2026-02-03", points);
        assert_eq!(outcome(&paper, at("2026-02-04T01:00:00Z"), kind), expected);
    }

    #[test]
    fn what_is_known_and_what_came_of_it() {
        let series = [
            ("2026-02-03T10:00:00Z", 5),
            ("2026-02-04T00:16:00Z", 9),
            ("2026-02-09T00:00:00Z", 20),
        ];
        // Between the second and the third reading 1/160 of the way has gone by one o'clock.
        check(Kind::Early, &series, Some((9, 11)));
        check(Kind::Window(7), &series, Some((9, 11)));
        check(Kind::None, &series, Some((0, 20)));
        // Known to the end of the horizon only.
        let longer = [
            series[0],
            ("2026-02-11T01:00:00Z", 21),
            ("2026-03-11T01:00:00Z", 90),
        ];
        check(Kind::None, &longer, Some((0, 21)));
        // Never read again, or never read before.
        check(Kind::Early, &series[..2], None);
        check(Kind::Early, &series[2..], None);
        check(Kind::None, &series[2..], Some((0, 20)));
    }

    #[test]
    fn days_with_few_papers_are_left_out() {
        let points = [("2026-02-03T10:00:00Z", 5), ("2026-02-09T00:00:00Z", 20)];
        let mut papers: Vec<Featured> = (0..8)
            .map(|row| featured(row, "2026-02-03", &points))
            .collect();
        papers.push(featured(8, "2026-02-04", &points));
        let day = |text: &str| -> Date { text.parse().unwrap() };
        let range = day("2026-02-01")..day("2026-02-10");
        let count = |kind| {
            let (cases, too_few) = cases(&papers, range.clone(), kind);
            let sizes: Vec<usize> = cases.iter().map(|case| case.papers.len()).collect();
            (sizes, too_few)
        };
        assert_eq!(count(Kind::Early), (vec![8], 1));
        assert_eq!(count(Kind::Window(7)), (vec![8, 9], 0));
        assert_eq!(count(Kind::None), (vec![8], 1));
    }
}
