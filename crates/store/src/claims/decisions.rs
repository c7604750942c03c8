//! What moderators decided about claims: who, when, what about, why.

use domain::account::UserId;
use domain::ids::PaperId;
use jiff::Timestamp;
use sqlx::AnyConnection;

use crate::Store;
use crate::error::Result;
use crate::row::Columns;
use crate::sql::{next_number, paper_id, row_of};
use crate::time::{micros, moment};

/// A decision, for the public log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The moderator's name; `None` after that account went.
    pub moderator: Option<String>,
    /// `approved`, `refused`, `revoked`, `removed`.
    pub act: String,
    /// On which paper.
    pub paper: PaperId,
    /// Whose claim it was; `None` after that account went.
    pub account: Option<String>,
    /// The claim, in words.
    pub about: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// A decision to be written.
pub(super) struct NewDecision<'a> {
    pub(super) moderator: UserId,
    pub(super) act: &'static str,
    pub(super) paper: PaperId,
    pub(super) account: Option<UserId>,
    pub(super) about: &'a str,
    pub(super) reason: &'a str,
}

/// Writes a decision. The one place through which all of them go, within the transaction that carries them out.
pub(super) async fn record(
    conn: &mut AnyConnection,
    decision: NewDecision<'_>,
    now: Timestamp,
) -> Result<()> {
    const SQL: &str = "INSERT INTO decisions (id, moderator, act, paper, account, about, reason, at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let id = next_number(conn, "claim").await?;
    sqlx::query(SQL)
        .bind(id)
        .bind(decision.moderator.0)
        .bind(decision.act)
        .bind(row_of(decision.paper))
        .bind(decision.account.map(|account| account.0))
        .bind(decision.about)
        .bind(decision.reason)
        .bind(micros(now))
        .execute(conn)
        .await?;
    Ok(())
}

impl Store {
    /// Decisions about claims, newest first.
    pub async fn decisions(&self, limit: u32) -> Result<Vec<Decision>> {
        const SQL: &str = "SELECT m.name, d.act, d.paper, u.name, d.about, d.reason, d.at FROM decisions d \
            LEFT JOIN users m ON m.id = d.moderator LEFT JOIN users u ON u.id = d.account \
            ORDER BY d.id DESC LIMIT $1";
        let rows = sqlx::query(SQL)
            .bind(i64::from(limit))
            .fetch_all(self.readers())
            .await?;
        rows.iter()
            .map(|row| {
                let mut columns = Columns::of(row);
                Ok(Decision {
                    moderator: columns.opt_text()?,
                    act: columns.text()?.to_string(),
                    paper: paper_id(columns.int()?)?,
                    account: columns.opt_text()?,
                    about: columns.text()?.to_string(),
                    reason: columns.text()?.to_string(),
                    at: moment(columns.int()?)?,
                })
            })
            .collect()
    }
}
