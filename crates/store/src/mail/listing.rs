//! What is new to a subscription, and to a reader.

use std::collections::HashSet;

use domain::ids::PaperId;
use domain::subscription::{ReaderId, Scope, Subscription, Topic};
use jiff::civil::Date;
use sqlx::AssertSqlSafe;

use super::rows::next_number;
use crate::Store;
use crate::error::Result;
use crate::row::Columns;
use crate::sql::{number, paper_id, row_of, word};
use crate::talk::FollowKind;
use crate::time::{day, day_number};

/// A paper that may be new to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Which.
    pub paper: PaperId,
    /// On the list of which day it stands.
    pub listed: Date,
    /// Primary first.
    pub categories: Vec<String>,
}

/// What a subscription is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// Every paper.
    Everything,
    /// Papers that fit any of these.
    Topics(Vec<Topic>),
}

/// Most candidates that are looked at: several weeks of everything that arXiv announces.
const CANDIDATES_MAX: i64 = 50_000;

impl Store {
    /// What a subscription is about at this moment. Everything that picks papers asks here, so a scope whose topics
    /// are kept in tables of their own is looked up in this one place.
    pub async fn about(&self, subscription: &Subscription) -> Result<About> {
        Ok(match &subscription.wish.scope {
            Scope::All => About::Everything,
            Scope::Categories(names) => {
                About::Topics(names.iter().cloned().map(Topic::Category).collect())
            }
            Scope::Query(text) => About::Topics(vec![Topic::Query(text.clone())]),
            Scope::Follows => About::Topics(self.followed_at(subscription.reader).await?),
        })
    }

    /// What the person follows whose account has a reader's address.
    async fn followed_at(&self, reader: ReaderId) -> Result<Vec<Topic>> {
        const SQL: &str = "SELECT f.kind, f.value FROM follows f JOIN users u ON u.id = f.account \
            JOIN readers r ON r.address_key = u.address_key \
            WHERE r.id = $1 AND u.locked IS NULL ORDER BY f.at, f.kind, f.value";
        let rows = sqlx::query(SQL)
            .bind(reader.0)
            .fetch_all(self.readers())
            .await?;
        let topic = |row| {
            let mut columns = Columns::of(row);
            let kind = word(columns.text()?, FollowKind::from_short)?;
            let value = columns.text()?.to_string();
            Ok(match kind {
                FollowKind::Category => Topic::Category(value),
                FollowKind::Author => Topic::Author(value.replace('-', " ")),
                FollowKind::Tag => Topic::Tag(value),
                FollowKind::Query => Topic::Query(value),
            })
        };
        rows.iter().map(topic).collect()
    }

    /// Notes which papers have come to stand on the lists of these days, under the number of a new edition if there
    /// are any. Returns the number of the newest edition.
    pub async fn note_listings(&self, first: Date, last: Date) -> Result<i64> {
        const NOTE: &str = "INSERT INTO listings (paper, listed_day, edition) \
            SELECT p.id, p.listed_day, CAST($1 AS BIGINT) FROM papers p \
            WHERE p.listed_day >= $2 AND p.listed_day <= $3 AND NOT EXISTS (SELECT 1 FROM listings l \
                WHERE l.paper = p.id AND l.listed_day = p.listed_day) \
            ON CONFLICT (paper) DO UPDATE SET listed_day = excluded.listed_day, edition = excluded.edition";
        const NEWEST: &str = "SELECT value FROM counters WHERE name = 'edition'";
        let mut tx = self.begin_write().await?;
        let newest = number(&mut tx, NEWEST).await?;
        let noted = sqlx::query(NOTE)
            .bind(newest + 1)
            .bind(day_number(first))
            .bind(day_number(last))
            .execute(&mut *tx)
            .await?;
        if noted.rows_affected() == 0 {
            return Ok(newest);
        }
        let edition = next_number(&mut tx, "edition").await?;
        tx.commit().await?;
        Ok(edition)
    }

    /// Papers on the lists of these days that were found there after edition `after` and up to edition `until`, in the
    /// order of lists: votes, evidence, newest id. Without `until`, papers that no edition has noted yet count too.
    /// Withdrawn ones are left out.
    pub async fn candidates(
        &self,
        after: i64,
        until: Option<i64>,
        first: Date,
        last: Date,
    ) -> Result<Vec<Candidate>> {
        let (join, condition) = match until {
            Some(_) => (
                "JOIN",
                "l.listed_day = p.listed_day AND l.edition > $3 AND l.edition <= $4",
            ),
            None => (
                "LEFT JOIN",
                "(l.paper IS NULL OR l.listed_day <> p.listed_day OR l.edition > $3) AND $4 = 0",
            ),
        };
        let sql = format!(
            "SELECT p.id, p.listed_day, p.categories FROM papers p {join} listings l ON l.paper = p.id \
             WHERE p.listed_day >= $1 AND p.listed_day <= $2 AND p.withdrawn = 0 AND {condition} \
             ORDER BY p.votes DESC, p.evidence DESC, p.id_order DESC, p.id DESC LIMIT {CANDIDATES_MAX}"
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(day_number(first))
            .bind(day_number(last))
            .bind(after)
            .bind(until.unwrap_or(0))
            .fetch_all(self.readers())
            .await?;
        rows.iter()
            .map(|row| {
                let mut columns = Columns::of(row);
                Ok(Candidate {
                    paper: paper_id(columns.int()?)?,
                    listed: day(columns.int()?)?,
                    categories: columns
                        .text()?
                        .split_whitespace()
                        .map(str::to_string)
                        .collect(),
                })
            })
            .collect()
    }

    /// What the reader was sent, or is about to be, of the rows from one on.
    pub async fn sent_to(&self, reader: ReaderId, from: PaperId) -> Result<HashSet<PaperId>> {
        const SQL: &str = "SELECT paper FROM sent_papers WHERE reader = $1 AND paper >= $2";
        let rows = sqlx::query(SQL)
            .bind(reader.0)
            .bind(row_of(from))
            .fetch_all(self.readers())
            .await?;
        rows.iter()
            .map(|row| paper_id(Columns::of(row).int()?))
            .collect()
    }
}
