//! Checks of the database's own consistency, for `doctor` and the tests.

use std::collections::BTreeSet;

use sqlx::{AnyConnection, AssertSqlSafe, Row};

use crate::Store;
use crate::engine::Engine;
use crate::error::Result;
use crate::papers;
use crate::row::Columns;
use crate::sql::{number, row_of};

/// What must never be: a count of rows that must be 0, and what they are.
const NEVER: [(&str, &str); 10] = [
    (
        "SELECT count(*) FROM papers p WHERE NOT EXISTS (SELECT 1 FROM paper_ids i WHERE i.paper = p.id)",
        "papers have no id",
    ),
    (
        "SELECT count(*) FROM papers p WHERE NOT EXISTS (SELECT 1 FROM provenance o WHERE o.paper = p.id)",
        "papers have no source",
    ),
    (
        "SELECT count(*) FROM list_entries e LEFT JOIN papers p ON p.id = e.paper WHERE p.id IS NULL \
         OR p.listed_day <> e.listed_day OR p.votes <> e.votes OR p.evidence <> e.evidence OR p.id_order <> e.id_order",
        "entries of lists disagree with their paper",
    ),
    (
        "SELECT count(*) FROM closed_entries e LEFT JOIN papers p ON p.id = e.paper WHERE p.id IS NULL",
        "entries of closed lists name papers that are not there",
    ),
    (
        "SELECT count(*) FROM closed_entries e WHERE NOT EXISTS (SELECT 1 FROM closed_windows w \
         WHERE w.kind = e.kind AND w.first_day = e.first_day)",
        "entries stand in lists that are not closed",
    ),
    (
        "SELECT count(*) FROM gone g JOIN papers p ON p.id = g.paper",
        "papers are both here and gone",
    ),
    (
        "SELECT count(*) FROM papers WHERE id > (SELECT value FROM counters WHERE name = 'paper')",
        "papers have rows that were never given out",
    ),
    (
        "SELECT count(*) FROM papers WHERE seq > (SELECT value FROM counters WHERE name = 'seq')",
        "papers have change numbers that were never given out",
    ),
    (
        "SELECT count(*) FROM quarantine WHERE id > (SELECT value FROM counters WHERE name = 'quarantine')",
        "quarantined records have numbers that were never given out",
    ),
    (
        "SELECT count(*) FROM papers p LEFT JOIN (SELECT r.paper, CAST(SUM(r.value) AS BIGINT) AS votes \
           FROM readings r JOIN (SELECT paper, signal, MAX(at) AS at FROM readings \
             WHERE value IS NOT NULL AND signal IN ('daily-upvotes', 'votes') GROUP BY paper, signal) last \
           ON r.paper = last.paper AND r.signal = last.signal AND r.at = last.at GROUP BY r.paper) counted \
         ON counted.paper = p.id WHERE p.votes <> COALESCE(counted.votes, 0)",
        "papers' votes disagree with their readings",
    ),
];

/// Papers read at a time.
const PAGE: u32 = 1000;

impl Store {
    /// Checks the database's own consistency: one line per finding, empty when sound.
    pub async fn check(&self) -> Result<Vec<String>> {
        let mut findings = Vec::new();
        let mut tx = self.begin_read().await?;
        if self.engine == Engine::Sqlite {
            check_file(&mut tx, &mut findings).await?;
        }
        for (sql, what) in NEVER {
            let rows = number(&mut tx, sql).await?;
            if rows > 0 {
                findings.push(format!("{rows} {what}"));
            }
        }
        drop(tx);
        self.check_lists(&mut findings).await?;
        Ok(findings)
    }

    /// Every paper can be read, and stands once in the list of each of its categories and tags.
    async fn check_lists(&self, findings: &mut Vec<String>) -> Result<()> {
        let mut tx = self.begin_read().await?;
        let entries = number(&mut tx, "SELECT count(*) FROM list_entries").await?;
        let mut wanted = 0;
        let mut after = -1;
        loop {
            let sql = format!("SELECT id FROM papers WHERE id > $1 ORDER BY id LIMIT {PAGE}");
            let rows = sqlx::query(AssertSqlSafe(sql))
                .bind(after)
                .fetch_all(&mut *tx)
                .await?;
            let ids = rows
                .iter()
                .map(crate::lists::read_id)
                .collect::<Result<Vec<_>>>()?;
            let Some(last) = ids.last() else { break };
            after = row_of(*last);
            for paper in papers::in_order(&mut tx, &ids).await? {
                let categories: BTreeSet<&String> = paper.categories.iter().collect();
                let tags: BTreeSet<&String> = paper.tags.iter().collect();
                wanted += categories.len() + tags.len();
            }
        }
        if i64::try_from(wanted) != Ok(entries) {
            findings.push(format!(
                "lists have {entries} entries, but the papers' categories and tags make {wanted}"
            ));
        }
        Ok(())
    }
}

/// What SQLite finds in its own file.
async fn check_file(conn: &mut AnyConnection, findings: &mut Vec<String>) -> Result<()> {
    let rows = sqlx::query("PRAGMA integrity_check")
        .fetch_all(&mut *conn)
        .await?;
    for row in &rows {
        let line = Columns::of(row).text()?;
        if line != "ok" {
            findings.push(format!("SQLite: {line}"));
        }
    }
    for row in sqlx::query("PRAGMA foreign_key_check")
        .fetch_all(conn)
        .await?
    {
        let (table, parent): (String, String) = (row.try_get(0)?, row.try_get(2)?);
        findings.push(format!(
            "a row of {table} names a row of {parent} that is not there"
        ));
    }
    Ok(())
}
