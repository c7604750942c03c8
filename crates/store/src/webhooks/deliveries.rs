//! Deliveries: queued with the papers they tell of, taken with a lease, tried again, given up.

use std::collections::HashSet;

use domain::ids::PaperId;
use jiff::{SignedDuration, Timestamp};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::Store;
use crate::error::Result;
use crate::row::Columns;
use crate::sql::{count, fetch_in, insert, next_number, paper_id, row_of, word};
use crate::time::{micros, moment, moments};

/// After this many attempts a delivery is given up and its webhook paused: by then most of a day has passed.
pub const DELIVERY_ATTEMPTS_MAX: u32 = 8;
/// Most deliveries that may wait for one webhook; it is told no more until some are through.
pub const WAITING_MAX: u32 = 50;
/// The pause after the first failure; it becomes four times as long with each further one.
const BACK_OFF_FIRST: SignedDuration = SignedDuration::from_secs(30);
/// The longest pause.
const BACK_OFF_MAX: SignedDuration = SignedDuration::from_hours(8);
/// Ended deliveries that are kept of a webhook.
const KEPT: i64 = 50;
/// How often a taker looks again after another took the delivery that it had named.
const TAKE_TRIES: u32 = 8;
/// Longest error that is kept, in characters.
const ERROR_CHARS_MAX: usize = 300;

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// To be sent, or sent again.
    Waiting,
    /// The other side took it.
    Sent,
    /// Given up.
    Failed,
}

impl DeliveryState {
    const ALL: [DeliveryState; 3] = [
        DeliveryState::Waiting,
        DeliveryState::Sent,
        DeliveryState::Failed,
    ];

    /// The word in the database and for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Waiting => "waiting",
            DeliveryState::Sent => "sent",
            DeliveryState::Failed => "failed",
        }
    }

    fn from_short(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }
}

/// A delivery, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its number; the message's id is made of it.
    pub id: i64,
    /// How it stands.
    pub state: DeliveryState,
    /// How many papers it tells of; 0 for a test.
    pub papers: u32,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next, while it waits.
    pub next_at: Timestamp,
    /// Why the last attempt failed, or empty.
    pub last_error: String,
    /// When it was queued.
    pub created: Timestamp,
    /// When it was sent or given up.
    pub ended: Option<Timestamp>,
}

/// A delivery to be queued.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// For which webhook.
    pub webhook: i64,
    /// Of which papers it tells; none for a test.
    pub papers: Vec<PaperId>,
    /// The body as it will be signed and sent.
    pub payload: String,
}

/// A delivery that has been taken to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueDelivery {
    /// Its number: the same at every attempt.
    pub id: i64,
    /// Whose.
    pub webhook: i64,
    /// Where to.
    pub url: String,
    /// What signs it.
    pub secret: String,
    /// The body.
    pub payload: String,
    /// How often it has been tried, this time included.
    pub attempts: u32,
}

