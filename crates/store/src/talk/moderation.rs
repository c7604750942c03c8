//! What moderators do: reports settled, comments removed and restored, threads locked; all of it in a public log.

use domain::account::UserId;
use domain::ids::PaperId;
use domain::signal::Signal;
use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::comments::{COLUMNS, Comment, CommentState, find, read_columns};
use super::notices::{News, NoticeKind, tell};
use super::{Done, Refusal, count_here, is_paper, keys_of, next_number, reason};
use crate::Store;
use crate::error::Result;
use crate::lists::Slice;
use crate::row::Columns;
use crate::sql::{count, row_of};
use crate::time::{micros, moment};

/// What a moderator decides on a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It stays, or is shown again.
    Keep,
    /// It is taken away.
    Remove,
}

impl Verdict {
    fn outcome(self) -> &'static str {
        match self {
            Verdict::Keep => "kept",
            Verdict::Remove => "removed",
        }
    }

    fn state(self) -> CommentState {
        match self {
            Verdict::Keep => CommentState::Shown,
            Verdict::Remove => CommentState::Removed,
        }
    }
}

/// A comment that somebody reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its number.
    pub id: i64,
    /// Who reported it.
    pub by: Option<String>,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// The comment as it is now.
    pub comment: Comment,
    /// The key of its paper.
    pub key: String,
}

/// A line of the public log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Its number.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Who; nobody once the account is gone.
    pub moderator: Option<String>,
    /// What was done: `comment-removed`, `thread-locked` and so on.
    pub action: String,
    /// With what, such as `comment 12 on 2305.19435`.
    pub what: String,
    /// Why.
    pub reason: String,
}

impl Store {
    /// Somebody asks the moderators to look at a comment.
    pub async fn report_comment(
        &self,
        account: UserId,
        id: i64,
        why: &str,
        now: Timestamp,
    ) -> Result<Done<()>> {
        const PUT: &str = "INSERT INTO reports (id, comment, account, reason, at) VALUES ($1, $2, $3, $4, $5) \
            ON CONFLICT DO NOTHING";
        let Some(why) = reason(why) else {
            return Ok(Err(Refusal::NoReason));
        };
        let mut tx = self.begin_write().await?;
        match find(&mut tx, id).await? {
            Some(comment) if comment.state == CommentState::Shown => {}
            _ => return Ok(Err(Refusal::NoComment)),
        }
        let number = next_number(&mut tx, "report").await?;
        let put = sqlx::query(PUT)
            .bind(number)
            .bind(id)
            .bind(account.0)
            .bind(why)
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
        if put.rows_affected() == 0 {
            return Ok(Err(Refusal::Reported));
        }
        tx.commit().await?;
        Ok(Ok(()))
    }

    /// Reports that nobody has settled, the oldest first, and how many there are.
    pub async fn open_reports(&self, slice: Slice) -> Result<(Vec<Report>, u32)> {
        const COUNT: &str = "SELECT count(*) FROM reports WHERE settled IS NULL";
        let sql = format!(
            "SELECT r.id, w.name, r.reason, r.at, {COLUMNS} JOIN reports r ON r.comment = c.id \
             LEFT JOIN users w ON w.id = r.account WHERE r.settled IS NULL ORDER BY r.at, r.id LIMIT $1 OFFSET $2"
        );
        let mut tx = self.begin_read().await?;
        let total = sqlx::query(COUNT).fetch_one(&mut *tx).await?;
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(i64::from(slice.limit))
            .bind(i64::from(slice.offset))
            .fetch_all(&mut *tx)
            .await?;
        let mut reports: Vec<Report> = rows.iter().map(read_report).collect::<Result<_>>()?;
        let mut papers: Vec<PaperId> = reports.iter().map(|r| r.comment.paper).collect();
        papers.sort();
        papers.dedup();
        let keys = keys_of(&mut tx, &papers).await?;
        for report in &mut reports {
            report.key = keys.get(&report.comment.paper).cloned().unwrap_or_default();
        }
        Ok((reports, count(Columns::of(&total).int()?)?))
    }

    /// A moderator keeps, removes or restores a comment: its reports are settled, its writer is told where something
    /// changed, and the log says why.
    pub async fn judge_comment(
        &self,
        moderator: UserId,
        id: i64,
        verdict: Verdict,
        why: &str,
        now: Timestamp,
    ) -> Result<Done<Comment>> {
        const SETTLE: &str = "UPDATE reports SET settled = $2, settled_by = $3, outcome = $4 \
            WHERE comment = $1 AND settled IS NULL";
        const STATE: &str = "UPDATE comments SET state = $2 WHERE id = $1";
        let Some(why) = reason(why) else {
            return Ok(Err(Refusal::NoReason));
        };
        let mut tx = self.begin_write().await?;
        let mut comment = match find(&mut tx, id).await? {
            // What its writer took back cannot be shown again: there is nothing left of it.
            Some(comment) if comment.account.is_some() => comment,
            _ => return Ok(Err(Refusal::NoComment)),
        };
        let settled = sqlx::query(SETTLE)
            .bind(id)
            .bind(micros(now))
            .bind(moderator.0)
            .bind(verdict.outcome())
            .execute(&mut *tx)
            .await?;
        let changed = comment.state != verdict.state();
        if !changed && settled.rows_affected() == 0 {
            return Ok(Ok(comment));
        }
        let action = match (verdict, changed) {
            (Verdict::Remove, _) => "comment-removed",
            (Verdict::Keep, true) => "comment-restored",
            (Verdict::Keep, false) => "comment-kept",
        };
        comment.state = verdict.state();
        sqlx::query(STATE)
            .bind(id)
            .bind(comment.state.as_str())
            .execute(&mut *tx)
            .await?;
        let what = format!("comment {id} on {}", key_of(&mut tx, comment.paper).await?);
        log(&mut tx, Some(moderator), action, &what, &why, now).await?;
        if changed {
            count_here(&mut tx, &[(comment.paper, Signal::Comments)], now).await?;
            tell_writer(&mut tx, &comment, action, &why, now).await?;
        }
        tx.commit().await?;
        Ok(Ok(comment))
    }

