//! Dates and moments as strangers write them.
//!
//! Dates are never compared as text: `2026-6-30` is the same day as `2026-06-30`, and `Tue, 30 Jun 2026 18:00:00 GMT`
//! falls on it too.

use domain::paper::utc_midnight;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;

/// Longest text that is looked at, in bytes.
const LEN_MAX: usize = 80;
/// Years that a publication can bear. Scanned works reach back far; the upper end is a bound on input.
const YEARS: std::ops::RangeInclusive<i16> = 1000..=2199;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The day that a text names: `2026-06-30`, `2026-6-30`, `2026/6/30`, `20260630`, `30 June 2026`, `Jun 30, 2026`,
/// `Tue, 30 Jun 2026 18:00:00 GMT`, RFC 3339. A month or year alone gives its first day.
/// Two-digit years and orders that depend on the country (`6/7/2026`) are not guessed at.
pub fn parse_date(text: &str) -> Option<Date> {
    let text = text.trim();
    if text.len() > LEN_MAX {
        return None;
    }
    year_first(text).or_else(|| month_named(text))
}

/// The moment that a text names; a bare date is its midnight in UTC, a time without zone is in UTC.
pub fn parse_time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() > LEN_MAX {
        return None;
    }
    let in_utc = |text: &str| {
        let civil: DateTime = text.parse().ok()?;
        Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    let exact = match text.as_bytes().first()? {
        b'0'..=b'9' if text.len() > 10 => text.parse().ok().or_else(|| in_utc(text)),
        b'0'..=b'9' => None,
        _ => rfc2822::parse(text).ok().map(|zoned| zoned.timestamp()),
    };
    exact
        .filter(|at| YEARS.contains(&domain::paper::utc_day(*at).year()))
        .or_else(|| utc_midnight(parse_date(text)?))
}

/// The month and day of a text without year, as page headings write them: `Aug 7`, `7 August`.
pub fn parse_month_day(text: &str) -> Option<(i8, i8)> {
    let mut words = words(text);
    let (a, b) = (words.next()?, words.next()?);
    if words.next().is_some() || text.len() > 20 {
        return None;
    }
    let (month, day) = month_number(a).map_or_else(|| (month_number(b), a), |m| (Some(m), b));
    let day = (day.len() <= 2).then(|| day.parse::<i8>().ok())??;
    // 2000 is a leap year: 29 February exists in it.
    let month = month?;
    Date::new(2000, month, day).ok().map(|_| (month, day))
}

/// The newest such day that is not after `latest`.
pub fn newest_not_after((month, day): (i8, i8), latest: Date) -> Option<Date> {
    // 29 February can be eight years away.
    (0..=8)
        .filter_map(|back| Date::new(latest.year().checked_sub(back)?, month, day).ok())
        .find(|date| *date <= latest)
}

/// `2026`, `2026-06`, `2026-6-30`, with `-`, `/` or `.` between, and anything after a space or `T`; `20260630`.
fn year_first(text: &str) -> Option<Date> {
    let head = text.split([' ', 'T', ',']).next()?;
    if head.len() == 8 && head.bytes().all(|b| b.is_ascii_digit()) {
        return date(&head[..4], &head[4..6], &head[6..]);
    }
    let mut parts = head.split(['-', '/', '.']).filter(|part| !part.is_empty());
    let year = parts.next().filter(|year| year.len() == 4)?;
    let month = parts.next();
    // RIS lets words follow the day (`2004/05/12/Spring`); a month must be a number, or the whole is no such date.
    let day = parts
        .next()
        .filter(|day| day.bytes().all(|b| b.is_ascii_digit()));
    if month.is_none() && head.len() < text.len() && !text[head.len()..].starts_with(['T', ' ']) {
        return None;
    }
    date(year, month.unwrap_or("1"), day.unwrap_or("1"))
}

