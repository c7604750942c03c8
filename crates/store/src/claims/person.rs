//! What one person collected, submitted, claimed and subscribed to: all of it to take away, all of it to be forgotten.

use std::collections::HashMap;

use domain::account::UserId;
use domain::ids::PaperId;
use serde_json::{Value, json};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::Store;
use crate::error::Result;
use crate::papers::load;
use crate::row::Columns;
use crate::sql::paper_id;
use crate::time::moment;

/// What is forgotten, after collections and webhooks: submissions and authorship go; links and tags that people added
/// stay with the papers, without the name.
const FORGET: [&str; 6] = [
    "DELETE FROM submissions WHERE account = $1",
    "DELETE FROM authorship_claims WHERE account = $1",
    "UPDATE authorship_claims SET decided_by = NULL WHERE decided_by = $1",
    "UPDATE paper_claims SET account = NULL WHERE account = $1",
    "UPDATE decisions SET moderator = NULL WHERE moderator = $1",
    "UPDATE decisions SET account = NULL WHERE account = $1",
];

/// Queries of the take-out: the name of what they give, the text, and its columns. `paper` is a row, `at` a moment.
const TAKE_OUT: [(&str, &str, &[&str]); 6] = [
    (
        "collection",
        "SELECT slug, title, note, visibility, created, changed FROM collections WHERE account = $1 ORDER BY id",
        &[
            "slug",
            "title",
            "note",
            "visibility",
            "created_at",
            "changed_at",
        ],
    ),
    (
        "collected",
        "SELECT c.slug, u.name, i.paper, i.position, i.note, i.at FROM collection_items i \
            JOIN collections c ON c.id = i.collection JOIN users u ON u.id = c.account \
            WHERE c.account = $1 OR i.account = $1 ORDER BY c.id, i.position, i.paper",
        &[
            "collection",
            "owner",
            "paper",
            "#position",
            "note",
            "added_at",
        ],
    ),
    (
        "submission",
        "SELECT typed, external, paper, state, reason, at FROM submissions WHERE account = $1 ORDER BY id",
        &["typed", "id", "paper", "state", "reason", "submitted_at"],
    ),
    (
        "authorship",
        "SELECT paper, author, words, state, reason, at FROM authorship_claims WHERE account = $1 ORDER BY id",
        &["paper", "author", "words", "state", "reason", "claimed_at"],
    ),
    (
        "claim",
        "SELECT paper, kind, value, act, reason, at FROM paper_claims WHERE account = $1 ORDER BY id",
        &["paper", "of", "value", "act", "reason", "done_at"],
    ),
    (
        "webhook",
        "SELECT url, query, created FROM webhooks WHERE account = $1 ORDER BY id",
        &["url", "query", "created_at"],
    ),
];

impl Store {
    /// Everything that a person collected, submitted, claimed and subscribed to: one object a thing, its `kind` first,
    /// ready to be written as JSON lines. Papers are named by their keys. Secrets of webhooks are left out.
    pub async fn claims_of(&self, person: UserId) -> Result<Vec<Value>> {
        let mut tx = self.begin_read().await?;
        let mut found = Vec::new();
        for (kind, sql, columns) in TAKE_OUT {
            let rows = sqlx::query(sql).bind(person.0).fetch_all(&mut *tx).await?;
            let keys = keys(&mut tx, &rows, columns).await?;
            for row in &rows {
                found.push(object(kind, row, columns, &keys)?);
            }
        }
        Ok(found)
    }

    /// Forgets a person here. Collections, submissions, authorship and webhooks go; links and tags stay with their
    /// papers, without the name. Afterwards no row of these tables names the account.
    pub async fn forget_claims(&self, person: UserId) -> Result<()> {
        let mut tx = self.begin_write().await?;
        forget(&mut tx, person).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// The same within a transaction that goes on.
pub(crate) async fn forget(conn: &mut AnyConnection, person: UserId) -> Result<()> {
    let statements = crate::collections::FORGET_ITEMS
        .iter()
        .chain(&crate::webhooks::FORGET)
        .chain(&FORGET);
    for sql in statements.copied() {
        sqlx::query(sql).bind(person.0).execute(&mut *conn).await?;
    }
    Ok(())
}

/// The keys of the papers that rows name.
async fn keys(
    conn: &mut AnyConnection,
    rows: &[AnyRow],
    columns: &[&str],
) -> Result<HashMap<PaperId, String>> {
    let Some(place) = columns.iter().position(|name| *name == "paper") else {
        return Ok(HashMap::new());
    };
    let mut papers = Vec::new();
    for row in rows {
        if let Some(row) = (Columns { row, next: place }).opt_int()? {
            papers.push(paper_id(row)?);
        }
    }
    papers.sort();
    papers.dedup();
    let mut keys = HashMap::new();
    for some in papers.chunks(500) {
        let loaded = load(conn, some).await?;
        keys.extend(loaded.into_iter().map(|(id, paper)| (id, paper.key())));
    }
    Ok(keys)
}

fn object(
    kind: &str,
    row: &AnyRow,
    names: &[&str],
    keys: &HashMap<PaperId, String>,
) -> Result<Value> {
    let mut object = json!({ "kind": kind });
    let mut columns = Columns::of(row);
    for name in names {
        let value = if *name == "paper" {
            let paper = columns.opt_int()?.map(paper_id).transpose()?;
            json!(paper.and_then(|paper| keys.get(&paper)))
        } else if let Some(name) = name.strip_prefix('#') {
            object[name] = json!(columns.int()?);
            continue;
        } else if name.ends_with("_at") {
            json!(moment(columns.int()?)?)
        } else {
            json!(columns.text()?)
        };
        object[*name] = value;
    }
    Ok(object)
}
