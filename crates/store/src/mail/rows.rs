//! Rows of the tables of mail as values, and back.

use domain::address::MailAddress;
use domain::subscription::{
    Days, ReaderId, Rhythm, Schedule, Scope, State, Subscription, SubscriptionId, Wish,
};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::{Letter, LetterId, LetterKind, LetterState, Reader};
use crate::error::{Error, Result};
use crate::row::Columns;
use crate::sql::{Statement, count, number, word};
use crate::time::{day, day_number, micros, moment, moments};

/// The columns of a reader, in the order of [`read_reader`].
pub(super) const READER: &str = "r.id, r.address, r.created, r.refusals, r.complaints";

/// The columns of a subscription, in the order of [`read_subscription`] and [`bind_wish`].
pub(super) const SUBSCRIPTION: &str = "s.id, s.reader, s.state, s.created, s.next_at, s.edition, s.since, s.scope, s.scope_text, s.rhythm, \
     s.days, s.hour, s.zone, s.papers_max, s.say_nothing";

/// The columns of a letter, in the order of [`read_letter`].
pub(super) const LETTER: &str = "id, kind, reader, subscription, slot, state, found, content, composed, attempts, refusals, last_error";

pub(super) fn read_reader(columns: &mut Columns<'_>) -> Result<Reader> {
    let id = columns.int()?;
    let address = MailAddress::parse(columns.text()?)
        .map_err(|e| Error::Damaged(format!("the address of reader {id}: {e}")))?;
    Ok(Reader {
        id: ReaderId(id),
        address,
        created: moment(columns.int()?)?,
        refusals: count(columns.int()?)?,
        complaints: count(columns.int()?)?,
    })
}

pub(super) fn read_subscription(columns: &mut Columns<'_>) -> Result<Subscription> {
    let id = columns.int()?;
    let damaged = |e: &dyn std::fmt::Display| Error::Damaged(format!("subscription {id}: {e}"));
    let reader = ReaderId(columns.int()?);
    let state = word(columns.text()?, State::from_short)?;
    let created = moment(columns.int()?)?;
    let next_at = moments(columns.opt_int()?)?;
    let edition = columns.int()?;
    let since = day(columns.int()?)?;
    let kind = columns.text()?;
    let scope = Scope::of(kind, columns.text()?).map_err(|e| damaged(&e))?;
    let rhythm = word(columns.text()?, Rhythm::from_short)?;
    let small = |value: i64| u8::try_from(value).map_err(|e| damaged(&e));
    let days = Days::from_bits(small(columns.int()?)?).unwrap_or(Days::WEEKDAYS);
    let hour = small(columns.int()?)?;
    // The zone is taken as it stands: a machine that does not know the name any more must not lose the reader.
    let zone = columns.text()?.to_string();
    let papers_max = small(columns.int()?)?;
    let say_nothing = columns.int()? != 0;
    Ok(Subscription {
        id: SubscriptionId(id),
        reader,
        wish: Wish {
            scope,
            schedule: Schedule {
                rhythm,
                days,
                hour,
                zone,
            },
            papers_max,
            say_nothing,
        },
        state,
        created,
        next_at,
        edition,
        since,
    })
}

/// Binds a wish in the order `scope, scope_text, rhythm, days, hour, zone, papers_max, say_nothing`.
pub(super) fn bind_wish<'q>(statement: Statement<'q>, wish: &Wish) -> Statement<'q> {
    let schedule = &wish.schedule;
    statement
        .bind(wish.scope.kind())
        .bind(wish.scope.text())
        .bind(schedule.rhythm.as_str())
        .bind(i64::from(schedule.days.bits()))
        .bind(i64::from(schedule.hour))
        .bind(schedule.zone.clone())
        .bind(i64::from(wish.papers_max))
        .bind(i64::from(wish.say_nothing))
}

pub(super) fn read_letter(row: &AnyRow) -> Result<Letter> {
    let mut columns = Columns::of(row);
    Ok(Letter {
        id: LetterId(columns.int()?),
        kind: word(columns.text()?, LetterKind::from_short)?,
        reader: ReaderId(columns.int()?),
        subscription: columns.opt_int()?.map(SubscriptionId),
        slot: moment(columns.int()?)?,
        state: word(columns.text()?, LetterState::from_short)?,
        found: count(columns.int()?)?,
        content: columns.text()?.to_string(),
        composed: moment(columns.int()?)?,
        attempts: count(columns.int()?)?,
        refusals: count(columns.int()?)?,
        last_error: columns.text()?.to_string(),
    })
}

/// The next number of one of mail's counters. Only inside a transaction that gives out numbers.
pub(super) async fn next_number(conn: &mut AnyConnection, counter: &'static str) -> Result<i64> {
    let row = sqlx::query("UPDATE counters SET value = value + 1 WHERE name = $1 RETURNING value")
        .bind(counter)
        .fetch_one(conn)
        .await?;
    Columns::of(&row).int()
}

/// A letter to be made.
pub(super) struct NewLetter {
    pub(super) kind: LetterKind,
    pub(super) reader: ReaderId,
    pub(super) subscription: Option<SubscriptionId>,
    pub(super) unique_key: Option<String>,
    pub(super) slot: i64,
    pub(super) edition_before: i64,
    pub(super) found: u32,
    pub(super) content: String,
    pub(super) now: i64,
}

impl NewLetter {
    /// Writes it, due at once. `None` where there is one of the same key.
    pub(super) async fn insert(&self, conn: &mut AnyConnection) -> Result<Option<LetterId>> {
        const SQL: &str = "INSERT INTO letters (id, kind, reader, subscription, unique_key, slot, state, edition_before, \
            found, content, composed, due, locked_until, attempts, refusals, settled, last_error) \
            VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $7, $8, $9, $10, $11, 0, 0, 0, NULL, '') \
            ON CONFLICT (unique_key) DO NOTHING";
        let id = next_number(conn, "letter").await?;
        let done = sqlx::query(SQL)
            .bind(id)
            .bind(self.kind.as_str())
            .bind(self.reader.0)
            .bind(self.subscription.map(|id| id.0))
            .bind(self.unique_key.clone())
            .bind(self.slot)
            .bind(self.edition_before)
            .bind(i64::from(self.found))
            .bind(self.content.replace('\0', " "))
            .bind(self.now)
            .bind(self.now)
            .execute(conn)
            .await?;
        Ok((done.rows_affected() > 0).then_some(LetterId(id)))
    }
}

/// Inserts a subscription that is only asked for.
pub(super) async fn insert_pending(
    conn: &mut AnyConnection,
    reader: ReaderId,
    wish: &Wish,
    now: jiff::Timestamp,
) -> Result<SubscriptionId> {
    const SQL: &str = "INSERT INTO subscriptions (id, reader, state, created, next_at, edition, since, scope, scope_text, \
        rhythm, days, hour, zone, papers_max, say_nothing) \
        VALUES ($1, $2, 'pending', $3, NULL, -1, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let id = next_number(conn, "subscription").await?;
    let statement = sqlx::query(SQL)
        .bind(id)
        .bind(reader.0)
        .bind(micros(now))
        .bind(day_number(super::LONG_AGO));
    bind_wish(statement, wish).execute(conn).await?;
    Ok(SubscriptionId(id))
}

/// How many rows a statement without parameters counts.
pub(super) async fn counted(conn: &mut AnyConnection, sql: &'static str) -> Result<u64> {
    Ok(crate::sql::total(number(conn, sql).await?))
}
