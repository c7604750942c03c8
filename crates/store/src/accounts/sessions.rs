//! Signed-in browsers.

use domain::account::UserId;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::users::{COLUMNS, SEEN_STEP_MICROS, User, read_user};
use crate::Store;
use crate::error::Result;
use crate::row::Columns;
use crate::time::{micros, moment};

/// A signed-in browser, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The digest of its cookie.
    pub digest: String,
    /// Since when.
    pub created: Timestamp,
    /// When it was last used, to the hour.
    pub seen: Timestamp,
    /// Until when it is good.
    pub expires: Timestamp,
    /// What the browser called itself.
    pub agent: String,
}

/// Most sessions of one person; the oldest go.
const SESSIONS_MAX: i64 = 50;
/// Longest name of a browser that is kept, in characters.
const AGENT_CHARS: usize = 200;

impl Store {
    /// Signs a browser in.
    pub async fn open_session(
        &self,
        account: UserId,
        digest: &str,
        agent: &str,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<()> {
        const INSERT: &str = "INSERT INTO sessions (digest, account, created, seen, expires, agent) \
            VALUES ($1, $2, $3, $3, $4, $5)";
        const TOO_MANY: &str = "DELETE FROM sessions WHERE account = $1 AND digest NOT IN \
            (SELECT digest FROM sessions WHERE account = $1 ORDER BY created DESC, digest LIMIT $2)";
        let agent: String = agent
            .chars()
            .filter(|c| !c.is_control())
            .take(AGENT_CHARS)
            .collect();
        let mut tx = self.begin_write().await?;
        sqlx::query(INSERT)
            .bind(digest)
            .bind(account.0)
            .bind(micros(now))
            .bind(micros(expires))
            .bind(agent)
            .execute(&mut *tx)
            .await?;
        sqlx::query(TOO_MANY)
            .bind(account.0)
            .bind(SESSIONS_MAX)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Whose browser this is; `None` where the session is over, or the account locked.
    pub async fn session_user(&self, digest: &str, now: Timestamp) -> Result<Option<User>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM users WHERE locked IS NULL AND id = \
             (SELECT account FROM sessions WHERE digest = $1 AND expires > $2)"
        );
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(digest)
            .bind(micros(now))
            .fetch_optional(self.readers())
            .await?;
        row.as_ref().map(read_user).transpose()
    }

    /// Writes down that a session is in use and moves its end, at most once an hour.
    pub async fn use_session(
        &self,
        digest: &str,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<()> {
        const SQL: &str =
            "UPDATE sessions SET seen = $2, expires = $3 WHERE digest = $1 AND seen < $4";
        sqlx::query(SQL)
            .bind(digest)
            .bind(micros(now))
            .bind(micros(expires))
            .bind(micros(now) - SEEN_STEP_MICROS)
            .execute(self.writers())
            .await?;
        Ok(())
    }

    /// A person's sessions, the newest first.
    pub async fn sessions(&self, account: UserId, now: Timestamp) -> Result<Vec<Session>> {
        const SQL: &str = "SELECT digest, created, seen, expires, agent FROM sessions \
            WHERE account = $1 AND expires > $2 ORDER BY created DESC, digest";
        let rows = sqlx::query(SQL)
            .bind(account.0)
            .bind(micros(now))
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read_session).collect()
    }

    /// Signs a browser out: the one of this digest, if it is this person's.
    pub async fn close_session(&self, account: UserId, digest: &str) -> Result<bool> {
        let done = sqlx::query("DELETE FROM sessions WHERE account = $1 AND digest = $2")
            .bind(account.0)
            .bind(digest)
            .execute(self.writers())
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Signs all browsers of a person out but one.
    pub async fn close_other_sessions(&self, account: UserId, keep: &str) -> Result<u64> {
        let done = sqlx::query("DELETE FROM sessions WHERE account = $1 AND digest <> $2")
            .bind(account.0)
            .bind(keep)
            .execute(self.writers())
            .await?;
        Ok(done.rows_affected())
    }

    /// Removes sessions, mailed links and tokens whose time is over. Returns how many.
    pub async fn sweep_accounts(&self, now: Timestamp) -> Result<u64> {
        let mut gone = 0;
        for sql in [
            "DELETE FROM sessions WHERE expires <= $1",
            "DELETE FROM mailed_links WHERE expires <= $1",
            "DELETE FROM tokens WHERE expires IS NOT NULL AND expires <= $1",
        ] {
            let done = sqlx::query(sql)
                .bind(micros(now))
                .execute(self.writers())
                .await?;
            gone += done.rows_affected();
        }
        Ok(gone)
    }
}

fn read_session(row: &AnyRow) -> Result<Session> {
    let mut columns = Columns::of(row);
    Ok(Session {
        digest: columns.text()?.to_string(),
        created: moment(columns.int()?)?,
        seen: moment(columns.int()?)?,
        expires: moment(columns.int()?)?,
        agent: columns.text()?.to_string(),
    })
}
