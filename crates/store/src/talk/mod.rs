//! What people do and say here: votes, saves, hidden papers, follows, comments, moderation, news.
//!
//! Votes, saves and comments are a paper's signals like any other: every action counts them into a reading and brings
//! the paper up to date in its own transaction, through [`count_here`]. A person's part of all this can be taken out
//! whole (`take_out.rs`) and forgotten (`forget.rs`); when two papers turn out to be one, what hangs on the lost row
//! moves along ([`MOVES`]).

mod comments;
mod follows;
mod forget;
mod marks;
mod moderation;
mod notices;
mod take_out;
mod writing;

use std::collections::HashMap;

use domain::account::UserId;
use domain::ids::{ExternalId, PaperId};
use domain::signal::Signal;
use sqlx::AnyConnection;

use crate::error::Result;
use crate::row::{Columns, read_external};
use crate::sql::{count, fetch_in, paper_id, row_of};

pub(crate) use crate::absorb::count_here;
pub use comments::{Comment, CommentPage, CommentState, EARLIER_MAX, Earlier, Lock};
pub use follows::{FOLLOWS_MAX, Follow, FollowKind};
pub(crate) use forget::forget_talk;
pub use marks::{MarkKind, Marked, Marks};
pub(crate) use moderation::log;
pub use moderation::{LogEntry, Report, Verdict};
pub use notices::{NOTICES_MAX, Notice, NoticeKind};
pub use take_out::{CommentOut, FollowOut, MarkOut, NoticeOut, ReportOut, Talk};
pub use writing::{COMMENT_CHARS_MAX, COMMENTS_A_DAY, DEPTH_MAX};

/// Longest reason that a moderator or a reporter gives, in characters.
pub const REASON_CHARS_MAX: usize = 500;

/// How many authors of a paper are known here at most.
const AUTHORS_MAX: i64 = 500;

/// Why something cannot be done, in words for whoever wanted it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The paper is not here.
    #[error("There is no such paper here.")]
    NoPaper,
    /// The comment is not here, or was taken away.
    #[error("This comment is not here any more.")]
    NoComment,
    /// Somebody else wrote it.
    #[error("Only who wrote a comment can change it.")]
    NotYours,
    /// A moderator has locked the thread.
    #[error("The comments on this paper are locked: {0}")]
    Locked(String),
    /// Nothing was written.
    #[error("There is nothing to read in this comment. Write something first.")]
    Empty,
    /// The text is too long.
    #[error(
        "A comment has at most 10,000 characters; this one has {0}. Shorten it, or make two of it."
    )]
    TooLong(usize),
    /// So many comments in a day are not taken.
    #[error("You wrote {COMMENTS_A_DAY} comments within a day. Go on tomorrow.")]
    TooMany,
    /// It was edited too often.
    #[error("This comment was edited {EARLIER_MAX} times already. Answer it instead.")]
    EditedOut,
    /// The person has reported it before.
    #[error("You have reported this comment already; the moderators will look at it.")]
    Reported,
    /// No reason was given.
    #[error("Say why, in at most {REASON_CHARS_MAX} characters.")]
    NoReason,
    /// So many follows are not kept.
    #[error("You follow {FOLLOWS_MAX} things already. Stop following one first.")]
    FollowsFull,
    /// The text cannot be followed.
    #[error("This cannot be followed: it is empty or too long.")]
    NoValue,
}

/// What came of an action: done, or refused in words.
pub type Done<T> = std::result::Result<T, Refusal>;

/// What hangs on a paper, moved from one row ($2) to another ($1); what that has already stays as it is there.
pub(crate) const MOVES: [&str; 6] = [
    "INSERT INTO marks (account, kind, paper, at) \
        SELECT account, kind, CAST($1 AS INTEGER), at FROM marks WHERE paper = $2 ON CONFLICT DO NOTHING",
    "INSERT INTO thread_locks (paper, account, at, reason) \
        SELECT CAST($1 AS INTEGER), account, at, reason FROM thread_locks WHERE paper = $2 ON CONFLICT DO NOTHING",
    "UPDATE comments SET paper = $1 WHERE paper = $2",
    "UPDATE notices SET paper = $1 WHERE paper = $2",
    "DELETE FROM marks WHERE paper = $1",
    "DELETE FROM thread_locks WHERE paper = $1",
];

