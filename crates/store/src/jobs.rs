//! Work to be done later: rows that are taken with a lease, so that a job whose taker died is taken again.
//!
//! A job is taken by one `UPDATE` that names the oldest due row and repeats the condition. Where two takers name the
//! same row, the second finds it leased and looks again; that is the same text on both engines, and enough for the
//! few jobs a minute of this product, where `SKIP LOCKED` would serve thousands a second.

use jiff::{SignedDuration, Timestamp};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::Store;
use crate::error::Result;
use crate::row::Columns;
use crate::sql::{count, number};
use crate::time::{micros, moments};

/// A job that has been taken, or waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its row.
    pub id: i64,
    /// What is to be done: a name that the caller knows.
    pub kind: String,
    /// With what: the caller's own text, mostly JSON.
    pub payload: String,
    /// When it is due; `None` after it was given up.
    pub run_at: Option<Timestamp>,
    /// How often it has been taken, this time included.
    pub attempts: u32,
    /// Why it failed last, or empty.
    pub last_error: String,
}

/// A job to come.
#[derive(Debug, Clone, Copy)]
pub struct NewJob<'a> {
    /// What is to be done.
    pub kind: &'a str,
    /// With what.
    pub payload: &'a str,
    /// Not before this moment.
    pub run_at: Timestamp,
    /// While a job of the same key waits or runs, no second one is taken in.
    pub unique_key: Option<&'a str>,
}

/// After this many attempts a job is given up; it stays for people to see.
pub const ATTEMPTS_MAX: u32 = 10;
/// The pause after the first failure; it doubles with each further one.
const BACK_OFF_FIRST: SignedDuration = SignedDuration::from_secs(30);
/// The longest pause.
const BACK_OFF_MAX: SignedDuration = SignedDuration::from_hours(6);
/// How often a taker looks again after another took the job that it had named.
const TAKE_TRIES: u32 = 8;

impl Store {
    /// Takes a job in. `false` when one of the same key is there already. One that was given up makes way.
    pub async fn enqueue(&self, job: NewJob<'_>) -> Result<bool> {
        let mut tx = self.begin_write().await?;
        let taken_in = enqueue(&mut tx, job).await?;
        tx.commit().await?;
        Ok(taken_in)
    }

    /// Takes the job that has been due longest, for the length of a lease. After that it counts as failed silently,
    /// and others may take it.
    pub async fn take_job(&self, now: Timestamp, lease: SignedDuration) -> Result<Option<Job>> {
        self.take_job_of("", now, lease).await
    }

