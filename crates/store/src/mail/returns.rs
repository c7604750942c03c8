//! What comes back: refusals, bounces, complaints; and the list of addresses that are not written to.

use domain::address::MailAddress;
use domain::subscription::{ReaderId, SubscriptionId};
use jiff::{SignedDuration, Timestamp};
use sqlx::AnyConnection;

use super::asking::{find_reader, touch};
use super::{Suppression, Why};
use crate::Store;
use crate::error::Result;
use crate::row::Columns;
use crate::sql::{count, word};
use crate::time::{micros, moment};

/// After so many permanent refusals an address is not written to any more.
pub const REFUSALS_MAX: u32 = 3;
/// Refusals within this time count as one: several letters of one day meet the same full mailbox.
const APART: SignedDuration = SignedDuration::from_hours(20);
/// A refusal this long after the one before begins a new count.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(30 * 24);
/// After so many complaints an address is not written to any more.
const COMPLAINTS_MAX: i64 = 2;

/// How an address stands after a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// Permanent refusals in a row, this one included.
    pub refusals: u32,
    /// Whether the address is not written to any more.
    pub suppressed: bool,
}

impl Store {
    /// Counts a permanent refusal of a reader's address. `None` where the reader is gone.
    pub async fn count_refusal(
        &self,
        reader: ReaderId,
        note: &str,
        now: Timestamp,
    ) -> Result<Option<Refused>> {
        const READ: &str = "SELECT address_key, refusals, refused FROM readers WHERE id = $1";
        const WRITE: &str = "UPDATE readers SET refusals = $2, refused = $3 WHERE id = $1";
        let mut tx = self.begin_write().await?;
        let row = sqlx::query(READ)
            .bind(reader.0)
            .fetch_optional(&mut *tx)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let mut columns = Columns::of(&row);
        let key = columns.text()?.to_string();
        let before = count(columns.int()?)?;
        let last = columns.opt_int()?.map(moment).transpose()?;
        let since = last.map(|last| now.duration_since(last));
        let refusals = match since {
            Some(since) if since < APART && before > 0 => before,
            Some(since) if since < FORGOTTEN => before.saturating_add(1),
            _ => 1,
        };
        if refusals != before || since.is_none_or(|since| since >= APART) {
            sqlx::query(WRITE)
                .bind(reader.0)
                .bind(i64::from(refusals))
                .bind(micros(now))
                .execute(&mut *tx)
                .await?;
        }
        let suppressed = refusals >= REFUSALS_MAX;
        if suppressed {
            put_suppression(&mut tx, &key, Why::Bounce, note, now).await?;
        }
        tx.commit().await?;
        Ok(Some(Refused {
            refusals,
            suppressed,
        }))
    }

    /// A reader has called a letter of a subscription spam: that subscription ends, and others go on; after the second
    /// complaint the address is not written to any more. Returns whether that is so now; `None` where the reader is
    /// gone.
    pub async fn count_complaint(
        &self,
        reader: ReaderId,
        subscription: Option<SubscriptionId>,
        note: &str,
        now: Timestamp,
    ) -> Result<Option<bool>> {
        const COUNT: &str = "UPDATE readers SET complaints = complaints + 1, touched = $2 WHERE id = $1 \
            RETURNING address_key, complaints";
        let mut tx = self.begin_write().await?;
        let row = sqlx::query(COUNT)
            .bind(reader.0)
            .bind(micros(now))
            .fetch_optional(&mut *tx)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let mut columns = Columns::of(&row);
        let key = columns.text()?.to_string();
        let suppressed = columns.int()? >= COMPLAINTS_MAX;
        if let Some(id) = subscription {
            super::subscribers::end(&mut tx, id, now).await?;
        }
        if suppressed {
            put_suppression(&mut tx, &key, Why::Complaint, note, now).await?;
        }
        tx.commit().await?;
        Ok(Some(suppressed))
    }

    /// An address is not to be written to from now on.
    pub async fn suppress(
        &self,
        address: &MailAddress,
        why: Why,
        note: &str,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.begin_write().await?;
        put_suppression(&mut tx, &address.key(), why, note, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// An address may be written to again, and its refusals and complaints are forgotten. Whether it was suppressed.
    pub async fn unsuppress(&self, address: &MailAddress, now: Timestamp) -> Result<bool> {
        let mut tx = self.begin_write().await?;
        let gone = sqlx::query("DELETE FROM suppressions WHERE address_key = $1")
            .bind(address.key())
            .execute(&mut *tx)
            .await?;
        if let Some(reader) = find_reader(&mut tx, address).await? {
            const FORGET: &str =
                "UPDATE readers SET refusals = 0, refused = NULL, complaints = 0 WHERE id = $1";
            sqlx::query(FORGET).bind(reader.0).execute(&mut *tx).await?;
            touch(&mut tx, reader, now).await?;
        }
        tx.commit().await?;
        Ok(gone.rows_affected() > 0)
    }

    /// Why an address is not written to; `None` where it may be.
    pub async fn suppression(&self, address: &MailAddress) -> Result<Option<Suppression>> {
        const SQL: &str =
            "SELECT address_key, why, note, at FROM suppressions WHERE address_key = $1";
        let row = sqlx::query(SQL)
            .bind(address.key())
            .fetch_optional(self.readers())
            .await?;
        row.map(|row| read_suppression(&mut Columns::of(&row)))
            .transpose()
    }

    /// Addresses that are not written to, in order of address, after one.
    pub async fn suppressions(&self, after: &str, limit: u32) -> Result<Vec<Suppression>> {
        const SQL: &str = "SELECT address_key, why, note, at FROM suppressions WHERE address_key > $1 \
            ORDER BY address_key LIMIT $2";
        let rows = sqlx::query(SQL)
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(self.readers())
            .await?;
        rows.iter()
            .map(|row| read_suppression(&mut Columns::of(row)))
            .collect()
    }
}

/// The first reason stands.
async fn put_suppression(
    conn: &mut AnyConnection,
    address_key: &str,
    why: Why,
    note: &str,
    now: Timestamp,
) -> Result<()> {
    const SQL: &str = "INSERT INTO suppressions (address_key, why, note, at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (address_key) DO NOTHING";
    sqlx::query(SQL)
        .bind(address_key)
        .bind(why.as_str())
        .bind(note.replace('\0', " "))
        .bind(micros(now))
        .execute(conn)
        .await?;
    Ok(())
}

fn read_suppression(columns: &mut Columns<'_>) -> Result<Suppression> {
    Ok(Suppression {
        address_key: columns.text()?.to_string(),
        why: word(columns.text()?, Why::from_short)?,
        note: columns.text()?.to_string(),
        at: moment(columns.int()?)?,
    })
}
