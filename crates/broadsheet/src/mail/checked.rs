//! Whether it may be said that all sources were checked: from the completeness ledger, and never from the lack of news.
//!
//! A quiet day and a broken source look the same from the papers that came. So for each source that is configured
//! the ledger must have settled lines: of arXiv's categories and of the Daily Papers one for every weekday that a
//! digest covers, of the others a newest line that was looked at within a day. Whatever lacks that is named.

use domain::ledger::{Batch, BatchState};
use domain::record::Source;
use jiff::civil::{Date, Weekday};
use jiff::{SignedDuration, Timestamp, ToSpan};
use web::mail::message::Checked;
use web::view::{cut, plain_date};

use crate::config::Sources;

/// How long ago a source without announcements of its own days may have been looked at.
const FRESH: SignedDuration = SignedDuration::from_hours(26);
/// How many days before the first day lines are read, for sources whose lines are of ranges of days.
pub(super) const LINES_BEFORE: i64 = 14;
/// Length of a reason, in characters.
const REASON_CHARS: usize = 100;

/// What the ledger says of a digest that covers the lists of `from` to `today`. `lines` are those of these days and
/// of [`LINES_BEFORE`] days before.
pub(super) fn judge(
    sources: &Sources,
    lines: &[Batch],
    from: Date,
    today: Date,
    now: Timestamp,
) -> Checked {
    let mut open = Vec::new();
    let mut count = 0;
    for category in &sources.arxiv {
        count += 1;
        let of = |b: &Batch| {
            matches!(b.key.source, Source::ArxivFeed | Source::ArxivOai)
                && b.key.category == *category
        };
        open.extend(missing_day(lines, of, from, today, category));
    }
    if sources.daily_papers {
        count += 1;
        let of = |b: &Batch| b.key.source == Source::DailyPapers;
        open.extend(missing_day(lines, of, from, today, "the Daily Papers"));
    }
    for server in &sources.biorxiv {
        count += 1;
        let of = |b: &Batch| b.key.source == Source::Biorxiv && b.key.category == *server;
        open.extend(not_fresh(lines, of, now, server));
    }
    for url in &sources.feeds {
        count += 1;
        let of = |b: &Batch| b.key.source == Source::Feed && b.key.category == *url;
        open.extend(not_fresh(lines, of, now, &cut(url, 80)));
    }
    Checked {
        sources: count,
        open,
    }
}

/// The newest weekday whose announcement is not whole, in words.
fn missing_day(
    lines: &[Batch],
    of: impl Fn(&Batch) -> bool,
    from: Date,
    today: Date,
    name: &str,
) -> Option<String> {
    let days = from.series(1.day()).take_while(|day| *day <= today);
    let mut weekdays: Vec<Date> = days.filter(|day| !weekend(*day)).collect();
    weekdays.reverse();
    weekdays.into_iter().find_map(|day| {
        let mut of_day = lines.iter().filter(|b| b.key.day == day && of(b));
        if of_day.clone().any(|b| b.state.settled()) {
            return None;
        }
        Some(match of_day.next() {
            Some(line) => format!(
                "{name}: what was announced on {} is {}{}",
                plain_date(day),
                state_words(line.state),
                because(line)
            ),
            None => format!(
                "{name}: nothing announced on {} has been seen",
                plain_date(day)
            ),
        })
    })
}

/// Why a source without days of its own cannot be called checked, in words.
fn not_fresh(
    lines: &[Batch],
    of: impl Fn(&Batch) -> bool,
    now: Timestamp,
    name: &str,
) -> Option<String> {
    let newest = lines.iter().filter(|b| of(b)).max_by_key(|b| b.checked);
    let Some(line) = newest else {
        return Some(format!("{name}: it has not been read yet"));
    };
    if now.duration_since(line.checked) > FRESH {
        let day = domain::paper::utc_day(line.checked);
        return Some(format!("{name}: last read on {}", plain_date(day)));
    }
    let settled = line.state.settled();
    (!settled).then(|| format!("{name}: {}{}", state_words(line.state), because(line)))
}

fn state_words(state: BatchState) -> &'static str {
    match state {
        BatchState::Pending => "still coming in",
        BatchState::Short => "not all here",
        BatchState::Stale => "not published yet",
        BatchState::Empty => "empty",
        BatchState::Failed => "not readable",
        BatchState::Complete | BatchState::Unverified | BatchState::Closed => "here",
    }
}

