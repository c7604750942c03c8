//! The papers of a collection: added, moved, annotated, taken out.

use domain::account::UserId;
use domain::ids::PaperId;
use jiff::Timestamp;
use sqlx::AnyConnection;

use super::kept::{done_or_unknown, touch};
use super::{Collected, ITEMS_MAX, NOTE_CHARS_MAX, kept_text};
use crate::Store;
use crate::error::Result;
use crate::lists::Slice;
use crate::row::Columns;
use crate::sql::{paper_id, row_of};
use crate::time::{micros, moment};

/// A paper in a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectionItem {
    /// Which paper.
    pub paper: PaperId,
    /// A few words about it here; may be empty.
    pub note: String,
    /// Who added it; `None` after that account went.
    pub by: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Where an item goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoveTo {
    /// One place towards the beginning.
    Up,
    /// One place towards the end.
    Down,
    /// To this place, counted from 0; beyond the end means the end.
    Place(u32),
}

/// A united paper's places go to the kept paper; where both stood in a collection, the kept one's place stays.
pub(crate) const MOVES: [&str; 2] = [
    "INSERT INTO collection_items (collection, paper, position, note, account, at) \
        SELECT collection, CAST($1 AS INTEGER), position, note, account, at FROM collection_items WHERE paper = $2 \
        ON CONFLICT (collection, paper) DO UPDATE SET note = CASE \
            WHEN collection_items.note = '' THEN excluded.note ELSE collection_items.note END",
    "DELETE FROM collection_items WHERE paper = $1",
];

/// What a person leaves behind in collections: their own go whole; in others' their papers stay, without the name.
pub(crate) const FORGET_ITEMS: [&str; 5] = [
    "DELETE FROM collection_items WHERE collection IN (SELECT id FROM collections WHERE account = $1)",
    "DELETE FROM collection_members WHERE collection IN (SELECT id FROM collections WHERE account = $1)",
    "DELETE FROM collections WHERE account = $1",
    "DELETE FROM collection_members WHERE account = $1",
    "UPDATE collection_items SET account = NULL WHERE account = $1",
];

impl Store {
    /// Puts a paper at the end of a collection. One that is there already stays where it is.
    pub async fn collect(
        &self,
        collection: i64,
        paper: PaperId,
        note: &str,
        by: UserId,
        now: Timestamp,
    ) -> Result<Collected> {
        const INSERT: &str = "INSERT INTO collection_items (collection, paper, position, note, account, at) \
            VALUES ($1, $2, $3, $4, $5, $6)";
        let mut tx = self.begin_write().await?;
        if !exists(&mut tx, collection, paper).await? {
            return Ok(Collected::Unknown);
        }
        let order = order(&mut tx, collection).await?;
        if order.iter().any(|(row, _)| *row == row_of(paper)) {
            return Ok(Collected::Already);
        }
        if order.len() >= ITEMS_MAX as usize {
            return Ok(Collected::Full);
        }
        let place = order.last().map_or(0, |(_, position)| position + 1);
        sqlx::query(INSERT)
            .bind(collection)
            .bind(row_of(paper))
            .bind(place)
            .bind(kept_text(note, NOTE_CHARS_MAX))
            .bind(by.0)
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
        touch(&mut tx, collection, now).await?;
        tx.commit().await?;
        Ok(Collected::Done)
    }

