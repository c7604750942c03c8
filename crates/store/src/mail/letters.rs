//! Letters: made, taken, handed over, settled. Each step is written down before it is taken.

use domain::ids::PaperId;
use domain::subscription::{Subscription, SubscriptionId};
use jiff::{SignedDuration, Timestamp};
use sqlx::{AnyConnection, AssertSqlSafe};

use super::rows::{
    LETTER, NewLetter, READER, SUBSCRIPTION, read_letter, read_reader, read_subscription,
};
use super::{Addressed, Due, Lane, Letter, LetterId, LetterKind, LetterState};
use crate::Store;
use crate::error::Result;
use crate::row::Columns;
use crate::sql::{Statement, insert, paper_id, row_of};
use crate::time::micros;

/// A digest to be made, or, without a letter, a slot to be passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// As it was when the draft was made, due.
    pub subscription: Subscription,
    /// The slot that it is for: the newest one that has passed.
    pub slot: Timestamp,
    /// When the next one is due.
    pub next_at: Timestamp,
    /// Papers up to this edition have been looked at.
    pub edition: i64,
    /// What is sent, in order.
    pub papers: Vec<PaperId>,
    /// How many papers were new, sent or not.
    pub found: u32,
    /// What the ledger said, in the caller's own text.
    pub coverage: String,
    /// Whether a letter is to be made.
    pub letter: bool,
}