fn because(line: &Batch) -> String {
    if line.reason.is_empty() {
        return String::new();
    }
    format!(" ({})", cut(&line.reason, REASON_CHARS))
}

/// arXiv announces nothing, and the Daily Papers page features nothing, on these days.
fn weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

#[cfg(test)]
mod tests {
    use domain::ledger::{BatchKey, Counts};
    use jiff::civil::date;

    use super::*;

    const NOW: &str = "2026-11-24T06:00:00Z";

    fn sources() -> Sources {
        Sources {
            arxiv: vec!["cs.CL".into()],
            daily_papers: false,
            ..Sources::default()
        }
    }

    fn line(source: Source, category: &str, day: i8, state: BatchState) -> Batch {
        Batch {
            key: BatchKey {
                source,
                category: category.into(),
                day: date(2026, 11, day),
            },
            counts: Counts::default(),
            state,
            reason: String::new(),
            attempts: 1,
            checked: NOW.parse().unwrap(),
        }
    }

    #[track_caller]
    fn check(sources: &Sources, lines: &[Batch], from: i8, expected: &str) {
        let (from, today) = (date(2026, 11, from), date(2026, 11, 24));
        let checked = judge(sources, lines, from, today, NOW.parse().unwrap());
        let said = match checked.all() {
            true => "all".to_string(),
            false => checked.open.join("; "),
        };
        assert_eq!(said, expected);
    }

    #[test]
    fn every_weekday_must_be_settled() {
        use BatchState::{Closed, Complete, Stale};
        let whole = [
            line(Source::ArxivFeed, "cs.CL", 20, Complete),
            line(Source::ArxivOai, "cs.CL", 23, Closed),
            line(Source::ArxivFeed, "cs.CL", 24, Complete),
        ];
        // From Friday to Tuesday, with a weekend that nobody announces on.
        check(&sources(), &whole, 20, "all");
        let today_missing = "cs.CL: nothing announced on 24 November 2026 has been seen";
        check(&sources(), &whole[..2], 20, today_missing);
        let other = [line(Source::ArxivFeed, "cs.CV", 24, Complete)];
        check(&sources(), &other, 24, today_missing);
        check(&sources(), &[], 24, today_missing);
        let stale = [line(Source::ArxivFeed, "cs.CL", 24, Stale)];
        check(
            &sources(),
            &stale,
            24,
            "cs.CL: what was announced on 24 November 2026 is not published yet",
        );
    }

    #[test]
    fn no_state_but_a_settled_one_is_success() {
        for state in BatchState::ALL {
            let lines = [line(Source::ArxivFeed, "cs.CL", 24, state)];
            let (from, now) = (date(2026, 11, 24), NOW.parse().unwrap());
            let checked = judge(&sources(), &lines, from, from, now);
            assert_eq!(checked.all(), state.settled(), "{state:?}");
        }
    }

    #[test]
    fn a_second_opinion_settles_a_day() {
        let lines = [
            line(Source::ArxivFeed, "cs.CL", 24, BatchState::Short),
            line(Source::ArxivOai, "cs.CL", 24, BatchState::Complete),
        ];
        check(&sources(), &lines, 24, "all");
    }

    #[test]
    fn feeds_and_servers_must_be_fresh() {
        let url = "https://blog.example.org/atom.xml";
        let feeds = Sources {
            arxiv: Vec::new(),
            biorxiv: vec!["biorxiv".into()],
            feeds: vec![url.into()],
            ..sources()
        };
        let mut lines = vec![
            line(Source::Biorxiv, "biorxiv", 21, BatchState::Complete),
            line(Source::Feed, url, 20, BatchState::Unverified),
        ];
        check(&feeds, &lines, 24, "all");
        lines[1].checked = "2026-11-22T12:00:00Z".parse().unwrap();
        let old = format!("{url}: last read on 22 November 2026");
        check(&feeds, &lines, 24, &old);
        lines[0].state = BatchState::Failed;
        lines[0].reason = "no answer".into();
        lines.pop();
        check(
            &feeds,
            &lines,
            24,
            &format!("biorxiv: not readable (no answer); {url}: it has not been read yet"),
        );
    }

    #[test]
    fn of_no_sources_nothing_is_certain() {
        let none = Sources {
            arxiv: Vec::new(),
            ..sources()
        };
        let today = date(2026, 11, 24);
        let checked = judge(&none, &[], today, today, NOW.parse().unwrap());
        assert!(!checked.all());
    }
}
