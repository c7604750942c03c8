//! Notes: short letters that somebody waits for, such as an account's link. Who asks for one may be anybody, so their
//! number is bounded too, apart from what is asked for about subscriptions.

use domain::address::MailAddress;
use jiff::Timestamp;
use sqlx::AnyConnection;

use super::asking::{DAY, HOUR, before, find_reader, insert_reader, is_suppressed, touch};
use super::rows::NewLetter;
use super::{Asked, LetterKind, ReaderId};
use crate::Store;
use crate::error::Result;
use crate::row::Columns;
use crate::time::micros;

/// How many notes are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoteBounds {
    /// To one address, within a day.
    pub a_day: u32,
    /// To all addresses together, within an hour.
    pub an_hour: u32,
}

impl Store {
    /// Puts a note to an address on its way. `content` is the caller's own text, handed back with the letter; it is
    /// kept until the letter is settled and no longer. The address need not be known; no subscription comes of it.
    pub async fn queue_note(
        &self,
        address: &MailAddress,
        content: &str,
        bounds: NoteBounds,
        now: Timestamp,
    ) -> Result<Asked> {
        let mut tx = self.begin_write().await?;
        if is_suppressed(&mut tx, &address.key()).await? {
            return Ok(Asked::Suppressed);
        }
        let within_hour = notes_since(&mut tx, None, before(now, HOUR)).await?;
        if within_hour >= i64::from(bounds.an_hour) {
            return Ok(Asked::Busy);
        }
        let reader = match find_reader(&mut tx, address).await? {
            Some(reader) => reader,
            None => insert_reader(&mut tx, address, now).await?,
        };
        let within_day = notes_since(&mut tx, Some(reader), before(now, DAY)).await?;
        if within_day >= i64::from(bounds.a_day) {
            return Ok(Asked::Enough);
        }
        let letter = NewLetter {
            kind: LetterKind::Note,
            reader,
            subscription: None,
            unique_key: None,
            slot: micros(now),
            edition_before: 0,
            found: 0,
            content: content.to_string(),
            now: micros(now),
        };
        letter.insert(&mut tx).await?;
        touch(&mut tx, reader, now).await?;
        tx.commit().await?;
        Ok(Asked::Letter(LetterKind::Note))
    }
}

/// How many notes were made since a moment, for one reader or for all.
async fn notes_since(
    conn: &mut AnyConnection,
    reader: Option<ReaderId>,
    since: Timestamp,
) -> Result<i64> {
    const OF_ALL: &str = "SELECT count(*) FROM letters WHERE kind = 'note' AND composed > $1";
    const OF_ONE: &str =
        "SELECT count(*) FROM letters WHERE kind = 'note' AND composed > $1 AND reader = $2";
    let statement = match reader {
        None => sqlx::query(OF_ALL).bind(micros(since)),
        Some(reader) => sqlx::query(OF_ONE).bind(micros(since)).bind(reader.0),
    };
    Columns::of(&statement.fetch_one(conn).await?).int()
}
