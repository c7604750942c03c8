//! Papers that people ask for: each asked for once, some a day, and with an answer in words.
//!
//! A submission goes `waiting -> taken | refused`; one whose paper is here, or that came with all that is needed, is
//! taken at once. What must be fetched waits as a job.

use domain::account::UserId;
use domain::ids::{ExternalId, PaperId};
use jiff::{SignedDuration, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::Store;
use crate::collections::kept_text;
use crate::error::Result;
use crate::jobs::{NewJob, enqueue};
use crate::row::{Columns, external_text, read_external};
use crate::sql::{next_number, paper_id, row_of, word};
use crate::time::{micros, moment, moments};

/// Longest text of what was typed that is kept, in characters.
const TYPED_CHARS_MAX: usize = 500;
/// Longest answer, in characters.
const REASON_CHARS_MAX: usize = 500;

/// How a submission stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubmissionState {
    /// To be fetched.
    Waiting,
    /// The paper is here.
    Taken,
    /// It will not be.
    Refused,
}

impl SubmissionState {
    const ALL: [SubmissionState; 3] = [
        SubmissionState::Waiting,
        SubmissionState::Taken,
        SubmissionState::Refused,
    ];

    /// The word in the database and for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            SubmissionState::Waiting => "waiting",
            SubmissionState::Taken => "taken",
            SubmissionState::Refused => "refused",
        }
    }

    fn from_short(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }
}

/// A submission to be taken in.
#[derive(Debug, Clone, Copy)]
pub struct SubmissionOrder<'a> {
    /// Who asks.
    pub account: UserId,
    /// What was typed.
    pub typed: &'a str,
    /// The id that was read from it.
    pub external: &'a ExternalId,
    /// The job that fetches it, of kind [`Submission::JOB`]; `false` where the paper is taken in by the caller at once.
    pub fetch: bool,
    /// Most submissions of one person within 24 hours.
    pub per_day: u32,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Submitted {
    /// Taken in, under this number.
    Taken(i64),
    /// The paper is here already; nothing was counted.
    Here(PaperId),
    /// Somebody has submitted it, and it waits.
    Waits(i64),
    /// The person has submitted as many within 24 hours as they may.
    TooMany,
}

/// A submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Its number.
    pub id: i64,
    /// Who asked.
    pub account: UserId,
    /// What was typed.
    pub typed: String,
    /// The id that was read from it.
    pub external: ExternalId,
    /// The paper, once it is here.
    pub paper: Option<PaperId>,
    /// How it stands.
    pub state: SubmissionState,
    /// Why it was refused, or what it waits for.
    pub reason: String,
    /// When it came.
    pub at: Timestamp,
    /// When it was taken or refused.
    pub ended: Option<Timestamp>,
}

impl Submission {
    /// The kind of the jobs that fetch submitted papers; the payload is the submission's number.
    pub const JOB: &'static str = "submission";
}

const SELECT: &str =
    "SELECT id, account, typed, external, paper, state, reason, at, ended FROM submissions";

impl Store {
    /// Takes a submission in, unless the paper is here, is waited for already, or the person's day is full.
    pub async fn submit(&self, order: SubmissionOrder<'_>, now: Timestamp) -> Result<Submitted> {
        const INSERT: &str = "INSERT INTO submissions (id, account, typed, external, state, reason, at) \
            VALUES ($1, $2, $3, $4, 'waiting', '', $5)";
        const WAITS: &str = "SELECT id FROM submissions WHERE external = $1 AND state = 'waiting' ORDER BY id LIMIT 1";
        let external = external_text(order.external);
        let mut tx = self.begin_write().await?;
        if let Some(paper) = find(&mut tx, &external).await? {
            return Ok(Submitted::Here(paper));
        }
        let waits = sqlx::query(WAITS)
            .bind(external.as_str())
            .fetch_optional(&mut *tx)
            .await?;
        if let Some(row) = waits {
            return Ok(Submitted::Waits(Columns::of(&row).int()?));
        }
        let day = now - SignedDuration::from_hours(24);
        if submitted_since(&mut tx, order.account, day).await? >= i64::from(order.per_day) {
            return Ok(Submitted::TooMany);
        }
        let id = next_number(&mut tx, "submission").await?;
        sqlx::query(INSERT)
            .bind(id)
            .bind(order.account.0)
            .bind(kept_text(order.typed, TYPED_CHARS_MAX))
            .bind(external)
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
        if order.fetch {
            let job = NewJob {
                kind: Submission::JOB,
                payload: &id.to_string(),
                run_at: now,
                unique_key: Some(&format!("submission:{id}")),
            };
            enqueue(&mut tx, job).await?;
        }
        tx.commit().await?;
        Ok(Submitted::Taken(id))
    }

