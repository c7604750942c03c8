//! Readers and their subscriptions: looked up, changed, ended, listed, and cleared away when they are gone.

use domain::address::MailAddress;
use domain::subscription::{ReaderId, State, Subscription, SubscriptionId, Wish};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use sqlx::{AnyConnection, AssertSqlSafe};

use super::asking::{find_reader, find_subscription, subscriptions_of, touch};
use super::rows::{READER, bind_wish, counted, read_reader};
use super::{LetterId, Reader, Suppression};
use crate::Store;
use crate::error::Result;
use crate::row::Columns;
use crate::time::{day_number, micros, moments};

/// For how long it is remembered what a reader who has left was sent: who comes back soon gets nothing twice.
const LEFT_REMEMBERED: SignedDuration = SignedDuration::from_hours(30 * 24);
/// For how long settled letters are kept: a bounce or a complaint may come late.
const SETTLED_KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// A reader with everything of theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriber {
    /// Who.
    pub reader: Reader,
    /// Oldest first.
    pub subscriptions: Vec<Subscription>,
    /// Why nothing is sent to them, if so.
    pub suppression: Option<Suppression>,
}

/// Numbers about mail as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailTotals {
    /// Subscriptions that letters come of.
    pub active: u64,
    /// Subscriptions that wait for their owner's yes.
    pub pending: u64,
    /// Subscriptions that are stopped for a while.
    pub paused: u64,
    /// Addresses that are not written to.
    pub suppressed: u64,
    /// Letters that are not settled.
    pub unsent: u64,
    /// Since when the oldest of them has been due.
    pub unsent_since: Option<Timestamp>,
}

impl Store {
    /// The secret that links in mails are signed with: the one that is kept, or from now on `fresh`.
    pub async fn mail_secret(&self, fresh: &str) -> Result<String> {
        const KEEP: &str = "INSERT INTO meta (name, value) VALUES ('mail-secret', $1) ON CONFLICT (name) DO NOTHING";
        if let Some(secret) = self.known_mail_secret().await? {
            return Ok(secret);
        }
        sqlx::query(KEEP)
            .bind(fresh)
            .execute(self.writers())
            .await?;
        let kept = self.known_mail_secret().await?;
        Ok(kept.unwrap_or_else(|| fresh.to_string()))
    }

    /// The secret that is kept, if mail was ever switched on.
    pub async fn known_mail_secret(&self) -> Result<Option<String>> {
        self.meta("mail-secret").await
    }

    /// A reader with everything of theirs.
    pub async fn subscriber(&self, id: ReaderId) -> Result<Option<Subscriber>> {
        let sql = format!("SELECT {READER} FROM readers r WHERE r.id = $1");
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(id.0)
            .fetch_optional(self.readers())
            .await?;
        let Some(row) = row else { return Ok(None) };
        let reader = read_reader(&mut Columns::of(&row))?;
        self.whole(reader).await.map(Some)
    }

    /// The reader of an address.
    pub async fn subscriber_at(&self, address: &MailAddress) -> Result<Option<Subscriber>> {
        let mut conn = self.readers().acquire().await?;
        let id = find_reader(&mut conn, address).await?;
        drop(conn);
        match id {
            Some(id) => self.subscriber(id).await,
            None => Ok(None),
        }
    }

