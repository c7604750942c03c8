//! Records that could not be read, set aside with their bytes, place and reason.

use std::fmt::Write;

use domain::record::{Source, Unreadable};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::Store;
use crate::error::{Error, Result};
use crate::row::Columns;
use crate::sql::{total, word};
use crate::time::{micros, moment};

/// A record set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Number for people to name it by.
    pub id: i64,
    /// What it is and why.
    pub unreadable: Unreadable,
    /// When it was set aside.
    pub at: Timestamp,
}

impl Store {
    /// Records set aside, newest first, after (below) a number.
    pub async fn quarantine(&self, below: Option<i64>, limit: u32) -> Result<Vec<Quarantined>> {
        const SQL: &str = "SELECT id, source, format, place, reason, bytes, at FROM quarantine \
            WHERE id < $1 ORDER BY id DESC LIMIT $2";
        let rows = sqlx::query(SQL)
            .bind(below.unwrap_or(i64::MAX))
            .bind(i64::from(limit))
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read_quarantined).collect()
    }

    /// How many records are set aside, by source, with the newest moment; the most first.
    pub async fn quarantine_counts(&self) -> Result<Vec<(Source, u64, Timestamp)>> {
        const SQL: &str = "SELECT source, count(*) AS records, MAX(at) FROM quarantine \
            GROUP BY source ORDER BY records DESC, source";
        let rows = sqlx::query(SQL).fetch_all(self.readers()).await?;
        rows.iter()
            .map(|row| {
                let mut columns = Columns::of(row);
                let source = word(columns.text()?, Source::from_short)?;
                Ok((source, total(columns.int()?), moment(columns.int()?)?))
            })
            .collect()
    }

    /// One record set aside.
    pub async fn quarantined(&self, id: i64) -> Result<Option<Quarantined>> {
        const SQL: &str =
            "SELECT id, source, format, place, reason, bytes, at FROM quarantine WHERE id = $1";
        let row = sqlx::query(SQL)
            .bind(id)
            .fetch_optional(self.readers())
            .await?;
        row.as_ref().map(read_quarantined).transpose()
    }

    /// Takes a record out of quarantine, after a retry stored it. Whether it was there.
    pub async fn release(&self, id: i64) -> Result<bool> {
        let done = sqlx::query("DELETE FROM quarantine WHERE id = $1")
            .bind(id)
            .execute(self.writers())
            .await?;
        Ok(done.rows_affected() > 0)
    }
}

/// Sets records aside, numbered from after `newest` on. A record that is there already is left as it is.
/// Returns the newest number given out.
pub(crate) async fn set_aside(
    conn: &mut AnyConnection,
    unreadable: &[Unreadable],
    mut newest: i64,
    now: Timestamp,
) -> Result<i64> {
    const SQL: &str = "INSERT INTO quarantine (id, digest, source, format, place, reason, bytes, at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (digest) DO NOTHING";
    for record in unreadable {
        // PostgreSQL's texts hold no NUL.
        let clean = |text: &str| text.replace('\0', " ");
        let done = sqlx::query(SQL)
            .bind(newest + 1)
            .bind(digest(record))
            .bind(record.source.as_str())
            .bind(clean(&record.format))
            .bind(clean(&record.place))
            .bind(clean(&record.reason))
            .bind(hex(&record.bytes))
            .bind(micros(now))
            .execute(&mut *conn)
            .await?;
        if done.rows_affected() > 0 {
            newest += 1;
        }
    }
    Ok(newest)
}

/// What makes two unreadable records the same: source, place and bytes.
fn digest(record: &Unreadable) -> String {
    let mut hash = Sha256::new();
    hash.update(record.source.as_str());
    hash.update([0]);
    hash.update(&record.place);
    hash.update([0]);
    hash.update(&record.bytes);
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    rest.is_empty().then(|| bytes.collect())?
}

fn read_quarantined(row: &AnyRow) -> Result<Quarantined> {
    let mut columns = Columns::of(row);
    let id = columns.int()?;
    let unreadable = Unreadable {
        source: word(columns.text()?, Source::from_short)?,
        format: columns.text()?.to_string(),
        place: columns.text()?.to_string(),
        reason: columns.text()?.to_string(),
        bytes: unhex(columns.text()?)
            .ok_or_else(|| Error::Damaged(format!("the bytes of quarantine record {id}")))?,
    };
    Ok(Quarantined {
        id,
        unreadable,
        at: moment(columns.int()?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(unhex(&hex(&all)), Some(all));
        assert_eq!(unhex("0"), None);
        assert_eq!(unhex("0x"), None);
    }
}