/// `30 June 2026`, `Jun 30, 2026`, `June 2026`, with weekday and time around it.
fn month_named(text: &str) -> Option<Date> {
    let mut month = None;
    let mut day = None;
    let mut year = None;
    for word in words(text) {
        let digits = word.bytes().all(|b| b.is_ascii_digit());
        if digits && word.len() == 4 {
            year = year.or(Some(word));
        } else if digits && word.len() <= 2 && year.is_none() {
            day = day.or(Some(word));
        } else if !digits {
            month = month.or_else(|| month_number(word));
        }
    }
    date(year?, &month?.to_string(), day.unwrap_or("1"))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

/// 1 to 12 for a month's English name or an abbreviation of three letters or more.
fn month_number(word: &str) -> Option<i8> {
    let word = word.to_ascii_lowercase();
    let position = MONTHS
        .iter()
        .position(|month| word.len() >= 3 && month.starts_with(&word));
    position.and_then(|index| i8::try_from(index + 1).ok())
}

fn date(year: &str, month: &str, day: &str) -> Option<Date> {
    let number = |text: &str, len_max: usize| {
        let ok = text.len() <= len_max && text.bytes().all(|b| b.is_ascii_digit());
        ok.then(|| text.parse::<i16>().ok())?
    };
    let year = number(year, 4).filter(|year| YEARS.contains(year))?;
    let month = i8::try_from(number(month, 2)?).ok()?;
    let day = i8::try_from(number(day, 2)?).ok()?;
    Date::new(year, month, day).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let got = parse_date(text).map_or("none".to_string(), |date| date.to_string());
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn days_are_read_in_many_hands() {
        for text in [
            "2026-06-30",
            "2026-6-30",
            "2026/6/30",
            "20260630",
            " 30 June 2026",
            "Jun 30, 2026",
            "Tue, 30 Jun 2026 18:00:00 GMT",
            "2026-06-30T23:59:59Z",
            "2026-06-30 01:02:03",
            "2026/06/30/Summer",
        ] {
            check(text, "2026-06-30");
        }
        check("2026", "2026-01-01");
        check("2026-06", "2026-06-01");
        check("2004///", "2004-01-01");
        check("June 2026", "2026-06-01");
        check("May 2026", "2026-05-01");
    }

    #[test]
    fn what_is_no_day_is_not_guessed() {
        for text in [
            "",
            "2026-13-01",
            "2026-02-30",
            "6/7/2026",
            "26-01-01",
            "Aug 7",
            "soon",
            "0000-01-01",
            "2026x",
        ] {
            check(text, "none");
        }
    }

    #[test]
    fn moments_keep_their_zone() {
        let at = |text: &str| {
            parse_time(text)
                .map(|at| at.to_string())
                .unwrap_or_default()
        };
        assert_eq!(at("Mon, 2 Apr 2007 19:18:42 GMT"), "2007-04-02T19:18:42Z");
        assert_eq!(at("2024-05-23T02:53:25.000Z"), "2024-05-23T02:53:25Z");
        assert_eq!(at("2024-05-23T02:53:25+02:00"), "2024-05-23T00:53:25Z");
        assert_eq!(at("2024-05-23 02:53:25"), "2024-05-23T02:53:25Z");
        assert_eq!(at("2024-5-23"), "2024-05-23T00:00:00Z");
        assert_eq!(at("never"), "");
    }

    #[test]
    fn a_day_without_year_is_the_newest_that_can_be() {
        let day = parse_month_day("Aug 7").unwrap();
        assert_eq!(parse_month_day("7 August"), Some(day));
        assert_eq!(parse_month_day("Feb 30"), None);
        assert_eq!(parse_month_day("Page 7"), None);
        let newest = |latest: &str| {
            newest_not_after(day, latest.parse().unwrap())
                .unwrap()
                .to_string()
        };
        assert_eq!(newest("2026-08-06"), "2025-08-07");
        assert_eq!(newest("2026-08-07"), "2026-08-07");
        assert_eq!(
            newest_not_after((2, 29), "2003-01-01".parse().unwrap())
                .unwrap()
                .to_string(),
            "2000-02-29"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_safe(text in "\\PC{0,90}") {
            let _ = (parse_date(&text), parse_time(&text), parse_month_day(&text));
        }

        #[test]
        fn written_days_are_read_back(days in 0i32..400_000) {
            let date = Date::constant(1000, 1, 1).saturating_add(jiff::Span::new().days(days));
            prop_assert_eq!(parse_date(&date.to_string()), Some(date));
            let loose = format!("{}-{}-{}", date.year(), date.month(), date.day());
            prop_assert_eq!(parse_date(&loose), Some(date));
        }
    }
}