    /// Readers in the order in which they came, after one.
    pub async fn subscribers(
        &self,
        after: Option<ReaderId>,
        limit: u32,
    ) -> Result<Vec<Subscriber>> {
        let sql = format!("SELECT {READER} FROM readers r WHERE r.id > $1 ORDER BY r.id LIMIT $2");
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(after.map_or(-1, |id| id.0))
            .bind(i64::from(limit))
            .fetch_all(self.readers())
            .await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            found.push(self.whole(read_reader(&mut Columns::of(row))?).await?);
        }
        Ok(found)
    }

    async fn whole(&self, reader: Reader) -> Result<Subscriber> {
        let mut conn = self.readers().acquire().await?;
        let subscriptions = subscriptions_of(&mut conn, reader.id).await?;
        drop(conn);
        Ok(Subscriber {
            subscriptions,
            suppression: self.suppression(&reader.address).await?,
            reader,
        })
    }

    /// One subscription.
    pub async fn subscription(&self, id: SubscriptionId) -> Result<Option<Subscription>> {
        let mut conn = self.readers().acquire().await?;
        find_subscription(&mut conn, id).await
    }

    /// Changes what a running or paused subscription is about and when it comes. Of another scope, papers of lists
    /// since `since` are new to it. `false` where there is none of this reader's.
    pub async fn change_subscription(
        &self,
        id: SubscriptionId,
        reader: ReaderId,
        wish: &Wish,
        next_at: Timestamp,
        since: Date,
        now: Timestamp,
    ) -> Result<bool> {
        const CHANGE: &str = "UPDATE subscriptions SET scope = $1, scope_text = $2, rhythm = $3, days = $4, hour = $5, \
            zone = $6, papers_max = $7, say_nothing = $8, next_at = CASE WHEN state = 'active' THEN $9 ELSE NULL END \
            WHERE id = $10 AND reader = $11 AND state <> 'pending'";
        const ANEW: &str = "UPDATE subscriptions SET edition = -1, since = $2 WHERE id = $1";
        let mut tx = self.begin_write().await?;
        let before = find_subscription(&mut tx, id).await?;
        let changed = bind_wish(sqlx::query(CHANGE), wish)
            .bind(micros(next_at))
            .bind(id.0)
            .bind(reader.0)
            .execute(&mut *tx)
            .await?;
        let changed = changed.rows_affected() > 0;
        if changed && before.is_some_and(|before| before.wish.scope != wish.scope) {
            sqlx::query(ANEW)
                .bind(id.0)
                .bind(day_number(since))
                .execute(&mut *tx)
                .await?;
        }
        touch(&mut tx, reader, now).await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Stops a subscription for a while, or lets it go on. What came meanwhile is not sent afterwards but for the
    /// papers of lists since `since`.
    pub async fn pause_subscription(
        &self,
        id: SubscriptionId,
        reader: ReaderId,
        next_at: Option<Timestamp>,
        since: Date,
        now: Timestamp,
    ) -> Result<bool> {
        const SQL: &str = "UPDATE subscriptions SET state = $3, next_at = $4, since = $5 \
            WHERE id = $1 AND reader = $2 AND state <> 'pending'";
        let state = match next_at {
            Some(_) => State::Active,
            None => State::Paused,
        };
        let mut tx = self.begin_write().await?;
        let done = sqlx::query(SQL)
            .bind(id.0)
            .bind(reader.0)
            .bind(state.as_str())
            .bind(next_at.map(micros))
            .bind(day_number(since))
            .execute(&mut *tx)
            .await?;
        touch(&mut tx, reader, now).await?;
        tx.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    /// Ends a subscription. Whether it was there.
    pub async fn end_subscription(&self, id: SubscriptionId, now: Timestamp) -> Result<bool> {
        let mut tx = self.begin_write().await?;
        let ended = end(&mut tx, id, now).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// Forgets a reader at once: address, subscriptions, letters and what they were sent. A suppression stays. Whether
    /// they were there.
    pub async fn forget_reader(&self, id: ReaderId) -> Result<bool> {
        let mut tx = self.begin_write().await?;
        let gone = forget(&mut tx, id).await?;
        tx.commit().await?;
        Ok(gone)
    }

    /// Clears away what nobody needs any more: requests that nobody said yes to, readers who left, old letters.
    pub async fn tidy_mail(&self, patience: SignedDuration, now: Timestamp) -> Result<()> {
        const PENDING: &str = "DELETE FROM subscriptions WHERE state = 'pending' AND created < $1";
        const LEFT: &str = "SELECT id FROM readers r WHERE r.touched < $1 AND NOT EXISTS \
            (SELECT 1 FROM subscriptions s WHERE s.reader = r.id) ORDER BY id LIMIT 1000";
        const SETTLED: &str = "DELETE FROM letters WHERE due IS NULL AND settled < $1";
        let before = |length| now.saturating_sub(length).unwrap_or(Timestamp::MIN);
        let mut tx = self.begin_write().await?;
        sqlx::query(PENDING)
            .bind(micros(before(patience)))
            .execute(&mut *tx)
            .await?;
        let left = sqlx::query(LEFT)
            .bind(micros(before(LEFT_REMEMBERED)))
            .fetch_all(&mut *tx)
            .await?;
        for row in &left {
            forget(&mut tx, ReaderId(Columns::of(row).int()?)).await?;
        }
        sqlx::query(SETTLED)
            .bind(micros(before(SETTLED_KEPT)))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Numbers about mail as a whole.
    pub async fn mail_totals(&self) -> Result<MailTotals> {
        let mut conn = self.readers().acquire().await?;
        let conn = &mut *conn;
        let oldest = sqlx::query("SELECT MIN(due) FROM letters WHERE due IS NOT NULL")
            .fetch_one(&mut *conn)
            .await?;
        Ok(MailTotals {
            active: counted(
                conn,
                "SELECT count(*) FROM subscriptions WHERE state = 'active'",
            )
            .await?,
            pending: counted(
                conn,
                "SELECT count(*) FROM subscriptions WHERE state = 'pending'",
            )
            .await?,
            paused: counted(
                conn,
                "SELECT count(*) FROM subscriptions WHERE state = 'paused'",
            )
            .await?,
            suppressed: counted(conn, "SELECT count(*) FROM suppressions").await?,
            unsent: counted(conn, "SELECT count(*) FROM letters WHERE due IS NOT NULL").await?,
            unsent_since: moments(Columns::of(&oldest).opt_int()?)?,
        })
    }
}

/// Ends a subscription, with its letters that no mail server has seen.
pub(super) async fn end(
    conn: &mut AnyConnection,
    id: SubscriptionId,
    now: Timestamp,
) -> Result<bool> {
    const UNSENT: &str = "UPDATE letters SET state = 'dropped', due = NULL, settled = $2 \
        WHERE subscription = $1 AND due IS NOT NULL AND state = 'waiting' RETURNING id";
    let Some(subscription) = find_subscription(conn, id).await? else {
        return Ok(false);
    };
    let dropped = sqlx::query(UNSENT)
        .bind(id.0)
        .bind(micros(now))
        .fetch_all(&mut *conn)
        .await?;
    for row in &dropped {
        let letter = LetterId(Columns::of(row).int()?);
        super::letters::give_papers_back(conn, letter).await?;
    }
    sqlx::query("DELETE FROM subscriptions WHERE id = $1")
        .bind(id.0)
        .execute(&mut *conn)
        .await?;
    touch(conn, subscription.reader, now).await?;
    Ok(true)
}

async fn forget(conn: &mut AnyConnection, id: ReaderId) -> Result<bool> {
    for sql in [
        "DELETE FROM sent_papers WHERE reader = $1",
        "DELETE FROM letters WHERE reader = $1",
        "DELETE FROM subscriptions WHERE reader = $1",
    ] {
        sqlx::query(sql).bind(id.0).execute(&mut *conn).await?;
    }
    let gone = sqlx::query("DELETE FROM readers WHERE id = $1")
        .bind(id.0)
        .execute(conn)
        .await?;
    Ok(gone.rows_affected() > 0)
}