    /// A submission that waits is over: its paper is here, or it will not be, and why. `false` when it was over before.
    pub async fn settle_submission(
        &self,
        id: i64,
        outcome: std::result::Result<PaperId, &str>,
        now: Timestamp,
    ) -> Result<bool> {
        const SQL: &str = "UPDATE submissions SET state = $2, paper = $3, reason = $4, ended = $5 \
            WHERE id = $1 AND state = 'waiting'";
        let (state, paper, reason) = match outcome {
            Ok(paper) => (SubmissionState::Taken, Some(row_of(paper)), String::new()),
            Err(reason) => (
                SubmissionState::Refused,
                None,
                kept_text(reason, REASON_CHARS_MAX),
            ),
        };
        let done = sqlx::query(SQL)
            .bind(id)
            .bind(state.as_str())
            .bind(paper)
            .bind(reason)
            .bind(micros(now))
            .execute(self.writers())
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Says what a submission waits for.
    pub async fn explain_submission(&self, id: i64, reason: &str) -> Result<()> {
        sqlx::query("UPDATE submissions SET reason = $2 WHERE id = $1 AND state = 'waiting'")
            .bind(id)
            .bind(kept_text(reason, REASON_CHARS_MAX))
            .execute(self.writers())
            .await?;
        Ok(())
    }

    /// One submission.
    pub async fn submission(&self, id: i64) -> Result<Option<Submission>> {
        let sql = format!("{SELECT} WHERE id = $1");
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(id)
            .fetch_optional(self.readers())
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// A person's submissions, newest first.
    pub async fn submissions_of(&self, account: UserId, limit: u32) -> Result<Vec<Submission>> {
        let sql = format!("{SELECT} WHERE account = $1 ORDER BY id DESC LIMIT $2");
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(account.0)
            .bind(i64::from(limit))
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read).collect()
    }

    /// How many papers a person has submitted since a moment.
    pub async fn submissions_since(&self, account: UserId, since: Timestamp) -> Result<u32> {
        let mut conn = self.readers().acquire().await?;
        crate::sql::count(submitted_since(&mut conn, account, since).await?)
    }
}

async fn find(conn: &mut AnyConnection, external: &str) -> Result<Option<PaperId>> {
    let row = sqlx::query("SELECT paper FROM paper_ids WHERE external = $1")
        .bind(external)
        .fetch_optional(conn)
        .await?;
    row.map(|row| paper_id(Columns::of(&row).int()?))
        .transpose()
}

async fn submitted_since(
    conn: &mut AnyConnection,
    account: UserId,
    since: Timestamp,
) -> Result<i64> {
    let row = sqlx::query("SELECT count(*) FROM submissions WHERE account = $1 AND at > $2")
        .bind(account.0)
        .bind(micros(since))
        .fetch_one(conn)
        .await?;
    Columns::of(&row).int()
}

fn read(row: &AnyRow) -> Result<Submission> {
    let mut columns = Columns::of(row);
    Ok(Submission {
        id: columns.int()?,
        account: UserId(columns.int()?),
        typed: columns.text()?.to_string(),
        external: read_external(columns.text()?)?,
        paper: columns.opt_int()?.map(paper_id).transpose()?,
        state: word(columns.text()?, SubmissionState::from_short)?,
        reason: columns.text()?.to_string(),
        at: moment(columns.int()?)?,
        ended: moments(columns.opt_int()?)?,
    })
}
