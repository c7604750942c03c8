//! What strangers ask for over the site: a subscription, or the link to manage theirs. All of it is bounded, and the
//! caller learns only for its own measurements what became of it: the answer on the page is always the same.

use domain::address::MailAddress;
use domain::subscription::{ReaderId, State, Subscription, SubscriptionId, Wish};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use sqlx::AnyConnection;

use super::rows::{NewLetter, SUBSCRIPTION, insert_pending, next_number, read_subscription};
use super::{LONG_AGO, LetterKind, ReaderId as Id};
use crate::Store;
use crate::error::Result;
use crate::row::Columns;
use crate::time::{day_number, micros};

/// How much may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailBounds {
    /// Subscriptions of one address, those that wait for a yes not counted.
    pub subscriptions: u32,
    /// Letters that one address can be sent within a day because somebody asked for them over the site.
    pub letters_a_day: u32,
    /// The same for all addresses together, within an hour.
    pub letters_an_hour: u32,
    /// For how long a subscription that was asked for waits for its owner's yes.
    pub patience: SignedDuration,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Asked {
    /// A letter is on its way.
    Letter(LetterKind),
    /// There is nothing to manage under this address.
    Unknown,
    /// This address was sent enough letters for today.
    Enough,
    /// This address is never written to.
    Suppressed,
    /// The whole site was asked for too many letters within this hour.
    Busy,
}

pub(super) const DAY: SignedDuration = SignedDuration::from_hours(24);
pub(super) const HOUR: SignedDuration = SignedDuration::from_hours(1);

impl Store {
    /// Takes in that somebody asks for mail in the name of an address: with a wish for a new subscription, without
    /// for the link to manage those there are. At most one letter comes of it.
    pub async fn ask_for_mail(
        &self,
        address: &MailAddress,
        wish: Option<&Wish>,
        bounds: MailBounds,
        now: Timestamp,
    ) -> Result<Asked> {
        let mut tx = self.begin_write().await?;
        if is_suppressed(&mut tx, &address.key()).await? {
            return Ok(Asked::Suppressed);
        }
        if asked_since(&mut tx, before(now, HOUR)).await? >= i64::from(bounds.letters_an_hour) {
            return Ok(Asked::Busy);
        }
        let known = find_reader(&mut tx, address).await?;
        let Some(reader) = (match (known, wish) {
            (Some(reader), _) => Some(reader),
            (None, Some(_)) => Some(insert_reader(&mut tx, address, now).await?),
            (None, None) => None,
        }) else {
            return Ok(Asked::Unknown);
        };
        let theirs = subscriptions_of(&mut tx, reader).await?;
        let running = theirs.iter().filter(|s| s.state != State::Pending);
        let running = running.count();
        if wish.is_none() && running == 0 {
            return Ok(Asked::Unknown);
        }
        if !counts_one_more(&mut tx, reader, bounds.letters_a_day, now).await? {
            return Ok(Asked::Enough);
        }
        let wanted = wish.filter(|wish| {
            let has_it = |s: &Subscription| s.state != State::Pending && s.wish == **wish;
            running < bounds.subscriptions as usize && !theirs.iter().any(has_it)
        });
        let (kind, subscription) = match wanted {
            // What they have already, and what goes beyond their bound, is told where they can change it.
            None => (LetterKind::Manage, None),
            Some(wish) => {
                let pending = theirs
                    .iter()
                    .find(|s| s.state == State::Pending && s.wish == *wish);
                let id = match pending {
                    Some(pending) => {
                        // The new letter's link is good as long as any.
                        sqlx::query("UPDATE subscriptions SET created = $2 WHERE id = $1")
                            .bind(pending.id.0)
                            .bind(micros(now))
                            .execute(&mut *tx)
                            .await?;
                        pending.id
                    }
                    None => insert_pending(&mut tx, reader, wish, now).await?,
                };
                (LetterKind::Confirm, Some(id))
            }
        };
        let letter = NewLetter {
            kind,
            reader,
            subscription,
            unique_key: None,
            slot: micros(now),
            edition_before: 0,
            found: 0,
            content: String::new(),
            now: micros(now),
        };
        letter.insert(&mut tx).await?;
        tx.commit().await?;
        Ok(Asked::Letter(kind))
    }

    /// The owner of the address says yes. `None` where the subscription is gone, or was asked for too long ago. Saying
    /// yes twice changes nothing.
    pub async fn confirm_subscription(
        &self,
        id: SubscriptionId,
        patience: SignedDuration,
        next_at: Timestamp,
        since: Date,
        now: Timestamp,
    ) -> Result<Option<Subscription>> {
        const SQL: &str = "UPDATE subscriptions SET state = 'active', next_at = $2, since = $3 \
            WHERE id = $1 AND state = 'pending' AND created > $4";
        let mut tx = self.begin_write().await?;
        sqlx::query(SQL)
            .bind(id.0)
            .bind(micros(next_at))
            .bind(day_number(since))
            .bind(micros(before(now, patience)))
            .execute(&mut *tx)
            .await?;
        let found = find_subscription(&mut tx, id).await?;
        let found = found.filter(|s| s.state != State::Pending);
        if let Some(subscription) = &found {
            touch(&mut tx, subscription.reader, now).await?;
        }
        tx.commit().await?;
        Ok(found)
    }

