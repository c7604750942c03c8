//! Whole papers by id and by row.

use std::collections::HashMap;

use domain::ids::{ExternalId, PaperId};
use domain::paper::Paper;
use domain::record::Source;
use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::Store;
use crate::error::Result;
use crate::row::{COLUMNS, Columns, external_text, read_external, read_link, read_paper};
use crate::sql::{fetch_in, number, paper_id, row_of, total, word};
use crate::time::{moment, moments};

/// Who said something about a paper, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// Who.
    pub source: Source,
    /// When it first spoke of the paper.
    pub first_seen: Timestamp,
    /// When it last brought a change.
    pub last_changed: Timestamp,
}

/// A paper's address and age, for a site map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The row, to go on after.
    pub paper: PaperId,
    /// See [`ExternalId::key`].
    pub key: String,
    /// When the paper's newest version came out, as far as known.
    pub updated: Option<Timestamp>,
}

/// Numbers about the whole database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Papers.
    pub papers: u64,
    /// Readings of signals.
    pub readings: u64,
    /// Records in quarantine.
    pub quarantined: u64,
    /// Papers whose only source is the starter shelf.
    pub shelf_only: u64,
    /// Size on disk in bytes, if the engine tells.
    pub bytes: Option<u64>,
}

impl Store {
    /// One paper by any of its ids.
    pub async fn paper(&self, id: &ExternalId) -> Result<Option<Paper>> {
        let mut tx = self.begin_read().await?;
        let row = sqlx::query("SELECT paper FROM paper_ids WHERE external = $1")
            .bind(external_text(id))
            .fetch_optional(&mut *tx)
            .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let id = paper_id(Columns::of(&row).int()?)?;
        Ok(load(&mut tx, &[id]).await?.remove(&id))
    }

    /// Papers by row, in the order asked; rows that are gone are left out.
    pub async fn papers(&self, ids: &[PaperId]) -> Result<Vec<Paper>> {
        let mut tx = self.begin_read().await?;
        in_order(&mut tx, ids).await
    }

    /// Papers after a row, by row: for export and rebuild.
    pub async fn papers_after(&self, after: Option<PaperId>, limit: u32) -> Result<Vec<Paper>> {
        let mut tx = self.begin_read().await?;
        let columns = COLUMNS.join(", ");
        let sql = format!("SELECT {columns} FROM papers WHERE id > $1 ORDER BY id LIMIT $2");
        let after = after.map_or(-1, row_of);
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(&mut *tx)
            .await?;
        let mut papers = rows.iter().map(read_paper).collect::<Result<Vec<_>>>()?;
        let Some(last) = papers.last() else {
            return Ok(papers);
        };
        let last = row_of(last.id);
        // By range instead of by list: a rebuild passes every paper through here.
        let ids = between(&mut tx, IDS_BETWEEN, after, last).await?;
        let links = between(&mut tx, LINKS_BETWEEN, after, last).await?;
        complete(&mut papers, &ids, &links)?;
        Ok(papers)
    }

    /// Who said what of a paper.
    pub async fn provenance(&self, paper: PaperId) -> Result<Vec<Provenance>> {
        const SQL: &str = "SELECT source, first_seen, last_changed FROM provenance \
            WHERE paper = $1 ORDER BY first_seen, source";
        let rows = sqlx::query(SQL)
            .bind(row_of(paper))
            .fetch_all(self.readers())
            .await?;
        rows.iter()
            .map(|row| read_provenance(&mut Columns::of(row)))
            .collect()
    }

    /// Who said what of several papers.
    pub async fn provenance_of(
        &self,
        papers: &[PaperId],
    ) -> Result<HashMap<PaperId, Vec<Provenance>>> {
        const SQL: &str = "SELECT paper, source, first_seen, last_changed FROM provenance \
            WHERE paper IN ({keys}) ORDER BY paper, first_seen, source";
        let keys: Vec<i64> = papers.iter().copied().map(row_of).collect();
        let mut tx = self.begin_read().await?;
        let mut found: HashMap<PaperId, Vec<Provenance>> = HashMap::new();
        for row in fetch_in(&mut tx, SQL, &[], &keys).await? {
            let mut columns = Columns::of(&row);
            let paper = paper_id(columns.int()?)?;
            let of_paper = found.entry(paper).or_default();
            of_paper.push(read_provenance(&mut columns)?);
        }
        Ok(found)
    }

