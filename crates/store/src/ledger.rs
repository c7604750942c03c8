//! The completeness ledger, announcements, and how far imports have come.

use domain::ids::PaperId;
use domain::ledger::{AnnounceKind, Batch, BatchKey, BatchState, Counts};
use domain::record::Source;
use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::Store;
use crate::error::Result;
use crate::row::Columns;
use crate::sql::{self, Statement, count, paper_id, row_of, total, word};
use crate::time::{UNDATED, day, day_number, micros, moment};

/// How far an import of one file has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Fingerprint of the file's content (SHA-256, hexadecimal) or `-`-prefixed name for standard input.
    pub file: String,
    /// The file's name, for people.
    pub name: String,
    /// Records consumed so far, unreadable ones included.
    pub records: u64,
    /// Whether the end was reached.
    pub done: bool,
}

impl Store {
    /// Where an earlier import of this content stopped.
    pub async fn checkpoint(&self, file: &str) -> Result<Option<Checkpoint>> {
        let row = sqlx::query("SELECT file, name, records, done FROM checkpoints WHERE file = $1")
            .bind(file)
            .fetch_optional(self.readers())
            .await?;
        row.map(|row| {
            let mut columns = Columns::of(&row);
            Ok(Checkpoint {
                file: columns.text()?.to_string(),
                name: columns.text()?.to_string(),
                records: total(columns.int()?),
                done: columns.int()? != 0,
            })
        })
        .transpose()
    }

    /// Writes a ledger line, replacing the one of the same key.
    pub async fn put_batch(&self, batch: &Batch) -> Result<()> {
        const SQL: &str = "INSERT INTO batches (source, category, day, expected, received, stored, set_aside, \
            duplicates, state, settled, reason, attempts, checked) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
            ON CONFLICT (source, category, day) DO UPDATE SET expected = excluded.expected, \
            received = excluded.received, stored = excluded.stored, set_aside = excluded.set_aside, \
            duplicates = excluded.duplicates, state = excluded.state, settled = excluded.settled, \
            reason = excluded.reason, attempts = excluded.attempts, checked = excluded.checked";
        let counts = &batch.counts;
        bind_key(sqlx::query(SQL), &batch.key)
            .bind(counts.expected.map(i64::from))
            .bind(i64::from(counts.received))
            .bind(i64::from(counts.stored))
            .bind(i64::from(counts.set_aside))
            .bind(i64::from(counts.duplicates))
            .bind(batch.state.as_str())
            .bind(i64::from(batch.state.settled()))
            .bind(batch.reason.as_str())
            .bind(i64::from(batch.attempts))
            .bind(micros(batch.checked))
            .execute(self.writers())
            .await?;
        Ok(())
    }

    /// Notes that a source was asked again and says that nothing has changed since its newest settled line: that line
    /// was looked at now.
    pub async fn still_settled(
        &self,
        source: Source,
        category: &str,
        now: Timestamp,
    ) -> Result<()> {
        const SQL: &str = "UPDATE batches SET checked = $3 WHERE source = $1 AND category = $2 AND settled = 1 \
            AND day = (SELECT MAX(day) FROM batches b WHERE b.source = $1 AND b.category = $2)";
        sqlx::query(SQL)
            .bind(source.as_str())
            .bind(category)
            .bind(micros(now))
            .execute(self.writers())
            .await?;
        Ok(())
    }

    /// One ledger line.
    pub async fn batch(&self, key: &BatchKey) -> Result<Option<Batch>> {
        const SQL: &str = "SELECT source, category, day, expected, received, stored, set_aside, duplicates, state, \
            reason, attempts, checked FROM batches WHERE source = $1 AND category = $2 AND day = $3";
        let row = bind_key(sqlx::query(SQL), key)
            .fetch_optional(self.readers())
            .await?;
        row.as_ref().map(read_batch).transpose()
    }