    /// Takes in a subscription that whoever runs this vouches for: it needs no yes. `None` where the address is
    /// suppressed. The same wish twice is one subscription.
    pub async fn add_subscription(
        &self,
        address: &MailAddress,
        wish: &Wish,
        next_at: Timestamp,
        since: Date,
        now: Timestamp,
    ) -> Result<Option<SubscriptionId>> {
        const SQL: &str = "UPDATE subscriptions SET state = 'active', next_at = $2, since = $3 WHERE id = $1 AND state <> 'active'";
        let mut tx = self.begin_write().await?;
        if is_suppressed(&mut tx, &address.key()).await? {
            return Ok(None);
        }
        let reader = match find_reader(&mut tx, address).await? {
            Some(reader) => reader,
            None => insert_reader(&mut tx, address, now).await?,
        };
        let theirs = subscriptions_of(&mut tx, reader).await?;
        let id = match theirs.iter().find(|s| s.wish == *wish) {
            Some(same) => same.id,
            None => insert_pending(&mut tx, reader, wish, now).await?,
        };
        sqlx::query(SQL)
            .bind(id.0)
            .bind(micros(next_at))
            .bind(day_number(since.max(LONG_AGO)))
            .execute(&mut *tx)
            .await?;
        touch(&mut tx, reader, now).await?;
        tx.commit().await?;
        Ok(Some(id))
    }
}

pub(super) fn before(now: Timestamp, length: SignedDuration) -> Timestamp {
    now.saturating_sub(length).unwrap_or(Timestamp::MIN)
}

pub(super) async fn is_suppressed(conn: &mut AnyConnection, address_key: &str) -> Result<bool> {
    let row = sqlx::query("SELECT at FROM suppressions WHERE address_key = $1")
        .bind(address_key)
        .fetch_optional(conn)
        .await?;
    Ok(row.is_some())
}

/// How many letters were asked for over the site since a moment.
async fn asked_since(conn: &mut AnyConnection, since: Timestamp) -> Result<i64> {
    const SQL: &str =
        "SELECT count(*) FROM letters WHERE kind IN ('confirm', 'manage') AND composed > $1";
    let row = sqlx::query(SQL).bind(micros(since)).fetch_one(conn).await?;
    Columns::of(&row).int()
}

pub(super) async fn find_reader(
    conn: &mut AnyConnection,
    address: &MailAddress,
) -> Result<Option<Id>> {
    let row = sqlx::query("SELECT id FROM readers WHERE address_key = $1")
        .bind(address.key())
        .fetch_optional(conn)
        .await?;
    row.map(|row| Ok(ReaderId(Columns::of(&row).int()?)))
        .transpose()
}

pub(super) async fn insert_reader(
    conn: &mut AnyConnection,
    address: &MailAddress,
    now: Timestamp,
) -> Result<Id> {
    const SQL: &str = "INSERT INTO readers (id, address, address_key, created, asked, asked_since, refusals, refused, \
        complaints, touched) VALUES ($1, $2, $3, $4, 0, $5, 0, NULL, 0, $6)";
    let id = next_number(conn, "reader").await?;
    sqlx::query(SQL)
        .bind(id)
        .bind(address.as_str())
        .bind(address.key())
        .bind(micros(now))
        .bind(micros(now))
        .bind(micros(now))
        .execute(conn)
        .await?;
    Ok(ReaderId(id))
}

/// Counts one more letter that was asked for, if the reader's day has room for it.
async fn counts_one_more(
    conn: &mut AnyConnection,
    reader: Id,
    most: u32,
    now: Timestamp,
) -> Result<bool> {
    const FRESH: &str =
        "UPDATE readers SET asked = 0, asked_since = $2 WHERE id = $1 AND asked_since <= $3";
    const COUNT: &str =
        "UPDATE readers SET asked = asked + 1, touched = $2 WHERE id = $1 AND asked < $3";
    sqlx::query(FRESH)
        .bind(reader.0)
        .bind(micros(now))
        .bind(micros(before(now, DAY)))
        .execute(&mut *conn)
        .await?;
    let counted = sqlx::query(COUNT)
        .bind(reader.0)
        .bind(micros(now))
        .bind(i64::from(most))
        .execute(conn)
        .await?;
    Ok(counted.rows_affected() > 0)
}

pub(super) async fn touch(conn: &mut AnyConnection, reader: Id, now: Timestamp) -> Result<()> {
    sqlx::query("UPDATE readers SET touched = $2 WHERE id = $1")
        .bind(reader.0)
        .bind(micros(now))
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) async fn find_subscription(
    conn: &mut AnyConnection,
    id: SubscriptionId,
) -> Result<Option<Subscription>> {
    let sql = format!("SELECT {SUBSCRIPTION} FROM subscriptions s WHERE s.id = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(id.0)
        .fetch_optional(conn)
        .await?;
    row.map(|row| read_subscription(&mut Columns::of(&row)))
        .transpose()
}

/// A reader's subscriptions, oldest first.
pub(super) async fn subscriptions_of(
    conn: &mut AnyConnection,
    reader: Id,
) -> Result<Vec<Subscription>> {
    let sql =
        format!("SELECT {SUBSCRIPTION} FROM subscriptions s WHERE s.reader = $1 ORDER BY s.id");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(reader.0)
        .fetch_all(conn)
        .await?;
    rows.iter()
        .map(|row| read_subscription(&mut Columns::of(row)))
        .collect()
}
