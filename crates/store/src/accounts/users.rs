//! People, by number, name, address.

use domain::account::{Role, UserId, UserName};
use domain::address::MailAddress;
use jiff::Timestamp;
use sqlx::any::{Any, AnyRow};
use sqlx::{AnyConnection, AssertSqlSafe, Transaction};

use crate::Store;
use crate::error::{Error, Result};
use crate::row::Columns;
use crate::sql::{number, total, word};
use crate::time::{micros, moment, moments};

/// A person with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their number.
    pub id: UserId,
    /// Their name.
    pub name: UserName,
    /// Their address, shown to be theirs.
    pub address: Option<MailAddress>,
    /// What they may do.
    pub role: Role,
    /// What they say of themselves, in plain text.
    pub about: String,
    /// Since when.
    pub created: Timestamp,
    /// When they were last here, to the hour.
    pub seen: Timestamp,
    /// Since when the account may not be used.
    pub locked: Option<Timestamp>,
    /// Why it is locked, in words; otherwise empty.
    pub lock_reason: String,
    /// Whether a password is set.
    pub has_password: bool,
}

/// An account to be.
#[derive(Debug, Clone)]
pub struct NewUser<'a> {
    /// Its name.
    pub name: &'a UserName,
    /// An address that was shown to be theirs.
    pub address: Option<&'a MailAddress>,
    /// The hash of a password.
    pub password: Option<&'a str>,
    /// What they may do.
    pub role: Role,
}

/// What became of an account to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Join {
    /// It is there.
    Joined(UserId),
    /// The name is somebody else's.
    NameTaken,
    /// The address is somebody's already.
    AddressTaken,
}

pub(super) const COLUMNS: &str = "id, name, address, role, about, created, seen, locked, lock_reason, \
    CASE WHEN password IS NULL THEN 0 ELSE 1 END";

/// How far apart two moments must be for the later one to be written down as "seen".
pub(super) const SEEN_STEP_MICROS: i64 = 3_600_000_000;

impl Store {
    /// Makes an account.
    pub async fn add_user(&self, new: &NewUser<'_>, now: Timestamp) -> Result<Join> {
        let mut tx = self.begin_write().await?;
        let join = insert(&mut tx, new, now).await?;
        tx.commit().await?;
        Ok(join)
    }

    /// Makes the first account of all, which is an admin's; nothing where somebody was faster.
    pub async fn add_first_admin(&self, new: &NewUser<'_>, now: Timestamp) -> Result<Option<Join>> {
        let mut tx = self.begin_write().await?;
        if number(&mut tx, "SELECT count(*) FROM users").await? > 0 {
            return Ok(None);
        }
        let admin = NewUser {
            role: Role::Admin,
            ..new.clone()
        };
        let join = insert(&mut tx, &admin, now).await?;
        tx.commit().await?;
        Ok(Some(join))
    }

    /// How many accounts there are.
    pub async fn count_users(&self) -> Result<u64> {
        let row = sqlx::query("SELECT count(*) FROM users")
            .fetch_one(self.readers())
            .await?;
        Ok(total(Columns::of(&row).int()?))
    }

    /// A person by number.
    pub async fn user(&self, id: UserId) -> Result<Option<User>> {
        let sql = format!("SELECT {COLUMNS} FROM users WHERE id = $1");
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(id.0)
            .fetch_optional(self.readers())
            .await?;
        row.as_ref().map(read_user).transpose()
    }

    /// A person by name.
    pub async fn user_named(&self, name: &UserName) -> Result<Option<User>> {
        self.user_by("name_key", &name.key()).await
    }

    /// A person by address.
    pub async fn user_at(&self, address: &MailAddress) -> Result<Option<User>> {
        self.user_by("address_key", &address.key()).await
    }

    async fn user_by(&self, column: &'static str, key: &str) -> Result<Option<User>> {
        let sql = format!("SELECT {COLUMNS} FROM users WHERE {column} = $1");
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(key.to_string())
            .fetch_optional(self.readers())
            .await?;
        row.as_ref().map(read_user).transpose()
    }

