//! Runs of papers' methods: asked for, taken by a runner one after the other, ended with an outcome or a reason.
//!
//! A run goes `waiting -> running -> done | failed | cancelled`. Every step is one statement that names the state it
//! leaves, so that a cancelled run is never ended twice and two runners never take the same one.

use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::Store;
use crate::error::Result;
use crate::row::Columns;
use crate::sql::{count, number, word};
use crate::time::{micros, moment, moments};

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabState {
    /// In the queue.
    Waiting,
    /// At work.
    Running,
    /// Ended with an outcome.
    Done,
    /// Ended without one.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

impl LabState {
    const ALL: [LabState; 5] = [
        LabState::Waiting,
        LabState::Running,
        LabState::Done,
        LabState::Failed,
        LabState::Cancelled,
    ];

    /// Its name, in the database and for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            LabState::Waiting => "waiting",
            LabState::Running => "running",
            LabState::Done => "done",
            LabState::Failed => "failed",
            LabState::Cancelled => "cancelled",
        }
    }

    /// Whether nothing will change any more.
    pub fn is_over(self) -> bool {
        !matches!(self, LabState::Waiting | LabState::Running)
    }

    fn from_short(text: &str) -> Option<LabState> {
        LabState::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

/// A run.
#[derive(Debug, Clone, PartialEq)]
pub struct LabRun {
    /// Its number.
    pub id: i64,
    /// The method's short name.
    pub method: String,
    /// `tiny`, `small` or `full`.
    pub scale: String,
    /// The first seed.
    pub seed: i64,
    /// How far it is.
    pub state: LabState,
    /// When it was asked for.
    pub asked: Timestamp,
    /// When a runner took it.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Progress, in thousandths.
    pub done: u32,
    /// What it does now, or why it failed.
    pub doing: String,
    /// The lab's JSON of what came out; listings leave it out.
    pub outcome: Option<String>,
}

/// A run to be.
#[derive(Debug, Clone, Copy)]
pub struct LabOrder<'a> {
    /// The method's short name.
    pub method: &'a str,
    /// `tiny`, `small` or `full`.
    pub scale: &'a str,
    /// The first seed.
    pub seed: i64,
}

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ordered {
    /// It waits under this number.
    Taken(i64),
    /// The same run waits or runs already, under this number.
    Already(i64),
    /// The queue is as long as it may be.
    Full,
}

/// Ended runs that are kept of a method; older ones go.
const KEPT: i64 = 20;
const COLUMNS: &str = "id, method, scale, seed, state, asked, started, ended, done, doing";

impl Store {
    /// Puts a run into the queue, unless the same one is there or `waiting_max` runs wait already.
    pub async fn order_lab_run(
        &self,
        order: LabOrder<'_>,
        waiting_max: u32,
        now: Timestamp,
    ) -> Result<Ordered> {
        const SAME: &str = "SELECT id FROM lab_runs WHERE method = $1 AND scale = $2 AND seed = $3 \
            AND state IN ('waiting', 'running') ORDER BY id LIMIT 1";
        const INSERT: &str = "INSERT INTO lab_runs (id, method, scale, seed, state, asked, beat, done, doing) \
            VALUES ($1, $2, $3, $4, 'waiting', $5, 0, 0, '')";
        let mut tx = self.begin_write().await?;
        let same = sqlx::query(SAME)
            .bind(order.method)
            .bind(order.scale)
            .bind(order.seed)
            .fetch_optional(&mut *tx)
            .await?;
        if let Some(row) = same {
            return Ok(Ordered::Already(Columns::of(&row).int()?));
        }
        let waiting = number(
            &mut tx,
            "SELECT count(*) FROM lab_runs WHERE state = 'waiting'",
        );
        if waiting.await? >= i64::from(waiting_max) {
            return Ok(Ordered::Full);
        }
        let id = number(&mut tx, "SELECT value FROM counters WHERE name = 'lab-run'").await? + 1;
        sqlx::query(INSERT)
            .bind(id)
            .bind(order.method)
            .bind(order.scale)
            .bind(order.seed)
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
        sqlx::query("UPDATE counters SET value = $1 WHERE name = 'lab-run'")
            .bind(id)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(Ordered::Taken(id))
    }

    /// Takes the run that has waited longest; it is then running, here.
    pub async fn take_lab_run(&self, now: Timestamp) -> Result<Option<LabRun>> {
        const SQL: &str = "UPDATE lab_runs SET state = 'running', started = $1, beat = $1 WHERE state = 'waiting' \
            AND id = (SELECT MIN(id) FROM lab_runs WHERE state = 'waiting') \
            RETURNING id, method, scale, seed, state, asked, started, ended, done, doing";
        let row = sqlx::query(SQL)
            .bind(micros(now))
            .fetch_optional(self.writers())
            .await?;
        row.as_ref().map(read_run).transpose()
    }

    /// A runner says how far its run is, in thousandths, and that it lives. `false` when the run is no longer its own
    /// to run: cancelled, or given up as dead.
    pub async fn tell_lab_run(
        &self,
        id: i64,
        done: u32,
        doing: &str,
        now: Timestamp,
    ) -> Result<bool> {
        const SQL: &str = "UPDATE lab_runs SET beat = $2, done = $3, doing = $4 WHERE id = $1 AND state = 'running'";
        let told = sqlx::query(SQL)
            .bind(id)
            .bind(micros(now))
            .bind(i64::from(done.min(1000)))
            .bind(doing.replace('\0', " "))
            .execute(self.writers())
            .await?;
        Ok(told.rows_affected() > 0)
    }