    /// A moderator locks (`on`) or opens a paper's comments. Returns whether it was otherwise before.
    pub async fn lock_thread(
        &self,
        moderator: UserId,
        paper: PaperId,
        on: bool,
        why: &str,
        now: Timestamp,
    ) -> Result<Done<bool>> {
        const LOCK: &str = "INSERT INTO thread_locks (paper, account, at, reason) VALUES ($1, $2, $3, $4) \
            ON CONFLICT DO NOTHING";
        const OPEN: &str = "DELETE FROM thread_locks WHERE paper = $1";
        let Some(why) = reason(why) else {
            return Ok(Err(Refusal::NoReason));
        };
        let mut tx = self.begin_write().await?;
        if !is_paper(&mut tx, paper).await? {
            return Ok(Err(Refusal::NoPaper));
        }
        let statement = sqlx::query(if on { LOCK } else { OPEN }).bind(row_of(paper));
        let statement = match on {
            true => statement
                .bind(moderator.0)
                .bind(micros(now))
                .bind(why.as_str()),
            false => statement,
        };
        if statement.execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(Ok(false));
        }
        let action = if on { "thread-locked" } else { "thread-opened" };
        let what = format!("comments on {}", key_of(&mut tx, paper).await?);
        log(&mut tx, Some(moderator), action, &what, &why, now).await?;
        tx.commit().await?;
        Ok(Ok(true))
    }

    /// Writes a line into the public log: what a moderator did with other things than comments.
    pub async fn log_moderation(
        &self,
        moderator: UserId,
        action: &str,
        what: &str,
        why: &str,
        now: Timestamp,
    ) -> Result<Done<()>> {
        let Some(why) = reason(why) else {
            return Ok(Err(Refusal::NoReason));
        };
        let mut tx = self.begin_write().await?;
        log(&mut tx, Some(moderator), action, what, &why, now).await?;
        tx.commit().await?;
        Ok(Ok(()))
    }

    /// The public log, the newest line first: before a number, or from the newest.
    pub async fn moderation_log(&self, before: Option<i64>, limit: u32) -> Result<Vec<LogEntry>> {
        const SQL: &str = "SELECT l.id, l.at, u.name, l.action, l.what, l.reason FROM moderation_log l \
            LEFT JOIN users u ON u.id = l.moderator WHERE l.id < $1 ORDER BY l.id DESC LIMIT $2";
        let rows = sqlx::query(SQL)
            .bind(before.unwrap_or(i64::from(i32::MAX)))
            .bind(i64::from(limit))
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read_entry).collect()
    }
}

/// Writes a line into the public log, within the transaction of what was done.
pub(crate) async fn log(
    conn: &mut AnyConnection,
    moderator: Option<UserId>,
    action: &str,
    what: &str,
    why: &str,
    now: Timestamp,
) -> Result<()> {
    const SQL: &str = "INSERT INTO moderation_log (id, at, moderator, action, what, reason) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    let id = next_number(conn, "moderation").await?;
    sqlx::query(SQL)
        .bind(id)
        .bind(micros(now))
        .bind(moderator.map(|m| m.0))
        .bind(action)
        .bind(what)
        .bind(why)
        .execute(conn)
        .await?;
    Ok(())
}

async fn tell_writer(
    conn: &mut AnyConnection,
    comment: &Comment,
    action: &str,
    why: &str,
    now: Timestamp,
) -> Result<()> {
    let text = match action {
        "comment-removed" => format!("A moderator removed your comment: {why}"),
        _ => format!("A moderator restored your comment: {why}"),
    };
    let news = News {
        kind: NoticeKind::Moderation,
        topic: &format!("moderation:{}", comment.id),
        paper: Some(comment.paper),
        comment: Some(comment.id),
        tally: 1,
        text: &text,
    };
    let writer: Vec<UserId> = comment.account.into_iter().collect();
    tell(conn, &writer, &news, now).await
}

async fn key_of(conn: &mut AnyConnection, paper: PaperId) -> Result<String> {
    let mut keys = keys_of(conn, &[paper]).await?;
    Ok(keys.remove(&paper).unwrap_or_default())
}

fn read_report(row: &AnyRow) -> Result<Report> {
    let mut columns = Columns::of(row);
    Ok(Report {
        id: columns.int()?,
        by: columns.opt_text()?,
        reason: columns.text()?.to_string(),
        at: moment(columns.int()?)?,
        comment: read_columns(&mut columns)?,
        key: String::new(),
    })
}

fn read_entry(row: &AnyRow) -> Result<LogEntry> {
    let mut columns = Columns::of(row);
    Ok(LogEntry {
        id: columns.int()?,
        at: moment(columns.int()?)?,
        moderator: columns.opt_text()?,
        action: columns.text()?.to_string(),
        what: columns.text()?.to_string(),
        reason: columns.text()?.to_string(),
    })
}
