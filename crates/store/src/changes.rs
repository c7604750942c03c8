//! The change sequence: every change of a paper gets the next number, and the index follows the numbers.

use domain::ids::PaperId;
use domain::paper::Paper;
use sqlx::AnyConnection;

use crate::Store;
use crate::error::Result;
use crate::papers::in_order;
use crate::row::Columns;
use crate::sql::{number, paper_id, total};

impl Store {
    /// The newest change number. Grows with every change; the index follows it.
    pub async fn seq(&self) -> Result<u64> {
        let mut conn = self.readers().acquire().await?;
        Ok(total(
            number(&mut conn, "SELECT value FROM counters WHERE name = 'seq'").await?,
        ))
    }

    /// Papers changed after `seq`, oldest change first, and papers gone since; at most `limit` changes, and the
    /// number reached. A paper stands at its newest change only.
    pub async fn changes(&self, seq: u64, limit: u32) -> Result<(Vec<Paper>, Vec<PaperId>, u64)> {
        const CHANGED: &str = "SELECT seq, id FROM papers WHERE seq > $1 ORDER BY seq LIMIT $2";
        const GONE: &str = "SELECT seq, paper FROM gone WHERE seq > $1 ORDER BY seq LIMIT $2";
        let after = i64::try_from(seq).unwrap_or(i64::MAX);
        let mut tx = self.begin_read().await?;
        let mut changes = Vec::new();
        for (sql, is_gone) in [(CHANGED, false), (GONE, true)] {
            for (seq, paper) in fetch_changes(&mut tx, sql, after, limit).await? {
                changes.push((seq, paper, is_gone));
            }
        }
        changes.sort_by_key(|(seq, _, _)| *seq);
        changes.truncate(limit as usize);
        let reached = changes.last().map_or(seq, |(seq, _, _)| total(*seq));
        let (gone, changed): (Vec<_>, Vec<_>) =
            changes.into_iter().partition(|(_, _, is_gone)| *is_gone);
        let changed: Vec<PaperId> = changed.into_iter().map(|(_, paper, _)| paper).collect();
        let papers = in_order(&mut tx, &changed).await?;
        let gone = gone.into_iter().map(|(_, paper, _)| paper).collect();
        Ok((papers, gone, reached))
    }
}

async fn fetch_changes(
    conn: &mut AnyConnection,
    sql: &'static str,
    after: i64,
    limit: u32,
) -> Result<Vec<(i64, PaperId)>> {
    let rows = sqlx::query(sql)
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await?;
    rows.iter()
        .map(|row| {
            let mut columns = Columns::of(row);
            Ok((columns.int()?, paper_id(columns.int()?)?))
        })
        .collect()
}
