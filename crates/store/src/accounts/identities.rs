//! People for whom somebody else vouches: an OpenID issuer, or a proxy in front of the site.

use domain::account::{Role, UserId, UserName};
use domain::address::MailAddress;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use super::users::{COLUMNS, Join, NewUser, User, insert, read_user};
use crate::Store;
use crate::error::{Error, Result};
use crate::time::micros;

/// How many names are tried for a newcomer whose own is taken.
const NAMES_TRIED: u32 = 100;

impl Store {
    /// The person of an identity.
    pub async fn identified(&self, issuer: &str, subject: &str) -> Result<Option<User>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM users WHERE id = \
             (SELECT account FROM identities WHERE issuer = $1 AND subject = $2)"
        );
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(issuer)
            .bind(subject)
            .fetch_optional(self.readers())
            .await?;
        row.as_ref().map(read_user).transpose()
    }

    /// The person of an identity, made now where there is none: under `name`, or `name-2` and so on where that is
    /// taken. An address is set only where it is nobody else's: an issuer's word is not enough to take over an account.
    pub async fn identify(
        &self,
        (issuer, subject): (&str, &str),
        name: &UserName,
        address: Option<&MailAddress>,
        now: Timestamp,
    ) -> Result<User> {
        const INSERT: &str =
            "INSERT INTO identities (issuer, subject, account, created) VALUES ($1, $2, $3, $4)";
        if let Some(user) = self.identified(issuer, subject).await? {
            return Ok(user);
        }
        let mut tx = self.begin_write().await?;
        // Somebody may have been faster, with the same identity in another window.
        let there =
            sqlx::query("SELECT account FROM identities WHERE issuer = $1 AND subject = $2")
                .bind(issuer)
                .bind(subject)
                .fetch_optional(&mut *tx)
                .await?;
        if there.is_none() {
            let account = join(&mut tx, name, address, now).await?;
            sqlx::query(INSERT)
                .bind(issuer)
                .bind(subject)
                .bind(account.0)
                .bind(micros(now))
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        let user = self.identified(issuer, subject).await?;
        user.ok_or_else(|| Error::Other("an account was removed while it was made".to_string()))
    }
}

async fn join(
    tx: &mut sqlx::Transaction<'static, sqlx::Any>,
    name: &UserName,
    mut address: Option<&MailAddress>,
    now: Timestamp,
) -> Result<UserId> {
    let mut tried = name.clone();
    let mut number = 1;
    while number <= NAMES_TRIED {
        let new = NewUser {
            name: &tried,
            address,
            password: None,
            role: Role::Reader,
        };
        match insert(tx, &new, now).await? {
            Join::Joined(id) => return Ok(id),
            Join::AddressTaken => address = None,
            Join::NameTaken => {
                number += 1;
                let stem: String = name.as_str().chars().take(26).collect();
                tried = UserName::parse(&format!("{stem}-{number}"))
                    .map_err(|e| Error::Other(e.to_string()))?;
            }
        }
    }
    Err(Error::Other(format!(
        "{NAMES_TRIED} people are called {name} already; choose another name with whoever vouches for you"
    )))
}