    /// Takes a paper out of a collection.
    pub async fn uncollect(&self, collection: i64, paper: PaperId, now: Timestamp) -> Result<bool> {
        const SQL: &str = "DELETE FROM collection_items WHERE collection = $1 AND paper = $2";
        let mut tx = self.begin_write().await?;
        let done = sqlx::query(SQL)
            .bind(collection)
            .bind(row_of(paper))
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() > 0 {
            touch(&mut tx, collection, now).await?;
        }
        tx.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    /// Writes a note on a paper of a collection.
    pub async fn annotate(
        &self,
        collection: i64,
        paper: PaperId,
        note: &str,
        now: Timestamp,
    ) -> Result<Collected> {
        const SQL: &str =
            "UPDATE collection_items SET note = $3 WHERE collection = $1 AND paper = $2";
        let mut tx = self.begin_write().await?;
        let done = sqlx::query(SQL)
            .bind(collection)
            .bind(row_of(paper))
            .bind(kept_text(note, NOTE_CHARS_MAX))
            .execute(&mut *tx)
            .await?;
        touch(&mut tx, collection, now).await?;
        tx.commit().await?;
        Ok(done_or_unknown(done.rows_affected()))
    }

    /// Moves a paper within a collection.
    pub async fn move_item(
        &self,
        collection: i64,
        paper: PaperId,
        to: MoveTo,
        now: Timestamp,
    ) -> Result<Collected> {
        const SQL: &str =
            "UPDATE collection_items SET position = $3 WHERE collection = $1 AND paper = $2";
        let mut tx = self.begin_write().await?;
        let mut order = order(&mut tx, collection).await?;
        let Some(from) = order.iter().position(|(row, _)| *row == row_of(paper)) else {
            return Ok(Collected::Unknown);
        };
        let last = order.len() - 1;
        let to = match to {
            MoveTo::Up => from.saturating_sub(1),
            MoveTo::Down => (from + 1).min(last),
            MoveTo::Place(place) => (place as usize).min(last),
        };
        if to == from {
            return Ok(Collected::Already);
        }
        let item = order.remove(from);
        order.insert(to, item);
        for (place, (row, position)) in (0_i64..).zip(order) {
            // Most stand where they stood.
            if place != position {
                sqlx::query(SQL)
                    .bind(collection)
                    .bind(row)
                    .bind(place)
                    .execute(&mut *tx)
                    .await?;
            }
        }
        touch(&mut tx, collection, now).await?;
        tx.commit().await?;
        Ok(Collected::Done)
    }

    /// A slice of a collection, in its order.
    pub async fn collected(&self, collection: i64, slice: Slice) -> Result<Vec<CollectionItem>> {
        const SQL: &str = "SELECT i.paper, i.note, u.name, i.at FROM collection_items i \
            LEFT JOIN users u ON u.id = i.account WHERE i.collection = $1 \
            ORDER BY i.position, i.paper LIMIT $2 OFFSET $3";
        let rows = sqlx::query(SQL)
            .bind(collection)
            .bind(i64::from(slice.limit))
            .bind(i64::from(slice.offset))
            .fetch_all(self.readers())
            .await?;
        rows.iter()
            .map(|row| {
                let mut columns = Columns::of(row);
                Ok(CollectionItem {
                    paper: paper_id(columns.int()?)?,
                    note: columns.text()?.to_string(),
                    by: columns.opt_text()?,
                    at: moment(columns.int()?)?,
                })
            })
            .collect()
    }

    /// Which of a person's collections hold a paper: their rows.
    pub async fn collections_holding(&self, person: UserId, paper: PaperId) -> Result<Vec<i64>> {
        const SQL: &str = "SELECT i.collection FROM collection_items i JOIN collections c ON c.id = i.collection \
            WHERE i.paper = $2 AND (c.account = $1 OR c.id IN \
            (SELECT collection FROM collection_members WHERE account = $1))";
        let rows = sqlx::query(SQL)
            .bind(person.0)
            .bind(row_of(paper))
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(|row| Columns::of(row).int()).collect()
    }
}

async fn exists(conn: &mut AnyConnection, collection: i64, paper: PaperId) -> Result<bool> {
    const SQL: &str = "SELECT c.id FROM collections c JOIN papers p ON p.id = $2 WHERE c.id = $1";
    let row = sqlx::query(SQL)
        .bind(collection)
        .bind(row_of(paper))
        .fetch_optional(conn)
        .await?;
    Ok(row.is_some())
}

/// Papers and positions, in order. At most [`ITEMS_MAX`], and what merges of papers brought besides.
async fn order(conn: &mut AnyConnection, collection: i64) -> Result<Vec<(i64, i64)>> {
    const SQL: &str = "SELECT paper, position FROM collection_items WHERE collection = $1 ORDER BY position, paper";
    let rows = sqlx::query(SQL).bind(collection).fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            let mut columns = Columns::of(row);
            Ok((columns.int()?, columns.int()?))
        })
        .collect()
}