impl Store {
    /// Queues deliveries, and notes that these webhooks have looked at everything up to `seq`; together or not at all.
    /// A paper of which a webhook was told already is not told again, whatever the caller says; a delivery of such
    /// papers alone is left out.
    pub async fn queue_deliveries(
        &self,
        webhooks: &[i64],
        seq: u64,
        deliveries: &[NewDelivery],
        now: Timestamp,
    ) -> Result<u32> {
        const SEEN: &str = "UPDATE webhooks SET seq = $2 WHERE id = $1 AND seq < $2";
        let mut tx = self.begin_write().await?;
        let mut queued = 0;
        for delivery in deliveries {
            queued += u32::from(queue(&mut tx, delivery, now).await?);
        }
        for webhook in webhooks {
            sqlx::query(SEEN)
                .bind(*webhook)
                .bind(i64::try_from(seq).unwrap_or(i64::MAX))
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(queued)
    }

    /// Of these papers those that a webhook was not told of yet, in the same order.
    pub async fn untold(&self, webhook: i64, papers: &[PaperId]) -> Result<Vec<PaperId>> {
        let mut tx = self.begin_read().await?;
        let told = told(&mut tx, webhook, papers).await?;
        let papers = papers.iter().filter(|paper| !told.contains(paper));
        Ok(papers.copied().collect())
    }

    /// Takes the delivery that has been due longest, of a webhook at work, for the length of a lease.
    pub async fn take_delivery(
        &self,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<Option<DueDelivery>> {
        const OLDEST: &str = "SELECT d.id FROM deliveries d JOIN webhooks w ON w.id = d.webhook \
            WHERE d.state = 'waiting' AND d.next_at <= $1 AND d.locked_until <= $1 AND w.paused IS NULL \
            ORDER BY d.next_at, d.id LIMIT 1";
        const TAKE: &str = "UPDATE deliveries SET locked_until = $3, attempts = attempts + 1 \
            WHERE id = $1 AND state = 'waiting' AND locked_until <= $2 RETURNING id, webhook, payload, attempts";
        const WHERE_TO: &str = "SELECT url, secret FROM webhooks WHERE id = $1";
        let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
        for _ in 0..TAKE_TRIES {
            let oldest = sqlx::query(OLDEST)
                .bind(micros(now))
                .fetch_optional(self.readers())
                .await?;
            let Some(oldest) = oldest else {
                return Ok(None);
            };
            let taken = sqlx::query(TAKE)
                .bind(Columns::of(&oldest).int()?)
                .bind(micros(now))
                .bind(micros(until))
                .fetch_optional(self.writers())
                .await?;
            let Some(row) = taken else { continue };
            let mut columns = Columns::of(&row);
            let (id, webhook) = (columns.int()?, columns.int()?);
            let payload = columns.text()?.to_string();
            let attempts = count(columns.int()?)?;
            let place = sqlx::query(WHERE_TO)
                .bind(webhook)
                .fetch_optional(self.readers())
                .await?;
            let Some(place) = place else { continue };
            let mut columns = Columns::of(&place);
            return Ok(Some(DueDelivery {
                id,
                webhook,
                url: columns.text()?.to_string(),
                secret: columns.text()?.to_string(),
                payload,
                attempts,
            }));
        }
        Ok(None)
    }

    /// The other side took it.
    pub async fn delivery_sent(
        &self,
        due: &DueDelivery,
        status: &str,
        now: Timestamp,
    ) -> Result<()> {
        const SENT: &str = "UPDATE deliveries SET state = 'sent', ended = $3, locked_until = 0, last_error = '' \
            WHERE id = $1 AND attempts = $2 AND state = 'waiting'";
        const WORKS: &str =
            "UPDATE webhooks SET failures = 0, last_status = $2 WHERE id = $1 AND paused IS NULL";
        let mut tx = self.begin_write().await?;
        sqlx::query(SENT)
            .bind(due.id)
            .bind(i64::from(due.attempts))
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
        sqlx::query(WORKS)
            .bind(due.webhook)
            .bind(status)
            .execute(&mut *tx)
            .await?;
        forget_old(&mut tx, due.webhook).await?;
        tx.commit().await?;
        Ok(())
    }

    /// An attempt failed: it waits, longer after each, and is given up after [`DELIVERY_ATTEMPTS_MAX`] or when it is
    /// `hopeless`. The webhook is then paused, with the reason for its owner. Returns whether it was given up.
    pub async fn delivery_failed(
        &self,
        due: &DueDelivery,
        error: &str,
        hopeless: bool,
        now: Timestamp,
    ) -> Result<bool> {
        const AGAIN: &str = "UPDATE deliveries SET next_at = $3, locked_until = 0, last_error = $4 \
            WHERE id = $1 AND attempts = $2 AND state = 'waiting'";
        const GIVEN_UP: &str = "UPDATE deliveries SET state = 'failed', ended = $3, locked_until = 0, last_error = $4 \
            WHERE id = $1 AND attempts = $2 AND state = 'waiting'";
        const FAILS: &str = "UPDATE webhooks SET failures = failures + 1, last_status = $2 WHERE id = $1 AND paused IS NULL";
        const PAUSE: &str =
            "UPDATE webhooks SET paused = $2, last_status = $3 WHERE id = $1 AND paused IS NULL";
        let error = crate::collections::kept_text(error, ERROR_CHARS_MAX);
        let given_up = hopeless || due.attempts >= DELIVERY_ATTEMPTS_MAX;
        let mut tx = self.begin_write().await?;
        let (sql, at) = match given_up {
            true => (GIVEN_UP, now),
            false => (
                AGAIN,
                now.saturating_add(back_off(due.attempts))
                    .unwrap_or(Timestamp::MAX),
            ),
        };
        let done = sqlx::query(sql)
            .bind(due.id)
            .bind(i64::from(due.attempts))
            .bind(micros(at))
            .bind(error.as_str())
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query(FAILS)
            .bind(due.webhook)
            .bind(error.as_str())
            .execute(&mut *tx)
            .await?;
        if given_up {
            sqlx::query(PAUSE)
                .bind(due.webhook)
                .bind(micros(now))
                .bind(format!("paused after {} attempts: {error}", due.attempts))
                .execute(&mut *tx)
                .await?;
            forget_old(&mut tx, due.webhook).await?;
        }
        tx.commit().await?;
        Ok(given_up)
    }

    /// A webhook's deliveries, newest first.
    pub async fn deliveries_of(&self, webhook: i64, limit: u32) -> Result<Vec<Delivery>> {
        const SQL: &str = "SELECT id, state, papers, attempts, next_at, last_error, created, ended FROM deliveries \
            WHERE webhook = $1 ORDER BY id DESC LIMIT $2";
        let rows = sqlx::query(SQL)
            .bind(webhook)
            .bind(i64::from(limit))
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read).collect()
    }
}

/// Queues one delivery. Whether there was anything to tell.
async fn queue(conn: &mut AnyConnection, delivery: &NewDelivery, now: Timestamp) -> Result<bool> {
    const INSERT: &str = "INSERT INTO deliveries \
        (id, webhook, state, papers, payload, attempts, next_at, locked_until, last_error, created) \
        VALUES ($1, $2, 'waiting', $3, $4, 0, $5, 0, '', $5)";
    const PAPERS: &str = "INSERT INTO webhook_papers (webhook, paper, delivery)";
    let told = told(conn, delivery.webhook, &delivery.papers).await?;
    if !delivery.papers.is_empty() && told.len() == delivery.papers.len() {
        return Ok(false);
    }
    let id = next_number(conn, "delivery").await?;
    sqlx::query(INSERT)
        .bind(id)
        .bind(delivery.webhook)
        .bind(i64::try_from(delivery.papers.len()).unwrap_or(i64::MAX))
        .bind(delivery.payload.as_str())
        .bind(micros(now))
        .execute(&mut *conn)
        .await?;
    insert(
        conn,
        PAPERS,
        3,
        "ON CONFLICT DO NOTHING",
        &delivery.papers,
        |statement, paper| {
            statement
                .bind(delivery.webhook)
                .bind(row_of(*paper))
                .bind(id)
        },
    )
    .await?;
    Ok(true)
}

async fn told(
    conn: &mut AnyConnection,
    webhook: i64,
    papers: &[PaperId],
) -> Result<HashSet<PaperId>> {
    const SQL: &str = "SELECT paper FROM webhook_papers WHERE webhook = $1 AND paper IN ({keys})";
    let keys: Vec<i64> = papers.iter().copied().map(row_of).collect();
    let rows = fetch_in(conn, SQL, &[webhook], &keys).await?;
    rows.iter()
        .map(|row| paper_id(Columns::of(row).int()?))
        .collect()
}

async fn forget_old(conn: &mut AnyConnection, webhook: i64) -> Result<()> {
    const SQL: &str = "DELETE FROM deliveries WHERE webhook = $1 AND state <> 'waiting' AND id NOT IN \
        (SELECT id FROM deliveries WHERE webhook = $1 AND state <> 'waiting' ORDER BY id DESC LIMIT $2)";
    sqlx::query(SQL)
        .bind(webhook)
        .bind(KEPT)
        .execute(conn)
        .await?;
    Ok(())
}

/// The pause after a delivery's `attempts`-th failure.
fn back_off(attempts: u32) -> SignedDuration {
    let steps = attempts.saturating_sub(1).min(6);
    (BACK_OFF_FIRST * 4_i32.pow(steps)).min(BACK_OFF_MAX)
}

fn read(row: &AnyRow) -> Result<Delivery> {
    let mut columns = Columns::of(row);
    Ok(Delivery {
        id: columns.int()?,
        state: word(columns.text()?, DeliveryState::from_short)?,
        papers: count(columns.int()?)?,
        attempts: count(columns.int()?)?,
        next_at: moment(columns.int()?)?,
        last_error: columns.text()?.to_string(),
        created: moment(columns.int()?)?,
        ended: moments(columns.opt_int()?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_take_most_of_a_day() {
        let pauses: Vec<i64> = (1..DELIVERY_ATTEMPTS_MAX)
            .map(|n| back_off(n).as_secs())
            .collect();
        assert_eq!(pauses, [30, 120, 480, 1920, 7680, 28_800, 28_800]);
        assert_eq!(pauses.iter().sum::<i64>(), 67_830);
    }
}
