//! Webhooks made, paused and taken away.

use domain::account::UserId;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::Webhook;
use crate::Store;
use crate::error::Result;
use crate::row::Columns;
use crate::sql::{count, next_number, number, total};
use crate::time::{micros, moment, moments};

/// Most webhooks of one person.
pub const WEBHOOKS_MAX: u32 = 20;

/// A webhook to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewWebhook<'a> {
    /// Whose it is.
    pub account: UserId,
    /// Where it is told; checked by the caller.
    pub url: &'a str,
    /// What signs its messages.
    pub secret: &'a str,
    /// In the search language; empty for all papers.
    pub query: &'a str,
}

const SELECT: &str =
    "SELECT id, account, url, query, created, seq, paused, failures, last_status FROM webhooks";

impl Store {
    /// Makes a webhook that hears of papers from now on. `None` when the person has [`WEBHOOKS_MAX`].
    pub async fn make_webhook(&self, new: NewWebhook<'_>, now: Timestamp) -> Result<Option<i64>> {
        const COUNT: &str = "SELECT count(*) FROM webhooks WHERE account = $1";
        const INSERT: &str = "INSERT INTO webhooks (id, account, url, secret, query, created, seq, failures, last_status) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, 0, '')";
        let mut tx = self.begin_write().await?;
        let row = sqlx::query(COUNT)
            .bind(new.account.0)
            .fetch_one(&mut *tx)
            .await?;
        if Columns::of(&row).int()? >= i64::from(WEBHOOKS_MAX) {
            return Ok(None);
        }
        let seq = number(&mut tx, "SELECT value FROM counters WHERE name = 'seq'").await?;
        let id = next_number(&mut tx, "webhook").await?;
        sqlx::query(INSERT)
            .bind(id)
            .bind(new.account.0)
            .bind(new.url)
            .bind(new.secret)
            .bind(new.query.replace('\0', " "))
            .bind(micros(now))
            .bind(seq)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(Some(id))
    }

    /// A person's webhooks, oldest first.
    pub async fn webhooks_of(&self, account: UserId) -> Result<Vec<Webhook>> {
        let sql = format!("{SELECT} WHERE account = $1 ORDER BY id LIMIT $2");
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(account.0)
            .bind(i64::from(WEBHOOKS_MAX))
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read).collect()
    }

    /// A webhook of a person; nobody else's is found.
    pub async fn webhook(&self, id: i64, account: UserId) -> Result<Option<Webhook>> {
        let sql = format!("{SELECT} WHERE id = $1 AND account = $2");
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(id)
            .bind(account.0)
            .fetch_optional(self.readers())
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// Webhooks at work that have not seen everything up to `seq`, furthest behind first, and have room for more
    /// deliveries.
    pub async fn webhooks_behind(&self, seq: u64, limit: u32) -> Result<Vec<Webhook>> {
        const ROOM: &str = "(SELECT count(*) FROM deliveries d WHERE d.webhook = webhooks.id AND d.state = 'waiting')";
        let sql = format!(
            "{SELECT} WHERE paused IS NULL AND seq < $1 AND {ROOM} < $2 ORDER BY seq, id LIMIT $3"
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(i64::try_from(seq).unwrap_or(i64::MAX))
            .bind(i64::from(super::WAITING_MAX))
            .bind(i64::from(limit))
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read).collect()
    }

    /// Pauses a webhook, or sets it to work again: what waits is then sent at once.
    pub async fn pause_webhook(&self, id: i64, pause: bool, now: Timestamp) -> Result<bool> {
        const PAUSE: &str = "UPDATE webhooks SET paused = $2, last_status = 'paused' WHERE id = $1 AND paused IS NULL";
        const RESUME: &str = "UPDATE webhooks SET paused = NULL, failures = 0, last_status = '' WHERE id = $1 AND paused IS NOT NULL";
        const AGAIN: &str = "UPDATE deliveries SET next_at = $2, attempts = 0 WHERE webhook = $1 AND state = 'waiting'";
        let mut tx = self.begin_write().await?;
        let statement = match pause {
            true => sqlx::query(PAUSE).bind(id).bind(micros(now)),
            false => sqlx::query(RESUME).bind(id),
        };
        let done = statement.execute(&mut *tx).await?;
        if !pause && done.rows_affected() > 0 {
            sqlx::query(AGAIN)
                .bind(id)
                .bind(micros(now))
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    /// Takes a webhook away, with everything that waits for it.
    pub async fn delete_webhook(&self, id: i64) -> Result<bool> {
        let mut tx = self.begin_write().await?;
        let mut gone = 0;
        for sql in [
            "DELETE FROM webhook_papers WHERE webhook = $1",
            "DELETE FROM deliveries WHERE webhook = $1",
            "DELETE FROM webhooks WHERE id = $1",
        ] {
            let done = sqlx::query(sql).bind(id).execute(&mut *tx).await?;
            gone = done.rows_affected();
        }
        tx.commit().await?;
        Ok(gone > 0)
    }
}

fn read(row: &AnyRow) -> Result<Webhook> {
    let mut columns = Columns::of(row);
    Ok(Webhook {
        id: columns.int()?,
        account: UserId(columns.int()?),
        url: columns.text()?.to_string(),
        query: columns.text()?.to_string(),
        created: moment(columns.int()?)?,
        seq: total(columns.int()?),
        paused: moments(columns.opt_int()?)?,
        failures: count(columns.int()?)?,
        last_status: columns.text()?.to_string(),
    })
}