/// How many votes, saves and comments papers have here. What there is none of is left out.
pub(crate) async fn totals(
    conn: &mut AnyConnection,
    papers: &[PaperId],
) -> Result<HashMap<(PaperId, Signal), u32>> {
    const COUNTS: [(Signal, &str); 3] = [
        (
            Signal::Votes,
            "SELECT paper, count(*) FROM marks WHERE kind = 'vote' AND paper IN ({keys}) GROUP BY paper",
        ),
        (
            Signal::Saves,
            "SELECT paper, count(*) FROM marks WHERE kind = 'save' AND paper IN ({keys}) GROUP BY paper",
        ),
        (
            Signal::Comments,
            "SELECT paper, count(*) FROM comments WHERE state = 'shown' AND paper IN ({keys}) GROUP BY paper",
        ),
    ];
    let keys: Vec<i64> = papers.iter().copied().map(row_of).collect();
    let mut totals = HashMap::new();
    for (signal, sql) in COUNTS {
        for row in fetch_in(conn, sql, &[], &keys).await? {
            let mut columns = Columns::of(&row);
            let paper = paper_id(columns.int()?)?;
            totals.insert((paper, signal), count(columns.int()?)?);
        }
    }
    Ok(totals)
}

/// Accounts whose claim to have written a paper was approved.
pub(crate) async fn authors_of(conn: &mut AnyConnection, paper: PaperId) -> Result<Vec<UserId>> {
    const SQL: &str = "SELECT account FROM authorship_claims WHERE paper = $1 AND state = 'approved' \
        ORDER BY account LIMIT $2";
    let rows = sqlx::query(SQL)
        .bind(row_of(paper))
        .bind(AUTHORS_MAX)
        .fetch_all(conn)
        .await?;
    rows.iter()
        .map(|row| Ok(UserId(Columns::of(row).int()?)))
        .collect()
}

/// The keys by which papers are addressed.
async fn keys_of(conn: &mut AnyConnection, papers: &[PaperId]) -> Result<HashMap<PaperId, String>> {
    const SQL: &str = "SELECT paper, external FROM paper_ids WHERE paper IN ({keys})";
    let rows: Vec<i64> = papers.iter().copied().map(row_of).collect();
    let mut main: HashMap<PaperId, ExternalId> = HashMap::new();
    for row in fetch_in(conn, SQL, &[], &rows).await? {
        let mut columns = Columns::of(&row);
        let paper = paper_id(columns.int()?)?;
        let id = read_external(columns.text()?)?;
        match main.get(&paper) {
            Some(known) if *known <= id => {}
            _ => {
                main.insert(paper, id);
            }
        }
    }
    Ok(main
        .into_iter()
        .map(|(paper, id)| (paper, id.key()))
        .collect())
}

/// Whether there is such a paper.
async fn is_paper(conn: &mut AnyConnection, paper: PaperId) -> Result<bool> {
    let row = sqlx::query("SELECT id FROM papers WHERE id = $1")
        .bind(row_of(paper))
        .fetch_optional(conn)
        .await?;
    Ok(row.is_some())
}

/// Gives out the next number of a kind; within a transaction that writes.
async fn next_number(conn: &mut AnyConnection, name: &str) -> Result<i64> {
    const SQL: &str = "UPDATE counters SET value = value + 1 WHERE name = $1 RETURNING value";
    let row = sqlx::query(SQL).bind(name).fetch_one(conn).await?;
    Columns::of(&row).int()
}

/// A reason as it is kept: one line, without control characters; nothing where it is empty or too long.
fn reason(text: &str) -> Option<String> {
    let line = domain::text::one_line(&text.replace('\0', " "));
    let fits = !line.is_empty() && line.chars().count() <= REASON_CHARS_MAX;
    fits.then_some(line)
}