    /// A run ends: with its outcome, or with the reason why there is none. `false` when it was over before.
    pub async fn end_lab_run(
        &self,
        id: i64,
        outcome: std::result::Result<&str, &str>,
        now: Timestamp,
    ) -> Result<bool> {
        const SQL: &str = "UPDATE lab_runs SET state = $2, ended = $3, doing = $4, outcome = $5, \
            done = CASE WHEN $2 = 'done' THEN 1000 ELSE done END WHERE id = $1 AND state = 'running'";
        const OLD: &str = "DELETE FROM lab_runs WHERE state IN ('done', 'failed', 'cancelled') \
            AND method = (SELECT method FROM lab_runs WHERE id = $1) AND id NOT IN \
            (SELECT id FROM lab_runs WHERE method = (SELECT method FROM lab_runs WHERE id = $1) \
             ORDER BY id DESC LIMIT $2)";
        let (state, doing, text) = match outcome {
            Ok(json) => (LabState::Done, "", Some(json.replace('\0', " "))),
            Err(reason) => (LabState::Failed, reason, None),
        };
        let mut tx = self.begin_write().await?;
        let ended = sqlx::query(SQL)
            .bind(id)
            .bind(state.as_str())
            .bind(micros(now))
            .bind(doing.replace('\0', " "))
            .bind(text)
            .execute(&mut *tx)
            .await?;
        sqlx::query(OLD)
            .bind(id)
            .bind(KEPT)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(ended.rows_affected() > 0)
    }

    /// Stops a run that waits or runs; its runner hears of it when it next tells. `false` when it was over.
    pub async fn cancel_lab_run(&self, id: i64, now: Timestamp) -> Result<bool> {
        const SQL: &str = "UPDATE lab_runs SET state = 'cancelled', ended = $2 \
            WHERE id = $1 AND state IN ('waiting', 'running')";
        let done = sqlx::query(SQL)
            .bind(id)
            .bind(micros(now))
            .execute(self.writers())
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Gives up runs whose runner was not heard of since `silent_since`: its server died. Returns how many.
    pub async fn give_up_lab_runs(
        &self,
        silent_since: Timestamp,
        reason: &str,
        now: Timestamp,
    ) -> Result<u64> {
        const SQL: &str = "UPDATE lab_runs SET state = 'failed', ended = $2, doing = $3 \
            WHERE state = 'running' AND beat < $1";
        let done = sqlx::query(SQL)
            .bind(micros(silent_since))
            .bind(micros(now))
            .bind(reason)
            .execute(self.writers())
            .await?;
        Ok(done.rows_affected())
    }

    /// A run with its outcome.
    pub async fn lab_run(&self, id: i64) -> Result<Option<LabRun>> {
        const SQL: &str = "SELECT id, method, scale, seed, state, asked, started, ended, done, doing, outcome \
            FROM lab_runs WHERE id = $1";
        let row = sqlx::query(SQL)
            .bind(id)
            .fetch_optional(self.readers())
            .await?;
        row.as_ref().map(read_whole).transpose()
    }

    /// The newest run of a method that ended with an outcome.
    pub async fn newest_lab_outcome(&self, method: &str) -> Result<Option<LabRun>> {
        const SQL: &str = "SELECT id, method, scale, seed, state, asked, started, ended, done, doing, outcome \
            FROM lab_runs WHERE method = $1 AND state = 'done' ORDER BY id DESC LIMIT 1";
        let row = sqlx::query(SQL)
            .bind(method)
            .fetch_optional(self.readers())
            .await?;
        row.as_ref().map(read_whole).transpose()
    }

    /// Runs without their outcomes, newest first: of one method, or of all.
    pub async fn lab_runs(&self, method: Option<&str>, limit: u32) -> Result<Vec<LabRun>> {
        let condition = match method {
            Some(_) => "method = $1",
            None => "$1 = ''",
        };
        let sql =
            format!("SELECT {COLUMNS} FROM lab_runs WHERE {condition} ORDER BY id DESC LIMIT $2");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(method.unwrap_or_default())
            .bind(i64::from(limit))
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read_run).collect()
    }

    /// How many runs wait before this one, or are at work.
    pub async fn lab_runs_before(&self, id: i64) -> Result<u32> {
        const SQL: &str =
            "SELECT count(*) FROM lab_runs WHERE id < $1 AND state IN ('waiting', 'running')";
        let row = sqlx::query(SQL).bind(id).fetch_one(self.readers()).await?;
        count(Columns::of(&row).int()?)
    }
}

fn read_run(row: &AnyRow) -> Result<LabRun> {
    read_columns(&mut Columns::of(row))
}

fn read_whole(row: &AnyRow) -> Result<LabRun> {
    let mut columns = Columns::of(row);
    let mut run = read_columns(&mut columns)?;
    run.outcome = columns.opt_text()?;
    Ok(run)
}

fn read_columns(columns: &mut Columns<'_>) -> Result<LabRun> {
    Ok(LabRun {
        id: columns.int()?,
        method: columns.text()?.to_string(),
        scale: columns.text()?.to_string(),
        seed: columns.int()?,
        state: word(columns.text()?, LabState::from_short)?,
        asked: moment(columns.int()?)?,
        started: moments(columns.opt_int()?)?,
        ended: moments(columns.opt_int()?)?,
        done: count(columns.int()?)?,
        doing: columns.text()?.to_string(),
        outcome: None,
    })
}
