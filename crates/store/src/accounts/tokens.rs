//! Personal tokens of the API.

use domain::account::{Scope, UserId};
use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::users::{COLUMNS, User, next, read_columns};
use crate::Store;
use crate::error::Result;
use crate::row::Columns;
use crate::sql::word;
use crate::time::{micros, moment, moments};

/// A token, as its owner sees it: the secret itself is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its number.
    pub id: i64,
    /// What its owner calls it.
    pub name: String,
    /// What it is good for.
    pub scope: Scope,
    /// Since when.
    pub created: Timestamp,
    /// When it was last used, to the minute.
    pub used: Option<Timestamp>,
    /// Until when it is good, if not for ever.
    pub expires: Option<Timestamp>,
}

/// Most tokens of one person.
const TOKENS_MAX: i64 = 50;
/// How far apart two uses must be for the later one to be written down.
const USED_STEP_MICROS: i64 = 60_000_000;

impl Store {
    /// Makes a token. `None` where the person has as many as may be.
    pub async fn add_token(
        &self,
        account: UserId,
        digest: &str,
        name: &str,
        scope: Scope,
        now: Timestamp,
        expires: Option<Timestamp>,
    ) -> Result<Option<i64>> {
        const INSERT: &str = "INSERT INTO tokens (id, digest, account, name, scope, created, used, expires) \
            VALUES ($1, $2, $3, $4, $5, $6, NULL, $7)";
        let mut tx = self.begin_write().await?;
        let row = sqlx::query("SELECT count(*) FROM tokens WHERE account = $1")
            .bind(account.0)
            .fetch_one(&mut *tx)
            .await?;
        if row.try_get::<i64, _>(0)? >= TOKENS_MAX {
            return Ok(None);
        }
        let id = next(&mut tx, "token").await?;
        sqlx::query(INSERT)
            .bind(id)
            .bind(digest)
            .bind(account.0)
            .bind(name.replace('\0', " "))
            .bind(scope.as_str())
            .bind(micros(now))
            .bind(expires.map(micros))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(Some(id))
    }

    /// Whose token this is, and what it is good for; `None` where it was revoked, is over, or the account is locked.
    pub async fn token_user(&self, digest: &str, now: Timestamp) -> Result<Option<(User, Scope)>> {
        let sql = format!(
            "SELECT {COLUMNS}, scope FROM users JOIN (SELECT account, scope FROM tokens WHERE digest = $1 \
             AND (expires IS NULL OR expires > $2)) t ON t.account = id WHERE locked IS NULL"
        );
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(digest)
            .bind(micros(now))
            .fetch_optional(self.readers())
            .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let mut columns = Columns::of(&row);
        let user = read_columns(&mut columns)?;
        let scope = word(columns.text()?, Scope::from_short)?;
        Ok(Some((user, scope)))
    }

    /// Writes down that a token was used, at most once a minute.
    pub async fn use_token(&self, digest: &str, now: Timestamp) -> Result<()> {
        const SQL: &str =
            "UPDATE tokens SET used = $2 WHERE digest = $1 AND (used IS NULL OR used < $3)";
        sqlx::query(SQL)
            .bind(digest)
            .bind(micros(now))
            .bind(micros(now) - USED_STEP_MICROS)
            .execute(self.writers())
            .await?;
        Ok(())
    }

    /// A person's tokens, the newest first.
    pub async fn tokens(&self, account: UserId) -> Result<Vec<Token>> {
        const SQL: &str = "SELECT id, name, scope, created, used, expires FROM tokens \
            WHERE account = $1 ORDER BY id DESC";
        let rows = sqlx::query(SQL)
            .bind(account.0)
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read_token).collect()
    }

    /// Revokes a token, if it is this person's.
    pub async fn revoke_token(&self, account: UserId, id: i64) -> Result<bool> {
        let done = sqlx::query("DELETE FROM tokens WHERE account = $1 AND id = $2")
            .bind(account.0)
            .bind(id)
            .execute(self.writers())
            .await?;
        Ok(done.rows_affected() > 0)
    }
}

fn read_token(row: &AnyRow) -> Result<Token> {
    let mut columns = Columns::of(row);
    Ok(Token {
        id: columns.int()?,
        name: columns.text()?.to_string(),
        scope: word(columns.text()?, Scope::from_short)?,
        created: moment(columns.int()?)?,
        used: moments(columns.opt_int()?)?,
        expires: moments(columns.opt_int()?)?,
    })
}
