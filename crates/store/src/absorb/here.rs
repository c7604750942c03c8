//! The inner door: what people did here, counted into readings.
//!
//! The counts come from the rows of people (`talk`); a paper's numbers, its places in lists and the change sequence
//! follow as they do for readings from elsewhere. A signal of a paper has at most one such reading a minute, so that
//! nobody can fill the table by changing their mind.

use domain::ids::PaperId;
use domain::paper::Paper;
use domain::signal::Signal;
use jiff::Timestamp;
use sqlx::AnyConnection;

use super::working::Working;
use super::write::{Counters, write};
use crate::error::Result;
use crate::talk::totals;
use crate::time::micros;

/// Counts signals of papers anew, within a transaction that writes. Returns the papers whose numbers changed, whole.
pub(crate) async fn count_here(
    conn: &mut AnyConnection,
    touched: &[(PaperId, Signal)],
    now: Timestamp,
) -> Result<Vec<Paper>> {
    let mut papers: Vec<PaperId> = touched.iter().map(|(paper, _)| *paper).collect();
    papers.sort();
    papers.dedup();
    let before = Counters::read(conn).await?;
    let mut working = Working::of_rows(conn, &papers).await?;
    let totals = totals(conn, &papers).await?;
    let minute = minute_of(now);
    for key in touched {
        let total = totals.get(key).copied().unwrap_or(0);
        working.count_here(key.0, key.1, total, minute);
    }
    let mut counters = before;
    let (changed, _) = write(conn, working, &mut counters, now).await?;
    counters.write(conn, &before).await?;
    Ok(changed)
}

/// Counts anew what papers have here after others were merged into them.
pub(super) async fn count_united(
    conn: &mut AnyConnection,
    working: &mut Working,
    now: Timestamp,
) -> Result<()> {
    let mut kept: Vec<PaperId> = working.united.iter().map(|(kept, _)| *kept).collect();
    // One that was itself merged later is not at work any more.
    kept.retain(|paper| working.entries.contains_key(paper));
    kept.sort();
    kept.dedup();
    let minute = minute_of(now);
    // Only what there is some of: readings that came from elsewhere are left as they are.
    for ((paper, signal), total) in totals(conn, &kept).await? {
        working.count_here(paper, signal, total, minute);
    }
    Ok(())
}

/// The beginning of a moment's minute, in microseconds.
fn minute_of(now: Timestamp) -> i64 {
    const MINUTE: i64 = 60_000_000;
    micros(now).div_euclid(MINUTE) * MINUTE
}
