//! A person's part is forgotten: votes and saves go and are counted anew, comments stay only as places of replies.

use domain::account::UserId;
use domain::ids::PaperId;
use domain::paper::Paper;
use domain::signal::Signal;
use jiff::Timestamp;
use sqlx::AnyConnection;

use super::writing::take_away;
use super::{MarkKind, count_here};
use crate::Store;
use crate::error::Result;
use crate::row::Columns;
use crate::sql::{paper_id, word};

/// What else names the person: their own rows go, what moderators did stays without the name.
const FORGET: [&str; 8] = [
    "DELETE FROM marks WHERE account = $1",
    "DELETE FROM follows WHERE account = $1",
    "DELETE FROM notices WHERE account = $1",
    "DELETE FROM notices_off WHERE account = $1",
    "DELETE FROM reports WHERE account = $1",
    "UPDATE reports SET settled_by = NULL WHERE settled_by = $1",
    "UPDATE thread_locks SET account = NULL WHERE account = $1",
    "UPDATE moderation_log SET moderator = NULL WHERE moderator = $1",
];

impl Store {
    /// Forgets what a person did and said here, in one transaction. Returns the papers whose numbers changed, whole.
    pub async fn forget_talk(&self, account: UserId, now: Timestamp) -> Result<Vec<Paper>> {
        let mut tx = self.begin_write().await?;
        let changed = forget_talk(&mut tx, account, now).await?;
        tx.commit().await?;
        Ok(changed)
    }
}

/// The same within a transaction of others.
pub(crate) async fn forget_talk(
    conn: &mut AnyConnection,
    account: UserId,
    now: Timestamp,
) -> Result<Vec<Paper>> {
    // The deepest first: an answer of one's own to one's own comment leaves nothing behind.
    const COMMENTS: &str = "SELECT id, paper FROM comments WHERE account = $1 ORDER BY path DESC";
    const MARKS: &str =
        "SELECT kind, paper FROM marks WHERE account = $1 AND kind IN ('vote', 'save')";
    let mut touched: Vec<(PaperId, Signal)> = Vec::new();
    let rows = sqlx::query(COMMENTS)
        .bind(account.0)
        .fetch_all(&mut *conn)
        .await?;
    for row in &rows {
        let mut columns = Columns::of(row);
        take_away(conn, columns.int()?).await?;
        touched.push((paper_id(columns.int()?)?, Signal::Comments));
    }
    let rows = sqlx::query(MARKS)
        .bind(account.0)
        .fetch_all(&mut *conn)
        .await?;
    for row in &rows {
        let mut columns = Columns::of(row);
        let kind = word(columns.text()?, MarkKind::from_short)?;
        let paper = paper_id(columns.int()?)?;
        touched.extend(kind.signal().map(|signal| (paper, signal)));
    }
    for sql in FORGET {
        sqlx::query(sql).bind(account.0).execute(&mut *conn).await?;
    }
    touched.sort();
    touched.dedup();
    count_here(conn, &touched, now).await
}
