//! Everything that a person did here, to be taken along.

use std::collections::BTreeMap;

use domain::account::UserId;
use domain::ids::PaperId;
use jiff::Timestamp;
use serde::Serialize;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::{MarkKind, keys_of};
use crate::Store;
use crate::error::Result;
use crate::row::Columns;
use crate::sql::paper_id;
use crate::time::{moment, moments};

/// What a person did and said, whole, the oldest first. Papers are named by their keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Talk {
    /// Votes.
    pub votes: Vec<MarkOut>,
    /// Saved papers.
    pub saves: Vec<MarkOut>,
    /// Hidden papers.
    pub hides: Vec<MarkOut>,
    /// What is followed.
    pub follows: Vec<FollowOut>,
    /// Comments, with their earlier texts.
    pub comments: Vec<CommentOut>,
    /// Reports of others' comments.
    pub reports: Vec<ReportOut>,
    /// News.
    pub notices: Vec<NoticeOut>,
    /// Kinds of news that are switched off.
    pub notices_off: Vec<String>,
}

/// A vote, save or hidden paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MarkOut {
    /// The paper's key.
    pub paper: String,
    /// When.
    pub at: Timestamp,
}

/// Something followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FollowOut {
    /// category, author, tag or query.
    pub kind: String,
    /// Its name, key or text.
    pub value: String,
    /// Since when.
    pub at: Timestamp,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommentOut {
    /// Its number.
    pub id: i64,
    /// The paper's key.
    pub paper: String,
    /// The comment that it answers.
    pub parent: Option<i64>,
    /// When it was written.
    pub at: Timestamp,
    /// When it was last edited.
    pub edited: Option<Timestamp>,
    /// shown or removed.
    pub state: String,
    /// Markdown.
    pub body: String,
    /// Earlier texts with their moments, the oldest first.
    pub earlier: Vec<(Timestamp, String)>,
}

/// A report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportOut {
    /// The reported comment.
    pub comment: i64,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// kept or removed, once it is settled.
    pub outcome: Option<String>,
}

/// A piece of news.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoticeOut {
    /// reply, mention, comment, moderation or paper.
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// The paper's key.
    pub paper: Option<String>,
    /// The comment.
    pub comment: Option<i64>,
    /// What it says beside.
    pub text: String,
}

impl Store {
    /// Everything that a person did and said here.
    pub async fn talk_of(&self, account: UserId) -> Result<Talk> {
        const FOLLOWS: &str =
            "SELECT kind, value, at FROM follows WHERE account = $1 ORDER BY at, kind, value";
        const REPORTS: &str =
            "SELECT comment, reason, at, outcome FROM reports WHERE account = $1 ORDER BY id";
        const OFF: &str = "SELECT kind FROM notices_off WHERE account = $1 ORDER BY kind";
        let mut tx = self.begin_read().await?;
        let conn = &mut *tx;
        let marks = marks(conn, account).await?;
        let of = |kind: MarkKind| {
            let marks = marks.iter().filter(move |(k, _)| k == kind.as_str());
            marks.map(|(_, mark)| mark.clone()).collect()
        };
        let (votes, saves, hides) = (of(MarkKind::Vote), of(MarkKind::Save), of(MarkKind::Hide));
        let follows = rows(conn, FOLLOWS, account, |columns| {
            Ok(FollowOut {
                kind: columns.text()?.to_string(),
                value: columns.text()?.to_string(),
                at: moment(columns.int()?)?,
            })
        });
        let follows = follows.await?;
        let reports = rows(conn, REPORTS, account, |columns| {
            Ok(ReportOut {
                comment: columns.int()?,
                reason: columns.text()?.to_string(),
                at: moment(columns.int()?)?,
                outcome: columns.opt_text()?,
            })
        });
        let reports = reports.await?;
        let off = rows(conn, OFF, account, |columns| {
            Ok(columns.text()?.to_string())
        })
        .await?;
        Ok(Talk {
            votes,
            saves,
            hides,
            follows,
            comments: comments(conn, account).await?,
            reports,
            notices: notices(conn, account).await?,
            notices_off: off,
        })
    }
}

