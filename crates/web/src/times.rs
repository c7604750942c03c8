//! A paper's times as the outside needs them: always some moment, in the spelling that each format demands.

use domain::paper::{Paper, utc_midnight};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::fmt::rfc2822::DateTimePrinter;

/// When a paper was published, as well as is known: submitted, else announced, else featured, else the month in its
/// arXiv id. Formats that demand a date get the start of 1970 where nothing at all is known.
pub(crate) fn published(paper: &Paper) -> Timestamp {
    known_published(paper).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Like [`published`], for formats that can leave a date out.
pub(crate) fn known_published(paper: &Paper) -> Option<Timestamp> {
    let times = &paper.times;
    times
        .submitted
        .or(times.announced)
        .or(times.featured)
        .or_else(|| arxiv_month(paper.arxiv()?))
}

/// When a paper came onto its day's list: the featured time, else midnight of the listed day, else [`published`].
pub(crate) fn listed(paper: &Paper) -> Timestamp {
    paper
        .times
        .featured
        .or_else(|| utc_midnight(paper.times.listed_day()?))
        .unwrap_or_else(|| published(paper))
}

/// `2026-11-23T07:13:34.000Z`: RFC 3339 in UTC with exactly three digits of the second's fraction.
pub(crate) fn millis(at: Timestamp) -> String {
    // Years before 1 cannot be written in four digits, and programs refuse them.
    let year_one = Date::constant(1, 1, 1);
    let at = utc_midnight(year_one).map_or(at, |first| at.max(first));
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// `Mon, 23 Nov 2026 07:13:34 GMT`: the form of HTTP headers, which RSS accepts too.
pub(crate) fn http_date(at: Timestamp) -> String {
    // The printer refuses years before 0 only, and no paper or clock has those.
    DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&at)
        .unwrap_or_else(|_| "Thu, 01 Jan 1970 00:00:00 GMT".to_string())
}

/// First day of the month in a new-style (`2305.19435`) or old-style (`math/9201207`) arXiv id.
fn arxiv_month(id: &str) -> Option<Timestamp> {
    let digits = id.rsplit('/').next()?;
    let year: i16 = digits.get(..2)?.parse().ok()?;
    let month: i8 = digits.get(2..4)?.parse().ok()?;
    // arXiv began in 1991; two-digit years from 91 up are of that century.
    let century = if year >= 91 { 1900 } else { 2000 };
    utc_midnight(Date::new(century + year, month, 1).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_month(id: &str, expected: &str) {
        let got = arxiv_month(id).map_or("none".to_string(), |at| at.to_string());
        assert_eq!(got, expected);
    }

    #[test]
    fn months_of_ids() {
        check_month("2305.19435", "2023-05-01T00:00:00Z");
        check_month("0704.0001", "2007-04-01T00:00:00Z");
        check_month("math/9201207", "1992-01-01T00:00:00Z");
        check_month("hep-th/0101001", "2001-01-01T00:00:00Z");
        check_month("2399.1", "none");
        check_month("é", "none");
    }

    #[test]
    fn spellings() {
        let at: Timestamp = "2026-11-23T07:13:34.98765Z".parse().unwrap();
        assert_eq!(millis(at), "2026-11-23T07:13:34.987Z");
        assert_eq!(http_date(at), "Mon, 23 Nov 2026 07:13:34 GMT");
        assert_eq!(millis(Timestamp::MIN), "0001-01-01T00:00:00.000Z");
        assert_eq!(
            millis("1948-07-01T00:00:00Z".parse().unwrap()),
            "1948-07-01T00:00:00.000Z"
        );
        assert!(!http_date(Timestamp::MIN).is_empty());
    }
}
