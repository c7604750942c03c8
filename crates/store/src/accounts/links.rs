//! Links that were mailed to an address: who follows one has the mailbox. Each is good once.

use domain::account::{UserId, UserName};
use domain::address::MailAddress;
use jiff::Timestamp;
use sqlx::any::AnyRow;

use super::users::{Join, NewUser, insert, read_address};
use crate::Store;
use crate::error::{Error, Result};
use crate::row::Columns;
use crate::sql::word;
use crate::time::micros;

/// What a mailed link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPurpose {
    /// Makes an account.
    SignUp,
    /// Signs a browser in.
    SignIn,
    /// Gives an account another address.
    Address,
}

impl LinkPurpose {
    const ALL: [LinkPurpose; 3] = [
        LinkPurpose::SignUp,
        LinkPurpose::SignIn,
        LinkPurpose::Address,
    ];

    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            LinkPurpose::SignUp => "sign-up",
            LinkPurpose::SignIn => "sign-in",
            LinkPurpose::Address => "address",
        }
    }

    fn from_short(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == word)
    }
}

/// A link that was mailed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailedLink {
    /// What it is for.
    pub purpose: LinkPurpose,
    /// Whose it is; nobody's yet at a sign-up.
    pub account: Option<UserId>,
    /// Where it was mailed to.
    pub address: MailAddress,
    /// Of a sign-up: the name wished for.
    pub name: Option<UserName>,
    /// Of a sign-up: the hash of the password, if one was chosen.
    pub password: Option<String>,
}

impl Store {
    /// Keeps a link that is about to be mailed. `false`, and nothing is kept, where `at_most` have gone to this address
    /// since `since` already: nobody's mailbox is filled by strangers.
    pub async fn keep_link(
        &self,
        digest: &str,
        link: &MailedLink,
        (now, expires): (Timestamp, Timestamp),
        (since, at_most): (Timestamp, u32),
    ) -> Result<bool> {
        const COUNT: &str =
            "SELECT count(*) FROM mailed_links WHERE address_key = $1 AND created > $2";
        const INSERT: &str = "INSERT INTO mailed_links \
            (digest, purpose, account, address, address_key, name, password, created, expires) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let mut tx = self.begin_write().await?;
        let row = sqlx::query(COUNT)
            .bind(link.address.key())
            .bind(micros(since))
            .fetch_one(&mut *tx)
            .await?;
        if Columns::of(&row).int()? >= i64::from(at_most) {
            return Ok(false);
        }
        sqlx::query(INSERT)
            .bind(digest)
            .bind(link.purpose.as_str())
            .bind(link.account.map(|id| id.0))
            .bind(link.address.as_str())
            .bind(link.address.key())
            .bind(link.name.as_ref().map_or("", UserName::as_str))
            .bind(link.password.as_deref())
            .bind(micros(now))
            .bind(micros(expires))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// A link, without using it up.
    pub async fn link(&self, digest: &str, now: Timestamp) -> Result<Option<MailedLink>> {
        const SQL: &str = "SELECT purpose, account, address, name, password FROM mailed_links \
            WHERE digest = $1 AND expires > $2";
        let row = sqlx::query(SQL)
            .bind(digest)
            .bind(micros(now))
            .fetch_optional(self.readers())
            .await?;
        row.as_ref().map(read_link).transpose()
    }

    /// Uses a link up: of two who follow it at the same time, one gets it.
    pub async fn take_link(&self, digest: &str, now: Timestamp) -> Result<Option<MailedLink>> {
        const SQL: &str = "DELETE FROM mailed_links WHERE digest = $1 AND expires > $2 \
            RETURNING purpose, account, address, name, password";
        let row = sqlx::query(SQL)
            .bind(digest)
            .bind(micros(now))
            .fetch_optional(self.writers())
            .await?;
        row.as_ref().map(read_link).transpose()
    }

    /// Makes the account of a sign-up's link and uses the link up, both or neither; `None` where the link is no more.
    /// Where the name was taken meanwhile the link stays good, for another name.
    pub async fn join_by_link(
        &self,
        digest: &str,
        name: &UserName,
        role: domain::account::Role,
        now: Timestamp,
    ) -> Result<Option<Join>> {
        const TAKE: &str = "DELETE FROM mailed_links WHERE digest = $1 AND expires > $2 AND purpose = 'sign-up' \
            RETURNING purpose, account, address, name, password";
        let mut tx = self.begin_write().await?;
        let row = sqlx::query(TAKE)
            .bind(digest)
            .bind(micros(now))
            .fetch_optional(&mut *tx)
            .await?;
        let Some(link) = row.as_ref().map(read_link).transpose()? else {
            return Ok(None);
        };
        let new = NewUser {
            name,
            address: Some(&link.address),
            password: link.password.as_deref(),
            role,
        };
        let join = insert(&mut tx, &new, now).await?;
        // What was taken is put back with the transaction where the name was somebody's.
        if join != Join::NameTaken {
            tx.commit().await?;
        }
        Ok(Some(join))
    }
}

fn read_link(row: &AnyRow) -> Result<MailedLink> {
    let mut columns = Columns::of(row);
    let purpose = word(columns.text()?, LinkPurpose::from_short)?;
    let account = columns.opt_int()?.map(UserId);
    let address = read_address(columns.text()?)?;
    let name = match columns.text()? {
        "" => None,
        text => Some(
            UserName::parse(text)
                .map_err(|_| Error::Damaged(format!("`{text}` is no name of a person")))?,
        ),
    };
    Ok(MailedLink {
        purpose,
        account,
        address,
        name,
        password: columns.opt_text()?,
    })
}