async fn rows<T>(
    conn: &mut AnyConnection,
    sql: &'static str,
    account: UserId,
    read: impl Fn(&mut Columns<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let rows: Vec<AnyRow> = sqlx::query(sql).bind(account.0).fetch_all(conn).await?;
    rows.iter().map(|row| read(&mut Columns::of(row))).collect()
}

/// Puts keys in the place of rows.
async fn keyed<T, U>(
    conn: &mut AnyConnection,
    items: Vec<(Option<PaperId>, T)>,
    make: impl Fn(Option<String>, T) -> U,
) -> Result<Vec<U>> {
    let mut papers: Vec<PaperId> = items.iter().filter_map(|(paper, _)| *paper).collect();
    papers.sort();
    papers.dedup();
    let keys = keys_of(conn, &papers).await?;
    let made = items.into_iter().map(|(paper, item)| {
        let key = paper.and_then(|paper| keys.get(&paper).cloned());
        make(key, item)
    });
    Ok(made.collect())
}

async fn marks(conn: &mut AnyConnection, account: UserId) -> Result<Vec<(String, MarkOut)>> {
    const SQL: &str = "SELECT paper, kind, at FROM marks WHERE account = $1 ORDER BY at, paper";
    let marks = rows(conn, SQL, account, |columns| {
        let paper = paper_id(columns.int()?)?;
        Ok((
            Some(paper),
            (columns.text()?.to_string(), moment(columns.int()?)?),
        ))
    });
    let marks = marks.await?;
    keyed(conn, marks, |key, (kind, at)| {
        let paper = key.unwrap_or_default();
        (kind, MarkOut { paper, at })
    })
    .await
}

async fn comments(conn: &mut AnyConnection, account: UserId) -> Result<Vec<CommentOut>> {
    const SQL: &str = "SELECT paper, id, parent, at, edited, state, body FROM comments \
        WHERE account = $1 ORDER BY id";
    const EARLIER: &str = "SELECT e.comment, e.at, e.body FROM comment_edits e \
        JOIN comments c ON c.id = e.comment WHERE c.account = $1 ORDER BY e.comment, e.number";
    let mut earlier: BTreeMap<i64, Vec<(Timestamp, String)>> = BTreeMap::new();
    let texts = rows(conn, EARLIER, account, |columns| {
        Ok((
            columns.int()?,
            moment(columns.int()?)?,
            columns.text()?.to_string(),
        ))
    });
    for (comment, at, body) in texts.await? {
        earlier.entry(comment).or_default().push((at, body));
    }
    let comments = rows(conn, SQL, account, |columns| {
        let paper = paper_id(columns.int()?)?;
        let comment = CommentOut {
            id: columns.int()?,
            paper: String::new(),
            parent: columns.opt_int()?,
            at: moment(columns.int()?)?,
            edited: moments(columns.opt_int()?)?,
            state: columns.text()?.to_string(),
            body: columns.text()?.to_string(),
            earlier: Vec::new(),
        };
        Ok((Some(paper), comment))
    });
    let comments = comments.await?;
    keyed(conn, comments, |key, comment| CommentOut {
        paper: key.unwrap_or_default(),
        earlier: earlier.get(&comment.id).cloned().unwrap_or_default(),
        ..comment
    })
    .await
}

async fn notices(conn: &mut AnyConnection, account: UserId) -> Result<Vec<NoticeOut>> {
    const SQL: &str =
        "SELECT paper, kind, at, comment, text FROM notices WHERE account = $1 ORDER BY at, id";
    let notices = rows(conn, SQL, account, |columns| {
        let paper = columns.opt_int()?.map(paper_id).transpose()?;
        let notice = NoticeOut {
            kind: columns.text()?.to_string(),
            at: moment(columns.int()?)?,
            paper: None,
            comment: columns.opt_int()?,
            text: columns.text()?.to_string(),
        };
        Ok((paper, notice))
    });
    let notices = notices.await?;
    keyed(conn, notices, |paper, notice| NoticeOut { paper, ..notice }).await
}