impl Store {
    /// Subscriptions of which a letter is due, longest first, after one of an earlier answer. Those of suppressed
    /// addresses are left out.
    pub async fn due_subscriptions(
        &self,
        now: Timestamp,
        after: Option<(Timestamp, SubscriptionId)>,
        limit: u32,
    ) -> Result<Vec<Due>> {
        let sql = format!(
            "SELECT (SELECT count(*) FROM letters l WHERE l.subscription = s.id AND l.due IS NOT NULL), {SUBSCRIPTION} \
             FROM subscriptions s JOIN readers r ON r.id = s.reader \
             WHERE s.next_at <= $1 AND s.next_at >= $2 AND (s.next_at > $2 OR s.id > $3) AND s.state = 'active' \
             AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.address_key = r.address_key) \
             ORDER BY s.next_at, s.id LIMIT $4"
        );
        let (at, id) = after.map_or((i64::MIN, -1), |(at, id)| (micros(at), id.0));
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(micros(now))
            .bind(at)
            .bind(id)
            .bind(i64::from(limit))
            .fetch_all(self.readers())
            .await?;
        let mut due = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut columns = Columns::of(row);
            let unsent = columns.int()? > 0;
            let subscription = read_subscription(&mut columns)?;
            if let Some(slot) = subscription.next_at {
                due.push(Due {
                    subscription,
                    slot,
                    unsent,
                });
            }
        }
        Ok(due)
    }

    /// Makes letters, all in one transaction: the letter, what it holds, and the subscription moved on stand or fall
    /// together. A draft whose subscription has changed since is passed over. Returns how many letters were made.
    pub async fn compose(&self, drafts: &[Draft], now: Timestamp) -> Result<u32> {
        let mut tx = self.begin_write().await?;
        let mut made = 0;
        for draft in drafts {
            made += u32::from(compose_one(&mut tx, draft, now).await?);
        }
        tx.commit().await?;
        Ok(made)
    }

    /// Takes letters of a lane that are due, longest first, for the length of a lease.
    pub async fn take_letters(
        &self,
        lane: Lane,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<Letter>> {
        let of_lane = match lane {
            Lane::Asked => "kind <> 'digest'",
            Lane::Digests => "kind = 'digest'",
        };
        let sql = format!(
            "UPDATE letters SET locked_until = $2, attempts = attempts + 1 WHERE id IN (SELECT id FROM letters \
             WHERE due <= $1 AND {of_lane} AND locked_until <= $1 ORDER BY due, id LIMIT $3) \
             AND due <= $1 AND locked_until <= $1 RETURNING {LETTER}"
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(micros(now))
            .bind(micros(after(now, lease)))
            .bind(i64::from(limit))
            .fetch_all(self.writers())
            .await?;
        let mut letters = rows.iter().map(read_letter).collect::<Result<Vec<_>>>()?;
        letters.sort_by_key(|letter| letter.id);
        Ok(letters)
    }

    /// Everything that writing a letter needs; `None` where its reader is gone.
    pub async fn addressed(&self, letter: &Letter) -> Result<Option<Addressed>> {
        let mut conn = self.readers().acquire().await?;
        let sql = format!(
            "SELECT {READER}, (SELECT count(*) FROM suppressions x WHERE x.address_key = r.address_key) \
             FROM readers r WHERE r.id = $1"
        );
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(letter.reader.0)
            .fetch_optional(&mut *conn)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let mut columns = Columns::of(&row);
        let reader = read_reader(&mut columns)?;
        let suppressed = columns.int()? > 0;
        let subscription = match letter.subscription {
            Some(id) => super::asking::find_subscription(&mut conn, id).await?,
            None => None,
        };
        let papers = match letter.kind {
            LetterKind::Digest => papers_of(&mut conn, letter.id).await?,
            LetterKind::Confirm | LetterKind::Manage | LetterKind::Note => Vec::new(),
        };
        Ok(Some(Addressed {
            reader,
            subscription,
            suppressed,
            papers,
        }))
    }

    /// Writes down that the text of a taken letter is handed over from now on: whatever happens after this, a mail
    /// server may have it. `false` when the lease has ended, and the letter must not be handed over.
    pub async fn hand_over(
        &self,
        letter: &Letter,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<bool> {
        const SQL: &str = "UPDATE letters SET state = 'handing', locked_until = $4 \
            WHERE id = $1 AND attempts = $2 AND locked_until > $3 AND due IS NOT NULL";
        let done = of_taken(sqlx::query(SQL), letter)
            .bind(micros(now))
            .bind(micros(after(now, lease)))
            .execute(self.writers())
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// A taken letter has come to its end. What was in a digest that was not sent is new to its reader again; what a
    /// note said is forgotten, for it may have been a secret. `false` when another has taken the letter since.
    pub async fn settle(
        &self,
        letter: &Letter,
        state: LetterState,
        error: &str,
        now: Timestamp,
    ) -> Result<bool> {
        const SQL: &str = "UPDATE letters SET state = $3, due = NULL, locked_until = 0, settled = $4, last_error = $5, \
            content = CASE WHEN kind = 'note' THEN '' ELSE content END \
            WHERE id = $1 AND attempts = $2 AND due IS NOT NULL";
        let mut tx = self.begin_write().await?;
        let done = of_taken(sqlx::query(SQL), letter)
            .bind(state.as_str())
            .bind(micros(now))
            .bind(error.replace('\0', " "))
            .execute(&mut *tx)
            .await?;
        let settled = done.rows_affected() > 0;
        // One that was handed over before in vain may be with a server from then.
        if settled && state != LetterState::Sent && letter.state == LetterState::Waiting {
            give_papers_back(&mut tx, letter.id).await?;
        }
        tx.commit().await?;
        Ok(settled)
    }

    /// A taken letter was put off by the mail server, or lost on the way to it: it waits. Where the server has surely
    /// not taken its text, it is as if it had never been handed over.
    pub async fn postpone(
        &self,
        letter: &Letter,
        until: Timestamp,
        surely_not_taken: bool,
        error: &str,
    ) -> Result<bool> {
        const SQL: &str = "UPDATE letters SET due = $3, locked_until = 0, refusals = refusals + 1, last_error = $4, \
            state = CASE WHEN $5 = 1 THEN 'waiting' ELSE state END \
            WHERE id = $1 AND attempts = $2 AND due IS NOT NULL";
        let done = of_taken(sqlx::query(SQL), letter)
            .bind(micros(until))
            .bind(error.replace('\0', " "))
            // A letter that was handed over before in vain may be with a server from then.
            .bind(i64::from(
                surely_not_taken && letter.state == LetterState::Waiting,
            ))
            .execute(self.writers())
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// A taken letter was not tried at all: it is due as before.
    pub async fn give_back(&self, letter: &Letter) -> Result<()> {
        const SQL: &str = "UPDATE letters SET locked_until = 0 WHERE id = $1 AND attempts = $2 AND due IS NOT NULL";
        of_taken(sqlx::query(SQL), letter)
            .execute(self.writers())
            .await?;
        Ok(())
    }

    /// Ends every lease. Only for whoever knows that no other process is sending.
    pub async fn end_leases(&self) -> Result<()> {
        sqlx::query(
            "UPDATE letters SET locked_until = 0 WHERE due IS NOT NULL AND locked_until > 0",
        )
        .execute(self.writers())
        .await?;
        Ok(())
    }

    /// Drops the digests of a subscription that no mail server has seen, so that the next one holds what they held.
    /// `false` when one remains that a server may have, or that somebody is sending.
    pub async fn drop_unsent(&self, subscription: SubscriptionId, now: Timestamp) -> Result<bool> {
        const UNSENT: &str = "SELECT id, state, locked_until FROM letters WHERE subscription = $1 AND due IS NOT NULL AND kind = 'digest'";
        const DROP: &str = "UPDATE letters SET state = 'dropped', due = NULL, settled = $2, \
            last_error = 'the next one was due before it could be sent' WHERE id = $1";
        let mut tx = self.begin_write().await?;
        let rows = sqlx::query(UNSENT)
            .bind(subscription.0)
            .fetch_all(&mut *tx)
            .await?;
        let mut free = true;
        for row in &rows {
            let mut columns = Columns::of(row);
            let id = LetterId(columns.int()?);
            let waits = columns.text()? == LetterState::Waiting.as_str();
            if !waits || columns.int()? > micros(now) {
                free = false;
                continue;
            }
            sqlx::query(DROP)
                .bind(id.0)
                .bind(micros(now))
                .execute(&mut *tx)
                .await?;
            give_papers_back(&mut tx, id).await?;
        }
        tx.commit().await?;
        Ok(free)
    }

    /// Letters that are not settled, those due first coming first, at most `limit`.
    pub async fn unsent_letters(&self, limit: u32) -> Result<Vec<Letter>> {
        let sql =
            format!("SELECT {LETTER} FROM letters WHERE due IS NOT NULL ORDER BY due, id LIMIT $1");
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(i64::from(limit))
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read_letter).collect()
    }

    /// One letter, settled or not.
    pub async fn letter(&self, id: LetterId) -> Result<Option<Letter>> {
        let sql = format!("SELECT {LETTER} FROM letters WHERE id = $1");
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(id.0)
            .fetch_optional(self.readers())
            .await?;
        row.as_ref().map(read_letter).transpose()
    }
}

async fn compose_one(conn: &mut AnyConnection, draft: &Draft, now: Timestamp) -> Result<bool> {
    // The condition is the guard: who else has composed this slot has moved the subscription on.
    const MOVE_ON: &str = "UPDATE subscriptions SET next_at = $4, edition = $5 \
        WHERE id = $1 AND next_at = $2 AND edition = $3 AND state = 'active'";
    const HEAD: &str = "INSERT INTO sent_papers (reader, paper, letter, place)";
    const TAIL: &str = "ON CONFLICT (reader, paper) DO NOTHING";
    let subscription = &draft.subscription;
    let Some(due) = subscription.next_at else {
        return Ok(false);
    };
    let moved = sqlx::query(MOVE_ON)
        .bind(subscription.id.0)
        .bind(micros(due))
        .bind(subscription.edition)
        .bind(micros(draft.next_at))
        .bind(draft.edition)
        .execute(&mut *conn)
        .await?;
    if moved.rows_affected() == 0 || !draft.letter {
        return Ok(false);
    }
    let letter = NewLetter {
        kind: LetterKind::Digest,
        reader: subscription.reader,
        subscription: Some(subscription.id),
        unique_key: Some(format!(
            "digest {} {}",
            subscription.id.0,
            micros(draft.slot)
        )),
        slot: micros(draft.slot),
        edition_before: subscription.edition,
        found: draft.found,
        content: draft.coverage.clone(),
        now: micros(now),
    };
    let Some(letter) = letter.insert(conn).await? else {
        return Ok(false);
    };
    let placed: Vec<(i64, i64)> = (0..)
        .zip(draft.papers.iter().copied().map(row_of))
        .collect();
    insert(conn, HEAD, 4, TAIL, &placed, |statement, (place, paper)| {
        statement
            .bind(subscription.reader.0)
            .bind(*paper)
            .bind(letter.0)
            .bind(*place)
    })
    .await?;
    Ok(true)
}

/// What was in a digest that was not sent is new to its reader again.
pub(super) async fn give_papers_back(conn: &mut AnyConnection, letter: LetterId) -> Result<()> {
    const EDITION: &str = "UPDATE subscriptions SET edition = l.edition_before FROM letters l \
        WHERE l.id = $1 AND l.kind = 'digest' AND l.subscription = subscriptions.id \
        AND subscriptions.edition > l.edition_before";
    sqlx::query("DELETE FROM sent_papers WHERE letter = $1")
        .bind(letter.0)
        .execute(&mut *conn)
        .await?;
    sqlx::query(EDITION).bind(letter.0).execute(conn).await?;
    Ok(())
}

async fn papers_of(conn: &mut AnyConnection, letter: LetterId) -> Result<Vec<PaperId>> {
    let rows = sqlx::query("SELECT paper FROM sent_papers WHERE letter = $1 ORDER BY place, paper")
        .bind(letter.0)
        .fetch_all(conn)
        .await?;
    rows.iter()
        .map(|row| paper_id(Columns::of(row).int()?))
        .collect()
}

/// Binds what names a letter as its taker knows it: `$1` and `$2`.
fn of_taken<'q>(statement: Statement<'q>, letter: &Letter) -> Statement<'q> {
    statement.bind(letter.id.0).bind(i64::from(letter.attempts))
}

fn after(now: Timestamp, length: SignedDuration) -> Timestamp {
    now.saturating_add(length).unwrap_or(Timestamp::MAX)
}
