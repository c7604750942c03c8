//! Lists of papers: of a window of days, a category, a tag, and of all; with the calendar of listed days.
//!
//! The order is the same everywhere: votes, then evidence, then the newest id, and by row where even that is equal.
//! Lists that cover many days put the newest listed day first. Lists of a window that is over stand as they were
//! closed: `closed.rs`.

use std::collections::BTreeMap;

use domain::ids::PaperId;
use domain::paper::Paper;
use domain::window::Window;
use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::Store;
use crate::error::Result;
use crate::papers::in_order;
use crate::row::Columns;
use crate::sql::{Statement, count, paper_id};
use crate::time::{UNDATED, day, day_number};

/// A page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// How many to pass over.
    pub offset: u32,
    /// How many to return at most.
    pub limit: u32,
}

/// Papers of a list, with the length of the whole.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// This slice.
    pub papers: Vec<Paper>,
    /// Of the whole list.
    pub total: u32,
    /// When the list was closed: since then its order stands.
    pub closed: Option<Timestamp>,
    /// Papers of this slice that came after the closing. They stand at the list's end.
    pub late: Vec<PaperId>,
}

/// What a row of `list_entries` files a paper under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum ListKind {
    Category,
    Tag,
}

impl ListKind {
    pub(crate) fn number(self) -> i64 {
        match self {
            ListKind::Category => 0,
            ListKind::Tag => 1,
        }
    }
}

const OF_ALL: &str = "papers WHERE listed_day >= $1 AND listed_day <= $2";
const OF_NAMED: &str =
    "list_entries WHERE kind = $1 AND name = $2 AND listed_day >= $3 AND listed_day <= $4";

impl Store {
    /// Papers listed in a window: votes, then evidence, then newest id; once the window is closed, as they stood
    /// then, and what came later in the order of arrival. `None` category is all.
    pub async fn window(
        &self,
        window: Window,
        category: Option<&str>,
        slice: Slice,
    ) -> Result<List> {
        if let Some(list) = self.closed_list(window, category, slice).await? {
            return Ok(list);
        }
        let days = (day_number(window.first()), day_number(window.last()));
        let named = category.map(|name| (ListKind::Category, name));
        self.list(named, days, false, slice).await
    }

    /// Papers of a category, newest listed day first, then votes, evidence, id.
    pub async fn category(&self, category: &str, slice: Slice) -> Result<List> {
        let named = Some((ListKind::Category, category));
        self.list(named, (UNDATED, i64::MAX), true, slice).await
    }

    /// Papers with a tag, newest first.
    pub async fn tag(&self, tag: &str, slice: Slice) -> Result<List> {
        let named = Some((ListKind::Tag, tag));
        self.list(named, (UNDATED, i64::MAX), true, slice).await
    }

    /// Newest papers of all, by listed day, then votes, evidence, id.
    pub async fn newest(&self, slice: Slice) -> Result<List> {
        self.list(None, (UNDATED, i64::MAX), true, slice).await
    }

    /// Every listed day with its number of papers, oldest first. A closed day has as many as its list.
    pub async fn days(&self) -> Result<Vec<(Date, u32)>> {
        const LISTED: &str =
            "SELECT listed_day, count(*) FROM papers WHERE listed_day > $1 GROUP BY listed_day";
        const CLOSED: &str = "SELECT first_day, count(*) FROM closed_entries WHERE kind = 0 AND first_day > $1 \
            GROUP BY first_day";
        let mut tx = self.begin_read().await?;
        let mut days = BTreeMap::new();
        // The closed days come second and stand: a paper that has since moved to another day is still on its list.
        for sql in [LISTED, CLOSED] {
            for row in sqlx::query(sql).bind(UNDATED).fetch_all(&mut *tx).await? {
                let mut columns = Columns::of(&row);
                days.insert(day(columns.int()?)?, count(columns.int()?)?);
            }
        }
        Ok(days.into_iter().collect())
    }

    /// Categories with their number of papers, largest first.
    pub async fn categories(&self) -> Result<Vec<(String, u32)>> {
        self.names(ListKind::Category, i64::MAX).await
    }

    /// Tags with their number of papers, largest first, at most `limit`.
    pub async fn tags(&self, limit: u32) -> Result<Vec<(String, u32)>> {
        self.names(ListKind::Tag, i64::from(limit)).await
    }

    async fn names(&self, kind: ListKind, limit: i64) -> Result<Vec<(String, u32)>> {
        const SQL: &str = "SELECT name, count(*) AS papers FROM list_entries WHERE kind = $1 \
            GROUP BY name ORDER BY papers DESC, name LIMIT $2";
        let rows = sqlx::query(SQL)
            .bind(kind.number())
            .bind(limit)
            .fetch_all(self.readers())
            .await?;
        rows.iter()
            .map(|row| {
                let mut columns = Columns::of(row);
                Ok((columns.text()?.to_string(), count(columns.int()?)?))
            })
            .collect()
    }

    /// A slice of a list: of all papers or of those under a name, between two days (inclusive).
    async fn list(
        &self,
        named: Option<(ListKind, &str)>,
        days: (i64, i64),
        by_day: bool,
        slice: Slice,
    ) -> Result<List> {
        let (from, id, next) = match named {
            None => (OF_ALL, "id", 3),
            Some(_) => (OF_NAMED, "paper", 5),
        };
        let bind = |sql: String| bind_list(sql, named, days);
        let mut tx = self.begin_read().await?;
        let total = fetch_one(&mut tx, bind(format!("SELECT count(*) FROM {from}"))).await?;
        let by_day = if by_day { "listed_day DESC, " } else { "" };
        let sql = format!(
            "SELECT {id} FROM {from} ORDER BY {by_day}votes DESC, evidence DESC, id_order DESC, {id} DESC \
             LIMIT ${next} OFFSET ${}",
            next + 1
        );
        let rows = bind(sql)
            .bind(i64::from(slice.limit))
            .bind(i64::from(slice.offset))
            .fetch_all(&mut *tx)
            .await?;
        let ids = rows.iter().map(read_id).collect::<Result<Vec<_>>>()?;
        Ok(List {
            papers: in_order(&mut tx, &ids).await?,
            total: count(total)?,
            ..List::default()
        })
    }
}

/// Binds what [`OF_ALL`] or [`OF_NAMED`] asks for.
fn bind_list(
    sql: String,
    named: Option<(ListKind, &str)>,
    (first, last): (i64, i64),
) -> Statement<'static> {
    let statement = sqlx::query(AssertSqlSafe(sql));
    let statement = match named {
        None => statement,
        Some((kind, name)) => statement.bind(kind.number()).bind(name.to_string()),
    };
    statement.bind(first).bind(last)
}

async fn fetch_one(conn: &mut AnyConnection, statement: Statement<'_>) -> Result<i64> {
    let row = statement.fetch_one(conn).await?;
    Columns::of(&row).int()
}

pub(crate) fn read_id(row: &AnyRow) -> Result<PaperId> {
    paper_id(Columns::of(row).int()?)
}
