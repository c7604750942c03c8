//! Readings of signals over time.

use std::collections::HashMap;

use domain::hit::SignalHistory;
use domain::ids::PaperId;
use domain::paper::{Paper, utc_day};
use domain::signal::{Reading, Signal};
use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::Store;
use crate::error::Result;
use crate::papers::in_order;
use crate::row::Columns;
use crate::sql::{count, fetch_in, paper_id, row_of, word};
use crate::time::{UNDATED, day, day_number, micros, moment};

/// The newest successful reading of each signal: when and how much.
pub(crate) type Newest = HashMap<Signal, (i64, u32)>;

impl Store {
    /// Readings of one paper, oldest first.
    pub async fn readings(&self, paper: PaperId) -> Result<Vec<Reading>> {
        const SQL: &str =
            "SELECT paper, signal, at, value FROM readings WHERE paper = $1 ORDER BY at, signal";
        let rows = sqlx::query(SQL)
            .bind(row_of(paper))
            .fetch_all(self.readers())
            .await?;
        rows.iter()
            .map(|row| read_reading(row).map(|(_, reading)| reading))
            .collect()
    }

    /// Readings of several papers, each paper's oldest first. Papers without any are left out.
    pub async fn readings_of(&self, papers: &[PaperId]) -> Result<HashMap<PaperId, Vec<Reading>>> {
        const SQL: &str = "SELECT paper, signal, at, value FROM readings \
            WHERE paper IN ({keys}) ORDER BY paper, at, signal";
        let keys: Vec<i64> = papers.iter().copied().map(row_of).collect();
        let mut tx = self.begin_read().await?;
        let mut readings: HashMap<PaperId, Vec<Reading>> = HashMap::new();
        for row in fetch_in(&mut tx, SQL, &[], &keys).await? {
            let (paper, reading) = read_reading(&row)?;
            readings.entry(paper).or_default().push(reading);
        }
        Ok(readings)
    }

    /// Papers listed since a day whose code lies at an address that begins so, and of whose stars there is no reading,
    /// not even a failed one, since `before`: the most voted first.
    pub async fn papers_to_star(
        &self,
        since: Date,
        before: Timestamp,
        address: &str,
        limit: u32,
    ) -> Result<Vec<Paper>> {
        const SQL: &str = "SELECT id FROM papers p WHERE listed_day >= $1 \
            AND EXISTS (SELECT 1 FROM links l WHERE l.paper = p.id AND l.kind = 'code' AND l.url LIKE $2) \
            AND NOT EXISTS (SELECT 1 FROM readings r WHERE r.paper = p.id AND r.signal = 'stars' AND r.at >= $3) \
            ORDER BY votes DESC, listed_day DESC, id DESC LIMIT $4";
        let mut tx = self.begin_read().await?;
        let rows = sqlx::query(SQL)
            .bind(day_number(since))
            .bind(format!("{address}%/%"))
            .bind(micros(before))
            .bind(i64::from(limit))
            .fetch_all(&mut *tx)
            .await?;
        let ids = rows.iter().map(|row| paper_id(Columns::of(row).int()?));
        let ids = ids.collect::<Result<Vec<_>>>()?;
        in_order(&mut tx, &ids).await
    }

    /// When anything was last read successfully, not after `now`.
    pub async fn newest_reading(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        const SQL: &str =
            "SELECT at FROM readings WHERE at <= $1 AND value IS NOT NULL ORDER BY at DESC LIMIT 1";
        let row = sqlx::query(SQL)
            .bind(micros(now))
            .fetch_optional(self.readers())
            .await?;
        row.map(|row| moment(Columns::of(&row).int()?)).transpose()
    }

