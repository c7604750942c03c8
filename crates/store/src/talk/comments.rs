//! Comments as they are read: a paper's thread in order, one comment, what it said before.

use std::collections::HashSet;

use domain::account::UserId;
use domain::ids::PaperId;
use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::authors_of;
use crate::Store;
use crate::error::Result;
use crate::lists::Slice;
use crate::row::Columns;
use crate::sql::{count, paper_id, row_of, word};
use crate::time::{moment, moments};

/// How many earlier texts of a comment are kept; it can be edited so often.
pub const EARLIER_MAX: u32 = 50;

/// Most comments of one slice.
const SLICE_MAX: u32 = 500;

/// The columns of [`read_comment`].
pub(super) const COLUMNS: &str = "c.id, c.paper, c.parent, c.account, u.name, c.depth, c.path, c.at, c.edited, \
    c.state, c.body FROM comments c LEFT JOIN users u ON u.id = c.account";

/// What became of a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommentState {
    /// Nothing: it is there.
    Shown,
    /// Its author took it back, or left; it holds its place for the replies to it.
    Deleted,
    /// A moderator took it away.
    Removed,
}

impl CommentState {
    const ALL: [CommentState; 3] = [
        CommentState::Shown,
        CommentState::Deleted,
        CommentState::Removed,
    ];

    /// The word in the database and for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            CommentState::Shown => "shown",
            CommentState::Deleted => "deleted",
            CommentState::Removed => "removed",
        }
    }

    fn from_short(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its number.
    pub id: i64,
    /// On which paper.
    pub paper: PaperId,
    /// The comment that it answers.
    pub parent: Option<i64>,
    /// Who wrote it; nobody once it is deleted.
    pub account: Option<UserId>,
    /// The writer's name.
    pub name: Option<String>,
    /// Whether the writer's claim to be an author of the paper was approved.
    pub by_author: bool,
    /// How far it is set in, 0 to [`DEPTH_MAX`](super::DEPTH_MAX).
    pub depth: u32,
    /// When it was written.
    pub at: Timestamp,
    /// When it was last edited.
    pub edited: Option<Timestamp>,
    /// What became of it.
    pub state: CommentState,
    /// Markdown. That of a removed comment is for moderators and its writer alone.
    pub body: String,
    pub(super) path: String,
}

/// A slice of a paper's comments.
#[derive(Debug, Clone, Default)]
pub struct CommentPage {
    /// In the order of the thread: each followed by its replies, older ones first.
    pub comments: Vec<Comment>,
    /// How many there are in all, with those that are only places.
    pub total: u32,
    /// Why nothing more can be said, if it is so.
    pub locked: Option<Lock>,
}

/// A lock on a paper's comments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// Since when.
    pub at: Timestamp,
    /// The moderator's reason.
    pub reason: String,
}

/// What a comment said before it was edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// When this text was written.
    pub at: Timestamp,
    /// Markdown.
    pub body: String,
}

impl Store {
    /// A paper's comments in the order of the thread. A slice has at most 500.
    pub async fn comments(&self, paper: PaperId, slice: Slice) -> Result<CommentPage> {
        let sql = format!("SELECT {COLUMNS} WHERE c.paper = $1 ORDER BY c.path LIMIT $2 OFFSET $3");
        let mut tx = self.begin_read().await?;
        let total = sqlx::query("SELECT count(*) FROM comments WHERE paper = $1")
            .bind(row_of(paper))
            .fetch_one(&mut *tx)
            .await?;
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(row_of(paper))
            .bind(i64::from(slice.limit.min(SLICE_MAX)))
            .bind(i64::from(slice.offset))
            .fetch_all(&mut *tx)
            .await?;
        let mut comments: Vec<Comment> = rows.iter().map(read_comment).collect::<Result<_>>()?;
        let authors: HashSet<UserId> = authors_of(&mut tx, paper).await?.into_iter().collect();
        for comment in &mut comments {
            comment.by_author = comment.account.is_some_and(|a| authors.contains(&a));
        }
        Ok(CommentPage {
            comments,
            total: count(Columns::of(&total).int()?)?,
            locked: lock_of(&mut tx, paper).await?,
        })
    }

    /// One comment.
    pub async fn comment(&self, id: i64) -> Result<Option<Comment>> {
        let mut conn = self.readers().acquire().await?;
        find(&mut conn, id).await
    }

    /// How many comments of its paper stand before a comment: which page of the thread it is on.
    pub async fn comments_before(&self, comment: &Comment) -> Result<u32> {
        const SQL: &str = "SELECT count(*) FROM comments WHERE paper = $1 AND path < $2";
        let row = sqlx::query(SQL)
            .bind(row_of(comment.paper))
            .bind(comment.path.as_str())
            .fetch_one(self.readers())
            .await?;
        count(Columns::of(&row).int()?)
    }

    /// What a comment said before, the oldest text first.
    pub async fn comment_history(&self, id: i64) -> Result<Vec<Earlier>> {
        const SQL: &str =
            "SELECT at, body FROM comment_edits WHERE comment = $1 ORDER BY number LIMIT $2";
        let rows = sqlx::query(SQL)
            .bind(id)
            .bind(i64::from(EARLIER_MAX))
            .fetch_all(self.readers())
            .await?;
        rows.iter()
            .map(|row| {
                let mut columns = Columns::of(row);
                Ok(Earlier {
                    at: moment(columns.int()?)?,
                    body: columns.text()?.to_string(),
                })
            })
            .collect()
    }
}

pub(super) async fn find(conn: &mut AnyConnection, id: i64) -> Result<Option<Comment>> {
    let sql = format!("SELECT {COLUMNS} WHERE c.id = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(id)
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(read_comment).transpose()
}

pub(super) async fn lock_of(conn: &mut AnyConnection, paper: PaperId) -> Result<Option<Lock>> {
    let row = sqlx::query("SELECT at, reason FROM thread_locks WHERE paper = $1")
        .bind(row_of(paper))
        .fetch_optional(conn)
        .await?;
    row.map(|row| {
        let mut columns = Columns::of(&row);
        Ok(Lock {
            at: moment(columns.int()?)?,
            reason: columns.text()?.to_string(),
        })
    })
    .transpose()
}

pub(super) fn read_comment(row: &AnyRow) -> Result<Comment> {
    read_columns(&mut Columns::of(row))
}

pub(super) fn read_columns(columns: &mut Columns<'_>) -> Result<Comment> {
    Ok(Comment {
        id: columns.int()?,
        paper: paper_id(columns.int()?)?,
        parent: columns.opt_int()?,
        account: columns.opt_int()?.map(UserId),
        name: columns.opt_text()?,
        by_author: false,
        depth: count(columns.int()?)?,
        path: columns.text()?.to_string(),
        at: moment(columns.int()?)?,
        edited: moments(columns.opt_int()?)?,
        state: word(columns.text()?, CommentState::from_short)?,
        body: columns.text()?.to_string(),
    })
}
