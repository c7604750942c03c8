//! What people follow: categories, authors, tags and searches.

use domain::account::UserId;
use domain::ids::PaperId;
use domain::paper::Paper;
use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::{Done, Refusal};
use crate::Store;
use crate::error::Result;
use crate::lists::{ListKind, read_id};
use crate::papers::in_order;
use crate::row::Columns;
use crate::sql::{count, word};
use crate::time::{micros, moment};

/// How many things a person follows at most.
pub const FOLLOWS_MAX: u32 = 200;

/// Longest text that is followed, in characters.
const VALUE_CHARS_MAX: usize = 400;

/// What can be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FollowKind {
    /// A category's name.
    Category,
    /// An author's key.
    Author,
    /// A tag.
    Tag,
    /// What a query finds.
    Query,
}

impl FollowKind {
    /// All of them.
    pub const ALL: [FollowKind; 4] = [
        FollowKind::Category,
        FollowKind::Author,
        FollowKind::Tag,
        FollowKind::Query,
    ];

    /// The word in the database and in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            FollowKind::Category => "category",
            FollowKind::Author => "author",
            FollowKind::Tag => "tag",
            FollowKind::Query => "query",
        }
    }

    /// The kind of a word.
    pub fn from_short(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Something followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    /// What kind of thing.
    pub kind: FollowKind,
    /// Its name, key or text.
    pub value: String,
    /// Since when.
    pub at: Timestamp,
}

impl Store {
    /// Begins (`on`) or stops following something. Returns whether it was otherwise before.
    pub async fn follow(
        &self,
        account: UserId,
        kind: FollowKind,
        value: &str,
        on: bool,
        now: Timestamp,
    ) -> Result<Done<bool>> {
        const COUNT: &str = "SELECT count(*) FROM follows WHERE account = $1";
        const SET: &str = "INSERT INTO follows (account, kind, value, at) VALUES ($1, $2, $3, $4) \
            ON CONFLICT DO NOTHING";
        const UNSET: &str = "DELETE FROM follows WHERE account = $1 AND kind = $2 AND value = $3";
        let fits = !value.is_empty() && !value.contains('\0');
        if !fits || value.chars().count() > VALUE_CHARS_MAX {
            return Ok(Err(Refusal::NoValue));
        }
        let mut tx = self.begin_write().await?;
        let done = if on {
            let row = sqlx::query(COUNT)
                .bind(account.0)
                .fetch_one(&mut *tx)
                .await?;
            let full = count(Columns::of(&row).int()?)? >= FOLLOWS_MAX;
            if full && !is_followed(&mut tx, account, kind, value).await? {
                return Ok(Err(Refusal::FollowsFull));
            }
            let set = sqlx::query(SET)
                .bind(account.0)
                .bind(kind.as_str())
                .bind(value)
                .bind(micros(now));
            set.execute(&mut *tx).await?
        } else {
            let unset = sqlx::query(UNSET)
                .bind(account.0)
                .bind(kind.as_str())
                .bind(value);
            unset.execute(&mut *tx).await?
        };
        tx.commit().await?;
        Ok(Ok(done.rows_affected() > 0))
    }

    /// Whether a person follows something.
    pub async fn follows(&self, account: UserId, kind: FollowKind, value: &str) -> Result<bool> {
        let mut conn = self.readers().acquire().await?;
        is_followed(&mut conn, account, kind, value).await
    }

    /// All that a person follows, the newest first.
    pub async fn follows_of(&self, account: UserId) -> Result<Vec<Follow>> {
        const SQL: &str = "SELECT kind, value, at FROM follows WHERE account = $1 \
            ORDER BY at DESC, kind, value LIMIT $2";
        let rows = sqlx::query(SQL)
            .bind(account.0)
            .bind(i64::from(FOLLOWS_MAX))
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read_follow).collect()
    }

    /// The newest papers under categories and tags that a person follows, each once, newest listed day first.
    pub async fn newest_followed(&self, account: UserId, limit: u32) -> Result<Vec<Paper>> {
        const SQL: &str = "SELECT paper FROM list_entries WHERE kind = $1 AND name = $2 \
            ORDER BY listed_day DESC, votes DESC, evidence DESC, id_order DESC, paper DESC LIMIT $3";
        let follows = self.follows_of(account).await?;
        let mut tx = self.begin_read().await?;
        let mut ids: Vec<PaperId> = Vec::new();
        for follow in follows {
            let kind = match follow.kind {
                FollowKind::Category => ListKind::Category,
                FollowKind::Tag => ListKind::Tag,
                FollowKind::Author | FollowKind::Query => continue,
            };
            let rows = sqlx::query(SQL)
                .bind(kind.number())
                .bind(follow.value)
                .bind(i64::from(limit))
                .fetch_all(&mut *tx)
                .await?;
            for row in &rows {
                ids.push(read_id(row)?);
            }
        }
        ids.sort();
        ids.dedup();
        let mut papers = in_order(&mut tx, &ids).await?;
        papers.sort_by_key(|paper| std::cmp::Reverse((paper.times.listed_day(), paper.id)));
        papers.truncate(limit as usize);
        Ok(papers)
    }
}

async fn is_followed(
    conn: &mut AnyConnection,
    account: UserId,
    kind: FollowKind,
    value: &str,
) -> Result<bool> {
    const SQL: &str = "SELECT kind FROM follows WHERE account = $1 AND kind = $2 AND value = $3";
    let row = sqlx::query(SQL)
        .bind(account.0)
        .bind(kind.as_str())
        .bind(value)
        .fetch_optional(conn)
        .await?;
    Ok(row.is_some())
}

fn read_follow(row: &AnyRow) -> Result<Follow> {
    let mut columns = Columns::of(row);
    Ok(Follow {
        kind: word(columns.text()?, FollowKind::from_short)?,
        value: columns.text()?.to_string(),
        at: moment(columns.int()?)?,
    })
}
