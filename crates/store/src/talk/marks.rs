//! Votes, saves and hidden papers: a mark is there or not, whoever sets it twice has set it once.

use std::collections::HashMap;

use domain::account::UserId;
use domain::ids::PaperId;
use domain::paper::Paper;
use domain::signal::Signal;
use jiff::Timestamp;
use sqlx::AnyConnection;

use super::{Done, Refusal, count_here, is_paper, totals};
use crate::Store;
use crate::error::Result;
use crate::lists::{List, Slice, read_id};
use crate::papers::in_order;
use crate::row::Columns;
use crate::sql::{count, fetch_in, paper_id, row_of, word};
use crate::time::micros;

/// What a person does with a paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarkKind {
    /// Up-votes it.
    Vote,
    /// Keeps it.
    Save,
    /// Does not want to see it on lists.
    Hide,
}

impl MarkKind {
    /// All of them.
    pub const ALL: [MarkKind; 3] = [MarkKind::Vote, MarkKind::Save, MarkKind::Hide];

    /// The word in the database and in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            MarkKind::Vote => "vote",
            MarkKind::Save => "save",
            MarkKind::Hide => "hide",
        }
    }

    /// The kind of a word.
    pub fn from_short(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The signal that it counts into. Hiding counts into none: nobody else learns of it.
    pub fn signal(self) -> Option<Signal> {
        match self {
            MarkKind::Vote => Some(Signal::Votes),
            MarkKind::Save => Some(Signal::Saves),
            MarkKind::Hide => None,
        }
    }
}

/// The marks of one person on one paper.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Marks {
    /// Voted for.
    pub voted: bool,
    /// Kept.
    pub saved: bool,
    /// Not to be seen on lists.
    pub hidden: bool,
}

impl Marks {
    /// Whether there is a mark of this kind.
    pub fn has(self, kind: MarkKind) -> bool {
        match kind {
            MarkKind::Vote => self.voted,
            MarkKind::Save => self.saved,
            MarkKind::Hide => self.hidden,
        }
    }

    fn set(&mut self, kind: MarkKind) {
        match kind {
            MarkKind::Vote => self.voted = true,
            MarkKind::Save => self.saved = true,
            MarkKind::Hide => self.hidden = true,
        }
    }
}

/// What came of setting or taking back a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marked {
    /// Whether it was otherwise before.
    pub changed: bool,
    /// How many people have such a mark on the paper now.
    pub total: u32,
}

impl Store {
    /// Sets (`on`) or takes back a person's mark on a paper; its signal follows in the same transaction.
    pub async fn mark(
        &self,
        account: UserId,
        kind: MarkKind,
        paper: PaperId,
        on: bool,
        now: Timestamp,
    ) -> Result<Done<Marked>> {
        const SET: &str = "INSERT INTO marks (account, kind, paper, at) VALUES ($1, $2, $3, $4) \
            ON CONFLICT DO NOTHING";
        const UNSET: &str = "DELETE FROM marks WHERE account = $1 AND kind = $2 AND paper = $3";
        let mut tx = self.begin_write().await?;
        if !is_paper(&mut tx, paper).await? {
            return Ok(Err(Refusal::NoPaper));
        }
        let statement = sqlx::query(if on { SET } else { UNSET })
            .bind(account.0)
            .bind(kind.as_str())
            .bind(row_of(paper));
        let statement = match on {
            true => statement.bind(micros(now)),
            false => statement,
        };
        let changed = statement.execute(&mut *tx).await?.rows_affected() > 0;
        if let Some(signal) = kind.signal().filter(|_| changed) {
            count_here(&mut tx, &[(paper, signal)], now).await?;
        }
        let total = marks_on(&mut tx, kind, paper).await?;
        tx.commit().await?;
        Ok(Ok(Marked { changed, total }))
    }

    /// A person's marks on some papers. Papers without any are left out.
    pub async fn marks_of(
        &self,
        account: UserId,
        papers: &[PaperId],
    ) -> Result<HashMap<PaperId, Marks>> {
        const SQL: &str = "SELECT paper, kind FROM marks WHERE account = $1 AND kind IN ('vote', 'save', 'hide') \
            AND paper IN ({keys})";
        let keys: Vec<i64> = papers.iter().copied().map(row_of).collect();
        let mut conn = self.readers().acquire().await?;
        let mut marks: HashMap<PaperId, Marks> = HashMap::new();
        for row in fetch_in(&mut conn, SQL, &[account.0], &keys).await? {
            let mut columns = Columns::of(&row);
            let paper = paper_id(columns.int()?)?;
            let kind = word(columns.text()?, MarkKind::from_short)?;
            marks.entry(paper).or_default().set(kind);
        }
        Ok(marks)
    }

    /// How many people here voted for papers. Papers without any are left out. A paper's own count adds what other
    /// sites report.
    pub async fn votes_here(&self, papers: &[PaperId]) -> Result<HashMap<PaperId, u32>> {
        let mut conn = self.readers().acquire().await?;
        let totals = totals(&mut conn, papers).await?;
        let votes = totals.into_iter().filter(|((_, s), _)| *s == Signal::Votes);
        Ok(votes.map(|((paper, _), total)| (paper, total)).collect())
    }

    /// The papers on which a person has a mark, the newest mark first.
    pub async fn marked(&self, account: UserId, kind: MarkKind, slice: Slice) -> Result<List> {
        const COUNT: &str = "SELECT count(*) FROM marks WHERE account = $1 AND kind = $2";
        const SQL: &str = "SELECT paper FROM marks WHERE account = $1 AND kind = $2 \
            ORDER BY at DESC, paper DESC LIMIT $3 OFFSET $4";
        let mut tx = self.begin_read().await?;
        let total = sqlx::query(COUNT)
            .bind(account.0)
            .bind(kind.as_str())
            .fetch_one(&mut *tx)
            .await?;
        let rows = sqlx::query(SQL)
            .bind(account.0)
            .bind(kind.as_str())
            .bind(i64::from(slice.limit))
            .bind(i64::from(slice.offset))
            .fetch_all(&mut *tx)
            .await?;
        let ids: Vec<PaperId> = rows.iter().map(read_id).collect::<Result<_>>()?;
        let papers: Vec<Paper> = in_order(&mut tx, &ids).await?;
        Ok(List {
            papers,
            total: count(Columns::of(&total).int()?)?,
            ..List::default()
        })
    }
}

async fn marks_on(conn: &mut AnyConnection, kind: MarkKind, paper: PaperId) -> Result<u32> {
    let row = sqlx::query("SELECT count(*) FROM marks WHERE paper = $1 AND kind = $2")
        .bind(row_of(paper))
        .bind(kind.as_str())
        .fetch_one(conn)
        .await?;
    count(Columns::of(&row).int()?)
}