    /// Addresses of papers after a row, by row, with the day of their newest version: cheap enough for every paper.
    pub async fn sitemap(&self, after: Option<PaperId>, limit: u32) -> Result<Vec<Address>> {
        const SQL: &str = "SELECT id, COALESCE(updated, announced, submitted, featured) FROM papers \
            WHERE id > $1 ORDER BY id LIMIT $2";
        let mut tx = self.begin_read().await?;
        let after = after.map_or(-1, row_of);
        let rows = sqlx::query(SQL)
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(&mut *tx)
            .await?;
        let mut times = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut columns = Columns::of(row);
            times.push((paper_id(columns.int()?)?, moments(columns.opt_int()?)?));
        }
        let Some((last, _)) = times.last() else {
            return Ok(Vec::new());
        };
        let mut main_ids: HashMap<PaperId, ExternalId> = HashMap::with_capacity(times.len());
        for row in between(&mut tx, IDS_BETWEEN, after, row_of(*last)).await? {
            let (paper, id) = read_id(&row)?;
            let main = main_ids.entry(paper).or_insert_with(|| id.clone());
            if id < *main {
                *main = id;
            }
        }
        Ok(times
            .into_iter()
            .filter_map(|(paper, updated)| {
                let key = main_ids.get(&paper)?.key();
                Some(Address {
                    paper,
                    key,
                    updated,
                })
            })
            .collect())
    }

    /// Numbers about the whole.
    pub async fn totals(&self) -> Result<Totals> {
        const SHELF_ONLY: &str = "SELECT count(*) FROM provenance shelf WHERE source = 'shelf' AND NOT EXISTS \
            (SELECT 1 FROM provenance other WHERE other.paper = shelf.paper AND other.source <> 'shelf')";
        let mut tx = self.begin_read().await?;
        let conn = &mut *tx;
        Ok(Totals {
            papers: total(number(conn, "SELECT count(*) FROM papers").await?),
            readings: total(number(conn, "SELECT count(*) FROM readings").await?),
            quarantined: total(number(conn, "SELECT count(*) FROM quarantine").await?),
            shelf_only: total(number(conn, SHELF_ONLY).await?),
            bytes: Some(total(number(conn, self.engine.size()).await?)),
        })
    }
}

const IDS_BETWEEN: &str = "SELECT paper, external FROM paper_ids WHERE paper > $1 AND paper <= $2";
const LINKS_BETWEEN: &str =
    "SELECT paper, kind, url, source, at FROM links WHERE paper > $1 AND paper <= $2";

/// Papers by row. Rows that are gone are left out.
pub(crate) async fn load(
    conn: &mut AnyConnection,
    ids: &[PaperId],
) -> Result<HashMap<PaperId, Paper>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let keys: Vec<i64> = ids.iter().copied().map(row_of).collect();
    let columns = COLUMNS.join(", ");
    let sql = format!("SELECT {columns} FROM papers WHERE id IN ({{keys}})");
    let rows = fetch_in(conn, &sql, &[], &keys).await?;
    let mut papers = rows.iter().map(read_paper).collect::<Result<Vec<_>>>()?;
    const IDS: &str = "SELECT paper, external FROM paper_ids WHERE paper IN ({keys})";
    const LINKS: &str = "SELECT paper, kind, url, source, at FROM links WHERE paper IN ({keys})";
    let ids = fetch_in(conn, IDS, &[], &keys).await?;
    let links = fetch_in(conn, LINKS, &[], &keys).await?;
    complete(&mut papers, &ids, &links)?;
    Ok(papers.into_iter().map(|paper| (paper.id, paper)).collect())
}

/// Papers by row, in the order asked.
pub(crate) async fn in_order(conn: &mut AnyConnection, ids: &[PaperId]) -> Result<Vec<Paper>> {
    let papers = load(conn, ids).await?;
    Ok(ids
        .iter()
        .filter_map(|id| papers.get(id).cloned())
        .collect())
}

async fn between(
    conn: &mut AnyConnection,
    sql: &'static str,
    after: i64,
    last: i64,
) -> Result<Vec<AnyRow>> {
    let query = sqlx::query(sql).bind(after).bind(last);
    Ok(query.fetch_all(conn).await?)
}

/// Gives papers their ids and links, in the order that `domain` keeps them in. A paper without ids was damaged; it is
/// left out, for nothing else may meet one, and `check` names it.
fn complete(papers: &mut Vec<Paper>, ids: &[AnyRow], links: &[AnyRow]) -> Result<()> {
    let places: HashMap<PaperId, usize> = papers
        .iter()
        .enumerate()
        .map(|(place, paper)| (paper.id, place))
        .collect();
    for row in ids {
        let (paper, id) = read_id(row)?;
        if let Some(place) = places.get(&paper) {
            papers[*place].ids.push(id);
        }
    }
    for row in links {
        let (paper, link) = read_link(row)?;
        if let Some(place) = places.get(&paper) {
            papers[*place].links.push(link);
        }
    }
    for paper in papers.iter_mut() {
        paper.ids.sort();
        paper
            .links
            .sort_by(|a, b| (a.kind, a.at, &a.url).cmp(&(b.kind, b.at, &b.url)));
    }
    papers.retain(|paper| !paper.ids.is_empty());
    Ok(())
}

fn read_id(row: &AnyRow) -> Result<(PaperId, ExternalId)> {
    let mut columns = Columns::of(row);
    let paper = paper_id(columns.int()?)?;
    Ok((paper, read_external(columns.text()?)?))
}

fn read_provenance(columns: &mut Columns<'_>) -> Result<Provenance> {
    Ok(Provenance {
        source: word(columns.text()?, Source::from_short)?,
        first_seen: moment(columns.int()?)?,
        last_changed: moment(columns.int()?)?,
    })
}