    /// Papers with at least one reading since `since`, newest listed first and at most `limit`, with all their
    /// readings since then and, of each signal, the last successful one before, from which a gain is counted.
    pub async fn signal_histories(
        &self,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<SignalHistory>> {
        const PAPERS: &str = "SELECT id, listed_day, categories FROM papers \
            WHERE id IN (SELECT paper FROM readings WHERE at >= $1) ORDER BY listed_day DESC, id DESC LIMIT $2";
        const SINCE: &str =
            "SELECT paper, signal, at, value FROM readings WHERE at >= $1 AND paper IN ({keys})";
        const BEFORE: &str = "SELECT r.paper, r.signal, r.at, r.value FROM readings r JOIN \
            (SELECT paper, signal, MAX(at) AS at FROM readings \
             WHERE at < $1 AND value IS NOT NULL AND paper IN ({keys}) GROUP BY paper, signal) last \
            ON r.paper = last.paper AND r.signal = last.signal AND r.at = last.at";
        let since = micros(since);
        let mut tx = self.begin_read().await?;
        let rows = sqlx::query(PAPERS)
            .bind(since)
            .bind(i64::from(limit))
            .fetch_all(&mut *tx)
            .await?;
        let papers = rows.iter().map(read_listed).collect::<Result<Vec<_>>>()?;
        let keys: Vec<i64> = papers.iter().map(|listed| row_of(listed.paper)).collect();
        let mut readings: HashMap<PaperId, Vec<Reading>> = HashMap::new();
        for sql in [BEFORE, SINCE] {
            for row in fetch_in(&mut tx, sql, &[since], &keys).await? {
                let (paper, reading) = read_reading(&row)?;
                readings.entry(paper).or_default().push(reading);
            }
        }
        let histories = papers.into_iter().filter_map(|listed| {
            let mut readings = readings.remove(&listed.paper)?;
            readings.sort_by_key(|reading| (reading.at, reading.signal));
            listed.history(readings)
        });
        Ok(histories.collect())
    }
}

/// Where a paper stands, for its history.
struct Listed {
    paper: PaperId,
    day: i64,
    field: String,
}

impl Listed {
    /// A paper without any time counts as listed on the day of its first reading.
    fn history(self, readings: Vec<Reading>) -> Option<SignalHistory> {
        let listed = match self.day {
            UNDATED => utc_day(readings.first()?.at),
            number => day(number).ok()?,
        };
        Some(SignalHistory {
            paper: self.paper,
            field: self.field,
            listed,
            readings,
        })
    }
}

fn read_listed(row: &AnyRow) -> Result<Listed> {
    let mut columns = Columns::of(row);
    Ok(Listed {
        paper: paper_id(columns.int()?)?,
        day: columns.int()?,
        field: columns
            .text()?
            .split(' ')
            .next()
            .unwrap_or_default()
            .to_string(),
    })
}

fn read_reading(row: &AnyRow) -> Result<(PaperId, Reading)> {
    let mut columns = Columns::of(row);
    let paper = paper_id(columns.int()?)?;
    let reading = Reading {
        signal: word(columns.text()?, Signal::from_short)?,
        at: moment(columns.int()?)?,
        value: columns.opt_int()?.map(count).transpose()?,
    };
    Ok((paper, reading))
}

/// The newest successful readings of papers; see [`Newest`].
pub(crate) async fn newest(
    conn: &mut AnyConnection,
    papers: &[PaperId],
) -> Result<HashMap<PaperId, Newest>> {
    const SQL: &str = "SELECT r.paper, r.signal, r.at, r.value FROM readings r JOIN \
        (SELECT paper, signal, MAX(at) AS at FROM readings \
         WHERE value IS NOT NULL AND paper IN ({keys}) GROUP BY paper, signal) last \
        ON r.paper = last.paper AND r.signal = last.signal AND r.at = last.at";
    let keys: Vec<i64> = papers.iter().copied().map(row_of).collect();
    let mut newest: HashMap<PaperId, Newest> = HashMap::new();
    for row in fetch_in(conn, SQL, &[], &keys).await? {
        let (paper, reading) = read_reading(&row)?;
        if let Some(value) = reading.value {
            let of_paper = newest.entry(paper).or_default();
            of_paper.insert(reading.signal, (micros(reading.at), value));
        }
    }
    Ok(newest)
}
