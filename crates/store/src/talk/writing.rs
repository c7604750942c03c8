//! Comments as they are written: answered, edited, taken back.

use domain::account::UserId;
use domain::ids::PaperId;
use domain::signal::Signal;
use jiff::{SignedDuration, Timestamp};
use sqlx::AnyConnection;

use super::comments::{Comment, CommentState, EARLIER_MAX, find, lock_of};
use super::notices::tell_of_comment;
use super::{Done, Refusal, count_here, is_paper, next_number};
use crate::Store;
use crate::error::Result;
use crate::row::Columns;
use crate::sql::row_of;
use crate::time::micros;

/// Longest comment, in characters.
pub const COMMENT_CHARS_MAX: usize = 10_000;

/// How many comments a person writes within 24 hours at most.
pub const COMMENTS_A_DAY: u32 = 100;

/// How far comments are set in at most. Answers to the deepest ones stand beside them.
pub const DEPTH_MAX: u32 = 6;

/// Digits of a number within a path.
const PATH_DIGITS: usize = 10;

impl Store {
    /// Writes a comment on a paper, or an answer to one. Those whom it concerns are told in the same transaction.
    pub async fn add_comment(
        &self,
        account: UserId,
        paper: PaperId,
        parent: Option<i64>,
        body: &str,
        now: Timestamp,
    ) -> Result<Done<Comment>> {
        const INSERT: &str = "INSERT INTO comments (id, paper, parent, account, depth, path, at, state, body) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, 'shown', $8)";
        let body = match fit(body) {
            Ok(body) => body,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut tx = self.begin_write().await?;
        if let Err(refusal) = may_write(&mut tx, account, paper, now).await? {
            return Ok(Err(refusal));
        }
        let answered = match parent {
            None => None,
            Some(parent) => match find(&mut tx, parent).await? {
                Some(found) if found.paper == paper && found.state == CommentState::Shown => {
                    Some(found)
                }
                _ => return Ok(Err(Refusal::NoComment)),
            },
        };
        let id = next_number(&mut tx, "comment").await?;
        let (depth, path) = place(id, answered.as_ref());
        sqlx::query(INSERT)
            .bind(id)
            .bind(row_of(paper))
            .bind(parent)
            .bind(account.0)
            .bind(i64::from(depth))
            .bind(path)
            .bind(micros(now))
            .bind(body.as_str())
            .execute(&mut *tx)
            .await?;
        count_here(&mut tx, &[(paper, Signal::Comments)], now).await?;
        let Some(comment) = find(&mut tx, id).await? else {
            return Ok(Err(Refusal::NoComment));
        };
        tell_of_comment(&mut tx, &comment, answered.as_ref(), now).await?;
        tx.commit().await?;
        Ok(Ok(comment))
    }

    /// Writes a comment's text anew; the text before is kept, for everybody to read.
    pub async fn edit_comment(
        &self,
        account: UserId,
        id: i64,
        body: &str,
        now: Timestamp,
    ) -> Result<Done<Comment>> {
        const KEEP: &str =
            "INSERT INTO comment_edits (comment, number, at, body) VALUES ($1, $2, $3, $4)";
        const WRITE: &str = "UPDATE comments SET body = $2, edited = $3 WHERE id = $1";
        let body = match fit(body) {
            Ok(body) => body,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut tx = self.begin_write().await?;
        let mut comment = match own(&mut tx, account, id).await? {
            Ok(comment) => comment,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let Some(lock) = lock_of(&mut tx, comment.paper).await? {
            return Ok(Err(Refusal::Locked(lock.reason)));
        }
        if comment.body == body {
            return Ok(Ok(comment));
        }
        let edits = edits_of(&mut tx, id).await?;
        if edits >= i64::from(EARLIER_MAX) {
            return Ok(Err(Refusal::EditedOut));
        }
        sqlx::query(KEEP)
            .bind(id)
            .bind(edits + 1)
            .bind(micros(comment.edited.unwrap_or(comment.at)))
            .bind(comment.body.as_str())
            .execute(&mut *tx)
            .await?;
        sqlx::query(WRITE)
            .bind(id)
            .bind(body.as_str())
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        comment.body = body;
        comment.edited = Some(now);
        Ok(Ok(comment))
    }

    /// Takes a comment back. With replies it stays as a place without writer and text, else it goes entirely. Returns
    /// it as it was.
    pub async fn delete_comment(
        &self,
        account: UserId,
        id: i64,
        now: Timestamp,
    ) -> Result<Done<Comment>> {
        let mut tx = self.begin_write().await?;
        let comment = match own(&mut tx, account, id).await? {
            Ok(comment) => comment,
            Err(refusal) => return Ok(Err(refusal)),
        };
        take_away(&mut tx, id).await?;
        count_here(&mut tx, &[(comment.paper, Signal::Comments)], now).await?;
        tx.commit().await?;
        Ok(Ok(comment))
    }
}

/// A comment's text as it is kept, or why it is not.
fn fit(body: &str) -> Done<String> {
    let body = body.replace("\r\n", "\n").replace('\0', "");
    let body = body.trim_end().trim_start_matches('\n');
    let chars = body.chars().count();
    let is_seen = |c: char| !c.is_whitespace() && !c.is_control() && !domain::text::is_invisible(c);
    match () {
        () if !body.chars().any(is_seen) => Err(Refusal::Empty),
        () if chars > COMMENT_CHARS_MAX => Err(Refusal::TooLong(chars)),
        () => Ok(body.to_string()),
    }
}

async fn may_write(
    conn: &mut AnyConnection,
    account: UserId,
    paper: PaperId,
    now: Timestamp,
) -> Result<Done<()>> {
    const RECENT: &str = "SELECT count(*) FROM comments WHERE account = $1 AND at > $2";
    if !is_paper(conn, paper).await? {
        return Ok(Err(Refusal::NoPaper));
    }
    if let Some(lock) = lock_of(conn, paper).await? {
        return Ok(Err(Refusal::Locked(lock.reason)));
    }
    let yesterday = now - SignedDuration::from_hours(24);
    let recent = sqlx::query(RECENT)
        .bind(account.0)
        .bind(micros(yesterday))
        .fetch_one(conn)
        .await?;
    if Columns::of(&recent).int()? >= i64::from(COMMENTS_A_DAY) {
        return Ok(Err(Refusal::TooMany));
    }
    Ok(Ok(()))
}

/// Depth and path of a new comment: below the one that it answers, or beside it where that is as deep as can be.
fn place(id: i64, answered: Option<&Comment>) -> (u32, String) {
    let own = format!("{id:0PATH_DIGITS$}");
    match answered {
        None => (0, own),
        Some(above) if above.depth < DEPTH_MAX => (above.depth + 1, format!("{}{own}", above.path)),
        Some(beside) => {
            let shared = beside.path.len().saturating_sub(PATH_DIGITS);
            let shared = beside.path.get(..shared).unwrap_or_default();
            (beside.depth, format!("{shared}{own}"))
        }
    }
}

/// A shown comment of somebody's own.
async fn own(conn: &mut AnyConnection, account: UserId, id: i64) -> Result<Done<Comment>> {
    Ok(match find(conn, id).await? {
        Some(comment) if comment.state != CommentState::Shown => Err(Refusal::NoComment),
        Some(comment) if comment.account == Some(account) => Ok(comment),
        Some(_) => Err(Refusal::NotYours),
        None => Err(Refusal::NoComment),
    })
}

async fn edits_of(conn: &mut AnyConnection, id: i64) -> Result<i64> {
    let row = sqlx::query("SELECT count(*) FROM comment_edits WHERE comment = $1")
        .bind(id)
        .fetch_one(conn)
        .await?;
    Columns::of(&row).int()
}

/// Blanks a comment that has replies, deletes one that has none; with it go places above that held only it.
pub(super) async fn take_away(conn: &mut AnyConnection, id: i64) -> Result<()> {
    const BLANK: &str = "UPDATE comments SET state = CASE WHEN state = 'removed' THEN state ELSE 'deleted' END, \
        account = NULL, body = '', edited = NULL WHERE id = $1";
    const ABOVE: &str = "SELECT p.id FROM comments c JOIN comments p ON p.id = c.parent \
        WHERE c.id = $1 AND p.state = 'deleted'";
    run(conn, "DELETE FROM comment_edits WHERE comment = $1", id).await?;
    let mut id = id;
    if has_replies(conn, id).await? {
        return run(conn, BLANK, id).await;
    }
    loop {
        let above = sqlx::query(ABOVE)
            .bind(id)
            .fetch_optional(&mut *conn)
            .await?;
        for sql in [
            "DELETE FROM reports WHERE comment = $1",
            "DELETE FROM notices WHERE comment = $1",
            "DELETE FROM comments WHERE id = $1",
        ] {
            run(conn, sql, id).await?;
        }
        match above {
            Some(row) => id = Columns::of(&row).int()?,
            None => return Ok(()),
        }
        if has_replies(conn, id).await? {
            return Ok(());
        }
    }
}

async fn run(conn: &mut AnyConnection, sql: &'static str, id: i64) -> Result<()> {
    sqlx::query(sql).bind(id).execute(conn).await?;
    Ok(())
}

async fn has_replies(conn: &mut AnyConnection, id: i64) -> Result<bool> {
    let row = sqlx::query("SELECT id FROM comments WHERE parent = $1 LIMIT 1")
        .bind(id)
        .fetch_optional(conn)
        .await?;
    Ok(row.is_some())
}
