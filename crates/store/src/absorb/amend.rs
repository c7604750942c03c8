//! A change that people here make to one paper's links or tags: a small door beside the large one, with the same
//! bookkeeping. Change number, lists and evidence follow as for any other change.

use domain::ids::PaperId;
use domain::paper::Paper;
use jiff::Timestamp;
use sqlx::AnyConnection;

use super::working::Working;
use super::write::{Counters, write};
use crate::error::Result;
use crate::sql::row_of;

/// Changes a paper within a transaction that gives out numbers. Returns whether anything changed; a paper that is not
/// here is left as it is.
pub(crate) async fn amend(
    tx: &mut AnyConnection,
    id: PaperId,
    now: Timestamp,
    change: impl FnOnce(&mut Paper),
) -> Result<bool> {
    const UNLINK: &str = "DELETE FROM links WHERE paper = $1 AND kind = $2 AND url = $3";
    let before = Counters::read(tx).await?;
    let mut working = Working::of_rows(tx, &[id]).await?;
    let Some(entry) = working.entries.get_mut(&id) else {
        return Ok(false);
    };
    change(&mut entry.paper);
    entry
        .paper
        .links
        .sort_by(|a, b| (a.kind, a.at, &a.url).cmp(&(b.kind, b.at, &b.url)));
    if !entry.is_changed() {
        return Ok(false);
    }
    let links_before = entry.before.iter().flat_map(|paper| &paper.links);
    for link in links_before.filter(|link| !entry.paper.links.contains(link)) {
        sqlx::query(UNLINK)
            .bind(row_of(id))
            .bind(link.kind.as_str())
            .bind(link.url.as_str())
            .execute(&mut *tx)
            .await?;
    }
    working.order.push(id);
    let mut counters = before;
    write(tx, working, &mut counters, now).await?;
    counters.write(tx, &before).await?;
    Ok(true)
}