    /// The admin of the lowest number who is not locked.
    pub async fn first_admin(&self) -> Result<Option<User>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM users WHERE role = 'admin' AND locked IS NULL ORDER BY id LIMIT 1"
        );
        let row = sqlx::query(AssertSqlSafe(sql))
            .fetch_optional(self.readers())
            .await?;
        row.as_ref().map(read_user).transpose()
    }

    /// People by number after one, for pages and the command line.
    pub async fn users_after(&self, after: Option<UserId>, limit: u32) -> Result<Vec<User>> {
        let sql = format!("SELECT {COLUMNS} FROM users WHERE id > $1 ORDER BY id LIMIT $2");
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(after.map_or(0, |id| id.0))
            .bind(i64::from(limit))
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read_user).collect()
    }

    /// The hash of a person's password, if one is set.
    pub async fn password_of(&self, id: UserId) -> Result<Option<String>> {
        let row = sqlx::query("SELECT password FROM users WHERE id = $1")
            .bind(id.0)
            .fetch_optional(self.readers())
            .await?;
        row.map_or(Ok(None), |row| Columns::of(&row).opt_text())
    }

    /// Sets or removes a password, and ends every session but the one that is named.
    pub async fn set_password(
        &self,
        id: UserId,
        password: Option<&str>,
        keep_session: Option<&str>,
    ) -> Result<()> {
        let mut tx = self.begin_write().await?;
        sqlx::query("UPDATE users SET password = $2 WHERE id = $1")
            .bind(id.0)
            .bind(password)
            .execute(&mut *tx)
            .await?;
        sqlx::query("DELETE FROM sessions WHERE account = $1 AND digest <> $2")
            .bind(id.0)
            .bind(keep_session.unwrap_or_default())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Gives a person another name. `false` where somebody else has it.
    pub async fn rename_user(&self, id: UserId, name: &UserName) -> Result<bool> {
        let mut tx = self.begin_write().await?;
        if taken(&mut tx, "name_key", &name.key(), id).await? {
            return Ok(false);
        }
        sqlx::query("UPDATE users SET name = $2, name_key = $3 WHERE id = $1")
            .bind(id.0)
            .bind(name.as_str())
            .bind(name.key())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Sets an address that was shown to be theirs. `false` where it is somebody else's.
    pub async fn set_address(&self, id: UserId, address: &MailAddress) -> Result<bool> {
        let mut tx = self.begin_write().await?;
        if taken(&mut tx, "address_key", &address.key(), id).await? {
            return Ok(false);
        }
        sqlx::query("UPDATE users SET address = $2, address_key = $3 WHERE id = $1")
            .bind(id.0)
            .bind(address.as_str())
            .bind(address.key())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Sets what a person says of themselves.
    pub async fn set_about(&self, id: UserId, about: &str) -> Result<()> {
        sqlx::query("UPDATE users SET about = $2 WHERE id = $1")
            .bind(id.0)
            .bind(about.replace('\0', " "))
            .execute(self.writers())
            .await?;
        Ok(())
    }

    /// Gives a person a role. `false`, and nothing is changed, where the site would be left without an admin.
    pub async fn set_role(&self, id: UserId, role: Role) -> Result<bool> {
        let mut tx = self.begin_write().await?;
        if role != Role::Admin && is_last_admin(&mut tx, id).await? {
            return Ok(false);
        }
        sqlx::query("UPDATE users SET role = $2 WHERE id = $1")
            .bind(id.0)
            .bind(role.as_str())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Locks an account with a reason, which ends its sessions, or unlocks it. `false` where the site would be left
    /// without an admin.
    pub async fn set_locked(
        &self,
        id: UserId,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.begin_write().await?;
        if reason.is_some() {
            if is_last_admin(&mut tx, id).await? {
                return Ok(false);
            }
            sqlx::query("DELETE FROM sessions WHERE account = $1")
                .bind(id.0)
                .execute(&mut *tx)
                .await?;
        }
        sqlx::query("UPDATE users SET locked = $2, lock_reason = $3 WHERE id = $1")
            .bind(id.0)
            .bind(reason.map(|_| micros(now)))
            .bind(reason.unwrap_or_default().replace('\0', " "))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Removes an account with its sessions, tokens and links, and what it said and collected. `false`, and nothing is
    /// removed, where the site would be
    /// left without an admin while others have accounts.
    pub async fn remove_user(&self, id: UserId) -> Result<bool> {
        let mut tx = self.begin_write().await?;
        let others = number(&mut tx, "SELECT count(*) FROM users").await? > 1;
        if others && is_last_admin(&mut tx, id).await? {
            return Ok(false);
        }
        // The moment only dates the new counts of what they voted for and said.
        crate::talk::forget_talk(&mut tx, id, Timestamp::now()).await?;
        crate::claims::forget(&mut tx, id).await?;
        for sql in [
            "DELETE FROM sessions WHERE account = $1",
            "DELETE FROM tokens WHERE account = $1",
            "DELETE FROM identities WHERE account = $1",
            "DELETE FROM mailed_links WHERE account = $1",
            "DELETE FROM users WHERE id = $1",
        ] {
            sqlx::query(sql).bind(id.0).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Writes down that a person was here, at most once an hour.
    pub async fn saw_user(&self, id: UserId, now: Timestamp) -> Result<()> {
        sqlx::query("UPDATE users SET seen = $2 WHERE id = $1 AND seen < $3")
            .bind(id.0)
            .bind(micros(now))
            .bind(micros(now) - SEEN_STEP_MICROS)
            .execute(self.writers())
            .await?;
        Ok(())
    }
}

/// Inserts an account in a transaction that gives out numbers.
pub(super) async fn insert(
    tx: &mut Transaction<'static, Any>,
    new: &NewUser<'_>,
    now: Timestamp,
) -> Result<Join> {
    const INSERT: &str = "INSERT INTO users (id, name, name_key, address, address_key, password, role, about, \
        created, seen, locked, lock_reason) VALUES ($1, $2, $3, $4, $5, $6, $7, '', $8, $8, NULL, '')";
    let nobody = UserId(0);
    if taken(tx, "name_key", &new.name.key(), nobody).await? {
        return Ok(Join::NameTaken);
    }
    if let Some(address) = new.address
        && taken(tx, "address_key", &address.key(), nobody).await?
    {
        return Ok(Join::AddressTaken);
    }
    let id = next(tx, "user").await?;
    sqlx::query(INSERT)
        .bind(id)
        .bind(new.name.as_str())
        .bind(new.name.key())
        .bind(new.address.map(MailAddress::as_str))
        .bind(new.address.map(MailAddress::key))
        .bind(new.password)
        .bind(new.role.as_str())
        .bind(micros(now))
        .execute(&mut **tx)
        .await?;
    Ok(Join::Joined(UserId(id)))
}

/// The next number of a counter.
pub(super) async fn next(tx: &mut Transaction<'static, Any>, counter: &str) -> Result<i64> {
    let row = sqlx::query("UPDATE counters SET value = value + 1 WHERE name = $1 RETURNING value")
        .bind(counter.to_string())
        .fetch_one(&mut **tx)
        .await?;
    Columns::of(&row).int()
}

/// Whether somebody else than `but` has this key.
async fn taken(
    conn: &mut AnyConnection,
    column: &'static str,
    key: &str,
    but: UserId,
) -> Result<bool> {
    let sql = format!("SELECT id FROM users WHERE {column} = $1 AND id <> $2");
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(key.to_string())
        .bind(but.0)
        .fetch_optional(conn)
        .await?;
    Ok(row.is_some())
}

/// Whether nobody else is an admin who can sign in.
async fn is_last_admin(conn: &mut AnyConnection, id: UserId) -> Result<bool> {
    let rows = sqlx::query("SELECT id FROM users WHERE role = 'admin' AND locked IS NULL LIMIT 2")
        .fetch_all(conn)
        .await?;
    match rows.as_slice() {
        [only] => Ok(Columns::of(only).int()? == id.0),
        _ => Ok(false),
    }
}

pub(super) fn read_user(row: &AnyRow) -> Result<User> {
    read_columns(&mut Columns::of(row))
}

pub(super) fn read_columns(columns: &mut Columns<'_>) -> Result<User> {
    let name = |text: &str| UserName::parse(text);
    Ok(User {
        id: UserId(columns.int()?),
        name: columns.text().and_then(|text| {
            name(text).map_err(|_| Error::Damaged(format!("`{text}` is no name of a person")))
        })?,
        address: columns.opt_text()?.map(|a| read_address(&a)).transpose()?,
        role: word(columns.text()?, Role::from_short)?,
        about: columns.text()?.to_string(),
        created: moment(columns.int()?)?,
        seen: moment(columns.int()?)?,
        locked: moments(columns.opt_int()?)?,
        lock_reason: columns.text()?.to_string(),
        has_password: columns.int()? != 0,
    })
}

pub(super) fn read_address(text: &str) -> Result<MailAddress> {
    MailAddress::parse(text)
        .map_err(|_| Error::Damaged("an account holds what is no mail address".to_string()))
}