    /// The same among the jobs of one kind; empty for all kinds.
    pub async fn take_job_of(
        &self,
        kind: &str,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<Option<Job>> {
        const OLDEST: &str = "SELECT id FROM jobs WHERE run_at <= $1 AND locked_until <= $1 \
            AND (kind = $2 OR $2 = '') ORDER BY run_at, id LIMIT 1";
        const TAKE: &str = "UPDATE jobs SET locked_until = $3, attempts = attempts + 1 \
            WHERE id = $1 AND run_at <= $2 AND locked_until <= $2 \
            RETURNING id, kind, payload, run_at, attempts, last_error";
        let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
        for _ in 0..TAKE_TRIES {
            let oldest = sqlx::query(OLDEST)
                .bind(micros(now))
                .bind(kind)
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
            if let Some(row) = taken {
                return read_job(&row).map(Some);
            }
        }
        Ok(None)
    }

    /// A taken job is done: it goes. `false` when the lease had ended and another has taken it since.
    pub async fn finish_job(&self, job: &Job) -> Result<bool> {
        let done = sqlx::query("DELETE FROM jobs WHERE id = $1 AND attempts = $2")
            .bind(job.id)
            .bind(i64::from(job.attempts))
            .execute(self.writers())
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// A taken job failed: it waits, longer after each failure, and is given up after [`ATTEMPTS_MAX`]. Returns when
    /// it is due again. `None` when it was given up, or another has taken it since.
    pub async fn fail_job(
        &self,
        job: &Job,
        error: &str,
        now: Timestamp,
    ) -> Result<Option<Timestamp>> {
        const SQL: &str = "UPDATE jobs SET run_at = $3, locked_until = 0, last_error = $4 \
            WHERE id = $1 AND attempts = $2";
        let again = (job.attempts < ATTEMPTS_MAX).then(|| {
            now.saturating_add(back_off(job.attempts))
                .unwrap_or(Timestamp::MAX)
        });
        let done = sqlx::query(SQL)
            .bind(job.id)
            .bind(i64::from(job.attempts))
            .bind(again.map(micros))
            .bind(error.replace('\0', " "))
            .execute(self.writers())
            .await?;
        Ok(again.filter(|_| done.rows_affected() > 0))
    }

    /// A job that was given up is tried again from now on, as if it were new. `false` when it is not there or was not
    /// given up.
    pub async fn retry_job(&self, id: i64, now: Timestamp) -> Result<bool> {
        const SQL: &str = "UPDATE jobs SET run_at = $2, attempts = 0, locked_until = 0 \
            WHERE id = $1 AND run_at IS NULL";
        let done = sqlx::query(SQL)
            .bind(id)
            .bind(micros(now))
            .execute(self.writers())
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Jobs that wait, run or were given up, soonest first and the given-up last.
    pub async fn jobs(&self, limit: u32) -> Result<Vec<Job>> {
        const SQL: &str = "SELECT id, kind, payload, run_at, attempts, last_error FROM jobs \
            ORDER BY CASE WHEN run_at IS NULL THEN 1 ELSE 0 END, run_at, id LIMIT $1";
        let rows = sqlx::query(SQL)
            .bind(i64::from(limit))
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read_job).collect()
    }
}

/// Takes a job in within a transaction that gives out numbers, so that what asks for it stands or falls with it.
pub(crate) async fn enqueue(tx: &mut AnyConnection, job: NewJob<'_>) -> Result<bool> {
    const GIVEN_UP: &str = "DELETE FROM jobs WHERE unique_key = $1 AND run_at IS NULL";
    const INSERT: &str = "INSERT INTO jobs (id, kind, unique_key, payload, run_at, attempts, locked_until, \
        last_error) VALUES ($1, $2, $3, $4, $5, 0, 0, '') ON CONFLICT (unique_key) DO NOTHING";
    if let Some(key) = job.unique_key {
        sqlx::query(GIVEN_UP).bind(key).execute(&mut *tx).await?;
    }
    let id = number(tx, "SELECT value FROM counters WHERE name = 'job'").await? + 1;
    let done = sqlx::query(INSERT)
        .bind(id)
        .bind(job.kind)
        .bind(job.unique_key)
        .bind(job.payload)
        .bind(micros(job.run_at))
        .execute(&mut *tx)
        .await?;
    let taken_in = done.rows_affected() > 0;
    if taken_in {
        sqlx::query("UPDATE counters SET value = $1 WHERE name = 'job'")
            .bind(id)
            .execute(tx)
            .await?;
    }
    Ok(taken_in)
}

/// The pause after a job's `attempts`-th failure.
fn back_off(attempts: u32) -> SignedDuration {
    let doublings = attempts.saturating_sub(1).min(16);
    (BACK_OFF_FIRST * 2_i32.pow(doublings)).min(BACK_OFF_MAX)
}

fn read_job(row: &AnyRow) -> Result<Job> {
    let mut columns = Columns::of(row);
    Ok(Job {
        id: columns.int()?,
        kind: columns.text()?.to_string(),
        payload: columns.text()?.to_string(),
        run_at: moments(columns.opt_int()?)?,
        attempts: count(columns.int()?)?,
        last_error: columns.text()?.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(attempts: u32, minutes_times_two: i64) {
        assert_eq!(back_off(attempts).as_secs(), minutes_times_two * 30);
    }

    #[test]
    fn pauses_double_up_to_a_bound() {
        check(1, 1);
        check(2, 2);
        check(5, 16);
        check(10, 512);
        check(11, 720);
        check(u32::MAX, 720);
    }
}