    /// Ledger lines, newest day first, then source and category; `unsettled` leaves out what needs nothing.
    pub async fn batches(
        &self,
        since: Option<Date>,
        unsettled: bool,
        limit: u32,
    ) -> Result<Vec<Batch>> {
        const SQL: &str = "SELECT source, category, day, expected, received, stored, set_aside, duplicates, state, \
            reason, attempts, checked FROM batches WHERE day >= $1 AND settled <= $2 \
            ORDER BY day DESC, source, category LIMIT $3";
        let rows = sqlx::query(SQL)
            .bind(since.map_or(UNDATED, day_number))
            .bind(i64::from(!unsettled))
            .bind(i64::from(limit))
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read_batch).collect()
    }

    /// Ids announced in a batch so far, sorted.
    pub async fn announced(&self, key: &BatchKey) -> Result<Vec<(PaperId, AnnounceKind)>> {
        const SQL: &str = "SELECT paper, kind FROM announcements \
            WHERE source = $1 AND category = $2 AND day = $3 ORDER BY paper";
        let rows = bind_key(sqlx::query(SQL), key)
            .fetch_all(self.readers())
            .await?;
        rows.iter()
            .map(|row| {
                let mut columns = Columns::of(row);
                let paper = paper_id(columns.int()?)?;
                Ok((paper, word(columns.text()?, AnnounceKind::from_short)?))
            })
            .collect()
    }

    /// The day of the newest earlier batch of the same source and category with exactly these fingerprinted contents.
    pub async fn batch_with_digest(&self, key: &BatchKey, digest: &str) -> Result<Option<Date>> {
        const SQL: &str = "SELECT day FROM batch_digests \
            WHERE source = $1 AND category = $2 AND day < $3 AND digest = $4 ORDER BY day DESC LIMIT 1";
        let row = bind_key(sqlx::query(SQL), key)
            .bind(digest)
            .fetch_optional(self.readers())
            .await?;
        row.map(|row| day(Columns::of(&row).int()?)).transpose()
    }

    /// Remembers the fingerprint of a batch's ids.
    pub async fn set_batch_digest(&self, key: &BatchKey, digest: &str) -> Result<()> {
        const SQL: &str = "INSERT INTO batch_digests (source, category, day, digest) VALUES ($1, $2, $3, $4) \
            ON CONFLICT (source, category, day) DO UPDATE SET digest = excluded.digest";
        bind_key(sqlx::query(SQL), key)
            .bind(digest)
            .execute(self.writers())
            .await?;
        Ok(())
    }
}

/// Notes which papers a batch announced. The first word on a paper stands.
pub(crate) async fn announce(
    conn: &mut AnyConnection,
    key: &BatchKey,
    papers: &[(PaperId, AnnounceKind)],
) -> Result<()> {
    const HEAD: &str = "INSERT INTO announcements (source, category, day, paper, kind)";
    const TAIL: &str = "ON CONFLICT (source, category, day, paper) DO NOTHING";
    sql::insert(conn, HEAD, 5, TAIL, papers, |statement, (paper, kind)| {
        bind_key(statement, key)
            .bind(row_of(*paper))
            .bind(kind.as_str())
    })
    .await?;
    Ok(())
}

/// Notes how far an import has come.
pub(crate) async fn put_checkpoint(
    conn: &mut AnyConnection,
    checkpoint: &Checkpoint,
    now: Timestamp,
) -> Result<()> {
    const SQL: &str = "INSERT INTO checkpoints (file, name, records, done, updated) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (file) DO UPDATE SET name = excluded.name, records = excluded.records, \
        done = excluded.done, updated = excluded.updated";
    sqlx::query(SQL)
        .bind(checkpoint.file.as_str())
        .bind(checkpoint.name.as_str())
        .bind(i64::try_from(checkpoint.records).unwrap_or(i64::MAX))
        .bind(i64::from(checkpoint.done))
        .bind(micros(now))
        .execute(conn)
        .await?;
    Ok(())
}

fn bind_key<'q>(statement: Statement<'q>, key: &BatchKey) -> Statement<'q> {
    statement
        .bind(key.source.as_str())
        .bind(key.category.as_str())
        .bind(day_number(key.day))
}

fn read_batch(row: &AnyRow) -> Result<Batch> {
    let mut columns = Columns::of(row);
    Ok(Batch {
        key: BatchKey {
            source: word(columns.text()?, Source::from_short)?,
            category: columns.text()?.to_string(),
            day: day(columns.int()?)?,
        },
        counts: Counts {
            expected: columns.opt_int()?.map(count).transpose()?,
            received: count(columns.int()?)?,
            stored: count(columns.int()?)?,
            set_aside: count(columns.int()?)?,
            duplicates: count(columns.int()?)?,
        },
        state: word(columns.text()?, BatchState::from_short)?,
        reason: columns.text()?.to_string(),
        attempts: count(columns.int()?)?,
        checked: moment(columns.int()?)?,
    })
}
