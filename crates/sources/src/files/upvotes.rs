//! Up-votes over time: one reading a line, `{"id": "2211.16780", "t": "2026-04-18T00:09:52Z", "upvotes": 1}`.

use domain::ids::ExternalId;
use domain::record::Source;
use domain::signal::{Reading, Signal};
use serde::Deserialize;

use super::Parsed;
use crate::dates::parse_time;
use crate::lenient::Field;
use crate::unfit::Unfit;

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    id: Field<'a>,
    #[serde(borrow, default)]
    t: Field<'a>,
    #[serde(borrow, default)]
    upvotes: Field<'a>,
}

/// Reads one line. A count that is absent is a reading that failed, never a zero.
pub(super) fn read(json: &[u8], parsed: &mut Parsed) -> Result<(), Unfit> {
    let line: Line<'_> = serde_json::from_slice(json)?;
    let (id, _version) = ExternalId::arxiv(line.id.text().ok_or(Unfit::Missing("id"))?)?;
    let time = line.t.text().ok_or(Unfit::Missing("time `t`"))?;
    let at = parse_time(time).ok_or_else(|| Unfit::Time(time.chars().take(60).collect()))?;
    let reading = Reading {
        signal: Signal::DailyUpvotes,
        at,
        value: line.upvotes.count(),
    };
    parsed.reading(id, Source::DailyPapers, reading);
    Ok(())
}
